// SPDX-License-Identifier: GPL-2.0
/*
 * Event channels in a host process: the room evtchn as it is, on a domain of
 * two vCPUs, with the rooms below stubbed (evtchn-env.c).
 *
 * The property of FIFO: whatever was raised while not masked is seen by the
 * consumer, and nothing else. The hostile guest scribbles instead: then only
 * memory safety counts, which ASan judges.
 */
#include "evtchn-env.h"

#include <stdlib.h>
#include <string.h>

#include "base/errno.h"
#include "sched/sched.h"

static u32 consume(u32 vcpu)
{
	return consume_of(&svc, vcpu);
}

static void two_level_delivery(void **state)
{
	struct shared_info *s = svc.shared_info;
	u32 port = bind_ipi(1), other = bind_ipi(0);

	(void)state;
	assert_int_not_equal(port, other);
	vcpus[1].state = VCPU_BLOCKED;
	assert_int_equal(send_event(port), 0);
	assert_true(test_bit(port, s->evtchn_pending));
	assert_true(s->vcpu_info[1].evtchn_pending_sel & BIT(port / 64));
	assert_int_equal(s->vcpu_info[1].evtchn_upcall_pending, 1);
	assert_int_equal(vcpus[1].state, VCPU_RUNNABLE);
	assert_int_equal(s->vcpu_info[0].evtchn_upcall_pending, 0);

	/* Masked: pending only, until it is unmasked. */
	set_bit(other, s->evtchn_mask);
	assert_int_equal(send_event(other), 0);
	assert_true(test_bit(other, s->evtchn_pending));
	assert_int_equal(s->vcpu_info[0].evtchn_upcall_pending, 0);
	assert_int_equal(unmask_event(other), 0);
	assert_int_equal(s->vcpu_info[0].evtchn_upcall_pending, 1);
	assert_false(test_bit(other, s->evtchn_mask));

	/* Pending already: announced once. */
	s->vcpu_info[0].evtchn_upcall_pending = 0;
	assert_int_equal(send_event(other), 0);
	assert_int_equal(s->vcpu_info[0].evtchn_upcall_pending, 0);

	assert_int_equal(close_event(other), 0);
	assert_false(test_bit(other, s->evtchn_pending));
}

static void virqs(void **state)
{
	struct evtchn_bind_virq op = { .virq = VIRQ_TIMER, .vcpu = 1 };
	struct evtchn_bind_virq global = { .virq = VIRQ_CONSOLE };
	struct evtchn_bind_vcpu move = { .vcpu = 1 };

	(void)state;
	assert_int_equal(call(EVTCHNOP_bind_virq, &op), 0);
	assert_int_equal(call(EVTCHNOP_bind_virq, &op), -EEXIST);
	evtchn_raise_virq(&vcpus[0], VIRQ_TIMER);
	assert_false(test_bit(op.port, svc.shared_info->evtchn_pending));
	evtchn_raise_virq(&vcpus[1], VIRQ_TIMER);
	assert_true(test_bit(op.port, svc.shared_info->evtchn_pending));
	assert_int_equal(send_event(op.port), -EINVAL);
	move.port = op.port;
	assert_int_equal(call(EVTCHNOP_bind_vcpu, &move), -EINVAL);

	assert_int_equal(call(EVTCHNOP_bind_virq, &global), 0);
	move.port = global.port;
	assert_int_equal(call(EVTCHNOP_bind_vcpu, &move), 0);
	evtchn_raise_global_virq(&svc, VIRQ_CONSOLE);
	assert_int_equal(vcpus[1].vcpu_info->evtchn_upcall_pending, 1);
	assert_int_equal(vcpus[0].vcpu_info->evtchn_upcall_pending, 0);
	assert_int_equal(close_event(global.port), 0);
	assert_int_equal(call(EVTCHNOP_bind_virq, &global), 0);

	global.virq = VIRQ_DOM_EXC;
	global.vcpu = 1;
	assert_int_equal(call(EVTCHNOP_bind_virq, &global), -EINVAL);
	op.virq = NR_VIRQS;
	assert_int_equal(call(EVTCHNOP_bind_virq, &op), -EINVAL);
	op.virq = VIRQ_TIMER;
	op.vcpu = NR_VCPUS;
	assert_int_equal(call(EVTCHNOP_bind_virq, &op), -ENOENT);
}

static void interdomain_to_self(void **state)
{
	struct evtchn_alloc_unbound a = { DOMID_SELF, DOMID_SELF, 0 };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	unsigned long *pending = svc.shared_info->evtchn_pending;

	(void)state;
	assert_int_equal(call(EVTCHNOP_alloc_unbound, &a), 0);
	assert_int_equal(status_of(a.port), EVTCHNSTAT_unbound);
	assert_int_equal(send_event(a.port), 0);	/* nobody hears it */
	b.remote_port = a.port;
	assert_int_equal(call(EVTCHNOP_bind_interdomain, &b), 0);
	assert_true(test_bit(b.local_port, pending));
	assert_int_equal(send_event(b.local_port), 0);
	assert_true(test_bit(a.port, pending));
	assert_int_equal(call(EVTCHNOP_bind_interdomain, &b), -EINVAL);

	assert_int_equal(close_event(b.local_port), 0);
	assert_int_equal(status_of(a.port), EVTCHNSTAT_unbound);
	assert_int_equal(status_of(b.local_port), EVTCHNSTAT_closed);
	assert_int_equal(close_event(b.local_port), -EINVAL);

	a.dom = 77;
	assert_int_equal(call(EVTCHNOP_alloc_unbound, &a), -ESRCH);
	b.remote_dom = 77;
	assert_int_equal(call(EVTCHNOP_bind_interdomain, &b), -ESRCH);
}

static void pirqs(void **state)
{
	struct evtchn_bind_pirq op = { .pirq = 17 };
	struct evtchn_bind_pirq busy = { .pirq = 99 };
	struct evtchn_bind_pirq range = { .pirq = NR_PIRQS };

	(void)state;
	assert_int_equal(call(EVTCHNOP_bind_pirq, &op), 0);
	assert_int_equal(pirq_bound, 17);
	assert_int_equal(call(EVTCHNOP_bind_pirq, &op), -EEXIST);
	assert_int_equal(call(EVTCHNOP_bind_pirq, &busy), -EBUSY);
	assert_int_equal(call(EVTCHNOP_bind_pirq, &range), -EINVAL);
	assert_true(evtchn_raise_pirq(&svc, 17));
	assert_false(evtchn_raise_pirq(&svc, 99));
	assert_true(test_bit(op.port, svc.shared_info->evtchn_pending));
	assert_int_equal(unmask_event(op.port), 0);
	assert_int_equal(pirq_unmask_count, 1);
	assert_int_equal(close_event(op.port), 0);
	assert_int_equal(pirq_bound, 0);
	assert_false(evtchn_raise_pirq(&svc, 17));
	svc.is_hardware = false;
	assert_int_equal(call(EVTCHNOP_bind_pirq, &op), -EPERM);
}

static void bad_arguments(void **state)
{
	struct evtchn_set_priority prio = { .port = 1, .priority = 3 };
	struct evtchn_bind_ipi ipi = { .vcpu = NR_VCPUS };
	struct evtchn_expand_array ex = { .array_gfn = 2 };

	(void)state;
	assert_int_equal(call(77, &prio), -ENOSYS);
	assert_int_equal(call(EVTCHNOP_send, NULL), -EFAULT);
	assert_int_equal(send_event(0), -EINVAL);
	assert_int_equal(send_event(1), -EINVAL);
	assert_int_equal(send_event(~0U), -EINVAL);
	assert_int_equal(close_event(0), -EINVAL);
	assert_int_equal(unmask_event(0), -EINVAL);
	assert_int_equal(unmask_event(1U << 30), -EINVAL);
	assert_int_equal(call(EVTCHNOP_set_priority, &prio), -EINVAL);
	assert_int_equal(call(EVTCHNOP_bind_ipi, &ipi), -ENOENT);
	prio.port = bind_ipi(0);
	assert_int_equal(call(EVTCHNOP_set_priority, &prio), -ENOSYS);
	assert_int_equal(call(EVTCHNOP_expand_array, &ex), -EOPNOTSUPP);
	assert_int_equal(held[2], 0);
}

static void ports_run_out(void **state)
{
	struct evtchn_bind_ipi op = { .vcpu = 0 };
	u32 n = 0;

	(void)state;
	while (!call(EVTCHNOP_bind_ipi, &op))
		n++;
	assert_int_equal(n, EVTCHN_2L_NR_CHANNELS - 1);
	assert_int_equal(call(EVTCHNOP_bind_ipi, &op), -ENOSPC);
	assert_int_equal(close_event(1234), 0);
	assert_int_equal(call(EVTCHNOP_bind_ipi, &op), 0);
	assert_int_equal(op.port, 1234);
}

static void fifo_order_and_priority(void **state)
{
	u32 a = bind_ipi(0), b = bind_ipi(0), c = bind_ipi(0);
	struct evtchn_set_priority prio = { .port = c, .priority = 2 };

	(void)state;
	fifo_start(1);
	assert_int_equal(call(EVTCHNOP_set_priority, &prio), 0);
	prio.priority = EVTCHN_FIFO_MAX_QUEUES;
	assert_int_equal(call(EVTCHNOP_set_priority, &prio), -EINVAL);
	assert_int_equal(send_event(a), 0);
	assert_int_equal(send_event(b), 0);
	assert_int_equal(send_event(b), 0);
	assert_int_equal(send_event(c), 0);
	assert_int_equal(control(0)->ready,
			 1U << 2 | 1U << EVTCHN_FIFO_PRIORITY_DEFAULT);
	assert_int_equal(control(0)->head[2], c);
	assert_int_equal(control(0)->head[EVTCHN_FIFO_PRIORITY_DEFAULT], a);
	assert_int_equal(*word(a) & EVTCHN_FIFO_LINK_MASK, b);
	assert_int_equal(vcpus[0].vcpu_info->evtchn_upcall_pending, 1);
	assert_int_equal(consume(0), 3);

	/* Masked: not linked; unmask links it. */
	*word(a) |= 1U << EVTCHN_FIFO_MASKED;
	assert_int_equal(send_event(a), 0);
	assert_int_equal(control(0)->ready, 0);
	assert_int_equal(unmask_event(a), 0);
	assert_int_equal(consume(0), 1);
}

static void fifo_early_events(void **state)
{
	u32 a = bind_ipi(0), b;
	u32 i;

	(void)state;
	assert_int_equal(send_event(a), 0);	/* pending in 2-level */
	fifo_start(0);
	for (i = 0; i < 1500; i++)
		b = bind_ipi(1);
	assert_int_equal(send_event(b), 0);	/* no event word yet */
	for (i = 0; i < 2; i++) {
		struct evtchn_expand_array ex = { .array_gfn = 2 + i };

		assert_int_equal(call(EVTCHNOP_expand_array, &ex), 0);
	}
	assert_int_equal(consume(0), 1);
	assert_int_equal(consume(1), 1);
	assert_int_equal(guest.seen[a], 1);
	assert_int_equal(guest.seen[b], 1);
}

#define RANDOM_PORTS	300
#define RANDOM_STEPS	200000

/* After the guest has consumed, only what is masked is still pending. */
static void fifo_random(void **state)
{
	u32 port[RANDOM_PORTS], pend[RANDOM_PORTS] = { 0 }, i, n, step;
	bool masked[RANDOM_PORTS] = { 0 };

	(void)state;
	srandom(1);
	fifo_start(1);
	for (i = 0; i < RANDOM_PORTS; i++)
		port[i] = bind_ipi(random() % NR_VCPUS);
	for (step = 0; step < RANDOM_STEPS; step++) {
		struct evtchn_set_priority prio;

		i = random() % RANDOM_PORTS;
		switch (random() % 8) {
		case 0: case 1: case 2:
			assert_int_equal(send_event(port[i]), 0);
			pend[i] = 1;
			break;
		case 3:
			*word(port[i]) |= 1U << EVTCHN_FIFO_MASKED;
			masked[i] = true;
			break;
		case 4:
			assert_int_equal(unmask_event(port[i]), 0);
			masked[i] = false;
			break;
		case 5:
			prio.port = port[i];
			prio.priority = random() % EVTCHN_FIFO_MAX_QUEUES;
			assert_int_equal(call(EVTCHNOP_set_priority, &prio), 0);
			break;
		case 6:
			if (random() % 16)
				break;
			assert_int_equal(close_event(port[i]), 0);
			port[i] = bind_ipi(random() % NR_VCPUS);
			pend[i] = 0;
			break;
		case 7:
			for (n = 0; n < NR_VCPUS; n++)
				consume(n);
			for (n = 0; n < RANDOM_PORTS; n++) {
				bool p = *word(port[n]) &
					 1U << EVTCHN_FIFO_PENDING;

				assert_int_equal(p, pend[n] && masked[n]);
				pend[n] = p;
			}
			break;
		}
	}
}

/* A guest that writes anything anywhere in its own frames. */
static void fifo_hostile(void **state)
{
	u32 port[64], step, i;

	(void)state;
	srandom(2);
	fifo_start(2);
	for (i = 0; i < 64; i++)
		port[i] = bind_ipi(i % NR_VCPUS);
	for (step = 0; step < 100000; step++) {
		u32 *f = frame(random() % 4);

		f[random() % (PAGE_SIZE / 4)] = random() * 2 + random() % 2;
		*word(port[random() % 64]) = random() * 2;
		(void)send_event(port[random() % 64]);
		(void)unmask_event(port[random() % 64]);
	}
}

static void fifo_arguments_and_reset(void **state)
{
	struct evtchn_init_control ic = { .control_gfn = 1, .vcpu = NR_VCPUS };
	struct evtchn_expand_array ex = { .array_gfn = NR_FRAMES };
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	u32 i;
	long rc;

	(void)state;
	assert_int_equal(call(EVTCHNOP_init_control, &ic), -ENOENT);
	ic.vcpu = 0;
	ic.offset = 4;
	assert_int_equal(call(EVTCHNOP_init_control, &ic), -EINVAL);
	ic.offset = PAGE_SIZE - 64;
	assert_int_equal(call(EVTCHNOP_init_control, &ic), -EINVAL);
	ic.offset = 0;
	ic.control_gfn = NR_FRAMES;
	assert_int_equal(call(EVTCHNOP_init_control, &ic), -EINVAL);

	fifo_start(ARRAY_PAGES);
	ic.control_gfn = 1;
	assert_int_equal(call(EVTCHNOP_init_control, &ic), -EINVAL);
	assert_int_equal(held[1], 1);
	assert_int_equal(call(EVTCHNOP_expand_array, &ex), -EINVAL);
	ex.array_gfn = 140;
	assert_int_equal(call(EVTCHNOP_expand_array, &ex), -ENOSPC);
	assert_int_equal(held[140], 0);

	for (i = 0; i < 5000; i++)
		(void)bind_ipi(0);
	do {
		rc = call(EVTCHNOP_reset, &reset);
	} while (rc == -ERESTART);
	assert_int_equal(rc, 0);
	for (i = 0; i < NR_FRAMES; i++)
		assert_int_equal(held[i], 0);
	assert_int_equal(bind_ipi(0), 1);
	assert_int_equal(send_event(1), 0);
	assert_true(test_bit(1, svc.shared_info->evtchn_pending));
}

static void polling(void **state)
{
	u32 port[2], none = 1U << 20;

	(void)state;
	port[0] = bind_ipi(0);
	port[1] = bind_ipi(0);
	set_bit(port[0], svc.shared_info->evtchn_mask);
	set_bit(port[1], svc.shared_info->evtchn_mask);
	assert_int_equal(evtchn_poll(&vcpus[0], (u64)port, 129, 0), -EINVAL);
	assert_int_equal(evtchn_poll(&vcpus[0], 0, 1, 0), -EFAULT);
	assert_int_equal(evtchn_poll(&vcpus[0], (u64)&none, 1, 0), -EINVAL);
	assert_int_equal(evtchn_poll(&vcpus[0], (u64)port, 1, 5), 0);

	/* Its own port wakes, though masked; another does not. */
	assert_int_equal(evtchn_poll(&vcpus[0], (u64)port, 1, 0), 1);
	assert_int_equal(vcpus[0].state, VCPU_BLOCKED);
	assert_int_equal(send_event(port[1]), 0);
	assert_int_equal(vcpus[0].state, VCPU_BLOCKED);
	assert_int_equal(send_event(port[0]), 0);
	assert_int_equal(vcpus[0].state, VCPU_RUNNABLE);
	vcpus[0].state = VCPU_RUNNING;
	vtimer_vcpu_loaded(&vcpus[0]);
	assert_int_equal(svc.evtchn->polling, 0);
	assert_int_equal(evtchn_poll(&vcpus[0], (u64)port, 1, 0), 0);

	/* An NMI that came before it slept would not wake it later. */
	assert_int_equal(unmask_event(port[0]), 0);
	clear_bit(port[0], svc.shared_info->evtchn_pending);
	vcpus[0].vcpu_info->evtchn_upcall_pending = 0;
	vcpus[0].gate_ro->callback[CALLBACKTYPE_nmi].entry = 1;
	set_bit(0, &vcpus[0].evtchn->nmi);
	assert_int_equal(evtchn_poll(&vcpus[0], (u64)port, 1, 0), 1);
	assert_int_equal(vcpus[0].state, VCPU_RUNNABLE);
}

static void timers(void **state)
{
	struct evtchn_bind_virq op = { .virq = VIRQ_TIMER, .vcpu = 0 };
	struct vcpu_set_singleshot_timer s = { .timeout_abs_ns = 500 };
	struct vcpu_set_periodic_timer p = { .period_ns = 999999 };
	unsigned long *pending = svc.shared_info->evtchn_pending;

	(void)state;
	assert_int_equal(call(EVTCHNOP_bind_virq, &op), 0);
	s.flags = VCPU_SSHOTTMR_future;
	assert_int_equal(op_set_singleshot_timer(&vcpus[0], &s), -62);
	assert_false(test_bit(op.port, pending));
	s.flags = 0;
	assert_int_equal(op_set_singleshot_timer(&vcpus[0], &s), 0);
	assert_true(test_bit(op.port, pending));
	assert_int_equal(op_set_periodic_timer(&vcpus[0], &p), -EINVAL);
	clear_bit(op.port, pending);
	assert_int_equal(op_stop_periodic_timer(&vcpus[0], NULL), 0);
	now_ns += 1000000000;
	vtimer_vcpu_loaded(&vcpus[0]);
	assert_false(test_bit(op.port, pending));
	p.period_ns = 1000000;
	assert_int_equal(op_set_periodic_timer(&vcpus[0], &p), 0);
	assert_false(test_bit(op.port, pending));
	now_ns += 5000000;
	vtimer_vcpu_loaded(&vcpus[0]);
	assert_true(test_bit(op.port, pending));
}

static void published_time(void **state)
{
	static struct vcpu_info moved;
	struct vcpu_time_info *t = &moved.time;
	struct shared_info *s = svc.shared_info;

	(void)state;
	/* The guest's doing: not ours to follow. */
	vcpus[0].vcpu_info->time.version = 0xdead0001;
	vcpus[0].vcpu_info->evtchn_pending_sel = 5;
	evtchn_move_vcpu_info(&vcpus[0], &moved);
	assert_int_equal(moved.evtchn_pending_sel, 5);
	assert_int_equal(t->system_time, 0);
	assert_int_equal(t->tsc_timestamp, scale.tsc);
	assert_int_equal(t->tsc_to_system_mul, scale.mul);
	assert_int_equal(t->tsc_shift, scale.shift);
	assert_int_equal(t->version & 1, 0);

	domain_wallclock_set(&svc, 100, 5, 3000000007ULL);
	assert_int_equal(s->wc_sec, 96);
	assert_int_equal(s->wc_nsec, 999999998);
	assert_int_equal(s->wc_version & 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(two_level_delivery), CASE(virqs),
		CASE(interdomain_to_self), CASE(pirqs), CASE(bad_arguments),
		CASE(ports_run_out), CASE(fifo_order_and_priority),
		CASE(fifo_early_events), CASE(fifo_random), CASE(fifo_hostile),
		CASE(fifo_arguments_and_reset), CASE(polling), CASE(timers),
		CASE(published_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
