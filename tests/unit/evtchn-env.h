/* SPDX-License-Identifier: GPL-2.0 */
/* What the unit tests of the room evtchn have in common. */
#ifndef TEST_EVTCHN_ENV_H
#define TEST_EVTCHN_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "evtchn/evtchn.h"
#include "evtchn/ports.h"
#include "machine/clock.h"
#include "machine/pcpu.h"

#define NR_VCPUS	2	/* of each domain */
#define NR_FRAMES	160	/* the guests' */
#define NR_DOMAINS	3

/* The first is the service domain; it is there from setup() on. */
extern struct domain doms[NR_DOMAINS];
#define svc	doms[0]
extern struct vcpu vcpus[NR_DOMAINS * NR_VCPUS];
extern int held[NR_FRAMES];
extern u64 now_ns;
extern u32 pirq_bound, pirq_unmask_count;
extern struct clock_scale scale;

int setup(void **state);
int teardown(void **state);
void domain_start(struct domain *d, domid_t id);
void domain_stop(struct domain *d);

/* Operations of the vCPU test_pcpu.current. */
long call(u64 cmd, void *arg);
u32 bind_ipi(u32 vcpu);
long send_event(u32 port);
long close_event(u32 port);
long unmask_event(u32 port);
u32 status_of(u32 port);

/* The guest's side of FIFO, for one domain at a time. */
extern struct fifo_guest {
	u32 head[NR_VCPUS][EVTCHN_FIFO_MAX_QUEUES];
	u32 seen[EVTCHN_FIFO_NR_CHANNELS];
} guest;

void *frame(u32 mfn);
struct evtchn_fifo_control_block *control(u32 vcpu);
event_word_t *word(u32 port);
void fifo_start(u32 pages);		/* frames of event words */
u32 consume_of(struct domain *d, u32 vcpu);	/* how many it handled */

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
