// SPDX-License-Identifier: GPL-2.0
/*
 * The goals of the scheduler on the real one: shares within 5 % over 10 seconds with 1, 2, 8 and
 * 32 busy vCPUs a domain, and a mostly idle domain that runs within a slice of its wake-up.
 *
 * Only where clocks count instructions (run-guest --icount): there the outcome depends on no
 * other machine's speed. All children share the last pCPU; the parent is on another one.
 */
#include "child.h"

#define MS	1000000ul
#define SECONDS	10ul
#define SLICE	(10 * MS)	/* hypervisor/sched/policy.h */
#define WAKES	300

#define NEED_EXACT() do {					\
	NEED_CHILD();						\
	if (!counts_instructions || last_pcpu() == 0) {		\
		skip("needs run-guest --icount with two CPUs");	\
		return;						\
	}							\
} while (0)

enum { STOP, LATEST, COUNT };	/* arg[] */

static u32 last_pcpu(void)
{
	struct ringlet_machine_info m = { 0 };

	EXPECT_EQ(RINGLET(MACHINE_INFO, &m), 0);
	return m.nr_pcpus - 1;
}

static void busy(struct child_mail *m, unsigned int vcpu)
{
	while (!m->arg[STOP])
		m->out[vcpu]++;
}

static void sleep_until(u64 when)
{
	struct sched_poll p = { .timeout = when };

	HYP(sched_op, SCHEDOP_poll, &p);
}

/* Half a millisecond of work every 13. */
static void mostly_idle(struct child_mail *m, unsigned int vcpu)
{
	while (!m->arg[STOP]) {
		u64 wake = system_time() + 13 * MS, now;

		sleep_until(wake);
		now = system_time();
		if (now > wake && now - wake > m->arg[LATEST])
			m->arg[LATEST] = now - wake;
		m->arg[COUNT]++;
		spin_ns(MS / 2);
	}
}

static bool start(struct child *c, void (*fn)(struct child_mail *, unsigned int), u32 vcpus,
		  u32 weight)
{
	struct ringlet_domain_sched s = { .set = RINGLET_SCHED_WEIGHT, .weight = weight };
	struct ringlet_vcpu_affinity a = { .vcpu = ~0u, .affinity = BIT(last_pcpu()) };

	if (!child_create(c, &(struct child_config){ .fn = fn, .vcpus = vcpus }))
		return false;
	s.domid = a.domid = c->domid;
	EXPECT_EQ(RINGLET(DOMAIN_SCHED, &s), 0);
	EXPECT_EQ(RINGLET(VCPU_AFFINITY, &a), 0);
	child_start(c);
	return true;
}

static void end(struct child *c)
{
	c->mail->arg[STOP] = 1;
	child_join(c);
	child_destroy(c);
}

static u64 cpu_time(const struct child *c)
{
	struct ringlet_domain_info info;

	EXPECT_EQ(domid_info(c->domid, &info), 0);
	return info.cpu_time_ns;
}

static bool all_run(const struct child *c, u32 vcpus)
{
	u32 i;

	for (i = 0; i < vcpus; i++)
		if (!c->mail->out[i])
			return false;
	return true;
}

/* 512 : 256, however many vCPUs each of the two has. */
static void shares(u32 heavy_vcpus, u32 light_vcpus)
{
	u64 heavy, light, from[2], all;
	struct child c[2];

	if (!start(&c[0], busy, heavy_vcpus, 512))
		return;
	if (!start(&c[1], busy, light_vcpus, 256)) {
		end(&c[0]);
		return;
	}
	while (!all_run(&c[0], heavy_vcpus) || !all_run(&c[1], light_vcpus))
		sleep_until(system_time() + 10 * MS);
	from[0] = cpu_time(&c[0]);
	from[1] = cpu_time(&c[1]);
	do {
		sleep_until(system_time() + 100 * MS);
		heavy = cpu_time(&c[0]) - from[0];
		light = cpu_time(&c[1]) - from[1];
		all = heavy + light;
	} while (all < SECONDS * 1000 * MS);
	kprintf("# %u and %u busy vCPUs, weights 2 : 1: %lu and %lu ms\n", heavy_vcpus,
		light_vcpus, heavy / MS, light / MS);
	EXPECT(heavy * 3 * 100 >= all * 2 * 95 && heavy * 3 * 100 <= all * 2 * 105);
	EXPECT(light * 3 * 100 >= all * 95 && light * 3 * 100 <= all * 105);
	end(&c[0]);
	end(&c[1]);
}

CASE(sched_exact_shares)
{
	static const u32 vcpus[] = { 1, 2, 8, 32 };
	unsigned int i;

	NEED_EXACT();
	for (i = 0; i < ARRAY_SIZE(vcpus) && !case_failed(); i++)
		shares(vcpus[i], vcpus[ARRAY_SIZE(vcpus) - 1 - i]);
}

CASE(sched_exact_wakeup)
{
	static const u32 hogs[] = { 1, 8, 32 };
	struct child idle, hog[2];
	unsigned int i;

	NEED_EXACT();
	for (i = 0; i < ARRAY_SIZE(hogs) && !case_failed(); i++) {
		if (!start(&hog[0], busy, hogs[i], 256))
			return;
		if (!start(&hog[1], busy, hogs[i], 1024) || !start(&idle, mostly_idle, 1, 256))
			return;	/* the case has failed; the machine ends with it */
		while (idle.mail->arg[COUNT] < WAKES)
			sleep_until(system_time() + 100 * MS);
		kprintf("# two domains with %u busy vCPUs each: the idle one waited %lu us\n",
			hogs[i], idle.mail->arg[LATEST] / 1000);
		EXPECT(idle.mail->arg[LATEST] > 0);
		EXPECT(idle.mail->arg[LATEST] <= SLICE);
		end(&idle);
		end(&hog[0]);
		end(&hog[1]);
	}
}
