// SPDX-License-Identifier: GPL-2.0
/*
 * Application pCPUs: their start, kicks, and the flush protocol.
 *
 * Start: INIT, STARTUP, STARTUP (SDM 3A 8.4.4) into a page below 1 MiB, which
 * trampoline.S fills together with three temporary page tables; what was there
 * is put back at the end. One pCPU starts at a time. One that does not answer
 * is sent back to wait for a STARTUP, so that it cannot come late and run on
 * the next one's stack.
 *
 * Locks: none. smp_boot() runs on the boot pCPU alone.
 */
#include "machine/smp.h"
#include "base/bitmap.h"
#include "base/lock.h"
#include "base/string.h"
#include "machine/acpi.h"
#include "machine/clock.h"
#include "machine/cpu-features.h"
#include "machine/cpu.h"
#include "machine/directmap.h"
#include "machine/irq.h"
#include "machine/pte.h"
#include "machine/trampoline.h"

#define START_WAIT_US	3000000	/* an emulator's host may be busy */
void smp_ap_main(void) __noreturn;

/* For trampoline.S and smp_ap_main(): of the pCPU that starts now. */
u64 smp_ap_cr3 __initdata;
static void (*ap_main)(void) __noreturn;
static u32 ap_running;	/* set by the new pCPU */

static u32 halt_told;

static void ipi_send(u32 cpu, u8 vector)
{
	apic_icr(pcpu_table[cpu]->apic_id, ICR_FIXED | ICR_ASSERT | vector);
}

void pcpu_kick(u32 cpu)
{
	if (cpu != this_cpu->id)
		ipi_send(cpu, VEC_IPI_KICK);
}

void softirq_raise(u32 cpu, unsigned int nr)
{
	/* Set already: a kick is on its way, or the pCPU is about to look. */
	if (!test_and_set_bit(nr, &pcpu_table[cpu]->softirqs))
		pcpu_kick(cpu);
}

void pcpu_flush(u64 mask)
{
	u64 entries[MAX_PCPUS], waiting = 0;
	u32 cpu;

	_Static_assert(MAX_PCPUS <= 64, "one word of pCPUs");
	/* The changed tables before in_guest; partner: the exit path. */
	smp_mb();
	for (cpu = 0; cpu < nr_pcpus; cpu++) {
		struct pcpu *p = pcpu_table[cpu];

		if (cpu == this_cpu->id || !(mask & BIT(cpu)))
			continue;
		/* The count first: if it moves after this, CR3 was loaded. */
		entries[cpu] = __atomic_load_n(&p->entries, __ATOMIC_ACQUIRE);
		if (!__atomic_load_n(&p->in_guest, __ATOMIC_ACQUIRE))
			continue;
		waiting |= BIT(cpu);
		ipi_send(cpu, VEC_IPI_FLUSH);
	}
	for (; waiting; waiting &= waiting - 1) {
		struct pcpu *p = pcpu_table[cpu = __builtin_ctzll(waiting)];

		while (__atomic_load_n(&p->in_guest, __ATOMIC_ACQUIRE) &&
		       __atomic_load_n(&p->entries, __ATOMIC_ACQUIRE) == entries[cpu]) {
			/* The one we wait for may have told all to stop. */
			machine_halt_if_told();
			cpu_relax();
		}
	}
}

void machine_halt_others(void)
{
	/* Alone, perhaps so early that there is no this_cpu. */
	if (nr_pcpus <= 1)
		return;
	WRITE_ONCE(halt_told, this_cpu->id + 1);
	smp_mb();
	apic_icr(0, ICR_NMI | ICR_ASSERT | ICR_ALL_OTHERS);
}

void machine_halt_if_told(void)
{
	u32 by = READ_ONCE(halt_told);

	if (by && by != this_cpu->id + 1)
		machine_halt();
}

/* First C of a new pCPU; trampoline.S has loaded its CR3 and stack. */
void smp_ap_main(void)
{
	__atomic_store_n(&ap_running, 1, __ATOMIC_RELEASE);
	ap_main();
}

/*
 * Temporary tables below 1 MiB (CR3 is loaded before long mode, 32 bits wide):
 * the first 2 MiB as they are, the upper half as the boot pCPU has it.
 */
static void __init trampoline_fill(u8 *page)
{
	u64 *l4 = (u64 *)(page + PAGE_SIZE), *l3 = l4 + 512, *l2 = l3 + 512;
	const u64 *own = paddr_to_virt(read_cr3() & PAGE_MASK);

	memset(page, 0, TRAMPOLINE_PAGES * PAGE_SIZE);
	memcpy(page, smp_trampoline_start, smp_trampoline_end - smp_trampoline_start);
	memcpy(l4 + 256, own + 256, PAGE_SIZE / 2);
	l4[0] = (TRAMPOLINE_PHYS + 2 * PAGE_SIZE) | PTE_TABLE;
	l3[0] = (TRAMPOLINE_PHYS + 3 * PAGE_SIZE) | PTE_TABLE;
	l2[0] = PTE_TABLE | PTE_PS;
}

static bool __init pcpu_start(u32 cpu, u32 apic)
{
	u32 us;

	smp_ap_cr3 = pcpu_table[cpu]->host_cr3;
	ap_running = 0;
	smp_mb();
	apic_icr(apic, ICR_INIT | ICR_ASSERT);
	udelay(10000);
	apic_icr(apic, ICR_STARTUP | ICR_ASSERT | TRAMPOLINE_PHYS >> PAGE_SHIFT);
	udelay(300);
	if (!__atomic_load_n(&ap_running, __ATOMIC_ACQUIRE))
		apic_icr(apic, ICR_STARTUP | ICR_ASSERT | TRAMPOLINE_PHYS >> PAGE_SHIFT);
	for (us = 0; us < START_WAIT_US; us += 50) {
		if (__atomic_load_n(&ap_running, __ATOMIC_ACQUIRE))
			return true;
		udelay(50);
	}
	apic_icr(apic, ICR_INIT | ICR_ASSERT);
	udelay(10000);
	return false;
}

void __init smp_boot(u32 max, int (*create)(u32 cpu, u32 apic_id), void (*main)(void) __noreturn)
{
	static u8 saved[TRAMPOLINE_PAGES * PAGE_SIZE] __initdata;
	u8 *page = paddr_to_virt(TRAMPOLINE_PHYS);
	u32 i, own = this_cpu->apic_id;

	ap_main = main;
	memcpy(saved, page, sizeof(saved));
	trampoline_fill(page);
	for (i = 0; i < acpi.nr_cpus && nr_pcpus < min(max, (u32)MAX_PCPUS); i++) {
		u32 apic = acpi.cpu[i].apic_id;

		if (apic == own)
			continue;
		if (create(nr_pcpus, apic))
			break;
		nr_pcpus++;
		if (!pcpu_start(nr_pcpus - 1, apic))
			nr_pcpus--;
	}
	memcpy(page, saved, sizeof(saved));
}
