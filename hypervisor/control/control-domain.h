/* SPDX-License-Identifier: GPL-2.0 */
/* Private to control: what it keeps with each domain, and operations. */
#ifndef RINGLET_CONTROL_CONTROL_DOMAIN_H
#define RINGLET_CONTROL_CONTROL_DOMAIN_H

#include "machine/timer.h"
#include "state/domain.h"

#define NR_WATCHDOGS	2
#define NO_REASON	(~0U)	/* domain.shutdown_reason: none given yet */

enum teardown { TEARDOWN_NONE, TEARDOWN_RUNS, TEARDOWN_DONE };

struct control_domain {
	struct domain domain;
	/* guarded by: domlist_lock */
	struct control_domain *next;	/* of its bucket */
	bool published;			/* created; may be found */
	struct timer end;		/* frees it */
	enum teardown teardown;		/* guarded by: domain.control_lock */
	/* guarded by: domain.control_lock */
	struct timer watchdog[NR_WATCHDOGS];
	bool watchdog_used[NR_WATCHDOGS];
	/* Crash report; set once by the first domain_crash(). */
	struct timer report;
	struct vcpu *crashed;
};

static inline struct control_domain *to_control(struct domain *d)
{
	return container_of(d, struct control_domain, domain);
}

void crash_report(void *domain);

/*
 * The lowest domid from @id on, with a reference; NULL: none. @name: only one that is
 * called so and is not dying; NULL: any. A name that is changed now may be found or not.
 * @total: domains in all.
 */
struct domain *domain_find(u32 id, const char *name, u32 *total);

/* Operations of ringlet_op outside control/ringlet-op.c. */
/* vcpu_context_set or _get; vcpu_op initialise. */
long vcpu_context_op(struct domain *d, const struct ringlet_vcpu_context *op, bool set);

/* control/destroy.c */
long op_domain_destroy(struct domain *d, void *arg);
long op_domain_pause(struct domain *d, void *arg);
long op_domain_unpause(struct domain *d, void *arg);

/* control/info.c */
long op_domain_info(struct domain *d, void *arg);
long op_vcpu_info(struct domain *d, void *arg);
long op_domain_stats(struct domain *d, void *arg);
long op_vcpu_page(struct domain *d, void *arg);
long op_domain_frames(struct domain *d, void *arg);
long op_machine_info(struct domain *d, void *arg);
long op_log_read(struct domain *d, void *arg);

/* vcpu_context_get; the domain is held and settled. */
void vcpu_get_context(const struct vcpu *v, struct vcpu_guest_context *c);

#endif
