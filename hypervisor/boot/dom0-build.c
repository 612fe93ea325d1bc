// SPDX-License-Identifier: GPL-2.0
/*
 * The service domain: created, given its memory, filled by the domain builder.
 *
 * The builder's page tables become types only when the first vCPU's base is
 * loaded, by the same validation that a guest's own tables go through; the base
 * is then pinned, since guests unpin it when they have their own.
 *
 * Locks: none; nothing else runs yet.
 */
#include "base/string.h"
#include "boot/boot.h"
#include "boot/dom0.h"
#include "boot/options.h"
#include "console/printk.h"
#include "control/control.h"
#include "evtchn/evtchn.h"
#include "machine/clock.h"
#include "machine/cpu-features.h"
#include "mm/mm.h"

static struct vcpu_guest_context context;

static void *prefix_page(void *ctx, u64 pfn)
{
	(void)ctx;
	return mfn_to_virt(dom0_prefix_mfn(pfn));
}

static void set_frame(const struct builder *b, u64 pfn, mfn_t mfn)
{
	builder_frame(b, pfn, mfn.v);
	m2p_set(mfn, pfn);
}

/* The remaining frames, in the largest pieces there are; fewer if memory ends. */
static void add_memory(struct domain *d, struct builder *b)
{
	u64 pfn, i, nr_pages = b->layout.nr_pages;
	unsigned int order = 9;
	mfn_t mfn;

	for (pfn = 0; pfn < dom0_prefix_pages(); pfn++)
		set_frame(b, pfn, dom0_prefix_mfn(pfn));
	while (pfn < nr_pages) {
		while (BIT(order) > nr_pages - pfn)
			order--;
		mfn = domain_alloc_frames(d, order, 0);
		if (mfn_eq(mfn, INVALID_MFN)) {
			if (!order--)
				break;
			continue;
		}
		for (i = 0; i < BIT(order); i++, pfn++)
			set_frame(b, pfn, MFN(mfn.v + i));
	}
	b->layout.nr_pages = pfn;
}

/* The guest's command line; what boot knows and it cannot find out is appended. */
static const char *make_cmdline(const char *line, paddr_t rsdp)
{
	static char whole[MAX_GUEST_CMDLINE];
	char tail[40] = "";

	if (rsdp)
		snformat(tail, sizeof(tail), " acpi_rsdp=0x%lx", rsdp);
	if (!scopy(whole, line, sizeof(whole) - strlen(tail)))
		printk(LOG_WARNING,
		       "ringlet: boot: the kernel's command line is cut at %lu characters",
		       strlen(whole) + strlen(tail));
	memcpy(whole + strlen(whole), tail, strlen(tail) + 1);
	return whole;
}

static void add_console(const struct builder *b, const struct boot_info *info)
{
	struct start_info *si = prefix_page(NULL, b->layout.start_info);
	struct dom0_vga_console_info vga;

	if (!dom0_console_info(info, &vga))
		return;
	memcpy(si + 1, &vga, sizeof(vga));
	si->console.dom0.info_off = sizeof(*si);
	si->console.dom0.info_size = sizeof(vga);
}

static void start_vcpu(struct domain *d)
{
	int rc;

	do {
		rc = vcpu_set_context(d->vcpu[0], &context, true);
	} while (rc == -ERESTART);
	if (rc)
		boot_fail("bug: the service domain's start is refused (%d)", rc);
}

static struct domain *create(void)
{
	const struct ringlet_domain_create op = {
		.flags = RINGLET_CREATE_FIT,
		.max_vcpus = min(boot_options.dom0_max_vcpus ?: nr_pcpus, (u32)MAX_VCPUS),
		.max_pages = frame_count,
	};
	struct domain *d;

	if (domain_create(&op, true, &d))
		boot_fail("too little memory for the service domain: add RAM");
	return d;
}

/*
 * Programs run on the kernel's tables: where its pages are user pages, or where
 * the CPU reads through U=0, they can see what is the kernel's.
 */
static void tell_exposure(struct domain *d, const struct kernel *k)
{
	if (!kernel_is_fit(k)) {
		d->no_smep = true;
		printk(LOG_WARNING,
		       "ringlet: boot: GUEST_OS of the kernel is \"%s\", not linux: its programs can "
		       "reach kernel pages that it maps for users; SMEP is off",
		       k->guest_os);
	}
	if (cpu_features.meltdown)
		printk(LOG_WARNING,
		       "ringlet: boot: this CPU has Meltdown: programs of a guest can read that "
		       "guest's kernel memory");
}

/* Choose the domain's size and place everything in it, or boot_fail(). */
static void place(struct domain *d, struct builder *b)
{
	u64 pages = ALIGN_DOWN(dom0_choose_pages(d), 512);
	const char *fault = layout_make(&b->layout, b->kernel, pages, b->initrd_size, false, 0);

	if (b->layout.prefix_end > pages)
		boot_fail("kernel and initial RAM disk (%lu MiB) are larger than the service "
			  "domain's memory (%lu MiB): add RAM or raise dom0_mem",
			  b->layout.prefix_end >> 8, pages >> 8);
	if (fault)
		boot_fail("%s", fault);
}

struct domain *dom0_build(const struct boot_info *info, const struct kernel *kernel, paddr_t rsdp)
{
	const char *args = boot_arguments(info, info->module[0].string);
	struct domain *d = create();
	struct builder b = {
		.kernel = kernel,
		.page = prefix_page,
		.initrd = paddr_to_virt(info->module[1].start),
		.initrd_size = info->module[1].end - info->module[1].start,
		.cmdline = make_cmdline(args, rsdp),
		.shared_info = mfn_to_paddr(d->shared_info_mfn),
	};
	u32 nsec;
	u64 sec;

	place(d, &b);
	dom0_prefix_alloc(d, b.layout.prefix_end);
	builder_load(&b);
	modules_release();
	add_memory(d, &b);
	builder_finish(&b, &context);
	add_console(&b, info);
	start_vcpu(d);
	tell_exposure(d, kernel);
	wallclock_now(&sec, &nsec);
	domain_wallclock_set(d, sec, nsec, system_time());
	printk(LOG_INFO, "service domain: %lu MiB, %u vCPUs, kernel at %lx, entry %lx",
	       b.layout.nr_pages >> 8, d->max_vcpus,
	       kernel->virt_base + kernel->paddr_start - kernel->paddr_offset, kernel->entry);
	return d;
}
