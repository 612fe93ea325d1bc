// SPDX-License-Identifier: GPL-2.0
/* Numbers that name no hypercall are refused, whatever the upper bits of rax say. */
#include "guest.h"

CASE(hypercall_number_unused)
{
	static const u16 unused[] = { 11, 43, 44, 45, 46, 47, 50, 51, 52, 53, 54, 56, 57, 63 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unused); i++)
		if (hypercall(unused[i]) != -XEN_ENOSYS)
			case_fail(__FILE__, __LINE__, "hypercall %u is not -ENOSYS", unused[i]);
}

CASE(hypercall_number_out_of_range)
{
	static const ulong nr[] = {
		64, 65, 127, 128, 255, 256, 1000, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
		0x80000000, 0xffffffff, 1ul << 63, ~0ul, 0xffffffff00000040,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nr); i++)
		if (hypercall(nr[i]) != -XEN_ENOSYS)
			case_fail(__FILE__, __LINE__, "hypercall 0x%lx is not -ENOSYS", nr[i]);
}

/* The hypercall page of the ELF note answers as the inline SYSCALL does. */
CASE(hypercall_through_page)
{
	extern const u8 hypercall_page[];
	long rc, a1 = XENVER_version, a2 = 0;

	asm volatile("call *%3"
		     : "=a"(rc), "+D"(a1), "+S"(a2)
		     : "r"(hypercall_page + 32 * __HYPERVISOR_xen_version)
		     : "rcx", "r11", "memory");
	EXPECT_EQ(rc, HYP(xen_version, XENVER_version, NULL));
	EXPECT_EQ(rc, 4 << 16 | 17);
}

/* A hypercall changes no register but rax, rcx, r11. */
CASE(hypercall_registers)
{
	static const u64 want[10] = {
		0x111, 0x222, 0x333, 0x444, 0x555, 0x666, 0x777, 0x888, 0x999, 0xaaa,
	};
	static u64 got[10];
	unsigned int i;

	asm volatile("push %%rbp; push %%rbx; push %0\n"
		     "mov $17, %%eax; xor %%edi, %%edi; xor %%esi, %%esi\n"
		     "mov $0x111, %%edx; mov $0x222, %%ebx; mov $0x333, %%ebp; mov $0x444, %%r8d\n"
		     "mov $0x555, %%r9d; mov $0x666, %%r10d; mov $0x777, %%r12d\n"
		     "mov $0x888, %%r13d; mov $0x999, %%r14d; mov $0xaaa, %%r15d\n"
		     "syscall\n"
		     "pop %%rax\n"
		     "mov %%rdx, (%%rax); mov %%rbx, 8(%%rax); mov %%rbp, 16(%%rax)\n"
		     "mov %%r8, 24(%%rax); mov %%r9, 32(%%rax); mov %%r10, 40(%%rax)\n"
		     "mov %%r12, 48(%%rax); mov %%r13, 56(%%rax); mov %%r14, 64(%%rax)\n"
		     "mov %%r15, 72(%%rax)\n"
		     "pop %%rbx; pop %%rbp\n"
		     : : "r"(got)
		     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
		       "r14", "r15", "memory");
	for (i = 0; i < 10; i++)
		if (got[i] != want[i])
			case_fail(__FILE__, __LINE__, "register %u is 0x%lx", i, got[i]);
}
