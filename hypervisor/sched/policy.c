// SPDX-License-Identifier: GPL-2.0
/*
 * Who runs next: pure policy, without locks and hardware, so that a host process
 * can simulate it.
 *
 * Domains share pCPU time by weight, however many vCPUs they have: each has a
 * virtual time that advances with the time its vCPUs run, divided by its weight.
 * Time that nobody else wanted costs nothing.
 * A pCPU takes the domain with the least virtual time among those with a vCPU
 * that waits and may run there, and of that domain the vCPU whose turn it is.
 *
 * A sleeper does not hoard: it wakes with at most a slice less than what the
 * pCPUs it may use chose last (pcpu.vtime). It goes first then, and a running vCPU
 * gives way if its domain is ahead by MARGIN_NS. Within a domain a woken
 * vCPU precedes the others as long as it has slice left; sleep gives slice
 * back, so that the mostly idle are always prompt and the busy take turns.
 *
 * Caps: a budget for each period of CAP_PERIOD_NS. What was overrun is taken off
 * the next, what is left over is lost.
 *
 * One queue for all pCPUs makes shares exact and placement trivial. It is searched
 * under one lock, a few hundred instructions a switch with tens of busy
 * domains: right up to the 64 pCPUs there can be. More would want a queue
 * a socket, and balancing between them.
 */
#include "sched/policy.h"

#define MARGIN_NS	1000000LL

/* How far the virtual time @a is ahead of @b. */
static s64 ahead(u64 a, u64 b)
{
	return a - b;
}

void policy_domain_init(struct sched_domain *d)
{
	list_init(&d->link);
	list_init(&d->waiting);
	d->weight = DEFAULT_WEIGHT;
}

void policy_vcpu_init(struct sched_vcpu *s, struct sched_domain *d, u32 pcpu)
{
	list_init(&s->link);
	s->domain = d;
	s->affinity = ~0ULL;
	s->pcpu = pcpu;
	s->loaded = NOWHERE;
	s->slice = SLICE_NS;
}

static void charge(struct sched_queue *q, u32 cpu, u64 now)
{
	struct sched_pcpu *p = &q->pcpu[cpu];
	u64 ran = now - p->since;

	p->since = now;
	if (!p->running) {
		p->idle_ns += ran;
		return;
	}
	p->running->slice -= ran;
	p->running->domain->budget -= ran;
	if (p->wanted)
		p->running->domain->vtime += ran * DEFAULT_WEIGHT /
					     p->running->domain->weight;
}

void policy_charge_all(struct sched_queue *q, u64 now)
{
	u32 cpu;

	for (cpu = 0; cpu < q->nr_pcpus; cpu++)
		charge(q, cpu, now);
}

/* Begins a new period of its cap if it is time. */
static bool in_budget(struct sched_domain *d, u64 now)
{
	s64 quota = CAP_PERIOD_NS * d->cap / 100;
	u64 late = now - d->period_end;

	if (d->cap && now >= d->period_end) {
		d->budget = min(d->budget + (s64)(late / CAP_PERIOD_NS + 1) * quota, quota);
		d->period_end = now + CAP_PERIOD_NS - late % CAP_PERIOD_NS;
	}
	return !d->cap || d->budget > 0;
}

/* Where @s may run, as far as it and its registers are concerned. */
static u64 places(const struct sched_vcpu *s)
{
	return s->loaded == NOWHERE ? s->affinity : s->affinity & BIT(s->loaded);
}

/* Whose turn it is on @cpu; *@again: not later than when a budget comes back. */
static struct sched_vcpu *best(struct sched_queue *q, u32 cpu, u64 now, u64 *again)
{
	struct sched_vcpu *found = NULL, *s;
	struct list *pos, *turn;
	struct sched_domain *d;

	list_for_each(pos, &q->domains) {
		d = list_entry(pos, struct sched_domain, link);
		if (!in_budget(d, now)) {
			*again = min(*again, d->period_end);
			continue;
		}
		if (found && ahead(d->vtime, found->domain->vtime) >= 0)
			continue;
		list_for_each(turn, &d->waiting) {
			s = list_entry(turn, struct sched_vcpu, link);
			if (!(places(s) & BIT(cpu)))
				continue;
			found = s;
			break;
		}
	}
	return found;
}

/* Behind the boosted ones if it is boosted, else at the end. */
static void enqueue(struct sched_queue *q, struct sched_vcpu *s)
{
	struct sched_domain *d = s->domain;
	struct list *pos = &d->waiting;

	if (list_empty(&d->waiting))
		list_push_back(&q->domains, &d->link);
	if (s->boosted)
		list_for_each(pos, &d->waiting)
			if (!list_entry(pos, struct sched_vcpu, link)->boosted)
				break;
	list_push_back(pos, &s->link);
}

void policy_remove(struct sched_vcpu *s)
{
	list_remove(&s->link);
	if (list_empty(&s->domain->waiting))
		list_remove(&s->domain->link);
}

/* Should @s, which runs, go on rather than @other? */
static bool keeps(const struct sched_vcpu *s, const struct sched_vcpu *other)
{
	bool sibling = other && other->domain == s->domain;
	s64 lead;

	if (!other || s->yielding)
		return !other;
	lead = ahead(s->domain->vtime, other->domain->vtime);
	if (s->slice <= 0)
		return !sibling && lead < 0;
	return !other->boosted || (!sibling && lead <= MARGIN_NS);
}

/* What ran on a pCPU stops there, or begins anew; it waits if it @goes_on. */
static void stop(struct sched_queue *q, struct sched_vcpu *s, bool goes_on, u64 now)
{
	s->domain->running--;
	s->stopped = now;
	if (s->slice <= 0 || s->yielding)
		s->slice = SLICE_NS;
	s->yielding = false;
	if (!goes_on)
		return;
	s->boosted = false;
	enqueue(q, s);
}

struct sched_vcpu *policy_pick(struct sched_queue *q, u32 cpu, bool goes_on, u64 now, u64 *again)
{
	struct sched_pcpu *p = &q->pcpu[cpu];
	struct sched_vcpu *prev = p->running, *next, *other;
	struct sched_domain *d;
	u64 least;

	*again = NEVER;
	charge(q, cpu, now);
	next = other = best(q, cpu, now, again);
	if (prev) {
		if (goes_on && !in_budget(prev->domain, now))
			*again = min(*again, prev->domain->period_end);
		else if (goes_on && (places(prev) & BIT(cpu)) && keeps(prev, other))
			next = prev;
		stop(q, prev, goes_on, now);
	}
	p->running = next;
	q->idle |= BIT(cpu);
	if (!next)
		return NULL;
	q->idle &= ~BIT(cpu);
	policy_remove(next);
	d = next->domain;
	d->running++;
	next->pcpu = next->loaded = cpu;
	*again = min(*again, now + next->slice);
	if (d->cap)
		*again = min(*again, now + d->budget / d->running + 1);

	p->wanted = other || next != prev;
	least = other && ahead(d->vtime, other->domain->vtime) > 0 ?
			other->domain->vtime : d->vtime;
	if (ahead(least, p->vtime) > 0)
		p->vtime = least;
	return next;
}

/* The virtual time of the pCPUs that @s may use. */
static u64 vtime_there(const struct sched_queue *q, const struct sched_vcpu *s)
{
	u64 v = q->pcpu[__builtin_ctzll(s->affinity)].vtime;
	u32 cpu;

	for (cpu = 0; cpu < q->nr_pcpus; cpu++)
		if ((s->affinity & BIT(cpu)) && ahead(q->pcpu[cpu].vtime, v) > 0)
			v = q->pcpu[cpu].vtime;
	return v;
}

void policy_wake(struct sched_queue *q, struct sched_vcpu *s, u64 now)
{
	u64 least = vtime_there(q, s) - SLICE_NS;

	if (ahead(least, s->domain->vtime) > 0)
		s->domain->vtime = least;
	/* Woken before it left its pCPU: it has not slept. */
	if (q->pcpu[s->pcpu].running != s)
		s->slice = min(SLICE_NS, s->slice + (s64)(now - s->stopped));
	s->boosted = s->slice > 0;
	if (!s->boosted)
		s->slice = SLICE_NS;
	enqueue(q, s);
}

/* An idle pCPU for @s, rather the one it knows. */
static u32 take_idle(struct sched_queue *q, const struct sched_vcpu *s)
{
	u64 idle = q->idle & places(s);
	u32 cpu;

	if (!idle)
		return NOWHERE;
	cpu = idle & BIT(s->pcpu) ? s->pcpu : (u32)__builtin_ctzll(idle);
	q->idle &= ~BIT(cpu);
	return cpu;
}

u32 policy_poke(struct sched_queue *q, struct sched_vcpu *s, u64 now)
{
	/* If it is out of budget, too: there must be a timer for the next. */
	u32 cpu = take_idle(q, s), victim = NOWHERE;
	s64 lead, most = MARGIN_NS;

	if (cpu != NOWHERE || s->loaded != NOWHERE)
		return cpu != NOWHERE ? cpu : s->loaded;
	for (cpu = 0; cpu < q->nr_pcpus; cpu++) {
		struct sched_vcpu *r = q->pcpu[cpu].running;

		if (!r || !(s->affinity & BIT(cpu)))
			continue;
		charge(q, cpu, now);
		q->pcpu[cpu].wanted = true;
		lead = ahead(r->domain->vtime, s->domain->vtime);
		if (r->domain == s->domain && victim == NOWHERE) {
			victim = cpu;
		} else if (lead > most) {
			most = lead;
			victim = cpu;
		}
	}
	return s->boosted ? victim : NOWHERE;
}

u32 policy_find_idle(struct sched_queue *q, u64 now)
{
	struct list *pos, *turn;
	struct sched_domain *d;
	u32 cpu = NOWHERE;

	if (!q->idle)
		return NOWHERE;
	list_for_each(pos, &q->domains) {
		d = list_entry(pos, struct sched_domain, link);
		if (!in_budget(d, now))
			continue;
		list_for_each(turn, &d->waiting) {
			cpu = take_idle(q, list_entry(turn, struct sched_vcpu, link));
			if (cpu != NOWHERE)
				return cpu;
		}
	}
	return NOWHERE;
}

void policy_change(struct sched_queue *q, struct sched_vcpu *s, u64 affinity, u32 weight, u32 cap)
{
	struct sched_domain *d = s->domain;

	s->affinity = affinity;
	d->weight = weight;
	d->cap = cap;
	d->budget = d->period_end = 0;
	d->vtime = vtime_there(q, s);
}
