// SPDX-License-Identifier: GPL-2.0
/*
 * Debugging as gdb does it: ptrace breakpoints, single step, hardware breakpoints and
 * watchpoints, registers read and written, threads and forks followed.
 *
 * The debug registers and #DB are the hypervisor's first and the guest's second: DR6,
 * TF and the address must arrive as the CPU gave them, per task.
 */
#include "ktap.h"

#include <sched.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#ifdef __x86_64__
#define R_IP rip
#define R_AX rax
#define R_ORIG orig_rax
#else
#define R_IP eip
#define R_AX eax
#define R_ORIG orig_eax
#endif

static volatile int watched[4] __attribute__((aligned(16)));

/* A few instructions with labels, so that steps and stops can be counted. */
extern const char target_start[], target_middle[], target_end[];
asm(".text\n"
    "target_start: nop\n"
    "nop\n"
    "nop\n"
    "target_middle: nop\n"
    "nop\n"
    "target_end: ret\n");

static void call_target(void)
{
	asm volatile("call target_start" : : : "memory");
}

/* A child that stops, then runs `body` under our eyes. */
static pid_t traced(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid, "fork");
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "status %x", status);
	return pid;
}

static struct user_regs_struct regs_of(pid_t pid)
{
	struct user_regs_struct r;

	CHECK(ptrace(PTRACE_GETREGS, pid, 0, &r) == 0, "GETREGS: %s", strerror(errno));
	return r;
}

static int resume(pid_t pid, int how)
{
	int status;

	CHECK(ptrace(how, pid, 0, 0) == 0, "ptrace %d: %s", how, strerror(errno));
	CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	return status;
}

static int stopped_by(int status, int sig)
{
	return WIFSTOPPED(status) && WSTOPSIG(status) == sig;
}

static siginfo_t info_of(pid_t pid)
{
	siginfo_t si;

	CHECK(ptrace(PTRACE_GETSIGINFO, pid, 0, &si) == 0, "GETSIGINFO");
	return si;
}

static int poke_dr(pid_t pid, int n, unsigned long v)
{
	return ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[n]), v);
}

static unsigned long peek_dr(pid_t pid, int n)
{
	return ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg[n]), 0);
}

/* An int3 planted in shared text, as gdb plants it; then removed and run over. */
static void case_breakpoint(void)
{
	pid_t pid = traced(call_target);
	struct user_regs_struct r;
	long old, at = (long)target_middle;
	int status;

	errno = 0;
	old = ptrace(PTRACE_PEEKTEXT, pid, at, 0);
	CHECK(errno == 0, "PEEKTEXT: %s", strerror(errno));
	CHECK(ptrace(PTRACE_POKETEXT, pid, at, (old & ~0xffL) | 0xcc) == 0, "POKETEXT");
	status = resume(pid, PTRACE_CONT);
	CHECK(stopped_by(status, SIGTRAP), "status %x", status);
	r = regs_of(pid);
	CHECK((unsigned long)r.R_IP == (unsigned long)at + 1, "stopped at %lx", (unsigned long)r.R_IP);
	CHECK(ptrace(PTRACE_POKETEXT, pid, at, old) == 0, "POKETEXT");
	r.R_IP = at;
	CHECK(ptrace(PTRACE_SETREGS, pid, 0, &r) == 0, "SETREGS");
	status = resume(pid, PTRACE_CONT);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
	CHECK(*(const unsigned char *)at == 0x90, "the breakpoint reached our own text");
}

/* Every instruction one stop, in order, with the reason in siginfo and DR6. */
static void case_single_step(void)
{
	pid_t pid = traced(call_target);
	unsigned long ip, last = 0;
	int i, status, inside = 0;

	for (i = 0; i < 3000; i++) {
		status = resume(pid, PTRACE_SINGLESTEP);
		if (!WIFSTOPPED(status))
			break;
		CHECK(stopped_by(status, SIGTRAP), "status %x", status);
		CHECK(info_of(pid).si_code == TRAP_TRACE ||
		      info_of(pid).si_code == TRAP_BRKPT, "code %d", info_of(pid).si_code);
		ip = regs_of(pid).R_IP;
		if (ip >= (unsigned long)target_start && ip <= (unsigned long)target_end) {
			CHECK(!inside || ip == last + 1, "%lx after %lx", ip, last);
			inside++;
		}
		last = ip;
	}
	CHECK(inside == 6, "%d stops in the target, not 6", inside);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
}

static void body_syscalls(void)
{
	int i;

	for (i = 0; i < 3; i++)
		syscall(SYS_getppid);
}

/* Steps over system calls: the stop is right behind, flags are not left with TF. */
static void case_step_syscall(void)
{
	pid_t pid = traced(body_syscalls);
	int i, status = 0;

	for (i = 0; i < 5000; i++) {
		status = resume(pid, PTRACE_SINGLESTEP);
		if (!WIFSTOPPED(status))
			break;
		CHECK(stopped_by(status, SIGTRAP), "status %x after %d steps", status, i);
	}
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
	CHECK(i > 10 && i < 5000, "%d steps", i);
}

/* PTRACE_SYSCALL: entry and exit, number and result, and both can be changed. */
static void case_syscall_stops(void)
{
	pid_t pid = traced(body_syscalls);
	struct user_regs_struct r;
	int status, seen = 0, i;

	CHECK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD) == 0, "options");
	for (i = 0; i < 40; i++) {
		status = resume(pid, PTRACE_SYSCALL);
		if (!WIFSTOPPED(status))
			break;
		CHECK(stopped_by(status, SIGTRAP | 0x80), "status %x", status);
		r = regs_of(pid);
		if ((long)r.R_ORIG != SYS_getppid)
			continue;
		if ((long)r.R_AX == -ENOSYS)
			continue;		/* entry */
		CHECK((long)r.R_AX == getpid(), "result %ld", (long)r.R_AX);
		seen++;
	}
	CHECK(seen == 3, "%d system calls seen", seen);
}

static void body_writes(void)
{
	watched[1] = 1;
	watched[0] = 2;
	watched[2] = watched[0];
	watched[0] = 3;
}

#define DR7_L(n)		(1UL << ((n) * 2))
#define DR7_RW_LEN(n, rw, len)	((unsigned long)((rw) | (len) << 2) << (16 + (n) * 4))
#define RW_X	0
#define RW_W	1
#define RW_RW	3
#define LEN_1	0
#define LEN_4	3

static void case_watch_write(void)
{
	pid_t pid = traced(body_writes);
	int status, hits = 0;
	long v;

	CHECK(poke_dr(pid, 0, (unsigned long)&watched[0]) == 0, "DR0: %s", strerror(errno));
	CHECK(poke_dr(pid, 7, DR7_L(0) | DR7_RW_LEN(0, RW_W, LEN_4)) == 0, "DR7: %s",
	      strerror(errno));
	for (;;) {
		status = resume(pid, PTRACE_CONT);
		if (!WIFSTOPPED(status))
			break;
		CHECK(stopped_by(status, SIGTRAP), "status %x", status);
		CHECK(info_of(pid).si_code == TRAP_HWBKPT, "code %d", info_of(pid).si_code);
		CHECK(peek_dr(pid, 6) & 1, "DR6 %lx", peek_dr(pid, 6));
		v = ptrace(PTRACE_PEEKDATA, pid, &watched[0], 0);
		CHECK((int)v == hits + 2, "value %d at hit %d", (int)v, hits);
		hits++;
		poke_dr(pid, 6, 0);
	}
	CHECK(hits == 2, "%d hits", hits);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
}

/* Read and write watch in another slot; reads of the neighbour do not count. */
static void case_watch_access(void)
{
	pid_t pid = traced(body_writes);
	int status, hits = 0;

	CHECK(poke_dr(pid, 3, (unsigned long)&watched[0]) == 0, "DR3");
	CHECK(poke_dr(pid, 7, DR7_L(3) | DR7_RW_LEN(3, RW_RW, LEN_4)) == 0, "DR7");
	for (;;) {
		status = resume(pid, PTRACE_CONT);
		if (!WIFSTOPPED(status))
			break;
		CHECK(stopped_by(status, SIGTRAP), "status %x", status);
		CHECK(peek_dr(pid, 6) & 8, "DR6 %lx", peek_dr(pid, 6));
		hits++;
		poke_dr(pid, 6, 0);
	}
	CHECK(hits == 3, "%d hits", hits);
}

static void body_target_twice(void)
{
	call_target();
	call_target();
}

static void case_hw_breakpoint(void)
{
	pid_t pid = traced(body_target_twice);
	int status, hits = 0;

	CHECK(poke_dr(pid, 1, (unsigned long)target_middle) == 0, "DR1");
	CHECK(poke_dr(pid, 7, DR7_L(1) | DR7_RW_LEN(1, RW_X, LEN_1)) == 0, "DR7");
	for (;;) {
		status = resume(pid, PTRACE_CONT);
		if (!WIFSTOPPED(status))
			break;
		CHECK(stopped_by(status, SIGTRAP), "status %x", status);
		CHECK((long)regs_of(pid).R_IP == (long)target_middle, "stopped at %lx",
		      (unsigned long)regs_of(pid).R_IP);
		CHECK(peek_dr(pid, 6) & 2, "DR6 %lx", peek_dr(pid, 6));
		hits++;
		CHECK(hits < 10, "no way past the breakpoint");
	}
	CHECK(hits == 2, "%d hits", hits);
}

/* The kernel's own memory and the hypervisor's cannot be watched. */
static void case_watch_refused(void)
{
	pid_t pid = traced(body_writes);
#ifdef __x86_64__
	static const unsigned long bad[] = { 0xffffffff81000000, 0xffff800000000000,
					     0xffff82d080000000, 0xffff87fffffff000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		int rc = poke_dr(pid, 0, bad[i]);

		if (rc == 0)
			rc = poke_dr(pid, 7, DR7_L(0) | DR7_RW_LEN(0, RW_RW, LEN_4));
		CHECK(rc == -1, "%lx accepted", bad[i]);
	}
#endif
	CHECK(poke_dr(pid, 0, (unsigned long)&watched[0]) == 0, "DR0");
	CHECK(poke_dr(pid, 7, DR7_L(0) | DR7_RW_LEN(0, 2 /* I/O */, LEN_4)) == -1,
	      "an I/O breakpoint was accepted");
	kill(pid, SIGKILL);
}

/* A watchpoint is its task's alone: a sibling writes the same address unhindered. */
static void body_loop_write(void)
{
	int i;

	for (i = 0; i < 200; i++) {
		watched[1] = i;
		sched_yield();
	}
	watched[0] = 1;
}

static void case_watch_per_task(void)
{
	pid_t pid = traced(body_loop_write), other;
	int status, i;

	CHECK(poke_dr(pid, 0, (unsigned long)&watched[0]) == 0, "DR0");
	CHECK(poke_dr(pid, 7, DR7_L(0) | DR7_RW_LEN(0, RW_W, LEN_4)) == 0, "DR7");
	other = fork();
	if (other == 0) {
		for (i = 0; i < 500; i++) {
			watched[0] = i;
			sched_yield();
		}
		_exit(0);
	}
	status = resume(pid, PTRACE_CONT);
	CHECK(stopped_by(status, SIGTRAP), "status %x", status);
	CHECK((int)ptrace(PTRACE_PEEKDATA, pid, &watched[0], 0) == 1, "wrong moment");
	CHECK(waitpid(other, &status, 0) == other && status == 0, "sibling %x", status);
	kill(pid, SIGKILL);
}

/* TF set by the program itself, and over a system call. */
static volatile int traps;

static void on_trap(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)si;
	(void)ctx;
	traps++;
}

static void case_self_step(void)
{
	struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &sa, NULL);
#ifdef __x86_64__
	asm volatile("pushf; orl $0x100, (%%rsp); popf; nop; nop; mov %0, %%eax; syscall;"
		     "nop; pushf; andl $~0x100, (%%rsp); popf"
		     : : "i" (SYS_getppid) : "rax", "rcx", "r11", "memory", "cc");
#else
	asm volatile("pushf; orl $0x100, (%%esp); popf; nop; nop; mov %0, %%eax; int $0x80;"
		     "nop; pushf; andl $~0x100, (%%esp); popf"
		     : : "i" (SYS_getppid) : "eax", "memory", "cc");
#endif
	/*
	 * nop nop mov syscall nop pushf and popf: 8 instructions; POPF of a clear TF
	 * still traps behind itself.
	 */
	CHECK(traps >= 7 && traps <= 9, "%d traps", traps);
}

/* MOV SS holds a watchpoint's #DB back to behind the next instruction. */
#ifdef __x86_64__
static void body_mov_ss(void)
{
	static uint16_t ss;
	long ax;

	asm volatile("mov %%ss, %0" : "=m" (ss));
	watched[3] = 0;
	asm volatile("mov %1, %%ss; syscall" : "=a" (ax)
		     : "m" (ss), "0" ((long)SYS_getppid) : "rcx", "r11", "memory");
	asm volatile("mov %0, %%ss; int3" : : "m" (ss) : "memory");
}

static void case_mov_ss(void)
{
	pid_t pid = traced(body_mov_ss);
	int status = 0, i;

	for (i = 0; i < 2000; i++) {
		status = resume(pid, PTRACE_SINGLESTEP);
		if (!WIFSTOPPED(status))
			break;
		CHECK(stopped_by(status, SIGTRAP), "status %x", status);
	}
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
}
#endif

/* Registers of a stopped task read back as written; the segments are the kernel's. */
static void case_registers(void)
{
	pid_t pid = traced(body_syscalls);
	struct user_regs_struct r = regs_of(pid), q;
	struct user_fpregs_struct f;

#ifdef __x86_64__
	r.r15 = 0x1122334455667788;
	r.rbx = ~0UL;
#else
	r.ebx = 0x11223344;
#endif
	r.eflags |= 0x3000 | 0x200 | 1;
	CHECK(ptrace(PTRACE_SETREGS, pid, 0, &r) == 0, "SETREGS: %s", strerror(errno));
	q = regs_of(pid);
#ifdef __x86_64__
	CHECK(q.r15 == r.r15 && q.rbx == r.rbx, "lost");
	r.cs = 0x10;
	CHECK(ptrace(PTRACE_SETREGS, pid, 0, &r) == -1, "CS of the kernel accepted");
	r = regs_of(pid);
	r.fs_base = 0xffff800000000000;
	CHECK(ptrace(PTRACE_SETREGS, pid, 0, &r) == -1, "FS base in the kernel accepted");
#else
	CHECK(q.ebx == r.ebx, "lost");
	r.xcs = 0x10;
	CHECK(ptrace(PTRACE_SETREGS, pid, 0, &r) == -1, "CS of the kernel accepted");
#endif
	CHECK(!(q.eflags & 0x3000), "IOPL accepted: %lx", (unsigned long)q.eflags);
	CHECK(ptrace(PTRACE_GETFPREGS, pid, 0, &f) == 0, "GETFPREGS");
	kill(pid, SIGKILL);
}

static const struct ktap_case cases[] = {
	{ "breakpoint", case_breakpoint },
	{ "single step", case_single_step },
	{ "single step over system calls", case_step_syscall },
	{ "system call stops", case_syscall_stops },
	{ "watchpoint, write", case_watch_write },
	{ "watchpoint, access", case_watch_access },
	{ "hardware breakpoint", case_hw_breakpoint },
	{ "watchpoint refused", case_watch_refused },
	{ "watchpoint per task", case_watch_per_task },
	{ "trap flag of its own", case_self_step },
#ifdef __x86_64__
	{ "mov ss and single step", case_mov_ss },
#endif
	{ "registers", case_registers },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
