// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest's kernel is asked to do, through its nodes in the store: to end,
 * to change its memory, to change its vCPUs. It may refuse, or never answer; who
 * wants to know waits (--wait), for as long as --timeout says.
 */
#include "verbs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "hyp.h"
#include "store.h"

#define PAGES_PER_MIB	256
#define KIB_PER_MIB	1024
#define POLL_MS		50
#define DEFAULT_WAIT	120	/* seconds */
#define MAX_WAIT	86400

/* A request to a domain on its way. */
struct request {
	struct rl *rl;
	const char *stage;
	struct ringlet_domain_info info;
	struct store *store;
	uint64_t wait;		/* seconds; 0: not at all */
};

static int open_store(struct request *r)
{
	r->store = store_open();
	if (r->store)
		return 0;
	return report_error(&r->rl->report, EXIT_NO_SERVICE, r->stage,
			    "xenstored", "start xenstored",
			    "it cannot be reached: %s", strerror(errno));
}

static int begin(struct request *r, struct rl *rl, const char *stage)
{
	const char *timeout = rl_option(rl, "timeout");

	*r = (struct request){.rl = rl, .stage = stage};
	if (rl_option(rl, "wait") || timeout)
		r->wait = DEFAULT_WAIT;
	if (timeout &&
	    rl_number(rl, timeout, "--timeout", 1, MAX_WAIT, &r->wait))
		return -1;
	if (rl_domain(rl, rl->args[0], &r->info))
		return -1;
	if (r->info.state &
	    (RINGLET_DOM_SHUTDOWN | RINGLET_DOM_CRASHED | RINGLET_DOM_DYING))
		return report_error(&rl->report, EXIT_STATE, stage, rl->args[0],
				    "use rl destroy", "it has ended: it is %s",
				    domain_state(&r->info));
	return open_store(r);
}

static int store_failed(struct request *r, int rc)
{
	return report_error(&r->rl->report, EXIT_NO_SERVICE, r->stage,
			    r->rl->args[0], NULL, "xenstored: %s",
			    strerror(-rc));
}

/* Is it as it was asked to be? */
typedef bool (*reached_t)(const struct ringlet_domain_info *now, uint64_t goal);

static uint64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Until it is reached, or the domain is gone, or time is up. */
static int await(struct request *r, reached_t reached, uint64_t goal,
		 const char *action)
{
	uint64_t end = seconds() + r->wait;
	struct ringlet_domain_info now;
	int rc;

	while (r->wait) {
		rc = hyp_domain_info(r->rl->hyp, r->info.domid, &now);
		if (rc == -ESRCH || (!rc && reached(&now, goal)))
			return 0;
		if (rc)
			return report_errno(&r->rl->report, rc, r->stage,
					    r->rl->args[0]);
		if (seconds() >= end)
			return report_error(&r->rl->report, EXIT_TIMEOUT,
					    r->stage, r->rl->args[0], action,
					    "it did not do so in %lu s",
					    r->wait);
		poll(NULL, 0, POLL_MS);
	}
	return 0;
}

static json_t *finish(struct request *r, int rc)
{
	store_close(r->store);
	return rc ? NULL : domain_result(&r->info);
}

static bool has_ended(const struct ringlet_domain_info *now, uint64_t goal)
{
	(void)goal;
	return now->state &
	       (RINGLET_DOM_SHUTDOWN | RINGLET_DOM_CRASHED | RINGLET_DOM_DYING);
}

static int ask_to_end(struct request *r, const char *how)
{
	const char *name = r->rl->args[0];
	int rc;

	if (r->info.state & RINGLET_DOM_HARDWARE)
		return report_error(&r->rl->report, EXIT_STATE, r->stage, name,
				    "use the commands of its own system",
				    "it is the service domain");
	if (!store_shutdown_supported(r->store, r->info.domid, how))
		return report_error(
			&r->rl->report, EXIT_STATE, r->stage, name,
			"wait until it has booted, or use rl destroy",
			"its kernel does not listen for %s", how);
	rc = store_shutdown(r->store, r->info.domid, how);
	if (rc)
		return store_failed(r, rc);
	return await(r, has_ended, 0, "look at its console, or use rl destroy");
}

static json_t *end_verb(struct rl *rl, const char *stage, const char *how)
{
	struct request r;

	if (begin(&r, rl, stage))
		return NULL;
	return finish(&r, ask_to_end(&r, how));
}

json_t *verb_shutdown(struct rl *rl)
{
	return end_verb(rl, "shut down", "poweroff");
}

json_t *verb_reboot(struct rl *rl)
{
	return end_verb(rl, "reboot", "reboot");
}

static bool has_memory(const struct ringlet_domain_info *now, uint64_t goal)
{
	return now->tot_pages == goal;
}

static int ask_for_memory(struct request *r)
{
	uint64_t most = r->info.max_pages / PAGES_PER_MIB, mib;
	int rc;

	if (rl_number(r->rl, r->rl->args[1], "MIB", 1, CONFIG_MAX_MIB, &mib))
		return -1;
	if (mib > most)
		return report_error(&r->rl->report, EXIT_STATE, r->stage,
				    r->rl->args[0],
				    "raise that with rl mem-max",
				    "it may have %lu MiB at most", most);
	rc = store_memory_target(r->store, r->info.domid, mib * KIB_PER_MIB);
	if (rc)
		return store_failed(r, rc);
	return await(r, has_memory, mib * PAGES_PER_MIB,
		     "see rl list for what it has");
}

json_t *verb_mem_set(struct rl *rl)
{
	struct request r;

	if (begin(&r, rl, "set memory"))
		return NULL;
	return finish(&r, ask_for_memory(&r));
}

static bool has_vcpus(const struct ringlet_domain_info *now, uint64_t goal)
{
	return now->online_vcpus == goal;
}

static int ask_for_vcpus(struct request *r)
{
	uint64_t vcpus;
	int rc;

	if (rl_number(r->rl, r->rl->args[1], "VCPUS", 1, r->info.max_vcpus,
		      &vcpus))
		return -1;
	rc = store_vcpus(r->store, r->info.domid, vcpus, r->info.max_vcpus);
	if (rc)
		return store_failed(r, rc);
	return await(r, has_vcpus, vcpus, "see rl vcpu-list for what it has");
}

json_t *verb_vcpu_set(struct rl *rl)
{
	struct request r;

	if (begin(&r, rl, "set vCPUs"))
		return NULL;
	return finish(&r, ask_for_vcpus(&r));
}
