// SPDX-License-Identifier: GPL-2.0
/*
 * SGDT, SIDT, SLDT, STR and SMSW of a guest kernel that has CR4.UMIP set.
 *
 * UMIP denies them to every ring but 0, so ring 1 gets #GP where a kernel on
 * bare hardware does not: Linux executes SGDT when it emulates the five for a
 * program, and when it reports an oops. They are done here with the values that
 * ring 1 reads without UMIP: the hardware's own. The tables have the same
 * addresses in guest space, and TR and LDTR are as the guest has them loaded.
 *
 * 64-bit code only; CS, DS, ES and SS overrides are void there, those of FS and
 * GS, address-size and REP prefixes are not on the list and stay #GP.
 * Encodings: SDM 2A chapter 2, 2B under each instruction.
 *
 * Everything here concerns the current vCPU; no locks.
 */
#include "dispatch/emulate.h"

#include "machine/cpu.h"

/* A register takes the operand's size; SMSW shows all of CR0 then. */
static void to_register(const struct insn *insn, u64 *r, u64 value)
{
	if (insn->rex & REX_W)
		*r = value;
	else if (insn->operand16)
		*r = (*r & ~0xffffULL) | (u16)value;
	else
		*r = (u32)value;
}

static enum emulated store_value(struct vcpu *v, const struct insn *insn,
				 const struct modrm *m, u8 opcode)
{
	struct table_register table;
	unsigned int bytes = 2;
	u64 value;

	switch (opcode << 3 | (m->reg & 7)) {
	case 0 << 3 | 0:
		value = read_ldtr();
		break;
	case 0 << 3 | 1:
		value = read_tr();
		break;
	case 1 << 3 | 0:
	case 1 << 3 | 1:
		if (!m->memory)
			return EMUL_REFUSED;
		table = m->reg & 1 ? read_idtr() : read_gdtr();
		bytes = sizeof(table);
		break;
	case 1 << 3 | 4:
		value = read_cr0();
		break;
	default:
		return EMUL_REFUSED;
	}
	if (!m->memory) {
		to_register(insn, insn_gpr(v->regs, m->rm), value);
		return EMUL_DONE;
	}
	if (!is_canonical(m->addr) || !is_canonical(m->addr + bytes - 1))
		return EMUL_REFUSED;
	return memory_ready(v, m->addr, bytes, true) &&
	       memory_copy(v, m->addr, bytes == 2 ? (void *)&value : &table, bytes, true) ?
	       EMUL_DONE : EMUL_AGAIN;
}

/**
 * emulate_umip() - one of the five for a kernel that has UMIP set
 * @v: current vCPU, in ring 1 and 64-bit code
 * @code: bytes at rip, @n of them
 * @length: of the instruction, if EMUL_DONE
 */
enum emulated emulate_umip(struct vcpu *v, const u8 *code, unsigned int n, unsigned int *length)
{
	struct insn insn = { .code = code, .n = n };
	struct modrm m;
	u8 opcode;

	if (!(v->virt_cr4 & CR4_UMIP) || insn_begin(&insn, true) != 0x0f)
		return EMUL_REFUSED;
	if (insn.based_segment || insn.address_prefix || insn.rep || insn.lock)
		return EMUL_REFUSED;
	opcode = insn_fetch(&insn, 1);
	m = insn_modrm(&insn, v->regs);
	if (insn.cut || opcode > 1)
		return EMUL_REFUSED;
	/* Nothing follows the displacement. */
	if (m.rip_relative)
		m.addr += v->regs->rip + insn.at;
	*length = insn.at;
	return store_value(v, &insn, &m, opcode);
}
