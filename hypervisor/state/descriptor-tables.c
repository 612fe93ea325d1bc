// SPDX-License-Identifier: GPL-2.0
/*
 * Contents of the descriptor tables.
 *
 * There is no gate with a ring-1 CS: everything enters ring 0 (invariant 8).
 * Accessed bits are preset because the tables are read-only in guest space
 * (invariant 9).
 */
#include "state/descriptor-tables.h"

#include "base/string.h"
#include "machine/layout.h"

#define GATE_INTERRUPT_64	0x8e	/* present, type 14; DPL in bits 5-6 */

void idt_set(struct idt_gate *g, u16 selector, u64 handler, unsigned int ist, unsigned int dpl)
{
	*g = (struct idt_gate){
		.offset_low = (u16)handler,
		.selector = selector,
		.ist = (u8)ist,
		.type = (u8)(GATE_INTERRUPT_64 | dpl << 5),
		.offset_mid = (u16)(handler >> 16),
		.offset_high = (u32)(handler >> 32),
	};
}

void idt_fill(struct idt_gate *idt, const struct idt_row *rows, u64 irq_stubs)
{
	unsigned int v;

	for (v = VEC_FIRST_IRQ; v < 256; v++)
		idt_set(&idt[v], SEL_HOST_CS, irq_stubs + (v - VEC_FIRST_IRQ) * 16, 0, 0);
	for (; rows->vector != ~0ULL; rows++)
		idt_set(&idt[rows->vector], SEL_HOST_CS, rows->handler,
			(unsigned int)rows->ist, (unsigned int)rows->dpl);
}

void tss_fill(struct tss *tss, const u64 tops[5])
{
	tss->rsp[0] = tops[0];
	memcpy(tss->ist, tops + 1, 4 * sizeof(*tops));
	tss->iomap_base = 0xffff;
}

void gdt_fill(u64 *page, bool tss_busy)
{
	const u64 code64 = 0x00af9b000000ffffULL;	/* L, G: LSL shows 4 GiB */
	const u64 code32 = 0x00cf9b000000ffffULL;	/* D, G, 4 GiB */
	const u64 data = 0x00cf93000000ffffULL;
	const u64 dpl1 = 1ULL << 45, dpl3 = 3ULL << 45;
	const u64 base = GATE_TSS, limit = sizeof(struct tss) - 1;
	u64 *gdt = page - (0xe000 % 4096) / 8;

#define ENTRY(sel) gdt[((sel) & 0xfff) >> 3]
	ENTRY(SEL_HOST_CS) = code64;
	ENTRY(SEL_HOST_DS) = data;
	ENTRY(SEL_KERNEL_CS) = code64 | dpl1;
	ENTRY(SEL_KERNEL_DS) = data | dpl1;
	ENTRY(SEL_USER_CS32) = code32 | dpl3;
	ENTRY(SEL_USER_DS) = data | dpl3;
	ENTRY(SEL_USER_CS64) = code64 | dpl3;
	ENTRY(SEL_TSS) = limit | (base & 0xffffff) << 16 | (tss_busy ? 0x8bULL : 0x89ULL) << 40 |
			 ((base >> 24) & 0xff) << 56;
	ENTRY(SEL_TSS + 8) = base >> 32;
#undef ENTRY
}
