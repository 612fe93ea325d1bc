// SPDX-License-Identifier: GPL-2.0
/*
 * Run queues: which vCPU a pCPU runs next.
 *
 * Owns struct pcpu_sched and struct sched_vcpu, and v->state and v->runstate.
 * A vCPU has one pCPU for life (v->pcpu). Runnable vCPUs of a pCPU stand in one
 * list, woken ones that have slice left in front of the others: round robin for
 * the busy, precedence for sleepers, and no more than one slice of it before
 * they queue behind everybody, so that nobody starves.
 *
 * Invariants, under the run queue's lock: a vCPU is in the list if and only if
 * its state is VCPU_RUNNABLE and its domain is not held; at most one vCPU of a pCPU is VCPU_RUNNING, and it
 * is this_cpu->current there. A vCPU that blocked or was stopped stays current
 * until the exit path calls schedule(); if it is woken before, it is both
 * current and queued, and schedule() may pick it again.
 *
 * Locks: rq->lock of v->pcpu (base/lock.h). The area of the run-state in guest
 * memory is written with no lock held.
 * ABI: vcpu.h, RUNSTATE_*; sched.h, SCHEDOP_yield.
 */
#include "sched/sched.h"
#include "sched/switch.h"

#include "console/printk.h"
#include "machine/clock.h"
#include "machine/cpu.h"
#include "machine/pcpu.h"
#include "machine/smp.h"
#include "machine/timer.h"
#include "state/alloc.h"
#include "state/guest-access.h"

#define SLICE_NS	10000000ULL

struct pcpu_sched {
	spinlock_t lock;
	struct list queue;	/* guarded by: lock */
	struct vcpu *loaded;	/* whose registers the pCPU holds; own pCPU */
	struct timer slice;	/* ends the slice of current; own pCPU */
	u32 ldt_entries;	/* what LDTR was loaded for; own pCPU */
};

/* guarded by: the lock of the run queue of v->pcpu */
struct sched_vcpu {
	struct list link;
	struct vcpu *vcpu;	/* constant */
	s64 slice_left;		/* ns */
	u64 slice_start;	/* when it last began to run */
	bool boosted;		/* woken with slice left: goes before others */
	bool yielding;
};

static const u8 runstate_of[] = {
	[VCPU_DOWN] = RUNSTATE_offline,
	[VCPU_RUNNABLE] = RUNSTATE_runnable,
	[VCPU_RUNNING] = RUNSTATE_running,
	[VCPU_BLOCKED] = RUNSTATE_blocked,
};

static struct pcpu_sched *runqueue_of(const struct vcpu *v)
{
	return pcpu_table[v->pcpu]->sched;
}

static void set_state(struct vcpu *v, enum vcpu_state state, u64 now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	if (now > r->state_entry_time)
		r->time[r->state] += now - r->state_entry_time;
	r->state = runstate_of[state];
	r->state_entry_time = now;
	WRITE_ONCE(v->state, state);
}

static void refill(struct sched_vcpu *s)
{
	s->slice_left = SLICE_NS;
	s->boosted = false;
	s->yielding = false;
}

static void slice_ended(void *data)
{
	(void)data;
	softirq_raise(this_cpu->id, SOFTIRQ_SCHEDULE);
}

static int runqueue_create(u32 cpu)
{
	struct pcpu_sched *rq;

	if (pcpu_table[cpu]->sched)
		return 0;
	rq = kzalloc(sizeof(*rq));
	if (!rq)
		return -ENOMEM;
	spin_lock_init(&rq->lock);
	list_init(&rq->queue);
	timer_init(&rq->slice, slice_ended, NULL);
	pcpu_table[cpu]->sched = rq;
	return 0;
}

/**
 * sched_pcpu_init() - give a pCPU its run queue
 * @cpu: the pCPU, entered in pcpu_table
 */
void sched_pcpu_init(u32 cpu)
{
	if (runqueue_create(cpu))
		panic(NULL, "no memory for the run queue of pCPU %u", cpu);
}

/** sched_boot_init() - run queue of the boot pCPU */
void sched_boot_init(void)
{
	sched_pcpu_init(0);
}

/**
 * sched_vcpu_init() - place a vCPU on a pCPU, down
 * Return: 0 or -ENOMEM.
 */
int sched_vcpu_init(struct vcpu *v)
{
	struct sched_vcpu *s = domain_zalloc(v->domain, sizeof(*s));
	u32 cpu = v->id % nr_pcpus;

	if (!s)
		return -ENOMEM;
	list_init(&s->link);
	s->vcpu = v;
	refill(s);
	v->sched = s;
	v->pcpu = pcpu_table[cpu] && pcpu_table[cpu]->sched ? cpu : 0;
	v->state = VCPU_DOWN;
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = system_time();
	return 0;
}

/* Behind the boosted ones if it is boosted, else at the end. */
static void enqueue(struct pcpu_sched *rq, struct sched_vcpu *s)
	__requires(rq->lock)
{
	struct list *pos = &rq->queue;

	if (s->boosted)
		list_for_each(pos, &rq->queue)
			if (!list_entry(pos, struct sched_vcpu, link)->boosted)
				break;
	list_push_back(pos, &s->link);
}

static void wake_from(struct vcpu *v, bool down_too)
{
	struct pcpu_sched *rq = runqueue_of(v);
	struct sched_vcpu *s = v->sched;
	bool woken = false;

	spin_lock(&rq->lock);
	if (v->state == VCPU_BLOCKED || (down_too && v->state == VCPU_DOWN)) {
		set_state(v, VCPU_RUNNABLE, system_time());
		if (s->slice_left <= 0)
			refill(s);
		else
			s->boosted = true;
		woken = !domain_is_held(v->domain);
		if (woken)
			enqueue(rq, s);
	}
	spin_unlock(&rq->lock);
	if (woken)
		softirq_raise(v->pcpu, SOFTIRQ_SCHEDULE);
}

/** vcpu_wake() - make a vCPU that is blocked or down runnable */
void vcpu_wake(struct vcpu *v)
{
	wake_from(v, true);
}

/** vcpu_unblock() - make a vCPU that is blocked runnable; others stay as they are */
void vcpu_unblock(struct vcpu *v)
{
	/* Pairs with vcpu_block(): the caller made the reason visible before. */
	smp_mb();
	if (READ_ONCE(v->state) == VCPU_BLOCKED)
		wake_from(v, false);
}

/**
 * vcpu_block() - the current vCPU has nothing to do
 *
 * The caller tests its reason to block again afterwards, and calls
 * vcpu_unblock() if it is gone.
 */
void vcpu_block(struct vcpu *v)
{
	struct pcpu_sched *rq = runqueue_of(v);

	spin_lock(&rq->lock);
	if (v->state == VCPU_RUNNING)
		set_state(v, VCPU_BLOCKED, system_time());
	spin_unlock(&rq->lock);
	smp_mb();	/* state before the caller's second look at its events */
}

/** vcpu_sleep() - stop a vCPU; it leaves its pCPU at the next exit there */
void vcpu_sleep(struct vcpu *v)
{
	struct pcpu_sched *rq = runqueue_of(v);

	spin_lock(&rq->lock);
	if (v->state == VCPU_RUNNABLE)
		list_remove(&v->sched->link);
	if (v->state != VCPU_DOWN)
		set_state(v, VCPU_DOWN, system_time());
	spin_unlock(&rq->lock);
	softirq_raise(v->pcpu, SOFTIRQ_SCHEDULE);
}

/**
 * sched_domain_update() - what domain_is_held() says of @d has changed
 *
 * Any locks above the run queue's. vCPUs leave their pCPUs soon after.
 */
void sched_domain_update(struct domain *d)
{
	u32 i;

	for (i = 0; i < d->max_vcpus; i++) {
		struct vcpu *v = d->vcpu[i];
		struct pcpu_sched *rq = runqueue_of(v);

		spin_lock(&rq->lock);
		if (domain_is_held(d))
			list_remove(&v->sched->link);
		else if (v->state == VCPU_RUNNABLE && list_empty(&v->sched->link))
			enqueue(rq, v->sched);
		spin_unlock(&rq->lock);
		softirq_raise(v->pcpu, SOFTIRQ_SCHEDULE);
	}
}

/**
 * sched_domain_teardown() - of a held domain: have all vCPUs left their pCPUs?
 * Return: 0, and all they had in registers is in struct vcpu; -ERESTART: not yet.
 */
int sched_domain_teardown(struct domain *d)
{
	u32 i;

	for (i = 0; i < d->max_vcpus; i++)
		if (READ_ONCE(runqueue_of(d->vcpu[i])->loaded) == d->vcpu[i])
			return -ERESTART;
	return 0;
}

/** vcpu_kick() - have a vCPU that runs elsewhere come into the host */
void vcpu_kick(struct vcpu *v)
{
	smp_mb();	/* what it is to see, before is_running is read */
	if (READ_ONCE(v->is_running) && v->pcpu != this_cpu->id)
		pcpu_kick(v->pcpu);
}

/** sched_yield_current() - let the other runnable vCPUs of this pCPU go first */
void sched_yield_current(void)
{
	struct vcpu *v = this_cpu->current;
	struct pcpu_sched *rq = this_cpu->sched;

	spin_lock(&rq->lock);
	v->sched->yielding = true;
	spin_unlock(&rq->lock);
	softirq_raise(this_cpu->id, SOFTIRQ_SCHEDULE);
}

/* True if @v, which runs, should go on rather than the head of the queue. */
static bool keeps_running(struct pcpu_sched *rq, struct vcpu *v)
	__requires(rq->lock)
{
	struct sched_vcpu *s = v->sched, *head;

	if (list_empty(&rq->queue)) {
		if (s->slice_left <= 0 || s->yielding)
			refill(s);
		return true;
	}
	head = list_entry(rq->queue.next, struct sched_vcpu, link);
	return s->slice_left > 0 && !s->yielding && !head->boosted;
}

/* The vCPU to run now, in state VCPU_RUNNING; NULL: none. */
static struct vcpu *pick(struct pcpu_sched *rq, struct vcpu *prev, u64 now)
	__requires(rq->lock)
{
	struct sched_vcpu *s;

	if (prev) {
		s = prev->sched;
		s->slice_left -= now - s->slice_start;
		s->slice_start = now;
	}
	if (prev && prev->state == VCPU_RUNNING) {
		bool held = domain_is_held(prev->domain);

		if (!held && keeps_running(rq, prev))
			goto arm;
		set_state(prev, VCPU_RUNNABLE, now);
		if (s->slice_left <= 0 || s->yielding)
			refill(s);
		s->boosted = false;
		if (!held)
			enqueue(rq, s);
	}
	if (list_empty(&rq->queue))
		return NULL;
	s = list_entry(rq->queue.next, struct sched_vcpu, link);
	list_remove(&s->link);
	set_state(s->vcpu, VCPU_RUNNING, now);
	s->slice_start = now;
	s->yielding = false;
arm:
	if (!list_empty(&rq->queue))
		timer_set(&rq->slice, this_cpu->id, now + s->slice_left);
	return s->vcpu;
}

/* Outside the lock: guest memory is written here. */
static void change_current(struct pcpu_sched *rq, struct vcpu *prev,
			   struct vcpu *next)
{
	if (prev != next && prev) {
		vtimer_vcpu_unloaded(prev);
		WRITE_ONCE(prev->is_running, false);
		this_cpu->current = NULL;
		vcpu_runstate_publish(prev);
	}
	if (!next)
		return;
	if (rq->loaded != next) {
		if (rq->loaded)
			vcpu_registers_save(rq->loaded);
		vcpu_registers_load(next);
		WRITE_ONCE(rq->loaded, next);
	}
	this_cpu->current = next;
	WRITE_ONCE(next->is_running, true);
	/* Pairs with vcpu_kick(): is_running before the exit reads events. */
	smp_mb();
	vtimer_vcpu_loaded(next);
	vcpu_runstate_publish(next);
}

/*
 * LDTR depends on nothing but the number of entries (its base is GATE_LDT for
 * everybody), so comparing that finds a switch and a SET_LDT alike.
 */
static void refresh_ldt(struct pcpu_sched *rq)
{
	struct vcpu *v = this_cpu->current;

	if (!v || v->ldt_entries == rq->ldt_entries)
		return;
	rq->ldt_entries = v->ldt_entries;
	ldt_load(v);
}

/**
 * schedule() - choose what this pCPU runs after this exit
 *
 * Cheap when nothing happened: every change that another pCPU makes to the
 * state of the current vCPU raises SOFTIRQ_SCHEDULE here.
 */
void schedule(void)
{
	struct pcpu_sched *rq = this_cpu->sched;
	struct vcpu *prev = this_cpu->current, *next;
	bool ran = prev && READ_ONCE(prev->state) == VCPU_RUNNING;

	if (ran && !test_bit(SOFTIRQ_SCHEDULE, &this_cpu->softirqs)) {
		refresh_ldt(rq);
		return;
	}
	clear_bit(SOFTIRQ_SCHEDULE, &this_cpu->softirqs);
	spin_lock(&rq->lock);
	next = pick(rq, prev, system_time());
	spin_unlock(&rq->lock);
	if (next != prev || !ran)
		change_current(rq, prev, next);
	/* Others read or free what belongs to a held domain. */
	if (!next && rq->loaded && domain_is_held(rq->loaded->domain)) {
		vcpu_registers_save(rq->loaded);
		WRITE_ONCE(rq->loaded, NULL);
	}
	refresh_ldt(rq);
}

/**
 * idle_loop() - nothing to run: halt until there is
 *
 * Between the test of the softirqs and HLT interrupts are off, and STI takes
 * effect after the next instruction (SDM 2B, STI): an interrupt that raises
 * one cannot slip in between and be slept through.
 */
void idle_loop(void)
{
	for (;;) {
		if (test_and_clear_bit(SOFTIRQ_TIMER, &this_cpu->softirqs))
			timer_softirq();
		schedule();
		if (this_cpu->current)
			dispatch_resume();
		if (!READ_ONCE(this_cpu->softirqs))
			__asm__ __volatile__("sti\n\thlt\n\tcli" ::: "memory");
	}
}

/** vcpu_runstate_get() - run-state with the times up to now */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *r)
{
	struct pcpu_sched *rq = runqueue_of(v);
	u64 now;

	spin_lock(&rq->lock);
	now = system_time();
	*r = v->runstate;
	if (now > r->state_entry_time)
		r->time[r->state] += now - r->state_entry_time;
	spin_unlock(&rq->lock);
}

/**
 * vcpu_runstate_publish() - write the run-state to the area the guest gave
 *
 * With VMASST_TYPE_runstate_update_flag the top bit of state_entry_time is set
 * while the rest changes (vcpu.h). An area that is not mapped is the guest's
 * own loss.
 */
void vcpu_runstate_publish(struct vcpu *v)
{
	struct pcpu_sched *rq = runqueue_of(v);
	struct vcpu_runstate_info r;
	u64 area = v->runstate_area;
	u64 entry = area + offsetof(struct vcpu_runstate_info, state_entry_time);
	bool flag = v->domain->vm_assist & BIT(VMASST_TYPE_runstate_update_flag);

	if (!area)
		return;
	spin_lock(&rq->lock);
	r = v->runstate;
	spin_unlock(&rq->lock);
	if (flag) {
		r.state_entry_time |= XEN_RUNSTATE_UPDATE;
		if (copy_to_vcpu(v, entry, &r.state_entry_time,
				 sizeof(r.state_entry_time)))
			return;
	}
	if (copy_to_vcpu(v, area, &r, sizeof(r)) || !flag)
		return;
	r.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
	if (copy_to_vcpu(v, entry, &r.state_entry_time,
			 sizeof(r.state_entry_time)))
		guest_printk(LOG_DEBUG, "d%u v%u: runstate area vanished",
			     v->domain->id, v->id);
}
