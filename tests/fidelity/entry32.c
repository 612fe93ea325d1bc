// SPDX-License-Identifier: GPL-2.0
/*
 * 32-bit programs' ways into a 64-bit kernel: int 0x80, the vdso's entry (SYSENTER or
 * SYSCALL, as the CPU has it), both instructions by hand, signals and restarts, the
 * 32-bit vdso clocks, and far jumps into 64-bit code and back.
 *
 * By hand means with the protocol the kernel documents in its vdso: it returns to a
 * landing pad there, which pops ebp, edx and ecx.
 */
#include "ktap.h"

#include <cpuid.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>

struct args {
	long nr, a[6], ret, out[6];
};

/*
 * One system call through `how`, all six arguments in registers; the registers as
 * they are afterwards come back in `out`.
 */
#define ENTRY(name, how)						\
static void name(struct args *p)					\
{									\
	asm volatile("push %%ebp; push %%ebx; push %%esi; push %%edi;"	\
		     "push %0;"						\
		     "mov %0, %%edi;"					\
		     "mov 0(%%edi), %%eax; mov 4(%%edi), %%ebx;"	\
		     "mov 8(%%edi), %%ecx; mov 12(%%edi), %%edx;"	\
		     "mov 16(%%edi), %%esi; mov 24(%%edi), %%ebp;"	\
		     "mov 20(%%edi), %%edi;"				\
		     how						\
		     "xchg (%%esp), %%edi;"				\
		     "mov %%eax, 28(%%edi); mov %%ebx, 32(%%edi);"	\
		     "mov %%ecx, 36(%%edi); mov %%edx, 40(%%edi);"	\
		     "mov %%esi, 44(%%edi); mov %%ebp, 52(%%edi);"	\
		     "pop %%eax; mov %%eax, 48(%%edi);"			\
		     "pop %%edi; pop %%esi; pop %%ebx; pop %%ebp"	\
		     : : "a" (p) : "ecx", "edx", "memory", "cc");	\
}

unsigned long vdso_entry;		/* named in assembly */

ENTRY(by_int80, "int $0x80;")
ENTRY(by_vdso, "call *vdso_entry;")
/* the call pushes where to go on; the landing pad pops the rest and returns there */
ENTRY(by_sysenter, "call 1f; jmp 2f;"
		   "1: push %%ecx; push %%edx; push %%ebp; mov %%esp, %%ebp; sysenter;"
		   "hlt; 2:")
ENTRY(by_syscall, "call 1f; jmp 2f;"
		  "1: push %%ecx; push %%edx; push %%ebp; mov %%ecx, %%ebp; syscall;"
		  "hlt; 2:")

static void find_entry(void)
{
	vdso_entry = getauxval(AT_SYSINFO);
	if (!vdso_entry)
		SKIP("no AT_SYSINFO: the kernel has no 32-bit vdso");
}

typedef void (*entry_fn)(struct args *);

static void do_entry(void *arg)
{
	struct args a = { .nr = SYS_getpid };

	((entry_fn)arg)(&a);
}

/* Results, errors, six arguments, and registers that must not change. */
static void test_entry(entry_fn entry)
{
	struct args a = { .nr = SYS_getpid, .a = { 11, 22, 33, 44, 55, 66 } };
	char buf[16] = "";
	int fds[2], i;
	void *p;

	entry(&a);
	CHECK(a.ret == getpid(), "getpid: %ld", a.ret);
	for (i = 0; i < 6; i++)
		CHECK(a.out[i] == 11 * (i + 1), "argument register %d became %lx", i,
		      a.out[i]);
	a = (struct args){ .nr = 9999 };
	entry(&a);
	CHECK(a.ret == -ENOSYS, "an unknown call: %ld", a.ret);
	a = (struct args){ .nr = -1 };
	entry(&a);
	CHECK(a.ret == -ENOSYS, "call -1: %ld", a.ret);
	a = (struct args){ .nr = SYS_mmap2,
			   .a = { 0, 8192, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } };
	entry(&a);
	p = (void *)a.ret;
	CHECK((unsigned long)a.ret < -4096UL, "mmap2 with six arguments: %ld", a.ret);
	*(volatile int *)p = 1;
	CHECK(pipe(fds) == 0, "pipe");
	a = (struct args){ .nr = SYS_write, .a = { fds[1], (long)"hello", 5 } };
	entry(&a);
	CHECK(a.ret == 5, "write: %ld", a.ret);
	a = (struct args){ .nr = SYS_read, .a = { fds[0], (long)buf, 16 } };
	entry(&a);
	CHECK(a.ret == 5 && !memcmp(buf, "hello", 5), "read: %ld", a.ret);
	a = (struct args){ .nr = SYS_write, .a = { fds[1], 16, 5 } };
	entry(&a);
	CHECK(a.ret == -EFAULT, "bad pointer: %ld", a.ret);
	for (i = 0; i < 2000; i++) {
		a = (struct args){ .nr = SYS_sched_yield, .a = { i, i + 1, i + 2 } };
		entry(&a);
		CHECK(a.ret == 0 && a.out[2] == i + 2, "round %d: %ld", i, a.ret);
	}
}

static void case_int80(void)
{
	test_entry(by_int80);
}

static void case_vdso(void)
{
	find_entry();
	test_entry(by_vdso);
}

static int vendor_is(const char *name)
{
	unsigned int a, b, c, d;
	char vendor[13] = "";

	__cpuid(0, a, b, c, d);
	memcpy(vendor, &b, 4);
	memcpy(vendor + 4, &d, 4);
	memcpy(vendor + 8, &c, 4);
	return !strcmp(vendor, name);
}

/*
 * SYSENTER in compatibility mode exists on Intel, SYSCALL on AMD.  PV kernels offer
 * only the one that belongs to the vendor, even where an emulator has both.
 */
static void case_sysenter(void)
{
	struct fault f;

	find_entry();
	f = fault_catch(do_entry, by_sysenter);
	if ((f.sig == SIGILL || f.sig == SIGSEGV) && !vendor_is("GenuineIntel"))
		SKIP("PV: no SYSENTER in long mode on this vendor's CPUs");
	CHECK(f.sig == 0, "signal %d at %lx", f.sig, f.ip);
	test_entry(by_sysenter);
}

static void case_syscall(void)
{
	struct fault f;

	find_entry();
	f = fault_catch(do_entry, by_syscall);
	if ((f.sig == SIGILL || f.sig == SIGSEGV) && vendor_is("GenuineIntel"))
		SKIP("PV: no SYSCALL in compatibility mode on this vendor's CPUs");
	CHECK(f.sig == 0, "signal %d at %lx", f.sig, f.ip);
	test_entry(by_syscall);
}

/* Flags that must not leak into the kernel, nor out of it. */
static void case_flags(void)
{
	struct args a = { .nr = SYS_getpid };
	entry_fn entries[2] = { by_int80, by_vdso };
	unsigned long flags;
	int i;

	find_entry();
	for (i = 0; i < 2; i++) {
		asm volatile("pushf; orl $0x44000, (%%esp); popf" : : : "cc", "memory");
		entries[i](&a);
		asm volatile("pushf; pop %0; pushf; andl $~0x44400, (%%esp); popf"
			     : "=r" (flags) : : "cc", "memory");
		CHECK(a.ret == getpid(), "%ld", a.ret);
		CHECK((flags & 0x200) && !(flags & 0x3000), "flags %lx", flags);
	}
}

static volatile sig_atomic_t runs;

static void on_alarm(int sig)
{
	(void)sig;
	runs++;
}

/* A blocked read is interrupted, handled, and restarted: by every entry. */
static void restart(entry_fn entry)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };
	struct args a;
	int fds[2], status;
	char c = 0;
	pid_t pid;

	CHECK(pipe(fds) == 0, "pipe");
	sigaction(SIGALRM, &sa, NULL);
	pid = fork();
	if (pid == 0) {
		usleep(200000);
		_exit(write(fds[1], "z", 1) != 1);
	}
	runs = 0;
	setitimer(ITIMER_REAL, &it, NULL);
	a = (struct args){ .nr = SYS_read, .a = { fds[0], (long)&c, 1, 77, 88, 99 } };
	entry(&a);
	memset(&it, 0, sizeof(it));
	setitimer(ITIMER_REAL, &it, NULL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	CHECK(a.ret == 1 && c == 'z', "read: %ld", a.ret);
	CHECK(runs >= 2, "%d signals", (int)runs);
	CHECK(a.out[3] == 77 && a.out[4] == 88 && a.out[5] == 99, "registers: %ld %ld %ld",
	      a.out[3], a.out[4], a.out[5]);
}

static void case_restart(void)
{
	restart(by_int80);
	find_entry();
	restart(by_vdso);
}

/* The old signal frame (no SA_SIGINFO) and the new one, both returning properly. */
static volatile int frame_ok;

static void on_old(int sig)
{
	frame_ok = sig == SIGUSR1;
}

static void on_new(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	frame_ok = sig == SIGUSR1 && si->si_pid == getpid() &&
		   (uc->uc_mcontext.gregs[REG_CS] & 3) == 3;
}

static void case_signal_frames(void)
{
	struct sigaction sa = { .sa_handler = on_old };
	int i;

	for (i = 0; i < 100; i++) {
		memset(&sa, 0, sizeof(sa));
		if (i & 1) {
			sa.sa_sigaction = on_new;
			sa.sa_flags = SA_SIGINFO;
		} else {
			sa.sa_handler = on_old;
		}
		sigaction(SIGUSR1, &sa, NULL);
		frame_ok = 0;
		raise(SIGUSR1);
		CHECK(frame_ok, "round %d", i);
	}
}

/* 64-bit code from a 32-bit program: the kernel's 64-bit user segment, and back. */
static void do_long_mode(void *arg)
{
	unsigned int sel = 0x33;
	struct {
		uint32_t off;
		uint16_t sel;
	} __attribute__((packed)) p;
	unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* mov $0x123456789abcdef0, %rax; shr $32, %rax; lret (32-bit operands) */
	memcpy(code, "\x48\xb8\xf0\xde\xbc\x9a\x78\x56\x34\x12\x48\xc1\xe8\x20\xcb", 15);
	p.off = (uint32_t)code;
	p.sel = sel;
	asm volatile("lcall *(%1)" : "=a" (*(uint32_t *)arg) : "r" (&p)
		     : "ecx", "edx", "memory", "cc");
}

static void case_long_mode(void)
{
	uint32_t got = 0;
	struct fault f;
	int i;

	for (i = 0; i < 100; i++) {
		f = fault_catch(do_long_mode, &got);
		CHECK(f.sig == 0, "signal %d at %lx", f.sig, f.ip);
		CHECK(got == 0x12345678, "%x", got);
	}
}

static void case_clock(void)
{
	struct timespec a;
	long s[2];
	int i;

	for (i = 0; i < 20000; i++) {
		CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0, "clock_gettime");
		CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, s) == 0, "system call");
		CHECK(s[0] > a.tv_sec || (s[0] == a.tv_sec && s[1] >= a.tv_nsec),
		      "the system call is behind the vdso");
		CHECK(s[0] - a.tv_sec <= 1, "a second apart");
	}
}

static __thread int tls_value;

static void *tls_thread(void *arg)
{
	int i, mine = (int)(long)arg;

	tls_value = mine;
	for (i = 0; i < 500; i++) {
		sched_yield();
		if (tls_value != mine)
			return (void *)1;
	}
	return NULL;
}

static void case_tls(void)
{
	pthread_t th[4];
	void *rc;
	long i;

	for (i = 0; i < 4; i++)
		CHECK(pthread_create(&th[i], NULL, tls_thread, (void *)(i + 1)) == 0,
		      "pthread");
	for (i = 0; i < 4; i++) {
		pthread_join(th[i], &rc);
		CHECK(rc == NULL, "thread %ld saw another one's TLS", i);
	}
}

/* The address space ends at 4 GiB, and the kernel knows what this program is. */
static void case_personality(void)
{
	unsigned long top = (unsigned long)&top;
	struct utsname u;

	CHECK(top > 0xc0000000UL, "the stack of a 32-bit program is at %lx", top);
	CHECK(uname(&u) == 0 && !strcmp(u.machine, "x86_64"), "%s", u.machine);
	CHECK(!strcmp((char *)getauxval(AT_PLATFORM), "i686"), "%s",
	      (char *)getauxval(AT_PLATFORM));
}

static const struct ktap_case cases[] = {
	{ "int 0x80", case_int80 },
	{ "vdso entry", case_vdso },
	{ "sysenter", case_sysenter },
	{ "syscall", case_syscall },
	{ "flags", case_flags },
	{ "restart", case_restart },
	{ "signal frames", case_signal_frames },
	{ "64-bit code and back", case_long_mode },
	{ "clock", case_clock },
	{ "thread-local storage", case_tls },
	{ "personality", case_personality },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
