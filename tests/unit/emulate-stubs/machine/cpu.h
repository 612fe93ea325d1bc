/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers of the real header; instructions that ring 3 has not are the test's. */
#ifndef TEST_CPU_H
#define TEST_CPU_H

#define rdmsr		hw_rdmsr
#define wrmsr		hw_wrmsr
#define read_cr0	hw_read_cr0
#define write_cr0	hw_write_cr0
#define inb		hw_inb
#define inw		hw_inw
#define inl		hw_inl
#define outb		hw_outb
#define outw		hw_outw
#define outl		hw_outl
#include "../../../../hypervisor/machine/cpu.h"
#undef rdmsr
#undef wrmsr
#undef read_cr0
#undef write_cr0
#undef inb
#undef inw
#undef inl
#undef outb
#undef outw
#undef outl

u64 rdmsr(u32 msr);
void wrmsr(u32 msr, u64 value);
u64 read_cr0(void);
void write_cr0(u64 value);
u8 inb(u16 port);
u16 inw(u16 port);
u32 inl(u16 port);
void outb(u16 port, u8 value);
void outw(u16 port, u16 value);
void outl(u16 port, u32 value);

#endif
