// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile ordinary domain beside one that works: every hypercall with anything in it, ports and
 * grants that are not its own, frames of others, floods of events, limits used up, until it
 * crashes or stops; then the next one, with another seed. The neighbour and the parent go on:
 * each gets a share of work done, finds its memory as it left it, and all memory comes back.
 */
#include "child.h"
#include <xen/grant_table.h>

#define LIVES	20
#define ROUNDS	4000ul		/* of the hostile one in a life */
#define WORK	50ul		/* rounds of the neighbour in that time */
#define PATTERN	0x0123456789abcdeful

enum { SEED, FRAME, FRAMES = 8, PORT = FRAME + FRAMES, STOP };	/* arg[] */

static u64 rnd(u64 *seed)
{
	*seed = *seed * 6364136223846793005ul + 1442695040888963407ul;
	return *seed >> 33;
}

/* Numbers that mean something somewhere, or nothing. */
static ulong word(struct child_mail *m, u64 *seed)
{
	static const ulong edge[] = {
		0, 1, 2, 3, 7, 31, 32, 64, 4095, 4096, 0x7ff0, 0x7ff1, 0x7fffffff, 0xffffffff,
		~0ul, HV_START, HV_END, NON_CANONICAL, VIRT_BASE,
	};

	switch (rnd(seed) % 7) {
	case 0:
		return edge[rnd(seed) % ARRAY_SIZE(edge)];
	case 1:
		return mfn_ma(m->arg[FRAME + rnd(seed) % FRAMES]) | (rnd(seed) & 0x7f);
	case 2:
		return m->arg[FRAME + rnd(seed) % FRAMES];
	case 3:
		return CHILD_SPARE_VA(rnd(seed) % CHILD_SPARES) + rnd(seed) % PAGE_SIZE;
	case 4:
		return mfn_ma(m->table_mfn[rnd(seed) % CHILD_TABLES]) + rnd(seed) % 512 * 8;
	case 5:
		return m->spare_mfn[rnd(seed) % CHILD_SPARES];
	}
	return rnd(seed) % 64;
}

static void any_call(struct child_mail *m, u64 *seed)
{
	ulong *structure = (ulong *)CHILD_SPARE_VA(rnd(seed) % CHILD_SPARES), nr, arg[5], i;

	for (i = 0; i < 24; i++)
		structure[i] = word(m, seed);
	nr = rnd(seed) % MAX_HYPERCALLS;
	for (i = 0; i < 5; i++)
		arg[i] = rnd(seed) % 3 ? word(m, seed) : (ulong)structure;
	/* Not to sleep, nor to end by its own wish: that is no attack. */
	if (nr != __HYPERVISOR_sched_op && nr != __HYPERVISOR_iret)
		hypercall(nr, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

static void flood_events(struct child_mail *m, u64 *seed)
{
	struct evtchn_bind_interdomain b = { .remote_dom = 0, .remote_port = m->arg[PORT] };
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = rnd(seed) % 4 };
	struct evtchn_send s;
	unsigned int i;

	HYP(event_channel_op, EVTCHNOP_bind_interdomain, &b);
	s.port = b.local_port;
	for (i = 0; i < 100; i++)
		HYP(event_channel_op, EVTCHNOP_send, &s);
	for (i = 0; i < 20; i++) {
		HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a);
		s.port = rnd(seed) % 5000;
		HYP(event_channel_op, EVTCHNOP_send, &s);
	}
}

static void take_grants(struct child_mail *m, u64 *seed)
{
	struct gnttab_map_grant_ref g = {
		.host_addr = CHILD_SPARE_VA(rnd(seed) % CHILD_SPARES), .ref = rnd(seed) % 600,
		.dom = rnd(seed) % 4, .flags = rnd(seed) % 64,
	};
	struct gnttab_unmap_grant_ref u = { .host_addr = g.host_addr, .handle = rnd(seed) % 600 };
	struct gnttab_copy c = {
		.source.u.ref = rnd(seed) % 600, .source.domid = rnd(seed) % 4, .len = 4096,
		.dest.u.gmfn = m->arg[FRAME + rnd(seed) % FRAMES], .dest.domid = rnd(seed) % 4,
		.flags = rnd(seed) % 4,
	};

	HYP(grant_table_op, GNTTABOP_map_grant_ref, &g, 1);
	HYP(grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1);
	HYP(grant_table_op, GNTTABOP_copy, &c, 1);
}

static void want_more(struct child_mail *m, u64 *seed)
{
	ulong list[16];
	struct xen_memory_reservation r = {
		.nr_extents = ARRAY_SIZE(list), .extent_order = rnd(seed) % 10,
		.domid = rnd(seed) % 2 ? DOMID_SELF : (domid_t)(rnd(seed) % 4),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = 100000 + i;
	set_xen_guest_handle(r.extent_start, list);
	HYP(memory_op, XENMEM_populate_physmap, &r);
	HYP(console_io, CONSOLEIO_write, 5, "evil\n");
}

static void hostile(struct child_mail *m, unsigned int vcpu)
{
	u64 seed = m->arg[SEED] * 2 + vcpu;

	for (;; m->out[vcpu]++) {
		switch (rnd(&seed) % 16) {
		case 0:
			flood_events(m, &seed);
			break;
		case 1:
			take_grants(m, &seed);
			break;
		case 2:
			want_more(m, &seed);
			break;
		default:
			any_call(m, &seed);
		}
	}
}

static void fill(ulong *page)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		page[i] = PATTERN + i;
}

static bool is_filled(const ulong *page)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (((volatile const ulong *)page)[i] != PATTERN + i)
			return false;
	return true;
}

/* Memory is as it was written, hypercalls do what they do. */
static void neighbour(struct child_mail *m, unsigned int vcpu)
{
	unsigned int i;

	for (i = 0; i < CHILD_SPARES; i++)
		fill((ulong *)CHILD_SPARE_VA(i));
	for (; !m->arg[STOP] && !m->failures; m->out[vcpu]++) {
		for (i = 0; i < CHILD_SPARES; i++)
			EXPECT(is_filled((ulong *)CHILD_SPARE_VA(i)));
		EXPECT_EQ(HYP(xen_version, XENVER_version, NULL), 4 << 16 | 17);
		EXPECT_EQ(HYP(sched_op, SCHEDOP_yield, NULL), 0);
	}
}

static u8 own[FRAMES / 2 * PAGE_SIZE] __page_aligned;

static void parent_works(void)
{
	unsigned int i;

	for (i = 0; i < FRAMES / 2; i++)
		EXPECT(is_filled((ulong *)(own + i * PAGE_SIZE)));
	EXPECT_EQ(HYP(xen_version, XENVER_version, NULL), 4 << 16 | 17);
	EXPECT_EQ(HYP(sched_op, SCHEDOP_yield, NULL), 0);
}

static bool ended(const struct child *c)
{
	struct ringlet_domain_info i;

	return domid_info(c->domid, &i) || (i.state & RINGLET_DOM_SHUTDOWN);
}

static ulong rounds_of(const struct child *c)
{
	return c->mail->out[0] + c->mail->out[1];
}

/* Until it has done its worst, or ended, or made no more of it in a while. */
static ulong live(struct child *victim, ulong seed)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF };
	struct evtchn_close close;
	ulong worked = victim->mail->out[0], rounds, last = 0, i;
	struct child c;
	u64 since;

	if (!child_create(&c, &(struct child_config){ .fn = hostile, .vcpus = 2 }))
		return 0;
	a.remote_dom = c.domid;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_alloc_unbound, &a), 0);
	c.mail->arg[SEED] = seed;
	c.mail->arg[PORT] = a.port;
	for (i = 0; i < FRAMES / 2; i++) {
		c.mail->arg[FRAME + 2 * i] = victim->mail->spare_mfn[i];
		c.mail->arg[FRAME + 2 * i + 1] = va_mfn(own + i * PAGE_SIZE);
	}
	child_start(&c);
	since = system_time();
	do {
		parent_works();
		rounds = rounds_of(&c);
		if (rounds != last)
			since = system_time();
		last = rounds;
	} while (!case_failed() && !victim->mail->failures &&
		 (victim->mail->out[0] - worked < WORK ||
		  (rounds < ROUNDS && !ended(&c) && system_time() - since < 100000000ul)));
	close.port = a.port;
	HYP(event_channel_op, EVTCHNOP_close, &close);
	child_destroy(&c);
	return rounds;
}

static u64 free_pages(void)
{
	struct ringlet_machine_info m = { 0 };

	EXPECT_EQ(RINGLET(MACHINE_INFO, &m), 0);
	return m.free_pages;
}

ATTACK(attack_neighbour)
{
	struct child victim;
	ulong i, rounds = 0;
	u64 free;

	NEED_CHILD();
	for (i = 0; i < FRAMES / 2; i++)
		fill((ulong *)(own + i * PAGE_SIZE));
	free = free_pages();
	if (!child_create(&victim, &(struct child_config){ .fn = neighbour }))
		return;
	child_start(&victim);
	for (i = 1; i <= LIVES && !case_failed(); i++)
		rounds += live(&victim, i);
	kprintf("# %lu rounds of attacks in %lu lives, %lu of work beside them\n", rounds, i - 1,
		victim.mail->out[0]);
	EXPECT(rounds > LIVES);
	victim.mail->arg[STOP] = 1;
	child_join(&victim);
	child_destroy(&victim);
	EXPECT_EQ(free_pages(), free);
}
