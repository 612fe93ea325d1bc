// SPDX-License-Identifier: GPL-2.0
/*
 * Sensitive instruction INT n: vectors of DPL 3 reach the guest's handler, others are #GP, in
 * both rings.
 */
#include "guest.h"

/* #GP of a vector the ring may not raise. TCG says n * 16 + 2 where the manual has n * 8 + 2. */
static bool refused(u64 vec, u64 err, unsigned int n)
{
	return vec == X_GP && (err == n * 8 + 2 || err == n * 16 + 2);
}

USER_SNIPPET(user_int3, "int3; nop");
USER_SNIPPET(user_int81, "int $0x81; nop");
USER_SNIPPET(user_int20, "int $0x20; nop");

CASE(sensitive_int_kernel)
{
	struct fault f;

	TRY(f)
		asm volatile("int3");
	EXPECT_EQ(f.vec, X_BP);
	TRY(f)
		asm volatile("int $0x20");
	EXPECT(refused(f.vec, f.err, 0x20));
	if (!on_ringlet)
		return;	/* TCG's wrong error code makes Xen take another vector */
	TRY(f)
		asm volatile("int $0x81");
	EXPECT_EQ(f.vec, 0x81);
}

CASE(sensitive_int_user)
{
	struct user u;

	user_prepare(&u);
	user_run(&u, user_int3);
	EXPECT_EQ(u.regs.vec, X_BP);
	EXPECT_EQ(u.regs.rip, USER_CODE + 1);
	user_prepare(&u);
	user_run(&u, user_int20);
	EXPECT(refused(u.regs.vec, u.regs.err, 0x20));
	if (!on_ringlet)
		return;
	user_prepare(&u);
	user_run(&u, user_int81);
	EXPECT_EQ(u.regs.vec, 0x81);
	EXPECT_EQ(u.regs.rip, USER_CODE + 2);
}
