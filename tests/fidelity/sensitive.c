// SPDX-License-Identifier: GPL-2.0
/*
 * The 17 sensitive unprivileged instructions of x86 in ring 3: the ones that read or
 * change what a hypervisor owns without trapping everywhere (SGDT, SIDT, SLDT, SMSW,
 * STR, PUSHF, POPF, LAR, LSL, VERR, VERW, POP and PUSH of segments, MOV of segments,
 * far CALL, far JMP, far RET, INT n).
 *
 * Expectations are those a program has on bare Linux.  Selectors of the hypervisor
 * differ (a PV guest's user CS may be 0x33 or 0xe033), so nothing is compared with
 * a fixed selector: what runs must run, what faults must be the same signal.
 */
#include "ktap.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <sched.h>

#define FLAG_CF		0x1UL
#define FLAG_ZF		0x40UL
#define FLAG_TF		0x100UL
#define FLAG_IF		0x200UL
#define FLAG_DF		0x400UL
#define FLAG_IOPL	0x3000UL
#define FLAG_NT		0x4000UL
#define FLAG_AC		0x40000UL
#define FLAG_VIF	0x180000UL
#define FLAG_ID		0x200000UL

struct table_reg {
	uint16_t limit;
	unsigned long base;
} __attribute__((packed));

static unsigned int read_cs(void)
{
	unsigned int v;

	asm volatile("mov %%cs, %0" : "=r" (v));
	return v;
}

static unsigned int read_ss(void)
{
	unsigned int v;

	asm volatile("mov %%ss, %0" : "=r" (v));
	return v;
}

static void do_sgdt(void *p)
{
	asm volatile("sgdt (%0)" : : "r" (p) : "memory");
}

static void do_sidt(void *p)
{
	asm volatile("sidt (%0)" : : "r" (p) : "memory");
}

#ifdef __x86_64__
static void do_touch(void *p)
{
	(void)*(volatile unsigned char *)p;
}
#endif

/*
 * Either the CPU answers, or UMIP makes it trap and Linux answers with made-up
 * values; never a signal.  Ring 3 must not be able to read what the base names.
 */
static void table_register(void (*store)(void *))
{
	struct table_reg t = { .base = ~0UL };
	struct fault f = fault_catch(store, &t);

	CHECK(f.sig == 0, "signal %d, si_code %d", f.sig, f.code);
	CHECK(t.base != ~0UL, "base not stored");
#ifdef __x86_64__
	CHECK(t.base >> 47 == 0x1ffff, "base %lx", t.base);
	f = fault_catch(do_touch, (void *)t.base);
	CHECK(f.sig == SIGSEGV, "the table at %lx is readable from ring 3", t.base);
#endif
}

static void case_sgdt(void)
{
	table_register(do_sgdt);
}

static void case_sidt(void)
{
	table_register(do_sidt);
}

static void do_sldt(void *p)
{
	unsigned long v = ~0UL;
	uint16_t m = 0xffff;

	asm volatile("sldt %0" : "=r" (v));
	asm volatile("sldt %0" : "=m" (m));
	((unsigned long *)p)[0] = v;
	((unsigned long *)p)[1] = m;
}

static void case_sldt(void)
{
	unsigned long v[2] = { 0 };
	struct fault f = fault_catch(do_sldt, v);

	CHECK(f.sig == 0, "signal %d", f.sig);
	CHECK((v[0] & 0xffff) == v[1], "register %lx, memory %lx", v[0], v[1]);
}

static void do_str(void *p)
{
	unsigned long v = ~0UL;
	uint16_t m = 0xffff;

	asm volatile("str %0" : "=r" (v));
	asm volatile("str %0" : "=m" (m));
	((unsigned long *)p)[0] = v;
	((unsigned long *)p)[1] = m;
}

static void case_str(void)
{
	unsigned long v[2] = { 0 };
	struct fault f = fault_catch(do_str, v);

	CHECK(f.sig == 0, "signal %d", f.sig);
	CHECK((v[0] & 0xffff) == v[1], "register %lx, memory %lx", v[0], v[1]);
	CHECK(v[1] != 0, "the task register is never empty");
}

static void do_smsw(void *p)
{
	unsigned long v = 0;
	uint16_t m = 0;

	asm volatile("smsw %0" : "=r" (v));
	asm volatile("smsw %0" : "=m" (m));
	((unsigned long *)p)[0] = v;
	((unsigned long *)p)[1] = m;
}

static void case_smsw(void)
{
	unsigned long v[2] = { 0 };
	struct fault f = fault_catch(do_smsw, v);

	CHECK(f.sig == 0, "signal %d", f.sig);
	CHECK((v[0] & 0xffff) == v[1], "register %lx, memory %lx", v[0], v[1]);
	CHECK(v[1] & 1, "protection enable is set in %lx", v[1]);
	CHECK(!(v[1] & 8), "task switched is clear while a program runs: %lx", v[1]);
}

static unsigned long pushf(void)
{
	unsigned long v;

	asm volatile("pushf; pop %0" : "=r" (v));
	return v;
}

static void popf(unsigned long v)
{
	asm volatile("push %0; popf" : : "r" (v) : "cc", "memory");
}

static void case_pushf(void)
{
	unsigned long v = pushf();

	CHECK(v & FLAG_IF, "interrupts are on: %lx", v);
	CHECK(v & 2, "bit 1 is always set: %lx", v);
	CHECK(!(v & (FLAG_IOPL | FLAG_NT | FLAG_TF | FLAG_VIF)), "%lx", v);
}

/* POPF silently ignores what ring 3 may not change, and changes what it may. */
static void case_popf(void)
{
	unsigned long old = pushf(), got;

	popf(old & ~FLAG_IF);
	got = pushf();
	CHECK(got & FLAG_IF, "IF cleared: %lx", got);
	popf(old | FLAG_IOPL);
	got = pushf();
	CHECK(!(got & FLAG_IOPL), "IOPL raised: %lx", got);
	popf(old | FLAG_VIF);
	got = pushf();
	CHECK(!(got & FLAG_VIF), "VIF or VIP set: %lx", got);
	popf(old | FLAG_AC | FLAG_ID | FLAG_DF | FLAG_CF | FLAG_NT);
	got = pushf();
	popf(old);
	CHECK((got & (FLAG_AC | FLAG_ID | FLAG_DF | FLAG_CF | FLAG_NT)) ==
	      (FLAG_AC | FLAG_ID | FLAG_DF | FLAG_CF | FLAG_NT), "%lx", got);
}

/* Flags a program set survive a system call, and do not reach another process. */
static void case_popf_syscall(void)
{
	unsigned long old = pushf(), got;
	int status;
	pid_t pid;

	popf(old | FLAG_NT | FLAG_AC | FLAG_ID);
	syscall(SYS_getppid);
	got = pushf();
	popf(old);
	CHECK((got & (FLAG_NT | FLAG_AC | FLAG_ID)) == (FLAG_NT | FLAG_AC | FLAG_ID),
	      "%lx", got);
	CHECK(!(got & FLAG_IOPL) && (got & FLAG_IF), "%lx", got);
	pid = fork();
	if (pid == 0)
		_exit(!!(pushf() & (FLAG_NT | FLAG_AC)));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status %x", status);
}

static void do_trap_flag(void *arg)
{
	(void)arg;
	popf(pushf() | FLAG_TF);
	asm volatile("nop; nop");
}

static void case_popf_tf(void)
{
	struct fault f = fault_catch(do_trap_flag, NULL);

	CHECK(f.sig == SIGTRAP && f.code == 2 /* TRAP_TRACE */, "signal %d code %d",
	      f.sig, f.code);
}

static int lar(unsigned int sel, unsigned long *rights)
{
	unsigned long v = 0;
	unsigned char zf;

	asm volatile("lar %2, %0; setz %1" : "+r" (v), "=q" (zf)
		     : "r" ((unsigned long)sel));
	*rights = v;
	return zf;
}

static int lsl(unsigned int sel, unsigned long *limit)
{
	unsigned long v = 0;
	unsigned char zf;

	asm volatile("lsl %2, %0; setz %1" : "+r" (v), "=q" (zf)
		     : "r" ((unsigned long)sel));
	*limit = v;
	return zf;
}

static int verr(unsigned int sel)
{
	unsigned char zf;

	asm volatile("verr %w1; setz %0" : "=q" (zf) : "r" (sel));
	return zf;
}

static int verw(unsigned int sel)
{
	unsigned char zf;

	asm volatile("verw %w1; setz %0" : "=q" (zf) : "r" (sel));
	return zf;
}

/* No descriptor of the kernel or the hypervisor answers ring 3. */
static void case_lar(void)
{
	unsigned long r;
	unsigned int sel;

	CHECK(lar(read_cs(), &r), "own CS is invisible");
	CHECK((r & 0xf800) == 0xf800, "own CS is ring 3 code: %lx", r);
	CHECK(lar(read_ss(), &r), "own SS is invisible");
	CHECK((r & 0xfe00) == 0xf200, "own SS is ring 3 data: %lx", r);
	CHECK(!lar(0, &r), "the null selector");
	for (sel = 3; sel < 0x10000; sel += 8)
		if (lar(sel, &r))
			CHECK((r & 0x7000) == 0x7000, "sel %x has rights %lx", sel, r);
}

static void case_lsl(void)
{
	unsigned int cpu, node;
	unsigned long l;
	cpu_set_t first;

	/* PV Linux fills the entry read below on its first CPU only */
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	CHECK(sched_setaffinity(0, sizeof(first), &first) == 0, "affinity");
	CHECK(lsl(read_ss(), &l), "own SS is invisible");
	CHECK((l & 0xffffffff) == 0xffffffff, "limit %lx", l);
	CHECK(!lsl(0, &l), "the null selector");
	/* Linux keeps CPU and node in the limit of GDT entry 15, for getcpu() */
	CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0, "getcpu");
	if (!lsl(15 * 8 + 3, &l))
		CHECK(0, "the CPU number's descriptor is invisible");
	CHECK((l & 0xfff) < 4096 && (l >> 12) == node, "limit %lx, node %u", l, node);
}

static void case_verr(void)
{
	CHECK(verr(read_cs()), "own code is readable");
	CHECK(verr(read_ss()), "own stack is readable");
	CHECK(!verr(0), "null");
	CHECK(!verr(0x10 | 3), "the kernel's code");
	CHECK(!verr(0xfff8 | 3), "beyond the table");
}

static void case_verw(void)
{
	CHECK(!verw(read_cs()), "code is not writable");
	CHECK(verw(read_ss()), "own stack is writable");
	CHECK(!verw(0), "null");
	CHECK(!verw(0x18 | 3), "the kernel's data");
	CHECK(!verw(0xfff8 | 3), "beyond the table");
}

static void do_pop_fs(void *arg)
{
	asm volatile("push %0; pop %%fs" : : "r" (*(unsigned long *)arg));
}

static void do_pop_gs(void *arg)
{
	asm volatile("push %0; pop %%gs" : : "r" (*(unsigned long *)arg));
}

static unsigned long push_fs(void)
{
	unsigned long v;

	asm volatile("push %%fs; pop %0" : "=r" (v));
	return v & 0xffff;
}

static unsigned long push_gs(void)
{
	unsigned long v;

	asm volatile("push %%gs; pop %0" : "=r" (v));
	return v & 0xffff;
}

/* In a child: a wrong FS would take the C library down with it. */
static void pop_segment(void (*pop)(void *), unsigned long (*push)(void))
{
	unsigned long bad[] = { 0xfff8 | 3, 0x10, 0x13, 0xe008 };
	unsigned long sel = push();
	struct fault f;
	unsigned int i;

	f = fault_catch(pop, &sel);
	CHECK(f.sig == 0 && push() == sel, "reload of %lx: signal %d", sel, f.sig);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		f = fault_catch(pop, &bad[i]);
		CHECK(f.sig == SIGSEGV && f.trapno == 13, "%lx: signal %d trap %d",
		      bad[i], f.sig, f.trapno);
		CHECK(push() == sel, "%lx was loaded", push());
	}
}

static void case_pop_push_segment(void)
{
#ifdef __x86_64__
	unsigned long ss = read_ss();
	struct fault f;

	pop_segment(do_pop_gs, push_gs);
	f = fault_catch(do_pop_gs, &ss);
	CHECK(f.sig == 0 && push_gs() == ss, "GS = SS: signal %d", f.sig);
	CHECK(push_fs() == 0 || push_fs() & 3, "FS %lx", push_fs());
	(void)do_pop_fs;
#else
	pop_segment(do_pop_fs, push_fs);
	CHECK(push_gs() & 3, "GS %lx carries the thread pointer", push_gs());
	(void)do_pop_gs;
#endif
}

static void do_mov_ds(void *arg)
{
	asm volatile("mov %0, %%ds" : : "r" (*(unsigned long *)arg));
}

/* ES goes back at once: 32-bit string instructions need it. */
static void do_mov_es(void *arg)
{
	unsigned long old;

	asm volatile("mov %%es, %0; mov %1, %%es; mov %0, %%es" : "=&r" (old)
		     : "r" (*(unsigned long *)arg));
}

/* Under SS = bad nothing runs, so the fault must be the instruction's own. */
static void do_mov_ss(void *arg)
{
	asm volatile("mov %0, %%ss" : : "r" (*(unsigned long *)arg));
}

static void case_mov_segment(void)
{
	unsigned long good = read_ss(), null = 0, bad[] = { 0xfff8 | 3, 0x10, 0x18, 0x1b };
	struct fault f;
	unsigned int i;

	f = fault_catch(do_mov_es, &null);
	CHECK(f.sig == 0, "null ES: signal %d", f.sig);
	f = fault_catch(do_mov_es, &good);
	CHECK(f.sig == 0, "ES = SS: signal %d", f.sig);
	f = fault_catch(do_mov_ds, &good);
	CHECK(f.sig == 0, "DS = SS: signal %d", f.sig);
	f = fault_catch(do_mov_ss, &good);
	CHECK(f.sig == 0, "SS = SS: signal %d", f.sig);
	f = fault_catch(do_mov_ss, &null);
	CHECK(f.sig == SIGSEGV && f.trapno == 13, "null SS: signal %d", f.sig);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		f = fault_catch(do_mov_es, &bad[i]);
		CHECK(f.sig == SIGSEGV && f.trapno == 13 &&
		      (f.err & ~3UL) == (bad[i] & ~3UL),
		      "ES = %lx: signal %d, error %lx", bad[i], f.sig, f.err);
		f = fault_catch(do_mov_ss, &bad[i]);
		CHECK(f.sig == SIGSEGV && f.trapno == 13, "SS = %lx: signal %d", bad[i],
		      f.sig);
	}
	CHECK(read_ss() == good, "SS became %x", read_ss());
}

#ifdef __x86_64__
#define FAR_RET		"lretq"
#define ADDRESS(label)	"lea " label "(%%rip), %0"
#else
#define FAR_RET		"lret"
#define ADDRESS(label)	"mov $" label ", %0"
#endif

static void do_far_ret(void *arg)
{
	unsigned long sel = *(unsigned long *)arg, tmp;

	asm volatile("push %1; " ADDRESS("1f") "; push %0; " FAR_RET "; 1:"
		     : "=&r" (tmp) : "r" (sel) : "memory");
}

static void case_far_ret(void)
{
	unsigned long cs = read_cs(), bad[] = { 0, 3, 0x10, 0xfff8 | 3, 0xe008, 0xe030,
						0xe019 };
	struct fault f;
	unsigned int i;

	f = fault_catch(do_far_ret, &cs);
	CHECK(f.sig == 0, "to own CS: signal %d", f.sig);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		f = fault_catch(do_far_ret, &bad[i]);
		CHECK(f.sig == SIGSEGV && f.trapno == 13, "to %lx: signal %d, trap %d",
		      bad[i], f.sig, f.trapno);
	}
	CHECK(read_cs() == cs, "CS became %x", read_cs());
}

/* A 48-bit far operand (16:32) is the form that all CPUs take. */
struct far32 {
	uint32_t off;
	uint16_t sel;
} __attribute__((packed));

static char *low_code;		/* below 4 GiB: "lret", reached by far calls */

static void make_low_code(void)
{
	low_code = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(low_code != MAP_FAILED, "mmap");
	low_code[0] = (char)0xcb;		/* lret, 32-bit operand size */
}

static void do_far_call(void *arg)
{
	asm volatile("lcall *(%0)" : : "r" (arg) : "memory");
}

static void case_far_call(void)
{
	unsigned int bad[] = { 0, 0x10, 0xfff8 | 3, 0xe008 };
	struct far32 target;
	struct fault f;
	unsigned int i;

	make_low_code();
	target = (struct far32){ (uint32_t)(unsigned long)low_code, (uint16_t)read_cs() };
#ifndef __x86_64__
	/* The 64-bit return address would not fit in the 32 bits pushed. */
	f = fault_catch(do_far_call, &target);
	CHECK(f.sig == 0, "to own CS: signal %d", f.sig);
#endif
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		target.sel = bad[i];
		f = fault_catch(do_far_call, &target);
		CHECK(f.sig == SIGSEGV && f.trapno == 13, "to %x: signal %d", bad[i],
		      f.sig);
	}
}

static void do_far_jmp(void *arg)
{
	asm volatile("ljmp *(%0)" : : "r" (arg) : "memory");
}

static void case_far_jmp(void)
{
	unsigned int bad[] = { 0, 0x10, 0xfff8 | 3, 0xe008 };
	struct far32 target;
	struct fault f;
	unsigned int i;

	make_low_code();
	low_code[0] = (char)0xcc;		/* int3: it arrived */
	target = (struct far32){ (uint32_t)(unsigned long)low_code, (uint16_t)read_cs() };
	f = fault_catch(do_far_jmp, &target);
	CHECK(f.sig == SIGTRAP && f.ip == (unsigned long)low_code + 1,
	      "to own CS: signal %d at %lx", f.sig, f.ip);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		target.sel = bad[i];
		f = fault_catch(do_far_jmp, &target);
		CHECK(f.sig == SIGSEGV && f.trapno == 13, "to %x: signal %d", bad[i],
		      f.sig);
	}
}

#ifdef __x86_64__
/* IRET in ring 3 is no gate to anywhere: RPL 0 faults, flags are masked. */
static unsigned long do_iret(unsigned long cs, unsigned long flags)
{
	unsigned long ss = read_ss(), out;

	asm volatile("mov %%rsp, %%rax; push %1; push %%rax; push %2; push %3;"
		     "lea 1f(%%rip), %%rax; push %%rax; iretq; 1: pushf; pop %0"
		     : "=r" (out) : "r" (ss), "r" (flags), "r" (cs) : "rax", "memory");
	return out;
}

static void do_iret_kernel(void *arg)
{
	do_iret(*(unsigned long *)arg, pushf());
}

static void case_iret(void)
{
	unsigned long cs = read_cs(), kernel[] = { 0x10, 0xe030, 0xe008, 0 }, got;
	struct fault f;
	unsigned int i;

	f = fault_catch(do_iret_kernel, &cs);
	CHECK(f.sig == 0, "to itself: signal %d", f.sig);
	got = do_iret(cs, (pushf() | FLAG_IOPL) & ~FLAG_IF);
	CHECK(!(got & FLAG_IOPL) && (got & FLAG_IF), "flags %lx", got);
	for (i = 0; i < ARRAY_SIZE(kernel); i++) {
		f = fault_catch(do_iret_kernel, &kernel[i]);
		CHECK(f.sig == SIGSEGV, "to %lx: signal %d", kernel[i], f.sig);
	}
}
#endif

static void do_code(void *p)
{
	((void (*)(void))p)();
}

/* What `int n` must do: a system call, a trap for the program, or #GP. */
static void case_int_n(void)
{
	struct fault f;
	int n;

	make_low_code();
	for (n = 0; n < 256; n++) {
		if (n == 0x80)
			continue;
		low_code[0] = (char)0xcd;
		low_code[1] = (char)n;
		low_code[2] = (char)0xc3;
		f = fault_catch(do_code, low_code);
		if (n == 3)
			CHECK(f.sig == SIGTRAP, "int 3: signal %d", f.sig);
		else
			CHECK(f.sig == SIGSEGV, "int %#x: signal %d", n, f.sig);
		if (n != 3 && n != 4)
			CHECK(f.trapno == 13 && f.ip == (unsigned long)low_code,
			      "int %#x: trap %d at %lx", n, f.trapno, f.ip);
	}
}

static void do_int3(void *arg)
{
	(void)arg;
	asm volatile("int3");
}

static void do_int1(void *arg)
{
	(void)arg;
	asm volatile(".byte 0xf1");
}

static void case_int3(void)
{
	struct fault f = fault_catch(do_int3, NULL);

	CHECK(f.sig == SIGTRAP && f.trapno == 3, "signal %d trap %d", f.sig, f.trapno);
}

static void case_int1(void)
{
	struct fault f = fault_catch(do_int1, NULL);

	if (f.sig == SIGILL)
		SKIP("this CPU (or emulator) has no INT1");
	CHECK(f.sig == SIGTRAP && f.trapno == 1, "signal %d trap %d", f.sig, f.trapno);
}

static void case_int80(void)
{
	long pid = getpid(), got;

	asm volatile("int $0x80" : "=a" (got) : "0" (20 /* getpid, 32-bit table */)
		     : "memory"
#ifdef __x86_64__
		     , "r8", "r9", "r10", "r11"
#endif
		     );
	CHECK(got == pid, "int 0x80 getpid: %ld, not %ld", got, pid);
}

/* Privileged instructions: every one is SIGSEGV, none is emulated for ring 3. */
#define PRIVILEGED(name, ...)						\
	static void do_##name(void *arg) { (void)arg; asm volatile(__VA_ARGS__); }
PRIVILEGED(cli, "cli")
PRIVILEGED(sti, "sti")
PRIVILEGED(hlt, "hlt")
PRIVILEGED(clts, "clts")
PRIVILEGED(invd, "invd")
PRIVILEGED(wbinvd, "wbinvd")
PRIVILEGED(rdmsr, "xor %%ecx, %%ecx; rdmsr" : : : "eax", "ecx", "edx")
PRIVILEGED(wrmsr, "xor %%ecx, %%ecx; wrmsr" : : : "eax", "ecx", "edx")
PRIVILEGED(invlpg, "invlpg 0")
PRIVILEGED(lldt, "xor %%eax, %%eax; lldt %%ax" : : : "eax")
PRIVILEGED(ltr, "mov $8, %%eax; ltr %%ax" : : : "eax")
PRIVILEGED(lmsw, "mov $0, %%eax; lmsw %%ax" : : : "eax")
#ifdef __x86_64__
PRIVILEGED(mov_cr0, "mov %%cr0, %%rax" : : : "rax")
PRIVILEGED(mov_cr3, "mov %%cr3, %%rax" : : : "rax")
PRIVILEGED(mov_to_cr3, "mov %%rax, %%cr3" : : : "rax")
PRIVILEGED(mov_cr4, "mov %%cr4, %%rax" : : : "rax")
PRIVILEGED(mov_cr8, "mov %%cr8, %%rax" : : : "rax")
PRIVILEGED(mov_dr7, "mov %%dr7, %%rax" : : : "rax")
PRIVILEGED(swapgs, "swapgs")
PRIVILEGED(sysret, "sysretq" : : : "rcx", "r11")
PRIVILEGED(lgdt, "sub $16, %%rsp; lgdt (%%rsp); add $16, %%rsp" : : : "memory")
PRIVILEGED(lidt, "sub $16, %%rsp; lidt (%%rsp); add $16, %%rsp" : : : "memory")
PRIVILEGED(xsetbv, "xor %%ecx, %%ecx; xgetbv; xsetbv" : : : "eax", "ecx", "edx")
#endif
#undef PRIVILEGED

static void case_privileged(void)
{
	static const struct {
		const char *name;
		void (*run)(void *);
	} all[] = {
		{ "cli", do_cli }, { "sti", do_sti }, { "hlt", do_hlt },
		{ "clts", do_clts }, { "invd", do_invd }, { "wbinvd", do_wbinvd },
		{ "rdmsr", do_rdmsr }, { "wrmsr", do_wrmsr }, { "invlpg", do_invlpg },
		{ "lldt", do_lldt }, { "ltr", do_ltr }, { "lmsw", do_lmsw },
#ifdef __x86_64__
		{ "mov cr0", do_mov_cr0 }, { "mov cr3", do_mov_cr3 },
		{ "mov to cr3", do_mov_to_cr3 }, { "mov cr4", do_mov_cr4 },
		{ "mov cr8", do_mov_cr8 }, { "mov dr7", do_mov_dr7 },
		{ "swapgs", do_swapgs }, { "sysret", do_sysret },
		{ "lgdt", do_lgdt }, { "lidt", do_lidt },
#endif
	};
	struct fault f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		f = fault_catch(all[i].run, NULL);
		CHECK(f.sig == SIGSEGV && f.trapno == 13, "%s: signal %d, trap %d",
		      all[i].name, f.sig, f.trapno);
	}
}

#ifdef __x86_64__
/* XSETBV exists only with OSXSAVE; then ring 3 may not. */
static void case_xsetbv(void)
{
	unsigned int a, b, c, d;
	struct fault f;

	CHECK(__get_cpuid(1, &a, &b, &c, &d), "cpuid");
	if (!(c & bit_OSXSAVE))
		SKIP("no XSAVE on this CPU");
	f = fault_catch(do_xsetbv, NULL);
	CHECK(f.sig == SIGSEGV, "signal %d", f.sig);
}
#endif

static const struct ktap_case cases[] = {
	{ "sgdt", case_sgdt },
	{ "sidt", case_sidt },
	{ "sldt", case_sldt },
	{ "smsw", case_smsw },
	{ "str", case_str },
	{ "pushf", case_pushf },
	{ "popf", case_popf },
	{ "popf over a system call", case_popf_syscall },
	{ "popf of TF", case_popf_tf },
	{ "lar", case_lar },
	{ "lsl", case_lsl },
	{ "verr", case_verr },
	{ "verw", case_verw },
	{ "pop and push of segments", case_pop_push_segment },
	{ "mov of segments", case_mov_segment },
	{ "far call", case_far_call },
	{ "far jmp", case_far_jmp },
	{ "far ret", case_far_ret },
#ifdef __x86_64__
	{ "iret", case_iret },
	{ "xsetbv", case_xsetbv },
#endif
	{ "int n", case_int_n },
	{ "int3", case_int3 },
	{ "int1", case_int1 },
	{ "int 0x80", case_int80 },
	{ "privileged instructions", case_privileged },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
