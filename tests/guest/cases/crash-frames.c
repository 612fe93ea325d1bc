// SPDX-License-Identifier: GPL-2.0
/* Crash cases: no usable handler, no readable iret frame. */
#include "guest.h"

/* The iret hypercall reads its frame from where rsp points. */
static void iret_from(ulong sp)
{
	asm volatile("mov %0, %%rsp; mov $23, %%eax; syscall" : : "r"(sp) : "memory");
}

CRASH_CASE(crash_iret_frame_unmapped)
{
	iret_from(USER_SPARE);
}

CRASH_CASE(crash_iret_frame_in_hypervisor)
{
	iret_from(HV_END - 64);
}

CRASH_CASE(crash_iret_frame_in_gate)
{
	iret_from(sidt().base & ~(PAGE_SIZE - 1ul));
}

CRASH_CASE(crash_iret_frame_non_canonical)
{
	iret_from(NON_CANONICAL - 16);
}

CRASH_CASE(crash_iret_frame_wraps)
{
	iret_from(~15ul);
}

CRASH_CASE(crash_no_handler)
{
	HYP(set_trap_table, NULL);
	asm volatile("ud2");
}

/* The page-fault handler's own fetch faults, for ever or until the stack ends. */
CRASH_CASE(crash_handler_unmapped)
{
	struct trap_info t[2] = { { X_PF, 0, KERNEL_CS, USER_SPARE }, { 0 } };

	HYP(set_trap_table, t);
	asm volatile("mov %0, %%rsp; mov (%1), %%al"
		     : : "r"(USER_DATA + 0x800ul), "r"(USER_SPARE) : "rax", "memory");
}

CRASH_CASE(crash_by_request)
{
	struct sched_shutdown s = { .reason = SHUTDOWN_crash };

	HYP(sched_op, SCHEDOP_shutdown, &s);
}
