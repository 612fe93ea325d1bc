/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to evtchn: ports, and the two ways of showing them to the guest.
 *
 * Everything here is guarded by the domain's event_lock, raising included: the
 * host runs with interrupts off, so an interrupt never finds its own pCPU
 * holding the lock.
 */
#ifndef RINGLET_EVTCHN_PORTS_H
#define RINGLET_EVTCHN_PORTS_H

#include "machine/irq.h"
#include "machine/timer.h"
#include "state/domain.h"

#include <xen/event_channel.h>

/* States are the ABI's EVTCHNSTAT_*; 0: closed. */
struct evtchn {
	u8 state;
	u8 priority;		/* FIFO queue to use */
	u8 last_priority;	/* FIFO: where it was linked last */
	u8 early;		/* FIFO: raised before its event word existed */
	u16 vcpu;		/* whom it notifies */
	u16 last_vcpu;
	union {
		struct {
			domid_t domid;
			evtchn_port_t port;	/* 0 while unbound */
		} remote;
		u32 pirq;
		u32 virq;
	};
};

#define PORTS_PER_PAGE	(PAGE_SIZE / sizeof(struct evtchn))
#define PORT_PAGES	(EVTCHN_FIFO_NR_CHANNELS / PORTS_PER_PAGE)
#define WORDS_PER_PAGE	(PAGE_SIZE / sizeof(event_word_t))
#define ARRAY_PAGES	(EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

/**
 * struct evtchn_abi - how events are shown to the guest
 * @raise: the event happened
 * @clear: forget that it did (the port is closed)
 * @unmask: as the guest asks for it; delivers what is pending
 * @pending: for poll
 */
struct evtchn_abi {
	u32 max_ports;
	void (*raise)(struct domain *d, u32 port, struct evtchn *e);
	void (*clear)(struct domain *d, u32 port, struct evtchn *e);
	void (*unmask)(struct domain *d, u32 port, struct evtchn *e);
	bool (*pending)(struct domain *d, u32 port, struct evtchn *e);
};

struct evtchn_domain {
	const struct evtchn_abi *abi;
	u32 page[PORT_PAGES];	/* mfns of ours with struct evtchn[] */
	u32 nr_ports;		/* covered by page[] */
	u32 nr_open;
	u32 first_free;		/* no closed port below */
	u32 reset_next;		/* where a preempted reset goes on */
	unsigned long polling;	/* vCPUs in sched_op poll; atomic */
	u32 wc_version;
	u32 pirq_port[NR_PIRQS];	/* 0: not bound */
	u32 array[ARRAY_PAGES];	/* FIFO: mfns of the guest's event words, held */
	u32 nr_arrays;
};

struct evtchn_vcpu {
	u32 virq_port[NR_VIRQS];	/* 0: none; global ones with vCPU 0 */
	u32 poll_port;			/* 0: any */
	unsigned long nmi;		/* bit 0: pending; atomic */
	/* FIFO; control is guest-writable: tails are ours. */
	struct evtchn_fifo_control_block *control;
	mfn_t control_mfn;
	u32 tail[EVTCHN_FIFO_MAX_QUEUES];
};

struct timer_vcpu {
	struct timer single, periodic, poll;
	u64 period;		/* ns; 0: off */
	u64 next;		/* system time of the next tick */
};

extern const struct evtchn_abi evtchn_2level, evtchn_fifo;

/* The port's record if it is covered and can be shown, open or not; else NULL. */
struct evtchn *port_record(struct domain *d, u32 port) __requires(d->event_lock);
/* The same, only if it is open. */
struct evtchn *port_open(struct domain *d, u32 port) __requires(d->event_lock);
int __must_check port_alloc(struct domain *d, u8 state, u32 *port, struct evtchn **e)
	__requires(d->event_lock);
void port_raise(struct domain *d, u32 port, struct evtchn *e) __requires(d->event_lock);

/* These two take locks themselves. */
bool port_close(struct domain *d, u32 port);
int ports_close_all(struct domain *d);

/* The event_locks of two domains, in their order; or of one. */
void event_lock_two(struct domain *a, struct domain *b)
	__acquires_lock(a->event_lock) __acquires_lock(b->event_lock);
void event_unlock_two(struct domain *a, struct domain *b)
	__releases_lock(a->event_lock) __releases_lock(b->event_lock);

/**
 * port_peer() - the other end of an interdomain port
 * @rd: the domain it is in, @rport: its number, as port @port of @d had it
 *
 * Return: its record, or NULL if it does not name that port any more.
 */
struct evtchn *port_peer(struct domain *rd, u32 rport, const struct domain *d,
			 u32 port) __requires(rd->event_lock);

/* Tell a vCPU that it has events; wake it, or have it come into the host. */
void vcpu_mark_pending(struct vcpu *v);
/* Wake those who poll for @port. */
void poll_wake(struct domain *d, u32 port) __requires(d->event_lock);
void poll_timeout(void *vcpu);
/* The vCPU runs again, whatever woke it. */
void poll_end(struct vcpu *v);

long op_init_control(struct vcpu *caller, void *arg);
long op_expand_array(struct vcpu *v, void *arg);
/* Back to 2-level; frames to release when the lock is dropped go to @held. */
#define FIFO_MAX_HELD	(ARRAY_PAGES + MAX_VCPUS)
unsigned int fifo_reset(struct domain *d, mfn_t *held) __requires(d->event_lock);

int vtimer_vcpu_init(struct vcpu *v);
static inline struct vcpu *domain_vcpu(struct domain *d, u32 id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

#endif
