/* SPDX-License-Identifier: GPL-2.0 */
/* The battery-backed clock. */
#ifndef RINGLET_MACHINE_CMOS_H
#define RINGLET_MACHINE_CMOS_H

#include "base/types.h"

/* Seconds since 1970, taking the clock for UTC. @century: register, 0: none. */
u64 cmos_time(u8 century);

#endif
