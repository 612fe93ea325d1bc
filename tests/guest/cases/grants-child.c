// SPDX-License-Identifier: GPL-2.0
/* Grants between two domains, and what happens to them when one of the two ends. */
#include "child.h"
#include <xen/grant_table.h>

#define FIRST_REF	64
#define MAP_FLAGS	(GNTMAP_host_map | GNTMAP_contains_pte)
#define NR_LENT		4	/* spare pages 1 to 4 of the child, from FIRST_REF on */

enum { CHILD_READY, PARENT_READY, VALUE };	/* mail->arg */

/* ---- either side ------------------------------------------------------------------------- */

static struct grant_entry_v1 *table;

/* The first frame of the own table, in place of what is at @va. */
static void table_map(void *va)
{
	ulong frame = 0;
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 1 };

	set_xen_guest_handle(s.frame_list, &frame);
	EXPECT_EQ(HYP(grant_table_op, GNTTABOP_setup_table, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_okay);
	EXPECT_EQ(HYP(update_va_mapping, va, mfn_ma(frame) | PTE_KERN, UVMF_INVLPG | UVMF_ALL), 0);
	table = va;
}

static void grant(u32 ref, u16 domid, ulong mfn, u16 flags)
{
	table[ref].frame = mfn;
	table[ref].domid = domid;
	barrier();
	table[ref].flags = flags;
}

static int map(u32 domid, ulong addr, u32 flags, u32 ref, u32 *handle)
{
	struct gnttab_map_grant_ref m = {
		.host_addr = addr, .flags = flags, .ref = ref, .dom = domid, .status = 99,
	};

	EXPECT_EQ(HYP(grant_table_op, GNTTABOP_map_grant_ref, &m, 1), 0);
	*handle = m.handle;
	return m.status;
}

static int unmap(ulong addr, u32 handle)
{
	struct gnttab_unmap_grant_ref u = { .host_addr = addr, .handle = handle, .status = 99 };

	EXPECT_EQ(HYP(grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1), 0);
	return u.status;
}

static int copy_from(u32 domid, u32 ref, ulong to_mfn)
{
	struct gnttab_copy c = { .len = PAGE_SIZE, .flags = GNTCOPY_source_gref, .status = 99 };

	c.source.domid = domid;
	c.source.u.ref = ref;
	c.dest.domid = DOMID_SELF;
	c.dest.u.gmfn = to_mfn;
	EXPECT_EQ(HYP(grant_table_op, GNTTABOP_copy, &c, 1), 0);
	return c.status;
}

static ulong spare_entry(unsigned int page)
{
	ulong va = USER_SPARE + page * PAGE_SIZE;

	return mfn_ma(pfn_mfn(user_l1_pfn)) + ((va >> PAGE_SHIFT) & 511) * 8;
}

static volatile ulong *spare(ulong page)
{
	return (volatile ulong *)(USER_SPARE + page * PAGE_SIZE);
}

static u64 free_frames(void)
{
	struct ringlet_machine_info m = { 0 };

	EXPECT_EQ(RINGLET(MACHINE_INFO, &m), 0);
	return m.free_pages;
}

static void expect_gone(u32 domid, u64 free_before)
{
	u64 end = system_time() + HANG_NS;
	struct ringlet_domain_info info;

	while (!domid_info(domid, &info) && system_time() < end)
		HYP(sched_op, SCHEDOP_yield, NULL);
	EXPECT_EQ(domid_info(domid, &info), -XEN_ESRCH);
	EXPECT_EQ(free_frames(), free_before);
}

/* ---- the child lends --------------------------------------------------------------------- */

static void child_lends(struct child_mail *m, unsigned int vcpu)
{
	unsigned int i;

	table_map((void *)CHILD_SPARE_VA(0));
	for (i = 0; i < NR_LENT; i++) {
		*(volatile ulong *)CHILD_SPARE_VA(1 + i) = 0x1000 + i;
		grant(FIRST_REF + i, 0, m->spare_mfn[1 + i], GTF_permit_access);
	}
	table[FIRST_REF + 1].flags |= GTF_readonly;
	m->arg[CHILD_READY] = 1;
	child_wait(m, PARENT_READY, 1);
	EXPECT_EQ(*(volatile ulong *)CHILD_SPARE_VA(1), m->arg[VALUE]);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
	m->arg[CHILD_READY] = 2;
	child_wait(m, PARENT_READY, 2);
	for (i = 0; i < NR_LENT; i++)
		EXPECT_EQ(table[FIRST_REF + i].flags & (GTF_reading | GTF_writing), 0);
}

CASE(grant_child_lends)
{
	struct child c;
	u32 handle, other;
	ulong pfn;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = child_lends }))
		return;
	child_start(&c);
	EXPECT(child_wait(c.mail, CHILD_READY, 1));
	EXPECT_EQ(map(c.domid, spare_entry(0), MAP_FLAGS, FIRST_REF, &handle), GNTST_okay);
	EXPECT_EQ(*spare(0), 0x1000);
	*spare(0) = c.mail->arg[VALUE] = 0xfeed;
	EXPECT_EQ(map(c.domid, spare_entry(1), MAP_FLAGS, FIRST_REF + 1, &other),
		  GNTST_general_error);
	EXPECT_EQ(map(c.domid, spare_entry(1), MAP_FLAGS | GNTMAP_readonly, FIRST_REF + 1, &other),
		  GNTST_okay);
	EXPECT_EQ(*spare(1), 0x1001);
	/* By number it is the other one's still. */
	EXPECT_EQ(mmu_update_raw(spare_entry(2), mfn_ma(c.mail->spare_mfn[1]) | PTE_USER),
		  -XEN_EPERM);
	pfn = alloc_pfn();
	EXPECT_EQ(copy_from(c.domid, FIRST_REF + 2, pfn_mfn(pfn)), GNTST_okay);
	EXPECT_EQ(*(ulong *)pfn_va(pfn), 0x1002);
	c.mail->arg[PARENT_READY] = 1;
	EXPECT(child_wait(c.mail, CHILD_READY, 2));
	EXPECT_EQ(unmap(spare_entry(0), handle), GNTST_okay);
	EXPECT_EQ(unmap(spare_entry(1), other), GNTST_okay);
	c.mail->arg[PARENT_READY] = 2;
	child_join(&c);
	child_destroy(&c);
	free_pfn(pfn);
}

/* The lender dies: what is mapped stays, nothing new is had, it is gone with the last unmap. */
CASE(grant_of_the_dead)
{
	struct ringlet_domain_info info;
	u64 free_before;
	struct child c;
	u32 a, b, d;
	ulong pfn;

	NEED_CHILD();
	free_before = free_frames();
	if (!child_create(&c, &(struct child_config){ .fn = child_lends }))
		return;
	child_start(&c);
	pfn = alloc_pfn();
	EXPECT(child_wait(c.mail, CHILD_READY, 1));
	EXPECT_EQ(map(c.domid, spare_entry(0), MAP_FLAGS, FIRST_REF, &a), GNTST_okay);
	EXPECT_EQ(map(c.domid, spare_entry(1), MAP_FLAGS | GNTMAP_readonly, FIRST_REF + 1, &b),
		  GNTST_okay);
	EXPECT_EQ(page_rw(va_pfn(c.mail)), 0);	/* that mapping would keep it, too */
	EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, c.domid), 0);
	EXPECT_EQ(domid_info(c.domid, &info), 0);
	EXPECT(info.state & RINGLET_DOM_DYING);
	EXPECT_EQ(info.tot_pages, 2);
	*spare(0) = 0x4242;
	EXPECT_EQ(*spare(0), 0x4242);
	EXPECT_EQ(*spare(1), 0x1001);
	EXPECT_EQ(map(c.domid, spare_entry(2), MAP_FLAGS, FIRST_REF, &d), GNTST_bad_domain);
	EXPECT_EQ(copy_from(c.domid, FIRST_REF, pfn_mfn(pfn)), GNTST_bad_domain);
	EXPECT_EQ(unmap(spare_entry(0), a), GNTST_okay);
	EXPECT_EQ(domid_info(c.domid, &info), 0);
	EXPECT_EQ(info.tot_pages, 1);
	EXPECT_EQ(unmap(spare_entry(1), b), GNTST_okay);
	expect_gone(c.domid, free_before);
	child_forget(&c);
	free_pfn(pfn);
}

/* ---- the parent lends -------------------------------------------------------------------- */

static void child_borrows(struct child_mail *m, unsigned int vcpu)
{
	ulong entry = mfn_ma(m->table_mfn[5]) + ((CHILD_SPARE_VA(2) >> PAGE_SHIFT) & 511) * 8;
	u32 handle, second;

	EXPECT_EQ(map(0, CHILD_SPARE_VA(1), GNTMAP_host_map, FIRST_REF, &handle), GNTST_okay);
	EXPECT_EQ(map(0, entry, MAP_FLAGS | GNTMAP_readonly, FIRST_REF, &second), GNTST_okay);
	EXPECT_EQ(*(volatile ulong *)CHILD_SPARE_VA(2), 0x55);
	*(volatile ulong *)CHILD_SPARE_VA(1) = 0x66;
	EXPECT_EQ(*(volatile ulong *)CHILD_SPARE_VA(2), 0x66);
	EXPECT_EQ(map(0, CHILD_SPARE_VA(3), GNTMAP_host_map, FIRST_REF + 1, &handle),
		  GNTST_general_error);		/* lent to somebody else */
	m->arg[CHILD_READY] = 1;
}

/* The borrower dies: its maps are undone, the owner is told, the frame may become anything. */
CASE(grant_to_the_dead)
{
	ulong pfn, table_pfn;
	u64 free_before;
	struct child c;

	NEED_CHILD();
	table_pfn = alloc_pfn();
	table_map(pfn_va(table_pfn));
	free_before = free_frames();
	if (!child_create(&c, &(struct child_config){ .fn = child_borrows }))
		return;
	c.mail->stay = true;
	pfn = alloc_pfn();
	*(ulong *)pfn_va(pfn) = 0x55;
	grant(FIRST_REF, c.domid, pfn_mfn(pfn), GTF_permit_access);
	grant(FIRST_REF + 1, c.domid + 1, pfn_mfn(pfn), GTF_permit_access);
	child_start(&c);
	EXPECT(child_wait(c.mail, CHILD_READY, 1));
	EXPECT_EQ(*(volatile ulong *)pfn_va(pfn), 0x66);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
	EXPECT_EQ(page_ro(pfn), 0);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)));
	child_join(&c);
	child_destroy(&c);
	EXPECT_EQ(table[FIRST_REF].flags, GTF_permit_access);
	EXPECT_EQ(page_rw(pfn), 0);
	*(ulong *)pfn_va(pfn) = 0;
	EXPECT_EQ(page_ro(pfn), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(pfn)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(pfn)), 0);
	EXPECT_EQ(table_free(pfn), 0);
	expect_gone(c.domid, free_before);
	memset(table + FIRST_REF, 0, 2 * sizeof(*table));
	EXPECT_EQ(page_rw(table_pfn), 0);
	free_pfn(table_pfn);
}

/* ---- what a child may not ---------------------------------------------------------------- */

static void child_tries(struct child_mail *m, unsigned int vcpu)
{
	ulong pte = mfn_ma(m->arg[VALUE]) | PTE_KERN, list[2] = { 0 }, va = CHILD_SPARE_VA(1);
	struct mmu_update u = {
		mfn_ma(m->table_mfn[5]) + ((va >> PAGE_SHIFT) & 511) * 8, pte,
	};
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = 0 };
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = m->arg[VALUE] };
	struct gnttab_setup_table s = { .dom = 0, .nr_frames = 1 };
	struct gnttab_query_size q = { .dom = 0 };
	struct mmu_update m2p_set = { mfn_ma(m->arg[VALUE]) | MMU_MACHPHYS_UPDATE, 1 };
	domid_t id = 0;
	u32 handle;

	EXPECT_EQ(HYP(mmu_update, &u, 1, NULL, 0), -XEN_EPERM);
	EXPECT_EQ(HYP(mmu_update, &u, 1, NULL, DOMID_SELF), -XEN_EPERM);
	EXPECT_EQ(HYP(mmu_update, &u, 1, NULL, DOMID_IO), -XEN_EPERM);
	EXPECT_EQ(HYP(mmu_update, &m2p_set, 1, NULL, 0), -XEN_EPERM);
	EXPECT_ERR(HYP(mmu_update, &m2p_set, 1, NULL, DOMID_SELF));
	EXPECT_EQ(HYP(update_va_mapping_otherdomain, va, pte, 0, 0), -XEN_EPERM);
	EXPECT_EQ(HYP(mmuext_op, &pin, 1, NULL, 0), -XEN_EPERM);
	set_xen_guest_handle(r.extent_start, list);
	EXPECT_EQ(HYP(memory_op, XENMEM_populate_physmap, &r), 0);
	list[0] = m->arg[VALUE];
	EXPECT_EQ(HYP(memory_op, XENMEM_decrease_reservation, &r), 0);
	EXPECT_EQ(HYP(memory_op, XENMEM_current_reservation, &id), -XEN_EPERM);
	set_xen_guest_handle(s.frame_list, list);
	EXPECT_EQ(HYP(grant_table_op, GNTTABOP_setup_table, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_permission_denied);
	EXPECT_EQ(HYP(grant_table_op, GNTTABOP_query_size, &q, 1), 0);
	EXPECT_EQ(q.status, GNTST_permission_denied);
	/* It may lend what is not its own, but nobody gets it. */
	table_map((void *)CHILD_SPARE_VA(0));
	grant(FIRST_REF, m->domid, m->arg[VALUE], GTF_permit_access);
	EXPECT_EQ(map(m->domid, va, GNTMAP_host_map, FIRST_REF, &handle), GNTST_bad_page);
	grant(FIRST_REF, m->domid, m->spare_mfn[2], GTF_permit_access);
	EXPECT_EQ(map(m->domid, va, GNTMAP_host_map | GNTMAP_device_map, FIRST_REF, &handle),
		  GNTST_permission_denied);
	EXPECT_EQ(copy_from(m->domid, FIRST_REF, m->arg[VALUE]), GNTST_general_error);
	EXPECT_EQ(copy_from(m->domid, FIRST_REF, m->table_mfn[5]), GNTST_general_error);
}

CASE(grant_child_refused)
{
	struct child c;
	ulong pfn;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = child_tries }))
		return;
	pfn = alloc_pfn();
	c.mail->arg[VALUE] = pfn_mfn(pfn);
	child_start(&c);
	child_join(&c);
	EXPECT_EQ(*(ulong *)pfn_va(pfn), 0);
	EXPECT_EQ(m2p[pfn_mfn(pfn)], pfn);
	child_destroy(&c);
	free_pfn(pfn);
}

/* ---- limits ------------------------------------------------------------------------------ */

static void child_exhausts(struct child_mail *m, unsigned int vcpu)
{
	ulong list[2], va = CHILD_SPARE_VA(1);
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 2 };
	u32 handle = 0, last = 0, i;

	table_map((void *)CHILD_SPARE_VA(0));
	set_xen_guest_handle(s.frame_list, list);
	EXPECT_EQ(HYP(grant_table_op, GNTTABOP_setup_table, &s, 1), 0);
	EXPECT_EQ(s.status, GNTST_general_error);
	grant(FIRST_REF, m->domid, m->spare_mfn[2], GTF_permit_access);
	EXPECT_EQ(map(m->domid, va, GNTMAP_host_map, 512, &handle), GNTST_bad_gntref);
	for (i = 0; i < 512; i++) {
		EXPECT_EQ(map(m->domid, va, GNTMAP_host_map, FIRST_REF, &handle), GNTST_okay);
		last = handle;
	}
	EXPECT_EQ(map(m->domid, va, GNTMAP_host_map, FIRST_REF, &handle), GNTST_no_device_space);
	EXPECT_EQ(unmap(va, last), GNTST_okay);
	EXPECT_EQ(unmap(va, last), GNTST_bad_handle);
	EXPECT_EQ(map(m->domid, va, GNTMAP_host_map, FIRST_REF, &handle), GNTST_okay);
	m->arg[CHILD_READY] = 1;
}

/* All handles in use are given back when the domain ends. */
CASE(grant_child_exhausts)
{
	struct ringlet_domain_info info;
	u64 free_before;
	struct child c;

	NEED_CHILD();
	free_before = free_frames();
	if (!child_create(&c, &(struct child_config){
			.fn = child_exhausts,
			.create = { .max_grant_frames = 1, .max_maptrack_frames = 1 } }))
		return;
	c.mail->stay = true;
	child_start(&c);
	EXPECT(child_wait(c.mail, CHILD_READY, 1));
	child_join(&c);
	EXPECT_EQ(domid_info(c.domid, &info), 0);
	EXPECT_EQ(info.maps, 512);
	EXPECT_EQ(info.grant_frames, 1);
	EXPECT_EQ(info.maptrack_frames, 1);
	child_destroy(&c);
	expect_gone(c.domid, free_before);
}

/* ---- at the same time -------------------------------------------------------------------- */

#define ROUNDS 400

/* vCPU 0 changes the entry, vCPU 1 what the frames are. */
static void child_fights(struct child_mail *m, unsigned int vcpu)
{
	static const u16 flags[] = {
		GTF_permit_access, GTF_permit_access | GTF_readonly, 0, GTF_accept_transfer,
	};
	struct mmuext_op op = { .arg1.mfn = m->spare_mfn[2] };
	unsigned int i;

	if (!vcpu)
		table_map((void *)CHILD_SPARE_VA(0));
	else
		EXPECT_EQ(HYP(update_va_mapping, CHILD_SPARE_VA(2), 0, UVMF_INVLPG | UVMF_ALL), 0);
	m->arg[CHILD_READY] = 1;
	for (i = 0; m->arg[PARENT_READY] != 2; i++) {
		if (!vcpu) {
			table[FIRST_REF].frame = m->spare_mfn[1 + i % 3];
			table[FIRST_REF].domid = i % 7 == 6;
			barrier();
			table[FIRST_REF].flags = flags[i % 4];
			table[FIRST_REF + 1].frame = i;
			table[FIRST_REF + 1].flags = GTF_permit_access;
			continue;
		}
		op.cmd = MMUEXT_PIN_L1_TABLE;
		if (!HYP(mmuext_op, &op, 1, NULL, DOMID_SELF)) {
			op.cmd = MMUEXT_UNPIN_TABLE;
			EXPECT_EQ(HYP(mmuext_op, &op, 1, NULL, DOMID_SELF), 0);
		}
	}
}

ATTACK(grant_child_fights)
{
	u64 free_before;
	struct child c;
	unsigned int i, mapped = 0, copied = 0;
	ulong pfn;
	u32 handle;

	NEED_CHILD();
	free_before = free_frames();
	if (!child_create(&c, &(struct child_config){ .fn = child_fights, .vcpus = 2 }))
		return;
	child_start(&c);
	EXPECT(child_wait(c.mail, CHILD_READY, 1));
	pfn = alloc_pfn();
	for (i = 0; i < ROUNDS || (!(mapped && copied) && i < 100 * ROUNDS); i++) {
		u32 flags = MAP_FLAGS | (i & 1 ? GNTMAP_readonly : 0);

		if (!map(c.domid, spare_entry(0), flags, FIRST_REF + !(i % 16), &handle)) {
			mapped++;
			(void)*spare(0);
			if (!(i & 1))
				*spare(0) = 0;
			EXPECT_EQ(unmap(spare_entry(0), handle), GNTST_okay);
		}
		copied += !copy_from(c.domid, FIRST_REF, pfn_mfn(pfn));
	}
	EXPECT(mapped && copied);
	c.mail->arg[PARENT_READY] = 2;
	child_join(&c);
	child_destroy(&c);
	free_pfn(pfn);
	expect_gone(c.domid, free_before);
}
