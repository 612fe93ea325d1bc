// SPDX-License-Identifier: GPL-2.0
/*
 * One-shot timers: for each pCPU a list in order of expiry, the first of which
 * is programmed into its local APIC.
 *
 * There are a few timers a vCPU, so a list is as fast as anything. The local
 * APIC is written only by its own pCPU: who arms a timer elsewhere raises
 * SOFTIRQ_TIMER there.
 *
 * The hardware may interrupt too early, never too late: it is left alone when a
 * timer stops, or starts that is due after what is programmed. To write its register
 * costs more than most timers, which are stopped long before they expire.
 *
 * Invariant: a timer is in the queue of pCPU t->pcpu while t->armed.
 * Locks: queue lock of the pCPU ("timer lock" of base/lock.h). Calls that set
 * or stop one timer are serialised by its owner; expiry may run beside them.
 */
#include "machine/timer.h"
#include "base/lock.h"
#include "machine/clock.h"
#include "machine/irq.h"
#include "machine/smp.h"

struct pcpu_timers {
	spinlock_t lock;
	struct list queue;	/* guarded by: lock */
	struct timer *running;	/* whose callback runs; written under: lock */
	u64 programmed;		/* into the local APIC; 0: nothing. Own pCPU only. */
};

static struct pcpu_timers queues[MAX_PCPUS];

void timer_init(struct timer *t, void (*fn)(void *), void *data)
{
	*t = (struct timer){ .fn = fn, .data = data };
	list_init(&t->link);
}

static void program(struct pcpu_timers *q, u64 expires)
{
	expires = max(expires, 1ULL);
	if (q->programmed && q->programmed <= expires)
		return;
	q->programmed = expires;
	apic_timer_set(expires);
}

/* True if @t is now the first. */
static bool enqueue(struct pcpu_timers *q, struct timer *t) __requires(q->lock)
{
	struct list *pos;

	list_for_each(pos, &q->queue)
		if (list_entry(pos, struct timer, link)->expires > t->expires)
			break;
	list_insert_between(&t->link, pos->prev, pos);
	return t->link.prev == &q->queue;
}

/*
 * Its owner may set it on another pCPU at the same time: timer_set() writes pcpu
 * before armed, so that one that is armed, with its own lock held, stays there.
 */
void timer_stop(struct timer *t)
{
	struct pcpu_timers *q;
	bool armed, missed;

	do {
		q = &queues[READ_ONCE(t->pcpu)];
		spin_lock(&q->lock);
		/* Once: it may be another queue's lock that guards it. */
		armed = READ_ONCE(t->armed);
		missed = armed && q != &queues[READ_ONCE(t->pcpu)];
		if (armed && !missed) {
			list_remove(&t->link);
			t->armed = false;
		}
		spin_unlock(&q->lock);
	} while (missed);
}

/* A callback that runs may set its timer again: look after it has ended. */
void timer_stop_sync(struct timer *t)
{
	bool running;
	u32 cpu;

	do {
		timer_stop(t);
		running = false;
		for (cpu = 0; cpu < nr_pcpus; cpu++)
			running |= READ_ONCE(queues[cpu].running) == t;
	} while (running || READ_ONCE(t->armed));
}

void timer_set(struct timer *t, u32 cpu, u64 expires)
{
	struct pcpu_timers *q = &queues[cpu];
	bool first;

	timer_stop(t);
	spin_lock(&q->lock);
	WRITE_ONCE(t->pcpu, cpu);
	t->expires = expires;
	WRITE_ONCE(t->armed, true);
	first = enqueue(q, t);
	spin_unlock(&q->lock);

	if (!first)
		return;
	if (cpu == this_cpu->id)
		program(q, expires);
	else
		softirq_raise(cpu, SOFTIRQ_TIMER);
}

/* The boot pCPU makes all queues: timers may be sent to one that is starting. */
static void queues_init(void)
{
	u32 i;

	for (i = 0; i < MAX_PCPUS; i++) {
		spin_lock(&queues[i].lock);
		list_init(&queues[i].queue);
		spin_unlock(&queues[i].lock);
	}
}

void timer_pcpu_init(void)
{
	if (this_cpu->id == 0)
		queues_init();
	else
		softirq_raise(this_cpu->id, SOFTIRQ_TIMER);
}

void timer_softirq(void)
{
	struct pcpu_timers *q = &queues[this_cpu->id];
	u64 next = 0;

	spin_lock(&q->lock);
	while (!list_empty(&q->queue)) {
		struct timer *t = list_entry(q->queue.next, struct timer, link);
		void (*fn)(void *) = t->fn;
		void *data = t->data;

		if (t->expires > system_time()) {
			next = t->expires;
			break;
		}
		list_remove(&t->link);
		t->armed = false;
		WRITE_ONCE(q->running, t);
		spin_unlock(&q->lock);
		fn(data);	/* may free t */
		spin_lock(&q->lock);
		WRITE_ONCE(q->running, NULL);
	}
	spin_unlock(&q->lock);
	q->programmed = 0;
	if (next)
		program(q, next);
}
