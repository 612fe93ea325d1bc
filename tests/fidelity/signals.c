// SPDX-License-Identifier: GPL-2.0
/*
 * Signals as the CPU causes them: which signal, which si_code, which address, trap
 * number and error code; alternate stacks; what a handler may change on return.
 *
 * A PV guest gets its exceptions from a hypervisor that forwards them: a wrong error
 * code or CR2, a lost flag or a stack that is not the right one shows here.
 */
#include "ktap.h"

#include <cpuid.h>
#include <fcntl.h>
#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>

#ifdef __x86_64__
#define IP REG_RIP
#define SP REG_RSP
#define AX REG_RAX
#else
#define IP REG_EIP
#define SP REG_ESP
#define AX REG_EAX
#endif

static void do_read(void *p)
{
	(void)*(volatile char *)p;
}

static void do_write(void *p)
{
	*(volatile char *)p = 1;
}

static void do_exec(void *p)
{
	((void (*)(void))p)();
}

/* Page faults: address, access bits, SEGV_MAPERR against SEGV_ACCERR. */
static void case_page_fault(void)
{
	char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct fault f;

	CHECK(ro != MAP_FAILED && none != MAP_FAILED, "mmap");
	f = fault_catch(do_read, (void *)0x1230);
	CHECK(f.sig == SIGSEGV && f.code == SEGV_MAPERR, "sig %d code %d", f.sig, f.code);
	CHECK(f.addr == 0x1230 && f.trapno == 14 && f.err == 4, "addr %lx trap %d err %lx",
	      f.addr, f.trapno, f.err);
	do_read(ro);
	f = fault_catch(do_write, ro + 5);
	CHECK(f.sig == SIGSEGV && f.code == SEGV_ACCERR && f.addr == (unsigned long)ro + 5,
	      "sig %d code %d addr %lx", f.sig, f.code, f.addr);
	CHECK(f.err == 7, "a write to a present page: error %lx", f.err);
	f = fault_catch(do_write, none);
	CHECK(f.sig == SIGSEGV && f.code == SEGV_ACCERR && (f.err & ~1UL) == 6,
	      "sig %d code %d err %lx", f.sig, f.code, f.err);
	f = fault_catch(do_exec, ro);
	CHECK(f.sig == SIGSEGV && f.code == SEGV_ACCERR && f.err & 0x10,
	      "execution of data: sig %d code %d err %lx", f.sig, f.code, f.err);
	CHECK(f.ip == (unsigned long)ro && f.addr == f.ip, "ip %lx addr %lx", f.ip, f.addr);
}

#ifdef __x86_64__
/* The halves of the address space, the hole, and the hypervisor's own range. */
static void case_address_space(void)
{
	static const unsigned long kernel[] = {
		0xffff800000000000, 0xffff807fffffffff, 0xffff820000000000,
		0xffff82d080000000, 0xffff87fffffff000, 0xffff888000000000,
		0xffffc90000000000, 0xffffffff81000000, 0xffffffffff5fb000,
		0xfffffffffffffff8,
	};
	/* not canonical with four nor with five levels; last, the edges with four */
	static const unsigned long hole[] = {
		0x1234567812345678, 0x0100000000000000, 0xfefffffffffffff8,
		0x800000000000, 0xffff7ffffffffff8,
	};
	unsigned int a, b, c, d, la57;
	struct fault f;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(kernel); i++) {
		for (k = 0; k < 3; k++) {
			f = fault_catch(k == 0 ? do_read : k == 1 ? do_write : do_exec,
					(void *)kernel[i]);
			CHECK(f.sig == SIGSEGV && f.trapno == 14, "%lx: sig %d trap %d",
			      kernel[i], f.sig, f.trapno);
			CHECK(f.addr == kernel[i], "%lx: addr %lx", kernel[i], f.addr);
			CHECK(f.err & 4, "%lx: error %lx", kernel[i], f.err);
		}
	}
	la57 = __get_cpuid_count(7, 0, &a, &b, &c, &d) && c & 1 << 16;
	for (i = 0; i < ARRAY_SIZE(hole); i++) {
		f = fault_catch(do_read, (void *)hole[i]);
		if (la57 && i >= 3 && f.sig == SIGSEGV && f.trapno == 14)
			continue;
		CHECK(f.sig == SIGSEGV && f.trapno == 13 && f.addr == 0,
		      "%lx: sig %d trap %d addr %lx", hole[i], f.sig, f.trapno, f.addr);
	}
}
#endif

static void do_divide(void *arg)
{
	volatile int zero = 0, one = 1;

	(void)arg;
	one = one / zero;
}

static void do_ud2(void *arg)
{
	(void)arg;
	asm volatile("ud2");
}

/* The forced-emulation prefix is the hypervisor's; without CPUID it is just #UD. */
static void do_fep_nop(void *arg)
{
	(void)arg;
	asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; nop");
}

static void do_gp(void *arg)
{
	(void)arg;
	asm volatile("hlt");
}

#ifdef __x86_64__
static void do_fpe(void *arg)
{
	volatile double zero = 0.0, r;

	(void)arg;
	feenableexcept(FE_DIVBYZERO);
	r = 1.0 / zero;
	(void)r;
}
#endif

static void do_x87(void *arg)
{
	(void)arg;
	feenableexcept(FE_DIVBYZERO);
	asm volatile("fld1; fldz; fdivrp; fwait; fstp %%st(0)" : : : "memory");
}

static void case_exceptions(void)
{
	struct fault f = fault_catch(do_divide, NULL);

	CHECK(f.sig == SIGFPE && f.code == FPE_INTDIV && f.trapno == 0, "sig %d code %d",
	      f.sig, f.code);
	CHECK(f.addr == f.ip, "addr %lx ip %lx", f.addr, f.ip);
	f = fault_catch(do_ud2, NULL);
	CHECK(f.sig == SIGILL && f.code == ILL_ILLOPN && f.trapno == 6, "sig %d code %d",
	      f.sig, f.code);
	CHECK(f.addr == f.ip, "addr %lx ip %lx", f.addr, f.ip);
	f = fault_catch(do_fep_nop, NULL);
	CHECK(f.sig == SIGILL && f.trapno == 6, "prefix without cpuid: sig %d", f.sig);
	f = fault_catch(do_gp, NULL);
	CHECK(f.sig == SIGSEGV && f.code == SI_KERNEL && f.trapno == 13 && f.err == 0,
	      "sig %d code %d err %lx", f.sig, f.code, f.err);
}

static void case_x87(void)
{
	struct fault f = fault_catch(do_x87, NULL);

	CHECK(f.sig == SIGFPE && f.code == FPE_FLTDIV && f.trapno == 16,
	      "sig %d code %d trap %d", f.sig, f.code, f.trapno);
}

#ifdef __x86_64__
static void case_sse(void)
{
	struct fault f = fault_catch(do_fpe, NULL);

	if (f.sig == 0)
		SKIP("this CPU (or emulator) raises no SIMD exceptions");
	CHECK(f.sig == SIGFPE && f.code == FPE_FLTDIV && f.trapno == 19,
	      "sig %d code %d trap %d", f.sig, f.code, f.trapno);
}
#endif

static void do_ac(void *arg)
{
	/* no library code between the two POPFs: it may be misaligned itself */
	asm volatile("pushf; orl $0x40000, (%%"
#ifdef __x86_64__
		     "rsp"
#else
		     "esp"
#endif
		     "); popf; mov (%0), %%eax; pushf; andl $~0x40000, (%%"
#ifdef __x86_64__
		     "rsp"
#else
		     "esp"
#endif
		     "); popf" : : "r" ((char *)arg + 1) : "eax", "memory", "cc");
}

/* Alignment checking: CR0.AM is the guest's, EFLAGS.AC the program's. */
static void case_alignment(void)
{
	static long data[4];
	struct fault f = fault_catch(do_ac, data);

	if (f.sig == 0)
		SKIP("this CPU (or emulator) does not check alignment");
	CHECK(f.sig == SIGBUS && f.code == BUS_ADRALN && f.trapno == 17,
	      "sig %d code %d trap %d", f.sig, f.code, f.trapno);
}

static void case_sigbus(void)
{
	char name[] = "/tmp/fidelity-XXXXXX";
	int fd = mkstemp(name);
	struct fault f;
	char *p;

	CHECK(fd >= 0, "mkstemp: %s", strerror(errno));
	unlink(name);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED, "mmap");
	f = fault_catch(do_write, p + 7);
	CHECK(f.sig == SIGBUS && f.code == BUS_ADRERR && f.addr == (unsigned long)p + 7,
	      "sig %d code %d addr %lx", f.sig, f.code, f.addr);
}

/* Alternate stacks. */

static char alt[65536] __attribute__((aligned(4096)));
static volatile int on_alt, depth, runs;

static void on_usr1(int sig, siginfo_t *si, void *ctx)
{
	char here;

	(void)si;
	(void)ctx;
	runs++;
	on_alt = &here >= alt && &here < alt + sizeof(alt);
	if (depth-- > 0)
		raise(sig);
}

static void set_alt(int flags)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt), .ss_flags = flags };

	CHECK(sigaltstack(&ss, NULL) == 0, "sigaltstack: %s", strerror(errno));
}

static void handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	CHECK(sigaction(sig, &sa, NULL) == 0, "sigaction");
}

static void case_altstack(void)
{
	set_alt(0);
	handle(SIGUSR1, on_usr1, SA_ONSTACK | SA_NODEFER);
	depth = 0;
	raise(SIGUSR1);
	CHECK(on_alt && runs == 1, "on the wrong stack");
	depth = 5;
	runs = 0;
	raise(SIGUSR1);
	CHECK(runs == 6 && on_alt, "nested: %d runs", runs);
	handle(SIGUSR1, on_usr1, 0);
	depth = 0;
	raise(SIGUSR1);
	CHECK(!on_alt, "on the alternate stack without SA_ONSTACK");
}

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif
static void case_autodisarm(void)
{
	stack_t now;

	set_alt(SS_AUTODISARM);
	handle(SIGUSR1, on_usr1, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(on_alt, "not on the alternate stack");
	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_sp == alt, "not armed again");
}

static volatile unsigned long overflow_addr, overflow_sp;
static sigjmp_buf overflow_exit;

static void on_overflow(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)sig;
	overflow_addr = (unsigned long)si->si_addr;
	overflow_sp = uc->uc_mcontext.gregs[SP];
	siglongjmp(overflow_exit, 1);
}

static int __attribute__((noinline)) recurse(int n)
{
	volatile char pad[512];

	pad[0] = n;
	if (n == INT32_MAX)
		return 0;
	return recurse(n + 1) + pad[0];
}

/* Only an alternate stack lets a program survive its own stack's end. */
static void case_stack_overflow(void)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };

	CHECK(setrlimit(RLIMIT_STACK, &rl) == 0, "setrlimit");
	set_alt(0);
	handle(SIGSEGV, on_overflow, SA_ONSTACK);
	if (sigsetjmp(overflow_exit, 1) == 0) {
		recurse(0);
		CHECK(0, "the stack has no end");
	}
	CHECK(overflow_addr + 65536 > overflow_sp && overflow_addr < overflow_sp + 65536,
	      "fault at %lx, stack pointer %lx", overflow_addr, overflow_sp);
}

/* A handler edits the context; it is what runs on. */
static void on_edit(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)sig;
	(void)si;
	uc->uc_mcontext.gregs[IP] += 2;		/* over ud2 */
	uc->uc_mcontext.gregs[AX] = 0x1234;
	uc->uc_mcontext.gregs[REG_EFL] |= 1;	/* carry */
}

static void case_context(void)
{
	unsigned char carry;
	long ax;

	handle(SIGILL, on_edit, 0);
	asm volatile("clc; ud2; setc %1" : "=a" (ax), "=q" (carry) : "0" (0L) : "cc");
	CHECK(ax == 0x1234 && carry, "ax %lx carry %d", ax, carry);
}

/* What sigreturn must not let through: IOPL, IF and VM of the frame. */
static void on_flags(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)sig;
	(void)si;
	uc->uc_mcontext.gregs[REG_EFL] |= 0x3000 | 0x20000 | 0x180000;
	uc->uc_mcontext.gregs[REG_EFL] &= ~0x200;
}

static void case_sigreturn_flags(void)
{
	unsigned long flags;

	handle(SIGUSR1, on_flags, 0);
	raise(SIGUSR1);
	asm volatile("pushf; pop %0" : "=r" (flags));
	CHECK((flags & 0x200) && !(flags & (0x3000 | 0x20000 | 0x180000)), "%lx", flags);
}

/* sigreturn to a kernel selector or a hole dies; to RPL 0 of user CS never works. */
static void on_bad_ip(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)sig;
	(void)si;
#ifdef __x86_64__
	uc->uc_mcontext.gregs[IP] = 0x800000000000;
#else
	uc->uc_mcontext.gregs[IP] = 0xfffffff0;
#endif
}

static void on_bad_cs(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)sig;
	(void)si;
#ifdef __x86_64__
	uc->uc_mcontext.gregs[REG_CSGSFS] =
		(uc->uc_mcontext.gregs[REG_CSGSFS] & ~0xffffLL) | 0x10;
#else
	uc->uc_mcontext.gregs[REG_CS] = 0x10;
#endif
}

static void sigreturn_dies(void (*fn)(int, siginfo_t *, void *))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		handle(SIGUSR1, fn, 0);
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %x", status);
}

static void case_sigreturn_bad(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		sigreturn_dies(on_bad_ip);
		sigreturn_dies(on_bad_cs);
	}
}

/* Interval timers interrupt a program that never enters the kernel. */
static volatile sig_atomic_t ticks;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void case_interrupts(void)
{
	struct itimerval it = { { 0, 5000 }, { 0, 5000 } };
	volatile unsigned long n = 0;
	uint32_t acc = 1, want = 1;
	unsigned long i;

	signal(SIGALRM, on_tick);
	setitimer(ITIMER_REAL, &it, NULL);
	while (ticks < 30 && n < 4000000000UL) {
		acc = acc * 1664525 + 1013904223;
		n++;
	}
	memset(&it, 0, sizeof(it));
	setitimer(ITIMER_REAL, &it, NULL);
	CHECK(ticks >= 30, "%d ticks", (int)ticks);
	for (i = 0; i < n; i++)
		want = want * 1664525 + 1013904223;
	CHECK(want == acc, "interrupted arithmetic went wrong");
}

static const struct ktap_case cases[] = {
	{ "page faults", case_page_fault },
#ifdef __x86_64__
	{ "address space", case_address_space },
#endif
	{ "exceptions", case_exceptions },
	{ "x87 exception", case_x87 },
#ifdef __x86_64__
	{ "simd exception", case_sse },
#endif
	{ "alignment check", case_alignment },
	{ "bus error", case_sigbus },
	{ "alternate stack", case_altstack },
	{ "alternate stack, autodisarm", case_autodisarm },
	{ "stack overflow", case_stack_overflow },
	{ "context edited", case_context },
	{ "sigreturn flags", case_sigreturn_flags },
	{ "sigreturn to nowhere", case_sigreturn_bad },
	{ "interval timer", case_interrupts },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
