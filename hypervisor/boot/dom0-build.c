// SPDX-License-Identifier: GPL-2.0
/*
 * The service domain's start of day (xen/xen.h, "Start-of-day memory layout").
 *
 * Pfns from 0, the ABI's order:
 *	region, mapped at VIRT_BASE: kernel (where its segments say), initial RAM
 *	disk unless MOD_START_PFN, frame list unless INIT_P2M, start_info, page
 *	tables (read-only), boot stack, padding up to 4 MiB
 *	then, unmapped: initial RAM disk; tables and frames of the list mapped
 *	at INIT_P2M; all other memory
 *
 * The tables become types only when the first vCPU's base is loaded, by the same
 * validation that a guest's own tables go through; the base is then pinned,
 * since guests unpin it when they have their own.
 *
 * Locks: d->page_lock for the pin; nothing else runs yet.
 */
#include "base/errno.h"
#include "base/string.h"
#include "boot/boot.h"
#include "boot/dom0.h"
#include "boot/options.h"
#include "console/printk.h"
#include "control/control.h"
#include "evtchn/evtchn.h"
#include "machine/clock.h"
#include "machine/cpu-features.h"
#include "machine/directmap.h"
#include "machine/pcpu.h"
#include "mm/mm.h"
#include "state/alloc.h"
#include "state/type-info.h"

#define REGION_ALIGN	(4UL << 20)
#define REGION_PADDING	(512UL << 10)
#define LIST_PER_PAGE	(PAGE_SIZE / sizeof(u64))

/* Where everything lies, in pfns. */
struct layout {
	u64 nr_pages;
	u64 initrd, nr_initrd;
	u64 list, nr_list;	/* the frame list (p2m) */
	u64 start_info;
	u64 tables, nr_tables;
	u64 stack;
	u64 region_end;		/* what is mapped at VIRT_BASE */
	u64 list_tables, nr_list_tables;
	u64 prefix_end;
};

static struct vcpu_guest_context context;

static u64 pages_of(u64 bytes)
{
	return DIV_ROUND_UP(bytes, PAGE_SIZE);
}

static u64 region_va(const struct elf_kernel *k, u64 pfn)
{
	return k->virt_base + (pfn << PAGE_SHIFT);
}

/* End of the region if everything in it ends at @va. */
static u64 region_end_va(u64 va)
{
	u64 end = ALIGN_UP(va, REGION_ALIGN);

	return end - va < REGION_PADDING ? end + REGION_ALIGN : end;
}

/* The tables map themselves, so their number is found by growing it. */
static void place_tables(struct layout *l, const struct elf_kernel *k, u64 at)
{
	u64 end;

	l->tables = at;
	for (l->nr_tables = 4;; l->nr_tables++) {
		end = region_end_va(region_va(k, at + l->nr_tables + 1));
		if (end < k->virt_base ||
		    (k->virt_base < LOWER_HALF_END && end > LOWER_HALF_END))
			boot_fail(
				"kernel, initial RAM disk and frame list do not fit above "
				"the kernel's VIRT_BASE: use a smaller RAM disk");
		if (l->nr_tables >= 1 + dom0_tables_needed(k->virt_base, end))
			break;
	}
	l->stack = at + l->nr_tables;
	l->region_end = (end - k->virt_base) >> PAGE_SHIFT;
}

static void layout_make(struct layout *l, const struct dom0_config *c,
			u64 nr_pages)
{
	const struct elf_kernel *k = c->kernel;
	u64 at = pages_of(k->paddr_end - k->paddr_offset);

	l->nr_pages = nr_pages;
	l->nr_initrd = pages_of(c->initrd_size);
	l->nr_list = DIV_ROUND_UP(nr_pages, LIST_PER_PAGE);
	if (!k->mod_start_pfn) {
		l->initrd = at;
		at += l->nr_initrd;
	}
	if (!k->has_init_p2m) {
		l->list = at;
		at += l->nr_list;
	}
	l->start_info = at++;
	place_tables(l, k, at);

	at = l->region_end;
	if (k->mod_start_pfn) {
		l->initrd = at;
		at += l->nr_initrd;
	}
	if (k->has_init_p2m) {
		l->list_tables = at;
		l->nr_list_tables = dom0_tables_needed(k->init_p2m,
			k->init_p2m + (l->nr_list << PAGE_SHIFT));
		at += l->nr_list_tables;
		l->list = at;
		at += l->nr_list;
	}
	l->prefix_end = at;
}

static void list_set(const struct layout *l, u64 pfn, mfn_t mfn)
{
	u64 *page = dom0_prefix_virt(l->list + pfn / LIST_PER_PAGE);

	page[pfn % LIST_PER_PAGE] = mfn.v;
	m2p_set(mfn, pfn);
}

/* The remaining frames, in the largest pieces there are; fewer if memory ends. */
static void add_memory(struct domain *d, struct layout *l)
{
	unsigned int order = 9;
	u64 pfn, i;
	mfn_t mfn;

	for (pfn = 0; pfn < dom0_prefix_pages(); pfn++)
		list_set(l, pfn, dom0_prefix_mfn(pfn));
	while (pfn < l->nr_pages) {
		while (BIT(order) > l->nr_pages - pfn)
			order--;
		mfn = domain_alloc_frames(d, order, 0);
		if (mfn_eq(mfn, INVALID_MFN)) {
			if (!order--)
				break;
			continue;
		}
		for (i = 0; i < BIT(order); i++, pfn++)
			list_set(l, pfn, MFN(mfn.v + i));
	}
	l->nr_pages = pfn;
}

static void copy_images(const struct dom0_config *c, const struct layout *l)
{
	const struct elf_kernel *k = c->kernel;
	u32 i;

	for (i = 0; i < k->nr_segments; i++) {
		const struct elf_segment *s = &k->segment[i];

		dom0_prefix_copy(s->paddr - k->paddr_offset, s->data,
				 s->filesz);
	}
	if (k->has_hypercall_page)
		hypercall_page_fill(dom0_prefix_virt(
			(k->hypercall_page - k->virt_base) >> PAGE_SHIFT));
	if (c->initrd_size)
		dom0_prefix_copy(l->initrd << PAGE_SHIFT,
				 paddr_to_virt(c->initrd), c->initrd_size);
}

static void make_tables(const struct elf_kernel *k, const struct layout *l)
{
	mfn_t l4 = dom0_prefix_mfn(l->tables);
	struct table_pool pool = { l->tables + 1, l->tables + l->nr_tables };
	struct table_pool list_pool = { l->list_tables,
					l->list_tables + l->nr_list_tables };
	u64 pfn, i;

	for (pfn = 0; pfn < l->region_end; pfn++)
		dom0_map(l4, region_va(k, pfn), dom0_prefix_mfn(pfn),
			 pfn - l->tables >= l->nr_tables, &pool);
	for (i = 0; k->has_init_p2m && i < l->nr_list; i++)
		dom0_map(l4, k->init_p2m + (i << PAGE_SHIFT),
			 dom0_prefix_mfn(l->list + i), true, &list_pool);
}

/* The guest's command line; what boot knows and it cannot find out is appended. */
static void make_cmdline(char *to, size_t size, const struct dom0_config *c)
{
	char rsdp[40] = "";
	int n;

	if (c->rsdp)
		snformat(rsdp, sizeof(rsdp), " acpi_rsdp=0x%lx", c->rsdp);
	n = snformat(to, size, "%.*s%s", (int)(size - strlen(rsdp) - 1),
		     c->cmdline, rsdp);
	if (strlen(c->cmdline) + strlen(rsdp) > (size_t)n)
		printk(LOG_WARNING,
		       "ringlet: boot: the kernel's command line is cut at %d characters",
		       n);
}

static void make_start_info(struct domain *d, const struct dom0_config *c,
			    const struct layout *l)
{
	struct start_info *si = dom0_prefix_virt(l->start_info);
	const struct elf_kernel *k = c->kernel;
	struct dom0_vga_console_info vga;

	scopy(si->magic, "xen-3.0-x86_64", sizeof(si->magic));
	si->nr_pages = l->nr_pages;
	si->shared_info = mfn_to_paddr(d->shared_info_mfn);
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = region_va(k, l->tables);
	si->nr_pt_frames = l->nr_tables;
	si->mfn_list = k->has_init_p2m ? k->init_p2m : region_va(k, l->list);
	if (k->has_init_p2m) {
		si->first_p2m_pfn = l->list_tables;
		si->nr_p2m_frames = l->nr_list_tables + l->nr_list;
	}
	if (c->initrd_size && k->mod_start_pfn) {
		si->flags |= SIF_MOD_START_PFN;
		si->mod_start = l->initrd;
	} else if (c->initrd_size) {
		si->mod_start = region_va(k, l->initrd);
	}
	si->mod_len = c->initrd_size;
	make_cmdline((char *)si->cmd_line, sizeof(si->cmd_line), c);
	if (dom0_console_info(c->info, &vga)) {
		memcpy(si + 1, &vga, sizeof(vga));
		si->console.dom0.info_off = sizeof(*si);
		si->console.dom0.info_size = sizeof(vga);
	}
}

/* Guests drop the pin of the base they were started on (MMUEXT_UNPIN_TABLE). */
static void pin_base(struct domain *d, mfn_t l4)
{
	struct page *pg = mfn_to_page(l4);
	u64 x;
	int rc;

	spin_lock(&d->page_lock);
	rc = page_get_type(d, l4, PT_L4);
	do {
		x = type_info_read(pg);
	} while (!rc && !type_info_replace(pg, x, x | TI_PINNED));
	spin_unlock(&d->page_lock);
	if (rc)
		boot_fail("bug: the initial page tables cannot be pinned (%d)",
			  rc);
}

static void start_vcpu(struct domain *d, const struct elf_kernel *k,
		       const struct layout *l)
{
	mfn_t l4 = dom0_prefix_mfn(l->tables);
	int rc;

	context.flags = VGCF_in_kernel | VGCF_online;
	context.user_regs.rip = k->entry;
	context.user_regs.rsp = region_va(k, l->stack + 1);
	context.user_regs.rsi = region_va(k, l->start_info);
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = FLAT_KERNEL_SS;
	context.user_regs.rflags = EFLAGS_IF;
	context.kernel_ss = FLAT_KERNEL_SS;
	context.kernel_sp = region_va(k, l->stack + 1);
	context.ctrlreg[3] = xen_pfn_to_cr3(l4.v);
	do {
		rc = vcpu_set_context(d->vcpu[0], &context);
	} while (rc == -ERESTART);
	if (rc)
		boot_fail("bug: the service domain's start is refused (%d)", rc);
	pin_base(d, l4);
}

static u32 choose_vcpus(void)
{
	const struct boot_options *o = &boot_options;
	u32 n = nr_pcpus;

	if (o->dom0_vcpus_max)
		n = min(max(n, o->dom0_vcpus_min), o->dom0_vcpus_max);
	return min(n, (u32)MAX_VCPUS);
}

static struct domain *create(void)
{
	u32 i, n = choose_vcpus();
	struct domain *d = domain_create(0, frame_count, n, true);

	for (i = 0; d && i < n; i++)
		if (!vcpu_create(d, i))
			d = NULL;
	if (!d)
		boot_fail("too little memory for the service domain: add RAM");
	/* Events stay masked until a vCPU says otherwise. */
	for (i = 0; i < MAX_VCPUS; i++)
		d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
	return d;
}

/*
 * Programs run on the kernel's tables: where its pages are user pages, or where
 * the CPU reads through U=0, they can see what is the kernel's.
 */
static void tell_exposure(struct domain *d, const struct elf_kernel *k)
{
	if (!elf_kernel_is_fit(k)) {
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

struct domain *dom0_build(const struct dom0_config *c)
{
	struct domain *d = create();
	u64 pages = ALIGN_DOWN(dom0_choose_pages(d, c->extra_frames), 512), sec;
	struct layout l = { 0 };
	u32 nsec;

	layout_make(&l, c, pages);
	if (l.prefix_end > pages)
		boot_fail(
			"kernel and initial RAM disk (%lu MiB) are larger than the service "
			"domain's memory (%lu MiB): add RAM or raise dom0_mem",
			  l.prefix_end >> 8, pages >> 8);
	dom0_prefix_alloc(d, l.prefix_end);
	copy_images(c, &l);
	c->release();
	add_memory(d, &l);
	make_tables(c->kernel, &l);
	make_start_info(d, c, &l);
	start_vcpu(d, c->kernel, &l);
	tell_exposure(d, c->kernel);
	wallclock_now(&sec, &nsec);
	domain_wallclock_set(d, sec, nsec, system_time());
	printk(LOG_INFO, "service domain: %lu MiB, %u vCPUs, kernel at %lx, entry %lx",
	       l.nr_pages >> 8, d->max_vcpus,
	       region_va(c->kernel, (c->kernel->paddr_start -
				     c->kernel->paddr_offset) >> PAGE_SHIFT),
	       c->kernel->entry);
	return d;
}
