// SPDX-License-Identifier: GPL-2.0
/*
 * Filling the pages of a start of day (xen/xen.h: struct start_info and the
 * registers that the first vCPU starts with).
 *
 * The frame list is the one record of which frame a pfn has: the page tables are
 * written from it. Nothing here fails: layout_make() found room for all of it.
 */
#include "internal.h"

#include <ringlet/virtio.h>

#define LIST_PER_PAGE	(PAGE_SIZE / sizeof(u64))
#define MAGIC		"xen-3.0-x86_64"
#define EFLAGS_IF	(1UL << 9)

static u64 region_va(const struct builder *b, u64 pfn)
{
	return b->kernel->virt_base + (pfn << PAGE_SHIFT);
}

/* Bytes into the domain, @at counted from its pfn 0. */
static void copy_in(const struct builder *b, u64 at, const u8 *from, u64 size)
{
	u64 n;

	if (b->copy)
		b->copy(b->ctx, at, from, size);
	for (; size && !b->copy; size -= n, at += n, from += n) {
		n = smaller(size, PAGE_SIZE - at % PAGE_SIZE);
		memcpy((u8 *)b->page(b->ctx, at >> PAGE_SHIFT) + at % PAGE_SIZE,
		       from, n);
	}
}

void builder_load(const struct builder *b)
{
	const struct kernel *k = b->kernel;
	const struct kernel_segment *s;
	u64 pfn;

	for (pfn = 0; pfn < b->layout.prefix_end; pfn++)
		memset(b->page(b->ctx, pfn), 0, PAGE_SIZE);
	for (s = k->segment; s < k->segment + k->nr_segments; s++)
		copy_in(b, s->paddr - k->paddr_offset, s->data, s->filesz);
	if (k->has_hypercall_page)
		hypercall_page_fill(b->page(b->ctx,
			(k->hypercall_page - k->virt_base) >> PAGE_SHIFT));
	copy_in(b, b->layout.initrd << PAGE_SHIFT, b->initrd, b->initrd_size);
}

static u64 *list_entry(const struct builder *b, u64 pfn)
{
	u64 *page = b->page(b->ctx, b->layout.list + pfn / LIST_PER_PAGE);

	return page + pfn % LIST_PER_PAGE;
}

void builder_frame(const struct builder *b, uint64_t pfn, uint64_t mfn)
{
	*list_entry(b, pfn) = mfn;
}

u64 builder_mfn(const struct builder *b, u64 pfn)
{
	return *list_entry(b, pfn);
}

static void describe_initrd(const struct builder *b, struct start_info *si)
{
	if (!b->initrd_size)
		return;
	si->mod_len = b->initrd_size;
	si->mod_start = region_va(b, b->layout.initrd);
	if (b->kernel->mod_start_pfn) {
		si->flags |= SIF_MOD_START_PFN;
		si->mod_start = b->layout.initrd;
	}
}

static void describe_role(const struct builder *b, struct start_info *si)
{
	if (!b->layout.console) {
		si->flags |= SIF_PRIVILEGED | SIF_INITDOMAIN;
		return;
	}
	si->store_mfn = builder_mfn(b, b->layout.store);
	si->store_evtchn = b->store_port;
	si->console.domU.mfn = builder_mfn(b, b->layout.console);
	si->console.domU.evtchn = b->console_port;
}

static void start_info_make(const struct builder *b)
{
	struct start_info *si = b->page(b->ctx, b->layout.start_info);
	const struct layout *l = &b->layout;
	const char *cmdline = b->cmdline ? b->cmdline : "";

	memcpy(si->magic, MAGIC, sizeof(MAGIC));
	si->nr_pages = l->nr_pages;
	si->shared_info = b->shared_info;
	si->pt_base = region_va(b, l->tables);
	si->nr_pt_frames = l->nr_tables;
	si->mfn_list = region_va(b, l->list);
	if (b->kernel->has_init_p2m) {
		si->mfn_list = b->kernel->init_p2m;
		si->first_p2m_pfn = l->list_tables;
		si->nr_p2m_frames = l->nr_list_tables + l->nr_list;
	}
	describe_initrd(b, si);
	describe_role(b, si);
	memcpy(si->cmd_line, cmdline,
	       smaller(strlen(cmdline), sizeof(si->cmd_line) - 1));
}

/* Its slots are clear: empty. */
static void devices_make(const struct builder *b)
{
	struct ringlet_devices_header *h;

	if (!b->layout.nr_devices)
		return;
	h = b->page(b->ctx, b->layout.devices);
	h->magic = RINGLET_DEVICES_MAGIC;
	h->version = RINGLET_DEVICES_VERSION;
	h->pages = b->layout.nr_devices;
	h->control_port = b->control_port;
	h->backend_domid = 0;
}

void builder_finish(const struct builder *b, struct vcpu_guest_context *context)
{
	struct vcpu_guest_context *c = context;

	tables_make(b);
	start_info_make(b);
	devices_make(b);
	memset(c, 0, sizeof(*c));
	c->flags = VGCF_in_kernel | VGCF_online;
	c->user_regs.rip = b->kernel->entry;
	c->user_regs.rsp = region_va(b, b->layout.stack + 1);
	c->user_regs.rsi = region_va(b, b->layout.start_info);
	c->user_regs.cs = FLAT_KERNEL_CS;
	c->user_regs.ss = FLAT_KERNEL_SS;
	c->user_regs.rflags = EFLAGS_IF;
	c->kernel_ss = FLAT_KERNEL_SS;
	c->kernel_sp = c->user_regs.rsp;
	c->ctrlreg[3] = xen_pfn_to_cr3(builder_mfn(b, b->layout.tables));
	/* Linux writes no entry that it means to be refused (vm_assist). */
	if (!strcmp(b->kernel->guest_os, "linux"))
		c->vm_assist = 1UL << VMASST_TYPE_writable_pagetables;
}
