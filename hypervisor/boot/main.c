// SPDX-License-Identifier: GPL-2.0
/*
 * Boot, in order.
 *
 *	boot_main	boot loader's stack frame, early tables, early IDT
 *	boot_on_pcpu	boot pCPU's own space, stack and IDT
 *	boot_finish	all other boot code is gone; does not return
 *
 * One pCPU runs all of this; the others, once started, idle in host space.
 * Everything that names physical memory early goes through boot_phys(), which
 * knows what is mapped at each stage.
 */
#include "base/string.h"
#include "boot/boot.h"
#include "boot/dom0.h"
#include "boot/memory.h"
#include "boot/options.h"
#include "console/printk.h"
#include "control/control.h"
#include "dispatch/dispatch.h"
#include "gate/gate.h"
#include "machine/acpi.h"
#include "machine/clock.h"
#include "machine/cpu-features.h"
#include "machine/host-map.h"
#include "machine/irq.h"
#include "machine/smp.h"
#include "machine/timer.h"
#include "mm/mm.h"
#include "sched/sched.h"
#include "state/pcpu-space.h"
#include "state/vcpu-space.h"

#define RESIDENT	__section(".text.resident") __attribute__((noinline))
#define EARLY_MAP_END	(4UL << 30)
#define VERSION		"0.1"

static struct boot_info info;
static struct kernel kernel;
static paddr_t rsdp;		/* 0: in the BIOS areas */
static u32 aps_ready;

extern const char image_end[];

static void boot_on_pcpu(void);

const void *boot_phys(paddr_t pa, u64 size)
{
	if (pa + size < pa || pa + size > EARLY_MAP_END)
		return NULL;
	return paddr_to_virt(pa);
}

static void require(const char *fault)
{
	if (fault)
		boot_fail("%s", fault);
}

static void boot_memory(void)
{
	require(memory_map_init(&info));
	boot_take(IMAGE_PHYS, image_paddr(image_end));
	modules_take(&info);
	require(memory_direct_map(&info));
	require(memory_frame_table());
	printk(LOG_INFO, "memory: %lu MiB free, highest frame %lx",
	       ranges_bytes(&boot_free) >> 20, frame_count - 1);
}

void boot_main(u32 magic, u32 pa)
{
	const char *fault, *args;

	early_idt_load();
	fault = boot_info_parse(magic, pa, &info);
	args = boot_arguments(&info, info.cmdline);
	options_parse(args, true);
	printk(LOG_INFO, "Ringlet " VERSION ", loaded by %s",
	       info.loader[0] ? info.loader : "an unnamed boot loader");
	require(fault);
	printk(LOG_INFO, "command line: %s", args);
	if (info.truncated)
		printk(LOG_WARNING,
			"ringlet: boot: the boot loader's information is longer than there "
			"is room for: the rest is ignored");
	options_parse(args, false);
	scopy(hypervisor_command_line, args, sizeof(hypervisor_command_line));
	cpu_features_init();
	boot_memory();
	modules_load_kernel(&info, &kernel);
	ranges_to_heap(&boot_free);
	mm_boot_init();
	if (vcpu_space_boot_init() || pcpu_space_create(0, 0))
		boot_fail("too little memory: add RAM");
	boot_on_host_stack(pcpu_table[0]->host_cr3, boot_on_pcpu);
}

/* First C of each other pCPU. Resident: it may still run when boot has ended. */
static void RESIDENT __noreturn ap_main(void)
{
	pcpu_load();
	cpu_pcpu_init();
	apic_pcpu_init();
	sched_pcpu_init(this_cpu->id);
	timer_pcpu_init();
	__atomic_fetch_add(&aps_ready, 1, __ATOMIC_RELEASE);
	gate_run();
}

static void boot_devices(void)
{
	rsdp = rsdp_find(&info);
	if (!rsdp && acpi_boot_init(0))
		printk(LOG_WARNING, "ringlet: boot: no usable ACPI tables: one CPU, no I/O APIC");
	if (!clock_boot_init())
		boot_fail("no ACPI PM timer that counts: switch ACPI on in the machine's set-up");
	/* The 8259s first: masked, they take back an interrupt they asserted
	 * before LINT0 is closed to them. */
	ioapic_boot_init();
	apic_pcpu_init();
	sched_pcpu_init(0);
	timer_pcpu_init();
	pirq_boot_init();
}

static void boot_pcpus(void)
{
	const struct boot_options *o = &boot_options;

	smp_boot(o->maxcpus ? o->maxcpus : MAX_PCPUS, pcpu_space_create, ap_main);
	while (__atomic_load_n(&aps_ready, __ATOMIC_ACQUIRE) != nr_pcpus - 1)
		cpu_relax();
	printk(LOG_INFO, "%u CPUs, TSC %u kHz", nr_pcpus, tsc_khz());
}

/* What only boot needs goes, and with it the code that called this. */
static void RESIDENT __noreturn boot_finish(struct vcpu *v)
{
	paddr_t start, end;

	host_map_seal(&start, &end);
	heap_add(start, end);
	vcpu_wake(v);
	gate_run();
}

static void boot_on_pcpu(void)
{
	pcpu_load();
	cpu_pcpu_init();
	nr_pcpus = 1;
	boot_devices();
	boot_pcpus();
	boot_finish(dom0_build(&info, &kernel, rsdp)->vcpu[0]);
}
