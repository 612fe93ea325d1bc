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
#include "dispatch/dispatch.h"
#include "dispatch/emulate.h"

#include "machine/cpu.h"
#include "state/guest-access.h"

#define REX_W	8
#define REX_X	2
#define REX_B	1
#define PF_PRESENT	BIT(0)
#define PF_WRITE	BIT(1)

struct store {
	struct regs *regs;
	const u8 *code;
	unsigned int n, at;
	bool cut, operand16;
	u8 rex, opcode, modrm;
	u64 addr;
};

/* Little-endian, sign-extended. */
static u64 next(struct store *s, unsigned int bytes)
{
	u64 value = 0;
	unsigned int i;

	if (s->n - s->at < bytes) {
		s->cut = true;
		return 0;
	}
	for (i = 0; i < bytes; i++)
		value |= (u64)s->code[s->at++] << (8 * i);
	return (u64)((s64)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes));
}

static bool prefixes(struct store *s)
{
	for (;;) {
		u8 b = next(s, 1);

		switch (b) {
		case 0x26: case 0x2e: case 0x36: case 0x3e:
			s->rex = 0;
			break;
		case 0x66:
			s->operand16 = true;
			s->rex = 0;
			break;
		default:
			if ((b & 0xf0) == 0x40) {
				s->rex = b;
				break;
			}
			return b == 0x0f && !s->cut;
		}
		if (s->cut)
			return false;
	}
}

static u64 sib_address(struct store *s, unsigned int mod)
{
	u8 sib = next(s, 1);
	unsigned int index = ((sib >> 3) & 7) | (s->rex & REX_X ? 8 : 0);
	u64 addr = 0;

	if (index != 4)
		addr = *gpr(s->regs, index) << (sib >> 6);
	if ((sib & 7) == 5 && mod == 0)
		return addr + next(s, 4);
	return addr + *gpr(s->regs, (sib & 7) | (s->rex & REX_B ? 8 : 0));
}

static void operand_address(struct store *s)
{
	unsigned int mod = s->modrm >> 6, rm = s->modrm & 7;

	if (rm == 4)
		s->addr = sib_address(s, mod);
	else if (rm == 5 && mod == 0)
		s->addr = s->regs->rip + next(s, 4);
	else
		s->addr = *gpr(s->regs, rm | (s->rex & REX_B ? 8 : 0));
	if (mod == 1)
		s->addr += next(s, 1);
	else if (mod == 2)
		s->addr += next(s, 4);
	/* Nothing follows the displacement: RIP-relative is from here. */
	if (rm == 5 && mod == 0)
		s->addr += s->at;
}

static enum emulated to_memory(struct vcpu *v, u64 addr, const void *value,
			       unsigned int bytes)
{
	size_t left = copy_to_guest(addr, value, bytes);
	struct guest_walk w;

	if (!left)
		return EMUL_DONE;
	addr += bytes - left;
	if (!is_canonical(addr))
		return EMUL_REFUSED;
	inject_page_fault(v, addr, PF_WRITE |
			  (guest_walk(v, addr, &w) ? 0 : PF_PRESENT));
	return EMUL_AGAIN;
}

/* A register takes the operand's size; SMSW shows all of CR0 then. */
static void to_register(struct store *s, u64 value)
{
	u64 *r = gpr(s->regs, (s->modrm & 7) | (s->rex & REX_B ? 8 : 0));

	if (s->rex & REX_W)
		*r = value;
	else if (s->operand16)
		*r = (*r & ~0xffffULL) | (u16)value;
	else
		*r = (u32)value;
}

static enum emulated store_value(struct vcpu *v, struct store *s)
{
	unsigned int op = s->opcode << 3 | ((s->modrm >> 3) & 7);
	bool memory = s->modrm >> 6 != 3;
	struct table_register table;
	u64 value;

	switch (op) {
	case 0 << 3 | 0:
		value = read_ldtr();
		break;
	case 0 << 3 | 1:
		value = read_tr();
		break;
	case 1 << 3 | 0:
	case 1 << 3 | 1:
		if (!memory)
			return EMUL_REFUSED;
		table = op & 7 ? read_idtr() : read_gdtr();
		return to_memory(v, s->addr, &table, sizeof(table));
	case 1 << 3 | 4:
		value = read_cr0();
		break;
	default:
		return EMUL_REFUSED;
	}
	if (memory)
		return to_memory(v, s->addr, &value, 2);
	to_register(s, value);
	return EMUL_DONE;
}

/**
 * emulate_umip() - one of the five for a kernel that has UMIP set
 * @v: current vCPU, in ring 1 and 64-bit code
 * @code: bytes at rip, @n of them
 * @length: of the instruction, if EMUL_DONE
 */
enum emulated emulate_umip(struct vcpu *v, const u8 *code, unsigned int n,
			   unsigned int *length)
{
	struct store s = { .regs = v->regs, .code = code, .n = n };

	if (!(v->virt_cr4 & CR4_UMIP) || !prefixes(&s))
		return EMUL_REFUSED;
	s.opcode = next(&s, 1);
	s.modrm = next(&s, 1);
	if (s.cut || s.opcode > 1)
		return EMUL_REFUSED;
	if (s.modrm >> 6 != 3)
		operand_address(&s);
	if (s.cut)
		return EMUL_REFUSED;
	*length = s.at;
	return store_value(v, &s);
}
