/* SPDX-License-Identifier: GPL-2.0 */
/* Instructions as the machine tests answer them; see machine-*.c. */
#ifndef RINGLET_MACHINE_CPU_H
#define RINGLET_MACHINE_CPU_H

#include "base/types.h"

u64 rdtsc(void);
u8 inb(u16 port);
u32 inl(u16 port);
void outb(u16 port, u8 v);

#endif
