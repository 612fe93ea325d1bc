// SPDX-License-Identifier: GPL-2.0
/*
 * FPU, SSE and AVX state: kept per task over context switches, signals, system calls,
 * faults and fork, and never another task's (the lazy-FPU leak is the classic).
 *
 * Each case fills registers with a pattern of its own and checks all of them after
 * every disturbance.  AVX and XSAVE cases skip where CPUID and XCR0 do not offer it.
 */
#include "ktap.h"

#include <cpuid.h>
#include <fenv.h>
#include <sched.h>
#include <sys/time.h>

#ifdef __x86_64__
#define NR_XMM 16
#else
#define NR_XMM 8
#endif

struct regs {
	uint8_t xmm[16][16];
	uint8_t ymm_high[16][16];
	double st[4];
	uint32_t mxcsr;
	uint16_t fcw;
};

static int have_avx(void)
{
	unsigned int a, b, c, d, lo, hi;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
		return 0;
	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return (lo & 6) == 6;
}

static void pattern(struct regs *r, unsigned int seed)
{
	unsigned int i, j;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < NR_XMM; i++)
		for (j = 0; j < 16; j++) {
			r->xmm[i][j] = seed * 31 + i * 16 + j;
			r->ymm_high[i][j] = seed * 57 + i * 16 + j + 101;
		}
	for (i = 0; i < 4; i++)
		r->st[i] = seed * 1.5 + i;
	r->mxcsr = 0x1f80 | (seed & 3) << 13;
	r->fcw = 0x037f | (seed & 3) << 10;
}

#define EACH8(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#ifdef __x86_64__
#define EACH(X) EACH8(X) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#else
#define EACH(X) EACH8(X)
#endif

static __attribute__((noinline)) void load(const struct regs *r, int avx)
{
	uint8_t (*x)[16] = (void *)r->xmm;

#define LOAD(n) asm volatile("movups %0, %%xmm" #n : : "m" (x[n]));
	EACH(LOAD)
	if (avx) {
		uint8_t (*y)[16] = (void *)r->ymm_high;
#define LOADY(n) asm volatile("vinsertf128 $1, %0, %%ymm" #n ", %%ymm" #n : : "m" (y[n]));
		EACH(LOADY)
	}
	asm volatile("fninit; fldcw %0; fldl %1; fldl %2; fldl %3; fldl %4"
		     : : "m" (r->fcw), "m" (r->st[3]), "m" (r->st[2]), "m" (r->st[1]),
		     "m" (r->st[0]));
	asm volatile("ldmxcsr %0" : : "m" (r->mxcsr));
}

static __attribute__((noinline)) void store(struct regs *r, int avx)
{
	uint8_t (*x)[16] = r->xmm;

#define STORE(n) asm volatile("movups %%xmm" #n ", %0" : "=m" (x[n]));
	EACH(STORE)
	if (avx) {
		uint8_t (*y)[16] = r->ymm_high;
#define STOREY(n) asm volatile("vextractf128 $1, %%ymm" #n ", %0" : "=m" (y[n]));
		EACH(STOREY)
	}
	asm volatile("fstpl %0; fstpl %1; fstpl %2; fstpl %3; fnstcw %4"
		     : "=m" (r->st[0]), "=m" (r->st[1]), "=m" (r->st[2]), "=m" (r->st[3]),
		     "=m" (r->fcw));
	asm volatile("stmxcsr %0; fninit" : "=m" (r->mxcsr));
	fesetenv(FE_DFL_ENV);
}

/* A system call that touches no register of the FPU on our side. */
static inline __attribute__((always_inline)) long raw_syscall(long nr)
{
	long ret;

#ifdef __x86_64__
	asm volatile("syscall" : "=a" (ret) : "0" (nr) : "rcx", "r11", "memory");
#else
	asm volatile("int $0x80" : "=a" (ret) : "0" (nr) : "memory");
#endif
	return ret;
}

static int first_difference(const struct regs *a, const struct regs *b, int avx)
{
	int i;

	for (i = 0; i < NR_XMM; i++)
		if (memcmp(a->xmm[i], b->xmm[i], 16))
			return i + 1;
	for (i = 0; avx && i < NR_XMM; i++)
		if (memcmp(a->ymm_high[i], b->ymm_high[i], 16))
			return i + 101;
	if (memcmp(a->st, b->st, sizeof(a->st)))
		return 201;
	if ((a->mxcsr & 0xffc0) != (b->mxcsr & 0xffc0))
		return 202;
	return a->fcw != b->fcw ? 203 : 0;
}

/* Fill, disturb by a system call (yield: other tasks run), compare. */
static int hammer(unsigned int seed, int rounds, long nr)
{
	int avx = have_avx(), i, diff;
	struct regs want, got;

	for (i = 0; i < rounds; i++) {
		pattern(&want, seed + i);
		memset(&got, 0, sizeof(got));
		load(&want, avx);
		raw_syscall(nr);
		store(&got, avx);
		diff = first_difference(&want, &got, avx);
		if (diff)
			return diff;
	}
	return 0;
}

static void case_syscall(void)
{
	int diff = hammer(1, 2000, SYS_getppid);

	CHECK(!diff, "register %d changed over a system call", diff);
}

static void case_switch(void)
{
	int k, status, bad = 0;
	pid_t pid[6];

	for (k = 0; k < 6; k++) {
		pid[k] = fork();
		if (pid[k] == 0)
			_exit(hammer(k * 1000, 1500, SYS_sched_yield));
		CHECK(pid[k] > 0, "fork");
	}
	for (k = 0; k < 6; k++) {
		waitpid(pid[k], &status, 0);
		if (status)
			bad = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	}
	CHECK(!bad, "register %d changed over a switch", bad);
}

/*
 * Preemption: registers are held over a loop without system calls while siblings do
 * the same; the timer takes the CPU away in between.
 */
static int hold(unsigned int seed, long spins)
{
	int avx = have_avx(), i, diff;
	struct regs want, got;
	volatile long s;

	for (i = 0; i < 30; i++) {
		pattern(&want, seed + i);
		load(&want, avx);
		for (s = 0; s < spins; s++)
			;
		store(&got, avx);
		diff = first_difference(&want, &got, avx);
		if (diff)
			return diff;
	}
	return 0;
}

static void case_preempt(void)
{
	int k, status, bad = 0;
	pid_t pid[4];

	for (k = 0; k < 4; k++) {
		pid[k] = fork();
		if (pid[k] == 0)
			_exit(hold(k * 777, 3000000));
		CHECK(pid[k] > 0, "fork");
	}
	for (k = 0; k < 4; k++) {
		waitpid(pid[k], &status, 0);
		if (status)
			bad = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	}
	CHECK(!bad, "register %d changed while spinning", bad);
}

static volatile int runs;
static volatile int dirty_ok;

/* The handler starts with a clean FPU and may dirty all of it. */
static void on_signal(int sig)
{
	struct regs other;
	uint16_t fcw;

	(void)sig;
	asm volatile("fnstcw %0" : "=m" (fcw));
	dirty_ok = fcw == 0x37f;
	pattern(&other, 99);
	load(&other, have_avx());
	runs++;
}

static void case_signal(void)
{
	int avx = have_avx(), diff = 0, i;
	struct itimerval it = { { 0, 2000 }, { 0, 2000 } };
	struct regs want, got;
	volatile long s;

	signal(SIGALRM, on_signal);
	setitimer(ITIMER_REAL, &it, NULL);
	for (i = 0; i < 200 && runs < 40 && !diff; i++) {
		pattern(&want, i);
		load(&want, avx);
		for (s = 0; s < 1000000; s++)
			;
		store(&got, avx);
		diff = first_difference(&want, &got, avx);
	}
	CHECK(!diff, "register %d changed over a signal", diff);
	CHECK(runs >= 10, "only %d signals", runs);
	CHECK(dirty_ok, "the handler did not start with a clean FPU");
}

static char *fault_page;

static void on_segv(int sig)
{
	struct regs other;

	(void)sig;
	pattern(&other, 77);
	load(&other, have_avx());
	mprotect(fault_page, 4096, PROT_READ | PROT_WRITE);
	runs++;
}

/* A synchronous fault in between, and the page fault the kernel repairs alone. */
static void case_fault(void)
{
	int avx = have_avx(), diff = 0, i;
	struct regs want, got;

	fault_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(fault_page != MAP_FAILED, "mmap");
	signal(SIGSEGV, on_segv);
	for (i = 0; i < 100 && !diff; i++) {
		mprotect(fault_page, 4096, PROT_NONE);
		madvise(fault_page, 4096, MADV_DONTNEED);
		pattern(&want, i);
		load(&want, avx);
		*(volatile char *)fault_page = 1;
		store(&got, avx);
		diff = first_difference(&want, &got, avx);
	}
	CHECK(!diff && runs == 100, "register %d, %d faults", diff, runs);
}

static void case_fork(void)
{
	int avx = have_avx(), status, diff;
	struct regs want, got;
	long pid;

	pattern(&want, 5);
	load(&want, avx);
	pid = raw_syscall(SYS_fork);
	store(&got, avx);
	diff = first_difference(&want, &got, avx);
	if (pid == 0)
		_exit(diff);
	CHECK(pid > 0, "fork");
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "child: register %d",
	      WEXITSTATUS(status));
	CHECK(!diff, "parent: register %d", diff);
}

/* A program just started finds nothing of anybody in its registers. */
static void case_clean(void)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		struct regs r;

		pattern(&r, 3);
		load(&r, have_avx());
		execl("/proc/self/exe", "fpu", "--clean", (char *)NULL);
		_exit(120);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "register %d",
	      WEXITSTATUS(status));
}

/* After exec: the high half of registers that start-up code does not use. */
static int check_clean(void)
{
	struct regs r;
	unsigned int i, j;
	uint32_t mxcsr;

	memset(&r, 0, sizeof(r));
	asm volatile("stmxcsr %0" : "=m" (mxcsr));
	if ((mxcsr & 0xffc0) != 0x1f80)
		return 202;
#ifdef __x86_64__
	{
		uint8_t (*x)[16] = r.xmm;

		asm volatile("movups %%xmm12, %0" : "=m" (x[12]));
		asm volatile("movups %%xmm13, %0" : "=m" (x[13]));
		asm volatile("movups %%xmm14, %0" : "=m" (x[14]));
		asm volatile("movups %%xmm15, %0" : "=m" (x[15]));
	}
#endif
	for (i = 12; i < 16; i++)
		for (j = 0; j < 16; j++)
			if (r.xmm[i][j] == (uint8_t)(3 * 31 + i * 16 + j))
				return i + 1;
	return 0;
}

/* XSAVE: the frame of a signal holds what CPUID promises, and can be edited. */
static void on_xframe(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;
	uint8_t *fx = (uint8_t *)uc->uc_mcontext.fpregs;

	(void)sig;
	(void)si;
#ifdef __i386__
	fx += 112;		/* the FXSAVE image follows the old FSAVE one */
#endif
	runs = fx[160] == 0xa5;			/* xmm0 in the FXSAVE image */
	memset(fx + 160, 0x3c, 16);
}

static void case_frame(void)
{
	struct sigaction sa = { .sa_sigaction = on_xframe, .sa_flags = SA_SIGINFO };
	uint8_t in[16], out[16];
	long pid = getpid(), ret;

	memset(in, 0xa5, sizeof(in));
	sigaction(SIGUSR1, &sa, NULL);
#ifdef __x86_64__
	asm volatile("movups %2, %%xmm0; syscall; movups %%xmm0, %1"
		     : "=a" (ret), "=m" (out) : "m" (in), "0" ((long)SYS_kill), "D" (pid),
		     "S" ((long)SIGUSR1) : "rcx", "r11", "memory", "xmm0");
#else
	asm volatile("movups %2, %%xmm0; int $0x80; movups %%xmm0, %1"
		     : "=a" (ret), "=m" (out) : "m" (in), "0" ((long)SYS_kill), "b" (pid),
		     "c" ((long)SIGUSR1) : "memory");
#endif
	CHECK(ret == 0 && runs, "the frame does not show xmm0");
	CHECK(out[0] == 0x3c && out[15] == 0x3c, "the edited xmm0 was not loaded: %x", out[0]);
}

static void case_xsave(void)
{
	static uint8_t area[16384] __attribute__((aligned(64)));
	unsigned int a, b, c, d, lo, hi, size;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		SKIP("no XSAVE on this CPU");
	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	__cpuid_count(13, 0, a, size, c, d);
	CHECK((lo & 3) == 3, "XCR0 %x", lo);
	CHECK((lo & ~a) == 0, "XCR0 %x has more than CPUID's %x", lo, a);
	CHECK(size >= 576 && size <= c && c <= sizeof(area), "sizes %u %u", size, c);
	asm volatile("xsave %0" : "+m" (area) : "a" (lo), "d" (hi) : "memory");
	asm volatile("xrstor %0" : : "m" (area), "a" (lo), "d" (hi) : "memory");
}

static const struct ktap_case cases[] = {
	{ "kept over system calls", case_syscall },
	{ "kept over context switches", case_switch },
	{ "kept over preemption", case_preempt },
	{ "kept over signals", case_signal },
	{ "kept over faults", case_fault },
	{ "kept over fork", case_fork },
	{ "clean after exec", case_clean },
	{ "signal frame", case_frame },
	{ "xsave", case_xsave },
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--clean"))
		return check_clean();
	return ktap_main(cases, ARRAY_SIZE(cases));
}
