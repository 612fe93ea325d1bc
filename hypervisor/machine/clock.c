// SPDX-License-Identifier: GPL-2.0
/*
 * System time: nanoseconds since boot, from the TSC.
 *
 * At boot the TSC is measured for 50 ms against the ACPI PM timer or, if there
 * is none, the PIT. Once a second clock_track() compares again. Two parts
 * make up the new scale: the rate seen over the last 16 to 32 s, and a small
 * slew that works off the present error in the next 8 s. A new scale starts at
 * the point the old one had reached, so system time never steps back.
 *
 * A rate is ns << 40 per tick: 40 bits of fraction keep the rounding below
 * 1e-11 for any TSC from 100 MHz to 10 GHz.
 *
 * The TSCs of all pCPUs are taken to run together, as they do in emulators and
 * on machines with an invariant TSC.
 *
 * Locks: the boot pCPU alone writes the scale; scale_seq is odd meanwhile and
 * readers try again.
 */
#include "machine/clock.h"
#include "base/lock.h"
#include "machine/acpi.h"
#include "machine/cmos.h"
#include "machine/cpu.h"
#include "machine/muldiv.h"

#define CALIBRATE_NS	50000000ULL
#define BASELINE_NS	16000000000ULL
#define SLEW_SHIFT	3		/* work an error off in 8 s */
#define SLEW_MAX_PPB	500000
#define LARGE_ERROR_NS	10000000
#define SLEW_LARGE_PPB	50000000
#define WIDE_NS		20000		/* a sample read more slowly is doubtful */
#define MAX_WIDE	8
#define RATE_SHIFT	40

#define PMTMR_FS	279365115ULL	/* 3.579545 MHz, ACPI 4.8.2.1 */
#define PIT_HZ		1193182ULL
#define TSC_GIVE_UP	(1ULL << 34)	/* some seconds: the device stands still */

static u64 ref_mask;	/* of the PM timer's counter; 0: it is not used */

static struct clock_scale scale;
static u32 scale_seq;		/* odd: being written */
static u64 boot_rate;		/* as calibrated; constant */
static u64 boot_wall_sec;	/* CMOS time... */
static u64 boot_wall_ns;	/* ...at this system time */

/* A moment, on both clocks. */
struct sample {
	u64 tsc, ref;
	u64 width;	/* ticks of the TSC the reading took */
};

/* Tracking; boot pCPU only. ref_total: ticks since calibration began. */
static struct sample last;
static u64 ref_total;
static struct { u64 tsc, ns; } older, newer;
static unsigned int wide_in_a_row;

static u64 rdtsc_ordered(void)
{
	__asm__ __volatile__("lfence" ::: "memory");
	return rdtsc();
}

static u64 ref_read(void)
{
	return inl(acpi.pm_timer) & ref_mask;
}

/* Of several readings the one that took least: it was not interrupted. */
static struct sample take_sample(void)
{
	struct sample best = { .width = ~0ULL };
	unsigned int i;

	for (i = 0; i < 8; i++) {
		u64 t0 = rdtsc_ordered(), ref = ref_read(), t1 = rdtsc_ordered();

		if (t1 - t0 < best.width)
			best = (struct sample){ t0 + (t1 - t0) / 2, ref, t1 - t0 };
	}
	return best;
}

static u64 ref_ns(u64 ticks)
{
	return mul_div(ticks, PMTMR_FS, 1000000);
}

static u64 scale_ns(const struct clock_scale *s, u64 tsc)
{
	u64 delta = tsc - s->tsc;

	/* Another pCPU may have set the scale a moment after @tsc was read. */
	if ((s64)delta < 0)
		return s->ns;
	delta = s->shift < 0 ? delta >> -s->shift : delta << s->shift;
	return s->ns + mul_shift32(delta, s->mul);
}

static void scale_set(u64 tsc, u64 ns, u64 rate)
{
	struct clock_scale s = { .tsc = tsc, .ns = ns, .shift = 0,
				 .version = scale.version + 1 };

	/* mul is rate as a fraction of 2^(shift + 32), with its top bit set. */
	while (rate >> (8 + s.shift) >> 32)
		s.shift++;
	while (s.shift > -8 && !(rate >> (8 + s.shift) >> 31))
		s.shift--;
	s.mul = rate >> (8 + s.shift);

	WRITE_ONCE(scale_seq, scale_seq + 1);
	smp_wmb();
	scale = s;
	smp_wmb();
	WRITE_ONCE(scale_seq, scale_seq + 1);
}

/**
 * clock_scale_get() - the present relation of TSC and system time
 * @s: filled in
 */
void clock_scale_get(struct clock_scale *s)
{
	u32 seq;

	do {
		seq = READ_ONCE(scale_seq);
		smp_rmb();
		*s = scale;
		smp_rmb();
	} while ((seq & 1) || seq != READ_ONCE(scale_seq));
}

u64 system_time(void)
{
	struct clock_scale s;

	clock_scale_get(&s);
	return s.mul ? scale_ns(&s, rdtsc_ordered()) : 0;
}

/**
 * system_time_to_tsc() - the TSC's value at a system time
 * @ns: at or after the scale's start; earlier times give the start
 */
u64 system_time_to_tsc(u64 ns)
{
	struct clock_scale s;
	u64 delta;

	clock_scale_get(&s);
	if (ns <= s.ns || !s.mul)
		return s.tsc;
	delta = mul_div(ns - s.ns, 1ULL << 32, s.mul);
	return s.tsc + (s.shift < 0 ? delta << -s.shift : delta >> s.shift);
}

u32 tsc_khz(void)
{
	return mul_div(1000000, 1ULL << RATE_SHIFT, boot_rate);
}

void udelay(u32 us)
{
	u64 end = rdtsc() + (u64)us * tsc_khz() / 1000;

	while (rdtsc() < end)
		cpu_relax();
}

/* Rate over CALIBRATE_NS of the reference; 0: it stands still. */
static u64 calibrate(void)
{
	struct sample a = take_sample();
	u64 elapsed;

	do {
		elapsed = ref_ns((ref_read() - a.ref) & ref_mask);
		if (rdtsc() - a.tsc > TSC_GIVE_UP)
			return 0;
	} while (elapsed < CALIBRATE_NS);

	last = take_sample();
	ref_total = (last.ref - a.ref) & ref_mask;
	older.tsc = newer.tsc = a.tsc;
	older.ns = newer.ns = 0;
	return mul_div(ref_ns(ref_total), 1ULL << RATE_SHIFT, last.tsc - a.tsc);
}

/* Channel 2 counts down once; its output is bit 5 of port 0x61. */
static u64 calibrate_pit(void)
{
	u32 count = PIT_HZ * CALIBRATE_NS / 1000000000;
	u64 t0, t1;

	outb(0x61, (inb(0x61) & ~0x02) | 0x01);
	outb(0x43, 0xb0);
	outb(0x42, count & 0xff);
	outb(0x42, count >> 8);
	t0 = rdtsc_ordered();
	do {
		t1 = rdtsc_ordered();
		if (t1 - t0 > TSC_GIVE_UP)
			return 0;
	} while (!(inb(0x61) & 0x20));
	last.tsc = t1;
	return mul_div(count * 1000000000ULL / PIT_HZ, 1ULL << RATE_SHIFT, t1 - t0);
}

void clock_boot_init(void)
{
	u64 rate = 0;

	if (acpi.pm_timer) {
		ref_mask = acpi.pm_timer_32bit ? 0xffffffff : 0xffffff;
		rate = calibrate();
	}
	if (!rate) {
		ref_mask = 0;
		rate = calibrate_pit();
	}
	if (!rate)	/* no clock at all: 1 GHz is as good as any guess */
		rate = 1ULL << RATE_SHIFT;
	boot_rate = rate;
	scale_set(last.tsc, ref_ns(ref_total), rate);
	boot_wall_sec = cmos_time(acpi.century);
	boot_wall_ns = system_time();
}

/*
 * Ticks since the last sample. The counter may have gone round meanwhile: the
 * TSC, which is good to far better than half a round, tells how often.
 */
static u64 ref_advance(const struct sample *s)
{
	u64 ticks = (s->ref - last.ref) & ref_mask;
	u64 expected = mul_div(scale_ns(&scale, s->tsc) - scale_ns(&scale, last.tsc),
			       1000000, PMTMR_FS);
	u64 round = ref_mask + 1;

	if (expected > ticks)
		ticks += (expected - ticks + round / 2) / round * round;
	return ticks;
}

static s64 slew_ppb(s64 error_ns)
{
	s64 limit = error_ns > LARGE_ERROR_NS || error_ns < -LARGE_ERROR_NS ?
		    SLEW_LARGE_PPB : SLEW_MAX_PPB;
	s64 ppb = error_ns >> SLEW_SHIFT;

	return ppb > limit ? limit : ppb < -limit ? -limit : ppb;
}

void clock_track(void)
{
	struct sample s;
	u64 ref, now, rate;

	if (!ref_mask)
		return;
	s = take_sample();
	if (s.width > (u64)WIDE_NS * tsc_khz() / 1000000 &&
	    ++wide_in_a_row < MAX_WIDE)
		return;
	wide_in_a_row = 0;

	ref_total += ref_advance(&s);
	last = s;
	ref = ref_ns(ref_total);
	now = scale_ns(&scale, s.tsc);
	rate = mul_div(ref - older.ns, 1ULL << RATE_SHIFT, s.tsc - older.tsc);
	rate += (s64)(rate / 1000) * slew_ppb(ref - now) / 1000000;
	scale_set(s.tsc, now, rate);

	if (ref - newer.ns >= BASELINE_NS) {
		older = newer;
		newer.tsc = s.tsc;
		newer.ns = ref;
	}
}

void wallclock_now(u64 *sec, u32 *nsec)
{
	u64 ns = system_time() - boot_wall_ns;

	*sec = boot_wall_sec + ns / 1000000000;
	*nsec = ns % 1000000000;
}
