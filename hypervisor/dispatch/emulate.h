/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to dispatch: decoding and emulation of what a guest may execute but
 * the CPU refuses below ring 0, and the small hypercalls about CPU state.
 */
#ifndef RINGLET_DISPATCH_EMULATE_H
#define RINGLET_DISPATCH_EMULATE_H

#include "machine/insn.h"
#include "state/domain.h"

/* The white list: an instruction that is not here is never emulated. */
enum priv_op {
	PRIV_CLI_STI,
	PRIV_IN, PRIV_OUT, PRIV_INS, PRIV_OUTS,
	PRIV_CLTS, PRIV_WBINVD, PRIV_XSETBV,
	PRIV_RDMSR, PRIV_WRMSR, PRIV_RDTSC, PRIV_RDTSCP,
	PRIV_READ_CR, PRIV_WRITE_CR, PRIV_READ_DR, PRIV_WRITE_DR,
};

/**
 * struct priv_insn - a decoded instruction
 * @op: what it is
 * @length: bytes of code
 * @bytes: port I/O: operand size 1, 2 or 4
 * @rep: string I/O: REP or REPNE, which mean the same here
 * @port_imm: port number is in @imm, not in DX
 * @reg: number of the control or debug register
 * @gpr: number of the general register that goes with it
 */
struct priv_insn {
	enum priv_op op;
	u8 length, bytes, imm, reg, gpr;
	bool rep, port_imm;
};

/**
 * priv_decode() - decode one instruction of the white list
 * @code: bytes at the instruction pointer
 * @n: how many of them there are, at most MAX_INSN_BYTES are looked at
 * @code64: 64-bit code segment, else 32-bit
 * @insn: result; valid only on success
 *
 * Pure: reads nothing but its arguments.
 * Return: true if the instruction is on the list and complete.
 */
bool priv_decode(const u8 *code, unsigned int n, bool code64, struct priv_insn *insn);

/* What became of an instruction. */
enum emulated {
	EMUL_DONE,	/* retire it: advance rip */
	EMUL_AGAIN,	/* leave rip: a fault was injected, or REP goes on */
	EMUL_REFUSED,	/* the guest gets #GP */
};

/**
 * struct segment - a code or data segment as the CPU would have loaded it
 * @base: 0 where long mode ignores it
 * @limit: last byte; ~0 where long mode ignores it
 */
struct segment {
	u64 base, limit;
	bool code, code64, default32;
};

/**
 * segment_read() - look a selector up in the guest's tables and in ours
 *
 * Return: 0; -EINVAL for null, absent, system or unreadable descriptors.
 */
int __must_check segment_read(struct vcpu *v, u16 sel, struct segment *seg);

/*
 * Memory of an instruction's operand: false if a page fault was injected in its
 * stead. Ready is what the context itself could access so; the copy may fail all
 * the same, on what is mapped but not memory to be read or written like this.
 */
bool memory_ready(struct vcpu *v, u64 va, unsigned int bytes, bool write);
bool memory_copy(struct vcpu *v, u64 va, void *p, unsigned int bytes, bool write);

/* umip.c: length only with EMUL_DONE. */
enum emulated emulate_umip(struct vcpu *v, const u8 *code, unsigned int n, unsigned int *length);

/* io-port.c */
enum emulated emulate_port_io(struct vcpu *v, const struct priv_insn *insn);
u32 port_access(struct domain *d, u16 port, unsigned int bytes, bool write, u32 value);

/* msr.c: false means #GP. */
bool msr_read(struct vcpu *v, u32 msr, u64 *value);
bool msr_write(struct vcpu *v, u32 msr, u64 value);

/* control-regs.c: false or EMUL_REFUSED means #GP. */
bool cr_read(struct vcpu *v, unsigned int nr, u64 *value);
enum emulated cr_write(struct vcpu *v, unsigned int nr, u64 value);
bool xcr_write(u32 nr, u64 value);
/* The virtual CR0.TS and the real one; v is current. #NM clears it (ABI). */
void vcpu_set_ts(struct vcpu *v, bool set);

/* cpuid.c: what forced CPUID gives; r = eax, ebx, ecx, edx. */
void cpuid_guest(struct vcpu *v, u32 leaf, u32 sub, u32 r[4]);

#endif
