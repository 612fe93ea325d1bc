/* SPDX-License-Identifier: GPL-2.0 */
/* Private to control: what it keeps with each domain. */
#ifndef RINGLET_CONTROL_CONTROL_DOMAIN_H
#define RINGLET_CONTROL_CONTROL_DOMAIN_H

#include "machine/timer.h"
#include "state/domain.h"

#define NR_WATCHDOGS	2
#define NO_REASON	(~0U)	/* domain.shutdown_reason: none given yet */

struct control_domain {
	struct domain domain;
	struct control_domain *next;	/* of its bucket; guarded by: domlist_lock */
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

#endif
