// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that the gate took in ring 0 on a guest's CR3.
 *
 * The address of the faulting instruction says what was going on:
 * - an exit IRETQ: the guest's registers are live, and the five words that it
 *   was to load stand at the top of the entry stack, where v->regs has them.
 *   A missing LDT page is mapped and the exit done again; anything else is a bad
 *   selector or address and goes to the failsafe callback.
 * - a load of GS by set_segment_base, or of a selector on a slow exit: null is
 *   loaded instead.
 * - the update of an open table: host_entry() has closed it, and the hypercall is
 *   made again.
 * - anything else is a guest stack that the gate could not use: the domain's
 *   end.
 */
#include "dispatch/dispatch.h"
#include "dispatch/entry.h"

#include "base/string.h"
#include "console/printk.h"
#include "machine/cpu.h"
#include "mm/mm.h"

extern const char gate_iretq_kernel_at[], gate_iretq_iret_at[];
extern const char gate_iretq_exit_at[], gate_set_gs_at[];
extern const char gate_reload_start[], gate_reload_end[];
extern const char gate_update_start[], gate_update_end[];

static bool at(const struct regs *n, const char *label)
{
	return n->rip == (u64)label;
}

/* The guest's general registers are those that the nested entry saved. */
static void take_gprs(struct vcpu *v, const struct regs *n)
{
	memcpy(v->regs, n, offsetof(struct regs, vector));
}

/* SYSCALL once more; it destroys rcx and r11 anyway. */
static void repeat_hypercall(struct vcpu *v, u64 nr)
{
	v->regs->rip -= 2;
	v->regs->rax = nr;
}

static bool within(const struct regs *n, const char *start, const char *end)
{
	return n->rip >= (u64)start && n->rip < (u64)end;
}

static void set_gs_fault(struct vcpu *v, const struct regs *n, bool ldt_mapped)
{
	take_gprs(v, n);
	if (ldt_mapped) {
		repeat_hypercall(v, __HYPERVISOR_set_segment_base);
		__asm__ __volatile__("swapgs" ::: "memory");
		return;
	}
	__asm__ __volatile__("mov %0, %%gs\n\tswapgs" :: "r"(0) : "memory");
	v->regs->rax = 0;
}

static void reload_fault(struct vcpu *v, bool ldt_mapped)
{
	v->reload_segments = true;
	if (ldt_mapped)
		return;
	/* The frame names what could not be loaded; null is loaded instead. */
	inject_failsafe(v);
	v->ds = v->es = v->fs = v->gs = 0;
}

void gate_fault(struct vcpu *v, u64 nested_sp)
{
	struct regs n;
	bool ldt_mapped;

	ASSERT(nested_sp - GATE_RW <= PAGE_SIZE - sizeof(n));
	memcpy(&n, (char *)v->gate_rw + (nested_sp - GATE_RW), sizeof(n));
	ldt_mapped = n.vector == VEC_PF && mm_fault_on_ldt(v, read_cr2());

	if (at(&n, gate_iretq_kernel_at) || at(&n, gate_iretq_iret_at) ||
	    at(&n, gate_iretq_exit_at)) {
		take_gprs(v, &n);
		if (!ldt_mapped)
			inject_failsafe(v);
	} else if (at(&n, gate_set_gs_at)) {
		set_gs_fault(v, &n, ldt_mapped);
	} else if (within(&n, gate_reload_start, gate_reload_end)) {
		reload_fault(v, ldt_mapped);
	} else if (within(&n, gate_update_start, gate_update_end)) {
		take_gprs(v, &n);
		repeat_hypercall(v, __HYPERVISOR_mmu_update);
	} else {
		v->regs->cs = SEL_KERNEL_CS;
		domain_crash(v->domain, "exception %lu in the gate at %lx (cr2 %lx): stack %lx or frame not usable",
			     n.vector, n.rip, read_cr2(), v->gate_rw->kernel_sp);
	}
}

/*
 * Page faults that the gate did not hand to the guest itself: in the hypervisor's
 * hole (the LDT window, or a mistake), ring 1's writes to present pages (page
 * tables among them), and reserved bits.
 */
void page_fault(struct vcpu *v)
{
	u64 va = read_cr2(), error = v->regs->error;

	if (error & PF_RESERVED) {
		domain_crash(v->domain, "reserved bit in a page table, at %lx", va);
		return;
	}
	if (va >= GATE_LDT && va < GATE_LDT_END) {
		if (mm_fault_on_ldt(v, va))
			return;
	} else if (!regs_from_user(v->regs) && (error & PF_PRESENT) &&
		   (error & PF_WRITE) && mm_fault_on_write(v, va)) {
		return;
	}
	inject_page_fault(v, va, error);
}
