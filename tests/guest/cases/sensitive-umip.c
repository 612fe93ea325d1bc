// SPDX-License-Identifier: GPL-2.0
/*
 * SGDT, SIDT, SLDT, STR and SMSW with CR4.UMIP set by the guest kernel: ring 3 gets #GP, the
 * kernel what it gets without UMIP, in memory and in registers.
 */
#include "guest.h"

#define CR4_UMIP BIT(11)

USER_SNIPPET(user_umip_sgdt, "sgdt (%rdi); syscall");
USER_SNIPPET(user_umip_sidt, "sidt (%rdi); syscall");
USER_SNIPPET(user_umip_sldt, "sldt (%rdi); syscall");
USER_SNIPPET(user_umip_str, "str %eax; syscall");
USER_SNIPPET(user_umip_smsw, "smsw %eax; syscall");

static bool umip_offered(void)
{
	u32 r[4];

	pv_cpuid(7, 0, r);
	return PER_HV(false, true) && (r[2] & BIT(2));
}

static ulong umip_set(bool on)
{
	ulong old, now;

	asm volatile("mov %%cr4, %0" : "=r"(old));
	now = on ? old | CR4_UMIP : old & ~CR4_UMIP;
	asm volatile("mov %0, %%cr4" : : "r"(now));
	asm volatile("mov %%cr4, %0" : "=r"(now));
	return now & CR4_UMIP;
}

struct stored {
	struct dtr gdt, idt;
	u16 ldt, tr, msw;
	ulong ldt_reg, tr_reg, msw_reg;
};

static void store_all(struct stored *s)
{
	memset(s, 0, sizeof(*s));
	s->gdt = sgdt();
	s->idt = sidt();
	asm volatile("sldt %0" : "=m"(s->ldt));
	asm volatile("str %0" : "=m"(s->tr));
	asm volatile("smsw %0" : "=m"(s->msw));
	asm volatile("sldt %0" : "=r"(s->ldt_reg));
	asm volatile("str %0" : "=r"(s->tr_reg));
	asm volatile("smsw %0" : "=r"(s->msw_reg));
}

CASE(sensitive_umip_kernel)
{
	static struct stored without, with;
	struct fault f;

	if (!umip_offered()) {
		skip("the hypervisor does not offer UMIP");
		return;
	}
	EXPECT_EQ(umip_set(false), 0);
	store_all(&without);
	EXPECT_EQ(umip_set(true), CR4_UMIP);
	TRY(f)
		store_all(&with);
	umip_set(false);
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(memcmp(&with, &without, sizeof(with)), 0);
}

/* The operand's page is read-only: the page fault of a write, at its address. */
CASE(sensitive_umip_kernel_fault)
{
	ulong pfn = alloc_pfn();
	struct fault f;

	if (!umip_offered()) {
		skip("the hypervisor does not offer UMIP");
		return;
	}
	EXPECT_EQ(page_ro(pfn), 0);
	umip_set(true);
	TRY(f)
		asm volatile("sgdt 16(%0)" : : "r"(pfn_va(pfn)) : "memory");
	umip_set(false);
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(f.err, 3);
	EXPECT_EQ(f.cr2, (ulong)pfn_va(pfn) + 16);
	EXPECT_EQ(page_rw(pfn), 0);
	free_pfn(pfn);
}

#define EXPECT_DENIED(name) do {		\
	struct user u_;				\
						\
	user_prepare(&u_);			\
	u_.regs.rdi = USER_DATA;		\
	user_run(&u_, name);			\
	EXPECT_EQ(u_.regs.vec, X_GP);		\
	EXPECT_EQ(u_.regs.err, 0);		\
} while (0)

CASE(sensitive_umip_user)
{
	if (!umip_offered()) {
		skip("the hypervisor does not offer UMIP");
		return;
	}
	umip_set(true);
	EXPECT_DENIED(user_umip_sgdt);
	EXPECT_DENIED(user_umip_sidt);
	EXPECT_DENIED(user_umip_sldt);
	EXPECT_DENIED(user_umip_str);
	EXPECT_DENIED(user_umip_smsw);
	umip_set(false);
}
