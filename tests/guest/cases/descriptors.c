// SPDX-License-Identifier: GPL-2.0
/* GDT and LDT: what a guest descriptor may be, in tables and one by one. */
#include "guest.h"

#define CODE64_D3	0x00affb000000ffff
#define DATA_D3		0x00cff3000000ffff

static ulong gdt_pfn;

static int use_gdt(u64 *descs, unsigned int n)
{
	ulong mfn;
	int rc;

	gdt_pfn = alloc_pfn();
	memcpy(pfn_va(gdt_pfn), descs, n * 8);
	rc = page_ro(gdt_pfn);
	mfn = pfn_mfn(gdt_pfn);
	return rc ?: (int)HYP(set_gdt, &mfn, 512);
}

static void drop_gdt(void)
{
	EXPECT_EQ(HYP(set_gdt, NULL, 0), 0);
	EXPECT_EQ(table_free(gdt_pfn), 0);
}

static int set_desc(unsigned int index, u64 desc)
{
	return HYP(update_descriptor, mfn_ma(pfn_mfn(gdt_pfn)) + index * 8, desc);
}

static u64 desc_at(unsigned int index)
{
	return ((volatile u64 *)pfn_va(gdt_pfn))[index];
}

CASE(gdt_set)
{
	u64 d[4] = { 0, CODE64_D3, DATA_D3, 0 };
	struct fault f;

	EXPECT_EQ(use_gdt(d, 4), 0);
	TRY(f)
		asm volatile("mov %0, %%es" : : "r"(2 << 3 | 3));
	EXPECT_EQ(f.vec, -1);
	EXPECT_ERR(page_rw(gdt_pfn));
	TRY(f)
		asm volatile("mov %0, %%es" : : "r"(0));
	drop_gdt();
}

CASE(gdt_counts)
{
	ulong frames[16] = { 0 };
	long rc = HYP(set_gdt, frames, (512 * 14) + 1);

	EXPECT_EQ(rc, -XEN_EINVAL);
	EXPECT_EQ(HYP(set_gdt, frames, 8192), -XEN_EINVAL);
	EXPECT_EQ(HYP(set_gdt, frames, 0xffffffff), -XEN_EINVAL);
}

CASE(gdt_frames_wrong)
{
	ulong writable = alloc_pfn();
	ulong mfn[] = {
		mfn_of_hypervisor(), ~0ul, 1ul << 40, pfn_mfn(user_l1_pfn), pfn_mfn(writable),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mfn); i++)
		EXPECT_ERR(HYP(set_gdt, &mfn[i], 512));
	free_pfn(writable);
}

CASE(descriptor_update)
{
	u64 d[1] = { 0 };

	EXPECT_EQ(use_gdt(d, 1), 0);
	EXPECT_EQ(set_desc(5, DATA_D3), 0);
	EXPECT_EQ(desc_at(5) & ~BIT(40), DATA_D3 & ~BIT(40));
	EXPECT_EQ(set_desc(5, 0), 0);
	EXPECT_EQ(HYP(update_descriptor, mfn_ma(pfn_mfn(gdt_pfn)) + 3, DATA_D3), -XEN_EINVAL);
	EXPECT_ERR(HYP(update_descriptor, mfn_ma(mfn_of_hypervisor()), DATA_D3));
	EXPECT_ERR(HYP(update_descriptor, ~7ul, DATA_D3));
	EXPECT_ERR(HYP(update_descriptor, mfn_ma(pfn_mfn(user_l1_pfn)), DATA_D3));
	drop_gdt();
}

/* Invariant 9. A descriptor that asks for ring 0 to 2 gets the least the hypervisor allows. */
ATTACK(descriptor_dpl_forced)
{
	u64 d[1] = { 0 };
	unsigned int dpl, got;

	EXPECT_EQ(use_gdt(d, 1), 0);
	for (dpl = 0; dpl < 3; dpl++) {
		u64 code = (CODE64_D3 & ~(3ul << 45)) | (u64)dpl << 45;

		if (set_desc(6, code) == 0) {
			got = desc_at(6) >> 45 & 3;
			EXPECT(got == 3 || (on_ringlet && got == 1));
		} else {
			EXPECT_EQ(desc_at(6), 0);
		}
		set_desc(6, 0);
	}
	drop_gdt();
}

ATTACK(descriptor_system_refused)
{
	u64 d[1] = { 0 };
	unsigned int type;

	EXPECT_EQ(use_gdt(d, 1), 0);
	/* Type 0 is nothing at all, and harmless. */
	for (type = 1; type < 16; type++) {
		u64 v = 0x0000e00000000000 | (u64)type << 40 | 0x00000000ffff;

		/* Xen takes a call gate to the guest's own code. */
		if (set_desc(7, v) == 0 && (on_ringlet || type != 12))
			case_fail(__FILE__, __LINE__, "system type %u accepted", type);
		set_desc(7, 0);
		EXPECT_EQ(desc_at(7), 0);
	}
	drop_gdt();
}

static int table_with_gate(u16 sel)
{
	ulong mfn;
	int rc;

	gdt_pfn = alloc_pfn();
	((u64 *)pfn_va(gdt_pfn))[1] = CODE64_D3;
	((u64 *)pfn_va(gdt_pfn))[2] = 0x8200ec000000ffff | (u64)sel << 16;
	EXPECT_EQ(page_ro(gdt_pfn), 0);
	mfn = pfn_mfn(gdt_pfn);
	rc = HYP(set_gdt, &mfn, 512);
	HYP(set_gdt, NULL, 0);
	EXPECT_EQ(table_free(gdt_pfn), 0);
	return rc;
}

/* A call gate to the hypervisor's code, in a table taken into use as a whole. */
ATTACK(descriptor_gate_in_new_table)
{
	EXPECT_ERR(table_with_gate(0xe008));
	EXPECT_ERR(table_with_gate(0xe000));
}

/* Gates to the guest's own code: Xen checks their target, Ringlet has none. */
ATTACK(descriptor_gate_to_guest)
{
	int rc = table_with_gate(1 << 3 | 3);

	EXPECT_EQ(rc < 0, on_ringlet);
}

ATTACK(descriptor_conforming_code)
{
	u64 d[1] = { 0 };

	EXPECT_EQ(use_gdt(d, 1), 0);
	if (set_desc(8, CODE64_D3 | BIT(42)) == 0) {
		/* Xen lets conforming code of DPL 3 be; Ringlet strips or refuses it. */
		EXPECT(!on_ringlet || !(desc_at(8) & BIT(42)));
		EXPECT_EQ(desc_at(8) >> 45 & 3, 3);
	}
	/* Asking for DPL 0, conforming or not, never gets it. */
	EXPECT(set_desc(9, (CODE64_D3 | BIT(42)) & ~(3ul << 45)) < 0 ||
	       (desc_at(9) >> 45 & 3) != 0);
	drop_gdt();
}

/* Entries behind the guest's part of the GDT cannot be reached: its frames are not the guest's. */
ATTACK(descriptor_reserved_part)
{
	u16 sel;
	struct fault f;

	for (sel = 0xe000; sel < 0xf000; sel += 8) {
		if (sel == (KERNEL_CS & ~7) || sel == (KERNEL_SS & ~7) || sel == (USER_CS32 & ~7))
			continue;
		TRY(f)
			asm volatile("mov %0, %%fs" : : "r"(sel | 3));
		if (f.vec == -1) {
			u64 ar;
			bool ok;

			asm volatile("lar %2, %0" : "=r"(ar), "=@ccz"(ok) : "r"((u64)sel));
			EXPECT(ok && (ar >> 13 & 3) >= (on_ringlet ? 1 : 3) && (ar & BIT(12)));
		}
		asm volatile("mov %0, %%fs" : : "r"(0));
	}
}

static int set_ldt(void *base, ulong n)
{
	struct mmuext_op op = { .cmd = MMUEXT_SET_LDT };

	op.arg1.linear_addr = (ulong)base;
	op.arg2.nr_ents = n;
	return HYP(mmuext_op, &op, 1, NULL, DOMID_SELF);
}

CASE(ldt_set_and_use)
{
	ulong pfn = alloc_pfn();
	struct fault f;
	u16 ldtr;

	((u64 *)pfn_va(pfn))[1] = DATA_D3;
	EXPECT_EQ(page_ro(pfn), 0);
	EXPECT_EQ(set_ldt(pfn_va(pfn), 512), 0);
	asm volatile("sldt %0" : "=r"(ldtr));
	EXPECT(ldtr != 0);
	TRY(f)
		asm volatile("mov %0, %%es" : : "r"(1 << 3 | 7));
	EXPECT_EQ(f.vec, -1);
	EXPECT_ERR(page_rw(pfn));
	TRY(f)
		asm volatile("mov %0, %%es" : : "r"(2 << 3 | 7));
	EXPECT(f.vec == X_GP || f.vec == X_NP);
	asm volatile("mov %0, %%es" : : "r"(0));
	EXPECT_EQ(set_ldt(NULL, 0), 0);
	EXPECT_EQ(table_free(pfn), 0);
}

CASE(ldt_wrong)
{
	ulong pfn = alloc_pfn();

	EXPECT_EQ(set_ldt((u8 *)pfn_va(pfn) + 8, 16), -XEN_EINVAL);
	EXPECT_EQ(set_ldt(pfn_va(pfn), 8193), -XEN_EINVAL);
	EXPECT_EQ(set_ldt(pfn_va(pfn), ~0ul), -XEN_EINVAL);
	EXPECT_EQ(set_ldt((void *)HV_START, 512), -XEN_EINVAL);
	EXPECT_EQ(set_ldt((void *)(HV_START - PAGE_SIZE), 1024), -XEN_EINVAL);
	EXPECT_EQ(set_ldt((void *)NON_CANONICAL, 512), -XEN_EINVAL);
	EXPECT_EQ(set_ldt(NULL, 0), 0);
	free_pfn(pfn);
}

/* The LDT's page is still writable: it must not become one; selectors of it fault. */
ATTACK(ldt_writable_page)
{
	ulong pfn = alloc_pfn();
	struct fault f;

	((u64 *)pfn_va(pfn))[1] = DATA_D3;
	if (set_ldt(pfn_va(pfn), 512) == 0) {
		TRY(f)
			asm volatile("mov %0, %%es" : : "r"(1 << 3 | 7));
		EXPECT(f.vec == X_GP || f.vec == X_PF || f.vec == X_NP);
	}
	EXPECT_EQ(set_ldt(NULL, 0), 0);
	free_pfn(pfn);
}

/* LDT over a page table: its entries as descriptors. */
ATTACK(ldt_over_page_table)
{
	struct fault f;

	if (set_ldt(pfn_va(user_l1_pfn), 512) == 0) {
		TRY(f)
			asm volatile("mov %0, %%es" : : "r"(0x10 << 3 | 7));
		EXPECT(f.vec == X_GP || f.vec == X_PF || f.vec == X_NP);
	}
	EXPECT_EQ(set_ldt(NULL, 0), 0);
}

/* A call gate and a TSS in the LDT. */
ATTACK(ldt_gates)
{
	ulong pfn = alloc_pfn();
	struct fault f;
	struct { u32 off; u16 sel; } __attribute__((packed)) target = { 0, 4 << 3 | 7 };

	((u64 *)pfn_va(pfn))[4] = 0x8200ec00e0080000;
	((u64 *)pfn_va(pfn))[5] = 0xffff8200;
	EXPECT_EQ(page_ro(pfn), 0);
	if (set_ldt(pfn_va(pfn), 512) == 0) {
		TRY(f)
			asm volatile("lcall *%0" : : "m"(target));
		EXPECT(f.vec == X_GP || f.vec == X_PF || f.vec == X_NP);
	}
	EXPECT_EQ(set_ldt(NULL, 0), 0);
	EXPECT_EQ(table_free(pfn), 0);
}

/* A 16-bit stack segment: IRETQ to it leaks and corrupts rsp[31:16] on CPUs; must not load. */
ATTACK(ldt_16bit_stack)
{
	ulong pfn = alloc_pfn();
	struct user u;

	((u64 *)pfn_va(pfn))[1] = DATA_D3 & ~(BIT(54) | BIT(55));
	EXPECT_EQ(page_ro(pfn), 0);
	if (set_ldt(pfn_va(pfn), 512) == 0) {
		user_prepare(&u);
		u.regs.ss = 1 << 3 | 7;
		memset(user_code, 0xcc, 16);
		user_go(&u);
		if (on_ringlet)
			EXPECT_EQ(u.regs.vec, VEC_FAILSAFE);
		else
			EXPECT(u.regs.vec == X_BP || u.regs.vec == VEC_FAILSAFE);
	}
	EXPECT_EQ(set_ldt(NULL, 0), 0);
	EXPECT_EQ(table_free(pfn), 0);
}
