/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers of the real header; instructions that ring 3 has not are the test's. */
#ifndef TEST_CPU_H
#define TEST_CPU_H

#define rdmsr		hw_rdmsr
#define wrmsr		hw_wrmsr
#define read_cr0	hw_read_cr0
#define write_cr0	hw_write_cr0
#define inb		hw_inb
#define port_in		hw_port_in
#define outb		hw_outb
#define port_out	hw_port_out
#define read_gdtr	hw_read_gdtr
#define read_idtr	hw_read_idtr
#define read_ldtr	hw_read_ldtr
#define read_tr		hw_read_tr
#include "../../../../hypervisor/machine/cpu.h"
#undef rdmsr
#undef wrmsr
#undef read_cr0
#undef write_cr0
#undef inb
#undef port_in
#undef outb
#undef port_out
#undef read_gdtr
#undef read_idtr
#undef read_ldtr
#undef read_tr

u64 rdmsr(u32 msr);
void wrmsr(u32 msr, u64 value);
u64 read_cr0(void);
void write_cr0(u64 value);
u8 inb(u16 port);
u32 port_in(u16 port, unsigned int bytes);
void outb(u16 port, u8 value);
void port_out(u16 port, unsigned int bytes, u32 value);
struct table_register read_gdtr(void);
struct table_register read_idtr(void);
u16 read_ldtr(void);
u16 read_tr(void);

#endif
