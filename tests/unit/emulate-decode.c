// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder of privileged instructions: every entry of the white list by hand,
 * then that nothing else is on it, that no byte past the given ones is read, and
 * that a cut instruction is never taken for a whole one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dispatch/emulate.h"

#define BOTH	3
#define ONLY64	1
#define ONLY32	2

struct good {
	u8 n, modes;
	u8 code[MAX_INSN_BYTES];
	struct priv_insn want;	/* without length: that is n */
};

#define IO(o, b, ...) { .op = o, .bytes = b, __VA_ARGS__ }
static const struct good good[] = {
	{ 2, ONLY64, { 0xe4, 0x71 }, IO(PRIV_IN, 1, .port_imm = true, .imm = 0x71) },
	{ 2, ONLY32, { 0xe4, 0x71 }, IO(PRIV_IN, 1, .port_imm = true, .imm = 0x71) },
	{ 2, ONLY64, { 0xe5, 0xff }, IO(PRIV_IN, 4, .port_imm = true, .imm = 0xff) },
	{ 3, ONLY64, { 0x66, 0xe5, 0 }, IO(PRIV_IN, 2, .port_imm = true) },
	{ 3, ONLY64, { 0x66, 0xe4, 0 }, IO(PRIV_IN, 1, .port_imm = true) },
	{ 2, ONLY64, { 0xe6, 0x80 }, IO(PRIV_OUT, 1, .port_imm = true, .imm = 0x80) },
	{ 2, ONLY64, { 0xe7, 0x80 }, IO(PRIV_OUT, 4, .port_imm = true, .imm = 0x80) },
	{ 1, ONLY64, { 0xec }, IO(PRIV_IN, 1) },
	{ 1, ONLY64, { 0xed }, IO(PRIV_IN, 4) },
	{ 2, ONLY64, { 0x66, 0xed }, IO(PRIV_IN, 2) },
	/* REX.W changes nothing: there is no 64-bit port access. */
	{ 2, ONLY64, { 0x48, 0xed }, IO(PRIV_IN, 4) },
	{ 1, ONLY32, { 0xee }, IO(PRIV_OUT, 1) },
	{ 1, ONLY32, { 0xef }, IO(PRIV_OUT, 4) },
	{ 1, ONLY64, { 0x6c }, IO(PRIV_INS, 1) },
	{ 2, ONLY64, { 0xf3, 0x6d }, IO(PRIV_INS, 4, .rep = true) },
	{ 3, ONLY64, { 0xf2, 0x66, 0x6d }, IO(PRIV_INS, 2, .rep = true) },
	{ 2, ONLY64, { 0x65, 0x6c }, IO(PRIV_INS, 1) },
	{ 3, ONLY64, { 0x26, 0x36, 0x6f }, IO(PRIV_OUTS, 4) },
	{ 1, ONLY64, { 0xfa }, { .op = PRIV_CLI_STI } },
	{ 1, ONLY64, { 0xfb }, { .op = PRIV_CLI_STI } },
	{ 2, BOTH, { 0x0f, 0x06 }, { .op = PRIV_CLTS } },
	{ 2, BOTH, { 0x0f, 0x09 }, { .op = PRIV_WBINVD } },
	{ 3, BOTH, { 0xf3, 0x0f, 0x09 }, { .op = PRIV_WBINVD } },
	{ 2, BOTH, { 0x0f, 0x30 }, { .op = PRIV_WRMSR } },
	{ 2, BOTH, { 0x0f, 0x31 }, { .op = PRIV_RDTSC } },
	{ 2, BOTH, { 0x0f, 0x32 }, { .op = PRIV_RDMSR } },
	{ 3, BOTH, { 0x2e, 0x0f, 0x32 }, { .op = PRIV_RDMSR } },
	{ 3, ONLY64, { 0x0f, 0x01, 0xd1 }, { .op = PRIV_XSETBV } },
	{ 3, ONLY64, { 0x0f, 0x01, 0xf9 }, { .op = PRIV_RDTSCP } },
	/* mov cr0, rax; mov rdi, cr3; mov r12, cr4; REX.W is void */
	{ 3, BOTH, { 0x0f, 0x22, 0xc0 }, { .op = PRIV_WRITE_CR } },
	{ 3, BOTH, { 0x0f, 0x20, 0xdf }, { .op = PRIV_READ_CR, .reg = 3, .gpr = 7 } },
	{ 4, ONLY64, { 0x41, 0x0f, 0x20, 0xe4 },
	  { .op = PRIV_READ_CR, .reg = 4, .gpr = 12 } },
	{ 4, ONLY64, { 0x48, 0x0f, 0x20, 0xd0 }, { .op = PRIV_READ_CR, .reg = 2 } },
	/* mod is ignored */
	{ 3, BOTH, { 0x0f, 0x20, 0x18 }, { .op = PRIV_READ_CR, .reg = 3 } },
	{ 3, BOTH, { 0x0f, 0x21, 0xf9 }, { .op = PRIV_READ_DR, .reg = 7, .gpr = 1 } },
	{ 3, BOTH, { 0x0f, 0x23, 0xf0 }, { .op = PRIV_WRITE_DR, .reg = 6 } },
	{ 4, ONLY64, { 0x41, 0x0f, 0x23, 0xc7 }, { .op = PRIV_WRITE_DR, .gpr = 15 } },
	/* A REX that does not stand before the opcode is void. */
	{ 5, ONLY64, { 0x41, 0x66, 0x0f, 0x20, 0xe4 },
	  { .op = PRIV_READ_CR, .reg = 4, .gpr = 4 } },
	/* Fifteen bytes, the most there can be. */
	{ 15, BOTH, { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
		      0x66, 0x66, 0x66, 0x0f, 0x06 }, { .op = PRIV_CLTS } },
};

/* @n bytes in memory of exactly that size, so that ASan sees one more read. */
static bool decode(const u8 *code, unsigned int n, bool code64,
		   struct priv_insn *insn)
{
	u8 *exact = malloc(n ? n : 1);
	bool ok;

	assert_non_null(exact);
	memcpy(exact, code, n);
	ok = priv_decode(exact, n, code64, insn);
	free(exact);
	return ok;
}

static void same(const struct priv_insn *a, const struct priv_insn *b)
{
	assert_int_equal(a->op, b->op);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->rep, b->rep);
	assert_int_equal(a->port_imm, b->port_imm);
	assert_int_equal(a->imm, b->imm);
	assert_int_equal(a->reg, b->reg);
	assert_int_equal(a->gpr, b->gpr);
}

static void test_good(void **state)
{
	unsigned int i, mode, cut;
	struct priv_insn insn;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		const struct good *g = &good[i];

		for (mode = ONLY64; mode <= ONLY32; mode++) {
			bool code64 = mode == ONLY64;
			u8 longer[MAX_INSN_BYTES + 4];

			if (!(g->modes & mode))
				continue;
			assert_true(decode(g->code, g->n, code64, &insn));
			assert_int_equal(insn.length, g->n);
			same(&insn, &g->want);
			/* What follows is not looked at. */
			memset(longer, 0x0f, sizeof(longer));
			memcpy(longer, g->code, g->n);
			assert_true(decode(longer, sizeof(longer), code64, &insn));
			assert_int_equal(insn.length, g->n);
			for (cut = 0; cut < g->n; cut++)
				assert_false(decode(g->code, cut, code64, &insn));
		}
	}
}

#define BAD(...) { sizeof((u8[]){ __VA_ARGS__ }), { __VA_ARGS__ } }
static const struct {
	u8 n;
	u8 code[MAX_INSN_BYTES + 1];
} bad[] = {
	BAD(0xf4),			/* hlt */
	BAD(0xf0, 0xec),		/* lock */
	BAD(0xf0, 0x0f, 0x22, 0xc0),	/* lock mov cr0: AMD's cr8 */
	BAD(0xf3, 0xec),		/* rep in: not a string */
	BAD(0xf3, 0xfa),		/* rep cli */
	BAD(0x67, 0x6c),		/* insb to edi */
	BAD(0x67, 0xf3, 0x6f),
	BAD(0x65, 0x6e),		/* outsb from gs */
	BAD(0x36, 0x64, 0x6f),
	BAD(0xf3, 0x0f, 0x30),
	BAD(0x0f, 0x00, 0xd0),		/* lldt */
	BAD(0x0f, 0x00, 0xd8),		/* ltr */
	BAD(0x0f, 0x01, 0x10),		/* lgdt */
	BAD(0x0f, 0x01, 0x18),		/* lidt */
	BAD(0x0f, 0x01, 0x38),		/* invlpg */
	BAD(0x0f, 0x01, 0xf0),		/* lmsw */
	BAD(0x0f, 0x01, 0xe0),		/* smsw */
	BAD(0x0f, 0x01, 0xf8),		/* swapgs */
	BAD(0x0f, 0x01, 0xc8),		/* monitor */
	BAD(0xf3, 0x0f, 0x01, 0xd1),
	BAD(0x66, 0x0f, 0x01, 0xf9),
	BAD(0x0f, 0x05),		/* syscall */
	BAD(0x0f, 0x07),		/* sysret */
	BAD(0x0f, 0x08),		/* invd */
	BAD(0x0f, 0x0b),		/* ud2 */
	BAD(0x0f, 0x20, 0xc8),		/* cr1 */
	BAD(0x44, 0x0f, 0x20, 0xc0),	/* cr8 */
	BAD(0x44, 0x0f, 0x21, 0xc0),	/* dr8 */
	BAD(0x0f, 0x33),		/* rdpmc */
	BAD(0x0f, 0x35),		/* sysexit */
	BAD(0x0f, 0xaa),		/* rsm */
	BAD(0x0f, 0xc7, 0x30),		/* vmptrld */
	BAD(0x0f, 0x38, 0x82, 0x00),	/* invpcid without its prefix */
	BAD(0x66, 0x0f, 0x38, 0x82, 0x00),
	BAD(0xcf),			/* iret */
	BAD(0xcd, 0x80),
	BAD(0x9d),			/* popf */
	BAD(0x8e, 0xd8),		/* mov ds */
	BAD(0xc5, 0xf8, 0x30),		/* VEX */
	BAD(0x62, 0xf1, 0x7c, 0x48, 0x30),	/* EVEX */
	/* Sixteen bytes. */
	BAD(0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
	    0x66, 0x66, 0x66, 0x0f, 0x06),
};

static void test_bad(void **state)
{
	struct priv_insn insn;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (decode(bad[i].code, bad[i].n, true, &insn))
			fail_msg("bad[%u] is taken for op %u", i, insn.op);
	}
}

static bool is_prefix(unsigned int b, bool code64)
{
	return b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e ||
	       (b >= 0x64 && b <= 0x67) || b == 0xf2 || b == 0xf3 ||
	       (code64 && b >= 0x40 && b <= 0x4f);
}

/* Of all opcodes, with every byte after them, only those of the list. */
static void test_nothing_else(void **state)
{
	static const char one[] = "\x6c\x6d\x6e\x6f\xe4\xe5\xe6\xe7\xec\xed\xee\xef\xfa\xfb";
	static const char two[] = "\x06\x09\x20\x21\x22\x23\x30\x31\x32";
	unsigned int mode, a, b;
	struct priv_insn insn;

	(void)state;
	for (mode = 0; mode < 2; mode++) {
		for (a = 0; a < 256; a++) {
			/* Strings are for 64-bit code. */
			bool want = a && strchr(mode ? one : one + 4, a);

			for (b = 0; b < 256; b++) {
				const u8 plain[4] = { a, b, 0xd1, 0xc0 };
				const u8 escaped[4] = { 0x0f, a, b, 0xc0 };

				if (!is_prefix(a, mode) && a != 0x0f)
					assert_int_equal(decode(plain, 4, mode, &insn), want);
				if (a == 0x01)
					assert_int_equal(decode(escaped, 4, mode, &insn),
							 mode && (b == 0xd1 || b == 0xf9));
				else if (!(a && strchr(two, a)))
					assert_false(decode(escaped, 4, mode, &insn));
			}
		}
	}
}

/* The registers of 0F 20 to 23, each with each modrm and REX. */
static void test_special_registers(void **state)
{
	unsigned int op, modrm, rex;
	struct priv_insn insn;

	(void)state;
	for (op = 0x20; op <= 0x23; op++) {
		for (modrm = 0; modrm < 256; modrm++) {
			for (rex = 0x40; rex < 0x50; rex++) {
				const u8 code[4] = { rex, 0x0f, op, modrm };
				unsigned int reg = (modrm >> 3 & 7) | (rex & 4) << 1;
				bool want = op & 1 ? reg < 8 :
					reg == 0 || (reg >= 2 && reg <= 4);

				assert_int_equal(decode(code, 4, true, &insn), want);
				if (!want)
					continue;
				assert_int_equal(insn.reg, reg);
				assert_int_equal(insn.gpr, (modrm & 7) | (rex & 1) << 3);
			}
		}
	}
}

/* Random bytes after a likely start: the length is right or there is none. */
static void test_random(void **state)
{
	static const u8 likely[] = { 0x0f, 0x66, 0x67, 0xf3, 0x48, 0x41, 0x6d, 0x01, 0x22 };
	struct priv_insn insn, again;
	u8 code[MAX_INSN_BYTES + 5];
	unsigned int round, i;

	(void)state;
	srandom(1);
	for (round = 0; round < 400000; round++) {
		unsigned int n = random() % (sizeof(code) + 1);
		bool code64 = random() & 1;

		for (i = 0; i < n; i++)
			code[i] = random() % 3 ? likely[random() % sizeof(likely)] : random();
		if (!decode(code, n, code64, &insn))
			continue;
		assert_in_range(insn.length, 1, n < MAX_INSN_BYTES ? n : MAX_INSN_BYTES);
		assert_true(decode(code, insn.length, code64, &again));
		same(&insn, &again);
		assert_false(decode(code, insn.length - 1, code64, &again));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nothing_else),
		cmocka_unit_test(test_special_registers),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
