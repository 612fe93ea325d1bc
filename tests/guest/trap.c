// SPDX-License-Identifier: GPL-2.0
/*
 * Traps: the table handed to the hypervisor, the callbacks, and what happens on each.
 *
 * From ring 3 (RPL 3 in the pushed cs) a trap ends the running user_go(). From the kernel it goes
 * to the vCPU's hook if one is set, then to the TRY() block if one is active, else it is a panic.
 * Upcalls are handled and return to wherever they came from.
 */
#include "guest.h"

extern const u8 trap_stubs[], upcall_entry[], failsafe_entry[], syscall_entry[];
extern const u8 syscall32_entry[], sysenter_entry[];

u64 failsafe_segments[4];
volatile u32 trap_counts[512];
static struct trap_info trap_table[257];

void traps_fill(struct trap_info *table)
{
	unsigned int i, dpl;

	for (i = 0; i < 256; i++) {
		dpl = i == X_BP || i == X_OF ||
		      (i >= USER_VEC_FIRST && i <= USER_VEC_LAST) ? 3 : 0;
		table[i] = (struct trap_info){
			.vector = i,
			.flags = dpl,
			.cs = KERNEL_CS,
			.address = (ulong)trap_stubs + i * 16,
		};
	}
	table[256] = (struct trap_info){};
}

static int callback(u16 type, const u8 *entry, u16 flags)
{
	struct callback_register cb = { .type = type, .flags = flags, .address = (ulong)entry };

	return HYP(callback_op, CALLBACKOP_register, &cb);
}

/* Per vCPU. The 32-bit ones may be refused: not every CPU has SYSCALL in 32-bit code. */
int callbacks_init(void)
{
	int rc = callback(CALLBACKTYPE_event, upcall_entry, 0);

	rc = rc ?: callback(CALLBACKTYPE_failsafe, failsafe_entry, CALLBACKF_mask_events);
	rc = rc ?: callback(CALLBACKTYPE_syscall, syscall_entry, 0);
	callback(CALLBACKTYPE_syscall32, syscall32_entry, 0);
	callback(CALLBACKTYPE_sysenter, sysenter_entry, 0);
	return rc;
}

void traps_init(void)
{
	long rc;

	traps_fill(trap_table);
	rc = HYP(set_trap_table, trap_table);
	if (rc)
		panic("set_trap_table: %ld", rc);
	rc = callbacks_init();
	if (rc)
		panic("callback_op: %ld", rc);
	rc = HYP(stack_switch, KERNEL_SS, (ulong)vcpu0_stack + TRAP_STACK_TOP);
	if (rc)
		panic("stack_switch: %ld", rc);
}

static void dump(struct regs *r, u64 cr2)
{
	kprintf("# trap %lu err 0x%lx rip 0x%lx cs 0x%lx rflags 0x%lx rsp 0x%lx ss 0x%lx\n",
		r->vec, r->err, r->rip, r->cs, r->rflags, r->rsp, r->ss);
	kprintf("# rax 0x%lx rcx 0x%lx rdx 0x%lx rbx 0x%lx\n", r->rax, r->rcx, r->rdx, r->rbx);
	kprintf("# rbp 0x%lx rsi 0x%lx rdi 0x%lx cr2 0x%lx\n", r->rbp, r->rsi, r->rdi, cr2);
}

void trap_c(struct regs *r)
{
	struct vcpu *v = this_vcpu();
	u64 cr2 = v->info->arch.cr2;
	struct fault *f = v->guard;

	trap_counts[r->vec]++;
	v->entry_flags = read_flags();
	if (r->vec == VEC_UPCALL) {
		v->upcalls++;
		event_scan(v);
		return;
	}
	if (r->vec == VEC_FAILSAFE)
		v->failsafes++;
	if (v->user && ((r->cs & 3) == 3 || r->vec == VEC_FAILSAFE)) {
		struct user *u = v->user;

		u->regs = *r;
		u->cr2 = cr2;
		v->user = NULL;
		user_leave(u->ksp);
	}
	if (v->kernel_hook && v->kernel_hook(r))
		return;
	if (!f) {
		dump(r, cr2);
		panic("unexpected trap %lu on vCPU %u", r->vec, v->id);
	}
	v->guard = f->prev;
	f->vec = (long)r->vec;
	f->err = r->err;
	f->cr2 = cr2;
	f->rip = r->rip;
	f->cs = r->cs;
	f->rflags = r->rflags;
	f->rsp = r->rsp;
	guard_jump(&f->jb);
}
