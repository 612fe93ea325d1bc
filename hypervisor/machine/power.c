// SPDX-License-Identifier: GPL-2.0
/*
 * The end: power off, reboot, halt. None returns, none takes a lock. Reboot and halt
 * work from the first instruction of C on; without a clock nothing is waited for.
 *
 * Power off is ACPI S5 (ACPI 4.8.3.2, 7.4.2.7), then the ports at which
 * emulators listen. Reboot goes from the polite to the certain: ACPI reset
 * register, PCI reset port, keyboard controller, triple fault.
 */
#include "machine/acpi.h"
#include "machine/clock.h"
#include "machine/cpu-features.h"
#include "machine/cpu.h"
#include "machine/smp.h"

#define PM1_SLP_TYP	0x1c00
#define PM1_SLP_SHIFT	10
#define PM1_SLP_EN	BIT(13)

bool opt_noreboot;

void machine_halt(void)
{
	for (;;) {
		irq_disable();
		__asm__ __volatile__("hlt");
	}
}

static void pm1_sleep(u16 port, u8 type)
{
	u16 v = (inw(port) & ~PM1_SLP_TYP) | type << PM1_SLP_SHIFT;

	outw(port, v);
	outw(port, v | PM1_SLP_EN);
}

void machine_poweroff(void)
{
	/* QEMU pc and q35; Bochs and old QEMU; VirtualBox. */
	static const struct { u16 port, value; } emulators[] = {
		{ 0x604, 0x2000 }, { 0xb004, 0x2000 }, { 0x4004, 0x3400 },
	};
	unsigned int i;

	irq_disable();
	machine_halt_others();
	if (acpi.pm1a_cnt && acpi.has_s5) {
		if (acpi.pm1b_cnt)
			pm1_sleep(acpi.pm1b_cnt, acpi.s5_b);
		pm1_sleep(acpi.pm1a_cnt, acpi.s5_a);
		udelay(100000);
	}
	for (i = 0; i < ARRAY_SIZE(emulators); i++)
		outw(emulators[i].port, emulators[i].value);
	machine_halt();
}

static void keyboard_reset(void)
{
	unsigned int i;

	for (i = 0; i < 1000 && (inb(0x64) & 0x02); i++)
		udelay(10);
	outb(0x64, 0xfe);
	udelay(10000);
}

void machine_reboot(void)
{
	static const struct table_register no_idt;

	irq_disable();
	machine_halt_others();
	if (acpi.reset_supported) {
		outb(acpi.reset_port, acpi.reset_value);
		udelay(10000);
	}
	outb(0xcf9, 0x02);
	udelay(50);
	outb(0xcf9, 0x06);
	udelay(10000);
	keyboard_reset();
	__asm__ __volatile__("lidt %0; int3" :: "m"(no_idt));
	machine_halt();
}
