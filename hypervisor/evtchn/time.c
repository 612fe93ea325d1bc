// SPDX-License-Identifier: GPL-2.0
/*
 * What guests read the time from: vcpu_time_info of each vCPU, the copy of it
 * for a vDSO, and the wall clock in shared_info.
 *
 * The relation of TSC and system time is one for the machine, so it is
 * published as it is to all vCPUs, together, with the bit that says that
 * readings of different vCPUs compare (XEN_PVCLOCK_TSC_STABLE_BIT). It changes
 * when the clock was corrected (clock_scale.version): each exit looks, and the
 * first that sees it publishes for all, so that a guest does not go on with the
 * old slope and step back when it learns the new one.
 *
 * Versions go odd, then even again around a change (xen.h, vcpu_time_info); they
 * are counted here, not in the guest's memory, which it can write.
 * Locks: d->event_lock for vcpu_info and shared_info; the copy is written by
 * the vCPU's own pCPU without a lock.
 */
#include "evtchn/evtchn.h"
#include "evtchn/ports.h"

#include "machine/clock.h"
#include "sched/sched.h"
#include "state/guest-access.h"

#define NS_PER_S	1000000000U

static void fill(struct vcpu_time_info *t, const struct clock_scale *s)
{
	t->tsc_timestamp = s->tsc;
	t->system_time = s->ns;
	t->tsc_to_system_mul = s->mul;
	t->tsc_shift = s->shift;
	t->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
}

static void publish_info(struct domain *d, struct vcpu *v,
			 const struct clock_scale *s) __requires(d->event_lock)
{
	struct vcpu_time_info *t = &v->vcpu_info->time;
	struct evtchn_vcpu *ev = v->evtchn;

	WRITE_ONCE(t->version, ++ev->info_version);
	smp_wmb();
	fill(t, s);
	smp_wmb();
	WRITE_ONCE(t->version, ++ev->info_version);
	ev->info_scale = s->version;
	(void)d;
}

/* An area that is not mapped is the guest's own loss. */
static void publish_area(struct vcpu *v, const struct clock_scale *s)
{
	u64 area = v->time_info_area;
	struct evtchn_vcpu *ev = v->evtchn;
	struct vcpu_time_info t = { .version = ev->area_version + 1 };

	ev->area_scale = s->version;
	if (!area || copy_to_vcpu(v, area, &t.version, sizeof(t.version)))
		return;
	fill(&t, s);
	if (copy_to_vcpu(v, area, &t, sizeof(t)))
		return;
	t.version++;
	if (copy_to_vcpu(v, area, &t.version, sizeof(t.version)))
		return;
	ev->area_version = t.version;
}

/* Reads the scale under the lock: a late writer must not bring back an old one. */
static void publish_all(struct domain *d, struct clock_scale *s)
{
	u32 i;

	spin_lock(&d->event_lock);
	clock_scale_get(s);
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i] && d->vcpu[i]->evtchn)
			publish_info(d, d->vcpu[i], s);
	spin_unlock(&d->event_lock);
}

/**
 * vcpu_time_check() - publish the time again if the clock was corrected
 * @v: the vCPU this pCPU has loaded; it and its siblings are told
 */
void vcpu_time_check(struct vcpu *v)
{
	struct evtchn_vcpu *ev = v->evtchn;
	struct clock_scale s;

	clock_scale_get(&s);
	if (ev->info_scale != s.version)
		publish_all(v->domain, &s);
	if (v->time_info_area && ev->area_scale != s.version)
		publish_area(v, &s);
}

/** vcpu_time_update() - publish the time of a vCPU, current or not running */
void vcpu_time_update(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct clock_scale s;

	spin_lock(&d->event_lock);
	clock_scale_get(&s);
	publish_info(d, v, &s);
	spin_unlock(&d->event_lock);
	publish_area(v, &s);
}

/**
 * domain_wallclock_set() - the wall clock, given at a system time
 *
 * The guest is given what it was at system time 0 and adds the system time.
 */
void domain_wallclock_set(struct domain *d, u64 sec, u32 nsec, u64 system_time)
{
	struct shared_info *s = d->shared_info;
	struct evtchn_domain *ed = d->evtchn;
	u32 sub = system_time % NS_PER_S;

	sec -= system_time / NS_PER_S;
	if (nsec < sub) {
		nsec += NS_PER_S;
		sec--;
	}
	nsec -= sub;

	spin_lock(&d->event_lock);
	d->wc_sec = sec;
	d->wc_nsec = nsec;
	WRITE_ONCE(s->wc_version, ++ed->wc_version);
	smp_wmb();
	s->wc_sec = sec;
	s->wc_sec_hi = sec >> 32;
	s->wc_nsec = nsec;
	smp_wmb();
	WRITE_ONCE(s->wc_version, ++ed->wc_version);
	spin_unlock(&d->event_lock);
}
