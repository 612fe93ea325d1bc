// SPDX-License-Identifier: GPL-2.0
/*
 * lmb: a small lmbench, the operations that tell one way to run a guest from
 * another.  One static program, no files but its own and /dev.
 *
 * Each operation calibrates its own count until one repetition lasts long
 * enough, then runs REPS repetitions; a line of output is
 *
 *   BENCH name median-ns min=.. max=.. n=.. [full=.. gate=.. hc=.. pt=.. flush=..]
 *
 * The last five are counts per operation, of the hypervisor's statistics where it
 * has them (see stats_read()); elsewhere they are left out, so a missing number
 * never looks like a zero.  `BENCHINFO tsc_khz N` at the end is
 * the TSC against CLOCK_MONOTONIC over the whole run: the harness compares it
 * between systems, because a guest whose clock runs slow looks fast.
 *
 * Failure of an operation prints `BENCHFAIL` with the reason and makes the exit
 * status 1; the others still run.  What an operation is stands in lmb.h.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <ringlet/hypercall-numbers.h>
#include <ringlet/ringlet.h>

#include "lmb.h"

#define DOMID_SELF	0x7ff0		/* xen/xen.h */

/* Linux, xen/privcmd.h, which its installed headers leave out. */
struct privcmd_hypercall {
	uint64_t op, arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL	_IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

#define MAX_REPS	63

static const struct op *const op_tables[] = { call_ops, memory_ops, process_ops };

const char *lmb_self;
const char *lmb_shell = "/bin/sh";
static sigjmp_buf op_abort;
static char abort_why[160];

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	asm volatile("lfence; rdtsc" : "=a" (lo), "=d" (hi));
	return ((uint64_t)hi << 32) | lo;
}

void give_up(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(abort_why, sizeof(abort_why), fmt, ap);
	va_end(ap);
	siglongjmp(op_abort, 1);
}

/*
 * The hypervisor's statistics of our domain: ringlet_op domain_stats, by way of the
 * kernel's privcmd, which the init loads.  Elsewhere there are none.
 */

#define NR_STATS	5

static const char *const stats_names[NR_STATS] = {
	"full", "gate", "hc", "pt", "flush",
};

struct stats {
	uint64_t count[NR_STATS];
};

static int privcmd = -1;		/* -1: no statistics */
static struct stats stats_cost;		/* what one stats_read() itself adds */

static int stats_read(struct stats *s)
{
	static struct ringlet_domain_stats d;
	struct privcmd_hypercall call = {
		.op = RINGLET_HC_RINGLET_OP,
		.arg = { RINGLET_OP_RINGLET_OP_DOMAIN_STATS, (uintptr_t)&d, sizeof(d) },
	};

	memset(s, 0, sizeof(*s));
	memset(&d, 0, sizeof(d));
	d.domid = DOMID_SELF;
	if (privcmd < 0 || ioctl(privcmd, IOCTL_PRIVCMD_HYPERCALL, &call))
		return -1;
	s->count[0] = d.full_entries;
	s->count[1] = d.gate_entries;
	s->count[2] = d.hypercalls;
	s->count[3] = d.pt_writes;
	s->count[4] = d.flushes;
	return 0;
}

static void stats_probe(void)
{
	struct stats a, b;
	int i;

	privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (privcmd >= 0 && stats_read(&a)) {
		close(privcmd);
		privcmd = -1;
	}
	if (privcmd < 0)
		return;
	stats_read(&a);
	stats_read(&b);
	for (i = 0; i < NR_STATS; i++)
		stats_cost.count[i] = b.count[i] - a.count[i];
}

/*
 * The timed part of an operation: between the two, time and counters run.  Reading
 * the counters stays outside, and what it adds to them is taken off again.
 */
static struct stats lap_before, lap_total;

int64_t lap_start(void)
{
	stats_read(&lap_before);
	return now_ns();
}

int64_t lap_end(int64_t start)
{
	int64_t t = now_ns() - start;
	struct stats after;
	int i;

	stats_read(&after);
	for (i = 0; i < NR_STATS; i++)
		lap_total.count[i] += after.count[i] - lap_before.count[i] -
				      stats_cost.count[i];
	return t;
}

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/*
 * Find a count that lasts about `target` ns, growing at most tenfold a step; the
 * better of two runs, as one interruption would end the search too early.
 */
static long calibrate(const struct op *op, int64_t target)
{
	long n = 1;

	for (;;) {
		int64_t t = op->run(n), again;

		if (t >= target * 3 / 4) {
			again = op->run(n);
			t = again < t ? again : t;
		}
		if (t >= target * 3 / 4 || n >= 100000000)
			return n;
		if (t < target / 10)
			n *= 10;
		else
			n = n * target / t + 1;
	}
}

static int run_op(const struct op *op, int reps, int64_t target)
{
	double ns[MAX_REPS];
	long n;
	int i;

	if (sigsetjmp(op_abort, 1)) {
		if (!strncmp(abort_why, "SKIP", 4)) {
			printf("BENCHSKIP %s %s\n", op->name, abort_why + 5);
			return 0;
		}
		printf("BENCHFAIL %s %s\n", op->name, abort_why);
		return 1;
	}
	n = calibrate(op, target);
	memset(&lap_total, 0, sizeof(lap_total));
	for (i = 0; i < reps; i++)
		ns[i] = (double)op->run(n) / n;
	qsort(ns, reps, sizeof(ns[0]), cmp_double);
	printf("BENCH %s %.1f min=%.1f max=%.1f n=%ld", op->name,
	       ns[reps / 2], ns[0], ns[reps - 1], n);
	for (i = 0; i < NR_STATS && privcmd >= 0; i++)
		printf(" %s=%.3f", stats_names[i],
		       (double)(int64_t)lap_total.count[i] / n / reps);
	printf("\n");
	return 0;
}

static void list_ops(void)
{
	const struct op *op;
	size_t t;

	for (t = 0; t < ARRAY_SIZE(op_tables); t++)
		for (op = op_tables[t]; op->name; op++)
			printf("%s\t%s\n", op->name, op->what);
}

static int selected(const char *name, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strcmp(name, argv[i]))
			return 1;
	return !argc;
}

/* Run the operations named, or all; returns 1 if one failed, -1 if there is none. */
static int run_ops(int argc, char **argv, int reps, int64_t target)
{
	const struct op *op;
	int failed = -1;
	size_t t;

	for (t = 0; t < ARRAY_SIZE(op_tables); t++) {
		for (op = op_tables[t]; op->name; op++) {
			if (!selected(op->name, argc, argv))
				continue;
			if (failed < 0)
				failed = 0;
			failed |= run_op(op, reps, target);
		}
	}
	return failed;
}

int main(int argc, char **argv)
{
	int64_t target = 20000000, start;
	int reps = 7, opt, failed;
	uint64_t tsc;

	if (argc == 2 && !strcmp(argv[1], "--exit"))
		return 0;
	lmb_self = argv[0];
	setvbuf(stdout, NULL, _IONBF, 0);
	while ((opt = getopt(argc, argv, "r:t:s:l")) != -1) {
		if (opt == 'r' && atoi(optarg) > 0 && atoi(optarg) <= MAX_REPS) {
			reps = atoi(optarg);
		} else if (opt == 't' && atoi(optarg) > 0) {
			target = atoi(optarg) * 1000000LL;
		} else if (opt == 's') {
			lmb_shell = optarg;
		} else if (opt == 'l') {
			list_ops();
			return 0;
		} else {
			fprintf(stderr,
				"usage: lmb [-r reps] [-t ms] [-s shell] [-l] [name...]\n");
			return 2;
		}
	}
	stats_probe();
	start = now_ns();
	tsc = rdtsc();
	failed = run_ops(argc - optind, argv + optind, reps, target);
	if (failed < 0) {
		fprintf(stderr, "lmb: no such operation; -l lists them\n");
		return 2;
	}
	printf("BENCHINFO tsc_khz %.0f\n",
	       (double)(rdtsc() - tsc) * 1e6 / (double)(now_ns() - start));
	printf("BENCHINFO stats %s\n", privcmd >= 0 ? "yes" : "no");
	return failed;
}
