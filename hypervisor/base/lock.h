/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Spinlocks, with clang's thread-safety annotations as the judge.
 *
 * The host runs with interrupts off except where it idles, so a lock never
 * has to disable them. Lock order, outermost first (take only downwards):
 *
 *	d->control_lock -> grant locks -> d->page_lock -> d->event_lock ->
 *	pirq_lock -> sched_lock -> timer lock -> domlist_lock ->
 *	heap_lock -> console_lock
 *
 * Two domains' locks of one kind: the one with the lower domid first.
 *
 * A pCPU that spins here is in host space, where it owes nobody an immediate
 * TLB flush: every return to a guest loads CR3 (machine/smp.h).
 */
#ifndef RINGLET_BASE_LOCK_H
#define RINGLET_BASE_LOCK_H

#include "base/types.h"

#if defined(__clang__)
#define __tsa(x) __attribute__((x))
#else
#define __tsa(x)
#endif
#define __capability(name)	__tsa(capability(name))
#define __guarded_by(l)		__tsa(guarded_by(l))
#define __requires(l)		__tsa(requires_capability(l))
#define __acquires_lock(l)	__tsa(acquire_capability(l))
#define __releases_lock(l)	__tsa(release_capability(l))
#define __no_lock_analysis	__tsa(no_thread_safety_analysis)

typedef struct __capability("spinlock") spinlock {
	u32 next;	/* ticket to hand out */
	u32 serving;	/* ticket that holds the lock */
} spinlock_t;

#define SPINLOCK_INIT { 0, 0 }

static inline void spin_lock_init(spinlock_t *l)
{
	l->next = l->serving = 0;
}

static inline void cpu_relax(void)
{
	__asm__ __volatile__("pause" ::: "memory");
}

static inline void spin_lock(spinlock_t *l) __acquires_lock(*l) __no_lock_analysis
{
	u32 t = __atomic_fetch_add(&l->next, 1, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&l->serving, __ATOMIC_ACQUIRE) != t)
		cpu_relax();
}

static inline void spin_unlock(spinlock_t *l) __releases_lock(*l) __no_lock_analysis
{
	__atomic_store_n(&l->serving, l->serving + 1, __ATOMIC_RELEASE);
}

#endif
