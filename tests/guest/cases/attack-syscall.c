// SPDX-License-Identifier: GPL-2.0
/* Invariants 4 to 7: SYSCALL, SYSENTER, INT n and far transfers with everything wrong. */
#include "guest.h"

USER_SNIPPET(plain, "syscall");
USER_SNIPPET(flags, "push %rax; popfq; syscall");
USER_SNIPPET(steps, "push %rax; popfq; syscall; nop; syscall");
USER_SNIPPET(sysenter, "sysenter; nop");
USER_SNIPPET32(sysenter32, "sysenter; nop");
USER_SNIPPET32(syscall32, "syscall; nop");
USER_SNIPPET32(int80, "int $0x80; nop");
USER_SNIPPET(mov_ss, "mov (%rdi), %ss; syscall; nop; syscall");
USER_SNIPPET(mov_ss_int, "mov (%rdi), %ss; int3");
USER_SNIPPET(far_call, "lcall *(%rdi)");
USER_SNIPPET(landed, "mov %cs, %eax; ud2");

ATTACK(syscall_garbage_registers)
{
	static const ulong junk[] = {
		0, ~0ul, NON_CANONICAL, HV_START, HV_END - 1, 0x8000000000000000,
		0xdeadbeefcafebabe,
	};
	unsigned int i;
	struct user u;

	for (i = 0; i < ARRAY_SIZE(junk); i++) {
		ulong *r = (ulong *)&u.regs;
		int j;

		user_prepare(&u);
		for (j = 0; j < 15; j++)
			r[j] = junk[i] + j;
		u.regs.rsp = junk[i];
		user_run(&u, plain);
		EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
		for (j = 0; j < 15; j++)
			if (&r[j] != &u.regs.rcx && &r[j] != &u.regs.r11)
				EXPECT_EQ(r[j], junk[i] + j);
		EXPECT_EQ(u.regs.rsp, junk[i]);
		EXPECT_EQ(u.regs.rip, USER_CODE + 2);
	}
}

/* SFMASK: whatever flags ring 3 has, the kernel starts clean. */
ATTACK(syscall_all_flags)
{
	static const ulong fl[] = { FL_DF, FL_NT, FL_AC, FL_NT | FL_AC | FL_DF, FL_ID, FL_IOPL };
	unsigned int i;
	struct user u;

	for (i = 0; i < ARRAY_SIZE(fl); i++) {
		user_prepare(&u);
		u.regs.rax = fl[i] | FL_IF | 2;
		user_run(&u, flags);
		EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
		EXPECT_EQ(u.regs.rflags & fl[i], fl[i] & ~FL_IOPL);
		EXPECT_EQ(this_vcpu()->entry_flags & (FL_TF | FL_NT | FL_AC | FL_DF | FL_IOPL), 0);
		EXPECT(this_vcpu()->entry_flags & FL_IF);
	}
}

ATTACK(syscall_single_stepped)
{
	struct user u;

	user_prepare(&u);
	u.regs.rax = FL_TF | FL_IF | 2;
	user_run(&u, steps);
	EXPECT(u.regs.vec == VEC_SYSCALL || u.regs.vec == X_DB);
	EXPECT_EQ(this_vcpu()->entry_flags & FL_TF, 0);
	HYP(set_debugreg, 6, 0);
}

/* CVE-2018-8897: a watchpoint on the operand of MOV SS, delivered behind the SYSCALL. */
ATTACK(syscall_mov_ss_shadow)
{
	struct user u;

	*(u16 *)user_data = USER_SS;
	EXPECT_EQ(HYP(set_debugreg, 0, USER_DATA), 0);
	EXPECT_EQ(HYP(set_debugreg, 7, 0x30003 | 0xc0000), 0);
	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	user_run(&u, mov_ss);
	EXPECT(u.regs.vec == VEC_SYSCALL || u.regs.vec == X_DB);
	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	user_run(&u, mov_ss_int);
	EXPECT(u.regs.vec == X_BP || u.regs.vec == X_DB);
	HYP(set_debugreg, 7, 0);
	HYP(set_debugreg, 6, 0);
	HYP(set_debugreg, 0, 0);
}

/* The same in the kernel, before a hypercall. */
ATTACK(hypercall_mov_ss_shadow)
{
	static u16 ss;
	struct fault f;

	ss = read_ss();
	HYP(set_debugreg, 0, &ss);
	HYP(set_debugreg, 7, 0x30003 | 0x40000);
	TRY(f)
		asm volatile("mov %0, %%ss; syscall"
			     : : "m"(ss), "a"(__HYPERVISOR_xen_version), "D"(XENVER_version), "S"(0)
			     : "rcx", "r11", "memory");
	EXPECT(f.vec == -1 || f.vec == X_DB || f.vec == X_GP);
	HYP(set_debugreg, 7, 0);
	HYP(set_debugreg, 6, 0);
	HYP(set_debugreg, 0, 0);
	EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
}

ATTACK(sysenter_64)
{
	static const ulong fl[] = { 0, FL_NT, FL_AC, FL_TF, FL_DF };
	unsigned int i;
	struct user u;

	for (i = 0; i < ARRAY_SIZE(fl); i++) {
		user_prepare(&u);
		u.regs.rflags |= fl[i];
		user_run(&u, sysenter);
		EXPECT(u.regs.vec == X_UD || u.regs.vec == X_GP || u.regs.vec == VEC_SYSENTER ||
		       (fl[i] == FL_TF && u.regs.vec == X_DB));
		EXPECT_EQ(this_vcpu()->entry_flags & (FL_NT | FL_AC | FL_TF | FL_DF), 0);
	}
	HYP(set_debugreg, 6, 0);
}

ATTACK(sysenter_32)
{
	struct user u;

	user_prepare(&u);
	u.regs.cs = USER_CS32;
	user_run(&u, sysenter32);
	EXPECT(u.regs.vec == X_UD || u.regs.vec == X_GP || u.regs.vec == VEC_SYSENTER);
}

ATTACK(syscall_32)
{
	struct user u;

	user_prepare(&u);
	u.regs.cs = USER_CS32;
	u.regs.rax = 20;
	user_run(&u, syscall32);
	EXPECT(u.regs.vec == X_UD || u.regs.vec == X_GP || u.regs.vec == VEC_SYSCALL32);
	if (u.regs.vec == VEC_SYSCALL32) {
		EXPECT_EQ(u.regs.rax, 20);
		EXPECT_EQ((u16)u.regs.cs, USER_CS32);
		EXPECT_EQ(u.regs.rip, USER_CODE + 2);
	}
}

CASE(int80_32)
{
	struct user u;

	user_prepare(&u);
	u.regs.cs = USER_CS32;
	u.regs.rax = 20;
	user_run(&u, int80);
	EXPECT_EQ(u.regs.vec, 0x80);
	EXPECT_EQ(u.regs.rax, 20);
	EXPECT_EQ(u.regs.rip, USER_CODE + 2);
}

static bool user_vector(unsigned int n)
{
	return n == X_BP || n == X_OF || (n >= USER_VEC_FIRST && n <= USER_VEC_LAST);
}

/* QEMU's TCG reports a wrong error code, from which Xen takes a wrong vector. */
ATTACK(int_n_from_user)
{
	unsigned int n;
	struct user u;

	for (n = 0; n < 256; n++) {
		user_prepare(&u);
		memset(user_code, 0xcc, 16);
		user_code[0] = 0xcd;
		user_code[1] = n;
		user_go(&u);
		if (!on_ringlet) {
			EXPECT(u.regs.vec == X_GP || user_vector(u.regs.vec));
			continue;
		}
		if (u.regs.vec != (user_vector(n) ? n : X_GP))
			case_fail(__FILE__, __LINE__, "int 0x%x: vector %lu", n, u.regs.vec);
		if (user_vector(n))
			EXPECT_EQ(u.regs.rip, USER_CODE + 2);
		else
			EXPECT(u.regs.err == n * 8 + 2 || u.regs.err == n * 16 + 2);
	}
}

ATTACK(int_n_from_kernel)
{
	static u8 code[3] = { 0xcd, 0, 0xc3 };
	unsigned int n;
	struct fault f;

	for (n = 0; n < 256; n++) {
		code[1] = n;
		barrier();
		TRY(f)
			((void (*)(void))code)();
		EXPECT(f.vec == X_GP || user_vector(f.vec));
		if (on_ringlet && f.vec != (user_vector(n) ? (long)n : X_GP))
			case_fail(__FILE__, __LINE__, "int 0x%x: vector %ld", n, f.vec);
	}
}

/* Far calls by every selector of the hypervisor's part and some others: ring 3 stays ring 3. */
ATTACK(far_calls_from_user)
{
	struct { u32 off; u16 sel; } __attribute__((packed)) *target = (void *)user_data;
	unsigned int sel;
	struct user u;

	user_load(far_call_start, far_call_end);
	memcpy(user_code + 256, landed_start, landed_end - landed_start);
	for (sel = 0; sel < 0x10000; sel += sel >= 0xe000 && sel < 0xf000 ? 8 : 0x400) {
		unsigned int rpl;

		for (rpl = 0; rpl < 4; rpl += 3) {
			target->off = USER_CODE + 256;
			target->sel = sel | rpl;
			user_prepare(&u);
			u.regs.rdi = USER_DATA;
			user_go(&u);
			EXPECT(u.regs.vec == X_GP || u.regs.vec == X_NP || u.regs.vec == X_UD);
			EXPECT_EQ(u.regs.cs & 3, 3);
			if (u.regs.vec == X_UD)
				EXPECT_EQ(u.regs.rax & 3, 3);
		}
	}
}

ATTACK(far_calls_from_kernel)
{
	struct { u32 off; u16 sel; } __attribute__((packed)) target = { 0 };
	unsigned int sel;
	struct fault f;

	/* Where the call lands nothing is mapped, so that it faults in any case. */
	target.off = USER_SPARE;
	for (sel = 0; sel < 0x10000; sel += sel >= 0xe000 && sel < 0xf000 ? 8 : 0x400) {
		target.sel = sel;
		TRY(f)
			asm volatile("lcall *%0" : : "m"(target) : "memory");
		EXPECT(f.vec == X_GP || f.vec == X_NP || f.vec == X_PF);
		EXPECT_EQ(read_cs() & 3, on_ringlet ? 1 : 3);
	}
}

/* IRETQ of the kernel to itself and to selectors that are not its own. */
ATTACK(native_iret_bad_selectors)
{
	static const u16 bad[] = { 0, 3, 0xe008, 0xe00b, 0xe010, 0xe02b, 0xe040, 0xfff8, 0x1003 };
	unsigned int i;
	struct fault f;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		TRY(f)
			asm volatile("mov %%rsp, %%rbx; mov %%ss, %%eax; push %%rax; push %%rbx\n"
				     "pushfq; push %0; lea 1f(%%rip), %%rax; push %%rax; iretq; 1:"
				     : : "r"((ulong)bad[i]) : "rax", "rbx", "memory");
		EXPECT(f.vec == X_GP || f.vec == X_NP || f.vec == X_SS);
	}
}

/* NT set in the kernel, then IRETQ: a 64-bit IRET with NT faults, and the guest goes on. */
ATTACK(native_iret_with_nt)
{
	struct fault f;

	TRY(f)
		asm volatile("pushfq; orl $0x4000, (%%rsp); popfq\n"
			     "mov %%rsp, %%rbx; mov %%ss, %%eax; push %%rax; push %%rbx; pushfq\n"
			     "mov %%cs, %%eax; push %%rax; lea 1f(%%rip), %%rax; push %%rax\n"
			     "iretq; 1:"
			     : : : "rax", "rbx", "memory");
	EXPECT_EQ(f.vec, X_GP);
	asm volatile("pushfq; andl $~0x4000, (%%rsp); popfq" : : : "memory");
	EXPECT_EQ(read_flags() & FL_NT, 0);
}

/* Hypercall with NT, AC, DF, TF set in the kernel. */
ATTACK(hypercall_all_flags)
{
	static const ulong fl[] = { FL_NT, FL_AC, FL_DF, FL_ID, FL_NT | FL_AC | FL_DF };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fl); i++) {
		long rc, after;

		asm volatile("pushfq; orq %3, (%%rsp); popfq\n"
			     "xor %%esi, %%esi; syscall\n"
			     "pushfq; popq %1\n"
			     "pushfq; andq %4, (%%rsp); popfq"
			     : "=&a"(rc), "=&r"(after)
			     : "0"(__HYPERVISOR_xen_version), "r"(fl[i]),
			       "r"(~(FL_NT | FL_AC | FL_DF)), "D"(XENVER_pagesize)
			     : "rcx", "r11", "rsi", "memory");
		EXPECT_EQ(rc, PAGE_SIZE);
		EXPECT_EQ(after & FL_IOPL, 0);
		EXPECT(after & FL_IF);
	}
}

ATTACK(hypercall_single_stepped)
{
	struct fault f;

	TRY(f)
		asm volatile("pushfq; orq $0x100, (%%rsp); popfq; syscall"
			     : : "a"(__HYPERVISOR_xen_version), "D"(XENVER_pagesize), "S"(0)
			     : "rcx", "r11", "memory");
	asm volatile("pushfq; andq $~0x100, (%%rsp); popfq" : : : "memory");
	EXPECT(f.vec == X_DB || f.vec == -1);
	EXPECT_EQ(this_vcpu()->entry_flags & FL_TF, 0);
	HYP(set_debugreg, 6, 0);
}

/* POPF in the kernel: IOPL and IF are not its to set. */
ATTACK(popf_iopl)
{
	ulong v;

	asm volatile("pushfq; orq $0x3000, (%%rsp); andq $~0x200, (%%rsp); popfq; pushfq; popq %0"
		     : "=r"(v) : : "memory");
	EXPECT_EQ(v & FL_IOPL, 0);
	EXPECT(v & FL_IF);
}
