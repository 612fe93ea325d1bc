// SPDX-License-Identifier: GPL-2.0
/*
 * The static ACPI tables, read once at boot into struct acpi_info.
 *
 * No AML is run. What is known from AML alone, the sleep type of soft off, the service
 * domain tells (platform_op enter_acpi_sleep).
 *
 * Tables are firmware's and may be wrong: every length is checked against the
 * mapping before a field is read, a table with a bad checksum is ignored, and
 * what does not fit the arrays is dropped. Tables are mapped through the
 * device window because the direct map need not cover firmware's memory.
 *
 * Facts: ACPI 6.4, 5.2 (tables), 5.2.12 (MADT).
 */
#include "machine/acpi.h"
#include "base/errno.h"
#include "base/string.h"
#include "machine/mmio.h"

#define HEADER_SIZE	36
#define TABLE_MAX	(4u << 20)
#define LOW_MEMORY	0x100000u

struct acpi_info acpi;

/* A table whose first @len bytes are mapped and may be read. */
struct table {
	const u8 *p;
	u32 len;
};

static u64 get(const u8 *p, unsigned int bytes)
{
	u64 v = 0;

	memcpy(&v, p, bytes);
	return v;
}

/* A field of a table; 0 where the table is too short to have it. */
static u64 field(struct table t, u32 off, unsigned int bytes)
{
	return off + bytes <= t.len ? get(t.p + off, bytes) : 0;
}

static bool checksum_ok(const u8 *p, u32 len)
{
	u8 sum = 0;

	while (len--)
		sum += *p++;
	return sum == 0;
}

static const u8 *map(paddr_t pa, size_t len)
{
	return (const u8 __force *)mmio_map(pa, len);
}

static bool table_open(paddr_t pa, struct table *t)
{
	t->p = pa ? map(pa, HEADER_SIZE) : NULL;
	if (!t->p)
		return false;
	t->len = get(t->p + 4, 4);
	if (t->len < HEADER_SIZE || t->len > TABLE_MAX)
		return false;
	t->p = map(pa, t->len);
	return t->p && checksum_ok(t->p, t->len);
}

static bool signature_is(struct table t, const char *sig)
{
	return !memcmp(t.p, sig, 4);
}

static void madt_cpu(u32 apic_id, u32 acpi_id, bool enabled)
{
	u32 i;

	if (!enabled || acpi.nr_cpus == ARRAY_SIZE(acpi.cpu))
		return;
	/* A CPU may be listed as both a local APIC and a local x2APIC. */
	for (i = 0; i < acpi.nr_cpus; i++)
		if (acpi.cpu[i].apic_id == apic_id)
			return;
	acpi.cpu[acpi.nr_cpus++] = (struct acpi_cpu){ apic_id, acpi_id };
}

/* Flags: bits 0-1 polarity (3: low), 2-3 trigger (3: level); 0: the bus's. */
static void madt_override(u8 irq, u32 gsi, u32 flags)
{
	if (irq > 15 || acpi.nr_overrides == ARRAY_SIZE(acpi.override))
		return;
	acpi.override[acpi.nr_overrides++] = (struct acpi_override){
		.irq = irq,
		.gsi = gsi,
		.active_low = (flags & 3) == 3,
		.level = (flags >> 2 & 3) == 3,
	};
}

static void parse_madt(struct table t)
{
	u32 off = 44;

	acpi.has_madt = true;
	while (off + 2 <= t.len) {
		struct table e = { t.p + off, t.p[off + 1] };

		if (e.len < 2 || e.len > t.len - off)
			break;
		if (e.p[0] == 0 && e.len >= 8 && e.p[3] != 0xff)
			madt_cpu(e.p[3], e.p[2], field(e, 4, 4) & 1);
		else if (e.p[0] == 1 && e.len >= 12 && acpi.nr_ioapics < ARRAY_SIZE(acpi.ioapic))
			acpi.ioapic[acpi.nr_ioapics++] =
				(struct acpi_ioapic){ field(e, 4, 4), field(e, 8, 4) };
		else if (e.p[0] == 2 && e.len >= 10)
			madt_override(e.p[3], field(e, 4, 4), field(e, 8, 2));
		else if (e.p[0] == 9 && e.len >= 16)
			madt_cpu(field(e, 4, 4), field(e, 12, 4), field(e, 8, 4) & 1);
		off += e.len;
	}
}

/* An I/O port of the FADT: the extended field if it names one, else the old. */
static u16 fadt_port(struct table t, u32 old, u32 ext)
{
	u64 addr = field(t, ext + 4, 8);

	if (!addr || field(t, ext, 1) != 1)	/* address space: system I/O */
		addr = field(t, old, 4);
	return addr <= 0xffff ? addr : 0;
}

static void parse_fadt(struct table t)
{
	u32 flags = field(t, 112, 4);

	acpi.pm1a_cnt = fadt_port(t, 64, 172);
	acpi.pm1b_cnt = fadt_port(t, 68, 184);
	acpi.pm_timer = fadt_port(t, 76, 208);
	acpi.pm_timer_32bit = flags & BIT(8);
	acpi.century = field(t, 108, 1);
	if ((flags & BIT(10)) && field(t, 116, 1) == 1 &&
	    field(t, 120, 8) && field(t, 120, 8) <= 0xffff) {
		acpi.reset_supported = true;
		acpi.reset_port = field(t, 120, 8);
		acpi.reset_value = field(t, 128, 1);
	}
}

static void parse_table(struct table t)
{
	if (signature_is(t, "APIC"))
		parse_madt(t);
	else if (signature_is(t, "FACP"))
		parse_fadt(t);
}

static void parse_root(struct table t, unsigned int entry_size)
{
	struct table sub;
	u32 off;

	for (off = HEADER_SIZE; off + entry_size <= t.len; off += entry_size)
		if (table_open(get(t.p + off, entry_size), &sub))
			parse_table(sub);
}

static bool rsdp_ok(const u8 *p)
{
	return !memcmp(p, "RSD PTR ", 8) && checksum_ok(p, 20);
}

/* The first KiB of the EBDA, then the BIOS area, on 16-byte borders. */
static paddr_t scan_for_rsdp(void)
{
	const u8 *low = map(0, LOW_MEMORY);
	u32 ebda, a;

	if (!low)
		return 0;
	ebda = get(low + 0x40e, 2) << 4;
	if (ebda >= 0x400 && ebda <= LOW_MEMORY - 0x400)
		for (a = ALIGN_UP(ebda, 16u); a + 36 <= ebda + 0x400; a += 16)
			if (rsdp_ok(low + a))
				return a;
	for (a = 0xe0000; a + 36 <= LOW_MEMORY; a += 16)
		if (rsdp_ok(low + a))
			return a;
	return 0;
}

struct acpi_override acpi_isa_irq(u8 irq)
{
	u32 i;

	for (i = 0; i < acpi.nr_overrides; i++)
		if (acpi.override[i].irq == irq)
			return acpi.override[i];
	return (struct acpi_override){ .irq = irq, .gsi = irq };
}

int acpi_boot_init(paddr_t rsdp)
{
	struct table root;
	const u8 *p;

	rsdp = rsdp ? rsdp : scan_for_rsdp();
	p = rsdp ? map(rsdp, 36) : NULL;
	if (!p || !rsdp_ok(p))
		return -ENOENT;
	if (p[15] >= 2 && checksum_ok(p, 36) && table_open(get(p + 24, 8), &root) &&
	    signature_is(root, "XSDT"))
		parse_root(root, 8);
	else if (table_open(get(p + 16, 4), &root) && signature_is(root, "RSDT"))
		parse_root(root, 4);
	return acpi.has_madt ? 0 : -ENOENT;
}
