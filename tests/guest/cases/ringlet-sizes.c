// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercall 55 by callers that know shorter or longer structures than the hypervisor: older and
 * newer ones. Every operation, at every size from 0 to 64 bytes more than its structure has:
 * the answer is that to the same structure at its own size, filled up with zeros, and not a byte
 * is written beyond the caller's size. (Against the headers of an earlier version, too: testing.rst.)
 */
#include "child.h"

#define MORE	64
#define MAX	1024
#define POISON	0xee

static const struct op {
	const char *name;
	u32 nr, size;
} ops[] = {
#define SIZED(NAME, type) \
	{ #NAME, RINGLET_OP_RINGLET_OP_##NAME, sizeof(struct ringlet_##type) }
	SIZED(VERSION, version),
	SIZED(DOMAIN_CREATE, domain_create),
	SIZED(DOMAIN_DESTROY, domain_ref),
	SIZED(DOMAIN_PAUSE, domain_ref),
	SIZED(DOMAIN_UNPAUSE, domain_ref),
	SIZED(DOMAIN_SHUTDOWN, domain_shutdown),
	SIZED(DOMAIN_INFO, domain_info),
	SIZED(DOMAIN_LIMITS, domain_limits),
	SIZED(VCPU_CONTEXT_SET, vcpu_context),
	SIZED(VCPU_CONTEXT_GET, vcpu_context),
	SIZED(VCPU_INFO, vcpu_info),
	SIZED(VCPU_AFFINITY, vcpu_affinity),
	SIZED(DOMAIN_SCHED, domain_sched),
	SIZED(DOMAIN_STATS, domain_stats),
	SIZED(DOMAIN_FRAMES, domain_frames),
	SIZED(MACHINE_INFO, machine_info),
	SIZED(LOG_READ, log_read),
#if RINGLET_ABI_MINOR >= 2
	SIZED(DOMAIN_DEVICES, devices),
	SIZED(DEVICES, devices),
	SIZED(VCPU_PAGE, vcpu_page),
#endif
};

static u8 given[MAX], whole[MAX], part[MAX];

static u32 create(u32 domid)
{
	struct ringlet_domain_create op = { .domid = domid, .max_vcpus = 1, .max_pages = 4 };

	EXPECT_EQ(RINGLET(DOMAIN_CREATE, &op), 0);
	return op.domid;
}

/* Arguments with which the operation succeeds, or fails in a way of its own. */
static void fill(u32 nr, u32 domid)
{
	struct ringlet_domain_create *c = (void *)given;
	struct ringlet_vcpu_affinity *a = (void *)given;
	struct ringlet_domain_frames *f = (void *)given;
	struct ringlet_log_read *l = (void *)given;

	memset(given, 0, sizeof(given));
	if (nr == RINGLET_OP_RINGLET_OP_VERSION || nr == RINGLET_OP_RINGLET_OP_MACHINE_INFO)
		return;
	*(u32 *)given = domid;
	switch (nr) {
	case RINGLET_OP_RINGLET_OP_DOMAIN_CREATE:
		c->domid = RINGLET_DOMID_ANY;
		c->max_vcpus = 1;
		c->max_pages = 4;
		memset(c->name, 'n', sizeof(c->name) - 1);
		break;
	case RINGLET_OP_RINGLET_OP_VCPU_AFFINITY:
		a->affinity = ~0ul;
		break;
	case RINGLET_OP_RINGLET_OP_DOMAIN_FRAMES:
		f->nr = 4;
		break;
	case RINGLET_OP_RINGLET_OP_LOG_READ:
		l->position = ~0ul;	/* its end */
		break;
	}
}

static long call(const struct op *op, u8 *arg, u32 size)
{
	long rc = hypercall(__HYPERVISOR_arch_7, op->nr, arg, size);

	if (op->nr == RINGLET_OP_RINGLET_OP_DOMAIN_CREATE && !rc)
		EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, *(u32 *)arg), 0);
	return rc;
}

/* Of those that tell no time, and do the same twice; without a domid it is the service domain. */
#define CHANGES (BIT(RINGLET_OP_RINGLET_OP_DOMAIN_CREATE) | \
		 BIT(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY) | \
		 BIT(RINGLET_OP_RINGLET_OP_VCPU_INFO) | BIT(RINGLET_OP_RINGLET_OP_DOMAIN_STATS) | \
		 BIT(RINGLET_OP_RINGLET_OP_MACHINE_INFO))

static bool answers_alike(const struct op *op, u32 size)
{
	return size >= 4 && !(CHANGES & BIT(op->nr));
}

static void compare(const struct op *op, u32 size, long rc, long expected)
{
	u32 known = size < op->size ? size : op->size, i;

	if (rc != expected)
		case_fail(__FILE__, __LINE__, "%s, %u bytes: %ld, not %ld", op->name, size, rc,
			  expected);
	for (i = size; i < sizeof(part) && part[i] == POISON; i++)
		;
	if (i < sizeof(part))
		case_fail(__FILE__, __LINE__, "%s, %u bytes: wrote at %u", op->name, size, i);
	if (!rc && answers_alike(op, size) && memcmp(part, whole, known))
		case_fail(__FILE__, __LINE__, "%s, %u bytes: another answer", op->name, size);
}

static void at_size(const struct op *op, u32 child, u32 size)
{
	bool destroys = op->nr == RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY;
	u32 known = size < op->size ? size : op->size;
	long expected, rc;

	if (destroys)
		child = create(RINGLET_DOMID_ANY);
	fill(op->nr, child);
	memset(whole, 0, sizeof(whole));
	memcpy(whole, given, known);
	expected = call(op, whole, op->size);

	/* There again, if its whole number was said. */
	if (destroys && !expected)
		create(child);
	memcpy(part, given, sizeof(part));
	memset(part + size, POISON, sizeof(part) - size);
	rc = call(op, part, size);
	compare(op, size, rc, expected);
	if (destroys && expected)
		EXPECT_EQ(domid_op(op->nr, child), 0);
}

static void with_more(const struct op *op, u32 child, u32 size)
{
	fill(op->nr, child);
	given[size - 1] = 1;
	EXPECT_EQ(call(op, given, size), -XEN_E2BIG);
}

CASE(ringlet_op_sizes)
{
	struct ringlet_machine_info before = { 0 }, after = { 0 };
	u32 i, size, child;

	if (!on_ringlet) {
		skip("needs hypercall 55");
		return;
	}
	EXPECT_EQ(RINGLET(MACHINE_INFO, &before), 0);
	child = create(RINGLET_DOMID_ANY);
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		/* To end the service domain is to end the machine. */
		size = ops[i].nr == RINGLET_OP_RINGLET_OP_DOMAIN_SHUTDOWN ? 4 : 0;
		for (; size <= ops[i].size + MORE && !case_failed(); size++)
			at_size(&ops[i], child, size);
		for (size = ops[i].size + 1; size <= ops[i].size + MORE; size++)
			with_more(&ops[i], child, size);
	}
	EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, child), 0);
	EXPECT_EQ(RINGLET(MACHINE_INFO, &after), 0);
	EXPECT_EQ(after.nr_domains, before.nr_domains);
	EXPECT_EQ(after.free_pages, before.free_pages);
}

/* No operation is left out of the case above. */
CASE(ringlet_op_sizes_of_all)
{
	u32 nr;

	if (!on_ringlet) {
		skip("needs hypercall 55");
		return;
	}
	for (nr = 0; nr < ARRAY_SIZE(ops); nr++)
		EXPECT_EQ(ops[nr].nr, nr);
#if RINGLET_ABI_MINOR == 2
	EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, nr, given, 8), -XEN_ENOSYS);
#endif
}
