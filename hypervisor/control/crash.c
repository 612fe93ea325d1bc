// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that broke its own critical state: stop it, and say what it was doing.
 *
 * domain_crash() may be called with any lock held: it prints one line, marks
 * the domain, takes its vCPUs off their pCPUs and arms a timer that is due at
 * once. The report is printed by that timer, from the exit path, where no lock
 * is held and guest memory may be walked. v->regs still are what they were:
 * the vCPU does not run any more. The service domain's crash then ends the
 * machine.
 */
#include "control/control.h"
#include "control/control-domain.h"

#include "base/string.h"
#include "console/printk.h"
#include "machine/clock.h"
#include "machine/cpu.h"
#include "machine/pte.h"
#include "sched/sched.h"
#include "state/alloc.h"
#include "state/guest-access.h"

#include <xen/sched.h>

#define STACK_WORDS	32
#define REPORT_NS	5000000000ULL	/* between two guests' reports */

void domain_crash(struct domain *d, const char *fmt, ...)
{
	struct vcpu *v = this_cpu->current;
	struct control_domain *c = to_control(d);
	char why[128];
	va_list ap;

	if (__atomic_exchange_n(&d->is_crashed, true, __ATOMIC_SEQ_CST))
		return;
	va_start(ap, fmt);
	vsnformat(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (d->is_hardware)
		printk(LOG_ERROR, "domain %u crashed: %s", d->id, why);
	else
		guest_printk(LOG_ERROR, "domain %u crashed: %s", d->id, why);

	c->crashed = v && v->domain == d ? v : d->vcpu[0];
	sched_domain_update(d);
	if (!READ_ONCE(d->is_dying))
		timer_set(&c->report, this_cpu->id, 0);
}

static void print_registers(const struct vcpu *v)
{
	show_registers(v->regs);
	printk(LOG_ERROR, "  cr2 %016lx, cr3 frame %lx",
	       (u64)v->vcpu_info->arch.cr2, v->guest_l4.v);
	printk(LOG_ERROR, "  kernel stack %016lx, event mask %u, pending %u",
	       v->gate_rw->kernel_sp, v->vcpu_info->evtchn_upcall_mask,
	       v->vcpu_info->evtchn_upcall_pending);
}

static void print_stack(struct vcpu *v)
{
	u64 sp = v->regs->rsp & ~7ULL, word[4];
	unsigned int i;

	printk(LOG_ERROR, "  guest stack:");
	for (i = 0; i < STACK_WORDS; i += 4, sp += sizeof(word)) {
		if (copy_from_vcpu(v, word, sp, sizeof(word))) {
			printk(LOG_ERROR, "    %016lx: not mapped", sp);
			return;
		}
		printk(LOG_ERROR, "    %016lx: %016lx %016lx %016lx %016lx", sp,
		       word[0], word[1], word[2], word[3]);
	}
}

/* Entries of all levels as they are, down to the one that ends the walk. */
static void print_walk(const struct vcpu *v, const char *what, u64 va)
{
	mfn_t table = v->guest_l4;
	unsigned int level, index;
	u64 entry;

	printk(LOG_ERROR, "  page walk of %s %016lx:", what, va);
	if (!is_canonical(va)) {
		printk(LOG_ERROR, "    not canonical");
		return;
	}
	for (level = 4; level; level--) {
		if (!mfn_valid(table) || !mfn_is_ram(table))
			return;
		index = pt_index(va, PAGE_SHIFT + 9 * (level - 1));
		entry = ((const u64 *)mfn_to_virt(table))[index];
		printk(LOG_ERROR, "    L%u[%03x] = %016lx", level, index, entry);
		if (!(entry & PTE_P))
			return;
		table = pte_mfn(entry);
	}
}

/* Guests that are created to crash neither hold the serial line nor fill the log. */
static bool report_wanted(const struct domain *d)
{
	static u64 next;
	u64 now = system_time(), due = __atomic_load_n(&next, __ATOMIC_RELAXED);

	return d->is_hardware ||
	       (now >= due && try_exchange(&next, &due, now + REPORT_NS));
}

/* Timer callback: no lock held, the domain's vCPUs are going down. */
void crash_report(void *domain)
{
	struct domain *d = domain;
	struct vcpu *v = to_control(d)->crashed;

	if (report_wanted(d)) {
		printk(LOG_ERROR, "d%u v%u on pCPU %u, %s mode:", d->id, v->id,
		       v->pcpu, (v->regs->cs & 3) == 3 ? "user" : "kernel");
		print_registers(v);
		print_walk(v, "rip", v->regs->rip);
		print_walk(v, "cr2", v->vcpu_info->arch.cr2);
		print_stack(v);
	}
	domain_shutdown(d, SHUTDOWN_crash);
}
