// SPDX-License-Identifier: GPL-2.0
/*
 * Entries into host space, and the way back.
 *
 * Every entry from a guest ends in host_exit(): softirqs, scheduling, delivery
 * of a pending event, then the gate. Nothing returns into an interrupted host
 * context but interrupts of the idle loop and NMIs.
 *
 * Invariants:
 * - in_guest is 0 while any host code but NMI and #MC runs, and becomes 1 before
 *   the load of the guest's CR3 with a full barrier between (machine/smp.h).
 * - What leaves has CS of ring 1 or 3 and RFLAGS from rflags_for_guest().
 * Locks: none held on entry or exit.
 */
#include "dispatch/dispatch.h"
#include "dispatch/entry.h"

#include "console/printk.h"
#include "evtchn/evtchn.h"
#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "machine/irq.h"
#include "machine/smp.h"
#include "machine/timer.h"
#include "mm/mm.h"
#include "sched/sched.h"
#include "state/guest-access.h"

void host_machine_check(void) __noreturn;
void host_double_fault_in_gate(void) __noreturn;

static void interrupt(u32 vector)
{
	switch (vector) {
	case VEC_APIC_TIMER:
		apic_eoi();
		softirq_raise(this_cpu->id, SOFTIRQ_TIMER);
		break;
	case VEC_IPI_FLUSH:	/* being here is the flush */
	case VEC_IPI_KICK:
	case VEC_APIC_ERROR:
		apic_eoi();
		break;
	case VEC_SPURIOUS:
		break;
	default:
		pirq_interrupt(vector);
	}
}

/* SYSCALL and SYSENTER from 32-bit code; -1: the instruction does not exist. */
static void compat_entry(struct vcpu *v, u32 type, u32 missing, u64 insn_len)
{
	if (v->gate_rw->kernel_mode) {
		domain_crash(v->domain, "system call instruction of 32-bit code in kernel mode");
		return;
	}
	if (bounce_to_callback(v, type))
		return;
	v->regs->rip -= insn_len;
	inject_trap(v, missing, 0);
}

/*
 * INT n through a gate with DPL 0 raises #GP with the vector in the error code.
 * QEMU's TCG gets that code wrong, so the instruction itself is looked at. The
 * guest's entry decides: DPL 3 for programs, at least 1 for the kernel.
 */
static bool software_interrupt(struct vcpu *v)
{
	const struct trap_info *t;
	u8 insn[2];

	if (!(v->regs->error & 2) || (v->regs->error & 1))
		return false;
	if (copy_from_guest(insn, v->regs->rip, 2) || insn[0] != 0xcd)
		return false;
	t = &v->traps[insn[1]];
	if (!t->address || (t->flags & 3) < (regs_from_user(v->regs) ? 3 : 1))
		return false;
	v->regs->rip += 2;
	bounce_to_guest(v, &(struct bounce){ .entry = t->address, .mask_events = t->flags & 4 });
	return true;
}

static void general_protection(struct vcpu *v)
{
	if (!v->regs->error && emulate_privileged(v))
		return;
	if (software_interrupt(v))
		return;
	inject_trap(v, VEC_GP, v->regs->error);
}

static void debug_trap(struct vcpu *v)
{
	u64 dr6 = read_dr6();

	write_dr6(DR6_INIT);
	v->dr[6] = dr6;
	inject_trap(v, VEC_DB, 0);
}

static void device_not_available(struct vcpu *v)
{
	v->virt_cr0 &= ~CR0_TS;
	write_cr0(read_cr0() & ~CR0_TS);
	inject_trap(v, VEC_NM, 0);
}

static void dispatch_entry(struct vcpu *v)
{
	struct regs *r = v->regs;

	switch (r->vector) {
	case ENTRY_HYPERCALL:
		hypercall_dispatch(v);
		break;
	case ENTRY_EVENTS:
		break;
	case ENTRY_SYSCALL:
		domain_crash(v->domain, v->gate_ro->callback[CALLBACKTYPE_syscall].entry ?
			     "kernel stack at %lx is not usable" :
			     "system call without a handler (stack %lx)", v->gate_rw->kernel_sp);
		break;
	case ENTRY_SYSCALL32:
		compat_entry(v, CALLBACKTYPE_syscall32, VEC_UD, 2);
		break;
	case ENTRY_SYSENTER:
		compat_entry(v, CALLBACKTYPE_sysenter, VEC_GP, 0);
		break;
	case VEC_PF:
		__atomic_add_fetch(&v->domain->stat_page_faults, 1, __ATOMIC_RELAXED);
		page_fault(v);
		break;
	case VEC_GP:
		general_protection(v);
		break;
	case VEC_UD:
		if (!emulate_forced_cpuid(v))
			inject_trap(v, VEC_UD, 0);
		break;
	case VEC_NM:
		device_not_available(v);
		break;
	case VEC_DB:
		debug_trap(v);
		break;
	case VEC_INT80:
		inject_trap(v, VEC_GP, VEC_INT80 * 8 + 2);
		break;
	default:
		if (r->vector >= VEC_FIRST_IRQ)
			interrupt((u32)r->vector);
		else
			inject_trap(v, (u32)r->vector, r->error);
	}
}

/*
 * Most exits have nothing to do here and leave at once: whatever concerns the
 * current vCPU raises a softirq on its pCPU.
 */
static void run_softirqs(void)
{
	struct vcpu *v = this_cpu->current;

	if (likely(!READ_ONCE(this_cpu->softirqs) && v && READ_ONCE(v->state) == VCPU_RUNNING))
		return;
	if (test_and_clear_bit(SOFTIRQ_TIMER, &this_cpu->softirqs))
		timer_softirq();
	schedule();
}

/* Selectors and bases go where the gate can read them on the guest's CR3. */
static void publish_segments(struct vcpu *v)
{
	v->gate_rw->ds = v->ds;
	v->gate_rw->es = v->es;
	v->gate_rw->fs = v->fs;
	v->gate_rw->gs = v->gs;
	v->gate_ro->fs_base = v->fs_base;
	v->gate_ro->gs_base = v->gs_base;
	v->gate_ro->kernel_gs_base = v->kernel_gs_base;
}

/*
 * Ring 1 may have loaded a code or stack segment of its own tables, as far as
 * desc_check() lets it; what it is given back is the hypervisor's (invariant 5),
 * as from every entry that the gate answers.
 */
static void leave_on_our_selectors(struct regs *r)
{
	if (regs_from_user(r))
		return;
	r->cs = SEL_KERNEL_CS;
	r->ss = SEL_KERNEL_DS;
}

/*
 * What the hypervisor touched lingers in fill and store buffers of CPUs with MDS
 * (SDM, "Microarchitectural Data Sampling"; invariant 14). What is read from
 * here on is the vCPU's own. Exits in the gate touch nothing of ours.
 */
static void clear_cpu_buffers(void)
{
	static const u16 selector = SEL_HOST_DS;

	if (cpu_features.md_clear)
		__asm__ __volatile__("verw %0" :: "m"(selector) : "cc");
}

struct exit host_exit(void)
{
	struct exit ex;
	struct vcpu *v;

	do {
		run_softirqs();
		v = this_cpu->current;
		if (!v)
			idle_loop();
		if (v->domain->is_crashed) {
			softirq_raise(this_cpu->id, SOFTIRQ_SCHEDULE);
			continue;
		}
		if (v->needs_exit_work && vcpu_nmi_take(v))
			inject_event(v, CALLBACKTYPE_nmi);
		else if (vcpu_event_deliverable(v))
			inject_event(v, CALLBACKTYPE_event);
	} while (READ_ONCE(this_cpu->softirqs) || v->domain->is_crashed);

	leave_on_our_selectors(v->regs);
	v->regs->rflags = rflags_for_guest(v->regs->rflags, regs_from_user(v->regs));
	ex.guest_cr3 = v->gate_ro->guest_cr3;
	ex.reload_segments = v->reload_segments;
	if (v->reload_segments) {
		publish_segments(v);
		v->reload_segments = false;
	}
	clear_cpu_buffers();
	WRITE_ONCE(this_cpu->in_guest, 1);
	smp_mb();	/* pairs with pcpu_flush() */
	return ex;
}

struct exit host_entry(u64 nested_sp)
{
	struct vcpu *v = this_cpu->current;
	bool again;

	WRITE_ONCE(this_cpu->in_guest, 0);
	this_cpu->entries++;
	v->gate_ro->counters.full_entries++;
	again = unlikely(v->gate_ro->open_slot) && mm_close_table(v);
	if (nested_sp)
		gate_fault(v, nested_sp);
	else if (!again)
		dispatch_entry(v);
	return host_exit();
}

void host_trap(struct regs *r)
{
	if (r->vector >= VEC_FIRST_IRQ) {
		interrupt((u32)r->vector);
		return;
	}
	if (r->vector == VEC_NMI) {
		machine_halt_if_told();
		return;
	}
	/*
	 * A guest's breakpoint on an address that is also one of the direct
	 * map. Handling it touches none, and data breakpoints trap after the
	 * access: go on.
	 */
	if (r->vector == VEC_DB) {
		write_dr6(DR6_INIT);
		return;
	}
	panic(r, "exception %lu, error code %lx, cr2 %lx, in the hypervisor",
	      r->vector, r->error, read_cr2());
}


void host_machine_check(void)
{
	panic(NULL, "machine check");
}

/* #DF on a guest's CR3: the entry stack itself is gone. */
void host_double_fault_in_gate(void)
{
	panic(this_cpu->current ? this_cpu->current->regs : NULL, "double fault in the gate");
}
