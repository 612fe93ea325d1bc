// SPDX-License-Identifier: GPL-2.0
/* What UMIP denies ring 1: SGDT, SIDT, SLDT, STR and SMSW, with every addressing mode. */
#include "emulate-env.h"

#define NON_CANONICAL	0x0000800000000000ULL

static const struct table_register gdtr = { 0xe0ff, 0xffff860000001000 };
static const struct table_register idtr = { 0xfff, 0xffff860000002000 };

static void test_umip_tables(void **state)
{
	u8 *data = mem + PAGE_SIZE;

	(void)state;
	vcpu.virt_cr4 = CR4_UMIP;
	regs->rax = DATA;
	ASSERT_DONE(0x0f, 0x01, 0x00);		/* sgdt (%rax) */
	assert_memory_equal(data, &gdtr, 10);
	assert_int_equal(data[10], 0);
	ASSERT_DONE(0x0f, 0x01, 0x48, 0x20);	/* sidt 0x20(%rax) */
	assert_memory_equal(data + 0x20, &idtr, 10);
	regs->rax = DATA + 0x180;
	ASSERT_DONE(0x0f, 0x01, 0x40, 0x80);	/* sgdt -0x80(%rax) */
	assert_memory_equal(data + 0x100, &gdtr, 10);
	regs->rax = DATA - 0x12345000;
	ASSERT_DONE(0x0f, 0x01, 0x88, 0x40, 0x50, 0x34, 0x12);
	assert_memory_equal(data + 0x40, &idtr, 10);
	/* sgdt 0x11f9(%rip): from the end of the instruction */
	ASSERT_DONE(0x0f, 0x01, 0x05, 0xf9, 0x11, 0x00, 0x00);
	assert_memory_equal(data + 0x200, &gdtr, 10);
}

static void test_umip_addressing(void **state)
{
	u8 *data = mem + PAGE_SIZE;

	(void)state;
	vcpu.virt_cr4 = CR4_UMIP;
	regs->rsp = DATA;
	ASSERT_DONE(0x0f, 0x01, 0x04, 0x24);	/* sgdt (%rsp) */
	assert_memory_equal(data, &gdtr, 10);
	regs->r12 = DATA;
	regs->r13 = 4;
	/* sidt 8(%r12,%r13,8), after a void DS override */
	ASSERT_DONE(0x3e, 0x43, 0x0f, 0x01, 0x4c, 0xec, 0x08);
	assert_memory_equal(data + 40, &idtr, 10);
	regs->rbp = DATA + 0x80;
	/* sgdt 0(,%rbp,1): no base with mod 0 */
	ASSERT_DONE(0x0f, 0x01, 0x04, 0x2d, 0, 0, 0, 0);
	assert_memory_equal(data + 0x80, &gdtr, 10);
}

static void test_umip_selectors(void **state)
{
	u8 *data = mem + PAGE_SIZE;

	(void)state;
	vcpu.virt_cr4 = CR4_UMIP;
	regs->rax = DATA;
	memset(data, 0xff, 8);
	ASSERT_DONE(0x48, 0x0f, 0x00, 0x00);	/* sldt (%rax): 2 bytes always */
	assert_int_equal(*(u32 *)data, 0xffffe058);
	ASSERT_DONE(0x0f, 0x00, 0x48, 0x04);	/* str 4(%rax) */
	assert_int_equal(*(u32 *)(data + 4), 0xffffe048);
	ASSERT_DONE(0x0f, 0x01, 0x60, 0x08);	/* smsw 8(%rax) */
	assert_int_equal(*(u32 *)(data + 8), machine_cr0 & 0xffff);
	regs->rbx = regs->r9 = ~0ULL;
	ASSERT_DONE(0x66, 0x0f, 0x00, 0xc3);	/* sldt %bx */
	assert_true(regs->rbx == 0xffffffffffffe058);
	ASSERT_DONE(0x0f, 0x00, 0xcb);		/* str %ebx */
	assert_true(regs->rbx == 0xe048);
	ASSERT_DONE(0x49, 0x0f, 0x01, 0xe1);	/* smsw %r9 */
	assert_true(regs->r9 == machine_cr0);
}

static void test_umip_refused(void **state)
{
	(void)state;
	regs->rax = DATA;
	ASSERT_REFUSED(0x0f, 0x01, 0x00);	/* UMIP is off: not from here */
	vcpu.virt_cr4 = CR4_UMIP;
	ASSERT_REFUSED(0x0f, 0x01, 0x10);	/* lgdt */
	ASSERT_REFUSED(0x0f, 0x01, 0x30);	/* lmsw */
	ASSERT_REFUSED(0x0f, 0x00, 0x10);	/* lldt */
	ASSERT_REFUSED(0x0f, 0x00, 0x18);	/* ltr */
	ASSERT_REFUSED(0x0f, 0x01, 0xc0);	/* enclv, not sgdt %eax */
	ASSERT_REFUSED(0x0f, 0x01, 0xc8);	/* monitor, not sidt %eax */
	ASSERT_REFUSED(0x65, 0x0f, 0x01, 0x00);
	ASSERT_REFUSED(0x67, 0x0f, 0x01, 0x00);
	ASSERT_REFUSED(0xf3, 0x0f, 0x01, 0x00);
	regs->rax = NON_CANONICAL;
	ASSERT_REFUSED(0x0f, 0x01, 0x00);
	regs->rax = DATA;
	env_user(SEL_USER_CS64);
	ASSERT_REFUSED(0x0f, 0x01, 0x00);
}

static void test_umip_faults(void **state)
{
	(void)state;
	vcpu.virt_cr4 = CR4_UMIP;
	mem_rights[2] = MEM_PRESENT | MEM_USER;
	regs->rax = DATA + PAGE_SIZE - 4;
	assert_true(RUN(0x0f, 0x01, 0x00));
	assert_int_equal(regs->rip, CODE);
	assert_int_equal(injected.vector, VEC_PF);
	assert_int_equal(injected.va, DATA + PAGE_SIZE);
	assert_int_equal(injected.error, 3);
	mem_rights[2] = 0;
	assert_true(RUN(0x0f, 0x01, 0x00));
	assert_int_equal(injected.error, 2);
}

/* Cut at the end of a page that is the last: #GP, nothing read past it. */
static void test_umip_cut(void **state)
{
	static const u8 code[] = { 0x0f, 0x01, 0x84, 0x24, 0, 0, 0, 0 };
	unsigned int n;

	(void)state;
	vcpu.virt_cr4 = CR4_UMIP;
	regs->rsp = DATA + PAGE_SIZE;
	mem_rights[1] = 0;
	for (n = 1; n < sizeof(code); n++) {
		memcpy(mem + PAGE_SIZE - n, code, n);
		regs->rip = CODE + PAGE_SIZE - n;
		assert_false(emulate_privileged(&vcpu));
	}
	assert_int_equal(injected.vector, 0);
}

#define T(test) cmocka_unit_test_setup(test, env_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_umip_tables),
		T(test_umip_addressing),
		T(test_umip_selectors),
		T(test_umip_refused),
		T(test_umip_faults),
		T(test_umip_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
