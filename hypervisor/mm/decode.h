/* SPDX-License-Identifier: GPL-2.0 */
/* The white-listed decoder for writes to page tables. Pure. */
#ifndef RINGLET_MM_DECODE_H
#define RINGLET_MM_DECODE_H

#include "machine/regs.h"
#include "mm/types.h"

enum pt_insn_kind {
	INSN_MOV,
	INSN_XCHG,
	INSN_CMPXCHG,
	INSN_LOGIC,	/* and, or, xor */
	INSN_BIT,	/* bts, btr, btc */
};

/**
 * struct pt_insn - a decoded write
 * @kind: how registers and flags come out
 * @op: what is done to the operand's bits, at bit 0 (shift by the address)
 * @addr: linear address of the operand
 * @width: operand size in bytes: 1, 4 or 8
 * @length: of the instruction
 * @reg: register operand (XCHG)
 * @bit: BIT: which
 */
struct pt_insn {
	enum pt_insn_kind kind;
	enum pt_op_kind op;
	u64 addr, value;
	u8 width, length, reg, bit;
};

/**
 * pt_insn_decode() - decode the instruction at regs->rip
 * @code: its bytes, @n of them (15 are enough for any)
 *
 * Return: 0; -EINVAL not on the list, or cut short.
 */
int __must_check pt_insn_decode(const u8 *code, unsigned int n,
				struct regs *regs, struct pt_insn *insn);

/* The update of the 8-byte entry that holds the operand; -EINVAL: crosses it. */
int __must_check pt_insn_op(const struct pt_insn *insn, const struct regs *regs, struct pt_op *op);

/* Registers, flags and rip after @op was applied. */
void pt_insn_finish(const struct pt_insn *insn, const struct pt_op *op, struct regs *regs);

#endif
