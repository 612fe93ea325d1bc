// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual timers: one single-shot, one periodic for each vCPU, both raise
 * VIRQ_TIMER.
 *
 * The single-shot one runs whatever the vCPU does: it is what wakes an idle
 * guest. A time in the past fires at once. The periodic one ticks only while
 * the vCPU is loaded, and once, late, when it comes back; PV guests begin with
 * 100 Hz, which Linux turns off.
 *
 * Software timers are set by the vCPU itself, on the pCPU that runs it. The
 * periodic one is stopped when the vCPU leaves that, before it can run
 * elsewhere, so that its callback has no rival. The others stay where they were
 * set: their callbacks only raise or wake, once too often at worst. A stop may
 * come from anywhere.
 * ABI: vcpu.h, VCPUOP_*_timer; set_timer_op.
 */
#include "evtchn/evtchn.h"
#include "evtchn/ports.h"

#include "machine/clock.h"
#include "sched/sched.h"
#include "state/guest-access.h"

#define DEFAULT_PERIOD	10000000ULL
#define MIN_PERIOD	1000000ULL
#define MAX_PERIOD	(1ULL << 56)	/* sums with system time stay in range */

static void single_fired(void *data)
{
	evtchn_raise_virq(data, VIRQ_TIMER);
}

/* Tick if it is due, and arm for the next one. */
static void tick(void *vcpu)
{
	struct vcpu *v = vcpu;
	struct timer_vcpu *t = v->timers;
	u64 now = system_time();

	if (!t->period)
		return;
	if (t->next <= now) {
		t->next += t->period;
		if (t->next <= now)
			t->next = now + t->period;
		evtchn_raise_virq(v, VIRQ_TIMER);
	}
	timer_set(&t->periodic, v->pcpu, t->next);
}

void vtimer_vcpu_loaded(struct vcpu *v)
{
	poll_end(v);
	tick(v);
}

void vtimer_vcpu_unloaded(struct vcpu *v)
{
	if (v->timers->period)
		timer_stop(&v->timers->periodic);
}

/** vtimer_vcpu_end() - the domain goes: no timer of @v fires any more */
void vtimer_vcpu_end(struct vcpu *v)
{
	timer_stop_sync(&v->timers->single);
	timer_stop_sync(&v->timers->periodic);
	timer_stop_sync(&v->timers->poll);
}

/** vtimer_vcpu_stop() - the vCPU goes down: no single-shot timer is left */
void vtimer_vcpu_stop(struct vcpu *v)
{
	timer_stop(&v->timers->single);
	timer_stop(&v->timers->poll);
}

int vtimer_vcpu_init(struct vcpu *v)
{
	struct timer_vcpu *t = domain_zalloc(v->domain, sizeof(*t));

	if (!t)
		return -ENOMEM;
	timer_init(&t->single, single_fired, v);
	timer_init(&t->periodic, tick, v);
	timer_init(&t->poll, poll_timeout, v);
	t->period = DEFAULT_PERIOD;
	t->next = system_time() + t->period;
	v->timers = t;
	return 0;
}

static void set_single(struct vcpu *v, u64 when)
{
	if (when <= system_time()) {
		timer_stop(&v->timers->single);
		single_fired(v);
	} else {
		timer_set(&v->timers->single, v->pcpu, when);
	}
}

long op_set_singleshot_timer(struct vcpu *v, void *arg)
{
	const struct vcpu_set_singleshot_timer *op = arg;

	if ((op->flags & VCPU_SSHOTTMR_future) && op->timeout_abs_ns < system_time())
		return -ETIME;
	set_single(v, op->timeout_abs_ns);
	return 0;
}

long op_set_periodic_timer(struct vcpu *v, void *arg)
{
	const struct vcpu_set_periodic_timer *op = arg;

	if (op->period_ns < MIN_PERIOD || op->period_ns > MAX_PERIOD)
		return -EINVAL;
	v->timers->period = op->period_ns;
	v->timers->next = system_time() + op->period_ns;
	tick(v);
	return 0;
}

long op_stop_singleshot_timer(struct vcpu *v, void *arg)
{
	timer_stop(&v->timers->single);
	return 0;
}

long op_stop_periodic_timer(struct vcpu *v, void *arg)
{
	v->timers->period = 0;
	timer_stop(&v->timers->periodic);
	return 0;
}

/** do_set_timer_op() - the older form: one shot at a system time, 0 stops it */
long do_set_timer_op(u64 timeout)
{
	if (timeout)
		set_single(current_vcpu, (s64)timeout < 0 ? 1 : timeout);
	else
		timer_stop(&current_vcpu->timers->single);
	return 0;
}
