/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Single instructions and model-specific register numbers (SDM 2B-2D, SDM 4).
 */
#ifndef RINGLET_MACHINE_CPU_H
#define RINGLET_MACHINE_CPU_H

#include "base/types.h"

#define MSR_TSC			0x10
#define MSR_APIC_BASE		0x1b
#define MSR_MISC_ENABLE		0x1a0
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176
#define MSR_DEBUGCTL		0x1d9
#define MSR_PAT			0x277
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_SFMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

#define DR6_INIT		0xffff0ff0ULL	/* nothing recorded */

#define EFER_SCE		BIT(0)
#define EFER_LME		BIT(8)
#define EFER_LMA		BIT(10)
#define EFER_NX			BIT(11)

#define CR0_PE			BIT(0)
#define CR0_MP			BIT(1)
#define CR0_EM			BIT(2)
#define CR0_TS			BIT(3)
#define CR0_ET			BIT(4)
#define CR0_NE			BIT(5)
#define CR0_WP			BIT(16)
#define CR0_AM			BIT(18)
#define CR0_PG			BIT(31)

#define CR4_TSD			BIT(2)
#define CR4_DE			BIT(3)
#define CR4_PSE			BIT(4)
#define CR4_PAE			BIT(5)
#define CR4_MCE			BIT(6)
#define CR4_PGE			BIT(7)
#define CR4_PCE			BIT(8)
#define CR4_OSFXSR		BIT(9)
#define CR4_OSXMMEXCPT		BIT(10)
#define CR4_UMIP		BIT(11)
#define CR4_FSGSBASE		BIT(16)
#define CR4_OSXSAVE		BIT(18)
#define CR4_SMEP		BIT(20)
#define CR4_SMAP		BIT(21)
#define CR4_PKE			BIT(22)

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ __volatile__("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ __volatile__("wrmsr" :: "c"(msr), "a"((u32)(v & 0xffffffff)),
			     "d"((u32)(v >> 32)) : "memory");
}

#define DEFINE_CR(n) \
	static inline u64 read_cr##n(void) \
	{ \
		u64 v; \
		__asm__ __volatile__("mov %%cr" #n ", %0" : "=r"(v) :: "memory"); \
		return v; \
	} \
	static inline void write_cr##n(u64 v) \
	{ \
		__asm__ __volatile__("mov %0, %%cr" #n :: "r"(v) : "memory"); \
	}
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)

#define DEFINE_DR(n) \
	static inline u64 read_dr##n(void) \
	{ \
		u64 v; \
		__asm__ __volatile__("mov %%dr" #n ", %0" : "=r"(v)); \
		return v; \
	} \
	static inline void write_dr##n(u64 v) \
	{ \
		__asm__ __volatile__("mov %0, %%dr" #n :: "r"(v)); \
	}
DEFINE_DR(0)
DEFINE_DR(1)
DEFINE_DR(2)
DEFINE_DR(3)
DEFINE_DR(6)
DEFINE_DR(7)

static inline void cpuid_count(u32 leaf, u32 sub, u32 r[4])
{
	__asm__ __volatile__("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]),
			     "=d"(r[3]) : "a"(leaf), "c"(sub));
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ __volatile__("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ __volatile__("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;

	__asm__ __volatile__("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	__asm__ __volatile__("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outb(u16 port, u8 v)
{
	__asm__ __volatile__("outb %0, %1" :: "a"(v), "Nd"(port));
}

static inline void outw(u16 port, u16 v)
{
	__asm__ __volatile__("outw %0, %1" :: "a"(v), "Nd"(port));
}

static inline void outl(u16 port, u32 v)
{
	__asm__ __volatile__("outl %0, %1" :: "a"(v), "Nd"(port));
}

static inline void irq_enable(void)
{
	__asm__ __volatile__("sti" ::: "memory");
}

static inline void irq_disable(void)
{
	__asm__ __volatile__("cli" ::: "memory");
}

static inline void xsetbv(u32 reg, u64 v)
{
	__asm__ __volatile__("xsetbv" :: "c"(reg), "a"((u32)v),
			     "d"((u32)(v >> 32)));
}

static inline u64 xgetbv(u32 reg)
{
	u32 lo, hi;

	__asm__ __volatile__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(reg));
	return (u64)hi << 32 | lo;
}

/* Bits 63..47 all equal (4-level paging). */
static inline bool is_canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

#endif
