// SPDX-License-Identifier: GPL-2.0
/*
 * The MC146818 clock, read once at boot; afterwards the service domain's.
 * Firmware may have set it to BCD or binary, 12 or 24 hours (register B).
 */
#include "machine/cmos.h"
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

struct cmos_regs {
	u8 sec, min, hour, day, month, year, century;
};

/* Bit 7 of the index masks NMI: left clear, NMI is in use. */
static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static struct cmos_regs read_all(u8 century)
{
	unsigned int spins = 0;

	while ((cmos_read(REG_A) & A_UPDATING) && ++spins < SPINS)
		;
	return (struct cmos_regs){
		.sec = cmos_read(0), .min = cmos_read(2), .hour = cmos_read(4),
		.day = cmos_read(7), .month = cmos_read(8), .year = cmos_read(9),
		.century = century && century < 0x80 ? cmos_read(century) : 0,
	};
}

static unsigned int number(u8 v, bool binary)
{
	return binary ? v : (v >> 4) * 10 + (v & 15);
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
	struct cmos_regs r, again;
	u32 hour, year, month, day;
	unsigned int tries = 0;
	bool binary;
	u8 b;

	/* An update between two reads shows as a difference. */
	do {
		r = read_all(century);
		again = read_all(century);
	} while (memcmp(&r, &again, sizeof(r)) && ++tries < 5);

	b = cmos_read(REG_B);
	binary = b & B_BINARY;
	hour = number(r.hour & ~HOUR_PM, binary);
	if (!(b & B_24_HOURS))
		hour = hour % 12 + (r.hour & HOUR_PM ? 12 : 0);
	year = number(r.year, binary);
	month = number(r.month, binary);
	day = number(r.day, binary);
	if (number(r.century, binary) >= 19 && number(r.century, binary) <= 29)
		year += number(r.century, binary) * 100;
	else
		year += year < 70 ? 2000 : 1900;
	if (month < 1 || month > 12 || day < 1 || day > 31 || year < 1970)
		return 0;
	return days_since_epoch(year, month, day) * 86400 + hour * 3600ULL +
	       number(r.min, binary) * 60 + number(r.sec, binary);
}
