// SPDX-License-Identifier: GPL-2.0
/*
 * Domain control with anything in its structures, and from two vCPUs at once. Whatever comes of
 * the calls: afterwards the domains that are left can be destroyed and all memory is back.
 */
#include "child.h"

#define LAST_OP	RINGLET_OP_RINGLET_OP_LOG_READ

static u64 seed;

static u32 rnd(u32 below)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (u32)(seed >> 33) % below;
}

static u64 free_pages(void)
{
	struct ringlet_machine_info m = { 0 };

	EXPECT_EQ(RINGLET(MACHINE_INFO, &m), 0);
	return m.free_pages;
}

/* The first domain from @domid on that is not the service domain; 0: none. */
static u32 next_domain(u32 domid)
{
	struct ringlet_domain_info i = { .domid = domid ?: 1, .find = RINGLET_FIND_NEXT };

	return RINGLET(DOMAIN_INFO, &i) ? 0 : i.domid;
}

static void destroy_all(void)
{
	u32 domid;

	while ((domid = next_domain(1)) && !case_failed())
		EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, domid), 0);
}

static u32 create(void)
{
	struct ringlet_domain_create op = {
		.domid = RINGLET_DOMID_ANY, .max_vcpus = 1 + rnd(4), .max_pages = 16,
	};

	EXPECT_EQ(RINGLET(DOMAIN_CREATE, &op), 0);
	EXPECT(op.domid > 0 && op.domid < DOMID_FIRST_RESERVED);
	return op.domid;
}

/* Some words right, some near the edges, some anything. */
static u64 word(u32 domid, ulong pointer)
{
	static const u64 edge[] = {
		0, 1, 2, 3, 4, 31, 32, 33, 64, 0x7fffffff, 0xffffffff, 0xffff, 0x7ff0, 0x10000,
		1ul << 63, ~0ul, HV_START, HV_END, NON_CANONICAL,
	};

	switch (rnd(6)) {
	case 0:
		return edge[rnd(ARRAY_SIZE(edge))];
	case 1:
		return pointer;
	case 2:
		return domid | (u64)rnd(3) << 32;
	case 3:
		return (u64)rnd(~0u) << 32 | rnd(~0u);
	case 4:
		return (u64)rnd(4) << 32 | rnd(4);
	}
	return 0;
}

ATTACK(attack_domain_control_fuzz)
{
	static u64 op[128], buffer[1024];
	unsigned int round, i;
	u64 free;

	if (!on_ringlet) {
		skip("needs hypercall 55");
		return;
	}
	free = free_pages();
	for (round = 0; round < 3000 && !case_failed(); round++) {
		u32 nr = 1 + rnd(LAST_OP + 1), domid;

		if (round % 100 == 0) {
			destroy_all();
			create();
		}
		domid = next_domain(rnd(2) ? 1 : rnd(40000));
		for (i = 0; i < ARRAY_SIZE(op); i++)
			op[i] = word(domid, (ulong)buffer);
		/* Of the service domain only what does not end it. */
		*(u32 *)op = domid ?: 32000;
		if (nr == RINGLET_OP_RINGLET_OP_DOMAIN_CREATE && rnd(4))
			*(u32 *)op = RINGLET_DOMID_ANY;
		hypercall(__HYPERVISOR_arch_7, nr, op, 8 + (rnd(4) ? rnd(512) : rnd(2000)));
	}
	destroy_all();
	EXPECT_EQ(free_pages(), free);
}

static volatile bool stop;
static struct vcpu_guest_context context;

/* On vCPU 1: everything that looks at domains or stops them, at whatever is there. */
static void look(void *unused)
{
	static struct ringlet_domain_stats stats;
	static struct ringlet_frame frame[16];

	while (!stop) {
		u32 domid = next_domain(1);
		struct ringlet_vcpu_info v = { .domid = domid };
		struct ringlet_vcpu_context x = { .domid = domid, .context = (ulong)&context };
		struct ringlet_domain_frames f = { .domid = domid, .nr = 16,
						   .buffer = (ulong)frame };
		struct ringlet_domain_limits l = { .domid = domid, .set = 3, .max_pages = 5 };

		if (!domid)
			continue;
		if (domid % 3 == 1)	/* perhaps before its creation has returned */
			domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, domid);
		stats.domid = domid;
		domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_PAUSE, domid);
		RINGLET(VCPU_INFO, &v);
		RINGLET(DOMAIN_STATS, &stats);
		RINGLET(VCPU_CONTEXT_GET, &x);
		RINGLET(VCPU_CONTEXT_SET, &x);
		RINGLET(DOMAIN_FRAMES, &f);
		RINGLET(DOMAIN_LIMITS, &l);
		domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_UNPAUSE, domid);
		if (domid % 3 == 0)
			domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, domid);
	}
}

ATTACK(attack_domain_control_smp)
{
	unsigned int i;
	u64 free;
	u32 domid;

	if (!on_ringlet) {
		skip("needs hypercall 55");
		return;
	}
	NEED_VCPU1();
	free = free_pages();
	stop = false;
	smp_call(look, NULL);
	for (i = 0; i < 300 && !case_failed(); i++) {
		struct ringlet_domain_shutdown s = { .reason = SHUTDOWN_reboot };
		long rc;

		domid = s.domid = create();
		if (i % 4 == 0)
			RINGLET(DOMAIN_SHUTDOWN, &s);
		if (i % 5 == 0)
			domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_UNPAUSE, domid);
		rc = domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, domid);
		if (rc && rc != -XEN_ESRCH)
			case_fail(__FILE__, __LINE__, "destroy: %ld", rc);
	}
	stop = true;
	EXPECT(smp_wait(HANG_NS));
	destroy_all();
	EXPECT_EQ(free_pages(), free);
}
