// SPDX-License-Identifier: GPL-2.0
/*
 * Sensitive instruction PUSHF: the real flags, IF set and IOPL 0 in both rings whatever the
 * virtual ones.
 */
#include "guest.h"

USER_SNIPPET(user_pushf, "pushfq; pop %rax; syscall");

CASE(sensitive_pushf_kernel)
{
	struct vcpu_info *i = this_vcpu()->info;
	u8 mask = i->evtchn_upcall_mask;

	i->evtchn_upcall_mask = 1;
	EXPECT_EQ(read_flags() & (FL_IF | FL_IOPL), FL_IF);
	i->evtchn_upcall_mask = mask;
}

CASE(sensitive_pushf_user)
{
	struct user u;

	user_prepare(&u);
	u.regs.rflags = 2 | FL_CF;
	user_run(&u, user_pushf);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rax & (FL_IF | FL_IOPL | FL_CF), FL_IF | FL_CF);
}
