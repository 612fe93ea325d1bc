// SPDX-License-Identifier: GPL-2.0
/*
 * Crash cases: a kernel stack that cannot take the frame. The guest dies, the hypervisor does
 * not.
 */
#include "child.h"

USER_SNIPPET(trip, "ud2");

/* A trap from ring 3 with the registered kernel stack there. */
static void user_trap_with_stack(ulong sp)
{
	struct user u;

	if (HYP(stack_switch, KERNEL_SS, sp)) {
		skip("stack_switch refuses the address, which is as safe");
		return;
	}
	user_prepare(&u);
	user_run(&u, trip);
}

/* The same with the address stored where vcpu_page says. */
static void user_trap_with_stored(ulong sp)
{
	struct ringlet_vcpu_page p = { 0 };
	struct user u;

	if (!on_ringlet) {
		skip("needs hypercall 55");
		return;
	}
	if (RINGLET(VCPU_PAGE, &p))
		panic("no vcpu_page");
	user_prepare(&u);
	*(volatile ulong *)p.kernel_sp = sp;
	user_run(&u, trip);
}

/* A trap of the kernel itself with rsp there. */
static void kernel_trap_with_stack(ulong sp)
{
	asm volatile("mov %0, %%rsp; ud2" : : "r"(sp) : "memory");
}

#define STACK_CASES(where, address)					\
	CRASH_CASE(crash_user_trap_stack_##where)			\
	{								\
		user_trap_with_stack(address);				\
	}								\
	CRASH_CASE(crash_user_trap_stored_##where)			\
	{								\
		user_trap_with_stored(address);				\
	}								\
	CRASH_CASE(crash_kernel_trap_stack_##where)			\
	{								\
		kernel_trap_with_stack(address);			\
	}

STACK_CASES(unmapped, USER_SPARE + PAGE_SIZE)
STACK_CASES(read_only, (ulong)pfn_va(user_l1_pfn) + PAGE_SIZE)
STACK_CASES(m2p, HV_START + PAGE_SIZE)
STACK_CASES(hypervisor_start, HV_START)
STACK_CASES(hypervisor_end, HV_END + 16)
STACK_CASES(non_canonical, 0x0000900000000000)
STACK_CASES(wraps, 8)
STACK_CASES(gate, (sidt().base & ~(PAGE_SIZE - 1ul)) + PAGE_SIZE)
