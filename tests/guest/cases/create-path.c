// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs the hypervisor to make a domain does not depend on how many there are: the
 * calls that rl makes for one (empty domain, weight, memory in large and small extents, ports,
 * foreign mappings, page tables, grant table, first context), for each of a hundred that stay.
 *
 * Only where clocks count instructions (run-guest --icount): a call that is preempted, after so
 * many microseconds, is counted again when it goes on, and the time-stamp counter around a call
 * shows the hypervisor's instructions. Of three neighbours the least counts: interrupts fall
 * into some.
 */
#include "child.h"
#include <xen/grant_table.h>

#define DOMAINS	100
#define PAGES	64
#define LARGE	5		/* order of the first extent */

static u8 window[PAGE_SIZE] __page_aligned;
static ulong frames[PAGES];
static struct vcpu_guest_context context;
static u64 calls, ticks;

#define TIMED(expression) ({				\
	u64 __start = rdtsc();				\
	long __rc = (expression);			\
	ticks += rdtsc() - __start;			\
	calls++;					\
	__rc;						\
})

static void populate(u32 domid, unsigned int order, unsigned int from, unsigned int nr)
{
	struct xen_memory_reservation r = {
		.nr_extents = nr, .extent_order = order, .domid = domid,
	};
	ulong list[PAGES];
	unsigned int i;

	for (i = 0; i < nr; i++)
		list[i] = from + (i << order);
	set_xen_guest_handle(r.extent_start, list);
	EXPECT_EQ(TIMED(HYP(memory_op, XENMEM_populate_physmap, &r)), nr);
	for (i = 0; i < nr << order; i++)
		frames[from + i] = list[i >> order] + (i & ((1u << order) - 1));
}

/* A chain of tables, the last of which maps the other pages. */
static void fill(u32 domid)
{
	ulong *t = (ulong *)window;
	unsigned int i, j;

	for (i = 0; i < PAGES; i++) {
		if (TIMED(foreign_map(window, domid, frames[i], PTE_KERN))) {
			case_fail(__FILE__, __LINE__, "mapping page %u", i);
			return;
		}
		memset(window, 0, PAGE_SIZE);
		if (i < 3)
			t[511 - i] = mfn_ma(frames[i + 1]) | (PTE_TABLE & ~PTE_US);
		for (j = 4; i == 3 && j < PAGES; j++)
			t[j] = mfn_ma(frames[j]) | PTE_KERN;
		TIMED(foreign_map(window, 0, 0, 0));
	}
}

static void open_ports(u32 domid)
{
	struct evtchn_alloc_unbound a = { .dom = domid };
	unsigned int i;

	for (i = 0; i < 2; i++)
		EXPECT_EQ(TIMED(HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a)), 0);
}

static void grant_table(u32 domid)
{
	struct gnttab_setup_table s = { .dom = domid, .nr_frames = 1 };
	ulong frame = 0;

	set_xen_guest_handle(s.frame_list, &frame);
	EXPECT_EQ(TIMED(HYP(grant_table_op, GNTTABOP_setup_table, &s, 1)), 0);
	EXPECT_EQ(s.status, GNTST_okay);
	EXPECT_EQ(TIMED(foreign_map(window, domid, frame, PTE_KERN)), 0);
	TIMED(foreign_map(window, 0, 0, 0));
}

static void first_context(u32 domid)
{
	struct ringlet_vcpu_context op = {
		.domid = domid, .context = (ulong)&context,
		.flags = RINGLET_CONTEXT_PIN_BASE | RINGLET_CONTEXT_UP,
	};

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_IN_KERNEL;
	context.user_regs.cs = KERNEL_CS;
	context.user_regs.ss = context.kernel_ss = KERNEL_SS;
	context.user_regs.rflags = 0x1000;
	context.ctrlreg[3] = xen_pfn_to_cr3(frames[0]);
	EXPECT_EQ(TIMED(RINGLET(VCPU_CONTEXT_SET, &op)), 0);
}

/* It stays paused: what it would do is not what is asked here. */
static u32 make(void)
{
	struct ringlet_domain_create c = {
		.domid = RINGLET_DOMID_ANY, .max_vcpus = 1, .max_pages = PAGES,
	};
	struct ringlet_domain_sched s = { .set = RINGLET_SCHED_WEIGHT, .weight = 300 };

	calls = ticks = 0;
	EXPECT_EQ(TIMED(RINGLET(DOMAIN_CREATE, &c)), 0);
	if (case_failed())
		return 0;
	s.domid = c.domid;
	EXPECT_EQ(TIMED(RINGLET(DOMAIN_SCHED, &s)), 0);
	populate(c.domid, LARGE, 0, 1);
	populate(c.domid, 0, 1 << LARGE, PAGES - (1 << LARGE));
	open_ports(c.domid);
	fill(c.domid);
	grant_table(c.domid);
	first_context(c.domid);
	return c.domid;
}

static u64 served(void)
{
	static struct ringlet_domain_stats s;

	memset(&s, 0, sizeof(s));
	EXPECT_EQ(RINGLET(DOMAIN_STATS, &s), 0);
	return s.hypercalls;
}

static u64 least(const u64 *of)
{
	u64 a = of[0] < of[1] ? of[0] : of[1];

	return a < of[2] ? a : of[2];
}

CASE(create_path_is_constant)
{
	static u64 nr[DOMAINS], cost[DOMAINS];
	u64 first, last, before;
	u32 made, domid[DOMAINS];

	NEED_CHILD();
	if (!counts_instructions) {
		skip("needs run-guest --icount");
		return;
	}
	for (made = 0; made < DOMAINS && !case_failed(); made++) {
		before = served();
		domid[made] = make();
		nr[made] = served() - before;
		cost[made] = ticks;
		if (!domid[made])
			break;
	}
	if (!case_failed()) {
		EXPECT(nr[0] > calls);
		first = least(nr);
		last = least(nr + DOMAINS - 3);
		kprintf("# create path, 1st and 100th domain: %lu and %lu hypercalls\n", first,
			last);
		EXPECT(last * 10 <= first * 11 && first * 10 <= last * 11);
	}
	if (!case_failed()) {
		first = least(cost);
		last = least(cost + DOMAINS - 3);
		kprintf("# create path, 1st and 100th domain: %lu and %lu instructions\n", first,
			last);
		EXPECT(first > 10000);
		EXPECT(last * 10 <= first * 11 && first * 10 <= last * 11);
	}
	while (made--)
		EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, domid[made]), 0);
}
