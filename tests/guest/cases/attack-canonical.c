// SPDX-License-Identifier: GPL-2.0
/*
 * The end of the lower half: SYSCALL as its last instruction, returning to a non-canonical
 * address.
 */
#include "guest.h"

#define TOP_PAGE	0x00007ffffffff000
#define TOP_SLOT	255

static ulong l3, l2, l1, page;

static void map_top(ulong flags)
{
	page = alloc_pfn();
	l1 = alloc_pfn();
	l2 = alloc_pfn();
	l3 = alloc_pfn();
	memset(pfn_va(page), 0x90, PAGE_SIZE);
	((u8 *)pfn_va(page))[PAGE_SIZE - 2] = 0x0f;
	((u8 *)pfn_va(page))[PAGE_SIZE - 1] = 0x05;
	((ulong *)pfn_va(l1))[511] = pfn_pte(page, flags);
	((ulong *)pfn_va(l2))[511] = pfn_pte(l1, PTE_TABLE);
	((ulong *)pfn_va(l3))[511] = pfn_pte(l2, PTE_TABLE);
	EXPECT_EQ(page_ro(l1) | page_ro(l2) | page_ro(l3), 0);
	EXPECT_EQ(mmu_update1(kernel_l4_pfn, TOP_SLOT, pfn_pte(l3, PTE_TABLE)), 0);
	EXPECT_EQ(mmu_update1(user_l4_pfn, TOP_SLOT, pfn_pte(l3, PTE_TABLE)), 0);
}

static void unmap_top(void)
{
	EXPECT_EQ(mmu_update1(kernel_l4_pfn, TOP_SLOT, 0), 0);
	EXPECT_EQ(mmu_update1(user_l4_pfn, TOP_SLOT, 0), 0);
	EXPECT_EQ(table_free(l1) | table_free(l2) | table_free(l3), 0);
	free_pfn(page);
}

ATTACK(canonical_user_syscall)
{
	struct user u;

	map_top(PTE_USER);
	user_prepare(&u);
	u.regs.rip = TOP_PAGE + PAGE_SIZE - 2;
	user_go(&u);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rip, NON_CANONICAL);
	/* Going back where it came from. */
	u.regs.cs = USER_CS64;
	u.regs.ss = USER_SS;
	user_go(&u);
	EXPECT(u.regs.vec == VEC_FAILSAFE || u.regs.vec == X_GP || u.regs.vec == X_PF);
	u.iret_flags = VGCF_in_syscall;
	u.regs.rip = NON_CANONICAL;
	u.regs.cs = USER_CS64;
	u.regs.ss = USER_SS;
	u.regs.rflags = FL_IF | 2;
	user_go(&u);
	EXPECT(u.regs.vec == VEC_FAILSAFE || u.regs.vec == X_GP || u.regs.vec == X_PF);
	unmap_top();
}

/* A hypercall made there by the kernel: its return faults in the guest. */
ATTACK(canonical_kernel_hypercall)
{
	struct fault f;

	map_top(PTE_KERN);
	TRY(f)
		asm volatile("jmp *%0"
			     : : "r"(TOP_PAGE + PAGE_SIZE - 2), "a"(__HYPERVISOR_xen_version),
			       "D"(XENVER_pagesize), "S"(0) : "rcx", "r11", "memory");
	EXPECT(f.vec == X_GP || f.vec == X_PF || f.vec == VEC_FAILSAFE);
	EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
	unmap_top();
}

/* Running off the end of the lower half. */
ATTACK(canonical_run_off)
{
	struct user u;

	map_top(PTE_USER);
	((u8 *)pfn_va(page))[PAGE_SIZE - 2] = 0x90;
	((u8 *)pfn_va(page))[PAGE_SIZE - 1] = 0x90;
	user_prepare(&u);
	u.regs.rip = TOP_PAGE + PAGE_SIZE - 2;
	user_go(&u);
	EXPECT(u.regs.vec == X_GP || u.regs.vec == X_PF);
	/* An instruction that the hypervisor would fetch for emulation, cut by the end. */
	((u8 *)pfn_va(page))[PAGE_SIZE - 1] = 0x0f;
	user_prepare(&u);
	u.regs.rip = TOP_PAGE + PAGE_SIZE - 1;
	user_go(&u);
	EXPECT(u.regs.vec == X_GP || u.regs.vec == X_PF);
	unmap_top();
}

/* Memory operands there, from both rings. */
USER_SNIPPET(load, "mov (%rdi), %rax; syscall");
USER_SNIPPET(pushes, "mov %rdi, %rsp; push %rax; syscall");
ATTACK(canonical_operands)
{
	struct user u;
	struct fault f;

	user_prepare(&u);
	u.regs.rdi = NON_CANONICAL;
	user_run(&u, load);
	EXPECT_EQ(u.regs.vec, X_GP);
	user_prepare(&u);
	u.regs.rdi = 0xffff000000000000;
	user_run(&u, pushes);
	EXPECT(u.regs.vec == X_SS || u.regs.vec == X_GP);
	TRY(f)
		*(volatile u64 *)NON_CANONICAL = 0;
	EXPECT_EQ(f.vec, X_GP);
}
