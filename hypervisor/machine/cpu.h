/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Single instructions and model-specific register numbers (SDM 2B-2D, SDM 4).
 */
#ifndef RINGLET_MACHINE_CPU_H
#define RINGLET_MACHINE_CPU_H

#include "base/types.h"

#define MSR_TSC			0x10
#define MSR_APIC_BASE		0x1b
#define MSR_PRED_CMD		0x49
#define MSR_FLUSH_CMD		0x10b
#define MSR_MISC_ENABLE		0x1a0
#define MSR_ARCH_CAPABILITIES	0x10a
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176
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

/* Error code of a page fault. */
#define PF_PRESENT		BIT(0)
#define PF_WRITE		BIT(1)
#define PF_USER			BIT(2)
#define PF_RESERVED		BIT(3)

#define EFER_SCE		BIT(0)
#define EFER_LME		BIT(8)
#define EFER_LMA		BIT(10)
#define EFER_NX			BIT(11)

#define CR0_PE			BIT(0)
#define CR0_MP			BIT(1)
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
#define CR4_OSFXSR		BIT(9)
#define CR4_OSXMMEXCPT		BIT(10)
#define CR4_UMIP		BIT(11)
#define CR4_FSGSBASE		BIT(16)
#define CR4_OSXSAVE		BIT(18)
#define CR4_SMEP		BIT(20)

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

#define DEFINE_REGISTER(name) \
	static inline u64 read_##name(void) \
	{ \
		u64 v; \
		__asm__ __volatile__("mov %%" #name ", %0" : "=r"(v) :: "memory"); \
		return v; \
	} \
	static inline void write_##name(u64 v) \
	{ \
		__asm__ __volatile__("mov %0, %%" #name :: "r"(v) : "memory"); \
	}
DEFINE_REGISTER(cr0)
DEFINE_REGISTER(cr2)
DEFINE_REGISTER(cr3)
DEFINE_REGISTER(cr4)
DEFINE_REGISTER(dr0)
DEFINE_REGISTER(dr1)
DEFINE_REGISTER(dr2)
DEFINE_REGISTER(dr3)
DEFINE_REGISTER(dr6)
DEFINE_REGISTER(dr7)

/* What SGDT and SIDT store in 64-bit mode, LGDT and LIDT load. */
struct table_register {
	u16 limit;
	u64 base;
} __attribute__((packed));

#define DEFINE_STORE(name, insn, type) \
	static inline type read_##name(void) \
	{ \
		type v; \
		__asm__ __volatile__(insn " %0" : "=m"(v)); \
		return v; \
	}
DEFINE_STORE(gdtr, "sgdt", struct table_register)
DEFINE_STORE(idtr, "sidt", struct table_register)
DEFINE_STORE(ldtr, "sldt", u16)
DEFINE_STORE(tr, "str", u16)

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

#define DEFINE_PORT(suffix, type) \
	static inline type in##suffix(u16 port) \
	{ \
		type v; \
		__asm__ __volatile__("in" #suffix " %1, %0" : "=a"(v) : "Nd"(port)); \
		return v; \
	} \
	static inline void out##suffix(u16 port, type v) \
	{ \
		__asm__ __volatile__("out" #suffix " %0, %1" :: "a"(v), "Nd"(port)); \
	}
DEFINE_PORT(b, u8)
DEFINE_PORT(w, u16)
DEFINE_PORT(l, u32)

/* A port by the size of the access: 1, 2 or 4 bytes. */
static inline u32 port_in(u16 port, unsigned int bytes)
{
	return bytes == 1 ? inb(port) : bytes == 2 ? inw(port) : inl(port);
}

static inline void port_out(u16 port, unsigned int bytes, u32 v)
{
	if (bytes == 1)
		outb(port, v);
	else if (bytes == 2)
		outw(port, v);
	else
		outl(port, v);
}

static inline void irq_disable(void)
{
	__asm__ __volatile__("cli" ::: "memory");
}

static inline void xsetbv(u32 reg, u64 v)
{
	__asm__ __volatile__("xsetbv" :: "c"(reg), "a"((u32)v), "d"((u32)(v >> 32)));
}

/* Bits 63..47 all equal (4-level paging). */
static inline bool is_canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

#endif
