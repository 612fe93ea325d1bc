// SPDX-License-Identifier: GPL-2.0
/*
 * Decodes the few instructions by which kernels write page-table entries, in
 * 64-bit mode: mov, xchg, cmpxchg, and/or/xor and bts/btr/btc to memory, with
 * operands of 1, 4 or 8 bytes, any addressing mode, LOCK and REX. All else is
 * -EINVAL and the guest gets its page fault: FS and GS overrides, operand- and
 * address-size prefixes, REP, string instructions, AH..BH, 16-byte compares.
 * Encodings: SDM 2A chapter 2, and 2B/2C under each instruction.
 *
 * Pure: input is bytes and registers; nothing but *insn and, in
 * pt_insn_finish(), the registers is written. Never reads past @n bytes.
 */
#include "mm/decode.h"
#include "base/errno.h"

#define REX_W	8
#define REX_R	4
#define REX_X	2
#define REX_B	1

#define FLAG_CF	0x001
#define FLAG_PF	0x004
#define FLAG_AF	0x010
#define FLAG_ZF	0x040
#define FLAG_SF	0x080
#define FLAG_OF	0x800
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/* Bytes not yet looked at. */
struct cursor {
	const u8 *p;
	unsigned int pos, n;
	bool short_read;
};

struct modrm {
	u8 rex, mod, reg, rm;
	bool rip_relative;
	u64 addr;	/* without rip */
};

static u64 fetch(struct cursor *c, unsigned int bytes)
{
	u64 v = 0;
	unsigned int i;

	if (c->n - c->pos < bytes) {
		c->short_read = true;
		return 0;
	}
	for (i = 0; i < bytes; i++)
		v |= (u64)c->p[c->pos++] << (8 * i);
	return v;
}

static u64 fetch_signed(struct cursor *c, unsigned int bytes)
{
	u64 v = fetch(c, bytes);

	if (bytes == 1)
		return (u64)(s64)(s8)v;
	return bytes == 4 ? (u64)(s64)(s32)v : v;
}

/* Register @nr in the encoding's order. */
static u64 *reg_ptr(struct regs *r, unsigned int nr)
{
	static const u16 offset[16] = {
		offsetof(struct regs, rax), offsetof(struct regs, rcx),
		offsetof(struct regs, rdx), offsetof(struct regs, rbx),
		offsetof(struct regs, rsp), offsetof(struct regs, rbp),
		offsetof(struct regs, rsi), offsetof(struct regs, rdi),
		offsetof(struct regs, r8), offsetof(struct regs, r9),
		offsetof(struct regs, r10), offsetof(struct regs, r11),
		offsetof(struct regs, r12), offsetof(struct regs, r13),
		offsetof(struct regs, r14), offsetof(struct regs, r15),
	};

	return (u64 *)(void *)((char *)r + offset[nr & 15]);
}

static u64 width_mask(unsigned int width)
{
	return width == 8 ? ~0ULL : (1ULL << (8 * width)) - 1;
}

/* SIB byte: base + index * scale. */
static u64 sib_address(struct cursor *c, struct regs *r, u8 rex, u8 mod)
{
	u8 sib = fetch(c, 1);
	unsigned int index = ((sib >> 3) & 7) | ((rex & REX_X) ? 8 : 0);
	unsigned int base = (sib & 7) | ((rex & REX_B) ? 8 : 0);
	u64 addr = 0;

	if (index != 4)
		addr = *reg_ptr(r, index) << (sib >> 6);
	if ((sib & 7) == 5 && mod == 0)
		return addr + fetch_signed(c, 4);
	return addr + *reg_ptr(r, base);
}

static int decode_modrm(struct cursor *c, struct regs *r, struct modrm *m)
{
	u8 b = fetch(c, 1);

	m->mod = b >> 6;
	m->reg = ((b >> 3) & 7) | ((m->rex & REX_R) ? 8 : 0);
	m->rm = b & 7;
	m->rip_relative = false;
	if (m->mod == 3)
		return -EINVAL;		/* a register: no memory is written */

	if (m->rm == 4) {
		m->addr = sib_address(c, r, m->rex, m->mod);
	} else if (m->rm == 5 && m->mod == 0) {
		m->rip_relative = true;
		m->addr = fetch_signed(c, 4);
	} else {
		m->addr = *reg_ptr(r, m->rm | ((m->rex & REX_B) ? 8 : 0));
	}
	if (m->mod == 1)
		m->addr += fetch_signed(c, 1);
	else if (m->mod == 2)
		m->addr += fetch_signed(c, 4);
	return 0;
}

/* Prefixes that change nothing here: LOCK, and segments with base 0. */
static u8 skip_prefixes(struct cursor *c)
{
	for (;;) {
		u8 b = fetch(c, 1);

		switch (b) {
		case 0xf0: case 0x2e: case 0x36: case 0x3e: case 0x26:
			break;
		default:
			return b;
		}
		if (c->short_read)
			return 0;
	}
}

/* A register operand; byte registers AH..BH have no place here. */
static int reg_operand(const struct modrm *m, struct regs *r,
		       struct pt_insn *insn)
{
	if (insn->width == 1 && !m->rex && m->reg >= 4)
		return -EINVAL;
	insn->reg = m->reg;
	insn->value = *reg_ptr(r, m->reg);
	return 0;
}

/* Group 1 and the plain forms: 0 add, 1 or, 2 adc, 3 sbb, 4 and, 5 sub, 6 xor */
static int logic_op(unsigned int nr, struct pt_insn *insn)
{
	insn->kind = INSN_LOGIC;
	switch (nr) {
	case 1:
		insn->op = PT_OP_OR;
		return 0;
	case 4:
		insn->op = PT_OP_AND;
		return 0;
	case 6:
		insn->op = PT_OP_XOR;
		return 0;
	}
	return -EINVAL;
}

/* 5 bts, 6 btr, 7 btc; the bit must lie in the addressed word. */
static int bit_op(unsigned int nr, u64 bit, struct pt_insn *insn)
{
	insn->kind = INSN_BIT;
	if (bit >= 8U * insn->width)
		return -EINVAL;
	insn->bit = bit;
	insn->value = 1ULL << bit;
	switch (nr) {
	case 5:
		insn->op = PT_OP_OR;
		return 0;
	case 6:
		insn->op = PT_OP_AND;
		insn->value = ~insn->value;
		return 0;
	case 7:
		insn->op = PT_OP_XOR;
		return 0;
	}
	return -EINVAL;
}

static int decode_two_byte(u8 b, struct cursor *c, struct regs *r,
			   struct modrm *m, struct pt_insn *insn)
{
	switch (b) {
	case 0xb0:
		insn->width = 1;
		/* fall through */
	case 0xb1:
		insn->kind = INSN_CMPXCHG;
		insn->op = PT_OP_CMPXCHG;
		return decode_modrm(c, r, m) ?: reg_operand(m, r, insn);
	case 0xab: case 0xb3: case 0xbb:
		if (decode_modrm(c, r, m))
			return -EINVAL;
		return bit_op((b >> 3) & 7, *reg_ptr(r, m->reg) &
			      width_mask(insn->width), insn);
	case 0xba:
		if (decode_modrm(c, r, m))
			return -EINVAL;
		return bit_op(m->reg & 7, fetch(c, 1) &
			      (8U * insn->width - 1), insn);
	}
	return -EINVAL;
}

static int decode_one_byte(u8 b, struct cursor *c, struct regs *r,
			   struct modrm *m, struct pt_insn *insn)
{
	switch (b) {
	case 0x88: case 0x86: case 0xc6: case 0x80:
	case 0x08: case 0x20: case 0x30:
		insn->width = 1;
		break;
	case 0x89: case 0x87: case 0xc7: case 0x81: case 0x83:
	case 0x09: case 0x21: case 0x31:
		break;
	default:
		return -EINVAL;
	}
	if (decode_modrm(c, r, m))
		return -EINVAL;

	switch (b) {
	case 0x88: case 0x89:
		insn->kind = INSN_MOV;
		insn->op = PT_OP_STORE;
		return reg_operand(m, r, insn);
	case 0x86: case 0x87:
		insn->kind = INSN_XCHG;
		insn->op = PT_OP_STORE;
		return reg_operand(m, r, insn);
	case 0xc6: case 0xc7:
		insn->kind = INSN_MOV;
		insn->op = PT_OP_STORE;
		insn->value = fetch_signed(c, insn->width == 1 ? 1 : 4);
		return (m->reg & 7) ? -EINVAL : 0;
	case 0x80: case 0x81: case 0x83:
		insn->value = fetch_signed(c, b == 0x81 ? 4 : 1);
		return logic_op(m->reg & 7, insn);
	}
	/* 08/09 or, 20/21 and, 30/31 xor */
	return logic_op(b >> 3, insn) ?: reg_operand(m, r, insn);
}

int pt_insn_decode(const u8 *code, unsigned int n, struct regs *regs,
		   struct pt_insn *insn)
{
	struct cursor c = { .p = code, .n = min(n, 15U) };
	struct modrm m = { 0 };
	u8 b = skip_prefixes(&c);
	int rc;

	if ((b & 0xf0) == 0x40) {
		m.rex = b;
		b = fetch(&c, 1);
	}
	insn->width = (m.rex & REX_W) ? 8 : 4;
	insn->value = insn->reg = insn->bit = 0;
	if (b == 0x0f)
		rc = decode_two_byte(fetch(&c, 1), &c, regs, &m, insn);
	else
		rc = decode_one_byte(b, &c, regs, &m, insn);
	if (rc || c.short_read)
		return -EINVAL;

	insn->length = c.pos;
	insn->addr = m.addr;
	if (m.rip_relative)
		insn->addr += regs->rip + c.pos;
	return 0;
}

int pt_insn_op(const struct pt_insn *insn, const struct regs *regs,
	       struct pt_op *op)
{
	unsigned int shift = (insn->addr & 7) * 8;
	u64 mask = width_mask(insn->width);

	if ((insn->addr & 7) + insn->width > 8)
		return -EINVAL;
	op->kind = insn->op;
	op->mask = mask << shift;
	op->value = (insn->value & mask) << shift;
	op->expect = (regs->rax & mask) << shift;
	op->preserve_ad = false;
	return 0;
}

/* A write of 4 bytes to a register clears its upper half (SDM 1, 3.4.1.1). */
static void set_reg(u64 *reg, u64 v, unsigned int width)
{
	if (width == 1)
		*reg = (*reg & ~0xffULL) | (v & 0xff);
	else
		*reg = v & width_mask(width);
}

static u64 result_flags(u64 v, unsigned int width)
{
	u64 f = 0;

	if (!(v & width_mask(width)))
		f |= FLAG_ZF;
	if (v >> (8 * width - 1) & 1)
		f |= FLAG_SF;
	if (!(__builtin_popcount(v & 0xff) & 1))
		f |= FLAG_PF;
	return f;
}

/* CMP accumulator, destination. */
static u64 compare_flags(u64 a, u64 b, unsigned int width)
{
	u64 mask = width_mask(width), r;

	a &= mask;
	b &= mask;
	r = (a - b) & mask;
	return result_flags(r, width) | (a < b ? FLAG_CF : 0) |
	       ((a ^ b ^ r) & 0x10 ? FLAG_AF : 0) |
	       (((a ^ b) & (a ^ r)) >> (8 * width - 1) & 1 ? FLAG_OF : 0);
}

static u64 logic_result(const struct pt_insn *insn, u64 old)
{
	switch (insn->op) {
	case PT_OP_AND:
		return old & insn->value;
	case PT_OP_OR:
		return old | insn->value;
	default:
		return old ^ insn->value;
	}
}

void pt_insn_finish(const struct pt_insn *insn, const struct pt_op *op,
		    struct regs *regs)
{
	u64 old = (op->old & op->mask) >> ((insn->addr & 7) * 8);
	u64 flags = regs->rflags & ~(u64)FLAGS_ARITH;

	switch (insn->kind) {
	case INSN_MOV:
		break;
	case INSN_XCHG:
		set_reg(reg_ptr(regs, insn->reg), old, insn->width);
		break;
	case INSN_CMPXCHG:
		regs->rflags = flags | compare_flags(regs->rax, old,
						     insn->width);
		if (!op->done)
			set_reg(&regs->rax, old, insn->width);
		break;
	case INSN_LOGIC:
		regs->rflags = flags | result_flags(logic_result(insn, old),
						    insn->width);
		break;
	case INSN_BIT:
		regs->rflags &= ~(u64)FLAG_CF;
		if (old >> insn->bit & 1)
			regs->rflags |= FLAG_CF;
		break;
	}
	regs->rip += insn->length;
}
