// SPDX-License-Identifier: GPL-2.0
/* Where a domain's device area is: who may say so, and who may ask (ringlet.h). */
#include "child.h"
#include <ringlet/virtio.h>

static long set(u32 domid, u32 pages, u64 gfn, u32 port, u32 backend)
{
	struct ringlet_devices d = { .domid = domid, .pages = pages, .gfn = gfn,
				     .control_port = port, .backend_domid = backend };

	return RINGLET(DOMAIN_DEVICES, &d);
}

static long get(u32 domid, struct ringlet_devices *d)
{
	memset(d, 0xee, sizeof(*d));
	d->domid = domid;
	return RINGLET(DEVICES, d);
}

CASE(domain_devices_arguments)
{
	struct child_config config = { .create.max_ports = 100 };
	struct ringlet_devices d;
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &config))
		return;
	EXPECT_EQ(get(c.domid, &d), -XEN_ENOENT);
	EXPECT_EQ(set(c.domid, 0, 5, 1, 0), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid, RINGLET_DEVICES_MAX_PAGES + 1, 5, 1, 0), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid, ~0u, 5, 1, 0), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid, 1, BIT(40), 1, 0), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid, 1, ~0ul, 1, 0), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid, 1, 5, 0, 0), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid, 1, 5, 100, 0), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid, 1, 5, ~0u, 0), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid, 1, 5, 1, DOMID_SELF), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid, 1, 5, 1, ~0u), -XEN_EINVAL);
	EXPECT_EQ(set(c.domid + 7, 1, 5, 1, 0), -XEN_ESRCH);
	EXPECT_EQ(set(0x10000, 1, 5, 1, 0), -XEN_ESRCH);
	EXPECT_EQ(set(DOMID_SELF, 1, 5, 1, 0), -XEN_EBUSY);
	EXPECT_EQ(get(c.domid, &d), -XEN_ENOENT);	/* nothing of it was kept */
	EXPECT_EQ(get(c.domid + 7, &d), -XEN_ESRCH);
	EXPECT_EQ(get(DOMID_SELF, &d), -XEN_ENOENT);
	EXPECT_EQ(d.pages, 0xeeeeeeee);
	EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, RINGLET_OP_RINGLET_OP_DEVICES, BAD_PTR,
			    sizeof(d)), -XEN_EFAULT);

	EXPECT_EQ(set(c.domid, 1, 5, 1, 0), 0);
	EXPECT_EQ(set(c.domid, 4, BIT(40) - 1, 99, 3), 0);	/* replaces */
	EXPECT_EQ(get(c.domid, &d), 0);
	EXPECT_EQ(d.domid, c.domid);
	EXPECT_EQ(d.pages, 4);
	EXPECT_EQ(d.gfn, BIT(40) - 1);
	EXPECT_EQ(d.control_port, 99);
	EXPECT_EQ(d.backend_domid, 3);
	child_destroy(&c);
}

/* An ordinary domain learns where its own is, and its number; nothing of others. */
static void ask(struct child_mail *m, unsigned int vcpu)
{
	struct ringlet_devices d;
	u32 other;

	EXPECT_EQ(set(DOMID_SELF, 1, 5, 1, 0), -XEN_EPERM);
	EXPECT_EQ(set(m->domid, 1, 5, 1, 0), -XEN_EPERM);
	for (other = 0; other < m->domid + 3; other++)
		if (other != m->domid)
			EXPECT_ERR(get(other, &d));
	EXPECT_EQ(get(0, &d), -XEN_EPERM);
	EXPECT_EQ(get(m->domid, &d), m->arg[1] ? -XEN_ENOENT : 0);
	EXPECT_EQ(get(DOMID_SELF, &d), m->arg[1] ? -XEN_ENOENT : 0);
	if (!m->arg[1]) {
		EXPECT_EQ(d.domid, m->domid);
		EXPECT_EQ(d.pages, 2);
		EXPECT_EQ(d.gfn, 0xe0);
		EXPECT_EQ(d.control_port, 7);
		EXPECT_EQ(d.backend_domid, 0);
	}
	m->out[0] = 1;
	while (!m->arg[0])
		HYP(sched_op, SCHEDOP_yield, NULL);
}

static void one_child(bool none)
{
	struct child_config config = { .fn = ask };
	struct child c;

	if (!child_create(&c, &config))
		return;
	c.mail->arg[1] = none;
	if (!none)
		EXPECT_EQ(set(c.domid, 2, 0xe0, 7, 0), 0);
	child_start(&c);
	while (!c.mail->out[0] && !c.mail->failures)
		HYP(sched_op, SCHEDOP_yield, NULL);
	/* Not while it runs; when it is held, again. */
	EXPECT_EQ(set(c.domid, 1, 5, 1, 0), -XEN_EBUSY);
	EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_PAUSE, c.domid), 0);
	EXPECT_EQ(set(c.domid, 1, 5, 1, 0), 0);
	EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_UNPAUSE, c.domid), 0);
	c.mail->arg[0] = 1;
	child_join(&c);
	EXPECT(domid_wait(c.domid, RINGLET_DOM_SHUTDOWN));
	EXPECT_EQ(set(c.domid, 1, 5, 1, 0), 0);
	child_destroy(&c);
}

CASE(domain_devices_of_a_child)
{
	NEED_CHILD();
	one_child(false);
	one_child(true);
}
