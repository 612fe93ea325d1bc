// SPDX-License-Identifier: GPL-2.0
/*
 * Segments of a program's own: modify_ldt and set_thread_area.
 *
 * What a PV kernel does through update_descriptor and MMUEXT_SET_LDT must look like
 * the real thing: an LDT entry is usable at once, per process, copied by fork, kept
 * over context switches and signals, visible to every thread, and gone when removed.
 */
#include "ktap.h"

#include <asm/ldt.h>
#include <pthread.h>
#include <sched.h>

#define LDT_SEL(n)	((unsigned int)(n) << 3 | 7)
#define MAGIC		0x5eed1234U

static uint32_t *area;		/* below 4 GiB, so that a 32-bit base reaches it */

static void make_area(void)
{
	area = mmap((void *)0x20000000, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(area != MAP_FAILED, "mmap");
	area[0] = MAGIC;
	area[1] = ~MAGIC;
}

static struct user_desc data_desc(unsigned int nr, void *base)
{
	return (struct user_desc){
		.entry_number = nr,
		.base_addr = (unsigned long)base,
		.limit = 0xfffff,
		.seg_32bit = 1,
		.limit_in_pages = 1,
		.useable = 1,
	};
}

static int modify_ldt(int func, void *ptr, unsigned long size)
{
	/* on x86-64 the error comes back zero-extended: the C library sees success */
	int rc = (int)syscall(SYS_modify_ldt, func, ptr, size);

	if (rc < -1 && rc > -4096) {
		errno = -rc;
		return -1;
	}
	return rc;
}

static void set_ldt(struct user_desc d)
{
	CHECK(modify_ldt(0x11, &d, sizeof(d)) == 0, "modify_ldt: %s", strerror(errno));
}

/* Read a word through `sel`; a child for each, as segments are sticky. */
static uint32_t read_through(unsigned int sel, unsigned long off)
{
	uint32_t v;

	asm volatile("mov %%es, %%edx; mov %1, %%es; mov %%es:(%2), %0; mov %%edx, %%es"
		     : "=&r" (v) : "r" (sel), "r" (off) : "edx");
	return v;
}

#ifdef __x86_64__
/* 64-bit mode ignores the bases of ES and DS: GS carries the base. */
static uint32_t read_gs(unsigned int sel, unsigned long off)
{
	uint32_t v;

	asm volatile("mov %%gs, %%edx; mov %1, %%gs; mov %%gs:(%2), %0; mov %%edx, %%gs"
		     : "=&r" (v) : "r" (sel), "r" (off) : "edx");
	return v;
}
#define read_based read_gs
#else
#define read_based read_through
#endif

static void case_ldt_data(void)
{
	make_area();
	set_ldt(data_desc(2, area));
	CHECK(read_based(LDT_SEL(2), 0) == MAGIC, "%x", read_based(LDT_SEL(2), 0));
	CHECK(read_based(LDT_SEL(2), 4) == ~MAGIC, "%x", read_based(LDT_SEL(2), 4));
	/* replaced while loaded nowhere: the new base counts at once */
	set_ldt(data_desc(2, area + 1));
	CHECK(read_based(LDT_SEL(2), 0) == ~MAGIC, "%x", read_based(LDT_SEL(2), 0));
}

static void do_load(void *arg)
{
	read_through(*(unsigned int *)arg, (unsigned long)area);
}

static void case_ldt_removed(void)
{
	struct user_desc empty = { .entry_number = 3, .read_exec_only = 1,
				   .seg_not_present = 1 };
	unsigned int sel = LDT_SEL(3), never = LDT_SEL(100);
	struct fault f;

	make_area();
	set_ldt(data_desc(3, 0));
	f = fault_catch(do_load, &sel);
	CHECK(f.sig == 0, "signal %d", f.sig);
	set_ldt(empty);
	f = fault_catch(do_load, &sel);
	CHECK(f.sig == SIGSEGV && f.trapno == 13, "signal %d trap %d", f.sig, f.trapno);
	CHECK((f.err & 0xfffc) == (sel & 0xfffc), "error code %lx", f.err);
	f = fault_catch(do_load, &never);
	CHECK(f.sig == SIGSEGV, "entry never set: signal %d", f.sig);
}

static void case_ldt_not_present(void)
{
	struct user_desc d = data_desc(4, 0);
	unsigned int sel = LDT_SEL(4);
	struct fault f;

	make_area();
	d.seg_not_present = 1;
	set_ldt(d);
	f = fault_catch(do_load, &sel);
	CHECK(f.sig == SIGBUS && f.trapno == 11, "signal %d trap %d", f.sig, f.trapno);
}

/* A whole table, beyond one page: entries in the second page work too. */
static void case_ldt_many(void)
{
	static const unsigned int nr[] = { 0, 1, 511, 512, 513, 4095, 8191 };
	unsigned int i;

	make_area();
	for (i = 0; i < ARRAY_SIZE(nr); i++)
		set_ldt(data_desc(nr[i], area + (nr[i] & 1)));
	for (i = 0; i < ARRAY_SIZE(nr); i++)
		CHECK(read_based(LDT_SEL(nr[i]), 0) == (nr[i] & 1 ? ~MAGIC : MAGIC),
		      "entry %u", nr[i]);
}

/*
 * What the kernel stores is what was asked; the descriptor is DPL 3.  Since 4.x the
 * Accessed bit is preset.
 */
static void case_ldt_read_back(void)
{
	uint64_t table[64];
	int got;

	make_area();
	set_ldt(data_desc(5, area));
	memset(table, 0, sizeof(table));
	got = modify_ldt(0, table, sizeof(table));
	CHECK(got > 5 * 8, "%d bytes", got);
	CHECK(((table[5] >> 45) & 3) == 3, "DPL in %llx", (unsigned long long)table[5]);
	CHECK(((table[5] >> 16) & 0xffffff) == ((unsigned long)area & 0xffffff),
	      "base in %llx", (unsigned long long)table[5]);
	CHECK(table[4] == 0, "%llx", (unsigned long long)table[4]);
}

/* 64-bit code through the LDT and wrong arguments are refused. */
static void case_ldt_refused(void)
{
	struct user_desc d = data_desc(8192, 0);

	CHECK(modify_ldt(0x11, &d, sizeof(d)) == -1 && errno == EINVAL, "%d", errno);
	d.entry_number = 1;
	CHECK(modify_ldt(0x11, &d, sizeof(d) - 1) == -1 && errno == EINVAL, "%d", errno);
	d.contents = 3;		/* conforming code */
	CHECK(modify_ldt(1, &d, sizeof(d)) == -1 && errno == EINVAL, "%d", errno);
	CHECK(modify_ldt(77, &d, sizeof(d)) == -1 && errno == ENOSYS, "%d", errno);
}

/*
 * A 16-bit segment: Linux accepts it where the CPU's ESPFIX is at hand and refuses
 * it with EINVAL under PV.  Either is right; what is accepted must work.
 */
static void case_ldt_16bit(void)
{
	struct user_desc d = data_desc(6, area);

	make_area();
	d.base_addr = (unsigned long)area;
	d.seg_32bit = 0;
	d.limit_in_pages = 0;
	d.limit = 0xffff;
	if (modify_ldt(0x11, &d, sizeof(d)) == -1) {
		CHECK(errno == EINVAL, "%s", strerror(errno));
		SKIP("PV: 16-bit segments are refused, as PV kernels do");
	}
	CHECK(read_based(LDT_SEL(6), 0) == MAGIC, "wrong data");
}

/* Code in the LDT: a far call into a 32-bit segment whose base is not zero. */
static void case_ldt_code(void)
{
	struct user_desc d;
	struct {
		uint32_t off;
		uint16_t sel;
	} __attribute__((packed)) target = { 0, LDT_SEL(7) };
	uint32_t out = 0;

	make_area();
	/* mov $0x1234567, %eax ; lret */
	memcpy(area + 512, "\xb8\x67\x45\x23\x01\xcb", 6);
	d = data_desc(7, area + 512);
	d.contents = 2;
	set_ldt(d);
#ifdef __x86_64__
	/* the 32-bit return address must reach us, and the stack must be low */
	asm volatile("mov %%rsp, %%rbx; mov %2, %%rsp; lea 2f(%%rip), %%rcx;"
		     "lcall *(%1); 2: mov %%rbx, %%rsp"
		     : "=a" (out) : "r" (&target), "r" (area + 2048)
		     : "rbx", "rcx", "memory");
#else
	asm volatile("lcall *(%1)" : "=a" (out) : "r" (&target) : "memory");
#endif
	CHECK(out == 0x1234567, "%x", out);
}

/* The LDT is copied by fork, and then each has its own. */
static void case_ldt_fork(void)
{
	int status;
	pid_t pid;

	make_area();
	set_ldt(data_desc(9, area));
	pid = fork();
	if (pid == 0) {
		if (read_based(LDT_SEL(9), 0) != MAGIC)
			_exit(11);
		set_ldt(data_desc(9, area + 1));
		_exit(read_based(LDT_SEL(9), 0) == ~MAGIC ? 0 : 12);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "child %x", status);
	CHECK(read_based(LDT_SEL(9), 0) == MAGIC, "the child's change reached us");
}

/* Processes with different LDTs and equal selectors, switched many times. */
static void case_ldt_switch(void)
{
	int i, k, status, bad = 0;
	pid_t pid[4];

	for (k = 0; k < 4; k++) {
		pid[k] = fork();
		if (pid[k])
			continue;
		make_area();
		area[0] = MAGIC + k;
		set_ldt(data_desc(1, area));
		for (i = 0; i < 500; i++) {
			if (read_based(LDT_SEL(1), 0) != MAGIC + k)
				_exit(1);
			sched_yield();
		}
		_exit(0);
	}
	for (k = 0; k < 4; k++) {
		waitpid(pid[k], &status, 0);
		bad |= status;
	}
	CHECK(!bad, "a process saw another one's segment");
}

static volatile int thread_result;

static void *thread_reads(void *arg)
{
	(void)arg;
	thread_result = read_based(LDT_SEL(10), 0) == MAGIC ? 1 : 2;
	return NULL;
}

static void case_ldt_threads(void)
{
	pthread_t th;

	make_area();
	set_ldt(data_desc(10, area));
	CHECK(pthread_create(&th, NULL, thread_reads, NULL) == 0, "pthread");
	pthread_join(th, NULL);
	CHECK(thread_result == 1, "a thread does not see the LDT");
}

static volatile uint32_t seen_in_handler;
static volatile int handler_runs;

static void on_usr1(int sig)
{
	(void)sig;
	seen_in_handler = read_based(LDT_SEL(11), 0);
	handler_runs++;
}

/* A loaded LDT selector survives signals and context switches. */
static void case_ldt_signal(void)
{
	unsigned int before = LDT_SEL(11), after;
	int i;

	make_area();
	set_ldt(data_desc(11, area));
	signal(SIGUSR1, on_usr1);
#ifdef __x86_64__
	asm volatile("mov %0, %%gs" : : "r" (before));
#else
	asm volatile("mov %0, %%fs" : : "r" (before));
#endif
	for (i = 0; i < 50; i++) {
		raise(SIGUSR1);
		usleep(10);
	}
#ifdef __x86_64__
	asm volatile("mov %%gs, %0; mov %1, %%gs" : "=&r" (after) : "r" (0));
#else
	asm volatile("mov %%fs, %0; mov %1, %%fs" : "=&r" (after) : "r" (0));
#endif
	CHECK(after == before, "selector became %x", after);
	CHECK(handler_runs == 50 && seen_in_handler == MAGIC, "%d runs, saw %x",
	      handler_runs, seen_in_handler);
}

#ifdef __i386__
static void case_thread_area(void)
{
	struct user_desc d = data_desc((unsigned int)-1, NULL), q;
	unsigned int sel;

	make_area();
	d.base_addr = (unsigned long)area;
	CHECK(syscall(SYS_set_thread_area, &d) == 0, "%s", strerror(errno));
	CHECK(d.entry_number >= 12 && d.entry_number <= 14, "entry %u", d.entry_number);
	sel = d.entry_number << 3 | 3;
	CHECK(read_through(sel, 0) == MAGIC, "%x", read_through(sel, 0));
	memset(&q, 0, sizeof(q));
	q.entry_number = d.entry_number;
	CHECK(syscall(SYS_get_thread_area, &q) == 0, "%s", strerror(errno));
	CHECK(q.base_addr == d.base_addr && q.limit == d.limit, "base %x limit %x",
	      q.base_addr, q.limit);
}

/* TLS entries live in the GDT and are switched with the task. */
static void case_thread_area_switch(void)
{
	int i, k, status, bad = 0;
	pid_t pid[4];

	for (k = 0; k < 4; k++) {
		struct user_desc d;

		pid[k] = fork();
		if (pid[k])
			continue;
		make_area();
		area[0] = MAGIC + k;
		d = data_desc((unsigned int)-1, area);
		if (syscall(SYS_set_thread_area, &d))
			_exit(2);
		for (i = 0; i < 500; i++) {
			if (read_through(d.entry_number << 3 | 3, 0) != MAGIC + k)
				_exit(1);
			sched_yield();
		}
		_exit(0);
	}
	for (k = 0; k < 4; k++) {
		waitpid(pid[k], &status, 0);
		bad |= status;
	}
	CHECK(!bad, "status %x", bad);
}
#endif

#ifdef __x86_64__
#include <asm/prctl.h>

/* FS and GS bases beyond 4 GiB, over switches; 0 and back. */
static void case_bases(void)
{
	unsigned long want = 0x123456789000UL, got, null = 0;
	int i;

	for (i = 0; i < 50; i++) {
		CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, want) == 0, "set");
		usleep(100);
		CHECK(syscall(SYS_arch_prctl, ARCH_GET_GS, &got) == 0 && got == want,
		      "GS base %lx", got);
		want += 0x1000;
	}
	CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, null) == 0, "set 0");
	CHECK(syscall(SYS_arch_prctl, ARCH_GET_GS, &got) == 0 && got == 0, "%lx", got);
	CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x8000000000000000UL) == -1 &&
	      errno == EPERM, "a kernel address as base: %s", strerror(errno));
}

static void *base_thread(void *arg)
{
	unsigned long mine = (unsigned long)arg, got;
	int i;

	if (syscall(SYS_arch_prctl, ARCH_SET_GS, mine))
		return (void *)1;
	for (i = 0; i < 500; i++) {
		sched_yield();
		if (syscall(SYS_arch_prctl, ARCH_GET_GS, &got) || got != mine)
			return (void *)2;
	}
	return NULL;
}

static void case_bases_threads(void)
{
	unsigned long i;
	pthread_t th[4];
	void *rc;

	for (i = 0; i < 4; i++)
		CHECK(pthread_create(&th[i], NULL, base_thread,
				     (void *)(0x7000000000UL + i * 0x100000)) == 0, "pthread");
	for (i = 0; i < 4; i++) {
		pthread_join(th[i], &rc);
		CHECK(rc == NULL, "thread %lu: %ld", i, (long)rc);
	}
}
#endif

static const struct ktap_case cases[] = {
	{ "ldt data", case_ldt_data },
	{ "ldt entry removed", case_ldt_removed },
	{ "ldt not present", case_ldt_not_present },
	{ "ldt of two pages", case_ldt_many },
	{ "ldt read back", case_ldt_read_back },
	{ "ldt refusals", case_ldt_refused },
	{ "ldt 16-bit", case_ldt_16bit },
	{ "ldt code", case_ldt_code },
	{ "ldt over fork", case_ldt_fork },
	{ "ldt over switches", case_ldt_switch },
	{ "ldt in threads", case_ldt_threads },
	{ "ldt over signals", case_ldt_signal },
#ifdef __i386__
	{ "set_thread_area", case_thread_area },
	{ "set_thread_area over switches", case_thread_area_switch },
#else
	{ "fs and gs bases", case_bases },
	{ "bases of threads", case_bases_threads },
#endif
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
