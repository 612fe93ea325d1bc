// SPDX-License-Identifier: GPL-2.0
/*
 * The MC146818 clock, read once at boot; afterwards the service domain's.
 * Firmware may have set it to BCD or binary, 12 or 24 hours (register B).
 */
#include "machine/clock.h"
#include "base/string.h"
#include "machine/cpu.h"

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71
#define REG_A		0x0a
#define REG_B		0x0b
#define A_UPDATING	0x80
#define B_BINARY	0x04
#define B_24_HOURS	0x02
#define HOUR_PM		0x80
#define SPINS		1000000	/* an update takes 2 ms at most */

enum { SEC, MIN, HOUR, DAY, MONTH, YEAR, CENTURY, NR_FIELDS };

/* Bit 7 of the index masks NMI: left clear, NMI is in use. */
static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static void read_all(u8 century, u8 r[NR_FIELDS])
{
	const u8 reg[NR_FIELDS] = { 0, 2, 4, 7, 8, 9, century };
	unsigned int i, spins = 0;

	while ((cmos_read(REG_A) & A_UPDATING) && ++spins < SPINS)
		;
	for (i = 0; i < NR_FIELDS; i++)
		r[i] = cmos_read(reg[i]);
	if (!century)
		r[CENTURY] = 0;
}

/* Days from 1970-01-01; years begin in March, so that leap days come last. */
static u64 days_since_epoch(u32 year, u32 month, u32 day)
{
	if (month < 3) {
		month += 12;
		year--;
	}
	return year * 365ULL + year / 4 - year / 100 + year / 400 +
	       (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

u64 cmos_time(u8 century)
{
	u8 r[NR_FIELDS], again[NR_FIELDS], b;
	unsigned int i, tries = 0;
	u32 year;
	bool pm;

	if (century >= 0x80)	/* would be the bit that masks NMI */
		century = 0;
	/* An update between two reads shows as a difference. */
	do {
		read_all(century, r);
		read_all(century, again);
	} while (memcmp(r, again, sizeof(r)) && ++tries < 5);

	b = cmos_read(REG_B);
	pm = r[HOUR] & HOUR_PM;
	r[HOUR] &= ~HOUR_PM;
	for (i = 0; i < NR_FIELDS && !(b & B_BINARY); i++)
		r[i] = (r[i] >> 4) * 10 + (r[i] & 15);
	if (!(b & B_24_HOURS))
		r[HOUR] = r[HOUR] % 12 + (pm ? 12 : 0);
	if (r[CENTURY] >= 19 && r[CENTURY] <= 29)
		year = r[CENTURY] * 100 + r[YEAR];
	else
		year = r[YEAR] + (r[YEAR] < 70 ? 2000 : 1900);
	if (r[MONTH] < 1 || r[MONTH] > 12 || r[DAY] < 1 || r[DAY] > 31 || year < 1970)
		return 0;
	return days_since_epoch(year, r[MONTH], r[DAY]) * 86400 + r[HOUR] * 3600ULL +
	       r[MIN] * 60 + r[SEC];
}
