// SPDX-License-Identifier: GPL-2.0
/*
 * What ends boot: faults that the user can mend, in one line; and exceptions before
 * the boot pCPU has its own IDT. Those take the handlers of host space, which lead
 * to panic(), on the stack and with the GDT of head.S.
 */
#include "base/string.h"
#include "boot/boot.h"
#include "console/printk.h"
#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "state/descriptor-tables.h"

#define VECTORS		32
#define EARLY_CS	0x08

extern const struct idt_row host_idt_table[];
static struct idt_gate early_idt[VECTORS];

void early_idt_load(void)
{
	struct table_register p = { sizeof(early_idt) - 1, (u64)early_idt };
	const struct idt_row *row;

	for (row = host_idt_table; row->vector < VECTORS; row++)
		idt_set(&early_idt[row->vector], EARLY_CS, row->handler, 0, 0);
	__asm__ __volatile__("lidt %0" :: "m"(p));
}

void boot_fail(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnformat(line, sizeof(line), fmt, ap);
	va_end(ap);
	printk(LOG_ERROR, "ringlet: boot: %s", line);
	if (opt_noreboot)
		machine_halt();
	machine_reboot();
}
