// SPDX-License-Identifier: GPL-2.0
/*
 * The local APIC of each pCPU: set-up, end of interrupt, inter-processor
 * interrupts, and the one-shot timer under machine/timer.c.
 *
 * Used through its registers in memory (xAPIC), or through MSRs where firmware
 * left x2APIC on; one mode for all pCPUs, that of the boot pCPU. Register
 * numbers are those of xAPIC, MSR 0x800 + offset / 16 (SDM 3A 11.12.1.2).
 *
 * Timer: TSC-deadline where there is one, else the one-shot count, whose
 * frequency is measured once against the TSC. A count may end a little early;
 * machine/timer.c then sets it again.
 *
 * Locks: none, each pCPU uses its own.
 */
#include "machine/clock.h"
#include "machine/cpu-features.h"
#include "machine/cpu.h"
#include "machine/irq.h"
#include "machine/mmio.h"
#include "machine/pcpu.h"

#define APIC_ID		0x020
#define APIC_TPR	0x080
#define APIC_EOI	0x0b0
#define APIC_SVR	0x0f0
#define APIC_ESR	0x280
#define APIC_LVT_CMCI	0x2f0
#define APIC_ICR	0x300
#define APIC_ICR_DEST	0x310
#define APIC_LVT_TIMER	0x320
#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PERF	0x340
#define APIC_LVT_LINT0	0x350
#define APIC_LVT_LINT1	0x360
#define APIC_LVT_ERROR	0x370
#define APIC_TIMER_INIT	0x380
#define APIC_TIMER_NOW	0x390
#define APIC_TIMER_DIV	0x3e0
#define APIC_VERSION	0x030

#define SVR_ENABLE	BIT(8)
#define ICR_BUSY	BIT(12)
#define LVT_MASKED	BIT(16)
#define LVT_NMI		0x400
#define LVT_DEADLINE	BIT(18)
#define DIVIDE_BY_1	0x0b

#define BASE_ENABLE	BIT(11)
#define BASE_X2APIC	BIT(10)
#define BASE_ADDR	0xffffff000ULL

#define ICR_SPINS	1000000
#define CALIBRATE_US	5000
#define CALIBRATE_TRIES	5
#define MAX_WAIT_NS	4000000000ULL	/* keeps every product in 64 bits */

static void __iomem *regs;
static paddr_t regs_base;
static bool x2apic;
static u32 timer_khz;	/* of the count; constant once measured */

static u32 apic_read(u32 reg)
{
	if (x2apic)
		return rdmsr(0x800 + (reg >> 4));
	return mmio_read32((u8 __iomem *)regs + reg);
}

static void apic_write(u32 reg, u32 v)
{
	if (x2apic)
		wrmsr(0x800 + (reg >> 4), v);
	else
		mmio_write32((u8 __iomem *)regs + reg, v);
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

paddr_t apic_mmio_base(void)
{
	return regs_base;
}

void apic_icr(u32 dest, u32 low)
{
	unsigned int spins = 0;

	if (x2apic) {
		/* Unlike a store to xAPIC memory this MSR write orders nothing. */
		__asm__ __volatile__("mfence; lfence" ::: "memory");
		wrmsr(0x800 + (APIC_ICR >> 4), (u64)dest << 32 | low);
		return;
	}
	while ((apic_read(APIC_ICR) & ICR_BUSY) && ++spins < ICR_SPINS)
		;
	apic_write(APIC_ICR_DEST, dest << 24);
	apic_write(APIC_ICR, low);
}

/* Ticks of the count in CALIBRATE_US, both ends read without an interruption. */
static void timer_calibrate(void)
{
	u64 best = ~0ULL, t0, t1, before;
	unsigned int i;
	u32 count;

	for (i = 0; i < CALIBRATE_TRIES; i++) {
		apic_write(APIC_TIMER_INIT, ~0u);
		t0 = rdtsc();
		udelay(CALIBRATE_US);
		before = rdtsc();
		count = apic_read(APIC_TIMER_NOW);
		t1 = rdtsc();
		if (t1 - before >= best)
			continue;
		best = t1 - before;
		timer_khz = (u64)(~0u - count) * tsc_khz() / (t1 - t0);
	}
	apic_write(APIC_TIMER_INIT, 0);
	if (!timer_khz)
		timer_khz = 1;
}

static void timer_setup(void)
{
	if (cpu_features.tsc_deadline) {
		apic_write(APIC_LVT_TIMER, VEC_APIC_TIMER | LVT_DEADLINE);
		/* SDM 3A 11.5.4.1: the mode is to take effect before the MSR. */
		__asm__ __volatile__("mfence" ::: "memory");
		return;
	}
	apic_write(APIC_TIMER_DIV, DIVIDE_BY_1);
	if (!timer_khz) {
		apic_write(APIC_LVT_TIMER, VEC_APIC_TIMER | LVT_MASKED);
		timer_calibrate();
	}
	apic_write(APIC_LVT_TIMER, VEC_APIC_TIMER);
}

/**
 * apic_timer_set() - one interrupt VEC_APIC_TIMER at @deadline_ns
 *
 * In the past: at once. Far in the future it may come early.
 */
void apic_timer_set(u64 deadline_ns)
{
	u64 now = system_time(), wait;

	wait = deadline_ns > now ? min((u64)(deadline_ns - now), (u64)MAX_WAIT_NS) : 0;
	if (cpu_features.tsc_deadline) {
		/* Guests give deadlines that are past the end of the TSC's range. */
		wrmsr(MSR_TSC_DEADLINE, deadline_ns ?
		      max(system_time_to_tsc(now + wait), 1ULL) : 0);
		return;
	}
	if (!deadline_ns) {
		apic_write(APIC_TIMER_INIT, 0);
		return;
	}
	wait = wait * timer_khz / 1000000 + 1;
	apic_write(APIC_TIMER_INIT, min(wait, 0xffffffffULL));
}

static void boot_pcpu_find(u64 base)
{
	/*
	 * While LINT0 still takes the 8259s' request: once it is masked, QEMU no
	 * longer sees the request go and delivers a vector of -1.
	 */
	pic_mask();
	x2apic = base & BASE_X2APIC;
	regs_base = base & BASE_ADDR;
	if (!x2apic)
		regs = mmio_map(regs_base, PAGE_SIZE);
}

void apic_pcpu_init(void)
{
	/* The fifth entry of the LVT, the sixth, the seventh. */
	static const u16 optional[] = { APIC_LVT_PERF, APIC_LVT_THERMAL, APIC_LVT_CMCI };
	u64 base = rdmsr(MSR_APIC_BASE);
	u32 max_lvt, i;

	if (!regs_base)
		boot_pcpu_find(base);
	wrmsr(MSR_APIC_BASE, base | BASE_ENABLE | (x2apic ? BASE_X2APIC : 0));
	this_cpu->apic_id = apic_read(APIC_ID) >> (x2apic ? 0 : 24);
	max_lvt = apic_read(APIC_VERSION) >> 16 & 0xff;

	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, SVR_ENABLE | VEC_SPURIOUS);
	timer_setup();
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	for (i = 0; i < ARRAY_SIZE(optional) && i + 4 <= max_lvt; i++)
		apic_write(optional[i], LVT_MASKED);
	apic_write(APIC_LVT_ERROR, VEC_APIC_ERROR);
	apic_write(APIC_ESR, 0);
	/* One may be in service if firmware handed over in a hurry. */
	apic_eoi();
}
