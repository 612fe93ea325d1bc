// SPDX-License-Identifier: GPL-2.0
/* A child domain runs, answers, and is gone afterwards (the harness itself: child.h). */
#include "child.h"

static void answer(struct child_mail *m, unsigned int vcpu)
{
	m->out[vcpu] = m->arg[0] + vcpu;
}

CASE(child_runs)
{
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = answer }))
		return;
	c.mail->arg[0] = 42;
	child_start(&c);
	child_join(&c);
	EXPECT_EQ(c.mail->out[0], 42);
	EXPECT(domid_wait(c.domid, RINGLET_DOM_SHUTDOWN));
	child_destroy(&c);
}

CASE(child_runs_vcpus)
{
	struct child c;
	unsigned int i;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = answer, .vcpus = 5 }))
		return;
	c.mail->arg[0] = 100;
	child_start(&c);
	child_join(&c);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(c.mail->out[i], 100 + i);
	child_destroy(&c);
}
