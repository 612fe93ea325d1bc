// SPDX-License-Identifier: GPL-2.0
/*
 * Failures before the machine is set up.
 *
 * panic() wants a struct pcpu and stacks that it knows, which are not there yet.
 * Once pcpu_load() has run, exceptions go to dispatch instead.
 */
#include "base/string.h"
#include "boot/boot.h"
#include "console/printk.h"
#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "state/descriptor-tables.h"

#define VECTORS		32
#define STUB_SIZE	16
#define EARLY_CS	0x08

extern const char early_stubs[];
static struct idt_gate early_idt[VECTORS];

void early_idt_load(void)
{
	struct table_register p = { sizeof(early_idt) - 1, (u64)early_idt };
	u32 i;

	for (i = 0; i < VECTORS; i++)
		idt_set(&early_idt[i], EARLY_CS, (u64)early_stubs + i * STUB_SIZE, 0, 0);
	__asm__ __volatile__("lidt %0" :: "m"(p));
}

static void __noreturn early_stop(void)
{
	if (opt_noreboot)
		machine_halt();
	machine_reboot();
}

void boot_fail(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnformat(line, sizeof(line), fmt, ap);
	va_end(ap);
	printk(LOG_ERROR, "ringlet: boot: %s", line);
	early_stop();
}

void early_trap(const struct regs *regs)
{
	static bool nested;

	if (!nested) {
		nested = true;
		printk(LOG_ERROR,
		       "ringlet: boot: exception %lu, error %lx, at %016lx, "
		       "cr2 %016lx, rsp %016lx: report it with this log",
		       regs->vector, regs->error, regs->rip, read_cr2(),
		       regs->rsp);
	}
	early_stop();
}
