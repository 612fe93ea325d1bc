// SPDX-License-Identifier: GPL-2.0
/*
 * Two vCPUs make random calls on the same few frames, ports and descriptor tables. Nothing is
 * expected of single results: the hypervisor has to survive, and what it refuses to map has to
 * stay unmapped. The sequence of each vCPU is fixed by its seed.
 */
#include "guest.h"

#define FRAMES	24
#define TREE	7	/* of these, see random_link() */
#define SLOT	302		/* L4 slot that random L3s are hooked into */
#define ROUNDS	20000

static volatile ulong mfns[FRAMES];
static ulong pfns[FRAMES];	/* of those from the p2m list */
static volatile u32 stop;
static ulong foreign;

/* Every frame that was ever taken, to give them all back in the end. */
static ulong taken[8192];
static volatile u32 nr_taken;

static ulong take_frame(void)
{
	ulong out = 0;
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	u32 n = __atomic_fetch_add(&nr_taken, 1, __ATOMIC_SEQ_CST);

	if (n >= ARRAY_SIZE(taken))
		return 0;
	set_xen_guest_handle(r.extent_start, &out);
	if (HYP(memory_op, XENMEM_increase_reservation, &r) == 1)
		taken[n] = out;
	return taken[n];
}

static void give_frame(ulong mfn)
{
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, &mfn);
	HYP(memory_op, XENMEM_decrease_reservation, &r);
}

static u32 rnd(u64 *s)
{
	*s = *s * 6364136223846793005ul + 1442695040888963407ul;
	return *s >> 33;
}

static ulong any_mfn(u64 *s)
{
	u32 r = rnd(s) % 64;

	if (r == 0)
		return foreign;
	if (r == 1)
		return ~0ul;
	/* The tree is left alone mostly, or it would never stand. */
	return mfns[r < 8 ? rnd(s) % FRAMES : TREE + rnd(s) % (FRAMES - TREE)];
}

static ulong any_entry(u64 *s)
{
	static const ulong flags[] = {
		0, PTE_P, PTE_P | PTE_RW, PTE_P | PTE_RW | PTE_US, PTE_P | PTE_US,
		PTE_P | PTE_RW | PTE_A | PTE_D, PTE_P | PTE_RW | PTE_G, PTE_P | PTE_PSE, PTE_RW,
		PTE_P | PTE_RW | PTE_PCD, PTE_P | PTE_NX,
	};

	return mfn_ma(any_mfn(s)) | flags[rnd(s) % ARRAY_SIZE(flags)];
}

static void random_updates(u64 *s)
{
	struct mmu_update u[8];
	unsigned int i, n = 1 + rnd(s) % ARRAY_SIZE(u);
	u32 done;

	for (i = 0; i < n; i++) {
		u[i].ptr = mfn_ma(any_mfn(s)) | (rnd(s) % 16) * 8;
		if (rnd(s) % 8 == 0)
			u[i].ptr |= rnd(s) % 8;
		if (rnd(s) % 16 == 0)
			u[i].ptr = mfn_ma(pfn_mfn(kernel_l4_pfn)) | SLOT * 8;
		u[i].val = any_entry(s);
	}
	HYP(mmu_update, u, n, &done, DOMID_SELF);
}

static unsigned int tree_pin(unsigned int i)
{
	return i == 0 ? MMUEXT_PIN_L3_TABLE : i < 3 ? MMUEXT_PIN_L2_TABLE : MMUEXT_PIN_L1_TABLE;
}

/* Towards a tree below SLOT: frame 0 an L3, 1 and 2 L2s, 3 to 6 L1s, all for leaves. */
static void random_link(u64 *s)
{
	unsigned int level = rnd(s) % 5;
	ulong table, entry;
	struct mmu_update u;
	u32 done;

	switch (level) {
	case 0:
		table = pfn_mfn(kernel_l4_pfn);
		entry = mfn_ma(mfns[0]) | PTE_TABLE;
		break;
	case 1:
		table = mfns[0];
		entry = mfn_ma(mfns[1 + rnd(s) % 2]) | PTE_TABLE;
		break;
	case 2:
		table = mfns[1 + rnd(s) % 2];
		entry = mfn_ma(mfns[3 + rnd(s) % 4]) | PTE_TABLE;
		break;
	default:
		if (rnd(s) % 8 == 0) {
			unsigned int i = rnd(s) % TREE;

			/* Let go now and then; what cannot be a table again is cleared. */
			if (rnd(s) % 8 == 0)
				mmuext1(MMUEXT_UNPIN_TABLE, mfns[i]);
			else if (mmuext1(tree_pin(i), mfns[i]))
				mmuext1(MMUEXT_CLEAR_PAGE, mfns[i]);
			return;
		}
		table = mfns[3 + rnd(s) % 4];
		entry = any_entry(s);
	}
	u.ptr = mfn_ma(table) | (level ? rnd(s) % 4 : SLOT) * 8;
	u.val = rnd(s) % 4 ? entry : 0;
	HYP(mmu_update, &u, 1, &done, DOMID_SELF);
}

static void random_mmuext(u64 *s)
{
	static const u8 cmd[] = {
		MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
		MMUEXT_PIN_L4_TABLE, MMUEXT_UNPIN_TABLE, MMUEXT_UNPIN_TABLE,
		MMUEXT_CLEAR_PAGE, MMUEXT_COPY_PAGE, MMUEXT_TLB_FLUSH_ALL,
		MMUEXT_NEW_USER_BASEPTR,
	};
	struct mmuext_op op[4];
	unsigned int i, n = 1 + rnd(s) % ARRAY_SIZE(op);

	for (i = 0; i < n; i++) {
		op[i].cmd = cmd[rnd(s) % ARRAY_SIZE(cmd)];
		op[i].arg1.mfn = any_mfn(s);
		op[i].arg2.src_mfn = any_mfn(s);
	}
	HYP(mmuext_op, op, n, NULL, DOMID_SELF);
}

static void random_descriptors(u64 *s)
{
	ulong list[3] = { any_mfn(s), any_mfn(s), any_mfn(s) };
	struct mmuext_op op = { .cmd = MMUEXT_SET_LDT };

	switch (rnd(s) % 4) {
	case 0:
		HYP(set_gdt, list, (rnd(s) % 4) * 512);
		break;
	case 1:
		HYP(update_descriptor, mfn_ma(any_mfn(s)) + (rnd(s) % 16) * 8,
		    0x00cffb000000ffff ^ (1ul << (32 + rnd(s) % 32)));
		break;
	case 2:
		op.arg1.linear_addr = ((ulong)SLOT << 39 | 0xffff000000000000) +
				      (rnd(s) % 8) * PAGE_SIZE;
		op.arg2.nr_ents = rnd(s) % 1024;
		HYP(mmuext_op, &op, 1, NULL, DOMID_SELF);
		break;
	default: {
		struct fault f;

		TRY(f)
			asm volatile("mov %0, %%es; mov %1, %%es"
				     : : "r"((u32)(rnd(s) % 1024) << 3 | 7), "r"(0));
	}
	}
}

/* Frames at even places are not in the p2m list. */
static void random_memory(u64 *s)
{
	volatile ulong *slot = &mfns[TREE + 1 + 2 * (rnd(s) % ((FRAMES - TREE) / 2))];
	ulong in = *slot, out = 0;
	struct xen_memory_exchange x = {
		.in = { .nr_extents = 1, .domid = DOMID_SELF },
		.out = { .nr_extents = 1, .domid = DOMID_SELF },
	};
	u32 n;

	switch (rnd(s) % 3) {
	case 0:
		give_frame(in);
		break;
	case 1:
		out = take_frame();
		if (out)
			*slot = out;
		break;
	default:
		n = __atomic_fetch_add(&nr_taken, 1, __ATOMIC_SEQ_CST);
		if (n >= ARRAY_SIZE(taken))
			break;
		set_xen_guest_handle(x.in.extent_start, &in);
		set_xen_guest_handle(x.out.extent_start, &out);
		if (HYP(memory_op, XENMEM_exchange, &x) == 0)
			*slot = taken[n] = out;
	}
}

/* Through whatever the tables say now: the frame is ours or the access faults. */
static void random_access(u64 *s)
{
	volatile u64 *p = (u64 *)(((ulong)SLOT << 39 | 0xffff000000000000) |
				  (ulong)(rnd(s) % 4) << 30 | (rnd(s) % 4) << 21 |
				  (rnd(s) % 4) << 12 | (rnd(s) % 4) * 8);
	struct fault f;

	TRY(f) {
		if (rnd(s) & 1)
			(void)*p;
		else
			*p = any_entry(s);
	}
	if (rnd(s) % 4 == 0)
		HYP(update_va_mapping, p, any_entry(s), UVMF_INVLPG | UVMF_ALL);
}

static void random_ports(u64 *s)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	struct evtchn_close c = { .port = 20 + rnd(s) % 32 };
	struct evtchn_send e = { .port = 20 + rnd(s) % 32 };
	struct evtchn_bind_vcpu v = { .port = 20 + rnd(s) % 32, .vcpu = rnd(s) % 3 };

	switch (rnd(s) % 5) {
	case 0:
		HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a);
		break;
	case 1:
		b.remote_port = 20 + rnd(s) % 32;
		HYP(event_channel_op, EVTCHNOP_bind_interdomain, &b);
		break;
	case 2:
		HYP(event_channel_op, EVTCHNOP_close, &c);
		break;
	case 3:
		HYP(event_channel_op, EVTCHNOP_send, &e);
		break;
	default:
		HYP(event_channel_op, EVTCHNOP_bind_vcpu, &v);
	}
}

static void fuzz(u64 seed)
{
	unsigned int i;

	for (i = 0; i < ROUNDS && !stop; i++) {
		switch (rnd(&seed) % 16) {
		case 0: case 1:
			random_updates(&seed);
			break;
		case 2: case 3:
			random_mmuext(&seed);
			break;
		case 4:
			random_descriptors(&seed);
			break;
		case 5:
			random_memory(&seed);
			break;
		case 6:
			random_access(&seed);
			break;
		case 7:
			random_ports(&seed);
			break;
		case 8: case 9:
			random_access(&seed);
			break;
		default:
			random_link(&seed);
		}
	}
}

/* What hangs off a vCPU: descriptor tables and the user base. */
static void let_go(void)
{
	struct mmuext_op ldt = { .cmd = MMUEXT_SET_LDT };

	EXPECT_EQ(HYP(set_gdt, NULL, 0), 0);
	EXPECT_EQ(HYP(mmuext_op, &ldt, 1, NULL, DOMID_SELF), 0);
	EXPECT_EQ(mmuext1(MMUEXT_NEW_USER_BASEPTR, pfn_mfn(user_l4_pfn)), 0);
}

static void fuzz_vcpu1(void *arg)
{
	fuzz((ulong)arg);
	let_go();
}

/* Each round both start over on what the last one left. */
ATTACK(smp_fuzz_frames)
{
	unsigned int i;
	ulong pfn;
	u32 port;

	NEED_VCPU1();
	foreign = mfn_of_hypervisor();
	for (i = 0; i < FRAMES; i++) {
		if (i < TREE || i % 2 == 0) {
			mfns[i] = take_frame();
			EXPECT(mfns[i]);
			continue;
		}
		pfn = pfns[i] = alloc_pfn();
		if (i % 4 == 1)
			EXPECT_EQ(page_ro(pfn), 0);
		mfns[i] = pfn_mfn(pfn);
	}
	for (i = 0; i < TREE; i++) {
		EXPECT_EQ(mmuext1(MMUEXT_CLEAR_PAGE, mfns[i]), 0);
		EXPECT_EQ(mmuext1(tree_pin(i), mfns[i]), 0);
	}
	/* Ports below 20 are not touched. */
	for (port = 0; port < 20;) {
		struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };

		if (HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a))
			break;
		port = a.port;
	}
	stop = 0;
	smp_call(fuzz_vcpu1, (void *)0x9e3779b97f4a7c15ul);
	fuzz(0x2545f4914f6cdd1dul);
	EXPECT(smp_wait(HANG_NS));
	EXPECT_EQ(mmu_update1(kernel_l4_pfn, SLOT, 0), 0);
	let_go();
	for (i = 0; i < FRAMES; i++)
		mmuext1(MMUEXT_UNPIN_TABLE, mfns[i]);
	for (i = 0; i < FRAMES; i++) {
		mmuext1(MMUEXT_CLEAR_PAGE, mfns[i]);
		if (pfns[i])
			EXPECT_EQ(mmu_update_raw(mfn_ma(mfns[i]) | MMU_MACHPHYS_UPDATE, pfns[i]),
				  0);
	}
	for (i = 0; i < ARRAY_SIZE(taken); i++) {
		if (!taken[i])
			continue;
		mmuext1(MMUEXT_UNPIN_TABLE, taken[i]);
		/* Undoes what a call that was never ended left behind. */
		mmuext1(MMUEXT_CLEAR_PAGE, taken[i]);
		give_frame(taken[i]);
	}
	for (port = 4; port < 60; port++) {
		struct evtchn_status st = { .dom = DOMID_SELF, .port = port };

		if (!HYP(event_channel_op, EVTCHNOP_status, &st) &&
		    (st.status == EVTCHNSTAT_unbound || st.status == EVTCHNSTAT_interdomain))
			evtchn_close(port);
	}
	EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
}
