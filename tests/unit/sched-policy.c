// SPDX-License-Identifier: GPL-2.0
/*
 * The scheduler's policy on a simulated machine: pCPUs with timers, vCPUs that are
 * busy or sleep and wake by a pattern, a clock that jumps from event to event.
 * Nothing depends on the time of the machine that runs the test.
 *
 * After each event: no pCPU is idle while something waits that may run there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sched/policy.h"

#define MS		1000000ULL
#define SECOND		(1000 * MS)
#define MAX_DOMAINS	40
#define MAX_SIM_VCPUS	256

/* One that is busy never sleeps; others run for @run, sleep for @sleep. */
struct sim_vcpu {
	struct sched_vcpu s;
	u64 run, sleep;
	u64 left;		/* of this run */
	u64 wakes_at;		/* NEVER: awake */
	u64 woken_at, ran, latest;	/* latest: longest from wake to run */
	bool waits_first;
};

static struct sched_queue q;
static struct sched_domain doms[MAX_DOMAINS];
static struct sim_vcpu vcpus[MAX_SIM_VCPUS];
static u32 nr_doms, nr_vcpus;
static u64 now, timer[MAX_PCPUS], begun[MAX_PCPUS];

static struct sim_vcpu *sim(struct sched_vcpu *s)
{
	return container_of(s, struct sim_vcpu, s);
}

static void machine(u32 pcpus)
{
	u32 i;

	memset(&q, 0, sizeof(q));
	memset(doms, 0, sizeof(doms));
	memset(vcpus, 0, sizeof(vcpus));
	nr_doms = nr_vcpus = 0;
	now = SECOND;
	list_init(&q.domains);
	q.nr_pcpus = pcpus;
	for (i = 0; i < pcpus; i++) {
		q.idle |= BIT(i);
		q.pcpu[i].since = now;
		timer[i] = NEVER;
	}
}

static void choose(u32 cpu);

static void choose_where_told(void)
{
	u32 cpu;

	while ((cpu = policy_find_idle(&q, now)) != NOWHERE)
		choose(cpu);
}

/* What schedule() does. */
static void choose(u32 cpu)
{
	struct sched_vcpu *prev = q.pcpu[cpu].running, *next;
	bool goes_on = prev && sim(prev)->wakes_at == NEVER && list_empty(&prev->link);
	struct sim_vcpu *v;

	if (prev)
		sim(prev)->ran += now - begun[cpu];
	next = policy_pick(&q, cpu, goes_on, now, &timer[cpu]);
	begun[cpu] = now;
	assert_true(timer[cpu] > now);
	if (prev && prev != next)
		prev->loaded = NOWHERE;
	if (next) {
		v = sim(next);
		assert_int_equal(v->wakes_at, NEVER);
		assert_true(next->affinity & BIT(cpu));
		if (v->waits_first)
			v->latest = max(v->latest, now - v->woken_at);
		v->waits_first = false;
	}
	choose_where_told();
}

static void wake(struct sim_vcpu *v)
{
	u32 cpu;

	v->wakes_at = NEVER;
	v->left = v->run;
	v->woken_at = now;
	v->waits_first = true;
	policy_wake(&q, &v->s, now);
	cpu = policy_poke(&q, &v->s, now);
	if (cpu != NOWHERE)
		choose(cpu);
}

static struct sched_domain *domain(u32 weight, u32 cap)
{
	struct sched_domain *d = &doms[nr_doms++];

	policy_domain_init(d);
	d->weight = weight;
	d->cap = cap;
	return d;
}

/* Busy if it does not sleep. */
static struct sim_vcpu *vcpu(struct sched_domain *d, u64 run, u64 sleep, u64 mask)
{
	struct sim_vcpu *v = &vcpus[nr_vcpus++];

	policy_vcpu_init(&v->s, d, nr_vcpus % q.nr_pcpus);
	v->s.affinity = mask;
	v->run = sleep ? run : NEVER;
	v->sleep = sleep;
	v->wakes_at = now;
	v->latest = 0;
	return v;
}

static void busy(struct sched_domain *d, u32 n)
{
	while (n--)
		vcpu(d, 0, 0, ~0ULL);
}

static void check_work_conserving(void)
{
	u32 i, cpu;

	for (i = 0; i < nr_vcpus; i++) {
		struct sched_vcpu *s = &vcpus[i].s;

		if (list_empty(&s->link) || (s->domain->cap && s->domain->budget <= 0))
			continue;
		for (cpu = 0; cpu < q.nr_pcpus; cpu++)
			assert_false((s->affinity & BIT(cpu)) && !q.pcpu[cpu].running);
	}
}

/* The next event of a pCPU: its timer, or its vCPU goes to sleep. */
static u64 next_of(u32 cpu)
{
	struct sched_vcpu *s = q.pcpu[cpu].running;
	u64 t = timer[cpu];

	if (s && sim(s)->sleep)
		t = min(t, begun[cpu] + sim(s)->left);
	return t;
}

static void event_of(u32 cpu)
{
	struct sched_vcpu *s = q.pcpu[cpu].running;

	if (s && sim(s)->sleep && begun[cpu] + sim(s)->left <= now)
		sim(s)->wakes_at = now + sim(s)->sleep;
	choose(cpu);
}

/* Account what was run since an event elsewhere made no difference. */
static void settle_runs(void)
{
	u32 cpu;

	for (cpu = 0; cpu < q.nr_pcpus; cpu++) {
		struct sched_vcpu *s = q.pcpu[cpu].running;
		u64 ran = now - begun[cpu];

		begun[cpu] = now;
		if (!s)
			continue;
		sim(s)->ran += ran;
		if (sim(s)->sleep)
			sim(s)->left -= min(ran, sim(s)->left);
	}
}

static void simulate(u64 ns)
{
	u64 end = now + ns, t;
	u32 i;

	for (;;) {
		t = end;
		for (i = 0; i < q.nr_pcpus; i++)
			t = min(t, next_of(i));
		for (i = 0; i < nr_vcpus; i++)
			t = min(t, vcpus[i].wakes_at);
		now = t;
		if (now >= end)
			break;
		settle_runs();
		for (i = 0; i < q.nr_pcpus; i++)
			if (next_of(i) <= now)
				event_of(i);
		for (i = 0; i < nr_vcpus; i++)
			if (vcpus[i].wakes_at <= now)
				wake(&vcpus[i]);
		check_work_conserving();
	}
	settle_runs();
	policy_charge_all(&q, now);
}

static u64 ran(const struct sched_domain *d)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < nr_vcpus; i++)
		if (vcpus[i].s.domain == d)
			sum += vcpus[i].ran;
	return sum;
}

static void forget(void)
{
	u32 i;

	for (i = 0; i < nr_vcpus; i++)
		vcpus[i].ran = vcpus[i].latest = 0;
}

static void within_ns(u64 value, u64 wanted, u64 margin)
{
	if (value + margin < wanted || value > wanted + margin)
		fail_msg("%lu ns, wanted %lu within %lu", value, wanted, margin);
}

static void within(u64 value, u64 wanted, u32 percent)
{
	within_ns(value, wanted, wanted * percent / 100);
}

struct share {
	u32 weight, nr;
	u64 due;
};

/* By weight, but nobody uses more pCPUs than it has vCPUs. */
static void dues(struct share *s, u32 n, u64 time, u32 pcpus)
{
	u64 rest = time * pcpus, weights;
	bool full[MAX_DOMAINS] = { 0 }, more;
	u32 i;

	do {
		more = false;
		weights = 0;
		for (i = 0; i < n; i++)
			weights += full[i] ? 0 : s[i].weight;
		for (i = 0; i < n; i++) {
			if (full[i])
				continue;
			s[i].due = rest * s[i].weight / weights;
			if (s[i].due < time * s[i].nr)
				continue;
			s[i].due = time * s[i].nr;
			rest -= s[i].due;
			full[i] = more = true;
			break;
		}
	} while (more);
}

static void shares_of(const struct share *wanted, u32 n, u32 pcpus)
{
	struct share s[MAX_DOMAINS];
	u32 i, v;

	memcpy(s, wanted, n * sizeof(*s));
	machine(pcpus);
	for (i = 0; i < n; i++)
		busy(domain(s[i].weight, 0), s[i].nr);
	simulate(SECOND / 10);
	forget();
	simulate(10 * SECOND);
	dues(s, n, 10 * SECOND, pcpus);
	for (i = 0; i < n; i++)
		within(ran(&doms[i]), s[i].due, 5);
	/* Turns within a domain. */
	for (v = 0; v < nr_vcpus; v++) {
		i = vcpus[v].s.domain - doms;
		within_ns(vcpus[v].ran, s[i].due / s[i].nr,
			  s[i].due / s[i].nr / 20 + SLICE_NS);
	}
}

static void weights(void **state)
{
	static const u32 nr[] = { 1, 2, 8, 32 }, pcpus[] = { 1, 2, 3, 8 };
	u32 a, b, p, n;

	(void)state;
	for (p = 0; p < ARRAY_SIZE(pcpus); p++) {
		for (a = 0; a < ARRAY_SIZE(nr); a++) {
			for (b = 0; b < ARRAY_SIZE(nr); b++) {
				struct share two[] = { { 256, nr[a], 0 }, { 512, nr[b], 0 } };
				struct share three[] = { { 256, nr[a], 0 }, { 256, nr[b], 0 },
							 { 1024, 2, 0 } };

				shares_of(two, 2, pcpus[p]);
				shares_of(three, 3, pcpus[p]);
			}
		}
	}
	for (p = 0; p < ARRAY_SIZE(pcpus); p++) {
		struct share many[32];

		for (n = 0; n < 32; n++)
			many[n] = (struct share){ n % 2 ? 256 : 128, 1, 0 };
		shares_of(many, 32, pcpus[p]);
	}
}

/* What sleeps and comes back gets its share from then on, and no more. */
static void sleepers_do_not_hoard(void **state)
{
	struct sched_domain *a, *b;
	u32 pcpus;

	(void)state;
	for (pcpus = 1; pcpus <= 2; pcpus++) {
		machine(pcpus);
		a = domain(256, 0);
		b = domain(256, 0);
		busy(a, pcpus);
		busy(b, pcpus);
		vcpus[0].wakes_at = now + 20 * SECOND;
		vcpus[pcpus - 1].wakes_at = now + 20 * SECOND;
		simulate(20 * SECOND);
		within(ran(b), 20 * SECOND * pcpus, 1);
		forget();
		simulate(SECOND);
		within(ran(a), SECOND * pcpus / 2, 5);
		within(ran(b), SECOND * pcpus / 2, 5);
	}
}

/* Alone or not: the mostly idle run as soon as they wake, and get what they want. */
static void idle_domains_are_prompt(void **state)
{
	static const u32 hogs[] = { 1, 4, 16 };
	struct sim_vcpu *idle, *half;
	struct sched_domain *d;
	u32 i, pcpus;

	(void)state;
	for (pcpus = 1; pcpus <= 4; pcpus++) {
		for (i = 0; i < ARRAY_SIZE(hogs); i++) {
			machine(pcpus);
			busy(domain(256, 0), hogs[i]);
			idle = vcpu(domain(256, 0), MS / 2, 13 * MS, ~0ULL);
			simulate(SECOND / 10);
			forget();
			simulate(10 * SECOND);
			assert_true(idle->latest < MS);
			within(idle->ran, 10 * SECOND / 27, 3);

			/* A sibling of the busy ones. */
			machine(pcpus);
			d = domain(256, 0);
			busy(d, hogs[i]);
			idle = vcpu(d, MS / 2, 13 * MS, ~0ULL);
			simulate(SECOND / 10);
			forget();
			simulate(10 * SECOND);
			assert_true(idle->latest < MS);

			/* With many domains: within a slice. */
			machine(pcpus);
			for (d = NULL; nr_doms < hogs[i];)
				busy(domain(256, 0), 2);
			idle = vcpu(domain(256, 0), MS / 2, 13 * MS, ~0ULL);
			half = vcpu(domain(256, 0), 3 * MS, 300 * MS, ~0ULL);
			simulate(SECOND);
			forget();
			simulate(10 * SECOND);
			assert_true(idle->latest <= SLICE_NS);
			assert_true(half->latest <= SLICE_NS);
		}
	}
}

/* One that sleeps now and then gets no more than its share. */
static void no_gain_by_naps(void **state)
{
	struct sched_domain *a, *b;

	(void)state;
	machine(1);
	a = domain(256, 0);
	b = domain(256, 0);
	vcpu(a, 9 * MS, MS / 10, ~0ULL);
	busy(b, 1);
	simulate(10 * SECOND);
	assert_true(ran(a) < 10 * SECOND * 53 / 100);
	assert_true(ran(b) > 10 * SECOND * 47 / 100);
}

static void caps(void **state)
{
	static const struct {
		u32 cap, nr, pcpus;
	} c[] = { { 10, 1, 1 }, { 50, 1, 1 }, { 50, 8, 4 }, { 150, 8, 2 },
		  { 99, 2, 2 }, { 1, 1, 2 }, { 100, 4, 4 }, { 350, 32, 8 } };
	struct sched_domain *capped, *other;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		machine(c[i].pcpus);
		capped = domain(256, c[i].cap);
		busy(capped, c[i].nr);
		simulate(10 * SECOND);
		within(ran(capped), 10 * SECOND / 100 * c[i].cap, 2);

		/* The rest is for others, and weight does not lift a cap. */
		machine(c[i].pcpus);
		capped = domain(1024, c[i].cap);
		other = domain(16, 0);
		busy(capped, c[i].nr);
		busy(other, c[i].pcpus);
		simulate(10 * SECOND);
		within(ran(other) + ran(capped), 10 * SECOND * c[i].pcpus, 1);
		within(ran(capped), 10 * SECOND / 100 * c[i].cap, 5);
	}
	/* One that is over its cap when it wakes is let run in the next period. */
	machine(1);
	capped = domain(256, 20);
	vcpu(capped, 7 * MS, MS / 2, ~0ULL);
	simulate(10 * SECOND);
	within(ran(capped), 2 * SECOND, 3);
}

/* Time on pCPUs that a domain may not use is none of its business. */
static void affinity(void **state)
{
	struct sched_domain *a, *b, *c;
	struct sim_vcpu *v;

	(void)state;
	machine(2);
	a = domain(512, 0);
	b = domain(256, 0);
	c = domain(256, 0);
	vcpu(a, 0, 0, 1);
	v = vcpu(b, 0, 0, 1);
	vcpu(c, 0, 0, 2);
	simulate(9 * SECOND);
	within(ran(a), 6 * SECOND, 5);
	within(ran(b), 3 * SECOND, 5);
	within(ran(c), 9 * SECOND, 1);

	/* It moves: what it missed there is not made up for, nor is it owed. */
	policy_charge_all(&q, now);
	policy_change(&q, &v->s, 2, 256, 0);
	if (q.pcpu[0].running == &v->s)
		choose(0);
	else
		choose(1);
	forget();
	simulate(SECOND);
	within(ran(a), SECOND, 1);
	within(ran(b), SECOND / 2, 5);
	within(ran(c), SECOND / 2, 5);
	policy_change(&q, &v->s, 3, 256, 0);
	simulate(10 * SECOND);
	forget();
	simulate(10 * SECOND);
	within(ran(a), 10 * SECOND, 5);
	within(ran(b), 5 * SECOND, 5);
	within(ran(c), 5 * SECOND, 5);
}

/* Anything at once: only what is checked after each event, and that all get on. */
static void random_loads(void **state)
{
	u32 round, i;

	(void)state;
	srandom(4);
	for (round = 0; round < 60; round++) {
		machine(1 + random() % 8);
		for (i = 0; i < 1 + (u32)random() % 12; i++) {
			struct sched_domain *d = domain(32 + random() % 1000,
							random() % 3 ? 0 : 1 + random() % 300);
			u32 n = 1 + random() % 8;

			while (n--) {
				u64 mask = random() % 2 ? ~0ULL : (u64)random();

				if (!(mask & (BIT(q.nr_pcpus) - 1)))
					mask = 1;
				vcpu(d, 1 + random() % (20 * MS),
				     random() % 3 ? random() % (50 * MS) : 0, mask);
			}
		}
		simulate(2 * SECOND);
		forget();
		simulate(20 * SECOND);
		for (i = 0; i < nr_vcpus; i++)
			assert_true(vcpus[i].ran);
	}
}

static struct sched_vcpu *after_yield(void)
{
	struct sched_vcpu *v = q.pcpu[0].running;

	simulate(MS);
	assert_ptr_equal(q.pcpu[0].running, v);
	v->yielding = true;
	choose(0);
	return q.pcpu[0].running == v ? NULL : q.pcpu[0].running;
}

/* To a sibling; to another domain though its time is later; there is nobody. */
static void yields(void **state)
{
	struct sched_domain *d;

	(void)state;
	machine(1);
	busy(domain(256, 0), 2);
	simulate(MS);
	assert_non_null(after_yield());

	machine(1);
	busy(domain(65535, 0), 1);
	d = domain(1, 0);
	busy(d, 1);
	simulate(45 * MS);
	assert_ptr_equal(after_yield()->domain, d);

	machine(1);
	busy(domain(256, 0), 1);
	simulate(MS);
	assert_null(after_yield());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights),
		cmocka_unit_test(sleepers_do_not_hoard),
		cmocka_unit_test(idle_domains_are_prompt),
		cmocka_unit_test(no_gain_by_naps),
		cmocka_unit_test(caps),
		cmocka_unit_test(affinity),
		cmocka_unit_test(random_loads),
		cmocka_unit_test(yields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
