/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading an instruction: what all decoders of the hypervisor have in common
 * (SDM 2A chapter 2). Pure: reads nothing but the bytes and registers it is given.
 */
#ifndef RINGLET_MACHINE_INSN_H
#define RINGLET_MACHINE_INSN_H

#include "machine/regs.h"

#define MAX_INSN_BYTES	15	/* SDM 2A 2.3.11 */

#define REX_W	8
#define REX_R	4
#define REX_X	2
#define REX_B	1

/**
 * struct insn - an instruction as far as it has been read
 * @code: its @n bytes; @at are consumed
 * @cut: more bytes were wanted than there are; what was read is void
 * @operand16, @address_prefix, @rep, @lock: prefixes that were there
 * @based_segment: FS or GS, the segments that have a base in 64-bit code
 * @rex: the REX byte that counts, or 0
 */
struct insn {
	const u8 *code;
	unsigned int n, at;
	bool cut;
	bool operand16, address_prefix, based_segment, rep, lock;
	u8 rex;
};

/* Operands of a ModRM byte, REX included. */
struct modrm {
	u8 reg, rm;	/* rm: a register, unless @memory */
	bool memory, rip_relative;
	u64 addr;	/* of memory; without rip if it is relative to it */
};

/**
 * insn_begin() - read the prefixes
 * @insn: @code and @n set (no more than MAX_INSN_BYTES are read), the rest 0
 *
 * Return: the first byte of the opcode.
 */
u8 insn_begin(struct insn *insn, bool code64);

/* The next 1, 4 or 8 bytes as a number, zero- or sign-extended. */
u64 insn_fetch(struct insn *insn, unsigned int bytes);
u64 insn_fetch_signed(struct insn *insn, unsigned int bytes);

/* ModRM, SIB and displacement of 64-bit code. */
struct modrm insn_modrm(struct insn *insn, struct regs *regs);

/* A general register by its number in the encoding. */
u64 *insn_gpr(struct regs *regs, unsigned int nr);

#endif
