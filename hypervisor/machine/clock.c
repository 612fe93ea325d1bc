// SPDX-License-Identifier: GPL-2.0
/*
 * System time: nanoseconds since boot, from the TSC.
 *
 * At boot the TSC is measured once against the ACPI PM timer. The best of several
 * readings at each end of 200 ms is good to a few microseconds, even in an
 * emulator: some tens of ppm. What is left is the service domain's to discipline
 * (NTP), as on bare hardware.
 *
 * The TSCs of all pCPUs are taken to run together at one rate, as they do in
 * emulators and on machines with an invariant TSC. All here is constant after
 * clock_boot_init().
 */
#include "machine/clock.h"
#include "base/lock.h"
#include "machine/acpi.h"
#include "machine/cpu.h"
#include "machine/muldiv.h"

#define CALIBRATE_NS	200000000ULL
#define PMTMR_FS	279365115ULL	/* 3.579545 MHz, ACPI 4.8.2.1 */
#define TSC_GIVE_UP	(1ULL << 34)	/* some seconds: the device stands still */

static struct clock_scale scale;
static u32 khz;			/* of the TSC */
static u64 boot_wall_sec;	/* CMOS time... */
static u64 boot_wall_ns;	/* ...at this system time */

static u64 rdtsc_ordered(void)
{
	__asm__ __volatile__("lfence" ::: "memory");
	return rdtsc();
}

/* A moment, on both clocks. */
struct sample {
	u64 tsc, ref;
};

/* Of several readings the one that took least: it was not interrupted. */
static struct sample take_sample(void)
{
	struct sample best = { 0 };
	u64 least = ~0ULL;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		u64 t0 = rdtsc_ordered(), ref = inl(acpi.pm_timer);
		u64 width = rdtsc_ordered() - t0;

		if (width >= least)
			continue;
		least = width;
		best = (struct sample){ t0 + width / 2, ref };
	}
	return best;
}

/* Nanoseconds of the reference in @ticks of the TSC; false: it stands still. */
static bool against_pm_timer(u64 *ns, u64 *ticks)
{
	u64 mask = acpi.pm_timer_32bit ? 0xffffffff : 0xffffff;
	struct sample a = take_sample(), b;

	do {
		if (rdtsc() - a.tsc > TSC_GIVE_UP)
			return false;
		*ns = mul_div((inl(acpi.pm_timer) - a.ref) & mask, PMTMR_FS, 1000000);
	} while (*ns < CALIBRATE_NS);
	b = take_sample();
	*ns = mul_div((b.ref - a.ref) & mask, PMTMR_FS, 1000000);
	*ticks = b.tsc - a.tsc;
	return true;
}

/* mul is ns per tick as a fraction of 2^(shift + 32), with its top bit set. */
static void scale_set(u64 ns, u64 ticks)
{
	u64 rate = mul_div(ns, 1ULL << 40, ticks);

	while (rate >> (8 + scale.shift) >> 32)
		scale.shift++;
	while (scale.shift > -8 && !(rate >> (8 + scale.shift) >> 31))
		scale.shift--;
	scale.mul = rate >> (8 + scale.shift);
	khz = mul_div(ticks, 1000000, ns);
}

bool clock_boot_init(void)
{
	u64 ns, ticks;

	scale.tsc = rdtsc();
	if (!acpi.pm_timer || !against_pm_timer(&ns, &ticks))
		return false;
	scale_set(ns, ticks);
	boot_wall_sec = cmos_time(acpi.century);
	boot_wall_ns = system_time();
	return true;
}

const struct clock_scale *clock_scale(void)
{
	return &scale;
}

u64 system_time(void)
{
	u64 delta = rdtsc_ordered() - scale.tsc;

	delta = scale.shift < 0 ? delta >> -scale.shift : delta << scale.shift;
	return scale.mul ? mul_shift32(delta, scale.mul) : 0;
}

/**
 * system_time_to_tsc() - the TSC's value at a system time
 */
u64 system_time_to_tsc(u64 ns)
{
	u64 delta = mul_div(ns, 1ULL << 32, scale.mul);

	return scale.tsc + (scale.shift < 0 ? delta << -scale.shift : delta >> scale.shift);
}

u32 tsc_khz(void)
{
	return khz;
}

void udelay(u32 us)
{
	u64 end = rdtsc() + (u64)us * tsc_khz() / 1000;

	while (rdtsc() < end)
		cpu_relax();
}

void wallclock_now(u64 *sec, u32 *nsec)
{
	u64 ns = system_time() - boot_wall_ns;

	*sec = boot_wall_sec + ns / 1000000000;
	*nsec = ns % 1000000000;
}
