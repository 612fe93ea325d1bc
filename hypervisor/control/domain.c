// SPDX-License-Identifier: GPL-2.0
/*
 * Creation of domains and vCPUs, and the end of a domain.
 *
 * Owns the table of domains. A domain is entered when it is complete. A vCPU is entered in
 * d->vcpu[] when it is complete; boot makes them all before the domain runs.
 *
 * The service domain and the machine end together: it drives the devices, and
 * nobody would be left to talk to.
 * Locks: domlist_lock around the table.
 */
#include "control/control.h"
#include "control/control-domain.h"

#include "base/errno.h"
#include "console/printk.h"
#include "evtchn/evtchn.h"
#include "machine/clock.h"
#include "machine/cpu-features.h"
#include "machine/directmap.h"
#include "mm/mm.h"
#include "sched/sched.h"
#include "state/alloc.h"
#include "state/vcpu-space.h"

#include <xen/sched.h>

#define NR_BUCKETS	64

static spinlock_t domlist_lock = SPINLOCK_INIT;
/* By domid; a bucket's chain goes through control_domain.next. */
static struct control_domain *bucket[NR_BUCKETS] __guarded_by(domlist_lock);

struct domain *service_domain;

static struct domain *find(domid_t id) __requires(domlist_lock)
{
	struct control_domain *c = bucket[id % NR_BUCKETS];

	while (c && c->domain.id != id)
		c = c->next;
	return c ? &c->domain : NULL;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d;

	spin_lock(&domlist_lock);
	d = find(id);
	if (d)
		__atomic_add_fetch(&d->refs, 1, __ATOMIC_RELAXED);
	spin_unlock(&domlist_lock);
	return d;
}

struct domain *domain_of_page(u16 owner)
{
	struct domain *d;

	spin_lock(&domlist_lock);
	d = find(owner);
	spin_unlock(&domlist_lock);
	return d;
}

void domain_put(struct domain *d)
{
	u32 left = __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL);

	ASSERT(left);	/* the list's goes last, when a domain has been destroyed */
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
	return -EPERM;
}

void *domain_alloc_page(struct domain *d)
{
	void *p = alloc_page();

	if (p)
		__atomic_add_fetch(&d->hyp_pages, 1, __ATOMIC_RELAXED);
	return p;
}

void domain_free_page(struct domain *d, void *p)
{
	__atomic_sub_fetch(&d->hyp_pages, 1, __ATOMIC_RELAXED);
	kfree(p);
}

/* A page of the arena begins with a pointer to the one before it. */
void *domain_zalloc(struct domain *d, size_t size)
{
	void **page;

	size = ALIGN_UP(size, 16);
	ASSERT(size <= PAGE_SIZE - 16);
	if (!d->arena || d->arena_used + size > PAGE_SIZE) {
		page = domain_alloc_page(d);
		if (!page)
			return NULL;
		*page = d->arena;
		d->arena = page;
		d->arena_used = 16;
	}
	d->arena_used += size;
	return (u8 *)d->arena + d->arena_used - size;
}

/* A frame of ours that the domain may map writable. */
static int shared_info_create(struct domain *d)
{
	struct page *pg;

	d->shared_info = alloc_page();
	if (!d->shared_info)
		return -ENOMEM;
	d->shared_info_mfn = virt_to_mfn(d->shared_info);
	pg = mfn_to_page(d->shared_info_mfn);
	pg->owner = d->id;
	pg->flags |= PAGE_XEN_SHARED;
	pg->refs = 1;	/* ours, for good */
	return 0;
}

static void watchdog_expired(void *data)
{
	struct domain *d = data;

	printk(LOG_ERROR, "d%u: watchdog expired", d->id);
	domain_shutdown(d, SHUTDOWN_watchdog);
}

struct domain *domain_create(domid_t id, u64 max_pages, u32 max_vcpus,
			     bool hardware)
{
	struct control_domain *c;
	struct domain *d;
	u32 nsec, i;
	u64 sec;

	if (!max_vcpus || max_vcpus > MAX_VCPUS)
		return NULL;
	c = kzalloc(sizeof(*c));
	if (!c)
		return NULL;
	d = &c->domain;
	d->id = id;
	d->refs = 1;
	d->created_ns = system_time();
	d->is_hardware = d->is_privileged = hardware;
	d->max_pages = max_pages;
	d->max_vcpus = max_vcpus;
	d->shutdown_reason = NO_REASON;
	spin_lock_init(&d->control_lock);
	spin_lock_init(&d->page_lock);
	spin_lock_init(&d->event_lock);
	for (i = 0; i < NR_WATCHDOGS; i++)
		timer_init(&c->watchdog[i], watchdog_expired, d);
	timer_init(&c->report, crash_report, d);
	/* Boot creates domains: what is allocated when this fails is not missed. */
	if (shared_info_create(d) || evtchn_domain_init(d) || mm_domain_init(d))
		return NULL;
	wallclock_now(&sec, &nsec);
	domain_wallclock_set(d, sec, nsec, system_time());
	if (hardware)
		service_domain = d;
	spin_lock(&domlist_lock);
	c->next = bucket[id % NR_BUCKETS];
	bucket[id % NR_BUCKETS] = c;
	spin_unlock(&domlist_lock);
	return d;
}

static void vcpu_defaults(struct vcpu *v)
{
	u32 i;

	v->guest_l4 = v->user_l4 = INVALID_MFN;
	v->vcpu_info_mfn = INVALID_MFN;
	for (i = 0; i < GUEST_GDT_PAGES; i++)
		v->gdt_frames[i] = INVALID_MFN;
	v->dr6 = 0xffff0ff0;	/* SDM 3A 9.1.1: after reset */
	v->dr7 = 0x400;
}

struct vcpu *vcpu_create(struct domain *d, u32 id)
{
	struct vcpu *v;

	if (id >= d->max_vcpus || d->vcpu[id])
		return NULL;
	v = kzalloc(sizeof(*v));
	if (!v)
		return NULL;
	v->domain = d;
	v->id = id;
	/* What Linux wants there, though as a PV guest it sets only CPU 0's. */
	v->tsc_aux = id;
	vcpu_defaults(v);
	v->vcpu_info = &d->shared_info->vcpu_info[id];
	v->vcpu_info->evtchn_upcall_mask = 1;
	v->vcpu_info->time = vcpu_time_info();
	v->xsave = fpu_alloc();
	if (!v->xsave || sched_vcpu_init(v) || evtchn_vcpu_init(v) ||
	    vcpu_gate_init(v))
		return NULL;
	vcpu_gate_set_vcpu_info(v, d->shared_info_mfn,
				(u64)v->vcpu_info & ~PAGE_MASK);
	d->vcpu[id] = v;
	return v;
}

static void end_machine(u32 reason)
{
	static const char *const name[] = {
		[SHUTDOWN_poweroff] = "powers off",
		[SHUTDOWN_reboot] = "reboots",
		[SHUTDOWN_suspend] = "suspended itself",
		[SHUTDOWN_crash] = "crashed",
		[SHUTDOWN_watchdog] = "missed its watchdog",
		[SHUTDOWN_soft_reset] = "asked for a soft reset",
	};

	printk(reason == SHUTDOWN_poweroff || reason == SHUTDOWN_reboot ?
	       LOG_INFO : LOG_ERROR, "the service domain %s",
	       reason <= SHUTDOWN_MAX ? name[reason] : "ended");
	if (reason == SHUTDOWN_poweroff)
		machine_poweroff();
	/* noreboot keeps what a crash left on the screen (Xen's meaning). */
	if (reason == SHUTDOWN_crash && opt_noreboot)
		machine_halt();
	machine_reboot();
}

/**
 * domain_shutdown() - stop a domain for a reason
 * @reason: SHUTDOWN_*; one that the guest stated earlier takes precedence
 */
void domain_shutdown(struct domain *d, u32 reason)
{
	u32 i;

	spin_lock(&d->control_lock);
	if (d->shutdown_reason == NO_REASON)
		d->shutdown_reason = reason;
	reason = d->shutdown_reason;
	d->is_shut_down = true;
	spin_unlock(&d->control_lock);
	if (d->is_hardware)
		end_machine(reason);
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i])
			vcpu_sleep(d->vcpu[i]);
	evtchn_raise_global_virq(service_domain, VIRQ_DOM_EXC);
}
