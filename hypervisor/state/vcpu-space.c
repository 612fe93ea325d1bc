// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU's guest space: what the hypervisor maps there, and nothing else of
 * ours is (DESIGN section 1, "The gate").
 *
 * Invariants:
 * - All entries are U=0. Only struct gate_rw, the vcpu_info frame and the window
 *   are writable; no frame of the former is mapped in any other vCPU's tables.
 * - Text, IDT, TSS and our GDT page are the same frames in all vCPUs and
 *   read-only.
 * - The tables are written here only, by the pCPU that runs the vCPU or before
 *   it first runs; a change is seen at the next return to the guest, which
 *   loads CR3. The window may be taken away by others, who then flush.
 */
#include "state/vcpu-space.h"

#include "console/printk.h"
#include "machine/pte.h"
#include "state/alloc.h"
#include "state/descriptor-tables.h"

extern const char gate_text_start[], gate_text_end[], gate_text_load[];
extern const struct idt_row gate_idt_table[];
extern const char gate_irq_stubs[];

/* The same in every vCPU. Constant after vcpu_space_boot_init(). */
static struct {
	struct idt_gate *idt;
	struct tss *tss;
	u64 *gdt;
	void *zero;
} shared __ro_after_init;

int __init vcpu_space_boot_init(void)
{
	shared.idt = alloc_page();
	shared.tss = alloc_page();
	shared.gdt = alloc_page();
	shared.zero = alloc_page();
	if (!shared.idt || !shared.tss || !shared.gdt || !shared.zero)
		return -ENOMEM;

	idt_fill(shared.idt, gate_idt_table, (u64)gate_irq_stubs);
	gdt_fill(shared.gdt, true);
	tss_fill(shared.tss, (const u64[]){
		GATE_RW + GATE_RW_STACK_TOP, GATE_RW + GATE_RW_NMI_TOP,
		GATE_RW + GATE_RW_MC_TOP, GATE_RW + GATE_RW_DB_TOP,
		GATE_RW + GATE_RW_DF_TOP });
	return 0;
}

static u64 *map_slot(struct vcpu *v, unsigned int page)
{
	ASSERT(page < PT_ENTRIES);
	return &v->gate_l1[page];
}

static void map_ours(struct vcpu *v, unsigned int page, const void *p, u64 flags)
{
	*map_slot(v, page) = pte_make(virt_to_mfn(p), flags);
}

static void map_shared_pages(struct vcpu *v)
{
	paddr_t text = image_paddr(gate_text_load);
	unsigned int i;

	for (i = 0; i < GATE_TEXT_PAGES; i++)
		*map_slot(v, GATE_PAGE_TEXT + i) =
			(text + i * PAGE_SIZE) | PTE_TEXT;
	map_ours(v, GATE_PAGE_IDT, shared.idt, PTE_RODATA);
	map_ours(v, GATE_PAGE_TSS, shared.tss, PTE_RODATA);
	for (i = 0; i < GUEST_GDT_PAGES; i++)
		map_ours(v, GATE_PAGE_GDT + i, shared.zero, PTE_RODATA);
	map_ours(v, GATE_PAGE_GDT + GUEST_GDT_PAGES, shared.gdt, PTE_RODATA);
}

int vcpu_gate_init(struct vcpu *v)
{
	u64 *l3 = domain_alloc_page(v->domain), *l2 = domain_alloc_page(v->domain);

	v->gate_ro = domain_alloc_page(v->domain);
	v->gate_rw = domain_alloc_page(v->domain);
	v->l4 = domain_alloc_page(v->domain);
	v->gate_l1 = domain_alloc_page(v->domain);
	if (!v->gate_ro || !v->gate_rw || !v->l4 || !l3 || !l2 || !v->gate_l1)
		return -ENOMEM;
	v->domain->table_pages += 4;

	map_shared_pages(v);
	map_ours(v, GATE_PAGE_RO, v->gate_ro, PTE_RODATA);
	map_ours(v, GATE_PAGE_RW, v->gate_rw, PTE_DATA);
	l2[pt_index(GATE_VIRT, L2_SHIFT)] = pte_make(virt_to_mfn(v->gate_l1), PTE_TABLE);
	l3[pt_index(GATE_VIRT, L3_SHIFT)] = pte_make(virt_to_mfn(l2), PTE_TABLE);
	v->l4[GATE_SLOT] = pte_make(virt_to_mfn(l3), PTE_TABLE);

	v->regs = &v->gate_rw->regs;
	v->gate_rw->kernel_mode = 1;
	v->gate_ro->guest_cr3 = virt_to_paddr(v->l4);
	return 0;
}

void vcpu_gate_set_vcpu_info(struct vcpu *v, mfn_t mfn, u32 offset)
{
	ASSERT(offset + sizeof(struct vcpu_info) <= PAGE_SIZE);
	*map_slot(v, GATE_PAGE_VCPU_INFO) = pte_make(mfn, PTE_DATA);
	v->gate_ro->vcpu_info = GATE_VCPU_INFO + offset;
}

void vcpu_gate_map_gdt(struct vcpu *v, u32 page, mfn_t mfn)
{
	ASSERT(page < GUEST_GDT_PAGES);
	if (mfn_eq(mfn, INVALID_MFN))
		map_ours(v, GATE_PAGE_GDT + page, shared.zero, PTE_RODATA);
	else
		*map_slot(v, GATE_PAGE_GDT + page) = pte_make(mfn, PTE_RODATA);
}

void vcpu_gate_map_window(struct vcpu *v, mfn_t mfn)
{
	WRITE_ONCE(*map_slot(v, GATE_PAGE_WINDOW),
		   mfn_eq(mfn, INVALID_MFN) ? 0 : pte_make(mfn, PTE_DATA));
}

void vcpu_gate_map_ldt(struct vcpu *v, u32 page, mfn_t mfn)
{
	ASSERT(page < GATE_LDT_PAGES);
	*map_slot(v, GATE_PAGE_LDT + page) =
		mfn_eq(mfn, INVALID_MFN) ? 0 : pte_make(mfn, PTE_RODATA);
}

