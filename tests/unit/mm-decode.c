// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder of page-table writes against the CPU itself: random instructions
 * from the white-list, with random addressing, are decoded and applied by us,
 * and executed by the processor on the same memory, registers and flags. All
 * three must come out the same. Besides: instructions that must be refused, and
 * random bytes, which must never be read past their end.
 */
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/mman.h>

#include "base/errno.h"
#include "mm/decode.h"

#define ARITH	0x8d5	/* CF PF AF ZF SF OF */
#define AF	0x10

static u64 rng = 88172645463325252ULL;

static u64 rnd64(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * 0x2545f4914f6cdd1dULL;
}

static u64 rnd(u64 n)
{
	return (rnd64() >> 20) % n;
}

/* The page the CPU executes from, and the memory it writes, near each other. */
static u8 *code;
static u64 *data;

struct regs cpu_regs;
u64 cpu_code, cpu_stack;

/*
 * Load all registers but RSP from cpu_regs, run the instruction at cpu_code,
 * which is followed by a jump to cpu_return, and store them again.
 */
void cpu_run(void);
void cpu_return(void);
__asm__(".pushsection .text\n"
	"cpu_run:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, cpu_stack(%rip)\n"
	"	pushq cpu_regs+152(%rip); popfq\n"
	"	mov cpu_regs+0(%rip), %r15;  mov cpu_regs+8(%rip), %r14\n"
	"	mov cpu_regs+16(%rip), %r13; mov cpu_regs+24(%rip), %r12\n"
	"	mov cpu_regs+32(%rip), %rbp; mov cpu_regs+40(%rip), %rbx\n"
	"	mov cpu_regs+48(%rip), %r11; mov cpu_regs+56(%rip), %r10\n"
	"	mov cpu_regs+64(%rip), %r9;  mov cpu_regs+72(%rip), %r8\n"
	"	mov cpu_regs+80(%rip), %rax; mov cpu_regs+88(%rip), %rcx\n"
	"	mov cpu_regs+96(%rip), %rdx; mov cpu_regs+104(%rip), %rsi\n"
	"	mov cpu_regs+112(%rip), %rdi\n"
	"	jmp *cpu_code(%rip)\n"
	"cpu_return:\n"
	"	mov %r15, cpu_regs+0(%rip);  mov %r14, cpu_regs+8(%rip)\n"
	"	mov %r13, cpu_regs+16(%rip); mov %r12, cpu_regs+24(%rip)\n"
	"	mov %rbp, cpu_regs+32(%rip); mov %rbx, cpu_regs+40(%rip)\n"
	"	mov %r11, cpu_regs+48(%rip); mov %r10, cpu_regs+56(%rip)\n"
	"	mov %r9, cpu_regs+64(%rip);  mov %r8, cpu_regs+72(%rip)\n"
	"	mov %rax, cpu_regs+80(%rip); mov %rcx, cpu_regs+88(%rip)\n"
	"	mov %rdx, cpu_regs+96(%rip); mov %rsi, cpu_regs+104(%rip)\n"
	"	mov %rdi, cpu_regs+112(%rip)\n"
	"	mov cpu_stack(%rip), %rsp\n"
	"	pushfq; popq cpu_regs+152(%rip)\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	".popsection\n");
_Static_assert(offsetof(struct regs, rdi) == 112, "cpu_run");
_Static_assert(offsetof(struct regs, rflags) == 152, "cpu_run");

static int setup(void **state)
{
	u8 *p = mmap(NULL, 0x4000, PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (p == MAP_FAILED)
		return -1;
	code = p;
	data = (u64 *)(p + 0x2000);
	return 0;
}

/* What an instruction looks like without its operands. */
struct form {
	u8 opcode[2], len;
	s8 ext;		/* /digit; -1: a register */
	u8 imm;		/* bytes; 4: a full immediate */
	bool byte;
	bool logic;	/* AF is undefined */
	bool bit;	/* all flags but CF are undefined */
};

static const struct form forms[] = {
	{ { 0x88 }, 1, -1, 0, .byte = true },		/* mov */
	{ { 0x89 }, 1, -1, 0, .byte = false },
	{ { 0xc6 }, 1, 0, 1, .byte = true },
	{ { 0xc7 }, 1, 0, 4, .byte = false },
	{ { 0x86 }, 1, -1, 0, .byte = true },		/* xchg */
	{ { 0x87 }, 1, -1, 0, .byte = false },
	{ { 0x0f, 0xb0 }, 2, -1, 0, .byte = true },	/* cmpxchg */
	{ { 0x0f, 0xb1 }, 2, -1, 0, .byte = false },
	{ { 0x08 }, 1, -1, 0, .byte = true, .logic = true },
	{ { 0x09 }, 1, -1, 0, .logic = true },
	{ { 0x20 }, 1, -1, 0, .byte = true, .logic = true },
	{ { 0x21 }, 1, -1, 0, .logic = true },
	{ { 0x30 }, 1, -1, 0, .byte = true, .logic = true },
	{ { 0x31 }, 1, -1, 0, .logic = true },
	{ { 0x80 }, 1, 1, 1, .byte = true, .logic = true },
	{ { 0x81 }, 1, 4, 4, .logic = true },
	{ { 0x83 }, 1, 6, 1, .logic = true },
	{ { 0x0f, 0xab }, 2, -1, 0, .bit = true },	/* bts, btr, btc */
	{ { 0x0f, 0xb3 }, 2, -1, 0, .bit = true },
	{ { 0x0f, 0xbb }, 2, -1, 0, .bit = true },
	{ { 0x0f, 0xba }, 2, 5, 1, .bit = true },
	{ { 0x0f, 0xba }, 2, 6, 1, .bit = true },
	{ { 0x0f, 0xba }, 2, 7, 1, .bit = true },
};

static u8 modrm_at;	/* of the instruction made last */

static unsigned int make_insn(const struct form *f, u8 *b)
{
	unsigned int n = 0, i, disp = 0;
	u8 modrm, mod = rnd(3), rm = rnd(8), sib;

	if (rnd(2) && f->opcode[0] != 0x88 && f->opcode[0] != 0x89 &&
	    f->opcode[0] != 0xc6 && f->opcode[0] != 0xc7)
		b[n++] = 0xf0;		/* LOCK is not for mov */
	if (!rnd(8))
		b[n++] = 0x3e;
	if (rnd(4))
		b[n++] = 0x40 | rnd(16);
	memcpy(b + n, f->opcode, f->len);
	n += f->len;
	modrm = mod << 6 | (f->ext < 0 ? rnd(8) : (u8)f->ext) << 3 | rm;
	modrm_at = n;
	b[n++] = modrm;
	if (rm == 4) {
		sib = rnd(256);
		b[n++] = sib;
		if ((sib & 7) == 5 && mod == 0)
			disp = 4;
	} else if (rm == 5 && mod == 0) {
		disp = 4;
	}
	disp = mod == 1 ? 1 : mod == 2 ? 4 : disp;
	for (i = 0; i < disp + f->imm; i++)
		b[n++] = rnd64();
	return n;
}

static u64 *reg_at(struct regs *r, unsigned int i)
{
	return &((u64 *)r)[i];	/* r15 .. rdi: fifteen of them */
}

/*
 * Change one register, or the displacement from RIP, so that the operand is at
 * @want. False if the addressing leaves no way.
 */
static bool aim(u8 *b, unsigned int n, struct regs *r, u64 want)
{
	struct pt_insn insn;
	unsigned int i;
	u64 old;

	if ((b[modrm_at] & 0xc7) == 5) {
		u32 disp = want - (u64)code - n;

		memcpy(b + modrm_at + 1, &disp, 4);
		return !pt_insn_decode(b, n, r, &insn) && insn.addr == want;
	}
	for (i = 0; i < 15; i++) {
		old = *reg_at(r, i);
		if (!pt_insn_decode(b, n, r, &insn)) {
			*reg_at(r, i) += want - insn.addr;
			if (!pt_insn_decode(b, n, r, &insn) &&
			    insn.addr == want)
				return true;
		}
		*reg_at(r, i) = old;
	}
	return false;
}

static void execute(const u8 *b, unsigned int n, const struct regs *r)
{
	u64 back = (u64)cpu_return;

	memcpy(code, b, n);
	memcpy(code + n, "\xff\x25\0\0\0", 6);		/* jmp *0(%rip) */
	memcpy(code + n + 6, &back, 8);
	cpu_regs = *r;
	cpu_code = (u64)code;
	cpu_run();
}

/* Our side: the update of one entry, as mm/update.c makes it. */
static void emulate(const struct pt_insn *insn, struct regs *r, u64 *mem)
{
	struct pt_op op;
	u64 v;

	assert_int_equal(pt_insn_op(insn, r, &op), 0);
	op.old = *mem;
	op.done = true;
	v = op.value;
	switch (op.kind) {
	case PT_OP_AND:
		*mem &= v | ~op.mask;
		break;
	case PT_OP_OR:
		*mem |= v;
		break;
	case PT_OP_XOR:
		*mem ^= v;
		break;
	case PT_OP_CMPXCHG:
		op.done = !((*mem ^ op.expect) & op.mask);
		/* fall through */
	case PT_OP_STORE:
		if (op.done)
			*mem = (*mem & ~op.mask) | v;
		break;
	}
	pt_insn_finish(insn, &op, r);
}

static void compare(const struct form *f, const struct regs *r)
{
	u64 flags = f->bit ? 1 : f->logic ? ARITH & ~AF : ARITH;
	unsigned int i;

	for (i = 0; i < 15; i++)
		assert_int_equal(((const u64 *)r)[i], *reg_at(&cpu_regs, i));
	assert_int_equal((r->rflags ^ cpu_regs.rflags) & flags, 0);
}

/* RSP is the test's own, so it cannot be the operand. */
static bool operand_is_rsp(const struct form *f, const u8 *b)
{
	u8 rex = modrm_at > f->len ? b[modrm_at - f->len - 1] : 0;

	return f->ext < 0 && (b[modrm_at] >> 3 & 7) == 4 &&
	       ((rex & 0xf0) != 0x40 || !(rex & 4));
}

static bool try_one(const struct form *f)
{
	struct regs r;
	struct pt_insn insn, again;
	bool rsp_based;
	u8 b[32];
	unsigned int n = make_insn(f, b), i, at = rnd(64);
	u64 mine, start, offset;

	for (i = 0; i < sizeof(r) / 8; i++)
		((u64 *)&r)[i] = rnd(3) ? rnd(64) : rnd64();
	r.rflags = 0x202 | (rnd64() & ARITH);
	r.rip = (u64)code;
	if (operand_is_rsp(f, b))
		return false;
	offset = rnd(2) ? 0 : f->byte ? rnd(8) : 4 * rnd(2);
	if (!aim(b, n, &r, (u64)(data + at) + offset))
		return false;
	if (pt_insn_decode(b, n, &r, &insn) || (insn.addr & 7) + insn.width > 8)
		return false;
	assert_int_equal(insn.length, n);
	r.rsp++;
	rsp_based = pt_insn_decode(b, n, &r, &again) || again.addr != insn.addr;
	r.rsp--;
	if (rsp_based)
		return false;

	start = rnd64();
	if (f->opcode[1] == 0xb1 && rnd(2))	/* let some of them match */
		start = r.rax;
	data[at] = start;
	execute(b, n, &r);
	mine = start;
	emulate(&insn, &r, &mine);
	assert_int_equal(mine, data[at]);
	assert_int_equal(r.rip, (u64)code + n);
	compare(f, &r);
	return true;
}

static void against_the_cpu(void **state)
{
	unsigned int i, j, done;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		done = 0;
		for (j = 0; j < 4000; j++)
			done += try_one(&forms[i]);
		assert_true(done > 300);
	}
}

#define BYTES(...) { (const u8[]){ __VA_ARGS__ }, \
		     sizeof((const u8[]){ __VA_ARGS__ }) }

static void refused(void **state)
{
	const struct {
		const u8 *b;
		size_t n;
	} bad[] = {
		BYTES(0x66, 0x89, 0x07),		/* 16 bits */
		BYTES(0x67, 0x89, 0x07),		/* 32-bit address */
		BYTES(0x64, 0x48, 0x89, 0x07),		/* fs: */
		BYTES(0x65, 0x48, 0x89, 0x07),		/* gs: */
		BYTES(0xf3, 0x48, 0xab),		/* rep stos */
		BYTES(0x48, 0xab),			/* stos */
		BYTES(0x48, 0xa5),			/* movs */
		BYTES(0x48, 0x89, 0xc7),		/* mov to a register */
		BYTES(0x88, 0x27),			/* ah */
		BYTES(0x48, 0x01, 0x07),		/* add */
		BYTES(0x48, 0x83, 0x07, 1),		/* add imm */
		BYTES(0x48, 0xff, 0x07),		/* inc */
		BYTES(0x48, 0x0f, 0xc7, 0x0f),		/* cmpxchg16b */
		BYTES(0x48, 0x0f, 0xc1, 0x07),		/* xadd */
		BYTES(0x48, 0x0f, 0xba, 0x27, 1),	/* bt */
		BYTES(0x48, 0xc7, 0x0f, 0, 0, 0, 0),	/* c7 /1 */
		BYTES(0x0f, 0x11, 0x07),		/* movups */
		BYTES(0x6a, 0),				/* push */
		BYTES(0x48, 0x0f, 0xab, 0x07),		/* bts, bit 64 and more */
	};
	struct regs r = { .rax = 64 };
	struct pt_insn insn;
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(pt_insn_decode(bad[i].b, bad[i].n, &r, &insn),
				 -EINVAL);
}

static void crossing(void **state)
{
	static const u8 mov64[] = { 0x48, 0x89, 0x07 }, mov32[] = { 0x89, 0x07 };
	struct regs r = { .rdi = 0x1001 };
	struct pt_insn insn;
	struct pt_op op;

	(void)state;
	assert_int_equal(pt_insn_decode(mov64, 3, &r, &insn), 0);
	assert_int_equal(pt_insn_op(&insn, &r, &op), -EINVAL);
	r.rdi = 0x1005;
	assert_int_equal(pt_insn_decode(mov32, 2, &r, &insn), 0);
	assert_int_equal(pt_insn_op(&insn, &r, &op), -EINVAL);
	r.rdi = 0x1004;
	assert_int_equal(pt_insn_decode(mov32, 2, &r, &insn), 0);
	assert_int_equal(pt_insn_op(&insn, &r, &op), 0);
	assert_int_equal(op.mask, 0xffffffff00000000ULL);
}

/* ASan watches the end of each buffer. */
static void random_bytes(void **state)
{
	unsigned int i, j, accepted = 0;

	(void)state;
	for (i = 0; i < 300000; i++) {
		unsigned int n = rnd(16);
		u8 *b = malloc(n ? n : 1);
		struct regs r;
		struct pt_insn insn;

		for (j = 0; j < n; j++)
			b[j] = rnd64();
		if (n > 2 && rnd(2))
			b[0] = 0x40 | rnd(16);
		for (j = 0; j < sizeof(r) / 8; j++)
			((u64 *)&r)[j] = rnd64();
		if (!pt_insn_decode(b, n, &r, &insn)) {
			accepted++;
			assert_true(insn.length && insn.length <= n);
			assert_true(insn.width == 1 || insn.width == 4 ||
				    insn.width == 8);
			assert_true(insn.bit < 8 * insn.width);
			/* Cut short by one byte it is not an instruction. */
			assert_int_equal(pt_insn_decode(b, insn.length - 1U, &r,
							&insn), -EINVAL);
		}
		free(b);
	}
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_the_cpu),
		cmocka_unit_test(refused),
		cmocka_unit_test(crossing),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
