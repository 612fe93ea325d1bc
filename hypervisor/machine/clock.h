/* SPDX-License-Identifier: GPL-2.0 */
/* System time: nanoseconds since boot from the TSC, kept true to a reference clock. */
#ifndef RINGLET_MACHINE_CLOCK_H
#define RINGLET_MACHINE_CLOCK_H

#include "base/types.h"

/* Calibrate the TSC (ACPI PM timer, else PIT); BSP at boot. */
void clock_boot_init(void);

/*
 * Measure again and correct the scale; about once a second, on one pCPU
 * (timer_pcpu_init() of the boot pCPU arranges it).
 */
void clock_track(void);
#define CLOCK_TRACK_NS	1000000000ULL

/* System time now, ns since boot; monotonic and the same on all pCPUs. */
u64 system_time(void);

/* The TSC <-> ns relation as pvclock wants it (xen/xen.h, vcpu_time_info). */
struct clock_scale {
	u64 tsc;	/* at... */
	u64 ns;		/* ...this system time */
	u32 mul;	/* ns = ((delta << shift) * mul) >> 32 */
	s8 shift;
	u32 version;	/* changes when the relation was re-measured */
};
void clock_scale_get(struct clock_scale *s);
u32 tsc_khz(void);
u64 system_time_to_tsc(u64 ns);

/* Seconds since 1970 from the CMOS clock (read once at boot, plus system time). */
void wallclock_now(u64 *sec, u32 *nsec);
void udelay(u32 us);

#endif
