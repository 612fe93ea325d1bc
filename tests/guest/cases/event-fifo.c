// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO event channels: control block, array, link words, priorities, wrong arguments. Every case
 * goes back to 2-level by EVTCHNOP_reset.
 */
#include "guest.h"

#define WORDS_PER_PAGE	(PAGE_SIZE / sizeof(event_word_t))

static ulong control_pfn, array_pfn;
static bool active;

static int init_control(u32 vcpu, ulong mfn, u32 offset)
{
	struct evtchn_init_control ic = { .control_gfn = mfn, .offset = offset, .vcpu = vcpu };

	return HYP(event_channel_op, EVTCHNOP_init_control, &ic);
}

static int expand(ulong mfn)
{
	struct evtchn_expand_array e = { .array_gfn = mfn };

	return HYP(event_channel_op, EVTCHNOP_expand_array, &e);
}

static volatile event_word_t *word(u32 port)
{
	return (volatile event_word_t *)pfn_va(array_pfn) + port;
}

static bool test_and_clear(volatile event_word_t *w, unsigned int bit)
{
	return __atomic_fetch_and(w, ~(1u << bit), __ATOMIC_SEQ_CST) >> bit & 1;
}

/* Take one event off a queue: the protocol of the public header and of Linux. */
static void consume(volatile struct evtchn_fifo_control_block *cb, unsigned int q)
{
	u32 head = cb->head[q];

	while (head) {
		volatile event_word_t *w = word(head);
		u32 old, next, port = head;

		do {
			old = *w;
			next = old & EVTCHN_FIFO_LINK_MASK;
		} while (!__atomic_compare_exchange_n(w, &old,
						      old & ~((1u << EVTCHN_FIFO_LINKED) |
							      EVTCHN_FIFO_LINK_MASK), false,
						      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
		cb->head[q] = next;
		if (!(*w & 1u << EVTCHN_FIFO_MASKED) && test_and_clear(w, EVTCHN_FIFO_PENDING))
			port_counts[port]++;
		head = next;
	}
}

static void handler(struct vcpu *v)
{
	volatile struct evtchn_fifo_control_block *cb = pfn_va(control_pfn);
	u32 ready = __atomic_exchange_n((u32 *)&cb->ready, 0, __ATOMIC_SEQ_CST);

	while (ready) {
		unsigned int q = __builtin_ctz(ready);

		ready &= ready - 1;
		consume(cb, q);
	}
}

/* False: no FIFO here, the case is skipped. */
static bool fifo_begin(void)
{
	if (active)
		return true;
	control_pfn = alloc_pfn();
	array_pfn = alloc_pfn();
	if (init_control(0, pfn_mfn(control_pfn), 0) == -XEN_ENOSYS) {
		skip("no FIFO event channels");
		return false;
	}
	active = true;
	events_fifo = true;
	fifo_handler = handler;
	EXPECT_EQ(expand(pfn_mfn(array_pfn)), 0);
	return true;
}

static void fifo_end(void)
{
	struct evtchn_reset r = { .dom = DOMID_SELF };

	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_reset, &r), 0);
	active = false;
	events_fifo = false;
	fifo_handler = NULL;
	free_pfn(control_pfn);
	free_pfn(array_pfn);
}

static int send(u32 port)
{
	struct evtchn_send s = { .port = port };

	return HYP(event_channel_op, EVTCHNOP_send, &s);
}

CASE(fifo_before_init)
{
	ulong pfn = alloc_pfn();

	EXPECT_ERR(expand(pfn_mfn(pfn)));
	free_pfn(pfn);
}

CASE(fifo_init_wrong)
{
	ulong pfn = alloc_pfn();

	EXPECT_ERR(init_control(99, pfn_mfn(pfn), 0));
	EXPECT_ERR(init_control(0, pfn_mfn(pfn), PAGE_SIZE - 8));
	EXPECT_ERR(init_control(0, pfn_mfn(pfn), 4));
	EXPECT_ERR(init_control(0, mfn_of_hypervisor(), 0));
	EXPECT_ERR(init_control(0, ~0ul, 0));
	EXPECT_ERR(init_control(0, pfn_mfn(user_l1_pfn), 0));
	free_pfn(pfn);
}

CASE(fifo_delivers)
{
	u32 before;
	int port;

	if (!fifo_begin())
		return;
	port = evtchn_bind_ipi(0);
	EXPECT(port > 0);
	*word(port) |= 1u << EVTCHN_FIFO_MASKED;
	before = port_counts[port];
	evtchn_unmask(port);
	EXPECT_EQ(*word(port) >> EVTCHN_FIFO_MASKED & 1, 0);
	EXPECT_EQ(send(port), 0);
	EXPECT(*word(port) & 1u << EVTCHN_FIFO_PENDING);
	EXPECT(wait_for(&port_counts[port], before + 1, HANG_NS));
	EXPECT_EQ(*word(port) & 1u << EVTCHN_FIFO_PENDING, 0);
	EXPECT_EQ(send(port), 0);
	EXPECT(wait_for(&port_counts[port], before + 2, HANG_NS));
	EXPECT_EQ(evtchn_close(port), 0);
	fifo_end();
}

CASE(fifo_masked_then_unmasked)
{
	u32 before;
	int port;

	if (!fifo_begin())
		return;
	port = evtchn_bind_ipi(0);
	before = port_counts[port];
	*word(port) |= 1u << EVTCHN_FIFO_MASKED;
	events_on();
	EXPECT_EQ(send(port), 0);
	EXPECT_EQ(port_counts[port], before);
	evtchn_unmask(port);
	EXPECT_EQ(port_counts[port], before + 1);
	events_off();
	EXPECT_EQ(evtchn_close(port), 0);
	fifo_end();
}

/* Several on one queue arrive in the order sent. */
CASE(fifo_order)
{
	volatile struct evtchn_fifo_control_block *cb;
	int port[4], i;
	u32 p;

	if (!fifo_begin())
		return;
	cb = pfn_va(control_pfn);
	for (i = 0; i < 4; i++) {
		port[i] = evtchn_bind_ipi(0);
		evtchn_unmask(port[i]);
	}
	for (i = 3; i >= 0; i--)
		send(port[i]);
	p = cb->head[EVTCHN_FIFO_PRIORITY_DEFAULT];
	for (i = 3; i >= 0; i--) {
		EXPECT_EQ(p, port[i]);
		p = *word(p) & EVTCHN_FIFO_LINK_MASK;
	}
	EXPECT_EQ(p, 0);
	EXPECT(cb->ready & 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
	events_on();
	events_off();
	for (i = 0; i < 4; i++)
		evtchn_close(port[i]);
	fifo_end();
}

CASE(fifo_priority)
{
	struct evtchn_set_priority s = { .priority = 2 };
	volatile struct evtchn_fifo_control_block *cb;
	u32 before;

	if (!fifo_begin())
		return;
	cb = pfn_va(control_pfn);
	s.port = evtchn_bind_ipi(0);
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_set_priority, &s), 0);
	evtchn_unmask(s.port);
	before = port_counts[s.port];
	send(s.port);
	EXPECT_EQ(cb->head[2], s.port);
	EXPECT(wait_for(&port_counts[s.port], before + 1, HANG_NS));
	s.priority = 16;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_set_priority, &s), -XEN_EINVAL);
	s.priority = 0;
	evtchn_close(s.port);
	s.port = ~0u;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_set_priority, &s), -XEN_EINVAL);
	fifo_end();
}

CASE(fifo_expand_wrong)
{
	if (!fifo_begin())
		return;
	EXPECT_ERR(expand(mfn_of_hypervisor()));
	EXPECT_ERR(expand(~0ul));
	EXPECT_ERR(expand(pfn_mfn(user_l1_pfn)));
	EXPECT_ERR(init_control(0, pfn_mfn(control_pfn), 0));
	fifo_end();
}

/* The frames given away stay typed writable: they cannot become page tables. */
ATTACK(fifo_frames_as_tables)
{
	if (!fifo_begin())
		return;
	page_ro(array_pfn);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(array_pfn)));
	page_ro(control_pfn);
	EXPECT_ERR(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(control_pfn)));
	page_rw(array_pfn);
	page_rw(control_pfn);
	fifo_end();
}

/*
 * The guest owns these words: wild links, wild heads, all bits set. The hypervisor keeps its
 * own.
 */
ATTACK(fifo_garbage)
{
	static const u32 junk[] = {
		~0u, 0, 0x0001ffff, 0xc001ffff, 0x20000001, 0x30000000, 0x80000000, 0x1fffffff,
	};
	volatile struct evtchn_fifo_control_block *cb;
	int port[3], i;
	unsigned int j, k;

	if (!fifo_begin())
		return;
	cb = pfn_va(control_pfn);
	for (i = 0; i < 3; i++)
		port[i] = evtchn_bind_ipi(0);
	for (j = 0; j < ARRAY_SIZE(junk); j++) {
		for (k = 0; k < WORDS_PER_PAGE; k++)
			*word(k) = junk[j];
		for (k = 0; k < EVTCHN_FIFO_MAX_QUEUES; k++)
			cb->head[k] = junk[j];
		cb->ready = junk[j];
		for (i = 0; i < 3; i++) {
			send(port[i]);
			evtchn_unmask(port[i]);
			send(port[i]);
		}
		EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
	}
	memset(pfn_va(array_pfn), 0, PAGE_SIZE);
	memset(pfn_va(control_pfn), 0, PAGE_SIZE);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(evtchn_close(port[i]), 0);
	fifo_end();
	this_vcpu()->info->evtchn_upcall_pending = 0;
}
