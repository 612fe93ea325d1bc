// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel on code and stack selectors of its own. In ring 1 it may load them; every way into
 * the hypervisor and back must cope with the CS it then finds.
 */
#include "guest.h"

#define CODE64	0x00af9b000000ffff
#define DATA	0x00cf93000000ffff
#define DPL(n)	((u64)(n) << 45)
#define OWN_CS	(1 << 3)
#define OWN_SS	(2 << 3)
#define OWN_CS32 (3 << 3)
#define CODE32	0x00cf9b000000ffff

static ulong gdt_pfn;
static struct {
	ulong offset;
	u16 selector;
} __attribute__((packed)) far;

static bool own_gdt(void)
{
	ulong mfn;

	gdt_pfn = alloc_pfn();
	((u64 *)pfn_va(gdt_pfn))[1] = CODE64 | DPL(1);
	((u64 *)pfn_va(gdt_pfn))[2] = DATA | DPL(1);
	((u64 *)pfn_va(gdt_pfn))[3] = CODE32 | DPL(1);
	EXPECT_EQ(page_ro(gdt_pfn), 0);
	mfn = pfn_mfn(gdt_pfn);
	if (HYP(set_gdt, &mfn, 512) == 0)
		return true;
	table_free(gdt_pfn);
	skip("descriptors of the kernel's own are refused");
	return false;
}

static void drop_gdt(void)
{
	EXPECT_EQ(HYP(set_gdt, NULL, 0), 0);
	EXPECT_EQ(table_free(gdt_pfn), 0);
}

/* To our own CS, on this stack, by IRETQ, which also loads SS. */
#define ON_OWN_SELECTORS(cs, ss, code)						\
	asm volatile("mov %%rsp, %%rbx; pushq %q1; push %%rbx; pushfq; pushq %q0;"	\
		     "lea 1f(%%rip), %%rax; push %%rax; iretq; 1: " code		\
		     : : "r"((ulong)(cs)), "r"((ulong)(ss))			\
		     : "rax", "rbx", "rcx", "rdx", "r11", "memory")

/* An instruction that the hypervisor emulates, an interrupt, a fault, a hypercall. */
ATTACK(own_selectors_emulation)
{
	struct fault f;

	if (!on_ringlet || !own_gdt()) {
		if (!on_ringlet)
			skip("needs ring 1");
		return;
	}
	TRY(f)
		ON_OWN_SELECTORS(OWN_CS | 1, OWN_SS | 1,
				 "xor %%eax, %%eax; xor %%ecx, %%ecx; ud2; .ascii \"xen\"; cpuid");
	EXPECT_EQ(f.vec, -1);
	drop_gdt();
}

ATTACK(own_selectors_interrupted)
{
	struct fault f;

	if (!on_ringlet || !own_gdt()) {
		if (!on_ringlet)
			skip("needs ring 1");
		return;
	}
	TRY(f) {
		ON_OWN_SELECTORS(OWN_CS | 1, OWN_SS | 1, "");
		spin_ns(50000000);
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
	drop_gdt();
}

ATTACK(own_selectors_fault)
{
	struct fault f;

	if (!on_ringlet || !own_gdt()) {
		if (!on_ringlet)
			skip("needs ring 1");
		return;
	}
	TRY(f)
		ON_OWN_SELECTORS(OWN_CS | 1, OWN_SS | 1, "hlt");
	EXPECT_EQ(f.vec, X_GP);
	TRY(f)
		ON_OWN_SELECTORS(OWN_CS | 1, OWN_SS | 1, "xor %%eax, %%eax; mov (%%rax), %%rax");
	EXPECT_EQ(f.vec, X_PF);
	drop_gdt();
}

/* 32-bit code in ring 1: it can only hurt the guest itself. */
MAY_CRASH_CASE(own_selectors_code32)
{
	u32 *page;
	ulong pfn;
	struct fault f;

	if (!on_ringlet || !own_gdt()) {
		if (!on_ringlet)
			skip("needs ring 1");
		return;
	}
	pfn = alloc_pfn();
	/* ud2 "xen" cpuid; jmp to itself until the timer comes */
	page = pfn_va(pfn);
	page[0] = 0x65780b0f;
	page[1] = 0xeba20f6e;
	page[2] = 0x9090ccfe;
	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(pfn, PTE_KERN)), 0);
	far.offset = USER_SPARE;
	far.selector = OWN_CS32 | 1;
	TRY(f)
		ON_OWN_SELECTORS(OWN_CS32 | 1, OWN_SS | 1, "hlt");
	TRY(f)
		asm volatile("pushq %0; pushq %1; lretq"
			     : : "r"((ulong)far.selector), "r"(far.offset) : "memory");
	user_map(USER_SPARE, 0);
	free_pfn(pfn);
	drop_gdt();
}
