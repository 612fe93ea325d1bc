// SPDX-License-Identifier: GPL-2.0
/*
 * Creation of domains, and who exists.
 *
 * Owns the table of domains. A domain stands in it from the choice of its domid to
 * the end, so that no domid has two owners; it is found while it is published
 * and has references (state/domain.h). The last reference may go in any
 * context: a timer that is due at once then frees the domain, with no lock held.
 *
 * What belongs to a domain lies in pages of its own list, so that a creation that
 * fails and a domain that ends are the same few lines.
 * Locks: domlist_lock around the table; nothing but the heap's is taken inside.
 */
#include "control/control.h"
#include "control/control-domain.h"

#include "base/string.h"
#include "console/printk.h"
#include "evtchn/evtchn.h"
#include "grant/grant.h"
#include "machine/clock.h"
#include "machine/cpu-features.h"
#include "machine/smp.h"
#include "mm/mm.h"
#include "sched/sched.h"
#include "state/vcpu-space.h"

#include <xen/event_channel.h>
#include <xen/sched.h>

#define NR_BUCKETS	64
#define MAX_PORTS	(1U << 17)	/* event_channel.h: FIFO, 17 bits */
#define GRANT_FRAMES	64

static spinlock_t domlist_lock = SPINLOCK_INIT;
/* By domid; a bucket's chain goes through control_domain.next. */
static struct control_domain *bucket[NR_BUCKETS] __guarded_by(domlist_lock);
static domid_t last_id __guarded_by(domlist_lock);

struct domain *service_domain;

static struct control_domain **slot_of(domid_t id) __requires(domlist_lock)
{
	struct control_domain **c = &bucket[id % NR_BUCKETS];

	while (*c && (*c)->domain.id != id)
		c = &(*c)->next;
	return c;
}

/* A reference, if it is published and not at its end. */
static bool take(struct control_domain *c) __requires(domlist_lock)
{
	u32 n = __atomic_load_n(&c->domain.refs, __ATOMIC_RELAXED);

	while (c->published && n)
		if (try_exchange(&c->domain.refs, &n, n + 1))
			return true;
	return false;
}

struct domain *domain_get(domid_t id)
{
	struct control_domain *c;

	spin_lock(&domlist_lock);
	c = *slot_of(id);
	if (c && !take(c))
		c = NULL;
	spin_unlock(&domlist_lock);
	return c ? &c->domain : NULL;
}

struct domain *domain_find(u32 id, const char *name, u32 *total)
{
	struct control_domain *c, *best;
	u32 i;

	spin_lock(&domlist_lock);
	do {
		best = NULL;
		*total = 0;
		for (i = 0; i < NR_BUCKETS; i++)
			for (c = bucket[i]; c; c = c->next, ++*total)
				if (c->domain.id >= id && c->published && READ_ONCE(c->domain.refs) &&
				    (!best || c->domain.id < best->domain.id) &&
				    (!name || (!READ_ONCE(c->domain.is_dying) &&
					       !memcmp(c->domain.name, name, strlen(name) + 1))))
					best = c;
		/* One that ends just now is not the end of the list. */
	} while (best && !take(best));
	spin_unlock(&domlist_lock);
	return best ? &best->domain : NULL;
}

struct domain *domain_of_page(u16 owner)
{
	struct control_domain *c;

	spin_lock(&domlist_lock);
	c = *slot_of(owner);
	spin_unlock(&domlist_lock);
	return c ? &c->domain : NULL;
}

/* Any context, most locks held. */
void domain_put(struct domain *d)
{
	if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL))
		return;
	timer_set(&to_control(d)->end, this_cpu->id, 0);
	softirq_raise(this_cpu->id, SOFTIRQ_TIMER);
}

int domain_get_for(const struct vcpu *v, u64 domid, struct domain **d)
{
	domid_t id = domid == DOMID_SELF ? v->domain->id : (domid_t)domid;

	if (id != domid && domid != DOMID_SELF)
		return -ESRCH;
	*d = domain_get(id);
	if (!*d)
		return -ESRCH;
	if (*d == v->domain || v->domain->is_privileged)
		return 0;
	domain_put(*d);
	*d = NULL;
	return -EPERM;
}

/* An id that was not used lately: who still holds an old one finds nobody. */
static int enter_table(struct control_domain *c, u32 want)
{
	int rc = -ENOSPC;
	u32 n;

	spin_lock(&domlist_lock);
	if (want != RINGLET_DOMID_ANY) {
		rc = *slot_of(want) ? -EEXIST : 0;
		c->domain.id = want;
	}
	for (n = 0; n < DOMID_FIRST_RESERVED - 1U && rc == -ENOSPC; n++) {
		last_id = last_id % (DOMID_FIRST_RESERVED - 1U) + 1;
		rc = *slot_of(last_id) ? -ENOSPC : 0;
		c->domain.id = last_id;
	}
	if (!rc)
		*slot_of(c->domain.id) = c;
	spin_unlock(&domlist_lock);
	return rc;
}

static void domain_free(struct control_domain *c)
{
	struct domain *d = &c->domain;

	timer_stop_sync(&c->report);	/* a last crash may have armed it */
	evtchn_domain_free(d);
	spin_lock(&domlist_lock);
	*slot_of(d->id) = c->next;
	spin_unlock(&domlist_lock);
	domain_free_all(d);
	kfree(c);
}

/* Timer callback: the last reference is gone. */
static void domain_ended(void *domain)
{
	domain_free(to_control(domain));
	evtchn_raise_global_virq(service_domain, VIRQ_DOM_EXC);
}

static void watchdog_expired(void *data)
{
	struct domain *d = data;

	printk(LOG_ERROR, "d%u: watchdog expired", d->id);
	domain_shutdown(d, SHUTDOWN_watchdog);
}

static int vcpu_create(struct domain *d, u32 id)
{
	struct vcpu *v = domain_zalloc(d, sizeof(*v));
	u32 i;
	int rc;

	if (!v)
		return -ENOMEM;
	d->vcpu[id] = v;
	v->domain = d;
	v->id = id;
	/* What Linux wants there, though as a PV guest it sets only CPU 0's. */
	v->tsc_aux = id;
	v->guest_l4 = v->user_l4 = INVALID_MFN;
	v->vcpu_info_mfn = INVALID_MFN;
	for (i = 0; i < GUEST_GDT_PAGES; i++)
		v->gdt_frames[i] = INVALID_MFN;
	v->dr[6] = 0xffff0ff0;	/* SDM 3A 9.1.1: after reset */
	v->dr[7] = 0x400;
	v->vcpu_info = &d->shared_info->vcpu_info[id];
	v->traps = domain_alloc_page(d);
	v->xsave = domain_alloc_page(d);
	if (!v->traps || !v->xsave)
		return -ENOMEM;
	fpu_init(v->xsave);
	rc = sched_vcpu_init(v);
	rc = rc ?: evtchn_vcpu_init(v);
	rc = rc ?: vcpu_gate_init(v);
	if (rc)
		return rc;
	vcpu_gate_set_vcpu_info(v, d->shared_info_mfn, (u64)v->vcpu_info & ~PAGE_MASK);
	return 0;
}

/* What may fail. */
static int domain_fill(struct domain *d)
{
	int rc;
	u32 i;

	d->shared_info = domain_alloc_shared(d);
	if (!d->shared_info)
		return -ENOMEM;
	d->shared_info_mfn = virt_to_mfn(d->shared_info);
	/* Events stay masked until a vCPU says otherwise. */
	for (i = 0; i < MAX_VCPUS; i++) {
		d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
		d->shared_info->vcpu_info[i].time = vcpu_time_info();
	}
	rc = sched_domain_init(d);
	rc = rc ?: evtchn_domain_init(d);
	rc = rc ?: mm_domain_init(d);
	rc = rc ?: grant_domain_init(d);
	for (i = 0; i < d->max_vcpus && !rc; i++)
		rc = vcpu_create(d, i);
	return rc;
}

static void domain_defaults(struct control_domain *c, bool hardware)
{
	struct domain *d = &c->domain;
	u32 i;

	d->refs = 2;	/* its existence, and the creator's */
	d->hyp_pages = 1;
	d->created_ns = system_time();
	d->is_hardware = d->is_privileged = hardware;
	d->pause_count = !hardware;
	d->shutdown_reason = NO_REASON;
	spin_lock_init(&d->control_lock);
	spin_lock_init(&d->page_lock);
	spin_lock_init(&d->event_lock);
	for (i = 0; i < NR_WATCHDOGS; i++)
		timer_init(&c->watchdog[i], watchdog_expired, d);
	timer_init(&c->report, crash_report, d);
	timer_init(&c->end, domain_ended, d);
}

int domain_create(const struct ringlet_domain_create *op, bool hardware, struct domain **created)
{
	struct control_domain *c;
	struct domain *d;
	u32 nsec;
	u64 sec;
	int rc;

	if ((op->flags & ~RINGLET_CREATE_ALL) || !op->max_vcpus ||
	    op->max_vcpus > MAX_VCPUS || op->max_ports > MAX_PORTS ||
	    op->name[RINGLET_NAME_SIZE - 1] ||
	    (op->domid >= DOMID_FIRST_RESERVED && op->domid != RINGLET_DOMID_ANY))
		return -EINVAL;
	c = kzalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	d = &c->domain;
	domain_defaults(c, hardware);
	d->no_smep = !(op->flags & RINGLET_CREATE_FIT);
	d->max_pages = op->max_pages;
	d->max_vcpus = op->max_vcpus;
	d->max_ports = op->max_ports ?: MAX_PORTS;
	d->max_grant_frames = op->max_grant_frames ?: GRANT_FRAMES;
	d->max_maptrack_frames = op->max_maptrack_frames ?: GRANT_FRAMES;
	memcpy(d->uuid, op->uuid, sizeof(d->uuid));
	memcpy(d->name, op->name, sizeof(d->name));
	rc = enter_table(c, op->domid);
	if (rc) {
		kfree(c);
		return rc;
	}
	rc = domain_fill(d);
	if (rc) {
		domain_free(c);
		return rc;
	}
	wallclock_now(&sec, &nsec);
	domain_wallclock_set(d, sec, nsec, system_time());
	if (hardware)
		service_domain = d;
	spin_lock(&domlist_lock);
	c->published = true;
	spin_unlock(&domlist_lock);
	*created = d;
	return 0;
}
