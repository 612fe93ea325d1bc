// SPDX-License-Identifier: GPL-2.0
/*
 * ACPI tables, right and hostile.
 *
 * mmio_map() gives a copy of exactly the bytes asked for, so that ASan sees a
 * read past them. The hostile part changes bytes of good tables at random,
 * repairs the checksums so that parsers get to see them, and wants nothing but
 * results within bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "machine/acpi.h"
#include "machine/mmio.h"

#define MEMORY		0x120000u
#define RSDP_AT		0xf0010u
#define RSDT_AT		0x100000u
#define MADT_AT		0x101000u
#define FADT_AT		0x102000u
#define DSDT_AT		0x103000u
#define OTHER_AT	0x104000u

static u8 memory[MEMORY];
static void *maps[4096];
static unsigned int nr_maps;

void *mmio_map(paddr_t pa, size_t size)
{
	if (pa >= MEMORY || size > MEMORY - pa || nr_maps == 4096)
		return NULL;
	maps[nr_maps] = malloc(size);
	memcpy(maps[nr_maps], memory + pa, size);
	return maps[nr_maps++];
}

static void forget_maps(void)
{
	while (nr_maps)
		free(maps[--nr_maps]);
}

static void put(u32 at, u64 v, unsigned int bytes)
{
	memcpy(memory + at, &v, bytes);
}

static void fix_sum(u32 at, u32 len, u32 field)
{
	u8 sum = 0;
	u32 i;

	memory[at + field] = 0;
	for (i = 0; i < len && at + i < MEMORY; i++)
		sum += memory[at + i];
	memory[at + field] = -sum;
}

static void header(u32 at, const char *sig, u32 len)
{
	memcpy(memory + at, sig, 4);
	put(at + 4, len, 4);
	fix_sum(at, len, 9);
}

static void fix_all(void)
{
	static const u32 at[] = { RSDT_AT, MADT_AT, FADT_AT, DSDT_AT, OTHER_AT };
	unsigned int i;
	u32 len;

	fix_sum(RSDP_AT, 20, 8);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		memcpy(&len, memory + at[i] + 4, 4);
		if (len >= 10 && len <= 0x1000)
			fix_sum(at[i], len, 9);
	}
}

static u32 madt_entry(u32 at, u8 type, u8 len)
{
	memory[at] = type;
	memory[at + 1] = len;
	return at + len;
}

static void build_madt(void)
{
	u32 at = MADT_AT + 44, i, e;

	put(MADT_AT + 36, 0xfee00000, 4);
	for (i = 0; i < 3; i++) {
		e = at;
		at = madt_entry(e, 0, 8);
		memory[e + 2] = i + 10;
		memory[e + 3] = i * 2;
		put(e + 4, i != 2, 4);		/* the third is disabled */
	}
	e = at;
	at = madt_entry(e, 1, 12);
	put(e + 4, 0xfec00000, 4);
	put(e + 8, 0, 4);
	e = at;
	at = madt_entry(e, 2, 10);
	memory[e + 3] = 9;
	put(e + 4, 20, 4);
	put(e + 8, 0x0f, 2);
	e = at;
	at = madt_entry(e, 9, 16);		/* the first CPU again, and a new one */
	put(e + 4, 0, 4);
	put(e + 8, 1, 4);
	e = at;
	at = madt_entry(e, 9, 16);
	put(e + 4, 300, 4);
	put(e + 8, 1, 4);
	header(MADT_AT, "APIC", at - MADT_AT);
}

static void build(void)
{
	/* The tables' pages: clearing all of it each round is most of the time. */
	memset(memory + RSDP_AT, 0, 0x100);
	memset(memory + RSDT_AT, 0, OTHER_AT + 0x1000 - RSDT_AT);
	memset(&acpi, 0, sizeof(acpi));
	memcpy(memory + RSDP_AT, "RSD PTR ", 8);
	put(RSDP_AT + 16, RSDT_AT, 4);
	put(RSDT_AT + 36, MADT_AT, 4);
	put(RSDT_AT + 40, FADT_AT, 4);
	put(RSDT_AT + 44, OTHER_AT, 4);
	header(RSDT_AT, "RSDT", 48);
	build_madt();
	put(FADT_AT + 40, DSDT_AT, 4);
	put(FADT_AT + 64, 0x604, 4);
	put(FADT_AT + 76, 0x608, 4);
	put(FADT_AT + 112, BIT(8) | BIT(10), 4);
	put(FADT_AT + 116, 1, 1);
	put(FADT_AT + 120, 0xcf9, 8);
	put(FADT_AT + 128, 0x0f, 1);
	header(FADT_AT, "FACP", 244);
	header(DSDT_AT, "DSDT", 256);
	header(OTHER_AT, "HPET", 56);
	fix_all();
}

static void good(void **state)
{
	(void)state;
	build();
	assert_int_equal(acpi_boot_init(0), 0);
	forget_maps();
	assert_int_equal(acpi.nr_cpus, 3);
	assert_int_equal(acpi.cpu[1].apic_id, 2);
	assert_int_equal(acpi.cpu[1].acpi_id, 11);
	assert_int_equal(acpi.cpu[2].apic_id, 300);
	assert_int_equal(acpi.nr_ioapics, 1);
	assert_int_equal(acpi_isa_irq(9).gsi, 20);
	assert_true(acpi_isa_irq(9).level && acpi_isa_irq(9).active_low);
	assert_int_equal(acpi_isa_irq(4).gsi, 4);
	assert_false(acpi_isa_irq(4).level);
	assert_int_equal(acpi.pm1a_cnt, 0x604);
	assert_true(acpi.pm_timer_32bit && acpi.reset_supported);
	assert_int_equal(acpi.reset_port, 0xcf9);
}

static void bad_checksum(void **state)
{
	(void)state;
	build();
	memory[FADT_AT + 50]++;
	assert_int_equal(acpi_boot_init(0), 0);
	assert_int_equal(acpi.pm_timer, 0);
	forget_maps();
	build();
	memory[MADT_AT + 40]++;
	assert_int_not_equal(acpi_boot_init(0), 0);
	forget_maps();
	build();
	memory[RSDP_AT + 9]++;
	assert_int_not_equal(acpi_boot_init(0), 0);
	forget_maps();
}

static void hostile(void **state)
{
	unsigned int round, n, i;

	(void)state;
	srand(1);
	for (round = 0; round < 5000; round++) {
		build();
		n = 1 + rand() % 6;
		for (i = 0; i < n; i++) {
			u32 at = rand() % 8 ? RSDT_AT + 0x1000 * (rand() % 6) : RSDP_AT;
			/* Lengths and entry headers more often than the rest. */
			u32 off = rand() % 3 ? (u32)rand() % 120 : 4 + (u32)rand() % 4;
			static const u8 odd[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };

			memory[at + off] = rand() % 2 ? rand() : odd[rand() % 6];
		}
		if (rand() % 4)
			fix_all();
		acpi_boot_init(0);
		forget_maps();
		assert_in_range(acpi.nr_cpus, 0, ARRAY_SIZE(acpi.cpu));
		assert_in_range(acpi.nr_ioapics, 0, ARRAY_SIZE(acpi.ioapic));
		assert_in_range(acpi.nr_overrides, 0, ARRAY_SIZE(acpi.override));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad_checksum),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
