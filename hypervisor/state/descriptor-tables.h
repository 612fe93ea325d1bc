/* SPDX-License-Identifier: GPL-2.0 */
/* Private: IDT, GDT and TSS contents shared by pcpu-space.c and vcpu-space.c. */
#ifndef RINGLET_STATE_DESCRIPTOR_TABLES_H
#define RINGLET_STATE_DESCRIPTOR_TABLES_H

#include "base/types.h"

/* One row of the tables that the entry code emits (gate/entry.S). */
struct idt_row {
	u64 vector;	/* ~0 ends the table */
	u64 handler;
	u64 ist;
	u64 dpl;
};

struct idt_gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, zero;
} __packed;

/* SDM 3A 8.7, 64-bit TSS. */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, iomap_base;
} __packed;

/* One interrupt gate. */
void idt_set(struct idt_gate *g, u16 selector, u64 handler, unsigned int ist, unsigned int dpl);
/* Interrupt gates for each row, and @irq_stubs + 16 * n for the rest. */
void idt_fill(struct idt_gate *idt, const struct idt_row *rows, u64 irq_stubs);

/* Ring 0's stacks: entry, then IST 1 to 4; no I/O bitmap, so all ports trap. */
void tss_fill(struct tss *tss, const u64 tops[5]);

/* Our part of a GDT (selectors from 0xe000): code, data, TSS; LDT empty. */
void gdt_fill(u64 *page, bool tss_busy);

#endif
