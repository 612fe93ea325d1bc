// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks: the vdso's and the system calls' agree and never go back, sleeps last as
 * long as they say and not much longer, timers fire, CPU clocks count CPU.
 *
 * Whether a second is a second is not decided here but from outside (drift.c): no
 * clock of a guest can judge another clock of the same guest.
 */
#include "ktap.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

static int64_t to_ns(struct timespec ts)
{
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int64_t vdso_ns(clockid_t id)
{
	struct timespec ts;

	CHECK(clock_gettime(id, &ts) == 0, "clock %d: %s", id, strerror(errno));
	CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000, "%ld ns", ts.tv_nsec);
	return to_ns(ts);
}

static int64_t syscall_ns(clockid_t id)
{
	/* the kernel's old structure: two longs, whatever the C library's is */
	long ts[2];

	CHECK(syscall(SYS_clock_gettime, id, ts) == 0, "clock %d: %s", id, strerror(errno));
	return ts[0] * 1000000000LL + ts[1];
}

/* Alternately by both ways: each reading is at least the one before. */
static void agree(clockid_t id)
{
	int64_t last = vdso_ns(id), now, end = vdso_ns(CLOCK_MONOTONIC) + 500000000;
	long i;

	for (i = 0; vdso_ns(CLOCK_MONOTONIC) < end; i++) {
		now = i & 1 ? syscall_ns(id) : vdso_ns(id);
		CHECK(now >= last, "clock %d went back by %lld ns (%s)", id,
		      (long long)(last - now), i & 1 ? "system call" : "vdso");
		last = now;
		if (i % 1000 == 0)
			sched_yield();
	}
	CHECK(i > 100, "only %ld readings", i);
}

static void case_monotonic(void)
{
	agree(CLOCK_MONOTONIC);
}

static void case_realtime(void)
{
	agree(CLOCK_REALTIME);
}

static void case_others(void)
{
	agree(CLOCK_MONOTONIC_RAW);
	agree(CLOCK_BOOTTIME);
	agree(CLOCK_MONOTONIC_COARSE);
}

static void case_gettimeofday(void)
{
	struct timeval a;
	int64_t t0, t1, t;
	int i;

	for (i = 0; i < 1000; i++) {
		t0 = syscall_ns(CLOCK_REALTIME);
		gettimeofday(&a, NULL);
		t1 = syscall_ns(CLOCK_REALTIME);
		t = a.tv_sec * 1000000000LL + a.tv_usec * 1000LL;
		CHECK(t + 1000 > t0 && t <= t1, "%lld not in [%lld, %lld]", (long long)t,
		      (long long)t0, (long long)t1);
	}
}

/* Every CPU shows the same time: a program that moves never sees it go back. */
static void case_migrate(void)
{
	int n = sysconf(_SC_NPROCESSORS_ONLN), i;
	int64_t last = 0, now;
	cpu_set_t set;

	if (n < 2)
		SKIP("one CPU");
	for (i = 0; i < 2000; i++) {
		CPU_ZERO(&set);
		CPU_SET(i % n, &set);
		CHECK(sched_setaffinity(0, sizeof(set), &set) == 0, "affinity");
		now = vdso_ns(CLOCK_MONOTONIC);
		CHECK(now >= last, "back by %lld ns on CPU %d", (long long)(last - now), i % n);
		last = now;
	}
}

/* A sleep is never short; long by tens of milliseconds only on a busy machine. */
static void case_sleep(void)
{
	static const long want[] = { 1000, 100000, 1000000, 10000000, 100000000 };
	int64_t best, t;
	unsigned int i;
	int k;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		struct timespec ts = { 0, want[i] };

		best = INT64_MAX;
		for (k = 0; k < 5; k++) {
			t = vdso_ns(CLOCK_MONOTONIC);
			CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL) == 0, "sleep");
			t = vdso_ns(CLOCK_MONOTONIC) - t;
			CHECK(t >= want[i], "slept %lld of %ld ns", (long long)t, want[i]);
			if (t < best)
				best = t;
		}
		CHECK(best < want[i] + 30000000, "best of %ld ns took %lld", want[i],
		      (long long)best);
	}
}

static void case_timerfd(void)
{
	struct itimerspec its = { { 0, 10000000 }, { 0, 10000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t n, total = 0;
	int64_t t;

	CHECK(fd >= 0 && timerfd_settime(fd, 0, &its, NULL) == 0, "timerfd");
	t = vdso_ns(CLOCK_MONOTONIC);
	while (total < 50) {
		CHECK(read(fd, &n, sizeof(n)) == sizeof(n), "read");
		total += n;
	}
	t = vdso_ns(CLOCK_MONOTONIC) - t;
	CHECK(t > 480000000 && t < 1500000000, "50 periods of 10 ms took %lld ns",
	      (long long)t);
}

/* CPU time of a program that spins is close to the wall, of one that sleeps is not. */
static void case_cpu_clock(void)
{
	int64_t wall = vdso_ns(CLOCK_MONOTONIC), cpu = vdso_ns(CLOCK_PROCESS_CPUTIME_ID);
	int64_t c, w;

	while (vdso_ns(CLOCK_MONOTONIC) - wall < 300000000)
		;
	w = vdso_ns(CLOCK_MONOTONIC) - wall;
	c = vdso_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	CHECK(c <= w + 10000000, "more CPU (%lld) than time (%lld)", (long long)c,
	      (long long)w);
	CHECK(c > w / 3, "spinning for %lld ns counted %lld", (long long)w, (long long)c);
	cpu = vdso_ns(CLOCK_PROCESS_CPUTIME_ID);
	usleep(300000);
	c = vdso_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	CHECK(c < 100000000, "sleeping counted %lld ns", (long long)c);
}

static uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return (uint64_t)hi << 32 | lo;
}

/* The TSC is readable, rises, and its pace does not change while sleeping. */
static void case_tsc(void)
{
	uint64_t a = rdtsc(), b;
	int64_t t = vdso_ns(CLOCK_MONOTONIC);
	double busy, idle;
	int i;

	for (i = 0; i < 100000; i++) {
		b = rdtsc();
		CHECK(b >= a, "TSC went back by %lld", (long long)(a - b));
		a = b;
	}
	t = vdso_ns(CLOCK_MONOTONIC);
	a = rdtsc();
	while (vdso_ns(CLOCK_MONOTONIC) - t < 300000000)
		;
	busy = (double)(rdtsc() - a) / (vdso_ns(CLOCK_MONOTONIC) - t);
	t = vdso_ns(CLOCK_MONOTONIC);
	a = rdtsc();
	usleep(300000);
	idle = (double)(rdtsc() - a) / (vdso_ns(CLOCK_MONOTONIC) - t);
	CHECK(idle / busy > 0.98 && idle / busy < 1.02, "%.4f ticks a ns busy, %.4f idle",
	      busy, idle);
}

static volatile sig_atomic_t fired;

static void on_timer(int sig)
{
	(void)sig;
	fired++;
}

/* Profiling timers count the CPU this program used. */
static void case_prof_timer(void)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };
	int64_t start = vdso_ns(CLOCK_PROCESS_CPUTIME_ID);

	signal(SIGPROF, on_timer);
	setitimer(ITIMER_PROF, &it, NULL);
	while (vdso_ns(CLOCK_PROCESS_CPUTIME_ID) - start < 500000000)
		;
	CHECK(fired >= 10 && fired <= 40, "%d ticks of 20 ms in 500 ms", (int)fired);
}

static const struct ktap_case cases[] = {
	{ "monotonic", case_monotonic },
	{ "realtime", case_realtime },
	{ "other clocks", case_others },
	{ "gettimeofday", case_gettimeofday },
	{ "over CPUs", case_migrate },
	{ "sleep", case_sleep },
	{ "timerfd", case_timerfd },
	{ "cpu clock", case_cpu_clock },
	{ "tsc", case_tsc },
	{ "profiling timer", case_prof_timer },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
