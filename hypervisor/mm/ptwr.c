// SPDX-License-Identifier: GPL-2.0
/*
 * Trapped writes to page tables: a write of ring 1 that faulted on a read-only
 * mapping of an L1..L4 frame becomes the same validated update that mmu_update
 * makes. A write that the list of decode.c does not have, or that validation
 * refuses, is the guest's own page fault.
 *
 * Device registers that the guest may only read (MSI-X tables: their owner is
 * the hypervisor, but stock drivers mask vectors when they shut down) take a
 * mov, which goes nowhere, as the base profile has it.
 *
 * A write to any other read-only frame is never done: it is what the guest
 * asked to trap.
 *
 * Locks: d->page_lock.
 */
#include "console/printk.h"
#include "machine/insn.h"
#include "mm/decode.h"
#include "mm/env.h"
#include "mm/internal.h"
#include "state/guest-access.h"

static int apply(struct vcpu *v, mfn_t mfn, const struct pt_insn *insn, struct pt_op *op)
{
	unsigned int slot = (insn->addr & ~PAGE_MASK) / 8;
	struct mm_core *c = mm_lock(v->domain);
	int rc = -EINVAL;

	while (frame_is_table(mfn_to_page(mfn))) {
		rc = table_update(c, mfn, slot, op);
		if (rc != -ERESTART || !types_retry(c))
			break;
	}
	types_undo(c);
	if (!rc)
		table_updated(v->domain, mfn, insn->addr);
	mm_unlock(v->domain);
	return rc;
}

/* Decode the instruction at rip, whose operand is what faulted at @va. */
static int decode_write(struct vcpu *v, u64 va, u8 *code, struct pt_insn *insn, struct pt_op *op)
{
	size_t left = copy_from_vcpu(v, code, v->regs->rip, MAX_INSN_BYTES);

	if (pt_insn_decode(code, MAX_INSN_BYTES - left, v->regs, insn))
		return -EINVAL;
	/* The fault must be this operand's, in this entry. */
	if ((insn->addr ^ va) & ~7ULL)
		return -EINVAL;
	return pt_insn_op(insn, v->regs, op);
}

bool mm_fault_on_write(struct vcpu *v, u64 va)
{
	struct guest_walk w;
	struct pt_insn insn;
	struct pt_op op;
	u8 code[MAX_INSN_BYTES] = { 0 };
	bool device;
	int rc;

	if (guest_walk(v, va, &w))
		return false;
	if (w.writable)
		return true;	/* writable by now: let it try again */
	device = env_io_access(w.mfn) == ENV_IO_READ;
	if (!device && !(mfn_valid(w.mfn) && frame_is_table(mfn_to_page(w.mfn))))
		return false;
	if (decode_write(v, va, code, &insn, &op) || (device && insn.kind != INSN_MOV))
		goto refused;
	if (device) {
		v->regs->rip += insn.length;
		return true;
	}

	rc = apply(v, w.mfn, &insn, &op);
	if (rc == -ERESTART)
		return true;	/* the instruction faults again and goes on */
	if (rc) {
		guest_printk(LOG_WARNING, "d%u: write of %lx to a page table refused: %d\n",
			     v->domain->id, (unsigned long)op.value, rc);
		return false;
	}
	v->gate_ro->counters.pt_writes++;
	pt_insn_finish(&insn, &op, v->regs);
	return true;

refused:
	guest_printk(LOG_WARNING, "d%u: write not on the list: %02x %02x %02x %02x %02x at %lx\n",
		     v->domain->id, code[0], code[1], code[2], code[3], code[4],
		     (unsigned long)v->regs->rip);
	return false;
}
