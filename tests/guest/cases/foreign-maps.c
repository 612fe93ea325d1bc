// SPDX-License-Identifier: GPL-2.0
/*
 * What a privileged domain does with another one's memory: give frames, map them by number, pin
 * tables, and what is left when the other one is destroyed. The other domain never runs.
 */
#include "guest.h"
#include <ringlet/hypercall-numbers.h>
#include <ringlet/ringlet.h>

#define NR_FRAMES 8
#define RL(NAME, arg)	hypercall(__HYPERVISOR_arch_7, RINGLET_OP_RINGLET_OP_##NAME, arg, \
				  sizeof(*(arg)))

static u32 other;			/* domid */
static ulong mfns[NR_FRAMES];
static u64 free_before;

static u64 free_frames(void)
{
	struct ringlet_machine_info m = { 0 };

	EXPECT_EQ(RL(MACHINE_INFO, &m), 0);
	return m.free_pages;
}

static long reservation(u32 cmd, ulong *list, ulong nr)
{
	struct xen_memory_reservation r = { .nr_extents = nr, .domid = other };

	set_xen_guest_handle(r.extent_start, list);
	return HYP(memory_op, cmd, &r);
}

/* A domain with NR_FRAMES frames, pfns 100 on; false: not here, or failed. */
static bool begin(void)
{
	struct ringlet_domain_create c = {
		.domid = RINGLET_DOMID_ANY, .max_vcpus = 1, .max_pages = NR_FRAMES + 2,
	};
	int i;

	if (!on_ringlet) {
		skip("domain control is Ringlet's own");
		return false;
	}
	free_before = free_frames();
	EXPECT_EQ(RL(DOMAIN_CREATE, &c), 0);
	other = c.domid;
	for (i = 0; i < NR_FRAMES; i++)
		mfns[i] = 100 + i;
	EXPECT_EQ(reservation(XENMEM_populate_physmap, mfns, NR_FRAMES), NR_FRAMES);
	return !case_failed();
}

static long destroy(void)
{
	struct ringlet_domain_ref r = { .domid = other };

	return RL(DOMAIN_DESTROY, &r);
}

/* It is gone, with all that it cost. */
static void expect_gone(void)
{
	struct ringlet_domain_info info;
	u64 end = system_time() + HANG_NS;
	long rc;

	do {
		info = (struct ringlet_domain_info){ .domid = other };
		rc = RL(DOMAIN_INFO, &info);
	} while (rc == 0 && system_time() < end);
	EXPECT_EQ(rc, -XEN_ESRCH);
	EXPECT_EQ(free_frames(), free_before);
}

static int map_as(u32 domid, ulong va, ulong pte)
{
	struct mmu_update u = {
		.ptr = (mfn_ma(pfn_mfn(user_l1_pfn)) + ((va >> PAGE_SHIFT) & 511) * 8) |
		       MMU_PT_UPDATE_NO_TRANSLATE,
		.val = pte,
	};
	int rc = HYP(mmu_update, &u, 1, NULL, domid);

	mmuext1(MMUEXT_TLB_FLUSH_LOCAL, 0);
	return rc;
}

static volatile ulong *const spare = (volatile ulong *)USER_SPARE;

/* Low memory is for who does DMA, and to search it by address takes long. */
CASE(foreign_reservation_address_limit)
{
	ulong pfn = 200;
	struct xen_memory_reservation r = {
		.nr_extents = 1, .mem_flags = XENMEMF_address_bits(27),
	};

	if (!begin())
		return;
	r.domid = other;
	set_xen_guest_handle(r.extent_start, &pfn);
	EXPECT_EQ(HYP(memory_op, XENMEM_populate_physmap, &r), 0);
	r.mem_flags = XENMEMF_address_bits(52);		/* no limit at all */
	EXPECT_EQ(HYP(memory_op, XENMEM_populate_physmap, &r), 1);
	EXPECT_EQ(destroy(), 0);
	expect_gone();
}

CASE(foreign_reservation)
{
	domid_t id;
	ulong list[4] = { 200, 201, 202, 203 };
	int i;

	if (!begin())
		return;
	id = other;
	EXPECT_EQ(HYP(memory_op, XENMEM_current_reservation, &id), NR_FRAMES);
	EXPECT_EQ(HYP(memory_op, XENMEM_maximum_reservation, &id), NR_FRAMES + 2);
	for (i = 0; i < NR_FRAMES; i++)
		EXPECT_EQ(m2p[mfns[i]], 100 + i);
	EXPECT_EQ(reservation(XENMEM_populate_physmap, list, 4), 2);	/* max_pages */
	EXPECT_EQ(list[2], 202);
	EXPECT_EQ(reservation(XENMEM_decrease_reservation, list, 2), 2);
	EXPECT_EQ(reservation(XENMEM_decrease_reservation, list, 1), 0);
	EXPECT_EQ(HYP(memory_op, XENMEM_current_reservation, &id), NR_FRAMES);
	/* Our own frames are not its to give back. */
	list[0] = pfn_mfn(user_l1_pfn);
	EXPECT_EQ(reservation(XENMEM_decrease_reservation, list, 1), 0);
	id = 4711;
	EXPECT_ERR(HYP(memory_op, XENMEM_current_reservation, &id));
	EXPECT_EQ(destroy(), 0);
	expect_gone();
	EXPECT(reservation(XENMEM_populate_physmap, list, 1) <= 0);
}

CASE(foreign_map)
{
	int i;

	if (!begin())
		return;
	EXPECT_EQ(map_as(other, USER_SPARE, mfn_ma(mfns[0]) | PTE_USER), 0);
	for (i = 0; i < 512; i++)
		EXPECT_EQ(spare[i], 0);
	spare[3] = 0x1234567;
	EXPECT_EQ(map_as(other, USER_SPARE + PAGE_SIZE, mfn_ma(mfns[0]) | PTE_P | PTE_US), 0);
	EXPECT_EQ(spare[512 + 3], 0x1234567);
	EXPECT(!kernel_can_write(USER_SPARE + PAGE_SIZE));
	EXPECT_EQ(user_map(USER_SPARE + PAGE_SIZE, 0), 0);
	EXPECT_EQ(HYP(update_va_mapping_otherdomain, USER_SPARE, mfn_ma(mfns[1]) | PTE_USER,
		      UVMF_INVLPG | UVMF_ALL, other), 0);
	EXPECT_EQ(spare[3], 0);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_EQ(destroy(), 0);
	expect_gone();
}

CASE(foreign_map_refused)
{
	ulong e, l2e;
	struct mmu_update u;

	if (!begin())
		return;
	e = mfn_ma(mfns[0]) | PTE_USER;
	EXPECT_EQ(map_as(DOMID_SELF, USER_SPARE, e), -XEN_EPERM);
	EXPECT_ERR(map_as(other, USER_SPARE, pfn_pte(user_l1_pfn, PTE_P)));
	EXPECT_ERR(map_as(other, USER_SPARE, mfn_ma(mfn_of_hypervisor()) | PTE_P));
	EXPECT_ERR(map_as(other, USER_SPARE, mfn_ma(0xfee00) | PTE_P));
	EXPECT_ERR(map_as(other, USER_SPARE, e | PTE_PCD));
	EXPECT_ERR(map_as(other, USER_SPARE, mfn_ma(BIT(39)) | PTE_P));
	EXPECT_EQ(map_as(other + 1000, USER_SPARE, e), -XEN_ESRCH);
	EXPECT_ERR(map_as((other + 1) << 16 | DOMID_SELF, USER_SPARE, e));
	/* As a table: neither under our L4 nor anywhere. */
	l2e = read_table(kernel_l4_pfn, 300);
	u = (struct mmu_update){ mfn_ma(pfn_mfn(kernel_l4_pfn)) + 300 * 8, e };
	EXPECT_ERR(HYP(mmu_update, &u, 1, NULL, other));
	EXPECT_EQ(read_table(kernel_l4_pfn, 300), l2e);

	/* The same frame and right may stay, no more. */
	EXPECT_EQ(map_as(other, USER_SPARE, e), 0);
	EXPECT_EQ(map_as(DOMID_SELF, USER_SPARE, e & ~PTE_D), 0);
	EXPECT_ERR(map_as(DOMID_SELF, USER_SPARE, e & ~PTE_RW));
	EXPECT_ERR(map_as(DOMID_SELF, USER_SPARE + PAGE_SIZE, e));
	EXPECT_ERR(map_as(DOMID_SELF, USER_SPARE, mfn_ma(mfns[1]) | PTE_USER));
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_EQ(destroy(), 0);
	expect_gone();
}

/* A batch stops at the bad one, says so, and can be taken up again behind it. */
CASE(foreign_map_batch)
{
	static struct mmu_update u[600];
	u32 done = 99;
	int i;

	if (!begin())
		return;
	for (i = 0; i < 600; i++) {
		u[i].ptr = mfn_ma(pfn_mfn(user_l1_pfn)) + ((USER_SPARE >> PAGE_SHIFT) & 511) * 8;
		u[i].val = mfn_ma(mfns[i % NR_FRAMES]) | PTE_USER;
	}
	u[400].val = mfn_ma(mfn_of_hypervisor()) | PTE_USER;
	EXPECT_ERR(HYP(mmu_update, u, 600, &done, other));
	EXPECT_EQ(done, 400);
	EXPECT_EQ(HYP(mmu_update, u + 401, 199, &done, other), 0);
	EXPECT_EQ(done, 199);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_EQ(destroy(), 0);
	expect_gone();
}

CASE(foreign_machphys)
{
	struct mmu_update u;

	if (!begin())
		return;
	u = (struct mmu_update){ mfn_ma(mfns[2]) | MMU_MACHPHYS_UPDATE, 4242 };
	EXPECT_ERR(HYP(mmu_update, &u, 1, NULL, DOMID_SELF));
	EXPECT_EQ(HYP(mmu_update, &u, 1, NULL, other), 0);
	EXPECT_EQ(m2p[mfns[2]], 4242);
	u.ptr = mfn_ma(pfn_mfn(user_l1_pfn)) | MMU_MACHPHYS_UPDATE;
	EXPECT_ERR(HYP(mmu_update, &u, 1, NULL, other));
	EXPECT_EQ(destroy(), 0);
	expect_gone();
}

static int pin_other(unsigned int cmd, ulong mfn)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = mfn };

	return HYP(mmuext_op, &op, 1, NULL, other);
}

/* Tables of the other domain are pinned for it, and die with it. */
CASE(foreign_pin)
{
	ulong e;

	if (!begin())
		return;
	e = mfn_ma(mfns[0]) | PTE_USER;
	EXPECT_EQ(map_as(other, USER_SPARE, e), 0);
	spare[0] = mfn_ma(mfns[1]) | PTE_USER;
	EXPECT_EQ(pin_other(MMUEXT_PIN_L1_TABLE, mfns[0]), -XEN_EBUSY);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_EQ(pin_other(MMUEXT_PIN_L1_TABLE, mfns[0]), 0);
	EXPECT_EQ(map_as(other, USER_SPARE, e), -XEN_EBUSY);
	EXPECT_EQ(map_as(other, USER_SPARE, e & ~PTE_RW), 0);
	EXPECT_EQ(spare[0], mfn_ma(mfns[1]) | PTE_USER);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	/* Not ours, and not a table of ours. */
	EXPECT_ERR(mmuext1(MMUEXT_UNPIN_TABLE, mfns[0]));
	EXPECT_ERR(pin_other(MMUEXT_PIN_L1_TABLE, pfn_mfn(user_l1_pfn)));
	EXPECT_EQ(pin_other(MMUEXT_NEW_BASEPTR, mfns[0]), -XEN_EPERM);
	EXPECT_EQ(pin_other(MMUEXT_UNPIN_TABLE, mfns[0]), 0);
	EXPECT_EQ(map_as(other, USER_SPARE, e), 0);
	spare[0] = mfn_ma(pfn_mfn(user_l1_pfn)) | PTE_P;
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_EQ(pin_other(MMUEXT_PIN_L1_TABLE, mfns[0]), -XEN_EPERM);
	EXPECT_EQ(pin_other(MMUEXT_PIN_L1_TABLE, mfns[1]), 0);
	EXPECT_EQ(destroy(), 0);
	expect_gone();
}

/* What we have mapped of it stays until we let go, and so does the domain. */
CASE(foreign_map_of_the_dead)
{
	struct ringlet_domain_info info = { 0 };

	if (!begin())
		return;
	info.domid = other;
	EXPECT_EQ(RL(DOMAIN_INFO, &info), 0);
	EXPECT_EQ(map_as(other, USER_SPARE, mfn_ma(mfns[0]) | PTE_USER), 0);
	EXPECT_EQ(map_as(other, USER_SPARE + PAGE_SIZE, mfn_ma(info.shared_info_mfn) | PTE_USER), 0);
	spare[0] = 77;
	spare[512] = 78;
	EXPECT_EQ(destroy(), 0);
	EXPECT_EQ(RL(DOMAIN_INFO, &info), 0);
	EXPECT(info.state & RINGLET_DOM_DYING);
	EXPECT_EQ(info.tot_pages, 1);
	spare[1] = 79;
	EXPECT_EQ(spare[0], 77);
	EXPECT_EQ(spare[512], 78);
	/* Nothing new from it, and nothing new for it. */
	EXPECT_ERR(map_as(other, USER_SPARE + 2 * PAGE_SIZE, mfn_ma(mfns[0]) | PTE_USER));
	EXPECT_EQ(reservation(XENMEM_populate_physmap, mfns + 1, 1), 0);
	EXPECT_ERR(pin_other(MMUEXT_PIN_L1_TABLE, mfns[0]));
	EXPECT_EQ(destroy(), 0);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	EXPECT_EQ(RL(DOMAIN_INFO, &info), 0);
	EXPECT_EQ(user_map(USER_SPARE + PAGE_SIZE, 0), 0);
	expect_gone();
}

/* Its L1s with foreign entries in them: unpinned they let go, pinned again they are refused. */
CASE(foreign_map_in_unpinned_table)
{
	ulong l1, e;
	struct mmu_update u;

	if (!begin())
		return;
	l1 = table_alloc();
	e = mfn_ma(mfns[0]) | PTE_USER;
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(l1)), 0);
	u = (struct mmu_update){ mfn_ma(pfn_mfn(l1)) + 8, e };
	EXPECT_EQ(HYP(mmu_update, &u, 1, NULL, other), 0);
	EXPECT_EQ(pin_other(MMUEXT_PIN_L1_TABLE, mfns[0]), -XEN_EBUSY);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l1)), 0);
	EXPECT_EQ(read_table(l1, 1), e);
	EXPECT_EQ(pin_other(MMUEXT_PIN_L1_TABLE, mfns[0]), 0);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(l1)));
	EXPECT_EQ(destroy(), 0);
	expect_gone();
	EXPECT_EQ(table_free(l1), 0);
}
