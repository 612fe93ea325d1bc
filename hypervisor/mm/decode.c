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
#include "machine/insn.h"

#define FLAG_CF	0x001
#define FLAG_PF	0x004
#define FLAG_AF	0x010
#define FLAG_ZF	0x040
#define FLAG_SF	0x080
#define FLAG_OF	0x800
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

static u64 width_mask(unsigned int width)
{
	return width == 8 ? ~0ULL : (1ULL << (8 * width)) - 1;
}

/* A register operand; byte registers AH..BH have no place here. */
static int reg_operand(const struct insn *c, const struct modrm *m,
		       struct regs *r, struct pt_insn *insn)
{
	if (insn->width == 1 && !c->rex && m->reg >= 4)
		return -EINVAL;
	insn->reg = m->reg;
	insn->value = *insn_gpr(r, m->reg);
	return 0;
}

/* Group 1 and the plain forms: 0 add, 1 or, 2 adc, 3 sbb, 4 and, 5 sub, 6 xor */
static int logic_op(unsigned int nr, struct pt_insn *insn)
{
	static const enum pt_op_kind kind[] = { [1] = PT_OP_OR, [4] = PT_OP_AND, [6] = PT_OP_XOR };

	insn->kind = INSN_LOGIC;
	insn->op = nr < ARRAY_SIZE(kind) ? kind[nr] : PT_OP_STORE;
	return insn->op == PT_OP_STORE ? -EINVAL : 0;
}

/* 5 bts, 6 btr, 7 btc; the bit must lie in the addressed word. */
static int bit_op(unsigned int nr, u64 bit, struct pt_insn *insn)
{
	insn->kind = INSN_BIT;
	if (bit >= 8U * insn->width)
		return -EINVAL;
	if (nr < 5)
		return -EINVAL;
	insn->bit = bit;
	insn->op = nr == 5 ? PT_OP_OR : nr == 6 ? PT_OP_AND : PT_OP_XOR;
	insn->value = nr == 6 ? ~(1ULL << bit) : 1ULL << bit;
	return 0;
}

static int decode_two_byte(u8 b, struct insn *c, struct regs *r,
			   struct modrm *m, struct pt_insn *insn)
{
	switch (b) {
	case 0xb0:
		insn->width = 1;
		/* fall through */
	case 0xb1:
		insn->kind = INSN_CMPXCHG;
		insn->op = PT_OP_CMPXCHG;
		*m = insn_modrm(c, r);
		return reg_operand(c, m, r, insn);
	case 0xab: case 0xb3: case 0xbb:
		*m = insn_modrm(c, r);
		return bit_op((b >> 3) & 7, *insn_gpr(r, m->reg) & width_mask(insn->width), insn);
	case 0xba:
		*m = insn_modrm(c, r);
		return bit_op(m->reg & 7, insn_fetch(c, 1) & (8U * insn->width - 1), insn);
	}
	return -EINVAL;
}

static int decode_one_byte(u8 b, struct insn *c, struct regs *r,
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
	*m = insn_modrm(c, r);

	switch (b) {
	case 0x88: case 0x89:
		insn->kind = INSN_MOV;
		insn->op = PT_OP_STORE;
		return reg_operand(c, m, r, insn);
	case 0x86: case 0x87:
		insn->kind = INSN_XCHG;
		insn->op = PT_OP_STORE;
		return reg_operand(c, m, r, insn);
	case 0xc6: case 0xc7:
		insn->kind = INSN_MOV;
		insn->op = PT_OP_STORE;
		insn->value = insn_fetch_signed(c, insn->width == 1 ? 1 : 4);
		return (m->reg & 7) ? -EINVAL : 0;
	case 0x80: case 0x81: case 0x83:
		insn->value = insn_fetch_signed(c, b == 0x81 ? 4 : 1);
		return logic_op(m->reg & 7, insn);
	}
	/* 08/09 or, 20/21 and, 30/31 xor */
	return logic_op(b >> 3, insn) ?: reg_operand(c, m, r, insn);
}

int pt_insn_decode(const u8 *code, unsigned int n, struct regs *regs, struct pt_insn *insn)
{
	struct insn c = { .code = code, .n = n };
	struct modrm m = { 0 };
	u8 b = insn_begin(&c, true);
	int rc;

	if (c.based_segment || c.operand16 || c.address_prefix || c.rep)
		return -EINVAL;
	insn->width = c.rex & REX_W ? 8 : 4;
	insn->value = insn->reg = insn->bit = 0;
	if (b == 0x0f)
		rc = decode_two_byte(insn_fetch(&c, 1), &c, regs, &m, insn);
	else
		rc = decode_one_byte(b, &c, regs, &m, insn);
	/* A register operand writes no memory. */
	if (rc || c.cut || !m.memory)
		return -EINVAL;

	insn->length = c.at;
	insn->addr = m.addr;
	if (m.rip_relative)
		insn->addr += regs->rip + c.at;
	return 0;
}

int pt_insn_op(const struct pt_insn *insn, const struct regs *regs, struct pt_op *op)
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
	op->foreign = 0;
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
	return result_flags(r, width) | (a < b ? FLAG_CF : 0) | ((a ^ b ^ r) & 0x10 ? FLAG_AF : 0) |
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

void pt_insn_finish(const struct pt_insn *insn, const struct pt_op *op, struct regs *regs)
{
	u64 old = (op->old & op->mask) >> ((insn->addr & 7) * 8);
	u64 flags = regs->rflags & ~(u64)FLAGS_ARITH;

	switch (insn->kind) {
	case INSN_MOV:
		break;
	case INSN_XCHG:
		set_reg(insn_gpr(regs, insn->reg), old, insn->width);
		break;
	case INSN_CMPXCHG:
		regs->rflags = flags | compare_flags(regs->rax, old, insn->width);
		if (!op->done)
			set_reg(&regs->rax, old, insn->width);
		break;
	case INSN_LOGIC:
		regs->rflags = flags | result_flags(logic_result(insn, old), insn->width);
		break;
	case INSN_BIT:
		regs->rflags &= ~(u64)FLAG_CF;
		if (old >> insn->bit & 1)
			regs->rflags |= FLAG_CF;
		break;
	}
	regs->rip += insn->length;
}
