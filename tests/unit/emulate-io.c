// SPDX-License-Identifier: GPL-2.0
/*
 * Port I/O of guests: who may, what of the machine is reached, what registers and
 * memory look like afterwards. The machine is a list of recorded accesses.
 */
#include "emulate-env.h"

#define IN8	0xec
#define IN32	0xed
#define OUT8	0xee
#define OUT32	0xef

static int hardware(void **state)
{
	env_reset(state);
	dom.is_hardware = true;
	return 0;
}

/* --- what a domain reaches --- */

static void test_unprivileged_domain(void **state)
{
	static const u16 ports[] = { 0, 0x20, 0x42, 0x61, 0x70, 0x3f8, 0xcf8, 0xcfc, 0xfffc };
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		assert_int_equal(port_read(&dom, ports[i], 1), 0xff);
		assert_int_equal(port_read(&dom, ports[i], 2), 0xffff);
		assert_int_equal(port_read(&dom, ports[i], 4), 0xffffffff);
		port_write(&dom, ports[i], 4, 0x12345678);
	}
	assert_int_equal(nr_accesses, 0);
}

/* Every port, every size: no access touches a byte that the hypervisor owns. */
static void test_owned_ports_are_never_touched(void **state)
{
	static const struct { u16 first, last; } owned[] = {
		{ 0x20, 0x21 }, { 0x40, 0x41 }, { 0xa0, 0xa1 }, { 0x92, 0x92 },
		{ 0xf0, 0xf1 }, { 0x4d0, 0x4d1 }, { 0x3f8, 0x3ff },
	};
	unsigned int port, bytes, i, k;

	(void)state;
	for (bytes = 1; bytes <= 4; bytes *= 2) {
		for (port = 0; port + bytes <= 0x10000; port++) {
			if (port >= 0xcf8 && port <= 0xcff)
				continue;
			nr_accesses = 0;
			port_read(&dom, port, bytes);
			port_write(&dom, port, bytes, 0xb2b2b2b2);
			for (i = 0; i < nr_accesses; i++) {
				for (k = 0; k < ARRAY_SIZE(owned); k++)
					assert_false(accesses[i].port <= owned[k].last &&
						     accesses[i].port + accesses[i].bytes - 1 >=
						     owned[k].first);
			}
		}
	}
}

static void test_real_ports(void **state)
{
	(void)state;
	assert_int_equal(port_read(&dom, 0x2f8, 1), 0x44);
	assert_int_equal(port_read(&dom, 0x1f0, 2), 0x3345);
	assert_int_equal(port_read(&dom, 0xfffc, 4), 0x11223346);
	port_write(&dom, 0x604, 2, 0x2000);
	assert_int_equal(nr_accesses, 4);
	assert_int_equal(accesses[3].port, 0x604);
	assert_int_equal(accesses[3].bytes, 2);
	assert_int_equal(accesses[3].value, 0x2000);
	assert_true(accesses[3].write);
}

static void test_owned_read_ones(void **state)
{
	(void)state;
	assert_int_equal(port_read(&dom, 0x21, 1), 0xff);
	assert_int_equal(port_read(&dom, 0x3fd, 1), 0xff);
	/* An access that only touches one. */
	assert_int_equal(port_read(&dom, 0x3f7, 2), 0xffff);
	assert_int_equal(port_read(&dom, 0x1e, 4), 0xffffffff);
	assert_int_equal(nr_accesses, 0);
}

/* Only channel 2 of the timer is the guest's. */
static void test_pit_control(void **state)
{
	(void)state;
	port_write(&dom, 0x43, 1, 0x34);
	port_write(&dom, 0x43, 1, 0x70);
	port_write(&dom, 0x43, 1, 0xe2);
	port_write(&dom, 0x43, 2, 0xb6);
	assert_int_equal(nr_accesses, 0);
	port_write(&dom, 0x43, 1, 0xb0);
	port_write(&dom, 0x42, 1, 0x55);
	assert_int_equal(nr_accesses, 2);
	assert_int_equal(accesses[0].value, 0xb0);
	assert_int_equal(port_read(&dom, 0x43, 1), 0xff);
}

static void test_cmos(void **state)
{
	(void)state;
	/* Bit 7 would switch NMIs off. */
	port_write(&dom, 0x70, 1, 0x8f);
	assert_int_equal(nr_accesses, 0);
	assert_int_equal(port_read(&dom, 0x70, 1), 0x0f);
	port_read(&dom, 0x71, 1);
	port_write(&dom, 0x71, 1, 0x33);
	assert_int_equal(nr_accesses, 4);
	assert_int_equal(accesses[0].port, 0x70);
	assert_int_equal(accesses[0].value, 0x0f);
	assert_int_equal(accesses[1].port, 0x71);
	assert_false(accesses[1].write);
	assert_int_equal(accesses[3].value, 0x33);
	assert_int_equal(port_read(&dom, 0x70, 2), 0xffff);
}

static void test_pci_configuration(void **state)
{
	(void)state;
	port_write(&dom, 0xcf8, 4, 0x80123444);
	assert_int_equal(nr_accesses, 0);
	assert_int_equal(port_read(&dom, 0xcf8, 4), 0x80123444);
	assert_int_equal(port_read(&dom, 0xcfc, 4), 0xaabbccdd);
	assert_int_equal(port_read(&dom, 0xcfe, 2), 0xaabb);
	port_write(&dom, 0xcff, 1, 0x77);
	assert_int_equal(nr_accesses, 3);
	assert_int_equal(accesses[0].port, 0xcf44);
	assert_int_equal(accesses[1].port, 0xcf46);
	assert_int_equal(accesses[2].port, 0xcf47);
	assert_int_equal(accesses[2].value, 0x77);
	/* Over the end of the data port, and over its start. */
	assert_int_equal(port_read(&dom, 0xcfe, 4), 0xffffffff);
	assert_int_equal(port_read(&dom, 0xcfa, 4), 0xffffffff);
	assert_int_equal(nr_accesses, 3);
	/* Disabled, or with reserved bits: nobody answers. */
	port_write(&dom, 0xcf8, 4, 0x00123444);
	assert_int_equal(port_read(&dom, 0xcfc, 4), 0xffffffff);
	port_write(&dom, 0xcf8, 4, 0x81123444);
	assert_int_equal(port_read(&dom, 0xcfc, 1), 0xff);
	port_write(&dom, 0xcfc, 4, 1);
	assert_int_equal(nr_accesses, 3);
	/* Reset control shares the address's port. */
	port_write(&dom, 0xcf9, 1, 6);
	assert_int_equal(nr_accesses, 4);
	assert_int_equal(accesses[3].port, 0xcf9);
}

/* --- who may --- */

static void test_iopl_of_the_kernel(void **state)
{
	(void)state;
	regs->rdx = 0x80;
	vcpu.iopl = 0;
	ASSERT_REFUSED(IN8);
	ASSERT_REFUSED(0xe6, 0x80);
	ASSERT_REFUSED(0xf3, 0x6d);
	assert_int_equal(nr_accesses, 0);
	vcpu.iopl = 1;
	ASSERT_DONE(IN8);
	/* The bitmap is for programs only. */
	vcpu.iopl = 0;
	vcpu.iobmp = DATA;
	vcpu.iobmp_limit = 65536;
	ASSERT_REFUSED(IN8);
}

static void test_iopl_of_programs(void **state)
{
	unsigned int iopl;

	(void)state;
	env_user(SEL_USER_CS64);
	regs->rdx = 0x80;
	for (iopl = 0; iopl < 3; iopl++) {
		vcpu.iopl = iopl;
		ASSERT_REFUSED(IN8);
		ASSERT_REFUSED(OUT32);
		ASSERT_REFUSED(0x6e);
	}
	assert_int_equal(nr_accesses, 0);
	vcpu.iopl = 3;
	ASSERT_DONE(IN8);
}

static void test_bitmap(void **state)
{
	u8 *map = mem + 4096;

	(void)state;
	env_user(SEL_USER_CS64);
	memset(map, 0xff, 4096 * 2);
	vcpu.iobmp = DATA;
	vcpu.iobmp_limit = 65536;
	/* 0x87 and 0x88: two bytes of the map */
	map[0x87 / 8] &= ~0x80;
	map[0x88 / 8] &= ~0x01;
	regs->rdx = 0x87;
	ASSERT_DONE(IN8);
	ASSERT_DONE(0x66, IN32);
	ASSERT_REFUSED(IN32);
	regs->rdx = 0x88;
	ASSERT_DONE(OUT8);
	ASSERT_REFUSED(0x66, OUT32);
	regs->rdx = 0x86;
	ASSERT_REFUSED(IN8);
	ASSERT_REFUSED(0x66, IN32);
	/* Past the map's end, by one port; the last port; around the end. */
	vcpu.iobmp_limit = 0x88;
	regs->rdx = 0x87;
	ASSERT_DONE(IN8);
	ASSERT_REFUSED(0x66, IN32);
	vcpu.iobmp_limit = 65536;
	map[8191] = 0x7f;
	regs->rdx = 0xffff;
	ASSERT_DONE(IN8);
	ASSERT_REFUSED(0x66, IN32);
	regs->rdx = 0xfffe;
	ASSERT_REFUSED(IN32);
	/* No map, or one that cannot be read. */
	memset(map, 0, 4096 * 2);
	ASSERT_DONE(IN8);
	mem_rights[1] = mem_rights[2] = 0;
	ASSERT_REFUSED(IN8);
	vcpu.iobmp = 0;
	ASSERT_REFUSED(IN8);
}

/* The last byte of a map may end its page: the next need not be there. */
static void test_bitmap_ends_its_page(void **state)
{
	(void)state;
	env_user(SEL_USER_CS64);
	memset(mem + 4096, 0, 4096);
	vcpu.iobmp = DATA + 4095;
	vcpu.iobmp_limit = 8;
	mem_rights[2] = 0;
	regs->rdx = 7;
	ASSERT_DONE(IN8);
	regs->rdx = 8;
	ASSERT_REFUSED(IN8);
}

/* A program's access to the hypervisor's port, with leave: ones, no fault. */
static void test_bitmap_and_owned(void **state)
{
	(void)state;
	env_user(SEL_USER_CS64);
	vcpu.iobmp = DATA;
	vcpu.iobmp_limit = 65536;
	regs->rdx = 0x3fd;
	regs->rax = 0;
	ASSERT_DONE(IN8);
	assert_int_equal(regs->rax, 0xff);
	assert_int_equal(nr_accesses, 0);
}

/* --- registers --- */

static void test_sizes(void **state)
{
	(void)state;
	regs->rdx = 0xabcd00000080;
	regs->rax = 0xffffffffffffffff;
	port_answer = 0;
	ASSERT_DONE(IN8);
	assert_true(regs->rax == 0xffffffffffffff00);
	port_answer = 0x5566;
	ASSERT_DONE(0x66, IN32);
	assert_true(regs->rax == 0xffffffffffff5566);
	port_answer = 0x99887766;
	ASSERT_DONE(IN32);
	assert_true(regs->rax == 0x99887766);
	regs->rax = 0x1122334455667788;
	ASSERT_DONE(OUT8);
	ASSERT_DONE(0x66, OUT32);
	ASSERT_DONE(OUT32);
	assert_int_equal(accesses[3].value, 0x88);
	assert_int_equal(accesses[4].value, 0x7788);
	assert_int_equal(accesses[5].value, 0x55667788);
	ASSERT_DONE(0xe5, 0x60);
	assert_int_equal(accesses[6].port, 0x60);
}

static void test_wrap(void **state)
{
	(void)state;
	regs->rdx = 0xffff;
	ASSERT_REFUSED(0x66, IN32);
	regs->rdx = 0xfffd;
	ASSERT_REFUSED(OUT32);
	regs->rdx = 0xfffc;
	ASSERT_DONE(IN32);
}

/* --- strings --- */

/* Runs the instruction until its REP is through, as a guest does. */
static unsigned int run_rep(const u8 *code, size_t n)
{
	unsigned int times = 0;

	env_code(code, n);
	while (regs->rip == CODE) {
		assert_true(emulate_privileged(&vcpu));
		assert_int_equal(injected.vector, 0);
		assert_true(++times < 100);
	}
	assert_int_equal(regs->rip, CODE + n);
	return times;
}

static void test_rep_insw(void **state)
{
	static const u8 insw[] = { 0xf3, 0x66, 0x6d };
	unsigned int i;

	(void)state;
	regs->rdx = 0x1f0;
	regs->rdi = DATA + 4000;	/* over the end of the page */
	regs->rcx = 256;
	port_answer = 0x1000;
	run_rep(insw, sizeof(insw));
	assert_int_equal(regs->rcx, 0);
	assert_int_equal(regs->rdi, DATA + 4000 + 512);
	assert_int_equal(nr_accesses, 256);
	for (i = 0; i < 256; i++) {
		assert_int_equal(mem[4096 + 4000 + 2 * i], i & 0xff);
		assert_int_equal(mem[4096 + 4000 + 2 * i + 1], 0x10);
	}
	assert_int_equal(mem[4096 + 3999], 0);
	assert_int_equal(mem[4096 + 4000 + 512], 0);
}

static void test_rep_outsl(void **state)
{
	static const u8 outsl[] = { 0xf3, 0x6f };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2048; i++)
		((u32 *)(mem + 4096))[i] = i;
	/* Unaligned: elements lie across the page's end. */
	memmove(mem + 4096 + 1, mem + 4096, 8000);
	regs->rdx = 0x1f0;
	regs->rsi = DATA + 1;
	regs->rcx = 1500;
	/* In pieces, between which the guest takes its interrupts. */
	assert_true(run_rep(outsl, sizeof(outsl)) > 1);
	assert_int_equal(nr_accesses, 1500);
	for (i = 0; i < 1500; i++)
		assert_int_equal(accesses[i].value, i);
	assert_int_equal(regs->rsi, DATA + 1 + 6000);
}

static void test_string_backwards(void **state)
{
	static const u8 insb[] = { 0xf3, 0x6c };

	(void)state;
	regs->rflags |= EFLAGS_DF;
	regs->rdx = 0x80;
	regs->rdi = DATA + 2;
	regs->rcx = 4;
	port_answer = 1;
	run_rep(insb, sizeof(insb));
	assert_int_equal(regs->rdi, DATA - 2);
	assert_memory_equal(mem + 4095, "\4\3\2\1", 4);
}

static void test_string_count_zero(void **state)
{
	(void)state;
	regs->rdx = 0x80;
	regs->rdi = 0x1000;	/* not mapped, not touched */
	regs->rcx = 0;
	ASSERT_DONE(0xf3, 0x6c);
	assert_int_equal(nr_accesses, 0);
	assert_int_equal(regs->rdi, 0x1000);
}

/* Full addresses only. */
static void test_string_address_size(void **state)
{
	(void)state;
	regs->rdx = 0x80;
	regs->rdi = DATA;
	ASSERT_REFUSED(0x67, 0x6c);
	ASSERT_REFUSED(0x67, 0xf3, 0x6c);
	assert_int_equal(nr_accesses, 0);
}

/* FS and GS are not on the list; the flat ones make no difference. */
static void test_string_segments(void **state)
{
	(void)state;
	regs->rdx = 0x80;
	regs->rsi = DATA;
	ASSERT_REFUSED(0x64, 0x6e);
	ASSERT_REFUSED(0x65, 0x6e);
	ASSERT_REFUSED(0x36, 0x64, 0x6e);
	ASSERT_DONE(0x36, 0x6e);
	regs->rdi = DATA;
	ASSERT_DONE(0x65, 0x6c);	/* INS takes no override */
}

static void string_faults(u64 va, u64 error)
{
	static const u8 insl[] = { 0x6d };
	struct regs before;

	env_code(insl, sizeof(insl));
	before = *regs;
	assert_true(emulate_privileged(&vcpu));
	assert_int_equal(injected.vector, VEC_PF);
	assert_true(injected.va == va);
	assert_int_equal(injected.error, error);
	assert_int_equal(injected.count, 1);
	assert_memory_equal(regs, &before, sizeof(before));
	/* The device has not been asked. */
	assert_int_equal(nr_accesses, 0);
}

static void test_string_not_mapped(void **state)
{
	(void)state;
	regs->rdi = 0x1000;
	string_faults(0x1000, 2);
}

static void test_string_second_page_not_mapped(void **state)
{
	(void)state;
	mem_rights[2] = 0;
	regs->rdi = DATA + 4094;
	string_faults(DATA + 4096, 2);
}

static void test_string_read_only(void **state)
{
	(void)state;
	mem_rights[1] = MEM_PRESENT | MEM_USER;
	regs->rdi = DATA;
	string_faults(DATA, 3);
}

/* A program does not get at its kernel's pages this way. */
static void test_string_kernel_page_from_user(void **state)
{
	(void)state;
	env_user(SEL_USER_CS64);
	vcpu.iopl = 3;
	mem_rights[1] = MEM_PRESENT | MEM_WRITE;
	regs->rdi = DATA;
	string_faults(DATA, 7);
}

static void test_string_out_kernel_page_from_user(void **state)
{
	(void)state;
	env_user(SEL_USER_CS64);
	vcpu.iopl = 3;
	mem_rights[1] = MEM_PRESENT | MEM_WRITE;
	regs->rsi = DATA;
	assert_true(RUN(0x6e));
	assert_int_equal(injected.vector, VEC_PF);
	assert_int_equal(injected.error, 5);
	assert_int_equal(nr_accesses, 0);
}

static void test_string_at_the_end_of_the_address_space(void **state)
{
	(void)state;
	regs->rdi = ~0ULL - 1;
	string_faults(~0ULL - 1, 2);
}

/* --- 32-bit programs --- */

#define DESC(base, limit, type) ((u64)((limit) & 0xffff) | \
	(u64)((base) & 0xffffff) << 16 | (u64)(type) << 40 | \
	(u64)((limit) >> 16 & 0xf) << 48 | (u64)((base) >> 24) << 56)
#define CODE32	0xfbULL			/* present, DPL 3, code, readable */
#define DATA32	0xf3ULL
#define DEFAULT32 (1ULL << 54)

static void user32(void)
{
	vcpu.gdt_frames[0] = MFN(0);
	vcpu.gdt_entries = 16;
	vcpu.iopl = 3;
	/* Code at its own base: rip counts from there. */
	test_gdt[4] = DESC(CODE, 0xfff, CODE32) | DEFAULT32;
	test_gdt[5] = DESC(DATA, 0xff, DATA32) | DEFAULT32;
	env_user(4 << 3 | 3);
	regs->ss = 5 << 3 | 3;
}

static bool run32(const u8 *code, size_t n)
{
	env_code(code, n);
	regs->rip = 0;
	return emulate_privileged(&vcpu);
}
#define RUN32(...) run32((const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))

static void test_in_32bit(void **state)
{
	(void)state;
	user32();
	regs->rdx = 0x80;
	assert_true(RUN32(IN8));
	assert_int_equal(regs->rip, 1);
	/* 0x48 is DEC here, not REX. */
	assert_false(RUN32(0x48, IN8));
}

static void test_code_segment_limit(void **state)
{
	(void)state;
	user32();
	regs->rdx = 0x80;
	test_gdt[4] = DESC(CODE, 0x1, CODE32) | DEFAULT32;
	assert_true(RUN32(0xe4, 0x80));
	test_gdt[4] = DESC(CODE, 0x0, CODE32) | DEFAULT32;
	assert_false(RUN32(0xe4, 0x80));
	test_gdt[4] = DESC(CODE, 0xfff, CODE32);	/* 16-bit */
	assert_false(RUN32(IN8));
	test_gdt[4] = DESC(CODE, 0xfff, CODE32 & ~0x80) | DEFAULT32;
	assert_false(RUN32(IN8));
	test_gdt[4] = DESC(CODE, 0xfff, DATA32) | DEFAULT32;
	assert_false(RUN32(IN8));
	vcpu.gdt_entries = 4;
	assert_false(RUN32(IN8));
}

/* Strings are for 64-bit code. */
static void test_string_32bit(void **state)
{
	(void)state;
	user32();
	regs->rdx = 0x80;
	regs->rsi = regs->rdi = 0;
	assert_false(RUN32(0x6f));
	assert_false(RUN32(0xf3, 0x6d));
	assert_int_equal(nr_accesses, 0);
}

static void test_code_in_the_ldt(void **state)
{
	u64 desc = DESC(CODE, 0xfff, CODE32) | DEFAULT32;

	(void)state;
	user32();
	vcpu.ldt_base = DATA;
	vcpu.ldt_entries = 2;
	memcpy(mem + 4096 + 8, &desc, 8);
	regs->rdx = 0x80;
	regs->cs = 1 << 3 | 4 | 3;
	assert_true(RUN32(IN8));
	vcpu.ldt_entries = 1;
	assert_false(RUN32(IN8));
}

#define IO(test) cmocka_unit_test_setup(test, hardware)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_unprivileged_domain, env_reset),
		IO(test_owned_ports_are_never_touched),
		IO(test_real_ports),
		IO(test_owned_read_ones),
		IO(test_pit_control),
		IO(test_cmos),
		IO(test_pci_configuration),
		IO(test_iopl_of_the_kernel),
		IO(test_iopl_of_programs),
		IO(test_bitmap),
		IO(test_bitmap_ends_its_page),
		IO(test_bitmap_and_owned),
		IO(test_sizes),
		IO(test_wrap),
		IO(test_rep_insw),
		IO(test_rep_outsl),
		IO(test_string_backwards),
		IO(test_string_count_zero),
		IO(test_string_address_size),
		IO(test_string_segments),
		IO(test_string_not_mapped),
		IO(test_string_second_page_not_mapped),
		IO(test_string_read_only),
		IO(test_string_kernel_page_from_user),
		IO(test_string_out_kernel_page_from_user),
		IO(test_string_at_the_end_of_the_address_space),
		IO(test_in_32bit),
		IO(test_code_segment_limit),
		IO(test_string_32bit),
		IO(test_code_in_the_ldt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
