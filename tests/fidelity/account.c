// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers that make sense: /proc/interrupts moves and does not storm, CPU time in
 * /proc/stat adds up to the wall and lands where the work was, uptime and boot time
 * agree with the clocks.
 *
 * Bounds are wide: the machine below may be busy.  They catch a timer that never
 * counts, idle time booked as system, steal that eats a quiet machine.
 */
#include "ktap.h"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, NR_TIMES };

static double mono(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void cpu_times(double t[NR_TIMES])
{
	FILE *f = fopen("/proc/stat", "r");
	double hz = sysconf(_SC_CLK_TCK);
	unsigned long long v[NR_TIMES];
	int i;

	CHECK(f, "/proc/stat: %s", strerror(errno));
	CHECK(fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
		     &v[3], &v[4], &v[5], &v[6], &v[7]) == 8, "format");
	fclose(f);
	for (i = 0; i < NR_TIMES; i++)
		t[i] = v[i] / hz;
}

/* Sum over all lines and CPUs of /proc/interrupts. */
static unsigned long long interrupts(void)
{
	FILE *f = fopen("/proc/interrupts", "r");
	unsigned long long sum = 0;
	char line[4096], *p, *end;

	CHECK(f, "/proc/interrupts: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		p = strchr(line, ':');
		if (!p)
			continue;
		for (p++;; p = end) {
			unsigned long long v = strtoull(p, &end, 10);

			if (end == p)
				break;
			sum += v;
		}
	}
	fclose(f);
	return sum;
}

static unsigned long long stat_line(const char *name)
{
	FILE *f = fopen("/proc/stat", "r");
	static char line[65536];
	unsigned long long v = 0;
	size_t len = strlen(name);

	CHECK(f, "/proc/stat");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ' ')
			v = strtoull(line + len, NULL, 10);
	fclose(f);
	return v;
}

static void spin(double seconds)
{
	volatile double x = 1;
	double end = mono() + seconds;
	int i;

	while (mono() < end)
		for (i = 0; i < 20000; i++)
			x = x * 1.0000001;
}

static void delta(double d[NR_TIMES], void (*work)(double), double seconds)
{
	double a[NR_TIMES], b[NR_TIMES];
	int i;

	cpu_times(a);
	work(seconds);
	cpu_times(b);
	for (i = 0; i < NR_TIMES; i++)
		d[i] = b[i] - a[i];
}

static void nap(double seconds)
{
	usleep(seconds * 1e6);
}

static void case_user(void)
{
	double d[NR_TIMES], total = 0;
	int i;

	delta(d, spin, 1.0);
	for (i = 0; i < NR_TIMES; i++)
		total += d[i];
	CHECK(d[USER] > 0.4, "a second of spinning: user %.2f system %.2f idle %.2f steal %.2f",
	      d[USER], d[SYSTEM], d[IDLE], d[STEAL]);
	CHECK(d[SYSTEM] < 0.4, "system %.2f", d[SYSTEM]);
	CHECK(total / sysconf(_SC_NPROCESSORS_ONLN) < 1.6, "%.2f s booked in one", total);
}

static void case_idle(void)
{
	double d[NR_TIMES];

	delta(d, nap, 1.0);
	CHECK(d[IDLE] > 0.6, "a second of sleep: user %.2f system %.2f idle %.2f steal %.2f",
	      d[USER], d[SYSTEM], d[IDLE], d[STEAL]);
	CHECK(d[USER] + d[SYSTEM] < 0.4, "user %.2f system %.2f", d[USER], d[SYSTEM]);
}

static void system_work(double seconds)
{
	double end = mono() + seconds;

	while (mono() < end) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		CHECK(p != MAP_FAILED, "mmap");
		munmap(p, 1 << 20);
	}
}

static void case_system(void)
{
	struct rusage a, b;
	double d[NR_TIMES], s;

	getrusage(RUSAGE_SELF, &a);
	delta(d, system_work, 1.0);
	getrusage(RUSAGE_SELF, &b);
	CHECK(d[SYSTEM] > 0.4, "user %.2f system %.2f steal %.2f", d[USER], d[SYSTEM],
	      d[STEAL]);
	s = b.ru_stime.tv_sec - a.ru_stime.tv_sec +
		(b.ru_stime.tv_usec - a.ru_stime.tv_usec) / 1e6;
	CHECK(s > 0.4, "getrusage: system %.2f", s);
}

/* A timer tick while spinning, far fewer while idle, no storm in either. */
static void case_interrupts(void)
{
	unsigned long long a = interrupts(), b, c;
	double cpus = sysconf(_SC_NPROCESSORS_ONLN);

	spin(1.0);
	b = interrupts();
	CHECK(b - a >= 50, "%llu interrupts in a second of spinning", b - a);
	CHECK(b - a < 20000 * cpus, "%llu interrupts in a second of spinning", b - a);
	nap(1.0);
	c = interrupts();
	CHECK(c - b < 5000 * cpus, "%llu interrupts in a second of sleep", c - b);
}

static void case_counters(void)
{
	unsigned long long intr = stat_line("intr"), ctxt = stat_line("ctxt"),
			   procs = stat_line("processes");
	int i, status;
	pid_t pid;

	for (i = 0; i < 20; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
		usleep(1000);
	}
	CHECK(stat_line("processes") - procs >= 20, "processes");
	CHECK(stat_line("ctxt") - ctxt >= 30, "context switches");
	CHECK(stat_line("intr") > intr, "interrupts");
}

static void case_uptime(void)
{
	FILE *f = fopen("/proc/uptime", "r");
	double up, boot;
	struct timespec ts, rt;

	CHECK(f && fscanf(f, "%lf", &up) == 1, "/proc/uptime");
	fclose(f);
	clock_gettime(CLOCK_BOOTTIME, &ts);
	clock_gettime(CLOCK_REALTIME, &rt);
	CHECK(up > ts.tv_sec - 1 && up < ts.tv_sec + 2, "uptime %.2f, clock %ld", up,
	      (long)ts.tv_sec);
	boot = stat_line("btime");
	CHECK(boot > rt.tv_sec - ts.tv_sec - 3 && boot < rt.tv_sec - ts.tv_sec + 3,
	      "boot time %.0f", boot);
	CHECK(rt.tv_sec > 1600000000, "the wall clock says %ld", (long)rt.tv_sec);
}

static void case_faults(void)
{
	struct rusage a, b;
	char *p = mmap(NULL, 256 * 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	CHECK(p != MAP_FAILED, "mmap");
	madvise(p, 256 * 4096, MADV_NOHUGEPAGE);
	getrusage(RUSAGE_SELF, &a);
	for (i = 0; i < 256; i++)
		((volatile char *)p)[i * 4096] = 1;
	getrusage(RUSAGE_SELF, &b);
	CHECK(b.ru_minflt - a.ru_minflt >= 256 && b.ru_minflt - a.ru_minflt < 300,
	      "256 pages: %ld faults", b.ru_minflt - a.ru_minflt);
}

static const struct ktap_case cases[] = {
	{ "user time", case_user },
	{ "idle time", case_idle },
	{ "system time", case_system },
	{ "interrupts", case_interrupts },
	{ "counters", case_counters },
	{ "uptime", case_uptime },
	{ "page faults", case_faults },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
