// SPDX-License-Identifier: GPL-2.0
/*
 * Calls whose result is any 64-bit value of the guest's: none of them means something to the
 * hypervisor (an error code of its own among them).
 */
#include "guest.h"

#define SKIPPED	2	/* bytes; what a restarted SYSCALL would go back by */

USER_SNIPPET(rax_out, "ud2; mov %rax, %rbx; syscall");

/* Through the long way, which a pending event takes: all of rax arrives. */
CASE(iret_rax_any_value)
{
	struct vcpu_info *info = this_vcpu()->info;
	struct user u;
	long v;

	for (v = -140; v < 0; v++) {
		user_prepare(&u);
		u.regs.rax = (ulong)v;
		u.regs.rflags = 2;	/* masked: it stays pending */
		user_load(rax_out_start, rax_out_end);
		u.regs.rip += SKIPPED;
		info->evtchn_upcall_pending = 1;
		user_go(&u);
		if (u.regs.vec != VEC_SYSCALL || (long)u.regs.rbx != v)
			break;
	}
	info->evtchn_upcall_pending = 0;
	EXPECT_EQ(v, 0);
}

CASE(debugreg_any_value)
{
	long v;

	for (v = -140; v < 0; v++) {
		if (HYP(set_debugreg, 0, v) || HYP(get_debugreg, 0) != v)
			break;
	}
	EXPECT_EQ(v, 0);
	EXPECT_EQ(HYP(set_debugreg, 0, 0), 0);
}
