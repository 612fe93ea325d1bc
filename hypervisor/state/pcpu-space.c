// SPDX-License-Identifier: GPL-2.0
/*
 * A pCPU's host space.
 *
 * All host L4s share the tables of the direct map, of MMIO and of the image; the
 * gate region (first 2 MiB of GATE_SLOT) is each pCPU's own: its stacks, its
 * struct pcpu and its GDT (because of the LDT descriptor), the host's IDT and
 * TSS. Unmapped pages guard every stack.
 */
#include "state/pcpu-space.h"

#include "base/errno.h"
#include "base/string.h"
#include "machine/cpu.h"
#include "machine/directmap.h"
#include "machine/host-map.h"
#include "machine/pte.h"
#include "state/alloc.h"
#include "state/descriptor-tables.h"

extern const char gate_text_load[];
extern const struct idt_row host_idt_table[];
extern const char host_irq_stubs[];
extern const char gate_syscall64[], gate_syscall32[], gate_sysenter[];

struct pcpu *pcpu_table[MAX_PCPUS];
u32 nr_pcpus;

/* The same on every pCPU. Constant after the first pcpu_space_create(). */
static struct idt_gate *host_idt;
static struct tss *host_tss;

static int __init host_tables_init(void)
{
	host_idt = alloc_page();
	host_tss = alloc_page();
	if (!host_idt || !host_tss)
		return -ENOMEM;
	idt_fill(host_idt, host_idt_table, (u64)host_irq_stubs);
	tss_fill(host_tss, (const u64[]){ HOST_STACK_TOP, HOST_NMI_TOP,
					  HOST_MC_TOP, HOST_DB_TOP, HOST_DF_TOP });
	return 0;
}

/* @pages fresh frames at gate page @at; the direct map of the last, or NULL. */
static void *map_fresh(u64 *l1, unsigned int at, unsigned int pages)
{
	void *p = NULL;
	unsigned int i;

	for (i = 0; i < pages; i++) {
		p = alloc_page();
		if (!p)
			return NULL;
		l1[at + i] = pte_make(virt_to_mfn(p), PTE_DATA);
	}
	return p;
}

static int map_gate_region(u64 *l1, u8 **gdt)
{
	paddr_t text = image_paddr(gate_text_load);
	unsigned int i;

	for (i = 0; i < GATE_TEXT_PAGES; i++)
		l1[GATE_PAGE_TEXT + i] = (text + i * PAGE_SIZE) | PTE_TEXT;
	l1[GATE_PAGE_IDT] = pte_make(virt_to_mfn(host_idt), PTE_RODATA);
	l1[GATE_PAGE_TSS] = pte_make(virt_to_mfn(host_tss), PTE_RODATA);

	/* Writable: LTR and LLDT set and read descriptors through it. */
	*gdt = map_fresh(l1, GATE_PAGE_GDT + GUEST_GDT_PAGES, 1);
	if (!*gdt)
		return -ENOMEM;
	gdt_fill((u64 *)*gdt, false);

	if (!map_fresh(l1, GATE_PAGE_HOST_STACK, HOST_STACK_PAGES) ||
	    !map_fresh(l1, GATE_PAGE_HOST_NMI, HOST_IST_PAGES) ||
	    !map_fresh(l1, GATE_PAGE_HOST_MC, HOST_IST_PAGES) ||
	    !map_fresh(l1, GATE_PAGE_HOST_DB, HOST_IST_PAGES) ||
	    !map_fresh(l1, GATE_PAGE_HOST_DF, HOST_IST_PAGES))
		return -ENOMEM;
	return 0;
}

int __init pcpu_space_create(u32 cpu, u32 apic_id)
{
	u64 *l4 = alloc_page(), *l3 = alloc_page(), *l2 = alloc_page();
	u64 *l1 = alloc_page();
	struct pcpu *p = alloc_page();
	u8 *gdt;
	int rc;

	_Static_assert(sizeof(struct pcpu) <= PAGE_SIZE, "one page");
	if (!l4 || !l3 || !l2 || !l1 || !p)
		return -ENOMEM;
	if (!host_idt) {
		rc = host_tables_init();
		if (rc)
			return rc;
	}
	rc = map_gate_region(l1, &gdt);
	if (rc)
		return rc;
	l1[GATE_PAGE_PCPU] = pte_make(virt_to_mfn(p), PTE_DATA);

	memcpy(l4, host_l4_template, PAGE_SIZE);
	memcpy(l2, image_l2, PAGE_SIZE);
	l2[pt_index(GATE_VIRT, L2_SHIFT)] = pte_make(virt_to_mfn(l1), PTE_TABLE);
	l3[pt_index(GATE_VIRT, L3_SHIFT)] = pte_make(virt_to_mfn(l2), PTE_TABLE);
	l4[GATE_SLOT] = pte_make(virt_to_mfn(l3), PTE_TABLE);

	p->id = cpu;
	p->apic_id = apic_id;
	p->host_cr3 = virt_to_paddr(l4);
	p->gdt = gdt;
	pcpu_table[cpu] = p;
	return 0;
}

static void load_segments(void)
{
	const struct table_register gdtr = { 0xe000 + RESERVED_GDT_ENTRIES * 8 - 1, GATE_GDT },
		idtr = { 256 * sizeof(struct idt_gate) - 1, GATE_IDT };

	__asm__ __volatile__("lgdt %0" :: "m"(gdtr));
	__asm__ __volatile__("lidt %0" :: "m"(idtr));
	__asm__ __volatile__(
		"pushq	%0\n\t"
		"lea	1f(%%rip), %%rax\n\t"
		"pushq	%%rax\n\t"
		"lretq\n"
		"1:	mov	%1, %%ss\n\t"
		"xor	%%eax, %%eax\n\t"
		"mov	%%eax, %%ds\n\t"
		"mov	%%eax, %%es\n\t"
		"mov	%%eax, %%fs\n\t"
		"mov	%%eax, %%gs\n\t"
		:: "i"(SEL_HOST_CS), "r"(SEL_HOST_DS) : "rax", "memory");
	__asm__ __volatile__("ltr %w0" :: "r"(SEL_TSS));
	__asm__ __volatile__("lldt %w0" :: "r"(0));
}

void pcpu_load(void)
{
	load_segments();
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	/* SYSRET loads 0x33 and 0x2b, Linux's own user selectors; SYSCALL ours. */
	wrmsr(MSR_STAR, (u64)0x23 << 48 | (u64)SEL_HOST_CS << 32);
	wrmsr(MSR_LSTAR, (u64)gate_syscall64);
	wrmsr(MSR_CSTAR, (u64)gate_syscall32);
	wrmsr(MSR_SFMASK, EFLAGS_TF | EFLAGS_IF | EFLAGS_DF | EFLAGS_IOPL |
			  EFLAGS_NT | EFLAGS_AC | EFLAGS_RF | EFLAGS_VM);
	wrmsr(MSR_SYSENTER_CS, SEL_HOST_CS);
	wrmsr(MSR_SYSENTER_ESP, GATE_RW + GATE_RW_STACK_TOP);
	wrmsr(MSR_SYSENTER_EIP, (u64)gate_sysenter);
}
