// SPDX-License-Identifier: GPL-2.0
/*
 * Grants, version 1: a domain lends frames to itself, which takes the same paths as lending to
 * another one and can be had without one.
 */
#include "child.h"
#include <xen/grant_table.h>

#define FIRST_REF	64	/* the domain builder's and others' stay alone */

static struct grant_entry_v1 *table;
static ulong table_page;
static u16 self;

static long gnttab(u32 cmd, void *op, ulong count)
{
	return HYP(grant_table_op, cmd, op, count);
}

static bool begin(void)
{
	static ulong frames[4];
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 2 };

	set_xen_guest_handle(s.frame_list, frames);
	EXPECT_EQ(gnttab(GNTTABOP_setup_table, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_okay);
	if (case_failed())
		return false;
	table_page = alloc_pfn();
	EXPECT_EQ(set_va_pte(pfn_va(table_page), mfn_ma(frames[0]) | PTE_KERN), 0);
	table = pfn_va(table_page);
	self = 0;	/* the initial domain's number */
	return true;
}

static void end(void)
{
	memset(table + FIRST_REF, 0, 16 * sizeof(*table));
	EXPECT_EQ(page_rw(table_page), 0);
	free_pfn(table_page);
}

static void grant(u32 ref, u16 domid, ulong mfn, u16 flags)
{
	table[ref].frame = mfn;
	table[ref].domid = domid;
	barrier();
	table[ref].flags = flags;
}

static ulong spare_entry(ulong va)
{
	return mfn_ma(pfn_mfn(user_l1_pfn)) + ((va >> PAGE_SHIFT) & 511) * 8;
}

static int map(ulong addr, u32 flags, u32 ref, u32 *handle, ulong *ma)
{
	struct gnttab_map_grant_ref m = {
		.host_addr = addr, .flags = flags, .ref = ref, .dom = self, .status = 99,
		.handle = ~0u,
	};

	EXPECT_EQ(gnttab(GNTTABOP_map_grant_ref, &m, 1), 0);
	if (handle)
		*handle = m.handle;
	if (ma)
		*ma = m.dev_bus_addr;
	return m.status;
}

static int unmap(ulong addr, u32 handle)
{
	struct gnttab_unmap_grant_ref u = {
		.host_addr = addr, .handle = handle, .status = 99,
	};

	EXPECT_EQ(gnttab(GNTTABOP_unmap_grant_ref, &u, 1), 0);
	return u.status;
}

CASE(grant_table_sizes)
{
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	struct gnttab_get_version v = { .dom = DOMID_SELF };
	struct gnttab_set_version w = { .version = 1 };
	struct gnttab_setup_table s = { .dom = DOMID_SELF };
	static ulong frames[4096];

	if (!begin())
		return;
	EXPECT_EQ(gnttab(GNTTABOP_query_size, &q, 1), 0);
	EXPECT_EQ(q.status, GNTST_okay);
	EXPECT(q.nr_frames >= 2 && q.nr_frames <= q.max_nr_frames);
	EXPECT_EQ(gnttab(GNTTABOP_query_size, &q, 2), -XEN_EINVAL);
	EXPECT_EQ(gnttab(GNTTABOP_get_version, &v, 1), 0);
	EXPECT_EQ(v.version, 1);
	EXPECT_EQ(gnttab(GNTTABOP_set_version, &w, 1), 0);
	EXPECT_EQ(w.version, 1);
	w.version = 3;
	EXPECT_EQ(gnttab(GNTTABOP_set_version, &w, 1), -XEN_EINVAL);
	set_xen_guest_handle(s.frame_list, frames);
	s.nr_frames = q.max_nr_frames + 1;
	EXPECT_EQ(gnttab(GNTTABOP_setup_table, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_general_error);
	s.nr_frames = q.max_nr_frames;
	EXPECT_EQ(gnttab(GNTTABOP_setup_table, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_okay);
	EXPECT_EQ(frames[0], walk_pte(table, NULL, NULL) >> PAGE_SHIFT & (PTE_ADDR >> PAGE_SHIFT));
	s.dom = 4711;
	EXPECT_EQ(gnttab(GNTTABOP_setup_table, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_bad_domain);
	s.dom = DOMID_SELF;
	EXPECT_EQ(gnttab(GNTTABOP_setup_table, &s, 0), -XEN_EINVAL);
	EXPECT_EQ(gnttab(GNTTABOP_setup_table, BAD_PTR, 1), -XEN_EFAULT);
	EXPECT_EQ(gnttab(99, &s, 1), -XEN_ENOSYS);
	EXPECT_EQ(gnttab(GNTTABOP_map_grant_ref, &s, ~0u), -XEN_EINVAL);
	end();
}

/* By the address of the entry, as gntdev does for programs. */
CASE(grant_map_by_entry)
{
	ulong pfn, ma, e;
	u32 handle;

	if (!begin())
		return;
	pfn = alloc_pfn();
	*(ulong *)pfn_va(pfn) = 0xabcdef;
	grant(FIRST_REF, self, pfn_mfn(pfn), GTF_permit_access);
	EXPECT_EQ(map(spare_entry(USER_SPARE), GNTMAP_host_map | GNTMAP_application_map |
		      GNTMAP_contains_pte | 5u << _GNTMAP_guest_avail0, FIRST_REF, &handle, &ma),
		  GNTST_okay);
	EXPECT_EQ(ma, mfn_ma(pfn_mfn(pfn)));
	e = read_table(user_l1_pfn, (USER_SPARE >> PAGE_SHIFT) & 511);
	EXPECT_EQ(e & (PTE_ADDR | PTE_P | PTE_RW | PTE_US | 0xe00), ma | PTE_P | PTE_RW | PTE_US | 0xa00);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
	EXPECT_EQ(*(volatile ulong *)USER_SPARE, 0xabcdef);
	*(volatile ulong *)USER_SPARE = 0x1111;
	EXPECT_EQ(*(volatile ulong *)pfn_va(pfn), 0x1111);
	EXPECT_EQ(unmap(spare_entry(USER_SPARE), handle), GNTST_okay);
	EXPECT_EQ(read_table(user_l1_pfn, (USER_SPARE >> PAGE_SHIFT) & 511) & PTE_P, 0);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access);
	EXPECT_EQ(unmap(spare_entry(USER_SPARE), handle), GNTST_bad_handle);
	free_pfn(pfn);
	end();
}

/* By address, read-only, as kernels do. */
CASE(grant_map_by_address)
{
	ulong pfn, hole;
	u32 handle, second;
	void *va;

	if (!begin())
		return;
	pfn = alloc_pfn();
	hole = alloc_pfn();
	va = pfn_va(hole);
	EXPECT_EQ(set_va_pte(va, 0), 0);
	grant(FIRST_REF, self, pfn_mfn(pfn), GTF_permit_access | GTF_readonly);
	EXPECT_EQ(map((ulong)va, GNTMAP_host_map, FIRST_REF, NULL, NULL), GNTST_general_error);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_readonly);
	EXPECT_EQ(map((ulong)va, GNTMAP_host_map | GNTMAP_readonly, FIRST_REF, &handle, NULL),
		  GNTST_okay);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_readonly | GTF_reading);
	EXPECT(kernel_can_read((ulong)va));
	EXPECT(!kernel_can_write((ulong)va));
	/* A second time, elsewhere; it is in use until both are gone. */
	EXPECT_EQ(map(spare_entry(USER_SPARE), GNTMAP_host_map | GNTMAP_contains_pte |
		      GNTMAP_readonly, FIRST_REF, &second, NULL), GNTST_okay);
	EXPECT(second != handle);
	EXPECT_EQ(unmap((ulong)va, handle), GNTST_okay);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_readonly | GTF_reading);
	EXPECT(!kernel_can_read((ulong)va));
	EXPECT_EQ(unmap(spare_entry(USER_SPARE), second), GNTST_okay);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_readonly);
	EXPECT_EQ(page_rw(hole), 0);
	free_pfn(hole);
	free_pfn(pfn);
	end();
}

/* A lent frame stays what it is. */
CASE(grant_map_keeps_type)
{
	ulong pfn, e;
	u32 handle;

	if (!begin())
		return;
	pfn = table_alloc();
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)), 0);
	e = spare_entry(USER_SPARE);
	grant(FIRST_REF, self, pfn_mfn(pfn), GTF_permit_access);
	EXPECT_EQ(map(e, GNTMAP_host_map | GNTMAP_contains_pte, FIRST_REF, NULL, NULL),
		  GNTST_general_error);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(pfn)), 0);
	EXPECT_EQ(map(e, GNTMAP_host_map | GNTMAP_contains_pte, FIRST_REF, &handle, NULL),
		  GNTST_okay);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)));
	EXPECT_EQ(unmap(e, handle), GNTST_okay);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(pfn)), 0);
	EXPECT_EQ(table_free(pfn), 0);
	end();
}

CASE(grant_map_refused)
{
	ulong pfn, e;
	struct gnttab_map_grant_ref m;
	u32 flags = GNTMAP_host_map | GNTMAP_contains_pte;

	if (!begin())
		return;
	pfn = alloc_pfn();
	e = spare_entry(USER_SPARE);
	grant(FIRST_REF, self, pfn_mfn(pfn), GTF_permit_access);
	/* Nothing asked for. */
	EXPECT_EQ(map(e, GNTMAP_contains_pte, FIRST_REF, NULL, NULL), GNTST_bad_gntref);
	EXPECT_EQ(map(e, flags, 0x7fffffff, NULL, NULL), GNTST_bad_gntref);
	EXPECT_EQ(map(e, flags, FIRST_REF + 1, NULL, NULL), GNTST_general_error);
	/* Where no L1 entry of ours is. */
	EXPECT_EQ(map(e + 1, flags, FIRST_REF, NULL, NULL), GNTST_general_error);
	EXPECT_EQ(map(mfn_ma(pfn_mfn(pfn)), flags, FIRST_REF, NULL, NULL), GNTST_general_error);
	EXPECT_EQ(map(mfn_ma(pfn_mfn(kernel_l4_pfn)), flags, FIRST_REF, NULL, NULL),
		  GNTST_general_error);
	EXPECT_EQ(map(mfn_ma(mfn_of_hypervisor()), flags, FIRST_REF, NULL, NULL),
		  GNTST_general_error);
	EXPECT_EQ(map(~7ul, flags, FIRST_REF, NULL, NULL), GNTST_general_error);
	EXPECT_EQ(map(HV_START, GNTMAP_host_map, FIRST_REF, NULL, NULL), GNTST_general_error);
	EXPECT_EQ(map(NON_CANONICAL, GNTMAP_host_map, FIRST_REF, NULL, NULL), GNTST_general_error);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access);
	/* What the entry may not say. */
	grant(FIRST_REF, self + 5, pfn_mfn(pfn), GTF_permit_access);
	EXPECT_EQ(map(e, flags, FIRST_REF, NULL, NULL), GNTST_general_error);
	grant(FIRST_REF, self, pfn_mfn(pfn), GTF_accept_transfer);
	EXPECT_EQ(map(e, flags, FIRST_REF, NULL, NULL), GNTST_general_error);
	grant(FIRST_REF, self, pfn_mfn(pfn), GTF_transitive);
	EXPECT_EQ(map(e, flags, FIRST_REF, NULL, NULL), GNTST_general_error);
	grant(FIRST_REF, self, mfn_of_hypervisor(), GTF_permit_access);
	EXPECT_EQ(map(e, flags, FIRST_REF, NULL, NULL), GNTST_bad_page);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access);
	grant(FIRST_REF, self, 0xffffffff, GTF_permit_access);
	EXPECT(map(e, flags, FIRST_REF, NULL, NULL) < 0);
	m = (struct gnttab_map_grant_ref){ .host_addr = e, .flags = flags, .dom = 4711 };
	EXPECT_EQ(gnttab(GNTTABOP_map_grant_ref, &m, 1), 0);
	EXPECT_EQ(m.status, GNTST_bad_domain);
	EXPECT_EQ(gnttab(GNTTABOP_map_grant_ref, BAD_PTR, 1), -XEN_EFAULT);
	EXPECT_EQ(read_table(user_l1_pfn, (USER_SPARE >> PAGE_SHIFT) & 511) & PTE_P, 0);
	free_pfn(pfn);
	end();
}

/* A handle is given back for an entry with its frame and its right, or not at all. */
CASE(grant_unmap_refused)
{
	ulong a, b, e, f;
	u32 ha, hb, hr, flags = GNTMAP_host_map | GNTMAP_contains_pte;

	if (!begin())
		return;
	a = alloc_pfn();
	b = alloc_pfn();
	e = spare_entry(USER_SPARE);
	f = spare_entry(USER_SPARE + PAGE_SIZE);
	grant(FIRST_REF, self, pfn_mfn(a), GTF_permit_access);
	grant(FIRST_REF + 1, self, pfn_mfn(b), GTF_permit_access);
	EXPECT_EQ(map(e, flags, FIRST_REF, &ha, NULL), GNTST_okay);
	EXPECT_EQ(map(f, flags, FIRST_REF + 1, &hb, NULL), GNTST_okay);
	EXPECT_EQ(unmap(e, 0x7fffffff), GNTST_bad_handle);
	EXPECT_EQ(unmap(f, ha), GNTST_general_error);
	EXPECT_EQ(unmap(e + 4, ha), GNTST_general_error);
	EXPECT_EQ(unmap(mfn_ma(pfn_mfn(a)), ha), GNTST_general_error);
	EXPECT_EQ(unmap(mfn_ma(mfn_of_hypervisor()), ha), GNTST_general_error);
	EXPECT_EQ(unmap(f, hb), GNTST_okay);
	/* Read-only and writable ones are not exchanged. */
	EXPECT_EQ(map(f, flags | GNTMAP_readonly, FIRST_REF, &hr, NULL), GNTST_okay);
	EXPECT_EQ(unmap(f, ha), GNTST_general_error);
	EXPECT_EQ(unmap(e, hr), GNTST_general_error);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
	EXPECT_EQ(unmap(e, ha), GNTST_okay);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_reading);
	/* The entry is gone already: nothing there to give back. */
	EXPECT_EQ(user_map(USER_SPARE + PAGE_SIZE, pfn_pte(b, PTE_P)), 0);
	EXPECT_EQ(unmap(f, hr), GNTST_general_error);
	EXPECT_EQ(user_map(USER_SPARE + PAGE_SIZE, pfn_pte(a, PTE_P)), 0);
	EXPECT_EQ(unmap(f, hr), GNTST_okay);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access);
	EXPECT_EQ(gnttab(GNTTABOP_unmap_grant_ref, BAD_PTR, 1), -XEN_EFAULT);
	free_pfn(a);
	free_pfn(b);
	end();
}

/* In use, the frame is the one that use began with, whatever stands in the entry. */
CASE(grant_frame_read_once)
{
	ulong a, b, ma, e, f;
	u32 ha, hb, flags = GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_readonly;

	if (!begin())
		return;
	a = alloc_pfn();
	b = alloc_pfn();
	e = spare_entry(USER_SPARE);
	f = spare_entry(USER_SPARE + PAGE_SIZE);
	grant(FIRST_REF, self, pfn_mfn(a), GTF_permit_access);
	EXPECT_EQ(map(e, flags, FIRST_REF, &ha, &ma), GNTST_okay);
	table[FIRST_REF].frame = pfn_mfn(b);
	EXPECT_EQ(map(f, flags, FIRST_REF, &hb, &ma), GNTST_okay);
	EXPECT_EQ(ma, mfn_ma(pfn_mfn(a)));
	table[FIRST_REF].flags = 0;
	EXPECT_EQ(unmap(e, ha), GNTST_okay);
	EXPECT_EQ(unmap(f, hb), GNTST_okay);
	EXPECT_EQ(table[FIRST_REF].flags, 0);
	free_pfn(a);
	free_pfn(b);
	end();
}

/* Many at once: each with its own status, through several stops on the way. */
CASE(grant_map_many)
{
	static struct gnttab_map_grant_ref m[300];
	static struct gnttab_unmap_grant_ref u[300];
	ulong pfn;
	unsigned int i, bad = 0;

	if (!begin())
		return;
	pfn = alloc_pfn();
	for (i = 0; i < 8; i++)
		grant(FIRST_REF + i, self, pfn_mfn(pfn), GTF_permit_access);
	for (i = 0; i < ARRAY_SIZE(m); i++)
		m[i] = (struct gnttab_map_grant_ref){
			.host_addr = spare_entry(USER_SPARE + (i & 1) * PAGE_SIZE), .dom = self,
			.flags = GNTMAP_host_map | GNTMAP_contains_pte,
			.ref = FIRST_REF + (i == 200 ? 8 : i % 8), .status = 99,
		};
	EXPECT_EQ(gnttab(GNTTABOP_map_grant_ref, m, ARRAY_SIZE(m)), 0);
	for (i = 0; i < ARRAY_SIZE(m); i++)
		bad += m[i].status != (i == 200 ? GNTST_general_error : GNTST_okay);
	EXPECT_EQ(bad, 0);
	/* Later ones took the entry's place: each handle goes with whatever is there. */
	for (i = 0; i < ARRAY_SIZE(u); i++) {
		u[i] = (struct gnttab_unmap_grant_ref){
			.host_addr = spare_entry(USER_SPARE), .handle = m[i].handle, .status = 99,
		};
		if (m[i].status)
			continue;
		if (i >= 1)
			EXPECT_EQ(user_map(USER_SPARE, pfn_pte(pfn, PTE_KERN)), 0);
		EXPECT_EQ(gnttab(GNTTABOP_unmap_grant_ref, &u[i], 1), 0);
		EXPECT_EQ(u[i].status, GNTST_okay);
	}
	for (i = 0; i < 8; i++)
		EXPECT_EQ(table[FIRST_REF + i].flags, GTF_permit_access);
	EXPECT_EQ(gnttab(GNTTABOP_unmap_grant_ref, u, ARRAY_SIZE(u)), 0);
	for (i = bad = 0; i < ARRAY_SIZE(u); i++)
		bad += u[i].status != GNTST_bad_handle && i != 200;
	EXPECT_EQ(bad, 0);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_EQ(user_map(USER_SPARE + PAGE_SIZE, 0), 0);
	free_pfn(pfn);
	end();
}

static int copy(struct gnttab_copy *c)
{
	c->status = 99;
	EXPECT_EQ(gnttab(GNTTABOP_copy, c, 1), 0);
	return c->status;
}

/* All four kinds, and the bytes around the copy stay. */
CASE(grant_copy_kinds)
{
	struct gnttab_copy c;
	ulong a, b;
	unsigned int kind, i, wrong;
	u8 *x, *y;

	if (!begin())
		return;
	a = alloc_pfn();
	b = alloc_pfn();
	x = pfn_va(a);
	y = pfn_va(b);
	for (i = 0; i < PAGE_SIZE; i++)
		x[i] = i * 7 + 1;
	grant(FIRST_REF, self, pfn_mfn(a), GTF_permit_access | GTF_readonly);
	grant(FIRST_REF + 1, self, pfn_mfn(b), GTF_permit_access);
	for (kind = 0; kind < 4; kind++) {
		memset(y, 0xee, PAGE_SIZE);
		c = (struct gnttab_copy){ .len = 1000, .flags = kind };
		c.source.domid = c.dest.domid = DOMID_SELF;
		c.source.offset = PAGE_SIZE - 1000;
		c.dest.offset = 5;
		c.source.u.gmfn = pfn_mfn(a);
		c.dest.u.gmfn = pfn_mfn(b);
		if (kind & GNTCOPY_source_gref)
			c.source.u.ref = FIRST_REF;
		if (kind & GNTCOPY_dest_gref)
			c.dest.u.ref = FIRST_REF + 1;
		EXPECT_EQ(copy(&c), GNTST_okay);
		wrong = memcmp(y + 5, x + PAGE_SIZE - 1000, 1000) != 0;
		for (i = 0; i < PAGE_SIZE; i++)
			wrong += (i < 5 || i >= 1005) && y[i] != 0xee;
		EXPECT_EQ(wrong, 0);
	}
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_readonly);
	EXPECT_EQ(table[FIRST_REF + 1].flags, GTF_permit_access);
	free_pfn(a);
	free_pfn(b);
	end();
}

CASE(grant_copy_refused)
{
	struct gnttab_copy good, c;
	ulong a, b;

	if (!begin())
		return;
	a = alloc_pfn();
	b = alloc_pfn();
	grant(FIRST_REF, self, pfn_mfn(a), GTF_permit_access | GTF_readonly);
	good = (struct gnttab_copy){ .len = 8, .flags = GNTCOPY_dest_gref };
	good.source.domid = DOMID_SELF;
	good.source.u.gmfn = pfn_mfn(b);
	good.dest.domid = self;
	good.dest.u.ref = FIRST_REF;
	EXPECT_EQ(copy(&good), GNTST_general_error);	/* read-only */
	table[FIRST_REF].flags = GTF_permit_access;
	EXPECT_EQ(copy(&good), GNTST_okay);
	c = good;
	c.len = PAGE_SIZE + 1;
	EXPECT_EQ(copy(&c), GNTST_bad_copy_arg);
	c = good;
	c.dest.offset = PAGE_SIZE - 7;
	EXPECT_EQ(copy(&c), GNTST_bad_copy_arg);
	c = good;
	c.source.offset = 0xffff;
	EXPECT_EQ(copy(&c), GNTST_bad_copy_arg);
	c = good;
	c.dest.u.ref = 0x7fffffff;
	EXPECT_EQ(copy(&c), GNTST_bad_gntref);
	c = good;
	c.dest.domid = 4711;
	EXPECT_EQ(copy(&c), GNTST_bad_domain);
	c = good;
	c.source.domid = 4711;
	EXPECT(copy(&c) < 0);
	c = good;
	c.source.u.gmfn = mfn_of_hypervisor();
	EXPECT(copy(&c) < 0);
	c = good;
	c.source.u.gmfn = ~0ul;
	EXPECT(copy(&c) < 0);
	/* Into a table of our own. */
	c = good;
	c.flags = 0;
	c.dest.domid = DOMID_SELF;
	c.dest.u.gmfn = pfn_mfn(user_l1_pfn);
	EXPECT(copy(&c) < 0);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access);
	EXPECT_EQ(gnttab(GNTTABOP_copy, BAD_PTR, 1), -XEN_EFAULT);
	free_pfn(a);
	free_pfn(b);
	end();
}

/* Long lists give way and go on. */
CASE(grant_copy_many)
{
	static struct gnttab_copy c[1000];
	ulong a, b;
	unsigned int i, bad = 0;

	if (!begin())
		return;
	a = alloc_pfn();
	b = alloc_pfn();
	memset(pfn_va(a), 0x5a, PAGE_SIZE);
	grant(FIRST_REF, self, pfn_mfn(b), GTF_permit_access);
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		c[i] = (struct gnttab_copy){ .len = 1, .flags = GNTCOPY_dest_gref, .status = 99 };
		c[i].source.domid = c[i].dest.domid = DOMID_SELF;
		c[i].source.u.gmfn = pfn_mfn(a);
		c[i].dest.u.ref = FIRST_REF;
		c[i].dest.offset = i;
	}
	EXPECT_EQ(gnttab(GNTTABOP_copy, c, ARRAY_SIZE(c)), 0);
	for (i = 0; i < ARRAY_SIZE(c); i++)
		bad += c[i].status != GNTST_okay;
	EXPECT_EQ(bad, 0);
	EXPECT_EQ(memcmp(pfn_va(a), pfn_va(b), ARRAY_SIZE(c)), 0);
	EXPECT_EQ(((u8 *)pfn_va(b))[ARRAY_SIZE(c)], 0);
	free_pfn(a);
	free_pfn(b);
	end();
}

CASE(grant_swap)
{
	struct gnttab_swap_grant_ref s = { FIRST_REF, FIRST_REF + 1, 99 };
	u32 handle;
	ulong a;

	if (!begin())
		return;
	a = alloc_pfn();
	grant(FIRST_REF, self, pfn_mfn(a), GTF_permit_access);
	grant(FIRST_REF + 1, self + 3, 0, 0);
	EXPECT_EQ(gnttab(GNTTABOP_swap_grant_ref, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_okay);
	EXPECT_EQ(table[FIRST_REF + 1].frame, pfn_mfn(a));
	EXPECT_EQ(table[FIRST_REF].domid, self + 3);
	EXPECT_EQ(map(spare_entry(USER_SPARE), GNTMAP_host_map | GNTMAP_contains_pte,
		      FIRST_REF + 1, &handle, NULL), GNTST_okay);
	EXPECT_EQ(gnttab(GNTTABOP_swap_grant_ref, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_eagain);
	EXPECT_EQ(unmap(spare_entry(USER_SPARE), handle), GNTST_okay);
	s.ref_b = 0x7fffffff;
	EXPECT_EQ(gnttab(GNTTABOP_swap_grant_ref, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_bad_gntref);
	free_pfn(a);
	end();
}

/* A frame that is given back while it is lent stays until it is not. */
CASE(grant_of_freed_frame)
{
	ulong pfn, mfn, out;
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	u32 handle;

	if (!begin())
		return;
	pfn = alloc_pfn();
	out = pfn;
	mfn = pfn_mfn(pfn);
	*(ulong *)pfn_va(pfn) = 0x777;
	grant(FIRST_REF, self, mfn, GTF_permit_access);
	EXPECT_EQ(map(spare_entry(USER_SPARE), GNTMAP_host_map | GNTMAP_contains_pte, FIRST_REF,
		      &handle, NULL), GNTST_okay);
	EXPECT_EQ(set_va_pte(pfn_va(pfn), 0), 0);
	set_xen_guest_handle(r.extent_start, &mfn);
	EXPECT_EQ(HYP(memory_op, XENMEM_decrease_reservation, &r), 1);
	EXPECT_EQ(*(volatile ulong *)USER_SPARE, 0x777);
	EXPECT_EQ(unmap(spare_entry(USER_SPARE), handle), GNTST_okay);
	EXPECT(map(spare_entry(USER_SPARE), GNTMAP_host_map | GNTMAP_contains_pte, FIRST_REF,
		   &handle, NULL) < 0);
	set_xen_guest_handle(r.extent_start, &out);
	EXPECT_EQ(HYP(memory_op, XENMEM_populate_physmap, &r), 1);
	p2m[pfn] = out;
	EXPECT_EQ(page_rw(pfn), 0);
	free_pfn(pfn);
	end();
}

#define LENT	128

/* A change of type of such a frame makes all pCPUs answer. */
static void lent_frames_become_tables(const ulong page[LENT])
{
	unsigned int i;

	for (i = 0; i < LENT; i++) {
		EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(page[i])), 0);
		EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(page[i])), 0);
	}
}

/* How often mmuext_op is made for these, its restarts among them. */
static ulong mmuext_calls(struct mmuext_op *op, unsigned int n)
{
	static struct ringlet_domain_stats before, after;

	EXPECT_EQ(RINGLET(DOMAIN_STATS, &before), 0);
	EXPECT_EQ(HYP(mmuext_op, op, n, NULL, DOMID_SELF), 0);
	EXPECT_EQ(RINGLET(DOMAIN_STATS, &after), 0);
	return after.calls[__HYPERVISOR_mmuext_op] - before.calls[__HYPERVISOR_mmuext_op];
}

/* Many such changes are no single call: neither below one table nor in one list. */
CASE(grant_lent_frames_flush_in_pieces)
{
	ulong page[LENT], l1[2], l2 = alloc_pfn(), b = alloc_pfn();
	struct gnttab_copy c = { .len = 1, .flags = GNTCOPY_source_gref };
	struct mmuext_op op[2];
	unsigned int i;

	if (!on_ringlet) {
		skip("counters of Ringlet's");
		return;
	}
	if (!begin())
		return;
	l1[0] = alloc_pfn();
	l1[1] = alloc_pfn();
	c.source.u.ref = FIRST_REF;
	c.source.domid = c.dest.domid = DOMID_SELF;
	c.dest.u.gmfn = pfn_mfn(b);
	for (i = 0; i < LENT; i++) {
		page[i] = table_alloc();
		grant(FIRST_REF, self, pfn_mfn(page[i]), GTF_permit_access | GTF_readonly);
		EXPECT_EQ(copy(&c), GNTST_okay);
		((ulong *)pfn_va(l1[0]))[i] = pfn_pte(page[i], PTE_KERN);
	}
	for (i = 0; i < 2; i++) {
		((ulong *)pfn_va(l2))[i] = pfn_pte(l1[i], PTE_TABLE);
		EXPECT_EQ(page_ro(l1[i]), 0);
		op[i] = (struct mmuext_op){ .cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = pfn_mfn(l1[i]) };
	}
	EXPECT_EQ(page_ro(l2), 0);
	lent_frames_become_tables(page);
	EXPECT(mmuext_calls(op, 2) > 1);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l1[0])), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l1[1])), 0);
	lent_frames_become_tables(page);
	op[0] = (struct mmuext_op){ .cmd = MMUEXT_PIN_L2_TABLE, .arg1.mfn = pfn_mfn(l2) };
	EXPECT(mmuext_calls(op, 1) > 1);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l2)), 0);
	EXPECT_EQ(table_free(l2) | table_free(l1[0]) | table_free(l1[1]), 0);
	for (i = 0; i < LENT; i++)
		EXPECT_EQ(table_free(page[i]), 0);
	free_pfn(b);
	end();
}
