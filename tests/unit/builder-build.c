// SPDX-License-Identifier: GPL-2.0
/*
 * Layouts and what the builder writes: the page tables are walked as the CPU
 * would. Promised is that every page of the region, and of the list at INIT_P2M,
 * is mapped where it belongs and nothing else is; that no leaf is a user page;
 * that exactly the tables are read-only, and each table is used once. The domain's
 * frames are scattered over the machine, the pages hold rubbish beforehand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ringlet/virtio.h>

#include "internal.h"

#define BASE	0xffffffff80000000UL
#define P2M	0x8000000000UL
#define MIB	(1UL << 20)
#define PAGES(mib) ((mib) * MIB / PAGE_SIZE)

/* Machine frames: pfn times an odd number, modulo 2^32, is invertible. */
#define SCATTER	0x9e3779b1U

static u8 *memory;		/* of the domain: layout.prefix_end pages */
static u64 memory_pages;
static u8 *used_as_table;	/* how often, for each page of it */
static u32 devices;		/* pages of the device area of a guest */
static u8 text[3 * 4096 + 100], disk[5 * 4096 + 7];
static struct vcpu_guest_context context;

static u32 inverse(void)
{
	u32 x = 1;
	int i;

	for (i = 0; i < 6; i++)
		x *= 2 - SCATTER * x;	/* Newton: doubles the right bits */
	return x;
}

static u64 to_mfn(u64 pfn)
{
	return (u32)(pfn * SCATTER);
}

static void *page(void *ctx, u64 pfn)
{
	assert_ptr_equal(ctx, &memory);
	assert_true(pfn < memory_pages);
	return memory + pfn * PAGE_SIZE;
}

static u64 page_of_frame(u64 mfn)
{
	u64 pfn = (u32)(mfn * inverse());

	assert_true(pfn < memory_pages);
	return pfn;
}

/* 1 MiB at pfn 256, of which the file has some; room for a hypercall page. */
static struct kernel small_kernel(void)
{
	return (struct kernel){
		.segment = { { .paddr = MIB, .memsz = MIB,
			       .filesz = sizeof(text), .data = text } },
		.nr_segments = 1,
		.paddr_start = MIB, .paddr_end = 2 * MIB,
		.virt_base = BASE, .entry = BASE + MIB + 0x40,
		.has_entry = true, .has_notes = true,
	};
}

static struct builder make(const struct kernel *k, u64 nr_pages, u64 disk_size,
			   bool guest)
{
	struct builder b = {
		.kernel = k, .page = page, .ctx = &memory,
		.initrd = disk, .initrd_size = disk_size,
		.cmdline = "console=hvc0 quiet",
		.shared_info = 0x123000,
		.store_port = 7, .console_port = 9, .control_port = 11,
	};
	u64 pfn;

	assert_null(notes_check(k));
	assert_null(layout_make(&b.layout, k, nr_pages, disk_size, guest,
				guest ? devices : 0));
	memory_pages = b.layout.prefix_end;
	memory = malloc(memory_pages * PAGE_SIZE);
	used_as_table = calloc(memory_pages, 1);
	memset(memory, 0xa5, memory_pages * PAGE_SIZE);
	builder_load(&b);
	for (pfn = 0; pfn < nr_pages; pfn++)
		builder_frame(&b, pfn, to_mfn(pfn));
	builder_finish(&b, &context);
	return b;
}

static void unmake(void)
{
	free(memory);
	free(used_as_table);
}

static bool in(u64 pfn, u64 start, u64 n)
{
	return pfn >= start && pfn - start < n;
}

static bool is_table(const struct layout *l, u64 pfn)
{
	return in(pfn, l->tables, l->nr_tables) ||
	       in(pfn, l->list_tables, l->nr_list_tables);
}

/* A leaf at @va: is it one of the two promised ranges? */
static void check_leaf(const struct builder *b, u64 va, u64 entry)
{
	const struct layout *l = &b->layout;
	u64 pfn = page_of_frame((entry & 0xffffffffff000UL) >> PAGE_SHIFT);
	u64 flags = entry & ~0xffffffffff000UL;
	u64 region = (va - b->kernel->virt_base) >> PAGE_SHIFT;
	u64 list = (va - b->kernel->init_p2m) >> PAGE_SHIFT;

	if (b->kernel->has_init_p2m && list < l->nr_list) {
		assert_int_equal(pfn, l->list + list);
		assert_int_equal(flags, 0x63);
	} else {
		assert_true(region < l->region_end);
		assert_int_equal(pfn, region);
		assert_int_equal(flags, is_table(l, pfn) ? 0x61 : 0x63);
	}
}

/* Leaves below a table whose first entry maps @va. */
static u64 walk(const struct builder *b, u64 table, u64 va, unsigned int shift)
{
	const u64 *entry = page(&memory, table);
	u64 i, at, n = 0;

	assert_true(is_table(&b->layout, table));
	assert_int_equal(++used_as_table[table], 1);
	for (i = 0; i < 512; i++) {
		at = va | i << shift;
		if (at >> 47 & 1)
			at |= 0xffffUL << 48;
		if (!entry[i])
			continue;
		if (shift == PAGE_SHIFT) {
			check_leaf(b, at, entry[i]);
			n++;
			continue;
		}
		assert_int_equal(entry[i] & ~0xffffffffff000UL, 0x27);
		n += walk(b, page_of_frame((entry[i] & 0xffffffffff000UL) >>
					   PAGE_SHIFT), at, shift - 9);
	}
	assert_true(n);		/* no table is empty */
	return n;
}

static void check_tables(const struct builder *b)
{
	const struct layout *l = &b->layout;
	u64 pfn, promised = l->region_end;

	if (b->kernel->has_init_p2m)
		promised += l->nr_list;
	assert_int_equal(context.ctrlreg[3],
			 xen_pfn_to_cr3(to_mfn(l->tables)));
	assert_int_equal(walk(b, l->tables, 0, 39), promised);
	for (pfn = 0; pfn < memory_pages; pfn++)
		assert_int_equal(used_as_table[pfn], is_table(l, pfn));
}

/* Nothing lies on anything else, and the region's end is where the ABI says. */
static void check_layout(const struct builder *b)
{
	const struct layout *l = &b->layout;
	const struct kernel *k = b->kernel;
	const struct { u64 start, n; } part[] = {
		{ (k->paddr_start - k->paddr_offset) >> PAGE_SHIFT,
		  pages_of(k->paddr_end - k->paddr_offset) -
		  ((k->paddr_start - k->paddr_offset) >> PAGE_SHIFT) },
		{ l->initrd, l->nr_initrd }, { l->list, l->nr_list },
		{ l->start_info, 1 }, { l->store, l->store != 0 },
		{ l->console, l->console != 0 }, { l->tables, l->nr_tables },
		{ l->stack, 1 }, { l->list_tables, l->nr_list_tables },
		{ l->devices, l->nr_devices },
	};
	u8 *owned = calloc(l->prefix_end, 1);
	u64 i, pfn;

	for (i = 0; i < ARRAY_SIZE(part); i++)
		for (pfn = part[i].start; pfn < part[i].start + part[i].n;
		     pfn++) {
			assert_true(pfn < l->prefix_end);
			assert_int_equal(owned[pfn]++, 0);
		}
	free(owned);
	assert_true(l->stack < l->region_end);
	assert_true(l->devices + l->nr_devices <= l->region_end);
	assert_true(l->region_end - l->stack - 1 >= PAGES(1) / 2);
	assert_int_equal((k->virt_base + l->region_end * PAGE_SIZE) % (4 * MIB),
			 0);
	assert_true(l->initrd < l->region_end || k->mod_start_pfn);
}

static void check_start_info(const struct builder *b, bool guest)
{
	const struct layout *l = &b->layout;
	const struct start_info *si = page(&memory, l->start_info);
	u64 virt = b->kernel->virt_base;
	bool pfn = b->initrd_size && b->kernel->mod_start_pfn;

	assert_string_equal(si->magic, "xen-3.0-x86_64");
	assert_int_equal(si->nr_pages, l->nr_pages);
	assert_int_equal(si->shared_info, 0x123000);
	assert_int_equal(si->flags, (guest ? 0 : SIF_PRIVILEGED |
				     SIF_INITDOMAIN) |
			 (pfn ? SIF_MOD_START_PFN : 0));
	assert_int_equal(si->pt_base, virt + l->tables * PAGE_SIZE);
	assert_int_equal(si->nr_pt_frames, l->nr_tables);
	assert_int_equal(si->mod_len, b->initrd_size);
	if (b->initrd_size)
		assert_int_equal(si->mod_start, pfn ? l->initrd :
				 virt + l->initrd * PAGE_SIZE);
	if (b->kernel->has_init_p2m) {
		assert_int_equal(si->mfn_list, b->kernel->init_p2m);
		assert_int_equal(si->first_p2m_pfn, l->list_tables);
		assert_int_equal(si->first_p2m_pfn + si->nr_p2m_frames,
				 l->list + l->nr_list);
	} else {
		assert_int_equal(si->mfn_list, virt + l->list * PAGE_SIZE);
		assert_int_equal(si->nr_p2m_frames, 0);
	}
	assert_int_equal(si->store_mfn, guest ? to_mfn(l->store) : 0);
	assert_int_equal(si->store_evtchn, guest ? 7 : 0);
	assert_int_equal(si->console.domU.mfn, guest ? to_mfn(l->console) : 0);
	assert_int_equal(si->console.domU.evtchn, guest ? 9 : 0);
	assert_string_equal((const char *)si->cmd_line, b->cmdline);
}

static void check_context(const struct builder *b)
{
	const struct layout *l = &b->layout;
	u64 virt = b->kernel->virt_base;

	assert_int_equal(context.user_regs.rip, b->kernel->entry);
	assert_int_equal(context.user_regs.rsi,
			 virt + l->start_info * PAGE_SIZE);
	assert_int_equal(context.user_regs.rsp,
			 virt + (l->stack + 1) * PAGE_SIZE);
	assert_int_equal(context.kernel_sp, context.user_regs.rsp);
	assert_int_equal(context.user_regs.cs, FLAT_KERNEL_CS);
	assert_int_equal(context.user_regs.rflags, 0x200);
	assert_int_equal(context.user_regs.rax | context.ctrlreg[1], 0);
}

/* Kernel, RAM disk and list are there; what has no content is clear. */
static void check_content(const struct builder *b)
{
	const struct layout *l = &b->layout;
	const struct kernel_segment *s = b->kernel->segment;
	u64 start = s->paddr - b->kernel->paddr_offset, pfn, i;
	const u64 *list;

	assert_memory_equal(memory + start, s->data, s->filesz);
	for (i = s->filesz; i < s->memsz; i++)
		assert_int_equal(memory[start + i], 0);
	assert_memory_equal(memory + l->initrd * PAGE_SIZE, disk,
			    b->initrd_size);
	list = page(&memory, l->list);
	for (pfn = 0; pfn < l->nr_pages; pfn++)
		assert_int_equal(list[pfn], to_mfn(pfn));
	for (i = l->stack * PAGE_SIZE; i < l->region_end * PAGE_SIZE; i++)
		assert_int_equal(memory[i], 0);
}

/* Its header, and empty slots. */
static void check_devices(const struct builder *b)
{
	const struct layout *l = &b->layout;
	const struct ringlet_devices_header *h = page(&memory, l->devices);
	u64 i;

	if (!l->nr_devices)
		return;
	assert_int_equal(h->magic, RINGLET_DEVICES_MAGIC);
	assert_int_equal(h->version, RINGLET_DEVICES_VERSION);
	assert_int_equal(h->pages, l->nr_devices);
	assert_int_equal(h->control_port, 11);
	assert_int_equal(h->backend_domid, 0);
	for (i = offsetof(struct ringlet_devices_header, reserved);
	     i < l->nr_devices * PAGE_SIZE; i++)
		assert_int_equal(((const u8 *)h)[i], 0);
}

static void check_all(const struct kernel *k, u64 nr_pages, u64 disk_size,
		      bool guest)
{
	struct builder b = make(k, nr_pages, disk_size, guest);

	check_layout(&b);
	check_tables(&b);
	check_start_info(&b, guest);
	check_context(&b);
	check_content(&b);
	check_devices(&b);
	unmake();
}

static void test_all_roles(void **state)
{
	struct kernel k = small_kernel();
	unsigned int i;

	(void)state;
	for (i = 0; i < 80; i++) {
		devices = i / 16;
		k.mod_start_pfn = i & 1;
		k.has_init_p2m = i & 2;
		k.init_p2m = i & 2 ? P2M : 0;
		check_all(&k, PAGES(24), i & 4 ? sizeof(disk) : 0, i & 8);
	}
}

/*
 * Where no Linux has anything, if the kernel begins above: below 1 MiB. One that
 * begins lower gets it elsewhere.
 */
static void test_devices(void **state)
{
	struct kernel k = small_kernel();
	struct builder b;
	u64 first;

	(void)state;
	devices = 4;
	for (first = 0xd0; first <= 0x100; first++) {
		k.paddr_offset = MIB - (first << PAGE_SHIFT);
		k.entry = k.virt_base + MIB - k.paddr_offset;
		b = make(&k, PAGES(24), 0, true);
		assert_int_equal(b.layout.nr_devices, 4);
		if (first == 0x100)
			assert_int_equal(b.layout.devices, 0xe0);
		else
			assert_int_equal(b.layout.devices, b.layout.console + 1);
		check_layout(&b);
		check_devices(&b);
		unmake();
	}
}

/* From a guest as small as they come to a list that needs several tables. */
static void test_sizes(void **state)
{
	static const u64 mib[] = { 5, 24, 128, 129, 1024, 5 * 1024, 16 * 1024 };
	struct kernel k = small_kernel();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(mib); i++) {
		k.has_init_p2m = mib[i] > 24;
		k.init_p2m = P2M;
		k.mod_start_pfn = true;
		check_all(&k, PAGES(mib[i]), sizeof(disk), i % 2);
	}
}

/* Segments load by p_paddr less PADDR_OFFSET, in whatever page they begin. */
static void test_offset(void **state)
{
	struct kernel k = small_kernel();

	(void)state;
	k.paddr_offset = MIB - 3 * PAGE_SIZE;
	k.entry = BASE + 3 * PAGE_SIZE;
	k.segment[0].paddr += 0x123;
	k.segment[0].memsz -= 0x123;
	check_all(&k, PAGES(24), 0, true);
}

static void test_hypercall_page(void **state)
{
	static const u8 version[] = {
		0x51, 0x41, 0x53, 0xb8, __HYPERVISOR_xen_version, 0, 0, 0,
		0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3, 0xcc,
	};
	static const u8 iret[] = {
		0x51, 0x41, 0x53, 0x50, 0xb8, __HYPERVISOR_iret, 0, 0, 0,
		0x0f, 0x05, 0xcc,
	};
	struct kernel k = small_kernel();
	const u8 *stubs;

	(void)state;
	k.has_hypercall_page = true;
	k.hypercall_page = BASE + 2 * MIB - PAGE_SIZE;
	k.segment[0].memsz -= PAGE_SIZE;
	check_all(&k, PAGES(24), 0, true);
	make(&k, PAGES(24), 0, true);
	stubs = memory + 2 * MIB - PAGE_SIZE;
	assert_memory_equal(stubs + 32 * __HYPERVISOR_xen_version, version,
			    sizeof(version));
	assert_memory_equal(stubs + 32 * __HYPERVISOR_iret, iret,
			    sizeof(iret));
	unmake();
}

/* A long command line is cut, with its end; none is an empty one. */
static void test_cmdline(void **state)
{
	static char line[2000];
	struct kernel k = small_kernel();
	struct builder b = make(&k, PAGES(24), 0, true);
	const struct start_info *si = page(&memory, b.layout.start_info);

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	b.cmdline = line;
	builder_load(&b);
	builder_finish(&b, &context);
	assert_int_equal(strlen((const char *)si->cmd_line), 1023);
	assert_int_equal(si->first_p2m_pfn, 0);
	b.cmdline = NULL;
	builder_load(&b);
	builder_finish(&b, &context);
	assert_string_equal((const char *)si->cmd_line, "");
	unmake();
}

static void expect_fault(const struct kernel *k, u64 nr_pages, u64 disk_size,
			 const char *words)
{
	struct layout l;
	const char *fault;

	assert_null(notes_check(k));
	fault = layout_make(&l, k, nr_pages, disk_size, true, 4);
	if (!fault)
		fail_msg("no fault instead of \"%s\"", words);
	if (!strstr(fault, words))
		fail_msg("\"%s\" does not say \"%s\"", fault, words);
	assert_non_null(strchr(fault, ':'));	/* what to do follows */
	assert_int_equal(l.prefix_end > nr_pages, !!strstr(words, "larger"));
}

static void test_layout_faults(void **state)
{
	struct kernel k = small_kernel();

	(void)state;
	expect_fault(&k, 0, 0, "larger than");
	expect_fault(&k, PAGES(4) - 1, 0, "larger than");
	expect_fault(&k, PAGES(24), 30 * MIB, "larger than");
	expect_fault(&k, PAGES(24), 2048 * MIB, "VIRT_BASE");
	expect_fault(&k, PAGES(24), ~0UL >> 16, "VIRT_BASE");
	expect_fault(&k, (1UL << 32) + 1, 0, "16 TiB");
	k.virt_base = (1UL << 47) - 2 * MIB;	/* ends in the hole */
	k.entry = k.virt_base + MIB;
	expect_fault(&k, PAGES(24), 0, "VIRT_BASE");
	k.virt_base = 8UL << 39;		/* enters the list's tables */
	k.virt_base -= 2 * MIB;
	k.entry = k.virt_base + MIB;
	k.has_init_p2m = true;
	k.init_p2m = 8UL << 39;
	expect_fault(&k, PAGES(24), 0, "INIT_P2M");
	k.paddr_end = 1UL << 41;		/* as large as a file can say */
	expect_fault(&k, PAGES(24), 0, "INIT_P2M");
	k.has_init_p2m = false;
	expect_fault(&k, PAGES(24), 0, "larger than");
}

/* What it asks for is enough, the list it grows included. */
static void test_prefix_end_suffices(void **state)
{
	struct kernel k = small_kernel();
	struct layout l;
	u64 pages = 1;
	int i;

	(void)state;
	for (i = 0; layout_make(&l, &k, pages, 100 * MIB, true, 4); i++) {
		assert_true(l.prefix_end > pages && i < 4);
		pages = l.prefix_end;
	}
}

/* Near a boundary of each level, on either side. */
static u64 random_base(void)
{
	static const u64 edges[] = {
		0xffffffff80000000UL, 0xffff880000000000UL, 0xffffff8000000000UL,
		0x8000000000UL, 0x40000000UL, 0x7f8000000000UL, 0x200000UL, 0,
	};

	return edges[rand() % ARRAY_SIZE(edges)] +
	       ((long)(rand() % 4096) - (rand() % 2 ? 2048 : 0)) * 4096;
}

/* Whatever the notes allow: a fault, or all that is promised. */
static void test_random(void **state)
{
	u64 built = 0, round, pages, size;
	struct layout l;

	(void)state;
	srand(20261121);
	devices = 4;
	for (round = 0; built < 150; round++) {
		struct kernel k = small_kernel();

		assert_true(round < 100000);
		k.paddr_offset = (u64)(rand() % 257) << PAGE_SHIFT;
		k.virt_base = random_base();
		k.init_p2m = random_base();
		k.entry = k.virt_base + MIB - k.paddr_offset;
		k.mod_start_pfn = rand() & 1;
		k.has_init_p2m = rand() & 1;
		pages = PAGES(5) + rand() % PAGES(20);
		size = rand() % sizeof(disk);
		if (notes_check(&k) ||
		    layout_make(&l, &k, pages, size, round & 1,
				round & 1 ? devices : 0))
			continue;
		check_all(&k, pages, size, round & 1);
		built++;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_roles),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_offset),
		cmocka_unit_test(test_hypercall_page),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_layout_faults),
		cmocka_unit_test(test_prefix_end_suffices),
		cmocka_unit_test(test_random),
	};
	size_t i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = i * 7 | 1;
	for (i = 0; i < sizeof(disk); i++)
		disk[i] = i * 5 | 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
