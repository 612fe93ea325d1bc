// SPDX-License-Identifier: GPL-2.0
/* Invariants 1, 3, 10: entry stacks, seen from a sibling and from their own vCPU. */
#include "guest.h"

static volatile bool stop;
static ulong writable[64];
static unsigned int nr_writable;

static void find_writable(void)
{
	unsigned int i;
	ulong va;

	nr_writable = 0;
	for (i = 0; (va = hypervisor_address(i)) && nr_writable < ARRAY_SIZE(writable); i++)
		if (kernel_can_write(va))
			writable[nr_writable++] = va;
}

/* The address is that of a vCPU's published time, by another mapping. */
static bool is_time(ulong va)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct vcpu_time_info *t = &vcpus[i].info->time;
		ulong at = (ulong)t % PAGE_SIZE;

		if (vcpus[i].info && va % PAGE_SIZE - at < sizeof(*t) &&
		    !memcmp((void *)(va / PAGE_SIZE * PAGE_SIZE + at), t, sizeof(*t)))
			return true;
	}
	return false;
}

/* All but the time, which is published only now and then: the guest's own waits go by it. */
static void scribble(void)
{
	unsigned int i;
	ulong va;

	for (i = 0; i < nr_writable; i++)
		for (va = writable[i]; va < writable[i] + PAGE_SIZE; va += 8)
			if (!is_time(va))
				*(volatile u64 *)va = 0xe008e008e008e008;
}

static void scribbler(void *arg)
{
	find_writable();
	while (!stop)
		scribble();
}

USER_SNIPPET(trip, "mov %rax, %rbx; syscall");
USER_SNIPPET(fault, "mov %rax, %rbx; ud2");

/* vCPU 1 writes over every page of the slots that it can write while vCPU 0 takes traps. */
ATTACK(stack_sibling_rewrites_frames)
{
	struct user u;
	unsigned int i;

	NEED_VCPU1();
	stop = false;
	smp_call(scribbler, NULL);
	for (i = 0; i < 4000; i++) {
		user_prepare(&u);
		u.regs.rax = i;
		if (i & 1)
			user_run(&u, trip);
		else
			user_run(&u, fault);
		EXPECT_EQ(u.regs.vec, i & 1 ? VEC_SYSCALL : X_UD);
		EXPECT_EQ(u.regs.rbx, i);
		EXPECT_EQ((u16)u.regs.cs, USER_CS64);
		HYP(xen_version, XENVER_version, NULL);
	}
	stop = true;
	EXPECT(smp_wait(HANG_NS));
}

/*
 * A vCPU overwrites its own, and with it whatever the gate keeps beside: it goes on as it was, or
 * the guest alone dies of it.
 */
MAY_CRASH_CASE(stack_own_rewritten)
{
	struct user u;
	unsigned int i;
	struct fault f;

	find_writable();
	for (i = 0; i < 200; i++) {
		scribble();
		EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
		scribble();
		TRY(f)
			asm volatile("ud2");
		EXPECT_EQ(f.vec, X_UD);
		scribble();
		user_prepare(&u);
		u.regs.rax = i;
		user_run(&u, trip);
		EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
		EXPECT_EQ(u.regs.rbx, i);
		EXPECT_EQ(read_cs() & 3, on_ringlet ? 1 : 3);
	}
}

/*
 * The kernel leaves for ring 3 by its own IRETQ (legal on Ringlet from ring 1) and makes a system
 * call there: taken for a hypercall or for a system call, it harms nobody else. The guest may die.
 */
USER_SNIPPET(sneaky, "mov $17, %eax; mov $7, %edi; syscall; mov %eax, %ebx; int3");
MAY_CRASH_CASE(stack_native_iret_to_user)
{
	struct vcpu *v = this_vcpu();
	struct user u;
	struct fault f;

	if (!on_ringlet) {
		skip("kernel and programs share a ring on Xen");
		return;
	}
	user_prepare(&u);
	user_load(sneaky_start, sneaky_end);
	v->user = &u;
	TRY(f)
		user_enter_native(&u);
	v->user = NULL;
	EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
	EXPECT_EQ(read_cs() & 3, on_ringlet ? 1 : 3);
	/* And the ordinary way still works. */
	user_prepare(&u);
	user_run(&u, trip);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
}

/*
 * The same, leaving ring 3 by a fault and by a privileged hypercall attempt (set a page-table
 * base).
 */
USER_SNIPPET(sneaky_fault, "xor %eax, %eax; mov (%rax), %eax; int3");
MAY_CRASH_CASE(stack_native_iret_then_fault)
{
	struct vcpu *v = this_vcpu();
	struct user u;
	struct fault f;

	if (!on_ringlet) {
		skip("kernel and programs share a ring on Xen");
		return;
	}
	user_prepare(&u);
	user_load(sneaky_fault_start, sneaky_fault_end);
	v->user = &u;
	TRY(f)
		user_enter_native(&u);
	EXPECT_EQ(v->user == NULL ? (long)u.regs.vec : f.vec, X_PF);
	v->user = NULL;
	user_prepare(&u);
	user_run(&u, trip);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
}

/* Hypercalls with any stack pointer: nothing is pushed there. */
ATTACK(stack_hypercall_any_rsp)
{
	static const ulong bad[] = { 0, 8, NON_CANONICAL, HV_START, HV_START + BIT(39), HV_END - 8,
				     HV_END, ~7ul, USER_SPARE };
	unsigned int i;
	long rc;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		asm volatile("mov %%rsp, %%rbx; mov %2, %%rsp\n"
			     "xor %%esi, %%esi; syscall\n"
			     "mov %%rbx, %%rsp"
			     : "=a"(rc) : "0"(__HYPERVISOR_xen_version), "r"(bad[i]),
			       "D"(XENVER_pagesize)
			     : "rbx", "rcx", "r11", "rsi", "memory");
		EXPECT_EQ(rc, PAGE_SIZE);
	}
}
