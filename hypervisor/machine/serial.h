/* SPDX-License-Identifier: GPL-2.0 */
/* A 16550 UART, polled: the hypervisor's console. */
#ifndef RINGLET_MACHINE_SERIAL_H
#define RINGLET_MACHINE_SERIAL_H

#include "base/types.h"

/* @spec as in com1=: "115200,8n1[,port[,irq]]"; false if malformed. */
bool serial_configure(const char *spec);
void serial_write(const char *s, size_t n);
int serial_read(void);		/* a received byte, or -1 */
u16 serial_port(void);		/* first of its 8 ports; 0: no UART answers */
/* Received bytes raise serial_irq() from now on (an ISA IRQ number). There is a UART. */
void serial_enable_irq(void);
u32 serial_irq(void);

#endif
