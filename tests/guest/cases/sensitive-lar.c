// SPDX-License-Identifier: GPL-2.0
/*
 * Sensitive instruction LAR: the flat selectors show DPL 3; nothing of DPL 0 shows, in either
 * ring.
 */
#include "guest.h"

USER_SNIPPET(user_lar, "xor %eax, %eax; lar %ecx, %eax; setz %bl; syscall");

static bool lar(u16 sel, u32 *ar)
{
	u32 v = 0;
	bool ok;

	asm volatile("lar %2, %0" : "+r"(v), "=@ccz"(ok) : "r"((u32)sel));
	*ar = v;
	return ok;
}

CASE(sensitive_lar_kernel)
{
	u32 ar, sel;

	EXPECT(lar(KERNEL_CS, &ar));
	EXPECT_EQ(ar >> 13 & 3, 3);
	EXPECT(lar(KERNEL_SS, &ar));
	EXPECT_EQ(ar >> 13 & 3, 3);
	EXPECT(!lar(0, &ar));
	/* Ring 1 sees its own DPL-1 descriptors besides; gates and TSS never. */
	for (sel = 0xe000; sel < 0xf000; sel += 8)
		if (lar(sel, &ar))
			EXPECT((ar >> 13 & 3) >= (on_ringlet ? 1 : 3));
}

CASE(sensitive_lar_user)
{
	unsigned int sel;
	struct user u;

	for (sel = 0xe000; sel < 0xf000; sel += 8) {
		user_prepare(&u);
		u.regs.rcx = sel | 3;
		user_run(&u, user_lar);
		EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
		if (sel == (USER_CS64 & ~7u) || sel == (USER_SS & ~7u))
			EXPECT_EQ(u.regs.rbx & 1, 1);
		if (u.regs.rbx & 1)
			EXPECT_EQ(u.regs.rax >> 13 & 3, 3);
	}
}
