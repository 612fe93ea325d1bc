/* SPDX-License-Identifier: GPL-2.0 */
/* System time: nanoseconds since boot from the TSC. */
#ifndef RINGLET_MACHINE_CLOCK_H
#define RINGLET_MACHINE_CLOCK_H

#include "base/types.h"

/* Calibrate the TSC; BSP at boot. False: there is no ACPI PM timer, or it stands still. */
bool __must_check clock_boot_init(void);

/* System time now, ns since boot; monotonic and the same on all pCPUs. */
u64 system_time(void);

/* The TSC <-> ns relation as pvclock wants it (xen/xen.h, vcpu_time_info). */
struct clock_scale {
	u64 tsc;	/* at system time 0 */
	u32 mul;	/* ns = ((delta << shift) * mul) >> 32 */
	s8 shift;
};
const struct clock_scale *clock_scale(void);	/* constant after boot */
u32 tsc_khz(void);
u64 system_time_to_tsc(u64 ns);

/* Seconds since 1970 from the CMOS clock (read once at boot, plus system time). */
void wallclock_now(u64 *sec, u32 *nsec);
/* The battery-backed clock itself, taken for UTC. @century: its register, 0: none. */
u64 cmos_time(u8 century);
void udelay(u32 us);

#endif
