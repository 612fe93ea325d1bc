// SPDX-License-Identifier: GPL-2.0
/*
 * What guests read the time from: vcpu_time_info of each vCPU, the copy of it
 * for a vDSO, and the wall clock in shared_info.
 *
 * The relation of TSC and system time is one for the machine and never changes, so
 * what is written once is right for ever: versions are even and stay so. It is
 * the same for all vCPUs, with the bit that says that readings of different
 * vCPUs compare (XEN_PVCLOCK_TSC_STABLE_BIT).
 *
 * The wall clock changes: its version goes odd, then even again around it (xen.h,
 * vcpu_time_info), and is counted here, not in the guest's memory, which it can
 * write. Lock: d->event_lock for that.
 */
#include "evtchn/evtchn.h"
#include "evtchn/ports.h"

#include "machine/clock.h"

#define NS_PER_S	1000000000U
#define VERSION_STABLE	2

/** vcpu_time_info() - the time as a guest is to find it, at system time 0 */
struct vcpu_time_info vcpu_time_info(void)
{
	const struct clock_scale *s = clock_scale();

	return (struct vcpu_time_info){
		.version = VERSION_STABLE,
		.tsc_timestamp = s->tsc,
		.tsc_to_system_mul = s->mul,
		.tsc_shift = s->shift,
		.flags = XEN_PVCLOCK_TSC_STABLE_BIT,
	};
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
	WRITE_ONCE(s->wc_version, ++ed->wc_version);
	smp_wmb();
	s->wc_sec = sec;
	s->wc_sec_hi = sec >> 32;
	s->wc_nsec = nsec;
	smp_wmb();
	WRITE_ONCE(s->wc_version, ++ed->wc_version);
	spin_unlock(&d->event_lock);
}
