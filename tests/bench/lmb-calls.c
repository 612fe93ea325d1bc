// SPDX-License-Identifier: GPL-2.0
/* lmb: system calls that do next to nothing, clocks, signals. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lmb.h"

static int64_t op_null(long n)
{
	int64_t t = lap_start();

	while (n--)
		syscall(SYS_getppid);
	return lap_end(t);
}

static int64_t op_read(long n)
{
	int fd = open("/dev/zero", O_RDONLY);
	int64_t t;
	char c;

	NEED(fd >= 0);
	t = lap_start();
	while (n--)
		NEED(read(fd, &c, 1) == 1);
	t = lap_end(t);
	close(fd);
	return t;
}

static int64_t op_write(long n)
{
	int fd = open("/dev/null", O_WRONLY);
	int64_t t;

	NEED(fd >= 0);
	t = lap_start();
	while (n--)
		NEED(write(fd, "x", 1) == 1);
	t = lap_end(t);
	close(fd);
	return t;
}

static int64_t op_stat(long n)
{
	int64_t t = lap_start();
	struct stat st;

	while (n--)
		NEED(stat("/dev/null", &st) == 0);
	return lap_end(t);
}

static int64_t op_open(long n)
{
	int64_t t = lap_start();
	int fd;

	while (n--) {
		fd = open("/dev/null", O_RDONLY);
		NEED(fd >= 0);
		close(fd);
	}
	return lap_end(t);
}

static int64_t op_poll(long n)
{
	struct pollfd p[10];
	int fds[2];
	int64_t t;
	size_t i;

	NEED(pipe(fds) == 0);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	t = lap_start();
	while (n--)
		NEED(poll(p, ARRAY_SIZE(p), 0) == 0);
	t = lap_end(t);
	close(fds[0]);
	close(fds[1]);
	return t;
}

static int64_t op_yield(long n)
{
	int64_t t = lap_start();

	while (n--)
		sched_yield();
	return lap_end(t);
}

/* Clocks: through the vdso, and the same by system call. */

static int64_t op_gettimeofday(long n)
{
	int64_t t = lap_start();
	struct timeval tv;

	while (n--)
		gettimeofday(&tv, NULL);
	return lap_end(t);
}

static int64_t op_clock(long n)
{
	int64_t t = lap_start();
	struct timespec ts;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &ts);
	return lap_end(t);
}

static int64_t op_clock_sys(long n)
{
	int64_t t = lap_start();
	struct timespec ts;

	while (n--)
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return lap_end(t);
}

/* Signals. */

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	(void)sig;
	caught++;
}

static int64_t op_sig_install(long n)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int64_t t = lap_start();

	while (n--)
		NEED(sigaction(SIGUSR1, &sa, NULL) == 0);
	return lap_end(t);
}

static int64_t op_sig_self(long n)
{
	struct sigaction sa = { .sa_handler = on_signal };
	pid_t pid = getpid();
	long want = n;
	int64_t t;

	NEED(sigaction(SIGUSR1, &sa, NULL) == 0);
	caught = 0;
	t = lap_start();
	while (n--)
		kill(pid, SIGUSR1);
	t = lap_end(t);
	if (caught != want)
		give_up("sent %ld signals, caught %d", want, (int)caught);
	return t;
}

static char *prot_page;

static void on_prot(int sig)
{
	(void)sig;
	caught++;
	mprotect(prot_page, PAGE, PROT_READ | PROT_WRITE);
}

/* A write fault that a handler repairs, as garbage collectors do. */
static int64_t op_sig_prot(long n)
{
	struct sigaction sa = { .sa_handler = on_prot }, old;
	long want = n;
	int64_t t;

	prot_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	NEED(prot_page != MAP_FAILED);
	NEED(sigaction(SIGSEGV, &sa, &old) == 0);
	caught = 0;
	t = lap_start();
	while (n--) {
		mprotect(prot_page, PAGE, PROT_READ);
		*(volatile char *)prot_page = 1;
	}
	t = lap_end(t);
	sigaction(SIGSEGV, &old, NULL);
	munmap(prot_page, PAGE);
	if (caught != want)
		give_up("wanted %ld faults, saw %d", want, (int)caught);
	return t;
}

const struct op call_ops[] = {
	{ "null", op_null, "null system call (getppid)" },
	{ "read", op_read, "read 1 byte of /dev/zero" },
	{ "write", op_write, "write 1 byte to /dev/null" },
	{ "stat", op_stat, "stat /dev/null" },
	{ "open", op_open, "open and close" },
	{ "poll", op_poll, "poll of 10 descriptors" },
	{ "yield", op_yield, "sched_yield, alone" },
	{ "gettimeofday", op_gettimeofday, "gettimeofday (vdso)" },
	{ "clock", op_clock, "clock_gettime (vdso)" },
	{ "clock_sys", op_clock_sys, "clock_gettime (system call)" },
	{ "sig_install", op_sig_install, "signal handler installed" },
	{ "sig_self", op_sig_self, "signal to self" },
	{ "sig_prot", op_sig_prot, "write fault repaired by a handler" },
	{ 0 },
};
