// SPDX-License-Identifier: GPL-2.0
/* Privileged instructions in ring 3: a fault for the guest, no effect on the CPU. */
#include "guest.h"

/* #UD where the CPU does not have the instruction; the descriptor tables stay what they were. */
#define USER_REFUSED(name, code)						\
	USER_SNIPPET(priv_##name, code "; syscall");				\
	ATTACK(user_refused_##name)						\
	{									\
		u64 gdt = sgdt().base, idt = sidt().base;			\
		struct user u;							\
										\
		user_prepare(&u);						\
		u.regs.rdi = USER_DATA;						\
		memset(user_data, 0, 64);					\
		user_run(&u, priv_##name);					\
		EXPECT(u.regs.vec == X_GP || u.regs.vec == X_UD);		\
		EXPECT_EQ(u.regs.rip, USER_CODE);				\
		EXPECT_EQ(sgdt().base, gdt);					\
		EXPECT_EQ(sidt().base, idt);					\
		EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);	\
	}

USER_REFUSED(lgdt, "lgdt (%rdi)")
USER_REFUSED(lidt, "lidt (%rdi)")
USER_REFUSED(lldt, "lldt %ax")
USER_REFUSED(ltr, "ltr %ax")
USER_REFUSED(lmsw, "lmsw %ax")
USER_REFUSED(clts, "clts")
USER_REFUSED(invd, "invd")
USER_REFUSED(wbinvd, "wbinvd")
USER_REFUSED(invlpg, "invlpg (%rdi)")
USER_REFUSED(swapgs, "swapgs")
USER_REFUSED(sysret, "sysretq")
USER_REFUSED(sysexit, "sysexitq")
USER_REFUSED(read_cr0, "mov %cr0, %rax")
USER_REFUSED(write_cr0, "mov %rax, %cr0")
USER_REFUSED(read_cr3, "mov %cr3, %rax")
USER_REFUSED(write_cr3, "mov %rax, %cr3")
USER_REFUSED(write_cr4, "mov %rax, %cr4")
USER_REFUSED(write_cr8, "mov %rax, %cr8")
USER_REFUSED(read_dr7, "mov %dr7, %rax")
USER_REFUSED(rdpmc, "rdpmc")
USER_REFUSED(xsetbv, "xsetbv")
USER_REFUSED(monitor, "monitor")
USER_REFUSED(mwait, "mwait")
USER_REFUSED(vmcall, "vmcall")
USER_REFUSED(vmmcall, "vmmcall")
USER_REFUSED(vmrun, "vmrun")
USER_REFUSED(vmload, "vmload")
USER_REFUSED(clgi, "clgi")
USER_REFUSED(stgi, "stgi")
USER_REFUSED(invlpga, "invlpga")
USER_REFUSED(rsm, "rsm")
USER_REFUSED(inb, "inb $0x60, %al")
USER_REFUSED(outb, "outb %al, $0x64")
USER_REFUSED(insb, "insb")

/* Alignment checks are a program's own affair. TCG does not make them. */
USER_SNIPPET(unaligned, "pushfq; orq $0x40000, (%rsp); popfq; mov 1(%rdi), %eax; syscall");
CASE(user_alignment_check)
{
	struct user u;

	user_prepare(&u);
	u.regs.rdi = USER_DATA;
	user_run(&u, unaligned);
	EXPECT(u.regs.vec == VEC_SYSCALL || (u.regs.vec == X_AC && u.regs.err == 0));
	EXPECT_EQ(this_vcpu()->entry_flags & FL_AC, 0);
}

/* The hypercall numbers mean nothing in ring 3: every one arrives at the guest's kernel. */
USER_SNIPPET(call, "syscall");
ATTACK(user_hypercall_numbers)
{
	unsigned int nr;
	struct user u;

	for (nr = 0; nr < 64; nr++) {
		user_prepare(&u);
		u.regs.rax = nr;
		u.regs.rdi = u.regs.rsi = nr;
		user_run(&u, call);
		EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
		EXPECT_EQ(u.regs.rax, nr);
	}
}

CASE(user_exceptions)
{
	static const struct {
		u8 code[8], size, vec;
	} e[] = {
		{ { 0x31, 0xc9, 0xf7, 0xf1 }, 4, X_DE },
		{ { 0xcc }, 1, X_BP },
		{ { 0x0f, 0x0b }, 2, X_UD },
		{ { 0xf4 }, 1, X_GP },
	};
	unsigned int i;
	struct user u;

	for (i = 0; i < ARRAY_SIZE(e); i++) {
		user_prepare(&u);
		user_load(e[i].code, e[i].code + e[i].size);
		user_go(&u);
		EXPECT_EQ(u.regs.vec, e[i].vec);
	}
}
