// SPDX-License-Identifier: GPL-2.0
/*
 * Sensitive instruction far JMP: within the ring only; the guest's flat kernel selector is
 * ring 3 on both.
 */
#include "guest.h"

struct far_pointer {
	u32 offset;
	u16 selector;
} __attribute__((packed));

/* A kernel page below 4 GiB: the far transfer, and 16 bytes on what returns from it. */
static long transfer(u16 selector)
{
	static const u8 code[] = { 0xff, 0x2f, 0xc3 };
	struct far_pointer to = { USER_SPARE + 16, selector };
	ulong pfn = alloc_pfn();
	struct fault f;

	memcpy(pfn_va(pfn), code, sizeof(code));
	((u8 *)pfn_va(pfn))[16] = 0xc3;
	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(pfn, PTE_KERN)), 0);
	TRY(f)
		asm volatile("call *%0" : : "r"((ulong)USER_SPARE), "D"(&to) : "memory");
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	free_pfn(pfn);
	return f.vec;
}

CASE(sensitive_far_jmp_kernel)
{
	EXPECT_EQ(transfer(read_cs()), -1);
	EXPECT_EQ(transfer(KERNEL_CS), PER_HV(-1, X_GP));
	EXPECT_EQ(transfer(KERNEL_SS), X_GP);
	EXPECT_EQ(transfer(0), X_GP);
	EXPECT_EQ(transfer(0xe008), X_GP);
}

USER_SNIPPET(user_jmp, "ljmp *(%rdi); nop");
USER_SNIPPET(user_target, "mov %cs, %eax; ud2");

static void user_transfer(struct user *u, u16 selector)
{
	struct far_pointer *to = (struct far_pointer *)user_data;

	user_prepare(u);
	user_load(user_jmp_start, user_jmp_end);
	memcpy(user_code + 64, user_target_start, user_target_end - user_target_start);
	to->offset = USER_CODE + 64;
	to->selector = selector;
	u->regs.rdi = USER_DATA;
	user_go(u);
}

CASE(sensitive_far_jmp_user)
{
	struct user u;

	user_transfer(&u, USER_CS64);
	EXPECT_EQ(u.regs.vec, X_UD);
	EXPECT_EQ(u.regs.rax, USER_CS64);
	user_transfer(&u, USER_CS32);
	EXPECT_EQ(u.regs.vec, X_UD);
	EXPECT_EQ(u.regs.rax, USER_CS32);
	user_transfer(&u, USER_SS);
	EXPECT_EQ(u.regs.vec, X_GP);
	user_transfer(&u, 0xe008);
	EXPECT_EQ(u.regs.vec, X_GP);
}
