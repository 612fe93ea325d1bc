// SPDX-License-Identifier: GPL-2.0
/* Invariants 1, 2, 13: the reserved L4 slots cannot be changed, written, or read from ring 3. */
#include "guest.h"
#include <xen/grant_table.h>

ATTACK(slots_mmu_update)
{
	ulong l3 = table_alloc();
	unsigned int slot;

	for (slot = 256; slot < 272; slot++) {
		EXPECT_ERR(mmu_update1(kernel_l4_pfn, slot, pfn_pte(l3, PTE_TABLE)));
		EXPECT_ERR(mmu_update1(kernel_l4_pfn, slot, 0));
		EXPECT_ERR(mmu_update_raw((mfn_ma(pfn_mfn(kernel_l4_pfn)) + slot * 8) |
					  MMU_PT_UPDATE_PRESERVE_AD, 0));
		EXPECT_ERR(mmu_update1(user_l4_pfn, slot, pfn_pte(l3, PTE_TABLE)));
	}
	EXPECT_EQ(table_free(l3), 0);
}

/* Whatever a new L4 holds in those slots, it does not become the hypervisor's mapping. */
ATTACK(slots_in_new_l4)
{
	ulong l4 = alloc_pfn(), l3 = table_alloc();
	ulong *t = pfn_va(l4);
	unsigned int i;
	u64 before = sidt().base;

	for (i = 0; i < 512; i++)
		t[i] = read_table(kernel_l4_pfn, i);
	for (i = 256; i < 272; i++)
		t[i] = pfn_pte(l3, PTE_TABLE);
	EXPECT_EQ(page_ro(l4), 0);
	if (mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(l4)) == 0) {
		EXPECT_EQ(m2p[p2m[10]], 10);
		EXPECT_EQ(sidt().base, before);
		for (i = 256; i < 272; i++)
			EXPECT((read_table(l4, i) & PTE_ADDR) != mfn_ma(pfn_mfn(l3)) ||
			       on_ringlet);
		EXPECT_EQ(mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(kernel_l4_pfn)), 0);
	}
	EXPECT_EQ(table_free(l4), 0);
	EXPECT_EQ(table_free(l3), 0);
}

/* On Ringlet the vCPU's own entry stack is writable to it, and untrusted; nothing else is. */
ATTACK(slots_write_from_kernel)
{
	unsigned int i, writable = 0;
	ulong va;

	for (i = 0; (va = hypervisor_address(i)); i++)
		writable += kernel_can_write(va);
	if (on_ringlet)
		kprintf("# %u writable pages found in the reserved slots\n", writable);
	else
		EXPECT_EQ(writable, 0);
	EXPECT(writable <= 16);
}

/* Descriptor tables and gate code in particular: read-only, IDT and GDT bases in the slots. */
ATTACK(slots_descriptor_tables)
{
	struct dtr idt = sidt(), gdt = sgdt();

	EXPECT(idt.base >= HV_START && idt.base < HV_END);
	EXPECT(gdt.base >= HV_START && gdt.base < HV_END);
	EXPECT(!kernel_can_write(idt.base));
	EXPECT(!kernel_can_write(idt.base + idt.limit));
	EXPECT(!kernel_can_write(gdt.base));
	EXPECT(!kernel_can_write(gdt.base + (KERNEL_CS & ~7)));
	EXPECT(!kernel_can_write(gdt.base + gdt.limit));
}

/* Nothing of the hypervisor's is executable code for the guest to call into. */
ATTACK(slots_execute_from_kernel)
{
	unsigned int i;
	ulong va;
	struct fault f;

	for (i = 4 * 128; (va = hypervisor_address(i)); i += 7) {
		if (kernel_can_read(va))
			continue;
		TRY(f)
			((void (*)(void))va)();
		EXPECT_EQ(f.vec, X_PF);
		EXPECT_EQ(f.cr2, va);
	}
}

USER_SNIPPET(peek, "mov (%rdi), %al; syscall");
USER_SNIPPET(poke, "movb $0, (%rdi); syscall");
USER_SNIPPET(leap, "jmp *%rdi");

static void sweep_user(const u8 *start, const u8 *end, u64 err)
{
	unsigned int i, step = 5;
	struct user u;
	ulong va;

	user_load(start, end);
	for (i = 0; (va = hypervisor_address(i)); i += step) {
		user_prepare(&u);
		u.regs.rdi = va;
		user_go(&u);
		if (u.regs.vec != X_PF || u.cr2 != va || (u.regs.err & err) != err)
			case_fail(__FILE__, __LINE__, "0x%lx: vector %lu err 0x%lx cr2 0x%lx", va,
				  u.regs.vec, u.regs.err, u.cr2);
	}
}

ATTACK(slots_read_from_user)
{
	sweep_user(peek_start, peek_end, 4);
}

ATTACK(slots_write_from_user)
{
	sweep_user(poke_start, poke_end, 6);
}

ATTACK(slots_execute_from_user)
{
	sweep_user(leap_start, leap_end, 4);
}

/* Hypercalls that store: not into tables, not into read-only pages, not into the M2P. */
ATTACK(slots_hypercall_output)
{
	ulong pfn = alloc_pfn(), old = read_table(kernel_l4_pfn, 0);
	struct dtr idt = sidt();

	EXPECT_EQ(HYP(xen_version, XENVER_extraversion, pfn_va(kernel_l4_pfn)), -XEN_EFAULT);
	EXPECT_EQ(HYP(xen_version, XENVER_extraversion, pfn_va(user_l1_pfn)), -XEN_EFAULT);
	EXPECT_EQ(HYP(xen_version, XENVER_extraversion, m2p + 16), -XEN_EFAULT);
	EXPECT_EQ(HYP(xen_version, XENVER_extraversion, idt.base), -XEN_EFAULT);
	EXPECT_EQ(page_ro(pfn), 0);
	EXPECT_EQ(HYP(xen_version, XENVER_extraversion, pfn_va(pfn)), -XEN_EFAULT);
	EXPECT_EQ(page_rw(pfn), 0);
	EXPECT_EQ(read_table(kernel_l4_pfn, 0) & PTE_ADDR, old & PTE_ADDR);
	/* From a page into the one behind it, which is read-only. */
	EXPECT_EQ(page_ro(pfn), 0);
	EXPECT_EQ(user_map(USER_SPARE + PAGE_SIZE, pfn_pte(pfn, PTE_USER & ~PTE_RW)), 0);
	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(va_pfn(user_data), PTE_USER)), 0);
	EXPECT_EQ(HYP(xen_version, XENVER_extraversion, USER_SPARE + PAGE_SIZE - 4), -XEN_EFAULT);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_EQ(user_map(USER_SPARE + PAGE_SIZE, 0), 0);
	EXPECT_EQ(page_rw(pfn), 0);
	free_pfn(pfn);
}

/*
 * Every frame of memory that is not ours: no mapping of any kind. The frames of our grant table
 * are the hypervisor's and ours; Xen has some more.
 */
struct sweep {
	ulong mapped, first;
};

static bool map_it(ulong mfn, void *arg)
{
	struct sweep *s = arg;

	if (user_map(USER_SPARE, mfn_ma(mfn) | PTE_USER) == 0 ||
	    user_map(USER_SPARE, mfn_ma(mfn) | PTE_P | PTE_US | PTE_A) == 0) {
		if (!s->mapped++)
			s->first = mfn;
		user_map(USER_SPARE, 0);
	}
	return true;
}

ATTACK(slots_map_every_foreign_frame)
{
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	struct sweep s = { 0 };

	EXPECT_EQ(HYP(grant_table_op, GNTTABOP_query_size, &q, 1), 0);
	EXPECT_EQ(for_each_foreign_frame(map_it, &s), 0);
	if (s.mapped > q.nr_frames + PER_HV(4, 0))
		case_fail(__FILE__, __LINE__, "%lu frames, the first 0x%lx", s.mapped, s.first);
}
