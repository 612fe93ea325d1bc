// SPDX-License-Identifier: GPL-2.0
/* Ring 3 works: registers in and out, system call, pages of the kernel out of reach. */
#include "guest.h"

USER_SNIPPET(hello, "mov $0x1234, %eax; mov $0x42, %edi; syscall; ud2");
USER_SNIPPET(load, "mov (%rdi), %rax; syscall");
USER_SNIPPET(store, "mov %rax, (%rdi); syscall");
USER_SNIPPET(undefined, "nop; ud2");
USER_SNIPPET(cs, "mov %cs, %eax; mov %ss, %ebx; syscall");

CASE(user_syscall)
{
	struct user u;

	user_prepare(&u);
	u.regs.rbx = 0xb;
	u.regs.rbp = 0xbbbbbbbbbbbbbbbb;
	u.regs.r15 = 0xf;
	u.regs.r8 = 0x8;
	user_run(&u, hello);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rax, 0x1234);
	EXPECT_EQ(u.regs.rdi, 0x42);
	EXPECT_EQ(u.regs.rbx, 0xb);
	EXPECT_EQ(u.regs.rbp, 0xbbbbbbbbbbbbbbbb);
	EXPECT_EQ(u.regs.r15, 0xf);
	EXPECT_EQ(u.regs.r8, 0x8);
	EXPECT_EQ(u.regs.rip, USER_CODE + (hello_end - hello_start) - 2);
	EXPECT_EQ(u.regs.rsp, USER_STACK_TOP);
	EXPECT_EQ((u16)u.regs.cs, USER_CS64);
	EXPECT_EQ((u16)u.regs.ss, USER_SS);
	EXPECT_EQ(u.regs.rflags & (FL_IF | FL_IOPL), FL_IF);
}

CASE(user_selectors)
{
	struct user u;

	user_prepare(&u);
	user_run(&u, cs);
	EXPECT_EQ(u.regs.rax, USER_CS64);
	EXPECT_EQ(u.regs.rbx, USER_SS);
}

CASE(user_undefined)
{
	struct user u;

	user_prepare(&u);
	user_run(&u, undefined);
	EXPECT_EQ(u.regs.vec, X_UD);
	EXPECT_EQ(u.regs.rip, USER_CODE + 1);
}

CASE(user_own_data)
{
	struct user u;

	*(u64 *)user_data = 0x5555;
	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	user_run(&u, load);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rax, 0x5555);
}

CASE(user_page_fault)
{
	struct user u;

	user_prepare(&u);
	u.regs.rdi = USER_SPARE + 8;
	user_run(&u, store);
	EXPECT_EQ(u.regs.vec, X_PF);
	EXPECT_EQ(u.cr2, USER_SPARE + 8);
	EXPECT_EQ(u.regs.err & 7, 6);
	EXPECT_EQ(u.regs.rip, USER_CODE);
}

CASE(user_reads_kernel)
{
	struct user u;

	user_prepare(&u);
	u.regs.rdi = (ulong)start_info;
	user_run(&u, load);
	EXPECT_EQ(u.regs.vec, X_PF);
	EXPECT_EQ(u.cr2, (ulong)start_info);
	EXPECT_EQ(u.regs.err & 4, 4);
}

CASE(user_writes_code)
{
	struct user u;

	user_prepare(&u);
	u.regs.rdi = USER_CODE + 512;
	user_run(&u, store);
	EXPECT_EQ(u.regs.vec, X_PF);
	EXPECT_EQ(u.regs.err & 7, 7);
}

/* A page of slot 0 without U/S belongs to the kernel only: Ringlet keeps it, Xen has one ring. */
CASE(user_supervisor_page)
{
	ulong pfn = alloc_pfn();
	struct user u;

	user_prepare(&u);
	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(pfn, PTE_KERN)), 0);
	u.regs.rdi = USER_SPARE;
	user_run(&u, load);
	EXPECT_EQ(u.regs.vec, PER_HV(VEC_SYSCALL, X_PF));
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	free_pfn(pfn);
}
