// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults that the gate did not hand to the guest itself: in the
 * hypervisor's hole (the LDT window, or a mistake), ring 1's writes to present
 * pages (page tables among them), and reserved bits.
 */
#include "dispatch/dispatch.h"
#include "dispatch/entry.h"

#include "machine/cpu.h"
#include "mm/mm.h"

void page_fault(struct vcpu *v)
{
	u64 va = read_cr2(), error = v->regs->error;

	if (error & PF_RESERVED) {
		domain_crash(v->domain, "reserved bit in a page table, at %lx", va);
		return;
	}
	if (va >= GATE_LDT && va < GATE_LDT_END) {
		if (mm_fault_on_ldt(v, va))
			return;
	} else if (!regs_from_user(v->regs) && (error & PF_PRESENT) &&
		   (error & PF_WRITE) && mm_fault_on_write(v, va)) {
		return;
	}
	inject_page_fault(v, va, error);
}
