// SPDX-License-Identifier: GPL-2.0
/*
 * What guests read the time from: vcpu_time_info of each vCPU, the copy of it
 * for a vDSO, and the wall clock in shared_info.
 *
 * The relation of TSC and system time is one for the machine and never changes, so
 * it is published as it is to all vCPUs, with the bit that says that readings of
 * different vCPUs compare (XEN_PVCLOCK_TSC_STABLE_BIT), when a vCPU or its areas
 * are made.
 *
 * Versions go odd, then even again around a change (xen.h, vcpu_time_info); they
 * are counted here, not in the guest's memory, which it can write.
 * Locks: d->event_lock for vcpu_info and shared_info; the copy is written by
 * the vCPU's own pCPU without a lock.
 */
#include "evtchn/evtchn.h"
#include "evtchn/ports.h"

#include "machine/clock.h"
#include "state/guest-access.h"

#define NS_PER_S	1000000000U

static void fill(struct vcpu_time_info *t)
{
	const struct clock_scale *s = clock_scale();

	t->tsc_timestamp = s->tsc;
	t->system_time = 0;
	t->tsc_to_system_mul = s->mul;
	t->tsc_shift = s->shift;
	t->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
}

/* An area that is not mapped is the guest's own loss. */
static void publish_area(struct vcpu *v)
{
	u64 area = v->time_info_area;
	struct vcpu_time_info t = { .version = v->evtchn->area_version + 1 };

	if (!area || copy_to_vcpu(v, area, &t.version, sizeof(t.version)))
		return;
	fill(&t);
	if (copy_to_vcpu(v, area, &t, sizeof(t)))
		return;
	t.version++;
	if (copy_to_vcpu(v, area, &t.version, sizeof(t.version)))
		return;
	v->evtchn->area_version = t.version;
}

/** vcpu_time_update() - publish the time of a vCPU, current or not running */
void vcpu_time_update(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct vcpu_time_info *t;

	spin_lock(&d->event_lock);
	t = &v->vcpu_info->time;
	WRITE_ONCE(t->version, ++v->evtchn->info_version);
	smp_wmb();
	fill(t);
	smp_wmb();
	WRITE_ONCE(t->version, ++v->evtchn->info_version);
	spin_unlock(&d->event_lock);
	publish_area(v);
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
