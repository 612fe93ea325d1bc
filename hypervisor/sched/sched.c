// SPDX-License-Identifier: GPL-2.0
/*
 * The scheduler's mechanism: states of vCPUs, and what a pCPU does to go from
 * one to the next. Who is next is policy.c's.
 *
 * Owns v->state, v->runstate, v->pcpu and v->is_running. A vCPU may run on any
 * pCPU of its affinity, and move whenever it stops. Only the pCPU that has its
 * registers (sched_vcpu.loaded) may run it; that gives them up, under the lock and
 * after everything is in struct vcpu, before it runs another. An idle one keeps
 * those of a vCPU that sleeps, which then wakes there at no cost; it gives them up
 * when the vCPU is to run elsewhere or its domain is held.
 *
 * Invariants, under sched_lock: a vCPU waits in the queue if and only if its state
 * is VCPU_RUNNABLE and its domain is not held; one in VCPU_RUNNING is
 * this_cpu->current of its v->pcpu. A vCPU that blocked or was stopped stays current
 * until the exit path calls schedule(); woken before, it is both current and
 * waits, and schedule() may pick it again.
 *
 * Locks: sched_lock (base/lock.h). The area of the run-state in guest memory is
 * written with no lock held.
 * ABI: vcpu.h, RUNSTATE_*; sched.h, SCHEDOP_yield; ringlet.h, domain_sched.
 */
#include "sched/sched.h"
#include "sched/policy.h"

#include "console/printk.h"
#include "machine/clock.h"
#include "machine/cpu-features.h"
#include "machine/smp.h"
#include "machine/timer.h"
#include "state/guest-access.h"

#define MAX_WEIGHT	65535
/*
 * Who sends an event goes on so long before the one it woke takes its pCPU, if it has more to
 * do and does not ask for less (ringlet.h, vcpu_page): with an event a request it would else
 * never have two under way, and each request would cost two switches. If it blocks, the other
 * one runs at once.
 */
#define SENDER_NS	500000ULL
#define MAX_CAP		(100 * MAX_PCPUS)

static spinlock_t sched_lock = SPINLOCK_INIT;
static struct sched_queue queue __guarded_by(sched_lock) = {
	.domains = { &queue.domains, &queue.domains },
};

/* Own pCPU only. */
static struct pcpu_sched {
	struct vcpu *loaded;	/* whose registers the pCPU holds */
	u64 last;		/* which domain ran last: its created_ns */
	struct timer again;	/* when to choose again */
	u32 ldt_entries;	/* what LDTR was loaded for */
} pcpu_sched[MAX_PCPUS];

static const u8 runstate_of[] = {
	[VCPU_DOWN] = RUNSTATE_offline,
	[VCPU_RUNNABLE] = RUNSTATE_runnable,
	[VCPU_RUNNING] = RUNSTATE_running,
	[VCPU_BLOCKED] = RUNSTATE_blocked,
};

/* The TSCs of two pCPUs may differ by less than it takes to pass the lock on. */
static u64 time_now(void) __requires(sched_lock)
{
	static u64 last;

	return last = max(last, system_time());
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

/* Have a pCPU choose again; NOWHERE: none. */
static void tell(u32 cpu)
{
	if (cpu != NOWHERE)
		softirq_raise(cpu, SOFTIRQ_SCHEDULE);
}

static void tell_idle(u64 now) __requires(sched_lock)
{
	u32 cpu;

	while ((cpu = policy_find_idle(&queue, now)) != NOWHERE)
		tell(cpu);
}

static void time_is_up(void *data)
{
	tell(this_cpu->id);
}

/** sched_pcpu_init() - the pCPU runs vCPUs from now on; pCPUs come in their order */
void sched_pcpu_init(u32 cpu)
{
	timer_init(&pcpu_sched[cpu].again, time_is_up, NULL);
	spin_lock(&sched_lock);
	queue.pcpu[cpu].since = time_now();
	queue.idle |= BIT(cpu);
	queue.nr_pcpus = max(queue.nr_pcpus, cpu + 1);
	spin_unlock(&sched_lock);
}

/** sched_domain_init() - default weight, no cap. Return: 0 or -ENOMEM. */
int sched_domain_init(struct domain *d)
{
	d->sched = domain_zalloc(d, sizeof(*d->sched));
	if (!d->sched)
		return -ENOMEM;
	policy_domain_init(d->sched);
	return 0;
}

/** sched_vcpu_init() - a vCPU that is down. Return: 0 or -ENOMEM. */
int sched_vcpu_init(struct vcpu *v)
{
	struct sched_vcpu *s = domain_zalloc(v->domain, sizeof(*s));

	if (!s)
		return -ENOMEM;
	v->pcpu = v->id % nr_pcpus;
	policy_vcpu_init(s, v->domain->sched, v->pcpu);
	s->vcpu = v;
	v->sched = s;
	v->state = VCPU_DOWN;
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = system_time();
	return 0;
}

/* Returns which pCPU shall choose again. */
static u32 wait_for_pcpu(struct vcpu *v, u64 now) __requires(sched_lock)
{
	policy_wake(&queue, v->sched, now);
	return policy_poke(&queue, v->sched, now);
}

/* Have this pCPU choose again, at @when at the latest. */
static void remind(u64 when)
{
	struct timer *t = &pcpu_sched[this_cpu->id].again;

	if (!t->armed || t->expires > when)
		timer_set(t, this_cpu->id, when);
}

static void wake_from(struct vcpu *v, bool down_too)
{
	u32 cpu = NOWHERE;
	u64 now = 0;

	spin_lock(&sched_lock);
	if (v->state == VCPU_BLOCKED || (down_too && v->state == VCPU_DOWN)) {
		now = time_now();
		set_state(v, VCPU_RUNNABLE, now);
		if (!domain_is_held(v->domain))
			cpu = wait_for_pcpu(v, now);
	}
	spin_unlock(&sched_lock);
	if (cpu == this_cpu->id && this_cpu->goes_on)
		remind(now + SENDER_NS);
	else
		tell(cpu);
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
	spin_lock(&sched_lock);
	if (v->state == VCPU_RUNNING)
		set_state(v, VCPU_BLOCKED, time_now());
	spin_unlock(&sched_lock);
	smp_mb();	/* state before the caller's second look at its events */
}

/** vcpu_sleep() - stop a vCPU; it leaves its pCPU at the next exit there */
void vcpu_sleep(struct vcpu *v)
{
	spin_lock(&sched_lock);
	if (v->state == VCPU_RUNNABLE)
		policy_remove(v->sched);
	if (v->state != VCPU_DOWN)
		set_state(v, VCPU_DOWN, time_now());
	tell(v->sched->loaded);
	spin_unlock(&sched_lock);
}

/**
 * sched_domain_update() - what domain_is_held() says of @d has changed
 *
 * Any locks above the scheduler's. vCPUs leave their pCPUs soon after.
 */
void sched_domain_update(struct domain *d)
{
	u32 i;

	spin_lock(&sched_lock);
	for (i = 0; i < d->max_vcpus; i++) {
		struct vcpu *v = d->vcpu[i];

		if (domain_is_held(d))
			policy_remove(v->sched);
		else if (v->state == VCPU_RUNNABLE && list_empty(&v->sched->link))
			tell(wait_for_pcpu(v, time_now()));
		tell(v->sched->loaded);
	}
	spin_unlock(&sched_lock);
}

/**
 * sched_domain_teardown() - of a held domain: have all vCPUs left their pCPUs?
 * Return: 0, and all they had in registers is in struct vcpu; -ERESTART: not yet.
 */
int sched_domain_teardown(struct domain *d)
{
	int rc = 0;
	u32 i;

	spin_lock(&sched_lock);
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpu[i]->sched->loaded != NOWHERE)
			rc = -ERESTART;
	spin_unlock(&sched_lock);
	return rc;
}

/* With the lock; what runs has been charged under the old terms. */
static void change(struct sched_vcpu *s, u64 affinity, u32 weight, u32 cap) __requires(sched_lock)
{
	u64 now = time_now();

	policy_charge_all(&queue, now);
	policy_change(&queue, s, affinity, weight, cap);
	if (s->loaded != NOWHERE)
		tell(s->loaded);
	else if (!list_empty(&s->link))
		tell(policy_poke(&queue, s, now));
}

/**
 * sched_set_affinity() - which pCPUs a vCPU may run on
 * Return: 0; -EINVAL: none of them exists.
 */
int sched_set_affinity(struct vcpu *v, u64 mask)
{
	struct sched_domain *d = v->domain->sched;

	if (!(mask & ~0ULL >> (64 - nr_pcpus)))
		return -EINVAL;
	spin_lock(&sched_lock);
	change(v->sched, mask, d->weight, d->cap);
	spin_unlock(&sched_lock);
	return 0;
}

u64 sched_get_affinity(const struct vcpu *v)
{
	return READ_ONCE(v->sched->affinity);
}

/**
 * sched_set_params() - weight and cap of a domain (ringlet.h, domain_sched)
 * Return: 0 or -EINVAL.
 */
int sched_set_params(struct domain *d, u32 weight, u32 cap)
{
	struct sched_vcpu *s = d->vcpu[0]->sched;

	if (!weight || weight > MAX_WEIGHT || cap > MAX_CAP)
		return -EINVAL;
	spin_lock(&sched_lock);
	change(s, s->affinity, weight, cap);
	spin_unlock(&sched_lock);
	return 0;
}

void sched_get_params(struct domain *d, u32 *weight, u32 *cap)
{
	*weight = READ_ONCE(d->sched->weight);
	*cap = READ_ONCE(d->sched->cap);
}

/** sched_idle_ns() - how long pCPUs had nothing to do, all together */
u64 sched_idle_ns(void)
{
	u64 sum = 0;
	u32 cpu;

	spin_lock(&sched_lock);
	policy_charge_all(&queue, time_now());
	for (cpu = 0; cpu < queue.nr_pcpus; cpu++)
		sum += queue.pcpu[cpu].idle_ns;
	spin_unlock(&sched_lock);
	return sum;
}

/** vcpu_kick() - have a vCPU that runs elsewhere come into the host */
void vcpu_kick(struct vcpu *v)
{
	smp_mb();	/* what it is to see, before is_running is read */
	if (READ_ONCE(v->is_running) && v->pcpu != this_cpu->id)
		pcpu_kick(v->pcpu);
}

/** sched_yield_current() - let other vCPUs that may run on this pCPU go first */
void sched_yield_current(void)
{
	spin_lock(&sched_lock);
	this_cpu->current->sched->yielding = true;
	spin_unlock(&sched_lock);
	tell(this_cpu->id);
}

/* The vCPU to run now, in state VCPU_RUNNING; NULL: none. */
static struct vcpu *choose(struct vcpu *prev, u64 *again) __requires(sched_lock)
{
	u64 now = time_now();
	bool ready = prev && prev->state == VCPU_RUNNING;
	struct sched_vcpu *s;
	struct vcpu *next;

	s = policy_pick(&queue, this_cpu->id, ready && !domain_is_held(prev->domain), now, again);
	next = s ? s->vcpu : NULL;
	if (ready && next != prev)
		set_state(prev, VCPU_RUNNABLE, now);
	if (next && next->state != VCPU_RUNNING)
		set_state(next, VCPU_RUNNING, now);
	if (next)
		next->pcpu = this_cpu->id;
	tell_idle(now);
	return next;
}

/* May a pCPU that has nothing to run keep the registers of @v? */
static bool may_keep(const struct vcpu *v) __requires(sched_lock)
{
	return v->state != VCPU_RUNNABLE && !domain_is_held(v->domain) &&
	       (v->sched->affinity & BIT(this_cpu->id));
}

/* From here on the vCPU may run anywhere, and its domain may go. */
static void give_up(struct pcpu_sched *p)
{
	struct vcpu *v = p->loaded;

	vcpu_registers_save(v);
	p->loaded = NULL;
	spin_lock(&sched_lock);
	v->sched->loaded = NOWHERE;
	tell_idle(time_now());
	spin_unlock(&sched_lock);
}

/* Outside the lock: guest memory is written here. */
static void change_current(struct pcpu_sched *p, struct vcpu *prev, struct vcpu *next, bool keep)
{
	if (prev != next && prev) {
		vtimer_vcpu_unloaded(prev);
		WRITE_ONCE(prev->is_running, false);
		this_cpu->current = NULL;
		vcpu_runstate_publish(prev);
	}
	if (p->loaded && p->loaded != next && !keep)
		give_up(p);
	if (!next)
		return;
	if (p->loaded != next) {
		if (p->last != next->domain->created_ns)
			cpu_change_domain();
		p->last = next->domain->created_ns;
		vcpu_registers_load(next);
		p->loaded = next;
	}
	this_cpu->current = next;
	__atomic_add_fetch(&next->domain->stat_switches, 1, __ATOMIC_RELAXED);
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
static void refresh_ldt(struct pcpu_sched *p)
{
	struct vcpu *v = this_cpu->current;

	if (!v || v->ldt_entries == p->ldt_entries)
		return;
	p->ldt_entries = v->ldt_entries;
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
	struct pcpu_sched *p = &pcpu_sched[this_cpu->id];
	struct vcpu *prev = this_cpu->current, *next;
	bool ran = prev && READ_ONCE(prev->state) == VCPU_RUNNING, keep;
	u64 again;

	if (ran && !test_bit(SOFTIRQ_SCHEDULE, &this_cpu->softirqs)) {
		refresh_ldt(p);
		return;
	}
	clear_bit(SOFTIRQ_SCHEDULE, &this_cpu->softirqs);
	spin_lock(&sched_lock);
	next = choose(prev, &again);
	keep = !next && p->loaded && may_keep(p->loaded);
	spin_unlock(&sched_lock);
	if (again != NEVER)
		remind(again);
	if (next != prev || !ran)
		change_current(p, prev, next, keep);
	refresh_ldt(p);
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
	u64 now;

	spin_lock(&sched_lock);
	now = time_now();
	*r = v->runstate;
	if (now > r->state_entry_time)
		r->time[r->state] += now - r->state_entry_time;
	spin_unlock(&sched_lock);
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
	struct vcpu_runstate_info r;
	u64 area = v->runstate_area;
	u64 entry = area + offsetof(struct vcpu_runstate_info, state_entry_time);
	bool flag = v->domain->vm_assist & BIT(VMASST_TYPE_runstate_update_flag);

	if (!area)
		return;
	spin_lock(&sched_lock);
	r = v->runstate;
	spin_unlock(&sched_lock);
	if (flag) {
		r.state_entry_time |= XEN_RUNSTATE_UPDATE;
		if (copy_to_vcpu(v, entry, &r.state_entry_time, sizeof(r.state_entry_time)))
			return;
	}
	if (copy_to_vcpu(v, area, &r, sizeof(r)) || !flag)
		return;
	r.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
	if (copy_to_vcpu(v, entry, &r.state_entry_time, sizeof(r.state_entry_time)))
		guest_printk(LOG_DEBUG, "d%u v%u: runstate area vanished", v->domain->id, v->id);
}
