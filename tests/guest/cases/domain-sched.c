// SPDX-License-Identifier: GPL-2.0
/*
 * Scheduling of several domains: weights, caps, affinity, and that a vCPU finds its registers
 * wherever it goes on. Shares are measured in the hypervisor's time and until enough of it has
 * gone by; the policy's exactness is the unit test's.
 */
#include "child.h"

#define MS	1000000ul
#define MSR_FS_BASE	0xc0000100
#define ALL	(~0u)

static long set_params(u32 domid, u32 set, u32 weight, u32 cap)
{
	struct ringlet_domain_sched s = { .domid = domid, .set = set, .weight = weight,
					  .cap = cap };

	return RINGLET(DOMAIN_SCHED, &s);
}

static long set_affinity(u32 domid, u32 vcpu, u64 mask)
{
	struct ringlet_vcpu_affinity a = { .domid = domid, .vcpu = vcpu, .affinity = mask };

	return RINGLET(VCPU_AFFINITY, &a);
}

static u32 pcpus(void)
{
	static struct ringlet_machine_info m;

	if (!on_ringlet)
		return 1;	/* the case that asks is about to skip */
	EXPECT_EQ(RINGLET(MACHINE_INFO, &m), 0);
	return m.nr_pcpus;
}

static u64 cpu_time(const struct child *c)
{
	struct ringlet_domain_info info;

	EXPECT_EQ(domid_info(c->domid, &info), 0);
	return info.cpu_time_ns;
}

static void nap(u64 ns)
{
	struct sched_poll p = { .timeout = system_time() + ns };

	HYP(sched_op, SCHEDOP_poll, &p);
}

/* Busy until arg[0]. */
static void busy(struct child_mail *m, unsigned int vcpu)
{
	while (!m->arg[0])
		m->out[vcpu]++;
}

static bool busy_child(struct child *c, u32 vcpus, u64 mask)
{
	if (!child_create(c, &(struct child_config){ .fn = busy, .vcpus = vcpus }))
		return false;
	EXPECT_EQ(set_affinity(c->domid, ALL, mask), 0);
	return true;
}

static void end(struct child *c)
{
	c->mail->arg[0] = 1;
	child_join(c);
	child_destroy(c);
}

CASE(domain_sched_arguments)
{
	struct ringlet_domain_sched s;
	struct ringlet_vcpu_info v;
	struct child c;

	NEED_CHILD();
	if (!busy_child(&c, 2, ~0ul))
		return;
	s = (struct ringlet_domain_sched){ .domid = c.domid };
	EXPECT_EQ(RINGLET(DOMAIN_SCHED, &s), 0);
	EXPECT_EQ(s.weight, 256);
	EXPECT_EQ(s.cap, 0);
	EXPECT_EQ(set_params(c.domid, RINGLET_SCHED_WEIGHT, 0, 0), -XEN_EINVAL);
	EXPECT_EQ(set_params(c.domid, RINGLET_SCHED_WEIGHT, 65536, 0), -XEN_EINVAL);
	EXPECT_EQ(set_params(c.domid, RINGLET_SCHED_CAP, 0, 1000000), -XEN_EINVAL);
	EXPECT_EQ(set_params(c.domid, 4, 256, 0), -XEN_EINVAL);
	EXPECT_EQ(set_params(c.domid, RINGLET_SCHED_WEIGHT, 65535, 0), 0);
	EXPECT_EQ(set_params(c.domid, RINGLET_SCHED_CAP, 0, 30), 0);
	EXPECT_EQ(RINGLET(DOMAIN_SCHED, &s), 0);
	EXPECT_EQ(s.weight, 65535);
	EXPECT_EQ(s.cap, 30);

	EXPECT_EQ(set_affinity(c.domid, 0, 0), -XEN_EINVAL);
	EXPECT_EQ(set_affinity(c.domid, 0, BIT(63)), -XEN_EINVAL);
	EXPECT_EQ(set_affinity(c.domid, 2, 1), -XEN_ENOENT);
	EXPECT_EQ(set_affinity(c.domid, 1, BIT(63) | 1), 0);
	v = (struct ringlet_vcpu_info){ .domid = c.domid, .vcpu = 1 };
	EXPECT_EQ(RINGLET(VCPU_INFO, &v), 0);
	EXPECT_EQ(v.affinity, BIT(63) | 1);
	child_destroy(&c);
}

/* It goes where it is sent while it runs, and stays there. */
CASE(domain_sched_affinity)
{
	struct ringlet_vcpu_info v;
	u32 cpu, i, nr = pcpus();
	struct child c;
	ulong before;

	NEED_CHILD();
	if (!busy_child(&c, 2, 1))
		return;
	child_start(&c);
	for (i = 0; i < 3 * nr; i++) {
		cpu = i % nr;
		EXPECT_EQ(set_affinity(c.domid, 0, BIT(cpu)), 0);
		v = (struct ringlet_vcpu_info){ .domid = c.domid };
		do {
			nap(MS);
			EXPECT_EQ(RINGLET(VCPU_INFO, &v), 0);
		} while (v.pcpu != cpu);
		before = c.mail->out[0];
		while (c.mail->out[0] == before)
			nap(MS);
		EXPECT_EQ(RINGLET(VCPU_INFO, &v), 0);
		EXPECT_EQ(v.pcpu, cpu);
	}
	end(&c);
}

/* Two domains on one pCPU, 3 : 1, one of them with more vCPUs. */
CASE(domain_sched_weights)
{
	u64 heavy, light, start[2], cpu = BIT(pcpus() - 1);
	struct child c[2];

	NEED_CHILD();
	if (!busy_child(&c[0], 1, cpu))
		return;
	if (!busy_child(&c[1], 4, cpu)) {
		child_destroy(&c[0]);
		return;
	}
	EXPECT_EQ(set_params(c[0].domid, RINGLET_SCHED_WEIGHT, 768, 0), 0);
	child_start(&c[0]);
	child_start(&c[1]);
	while (!cpu_time(&c[1]))
		nap(10 * MS);
	start[0] = cpu_time(&c[0]);
	start[1] = cpu_time(&c[1]);
	do {
		nap(100 * MS);
		heavy = cpu_time(&c[0]) - start[0];
		light = cpu_time(&c[1]) - start[1];
	} while (heavy + light < 3000 * MS);
	EXPECT(heavy > 2 * light);
	EXPECT(heavy < 4 * light);
	end(&c[0]);
	end(&c[1]);
}

CASE(domain_sched_cap)
{
	u64 start, ran, from;
	struct child c;

	NEED_CHILD();
	if (!busy_child(&c, 4, ~0ul))
		return;
	EXPECT_EQ(set_params(c.domid, RINGLET_SCHED_CAP, 0, 20), 0);
	child_start(&c);
	while (!cpu_time(&c))
		nap(10 * MS);
	start = cpu_time(&c);
	from = system_time();
	do {
		nap(100 * MS);
		ran = cpu_time(&c) - start;
	} while (ran < 400 * MS);
	from = system_time() - from;
	EXPECT(ran < from / 2);
	/* Without it the same takes less. */
	EXPECT_EQ(set_params(c.domid, RINGLET_SCHED_CAP, 0, 0), 0);
	start = cpu_time(&c);
	from = system_time();
	while (cpu_time(&c) - start < 400 * MS)
		nap(10 * MS);
	EXPECT(system_time() - from < 1600 * MS);
	end(&c);
}

static ulong pattern(const struct child_mail *m, unsigned int vcpu)
{
	return m->domid * 0x100000001ul + vcpu * 0x0101010101010101ul;
}

/* General, vector and segment registers hold what only this vCPU puts there. */
static void keep_registers(struct child_mail *m, unsigned int vcpu)
{
	ulong p = pattern(m, vcpu), x, g, mxcsr = 0x1f80 | (vcpu & 3) << 13;
	u32 csr = mxcsr, got;

	wrmsr(MSR_FS_BASE, p & 0x7fffffffffff);
	asm volatile("movq %0, %%xmm3\n\tmovq %0, %%xmm12\n\tldmxcsr %1"
		     :: "r"(p), "m"(csr));
	while (!m->arg[0]) {
		asm volatile("mov %2, %%r13\n\tmov $20000, %%ecx\n"
			     "1: dec %%ecx\n\tjnz 1b\n\tmov %%r13, %1\n\tmovq %%xmm3, %0"
			     : "=r"(x), "=r"(g) : "r"(p) : "rcx", "r13");
		EXPECT_EQ(x, p);
		EXPECT_EQ(g, p);
		asm volatile("movq %%xmm12, %0\n\tstmxcsr %1" : "=r"(x), "=m"(got));
		EXPECT_EQ(x, p);
		EXPECT_EQ(got, csr);
		EXPECT_EQ(rdmsr(MSR_FS_BASE), p & 0x7fffffffffff);
		if (m->failures)
			return;
		m->out[vcpu]++;
		if (m->out[vcpu] % 7 == 0)
			HYP(sched_op, SCHEDOP_yield, NULL);
	}
}

/* Three domains, more vCPUs than pCPUs, sent to and fro. */
CASE(domain_sched_registers)
{
	struct child_config config = { .fn = keep_registers, .vcpus = 3 };
	u32 i, v, moves = 0, nr = pcpus(), n = 0;
	struct ringlet_domain_stats s;
	struct child c[3];
	bool enough;

	NEED_CHILD();
	while (n < 3 && child_create(&c[n], &config))
		child_start(&c[n++]);
	do {
		for (i = 0; i < n; i++)
			EXPECT_EQ(set_affinity(c[i].domid, moves % 3, moves % 5 ?
					       BIT((moves / 3 + i) % nr) : ~0ul), 0);
		moves++;
		nap(3 * MS);
		enough = true;
		for (i = 0; i < n; i++) {
			s = (struct ringlet_domain_stats){ .domid = c[i].domid };
			EXPECT_EQ(RINGLET(DOMAIN_STATS, &s), 0);
			enough = enough && s.switches > 100;
			for (v = 0; v < 3; v++)
				enough = enough && c[i].mail->out[v] > 20;
		}
		for (i = 0; i < n; i++)
			enough = enough || c[i].mail->failures;
	} while (!enough);
	for (i = 0; i < n; i++)
		end(&c[i]);
}
