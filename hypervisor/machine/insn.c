// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes of code to prefixes, operands and numbers. Pure: also built into host
 * tests. Invariant: never reads past @n bytes, nor past the fifteenth; a decoder
 * that looks at @cut in the end may use what it read meanwhile.
 */
#include "machine/insn.h"

u64 insn_fetch(struct insn *insn, unsigned int bytes)
{
	u64 v = 0;
	unsigned int i;

	if (min(insn->n, (unsigned int)MAX_INSN_BYTES) - insn->at < bytes) {
		insn->cut = true;
		return 0;
	}
	for (i = 0; i < bytes; i++)
		v |= (u64)insn->code[insn->at++] << (8 * i);
	return v;
}

u64 insn_fetch_signed(struct insn *insn, unsigned int bytes)
{
	unsigned int shift = 64 - 8 * bytes;

	return (u64)((s64)(insn_fetch(insn, bytes) << shift) >> shift);
}

u8 insn_begin(struct insn *insn, bool code64)
{
	while (!insn->cut) {
		u8 b = insn_fetch(insn, 1);

		if (code64 && (b & 0xf0) == 0x40) {
			insn->rex = b;
			continue;
		}
		switch (b) {
		case 0x26: case 0x2e: case 0x36: case 0x3e:
			break;
		case 0x64: case 0x65:
			insn->based_segment = true;
			break;
		case 0x66:
			insn->operand16 = true;
			break;
		case 0x67:
			insn->address_prefix = true;
			break;
		case 0xf0:
			insn->lock = true;
			break;
		case 0xf2: case 0xf3:
			insn->rep = true;
			break;
		default:
			return b;
		}
		insn->rex = 0;	/* a REX followed by a legacy prefix is void */
	}
	return 0;
}

u64 *insn_gpr(struct regs *regs, unsigned int nr)
{
	static const u8 offset[16] = {
		offsetof(struct regs, rax), offsetof(struct regs, rcx),
		offsetof(struct regs, rdx), offsetof(struct regs, rbx),
		offsetof(struct regs, rsp), offsetof(struct regs, rbp),
		offsetof(struct regs, rsi), offsetof(struct regs, rdi),
		offsetof(struct regs, r8), offsetof(struct regs, r9),
		offsetof(struct regs, r10), offsetof(struct regs, r11),
		offsetof(struct regs, r12), offsetof(struct regs, r13),
		offsetof(struct regs, r14), offsetof(struct regs, r15),
	};

	return (u64 *)(void *)((char *)regs + offset[nr & 15]);
}

/* SIB byte: base + index * scale. */
static u64 sib_address(struct insn *insn, struct regs *regs, unsigned int mod)
{
	u8 sib = insn_fetch(insn, 1);
	unsigned int index = (sib >> 3 & 7) | (insn->rex & REX_X ? 8 : 0);
	u64 addr = 0;

	if (index != 4)
		addr = *insn_gpr(regs, index) << (sib >> 6);
	if ((sib & 7) == 5 && mod == 0)
		return addr + insn_fetch_signed(insn, 4);
	return addr + *insn_gpr(regs, (sib & 7) | (insn->rex & REX_B ? 8 : 0));
}

struct modrm insn_modrm(struct insn *insn, struct regs *regs)
{
	u8 b = insn_fetch(insn, 1), mod = b >> 6, rm = b & 7;
	struct modrm m = {
		.reg = (b >> 3 & 7) | (insn->rex & REX_R ? 8 : 0),
		.rm = rm | (insn->rex & REX_B ? 8 : 0),
		.memory = mod != 3,
		.rip_relative = mod == 0 && rm == 5,
	};

	if (!m.memory)
		return m;
	if (rm == 4)
		m.addr = sib_address(insn, regs, mod);
	else if (m.rip_relative)
		m.addr = insn_fetch_signed(insn, 4);
	else
		m.addr = *insn_gpr(regs, m.rm);
	if (mod == 1)
		m.addr += insn_fetch_signed(insn, 1);
	else if (mod == 2)
		m.addr += insn_fetch_signed(insn, 4);
	return m;
}
