// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO events: a word for each port in frames the guest gave, linked into
 * queues by priority; heads of the queues in a control block for each vCPU.
 *
 * All of it is guest-writable and hostile: words are changed by bounded
 * compare-exchange, nothing read from them indexes anything. What we trust are
 * the tails, in struct evtchn_vcpu. A guest that scribbles loses its own events.
 *
 * Invariants: tail[q] is the port we linked last into q, or 0. An event is
 * linked only when PENDING, not MASKED and not LINKED (event_channel.h; the
 * design paper "FIFO-based event channel ABI", D. Vrabel, 2013). When a
 * port leaves for another queue, a tail that still names it is dropped.
 *
 * Locks: d->event_lock. Frames are held before it is taken and released after
 * it is dropped (page_lock comes first in the order).
 */
#include "evtchn/ports.h"

#include "mm/mm.h"

#define PENDING		(1U << EVTCHN_FIFO_PENDING)
#define MASKED		(1U << EVTCHN_FIFO_MASKED)
#define LINKED		(1U << EVTCHN_FIFO_LINKED)
#define BUSY		(1U << EVTCHN_FIFO_BUSY)
#define LINK_MASK	EVTCHN_FIFO_LINK_MASK

/* The guest changes a word a few times at most for each event. */
#define LINK_TRIES	64
#define LINK_TRIES_POLITE 8	/* then BUSY asks the guest to wait */

static event_word_t *word_of(struct domain *d, u32 port)
{
	struct evtchn_domain *e = d->evtchn;

	if (port / WORDS_PER_PAGE >= e->nr_arrays)
		return NULL;
	return (event_word_t *)mfn_to_virt(MFN(e->array[port / WORDS_PER_PAGE])) +
	       port % WORDS_PER_PAGE;
}

/* Link @port behind the event of @word; false if that has left the queue. */
static bool set_link(event_word_t *word, u32 port)
{
	event_word_t old = READ_ONCE(*word), new;
	unsigned int i;

	for (i = 0; i < LINK_TRIES; i++) {
		if (!(old & LINKED))
			break;
		new = (old & ~(BUSY | LINK_MASK)) | port;
		if (try_exchange(word, &old, new))
			return true;
		if (i == LINK_TRIES_POLITE)
			old = __atomic_or_fetch(word, BUSY, __ATOMIC_SEQ_CST);
	}
	__atomic_and_fetch(word, ~BUSY, __ATOMIC_SEQ_CST);
	return false;
}

/* Put an event that is pending and not masked into its queue. */
static void link_event(struct domain *d, u32 port, struct evtchn *e, event_word_t *word)
{
	struct vcpu *v = d->vcpu[e->vcpu], *last = d->vcpu[e->last_vcpu];
	struct evtchn_vcpu *ev = v->evtchn;
	u32 q = e->priority;
	u32 tail;
	bool linked;

	if (!ev->control)
		return;
	if (__atomic_fetch_or(word, LINKED, __ATOMIC_SEQ_CST) & LINKED)
		return;
	if (last->evtchn->tail[e->last_priority] == port)
		last->evtchn->tail[e->last_priority] = 0;
	e->last_vcpu = e->vcpu;
	e->last_priority = q;

	tail = ev->tail[q];
	linked = tail && set_link(word_of(d, tail), port);
	if (!linked)
		WRITE_ONCE(ev->control->head[q], port);
	ev->tail[q] = port;
	/* head before ready: the exchange is a full barrier. */
	if (!linked && !(__atomic_fetch_or(&ev->control->ready, 1U << q,
					   __ATOMIC_SEQ_CST) & 1U << q))
		vcpu_mark_pending(v);
}

static void raise_fifo(struct domain *d, u32 port, struct evtchn *e)
{
	event_word_t *word = word_of(d, port);

	if (!word) {
		e->early = 1;
		return;
	}
	if (!(__atomic_fetch_or(word, PENDING, __ATOMIC_SEQ_CST) & (MASKED | LINKED)))
		link_event(d, port, e, word);
}

static void clear_fifo(struct domain *d, u32 port, struct evtchn *e)
{
	event_word_t *word = word_of(d, port);

	if (word)
		__atomic_and_fetch(word, ~PENDING, __ATOMIC_SEQ_CST);
}

static void unmask_fifo(struct domain *d, u32 port, struct evtchn *e)
{
	event_word_t *word = word_of(d, port), old;

	if (!word)
		return;
	old = __atomic_fetch_and(word, ~MASKED, __ATOMIC_SEQ_CST);
	if ((old & PENDING) && !(old & LINKED))
		link_event(d, port, e, word);
}

static bool pending_fifo(struct domain *d, u32 port, struct evtchn *e)
{
	event_word_t *word = word_of(d, port);

	return word ? READ_ONCE(*word) & PENDING : e->early;
}

const struct evtchn_abi evtchn_fifo = {
	.max_ports = EVTCHN_FIFO_NR_CHANNELS,
	.raise = raise_fifo,
	.clear = clear_fifo,
	.unmask = unmask_fifo,
	.pending = pending_fifo,
};

/* Events pending in 2-level are raised again when their words exist. */
static void switch_to_fifo(struct domain *d) __requires(d->event_lock)
{
	struct evtchn *e;
	u32 port;

	for (port = 1; port < d->evtchn->nr_ports; port++) {
		e = port_open(d, port);
		if (e)
			e->early = evtchn_2level.pending(d, port, e);
	}
	d->evtchn->abi = &evtchn_fifo;
}

/**
 * op_init_control() - EVTCHNOP_init_control
 *
 * The first one of a domain switches it from 2-level to FIFO.
 */
long op_init_control(struct vcpu *caller, void *arg)
{
	struct domain *d = caller->domain;
	struct evtchn_init_control *op = arg;
	struct vcpu *v = domain_vcpu(d, op->vcpu);
	mfn_t mfn = MFN(op->control_gfn);
	struct evtchn_vcpu *ev;
	int rc;

	if (!v)
		return -ENOENT;
	if (op->offset > PAGE_SIZE - sizeof(*v->evtchn->control) || op->offset % 8)
		return -EINVAL;
	op->link_bits = EVTCHN_FIFO_LINK_BITS;
	rc = mfn_valid(mfn) ? page_hold_writable(d, mfn) : -EINVAL;
	if (rc)
		return rc;

	spin_lock(&d->event_lock);
	ev = v->evtchn;
	if (ev->control) {
		rc = -EINVAL;
	} else {
		ev->control_mfn = mfn;
		ev->control = mfn_to_virt(mfn) + op->offset;
		if (d->evtchn->abi != &evtchn_fifo)
			switch_to_fifo(d);
	}
	spin_unlock(&d->event_lock);
	if (rc)
		page_release_writable(d, mfn);
	return rc;
}

/* The words of one more frame are there: raise what came before them. */
static void raise_early(struct domain *d, u32 first) __requires(d->event_lock)
{
	struct evtchn *e;
	u32 port;

	for (port = first; port < first + WORDS_PER_PAGE; port++) {
		e = port_open(d, port);
		if (!e || !e->early)
			continue;
		e->early = 0;
		raise_fifo(d, port, e);
	}
}

/** op_expand_array() - EVTCHNOP_expand_array: one more frame of event words */
long op_expand_array(struct vcpu *v, void *arg)
{
	struct domain *d = v->domain;
	struct evtchn_domain *ed = d->evtchn;
	const struct evtchn_expand_array *op = arg;
	mfn_t mfn = MFN(op->array_gfn);
	int rc;

	rc = mfn_valid(mfn) ? page_hold_writable(d, mfn) : -EINVAL;
	if (rc)
		return rc;
	spin_lock(&d->event_lock);
	if (ed->abi != &evtchn_fifo) {
		rc = -EOPNOTSUPP;
	} else if (ed->nr_arrays == ARRAY_PAGES) {
		rc = -ENOSPC;
	} else {
		ed->array[ed->nr_arrays++] = mfn.v;
		raise_early(d, (ed->nr_arrays - 1) * WORDS_PER_PAGE);
	}
	spin_unlock(&d->event_lock);
	if (rc)
		page_release_writable(d, mfn);
	return rc;
}

unsigned int fifo_reset(struct domain *d, mfn_t *held)
{
	struct evtchn_domain *ed = d->evtchn;
	struct evtchn_vcpu *ev;
	unsigned int n = 0, i;

	for (i = 0; i < ed->nr_arrays; i++)
		held[n++] = MFN(ed->array[i]);
	for (i = 0; i < d->max_vcpus; i++) {
		if (!d->vcpu[i])
			continue;
		ev = d->vcpu[i]->evtchn;
		if (ev->control)
			held[n++] = ev->control_mfn;
		ev->control = NULL;
		ev->control_mfn = INVALID_MFN;
		for (u32 q = 0; q < EVTCHN_FIFO_MAX_QUEUES; q++)
			ev->tail[q] = 0;
	}
	ed->nr_arrays = 0;
	ed->abi = &evtchn_2level;
	return n;
}
