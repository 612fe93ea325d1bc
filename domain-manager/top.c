// SPDX-License-Identifier: GPL-2.0
/*
 * rl top: what domains do, as rates between two looks at their counters.
 *
 * A domain that was not there at the first look is shown from the next on.
 */
#include "console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "hyp.h"
#include "text.h"
#include "verbs.h"

#define MAX_DOMAINS	1024
#define PAGES_PER_MIB	256

struct look {
	struct timespec when;
	int nr;
	struct domain_look {
		struct ringlet_domain_info info;
		struct ringlet_domain_stats stats;
	} domains[MAX_DOMAINS];
};

static int look(struct rl *rl, struct look *l)
{
	uint32_t domid = 0;
	struct domain_look *d;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &l->when);
	for (l->nr = 0; l->nr < MAX_DOMAINS; domid = d->info.domid + 1) {
		d = &l->domains[l->nr];
		rc = hyp_domain_next(rl->hyp, domid, &d->info);
		if (rc == -ESRCH)
			return 0;
		if (rc)
			return report_errno(&rl->report, rc, "look at domains", "all");
		rc = hyp_domain_stats(rl->hyp, d->info.domid, &d->stats);
		/* It may have gone; a hypervisor may keep no counters. */
		if (rc)
			memset(&d->stats, 0, sizeof(d->stats));
		l->nr++;
	}
	return 0;
}

static double seconds_between(const struct look *a, const struct look *b)
{
	double s = b->when.tv_sec - a->when.tv_sec +
		   (b->when.tv_nsec - a->when.tv_nsec) / 1e9;

	return s > 0.001 ? s : 0.001;
}

static json_int_t rate(uint64_t before, uint64_t after, double seconds)
{
	return after > before ? (json_int_t)((after - before) / seconds + 0.5) : 0;
}

static json_t *row(const struct domain_look *a, const struct domain_look *b,
		   double seconds)
{
	const struct ringlet_domain_stats *from = &a->stats, *to = &b->stats;
	double ns = b->info.cpu_time_ns > a->info.cpu_time_ns ?
			    b->info.cpu_time_ns - a->info.cpu_time_ns : 0;

	return json_pack("{so,si,ss,sI,sI,si,sI,sI,sI,sI}",
			 "name", text_printable(b->info.name),
			 "id", b->info.domid,
			 "state", domain_state(&b->info),
			 "cpu_percent", (json_int_t)(ns / 1e7 / seconds + 0.5),
			 "memory_mib", (json_int_t)(b->info.tot_pages / PAGES_PER_MIB),
			 "vcpus", b->info.online_vcpus,
			 "full_entries_s",
			 rate(from->full_entries, to->full_entries, seconds),
			 "hypercalls_s",
			 rate(from->hypercalls, to->hypercalls, seconds),
			 "events_s", rate(from->events, to->events, seconds),
			 "switches_s", rate(from->switches, to->switches, seconds));
}

static json_t *sample(const struct look *a, const struct look *b)
{
	double seconds = seconds_between(a, b);
	json_t *rows = json_array();
	int i, j = 0;

	/* Both are in the order of their numbers. */
	for (i = 0; i < b->nr; i++) {
		while (j < a->nr && a->domains[j].info.domid < b->domains[i].info.domid)
			j++;
		if (j < a->nr &&
		    a->domains[j].info.domid == b->domains[i].info.domid &&
		    a->domains[j].info.created_ns == b->domains[i].info.created_ns)
			json_array_append_new(rows, row(&a->domains[j],
							&b->domains[i], seconds));
	}
	return json_pack("{sI,so}", "milliseconds",
			 (json_int_t)(seconds * 1000 + 0.5), "domains", rows);
}

static void print_sample(const json_t *one)
{
	static const struct column columns[] = {
		{ "name", "NAME" }, { "id", "ID" }, { "state", "STATE" },
		{ "cpu_percent", "CPU%" }, { "memory_mib", "MIB" },
		{ "vcpus", "VCPUS" }, { "full_entries_s", "ENTRIES/S" },
		{ "hypercalls_s", "CALLS/S" }, { "events_s", "EVENTS/S" },
		{ "switches_s", "SWITCHES/S" }, { NULL, NULL }
	};

	text_table(json_object_get(one, "domains"), columns);
}

void print_top(const json_t *result)
{
	const json_t *samples = json_object_get(result, "samples");
	size_t i;

	for (i = 0; i < json_array_size(samples); i++) {
		if (i)
			putchar('\n');
		print_sample(json_array_get(samples, i));
	}
}

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* Returns whether a key that ends it was typed in that time. */
static bool key_within(int ms)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	return poll(&fd, 1, ms) > 0 &&
	       (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q');
}

static int live(struct rl *rl, struct look looks[2], int ms)
{
	struct termios old, raw;
	bool terminal = !tcgetattr(STDIN_FILENO, &old);
	json_t *one;
	int n = 0, rc = 0;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (terminal) {
		raw = old;
		raw.c_lflag &= ~(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	while (!rc && !key_within(ms) && !interrupted) {
		rc = look(rl, &looks[!n]);
		if (rc)
			break;
		one = sample(&looks[n], &looks[!n]);
		fputs("\033[H\033[J", stdout);
		printf("rl top: every %.1f s; q leaves\n\n", ms / 1000.0);
		print_sample(one);
		fflush(stdout);
		json_decref(one);
		n = !n;
	}
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &old);
	return rc;
}

json_t *verb_top(struct rl *rl)
{
	static struct look looks[2];
	const char *batch = rl_option(rl, "batch"), *delay = rl_option(rl, "delay");
	uint64_t nr = 1, ms = 2000, i;
	json_t *samples;

	if ((batch && rl_number(rl, batch, "--batch", 1, 100000, &nr)) ||
	    (delay && rl_number(rl, delay, "--delay", 10, 3600000, &ms)) ||
	    look(rl, &looks[0]))
		return NULL;
	samples = json_array();
	if (!batch && !rl->json && isatty(STDOUT_FILENO)) {
		if (!live(rl, looks, ms))
			return json_pack("{so}", "samples", samples);
		json_decref(samples);
		return NULL;
	}
	for (i = 0; i < nr; i++) {
		usleep(ms * 1000);
		if (look(rl, &looks[!(i & 1)])) {
			json_decref(samples);
			return NULL;
		}
		json_array_append_new(samples, sample(&looks[i & 1],
						      &looks[!(i & 1)]));
	}
	return json_pack("{so}", "samples", samples);
}
