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

#define SIZED	BIT(0)	/* bit 0 of the opcode: 2 or 4 bytes, not 1 */
#define IMM8	BIT(1)	/* the port's number follows */
#define STRING	BIT(2)	/* as said above, and REP may be there */
#define ANY_REP	BIT(3)	/* F3 0F 09 is WBNOINVD, of which WBINVD does more */
#define PLAIN64	BIT(4)	/* with no prefix that might change it */
#define MOV_CR	BIT(5)	/* a register byte, whose mod is ignored (SDM 2B) */
#define MOV_DR	BIT(6)

static const struct {
	u32 opcode;	/* its bytes, the last one lowest */
	enum priv_op op;
	u32 flags;
} white_list[] = {
	{ 0x6c, PRIV_INS, SIZED | STRING },
	{ 0x6e, PRIV_OUTS, SIZED | STRING },
	{ 0xe4, PRIV_IN, SIZED | IMM8 },
	{ 0xe6, PRIV_OUT, SIZED | IMM8 },
	{ 0xec, PRIV_IN, SIZED },
	{ 0xee, PRIV_OUT, SIZED },
	{ 0xfa, PRIV_CLI_STI, 0 },
	{ 0xfb, PRIV_CLI_STI, 0 },
	{ 0x0f06, PRIV_CLTS, 0 },
	{ 0x0f09, PRIV_WBINVD, ANY_REP },
	{ 0x0f20, PRIV_READ_CR, MOV_CR },
	{ 0x0f21, PRIV_READ_DR, MOV_DR },
	{ 0x0f22, PRIV_WRITE_CR, MOV_CR },
	{ 0x0f23, PRIV_WRITE_DR, MOV_DR },
	{ 0x0f30, PRIV_WRMSR, 0 },
	{ 0x0f31, PRIV_RDTSC, 0 },
	{ 0x0f32, PRIV_RDMSR, 0 },
	{ 0x0f01d1, PRIV_XSETBV, PLAIN64 },
	{ 0x0f01f9, PRIV_RDTSCP, PLAIN64 },
};

static bool fits(const struct insn *c, bool code64, u32 flags, enum priv_op op)
{
	if (c->cut || c->lock || (c->rep && !(flags & (STRING | ANY_REP))))
		return false;
	if (flags & PLAIN64)
		return code64 && !c->operand16;
	/* OUTS reads through a segment; what INS writes to is ES always. */
	if (flags & STRING)
		return code64 && !c->address_prefix && !(c->based_segment && op == PRIV_OUTS);
	return true;
}

/* Control registers 0, 2, 3, 4; debug registers 0 to 7. */
static bool special_registers(struct insn *c, u32 flags, struct priv_insn *insn)
{
	u8 modrm = insn_fetch(c, 1);

	insn->reg = ((modrm >> 3) & 7) | (c->rex & REX_R ? 8 : 0);
	insn->gpr = (modrm & 7) | (c->rex & REX_B ? 8 : 0);
	return (flags & MOV_CR ? 0x1d : 0xff) >> insn->reg & 1;
}

bool priv_decode(const u8 *code, unsigned int n, bool code64, struct priv_insn *insn)
{
	struct insn c = { .code = code, .n = n };
	u32 opcode = insn_begin(&c, code64), flags;
	unsigned int i;

	if (opcode == 0x0f)
		opcode = opcode << 8 | insn_fetch(&c, 1);
	if (opcode == 0x0f01)
		opcode = opcode << 8 | insn_fetch(&c, 1);
	for (i = 0; i < ARRAY_SIZE(white_list); i++) {
		flags = white_list[i].flags;
		if ((flags & SIZED ? opcode & ~1u : opcode) != white_list[i].opcode)
			continue;
		*insn = (struct priv_insn){ .op = white_list[i].op };
		insn->rep = c.rep && (flags & STRING);
		if (flags & SIZED)
			insn->bytes = !(opcode & 1) ? 1 : c.operand16 ? 2 : 4;
		insn->port_imm = flags & IMM8;
		if (insn->port_imm)
			insn->imm = insn_fetch(&c, 1);
		if ((flags & (MOV_CR | MOV_DR)) && !special_registers(&c, flags, insn))
			return false;
		insn->length = c.at;
		return fits(&c, code64, flags, insn->op);
	}
	return false;
}
