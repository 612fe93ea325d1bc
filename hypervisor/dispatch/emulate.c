// SPDX-License-Identifier: GPL-2.0
/*
 * Emulation of privileged instructions and of CPUID behind the "xen" prefix.
 *
 * Owns the way from a #GP or #UD to the emulated instruction: which rings may
 * have what emulated, fetching and decoding the code, retiring it.
 *
 * Rules:
 * - Ring 1 executes 64-bit code, on selectors that are ours; what is on the
 *   decoder's list is emulated with the virtual privileges of the vCPU.
 * - Ring 3 gets port I/O, CLI and STI, in 32-bit or 64-bit code, as far as the
 *   virtual IOPL or, for ports, the task's I/O bitmap lets it (io-port.c).
 * - CLI and STI are no-ops where the virtual IOPL permits them (1 for ring 1, 3
 *   for ring 3): the event mask is a byte that the guest writes itself (ABI).
 * - A refused instruction leaves everything as it was; the guest gets #GP.
 * - An emulated instruction clears RF and, with TF set, raises the single-step
 *   trap, as the CPU would (SDM 3B 17.3.1.1, 17.3.1.4).
 *
 * Everything here concerns the current vCPU; no locks.
 */
#include "dispatch/dispatch.h"
#include "dispatch/emulate.h"
#include "dispatch/entry.h"

#include "base/string.h"
#include "machine/cpu.h"
#include "machine/cpu-features.h"
#include "state/guest-access.h"

#define DR6_BS	BIT(14)

/* One descriptor, as it stands in memory (SDM 3A 3.4.5). */
static u64 descriptor_base(u64 desc)
{
	return ((desc >> 16) & 0xffffff) | ((desc >> 32) & 0xff000000);
}

static u64 descriptor_limit(u64 desc)
{
	u64 limit = (desc & 0xffff) | ((desc >> 32) & 0xf0000);

	return desc & BIT(55) ? limit << 12 | 0xfff : limit;
}

static int descriptor_read(struct vcpu *v, u16 sel, u64 *desc)
{
	u32 index = sel >> 3, page = index / 512;
	const u64 *table;

	if (sel & 4) {
		if (index >= v->ldt_entries)
			return -EINVAL;
		return copy_from_guest(desc, v->ldt_base + index * 8, 8) ? -EINVAL : 0;
	}
	if (page == GUEST_GDT_PAGES && index % 512 < RESERVED_GDT_ENTRIES)
		table = (const u64 *)this_cpu->gdt;
	else if (index && index < v->gdt_entries && !mfn_eq(v->gdt_frames[page], INVALID_MFN))
		table = mfn_to_virt(v->gdt_frames[page]);
	else
		return -EINVAL;
	*desc = READ_ONCE(table[index % 512]);
	return 0;
}

int segment_read(struct vcpu *v, u16 sel, struct segment *seg)
{
	u64 desc;

	*seg = (struct segment){ .limit = ~0ULL };
	if (descriptor_read(v, sel, &desc))
		return -EINVAL;
	/* Present, not a system descriptor, and not ring 0's. */
	if (!(desc & BIT(47)) || !(desc & BIT(44)) || !(desc >> 45 & 3))
		return -EINVAL;
	seg->code = desc & BIT(43);
	seg->code64 = seg->code && (desc & BIT(53));
	seg->default32 = desc & BIT(54);
	/* Expand-down data: its valid range is the other one. */
	if (!seg->code && (desc & BIT(42)))
		return -EINVAL;
	if (!seg->code64) {
		seg->base = descriptor_base(desc);
		seg->limit = descriptor_limit(desc);
	}
	return 0;
}

/* Code at rip, as many bytes as are there; *@code64 from its segment. */
static unsigned int fetch(struct vcpu *v, u8 *buf, unsigned int max, bool *code64)
{
	const struct regs *regs = v->regs;
	struct segment cs;
	u64 ip = regs->rip;

	if (segment_read(v, regs->cs, &cs) || !cs.code)
		return 0;
	*code64 = cs.code64;
	if (!cs.code64) {
		if (!cs.default32)
			return 0;
		ip = (u32)ip;
		if (ip > cs.limit)
			return 0;
		max = min((u64)max, cs.limit - ip + 1);
		ip = (u32)(ip + cs.base);
	}
	return max - copy_from_guest(buf, ip, max);
}

static void retire(struct vcpu *v, unsigned int length, bool code64)
{
	struct regs *regs = v->regs;

	regs->rip += length;
	if (!code64)
		regs->rip = (u32)regs->rip;
	regs->rflags &= ~(u64)EFLAGS_RF;
	if (regs->rflags & EFLAGS_TF) {
		v->dr[6] |= DR6_BS;
		inject_trap(v, VEC_DB, 0);
	}
}

static void memory_fault(struct vcpu *v, u64 va, bool present, bool write)
{
	inject_page_fault(v, va, (present ? PF_PRESENT : 0) | (write ? PF_WRITE : 0) |
			  (regs_from_user(v->regs) ? PF_USER : 0));
}

bool memory_ready(struct vcpu *v, u64 va, unsigned int bytes, bool write)
{
	u64 last = va + bytes - 1;

	for (;; va = last & PAGE_MASK) {
		struct guest_walk w;
		bool present = !guest_walk(v, va, &w);

		if (!present || (write && !w.writable) || (!w.user && regs_from_user(v->regs))) {
			memory_fault(v, va, present, write);
			return false;
		}
		if (!((va ^ last) & PAGE_MASK))
			return true;
	}
}

bool memory_copy(struct vcpu *v, u64 va, void *p, unsigned int bytes, bool write)
{
	size_t left = write ? copy_to_guest(va, p, bytes) : copy_from_guest(p, va, bytes);

	if (left)
		memory_fault(v, va, true, write);
	return !left;
}

static void set_edx_eax(struct regs *regs, u64 value)
{
	regs->rax = (u32)value;
	regs->rdx = value >> 32;
}

static u64 get_edx_eax(const struct regs *regs)
{
	return (u64)(u32)regs->rdx << 32 | (u32)regs->rax;
}

static enum emulated done_if(bool ok)
{
	return ok ? EMUL_DONE : EMUL_REFUSED;
}

static enum emulated emulate_dr(struct vcpu *v, const struct priv_insn *insn)
{
	u64 *r = insn_gpr(v->regs, insn->gpr);

	if (insn->op == PRIV_WRITE_DR)
		return done_if(!do_set_debugreg(insn->reg, *r));
	/* The call's result cannot tell an error from a value; CR4.DE can. */
	if ((insn->reg == 4 || insn->reg == 5) && (v->virt_cr4 & CR4_DE))
		return EMUL_REFUSED;
	*r = do_get_debugreg(insn->reg);
	return EMUL_DONE;
}

static enum emulated emulate_kernel(struct vcpu *v, const struct priv_insn *insn)
{
	struct regs *regs = v->regs;
	u64 *r = insn_gpr(regs, insn->gpr), value;

	switch (insn->op) {
	case PRIV_CLTS:
		vcpu_set_ts(v, false);
		return EMUL_DONE;
	case PRIV_WBINVD:
		/* For devices that do not snoop; other domains' caches are coherent. */
		if (v->domain->is_hardware)
			__asm__ __volatile__("wbinvd" ::: "memory");
		return EMUL_DONE;
	case PRIV_RDMSR:
		if (!msr_read(v, regs->rcx, &value))
			return EMUL_REFUSED;
		set_edx_eax(regs, value);
		return EMUL_DONE;
	case PRIV_WRMSR:
		return done_if(msr_write(v, regs->rcx, get_edx_eax(regs)));
	case PRIV_RDTSCP:	/* these two trap only while the guest has CR4.TSD */
		if (!cpu_features.rdtscp)
			return EMUL_REFUSED;
		regs->rcx = v->tsc_aux;
		/* fall through */
	case PRIV_RDTSC:
		set_edx_eax(regs, rdtsc());
		return EMUL_DONE;
	case PRIV_XSETBV:
		return done_if(xcr_write(regs->rcx, get_edx_eax(regs)));
	case PRIV_READ_CR:
		return done_if(cr_read(v, insn->reg, r));
	case PRIV_WRITE_CR:
		return cr_write(v, insn->reg, *r);
	case PRIV_READ_DR:
	case PRIV_WRITE_DR:
		return emulate_dr(v, insn);
	default:
		return EMUL_REFUSED;
	}
}

/**
 * emulate_privileged() - try to emulate the instruction that raised #GP(0)
 * @v: current vCPU
 *
 * Return: true if it was emulated, or another fault was injected in its stead;
 *	   false if the guest is to get its #GP.
 */
bool emulate_privileged(struct vcpu *v)
{
	bool user = regs_from_user(v->regs);
	u8 code[MAX_INSN_BYTES];
	struct priv_insn insn;
	unsigned int n, length;
	enum emulated rc;
	bool code64;

	n = fetch(v, code, sizeof(code), &code64);
	if (!n)
		return false;
	if (!priv_decode(code, n, code64, &insn)) {
		if (user || !code64)
			return false;
		rc = emulate_umip(v, code, n, &length);
		if (rc == EMUL_DONE)
			retire(v, length, true);
		return rc != EMUL_REFUSED;
	}
	if (insn.op >= PRIV_IN && insn.op <= PRIV_OUTS)
		rc = emulate_port_io(v, &insn);
	else if (insn.op == PRIV_CLI_STI)
		rc = done_if(v->iopl >= (user ? 3u : 1u));
	else if (!user && code64)
		rc = emulate_kernel(v, &insn);
	else
		return false;

	if (rc == EMUL_DONE)
		retire(v, insn.length, code64);
	return rc != EMUL_REFUSED;
}

/**
 * emulate_forced_cpuid() - try CPUID behind UD2 and the letters "xen"
 * @v: current vCPU, at a #UD of ring 1 or ring 3
 *
 * Return: true if that was it and was done.
 */
bool emulate_forced_cpuid(struct vcpu *v)
{
	static const u8 forced[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	struct regs *regs = v->regs;
	u8 code[sizeof(forced)];
	bool code64;
	u32 r[4];

	if (fetch(v, code, sizeof(code), &code64) != sizeof(code) ||
	    memcmp(code, forced, sizeof(code)))
		return false;
	cpuid_guest(v, regs->rax, regs->rcx, r);
	regs->rax = r[0];
	regs->rbx = r[1];
	regs->rcx = r[2];
	regs->rdx = r[3];
	retire(v, sizeof(forced), code64);
	return true;
}
