// SPDX-License-Identifier: GPL-2.0
/*
 * The white-listed decoder of privileged instructions.
 *
 * Owns nothing: a pure function of at most 15 bytes, also built into host tests
 * and fuzzed there. Invariants: never reads past the bytes given; what it does
 * not know exactly it does not decode; the length it returns is at most 15.
 *
 * Prefixes: segment, 0x66, 0x67, and in 64-bit code one REX directly before the
 * opcode (an earlier one is void, SDM 2A 2.2.1). LOCK is refused, and REP where
 * it would make another instruction of it. String I/O is on the list for 64-bit
 * code with flat segments and full addresses, as kernels use it.
 */
#include "dispatch/emulate.h"

/* 0F 01: only XSETBV and RDTSCP, with no prefix that might change them. */
static void decode_0f01(struct insn *c, bool code64, struct priv_insn *insn)
{
	u8 modrm = insn_fetch(c, 1);

	if (c->rep || c->operand16 || !code64)
		return;
	if (modrm == 0xd1)
		insn->op = PRIV_XSETBV;
	else if (modrm == 0xf9)
		insn->op = PRIV_RDTSCP;
}

/* 0F 20 to 0F 23. The mod bits are ignored by the CPU (SDM 2B, MOV CR). */
static void decode_mov_special(struct insn *c, struct priv_insn *insn, u8 op)
{
	static const enum priv_op ops[4] = {
		PRIV_READ_CR, PRIV_READ_DR, PRIV_WRITE_CR, PRIV_WRITE_DR,
	};
	u8 modrm = insn_fetch(c, 1);

	insn->reg = ((modrm >> 3) & 7) | ((c->rex & 4) << 1);
	insn->gpr = (modrm & 7) | ((c->rex & 1) << 3);
	if (op & 1) {
		if (insn->reg > 7)
			return;
	} else if (insn->reg != 0 && insn->reg != 2 && insn->reg != 3 &&
		   insn->reg != 4) {
		return;
	}
	insn->op = ops[op & 3];
}

static void decode_0f(struct insn *c, bool code64, struct priv_insn *insn)
{
	u8 b = insn_fetch(c, 1);

	if (b == 0x09) {	/* F3: WBNOINVD, of which WBINVD does more */
		insn->op = PRIV_WBINVD;
		return;
	}
	if (b == 0x01) {
		decode_0f01(c, code64, insn);
		return;
	}
	if (c->rep)
		return;
	switch (b) {
	case 0x06:
		insn->op = PRIV_CLTS;
		break;
	case 0x20: case 0x21: case 0x22: case 0x23:
		decode_mov_special(c, insn, b);
		break;
	case 0x30:
		insn->op = PRIV_WRMSR;
		break;
	case 0x31:
		insn->op = PRIV_RDTSC;
		break;
	case 0x32:
		insn->op = PRIV_RDMSR;
		break;
	}
}

/* IN, OUT, INS, OUTS, CLI, STI. Bit 0 of an I/O opcode: not the byte form. */
static void decode_one_byte(struct insn *c, bool code64, struct priv_insn *insn,
			    u8 b)
{
	insn->bytes = !(b & 1) ? 1 : c->operand16 ? 2 : 4;
	if ((b & 0xfc) == 0x6c) {
		if (!code64 || c->address_prefix)
			return;
		if (b < 0x6e)
			insn->op = PRIV_INS;
		else if (!c->based_segment)
			insn->op = PRIV_OUTS;
		insn->rep = c->rep;
		return;
	}
	if (c->rep)
		return;
	switch (b) {
	case 0xe4: case 0xe5: case 0xe6: case 0xe7:
		insn->port_imm = true;
		insn->imm = insn_fetch(c, 1);
		insn->op = b & 2 ? PRIV_OUT : PRIV_IN;
		break;
	case 0xec: case 0xed: case 0xee: case 0xef:
		insn->op = b & 2 ? PRIV_OUT : PRIV_IN;
		break;
	case 0xfa:
		insn->op = PRIV_CLI;
		break;
	case 0xfb:
		insn->op = PRIV_STI;
		break;
	}
}

bool priv_decode(const u8 *code, unsigned int n, bool code64,
		 struct priv_insn *insn)
{
	struct insn c = { .code = code, .n = n };
	struct priv_insn zero = { 0 };
	u8 b = insn_begin(&c, code64);

	*insn = zero;
	if (c.lock)
		return false;
	if (b == 0x0f)
		decode_0f(&c, code64, insn);
	else
		decode_one_byte(&c, code64, insn, b);
	insn->length = c.at;
	return !c.cut && insn->op != PRIV_NONE;
}
