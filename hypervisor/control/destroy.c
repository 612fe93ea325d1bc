// SPDX-License-Identifier: GPL-2.0
/*
 * A domain stops: for a while (pause), of itself (shutdown), for good (destroy).
 *
 * Whether its vCPUs may run follows from four fields (domain_is_held()); here
 * they change, and sched is told. Destroy is preemptible: each room's teardown may
 * say -ERESTART and is then called again, by whoever destroys the domain next.
 * After the last one nothing of the domain does anything any more; it is gone
 * when nobody has a reference or maps a frame of it (control/domain.c).
 *
 * The service domain and the machine end together: it drives the devices, and
 * nobody would be left to talk to.
 * Locks: d->control_lock for the fields, and for who tears down.
 */
#include "control/control.h"
#include "control/control-domain.h"

#include "console/printk.h"
#include "evtchn/evtchn.h"
#include "grant/grant.h"
#include "machine/cpu-features.h"
#include "mm/mm.h"
#include "sched/sched.h"

#include <xen/sched.h>

#define MAX_PAUSES	0x7fffffffU

/* Where a dead domain's pointers to pages it shared with us lead. */
static struct shared_info nowhere;

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
	spin_lock(&d->control_lock);
	if (d->shutdown_reason == NO_REASON)
		d->shutdown_reason = reason;
	reason = d->shutdown_reason;
	WRITE_ONCE(d->is_shut_down, true);
	spin_unlock(&d->control_lock);
	if (d->is_hardware)
		end_machine(reason);
	sched_domain_update(d);
	evtchn_raise_global_virq(service_domain, VIRQ_DOM_EXC);
}

long op_domain_pause(struct domain *d, void *arg)
{
	const struct ringlet_domain_ref *op = arg;
	bool ok;

	spin_lock(&d->control_lock);
	ok = !op->reserved && d != current_vcpu->domain && !d->is_hardware &&
	     d->pause_count < MAX_PAUSES;
	if (ok)
		WRITE_ONCE(d->pause_count, d->pause_count + 1);
	spin_unlock(&d->control_lock);
	if (!ok)
		return -EINVAL;
	sched_domain_update(d);
	/* They leave at their next exit, which waits for nothing that we hold. */
	while (domain_is_held(d) && sched_domain_teardown(d))
		cpu_relax();
	return 0;
}

long op_domain_unpause(struct domain *d, void *arg)
{
	const struct ringlet_domain_ref *op = arg;
	bool ok;

	spin_lock(&d->control_lock);
	ok = !op->reserved && d->pause_count;
	if (ok)
		WRITE_ONCE(d->pause_count, d->pause_count - 1);
	spin_unlock(&d->control_lock);
	sched_domain_update(d);
	return ok ? 0 : -EINVAL;
}

/* No vCPU runs any more: nothing calls back into the domain after this. */
static void stop_timers(struct control_domain *c)
{
	struct domain *d = &c->domain;
	u32 i;

	for (i = 0; i < NR_WATCHDOGS; i++)
		timer_stop_sync(&c->watchdog[i]);
	timer_stop_sync(&c->report);
	for (i = 0; i < d->max_vcpus; i++)
		vtimer_vcpu_end(d->vcpu[i]);
}

static void drop_shared_info(struct domain *d)
{
	u32 i;

	d->shared_info = &nowhere;
	for (i = 0; i < d->max_vcpus; i++)
		d->vcpu[i]->vcpu_info = &nowhere.vcpu_info[i];
	page_put(mfn_to_page(d->shared_info_mfn));
}

static int teardown(struct control_domain *c)
{
	struct domain *d = &c->domain;
	int rc;

	rc = sched_domain_teardown(d);
	if (rc)
		return rc;
	stop_timers(c);
	rc = evtchn_domain_teardown(d);
	if (!rc)
		rc = grant_domain_teardown(d);
	if (!rc)
		rc = mm_domain_teardown(d);
	if (!rc)
		drop_shared_info(d);
	return rc;
}

/*
 * Everything goes back: 0: done, now or earlier; -EINVAL the service or the caller's
 * own domain; -ERESTART.
 */
long op_domain_destroy(struct domain *d, void *arg)
{
	const struct ringlet_domain_ref *op = arg;
	struct control_domain *c = to_control(d);
	enum teardown was;
	int rc;

	if (op->reserved || d->is_hardware || d == current_vcpu->domain)
		return -EINVAL;
	spin_lock(&d->control_lock);
	WRITE_ONCE(d->is_dying, true);
	was = c->teardown;
	if (was == TEARDOWN_NONE)
		c->teardown = TEARDOWN_RUNS;
	spin_unlock(&d->control_lock);
	if (was != TEARDOWN_NONE)
		return was == TEARDOWN_DONE ? 0 : -ERESTART;

	sched_domain_update(d);
	rc = teardown(c);
	spin_lock(&d->control_lock);
	c->teardown = rc ? TEARDOWN_NONE : TEARDOWN_DONE;
	spin_unlock(&d->control_lock);
	if (!rc)
		domain_put(d);
	return rc;
}
