// SPDX-License-Identifier: GPL-2.0
/*
 * lmb: a small lmbench, the operations that tell one way to run a guest from
 * another.  One static program, no files but its own and /dev.
 *
 * Each operation calibrates its own count until one repetition lasts long
 * enough, then runs REPS repetitions; a line of output is
 *
 *   BENCH name median-ns min=.. max=.. n=.. [full=.. gate=.. hc=.. pt=.. ipi=..]
 *
 * The last five are counts per operation, read from the hypervisor's statistics
 * leaf when it has one (see stats_read()); without it they are left out, so a
 * missing number never looks like a zero.  `BENCHINFO tsc_khz N` at the end is
 * the TSC against CLOCK_MONOTONIC over the whole run: the harness compares it
 * between systems, because a guest whose clock runs slow looks fast.
 *
 * An operation returns the nanoseconds that `n` operations took, timed by itself
 * (lap_start(), lap_end()), so preparation stays outside, of the counts too.  Failure
 * of an operation prints `BENCHFAIL` with the reason and makes the exit status 1; the
 * others still run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define MAX_REPS	63
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

typedef int64_t (*op_fn)(long n);

struct op {
	const char *name;
	op_fn run;
	const char *what;
};

static const char *self;
static const char *shell = "/bin/sh";
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

__attribute__((noreturn, format(printf, 1, 2)))
static void give_up(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(abort_why, sizeof(abort_why), fmt, ap);
	va_end(ap);
	siglongjmp(op_abort, 1);
}

#define NEED(cond) do {							\
	if (!(cond))							\
		give_up("%s: %s", #cond, strerror(errno));		\
} while (0)

/*
 * The hypervisor's statistics: CPUID leaf 0x40000100 behind the forced-emulation
 * prefix of the PV ABI, subleaf 0 the signature, 1.. one 64-bit counter each.
 */

#define STATS_LEAF	0x40000100U
#define NR_STATS	5

static const char *const stats_names[NR_STATS] = {
	"full", "gate", "hc", "pt", "ipi",
};

struct stats {
	uint64_t count[NR_STATS];
};

static unsigned int stats_max;		/* highest subleaf, 0: no statistics */
static struct stats stats_cost;		/* what one stats_read() itself adds */

static void forced_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
		     : "=a" (reg[0]), "=b" (reg[1]), "=c" (reg[2]), "=d" (reg[3])
		     : "0" (leaf), "2" (subleaf));
}

static void stats_read(struct stats *s)
{
	uint32_t reg[4];
	unsigned int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < NR_STATS && i < stats_max; i++) {
		forced_cpuid(STATS_LEAF, i + 1, reg);
		s->count[i] = ((uint64_t)reg[3] << 32) | reg[0];
	}
}

static void on_sigill(int sig)
{
	(void)sig;
	siglongjmp(op_abort, 1);
}

static void stats_probe(void)
{
	struct sigaction sa = { .sa_handler = on_sigill }, old;
	struct stats a, b;
	uint32_t reg[4];
	int i;

	sigaction(SIGILL, &sa, &old);
	if (sigsetjmp(op_abort, 1) == 0) {
		forced_cpuid(STATS_LEAF, 0, reg);
		if (!memcmp(&reg[1], "RingletStats", 12))
			stats_max = reg[0];
	}
	sigaction(SIGILL, &old, NULL);
	if (!stats_max)
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

static int64_t lap_start(void)
{
	stats_read(&lap_before);
	return now_ns();
}

static int64_t lap_end(int64_t start)
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

/* System calls that do next to nothing. */

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

/* Memory. */

#define ARENA_PAGES	1024UL

static char *arena_get(int flags)
{
	char *p = mmap(NULL, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	NEED(p != MAP_FAILED);
	return p;
}

/*
 * Touch the arena once a page, `n` pages in all, emptied untimed in between.
 * A stride that is odd visits every page of a power-of-two arena once.
 */
static int64_t touch(char *arena, long n, unsigned long stride)
{
	unsigned long i, pg;
	int64_t t = 0, t0;

	while (n > 0) {
		unsigned long batch = n < (long)ARENA_PAGES ? (unsigned long)n
							    : ARENA_PAGES;

		NEED(madvise(arena, ARENA_PAGES * PAGE, MADV_DONTNEED) == 0);
		t0 = lap_start();
		for (i = 0, pg = 0; i < batch; i++) {
			*(volatile char *)(arena + pg * PAGE) = 1;
			pg = (pg + stride) % ARENA_PAGES;
		}
		t += lap_end(t0);
		n -= batch;
	}
	return t;
}

static int64_t op_fault_anon(long n)
{
	char *arena = arena_get(0);
	int64_t t;

	madvise(arena, ARENA_PAGES * PAGE, MADV_NOHUGEPAGE);
	t = touch(arena, n, 37);
	munmap(arena, ARENA_PAGES * PAGE);
	return t;
}

static int64_t op_touch_seq(long n)
{
	char *arena = arena_get(0);
	int64_t t;

	t = touch(arena, n, 1);
	munmap(arena, ARENA_PAGES * PAGE);
	return t;
}

/* Sequential touch with 64 KiB folios, where the kernel has them. */
static int64_t op_touch_folio(long n)
{
	static const char knob[] =
		"/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled";
	int fd = open(knob, O_WRONLY);
	char *arena;
	int64_t t;

	if (fd < 0)
		give_up("SKIP no 64 KiB folios in this kernel or on this CPU");
	NEED(write(fd, "always", 6) == 6);
	arena = arena_get(0);
	madvise(arena, ARENA_PAGES * PAGE, MADV_HUGEPAGE);
	t = touch(arena, n, 1);
	munmap(arena, ARENA_PAGES * PAGE);
	NEED(write(fd, "never", 5) == 5);
	close(fd);
	return t;
}

static int64_t op_fault_file(long n)
{
	int fd = open(self, O_RDONLY);
	unsigned long pages, i;
	volatile char *p;
	struct stat st;
	int64_t t = 0, t0;

	NEED(fd >= 0 && fstat(fd, &st) == 0);
	pages = st.st_size / PAGE;
	while (n > 0) {
		unsigned long batch = n < (long)pages ? (unsigned long)n : pages;

		p = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		NEED(p != MAP_FAILED);
		madvise((void *)p, pages * PAGE, MADV_RANDOM);
		t0 = lap_start();
		for (i = 0; i < batch; i++)
			(void)p[i * PAGE];
		t += lap_end(t0);
		munmap((void *)p, pages * PAGE);
		n -= batch;
	}
	close(fd);
	return t;
}

/* Copy-on-write faults: a page shared with a child that does nothing. */
static int64_t op_fault_cow(long n)
{
	char *arena = arena_get(MAP_POPULATE);
	int64_t t = 0, t0;
	unsigned long i;
	int fds[2];
	pid_t pid;
	char c;

	while (n > 0) {
		unsigned long batch = n < 256 ? n : 256;

		NEED(pipe(fds) == 0);
		memset(arena, 1, batch * PAGE);
		pid = fork();
		NEED(pid >= 0);
		if (pid == 0) {
			close(fds[1]);
			_exit(read(fds[0], &c, 1) != 0);
		}
		close(fds[0]);
		t0 = lap_start();
		for (i = 0; i < batch; i++)
			*(volatile char *)(arena + i * PAGE) = 2;
		t += lap_end(t0);
		close(fds[1]);
		NEED(waitpid(pid, NULL, 0) == pid);
		n -= batch;
	}
	munmap(arena, ARENA_PAGES * PAGE);
	return t;
}

/* 1,024 present pages made read-only, the next time writable again. */
static int64_t op_mprotect(long n)
{
	unsigned long len = ARENA_PAGES * PAGE;
	char *arena = arena_get(0);
	int64_t t;

	madvise(arena, len, MADV_NOHUGEPAGE);
	memset(arena, 1, len);
	t = lap_start();
	while (n--)
		NEED(mprotect(arena, len,
			      n & 1 ? PROT_READ : PROT_READ | PROT_WRITE) == 0);
	t = lap_end(t);
	munmap(arena, len);
	return t;
}

static int64_t op_mmap_populate(long n)
{
	int64_t t = lap_start();
	void *p;

	while (n--) {
		p = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		NEED(p != MAP_FAILED);
		munmap(p, 256 * PAGE);
	}
	return lap_end(t);
}

static int64_t op_mmap_empty(long n)
{
	int64_t t = lap_start();
	void *p;

	while (n--) {
		p = mmap(NULL, 256 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
		NEED(p != MAP_FAILED);
		munmap(p, 256 * PAGE);
	}
	return lap_end(t);
}

/* Processes and switches between them. */

/* The child's half of a ping-pong: a byte back for every byte, until EOF. */
__attribute__((noreturn)) static void echo(int in, int out)
{
	char c;

	while (read(in, &c, 1) == 1)
		if (write(out, &c, 1) != 1)
			_exit(1);
	_exit(0);
}

static int64_t ping(int in, int out, long n)
{
	int64_t t = lap_start();
	char c = 'x';

	while (n--) {
		NEED(write(out, &c, 1) == 1);
		NEED(read(in, &c, 1) == 1);
	}
	return lap_end(t);
}

static int64_t op_pipe(long n)
{
	int to[2], from[2];
	int64_t t;
	pid_t pid;

	NEED(pipe(to) == 0 && pipe(from) == 0);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		close(to[1]);
		close(from[0]);
		echo(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	t = ping(from[0], to[1], n);
	close(to[1]);
	close(from[0]);
	NEED(waitpid(pid, NULL, 0) == pid);
	return t;
}

static int64_t op_unix(long n)
{
	int64_t t;
	pid_t pid;
	int sv[2];

	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		close(sv[0]);
		echo(sv[1], sv[1]);
	}
	close(sv[1]);
	t = ping(sv[0], sv[0], n);
	close(sv[0]);
	NEED(waitpid(pid, NULL, 0) == pid);
	return t;
}

/* A token around a ring of processes; one operation is one hop. */
static int64_t ring(long n, int members)
{
	int fds[16][2], i, j;
	pid_t pids[16];
	int64_t t;

	for (i = 0; i < members; i++)
		NEED(pipe(fds[i]) == 0);
	for (i = 1; i < members; i++) {
		pids[i] = fork();
		NEED(pids[i] >= 0);
		if (pids[i])
			continue;
		for (j = 0; j < members; j++) {
			if (j != i - 1)
				close(fds[j][0]);
			if (j != i)
				close(fds[j][1]);
		}
		echo(fds[i - 1][0], fds[i][1]);
	}
	/* member 0 writes pipe 0 and reads the last one */
	for (j = 0; j < members; j++) {
		if (j != members - 1)
			close(fds[j][0]);
		if (j)
			close(fds[j][1]);
	}
	t = ping(fds[members - 1][0], fds[0][1], n / members + 1);
	close(fds[0][1]);
	close(fds[members - 1][0]);
	for (i = 1; i < members; i++)
		NEED(waitpid(pids[i], NULL, 0) == pids[i]);
	return t * n / ((n / members + 1) * members);
}

static int64_t op_ring2(long n)
{
	return ring(n, 2);
}

static int64_t op_ring8(long n)
{
	return ring(n, 8);
}

static int futex_word[2];

static void futex_wait(int which)
{
	while (!__atomic_load_n(&futex_word[which], __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &futex_word[which], FUTEX_WAIT_PRIVATE, 0,
			NULL, NULL, 0);
}

static void futex_pass(int from, int to)
{
	futex_wait(from);
	__atomic_store_n(&futex_word[from], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&futex_word[to], 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &futex_word[to], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *futex_peer(void *arg)
{
	long n = *(long *)arg;

	while (n--)
		futex_pass(1, 0);
	return NULL;
}

/* Two threads, so no address space changes: the switch alone. */
static int64_t op_futex(long n)
{
	long count = n;
	pthread_t peer;
	int64_t t;

	futex_word[0] = 1;
	futex_word[1] = 0;
	errno = pthread_create(&peer, NULL, futex_peer, &count);
	NEED(errno == 0);
	t = lap_start();
	while (n--)
		futex_pass(0, 1);
	futex_wait(0);		/* the last answer belongs to the last operation */
	t = lap_end(t);
	pthread_join(peer, NULL);
	return t;
}

static void *thread_nothing(void *arg)
{
	return arg;
}

static int64_t op_thread(long n)
{
	int64_t t = lap_start();
	pthread_t th;

	while (n--) {
		errno = pthread_create(&th, NULL, thread_nothing, NULL);
		NEED(errno == 0);
		pthread_join(th, NULL);
	}
	return lap_end(t);
}

static void reap(pid_t pid)
{
	int status;

	NEED(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		give_up("child ended with status 0x%x", status);
}

static int64_t op_fork(long n)
{
	int64_t t = lap_start();
	pid_t pid;

	while (n--) {
		pid = fork();
		NEED(pid >= 0);
		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	return lap_end(t);
}

static int64_t op_vfork_exec(long n)
{
	int64_t t = lap_start();
	pid_t pid;

	while (n--) {
		pid = vfork();
		NEED(pid >= 0);
		if (pid == 0) {
			execl(self, self, "--exit", (char *)NULL);
			_exit(127);
		}
		reap(pid);
	}
	return lap_end(t);
}

static int64_t op_fork_sh(long n)
{
	int64_t t = lap_start();
	pid_t pid;

	while (n--) {
		pid = fork();
		NEED(pid >= 0);
		if (pid == 0) {
			execl(shell, "sh", "-c", "exit 0", (char *)NULL);
			_exit(127);
		}
		reap(pid);
	}
	return lap_end(t);
}

/* A timer that wakes the only process: idle, interrupt, wake-up. */
static int64_t op_sleep(long n)
{
	struct timespec ts = { .tv_nsec = 200000 };
	int64_t t = lap_start();

	while (n--)
		NEED(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL) == 0);
	return lap_end(t);
}

/* What no hypervisor should change. */

static char copy_from[65536], copy_to[65536];

static int64_t op_memcpy(long n)
{
	int64_t t = lap_start();

	while (n--) {
		memcpy(copy_to, copy_from, sizeof(copy_to));
		asm volatile("" : : "r" (copy_to) : "memory");
	}
	return lap_end(t);
}

static int64_t op_arith(long n)
{
	uint64_t x = 88172645463325252ULL;
	int64_t t = lap_start();
	long i;

	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		x += x / (i | 3);
		asm volatile("" : "+r" (x));
	}
	return lap_end(t);
}

static const struct op ops[] = {
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
	{ "fault_anon", op_fault_anon, "page fault, anonymous, single" },
	{ "touch_seq", op_touch_seq, "page touched, sequential" },
	{ "touch_folio", op_touch_folio, "page touched, 64 KiB folios" },
	{ "fault_file", op_fault_file, "page touched, mapped file" },
	{ "fault_cow", op_fault_cow, "page fault, copy on write" },
	{ "mprotect", op_mprotect, "mprotect of 1,024 pages" },
	{ "mmap_populate", op_mmap_populate, "mmap+populate+munmap 1 MiB" },
	{ "mmap_empty", op_mmap_empty, "mmap+munmap 1 MiB, untouched" },
	{ "pipe", op_pipe, "pipe ping-pong, 2 processes" },
	{ "unix", op_unix, "AF_UNIX ping-pong, 2 processes" },
	{ "ring2", op_ring2, "context switch, ring of 2" },
	{ "ring8", op_ring8, "context switch, ring of 8" },
	{ "futex", op_futex, "futex ping-pong, 2 threads" },
	{ "thread", op_thread, "thread create and join" },
	{ "fork", op_fork, "fork + exit" },
	{ "vfork_exec", op_vfork_exec, "vfork + exec" },
	{ "fork_sh", op_fork_sh, "fork + exec of a shell" },
	{ "sleep", op_sleep, "sleep of 200 us" },
	{ "memcpy", op_memcpy, "memcpy of 64 KiB" },
	{ "arith", op_arith, "arithmetic" },
};

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
	for (i = 0; i < NR_STATS && i < (int)stats_max; i++)
		printf(" %s=%.3f", stats_names[i],
		       (double)(int64_t)lap_total.count[i] / n / reps);
	printf("\n");
	return 0;
}

static int selected(const char *name, int argc, char **argv)
{
	int i;

	for (i = optind; i < argc; i++)
		if (!strcmp(name, argv[i]))
			return 1;
	return optind >= argc;
}

int main(int argc, char **argv)
{
	int reps = 7, opt, failed = 0, known = 0;
	int64_t target = 20000000, start;
	uint64_t tsc;
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "--exit"))
		return 0;
	self = argv[0];
	setvbuf(stdout, NULL, _IONBF, 0);
	while ((opt = getopt(argc, argv, "r:t:s:l")) != -1) {
		if (opt == 'r' && atoi(optarg) > 0 && atoi(optarg) <= MAX_REPS) {
			reps = atoi(optarg);
		} else if (opt == 't' && atoi(optarg) > 0) {
			target = atoi(optarg) * 1000000LL;
		} else if (opt == 's') {
			shell = optarg;
		} else if (opt == 'l') {
			for (i = 0; i < ARRAY_SIZE(ops); i++)
				printf("%s\t%s\n", ops[i].name, ops[i].what);
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
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!selected(ops[i].name, argc, argv))
			continue;
		known++;
		failed |= run_op(&ops[i], reps, target);
	}
	if (!known) {
		fprintf(stderr, "lmb: no such operation; -l lists them\n");
		return 2;
	}
	printf("BENCHINFO tsc_khz %.0f\n",
	       (double)(rdtsc() - tsc) * 1e6 / (double)(now_ns() - start));
	printf("BENCHINFO stats %s\n", stats_max ? "yes" : "no");
	return failed;
}
