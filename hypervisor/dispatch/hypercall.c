// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls by number: the table generated from hypercall-abi/hypercalls.tbl,
 * privilege, restart, and multicall.
 *
 * Arguments: rdi, rsi, rdx, r10, r8 (and r9), number in rax, result in rax.
 * A handler that returns -ERESTART has lost nothing and may have changed
 * v->call_args; the guest executes its SYSCALL again with them, which lets
 * interrupts in between. Here is the only place that interprets it.
 */
#include "dispatch/entry.h"

#include "base/string.h"
#include "machine/clock.h"
#include "state/guest-access.h"

#define SYSCALL_LENGTH	2
#define MULTICALL_NS	500000	/* then give way */

struct hypercall {
	long (*call)(const u64 *a);
	enum privilege privilege;
};

/* One adapter a call, so that each keeps its own number of arguments. */
#define HYPERCALL(nr, name, args, priv) \
	static long call_##name(const u64 *a) \
	{ \
		return do_##name args; \
	}
#include <ringlet/dispatch.inc>

#define HYPERCALL(nr, name, args, priv) [nr] = { call_##name, PRIV_##priv },
static const struct hypercall hypercalls[] = {
#include <ringlet/dispatch.inc>
};

long hypercall_invoke(struct vcpu *v, u64 nr, const u64 args[6])
{
	const struct hypercall *h;

	if (nr >= ARRAY_SIZE(hypercalls) || !hypercalls[nr].call)
		return -ENOSYS;
	h = &hypercalls[nr];
	if (h->privilege == PRIV_control && !v->domain->is_privileged)
		return -EPERM;
	v->gate_ro->counters.hypercalls++;
	__atomic_add_fetch(&v->domain->stat_calls[nr], 1, __ATOMIC_RELAXED);
	memcpy(v->call_args, args, sizeof(v->call_args));
	return h->call(v->call_args);
}

/*
 * Registers of arguments may come back changed; r9 never, which no call has, and
 * which in call_args is that of the last entry of a multicall.
 */
static void restart(struct vcpu *v)
{
	struct regs *r = v->regs;

	r->rdi = v->call_args[0];
	r->rsi = v->call_args[1];
	r->rdx = v->call_args[2];
	r->r10 = v->call_args[3];
	r->r8 = v->call_args[4];
	r->rip -= SYSCALL_LENGTH;
}

/* Their results are any value of the guest's, -ERESTART among them. */
static bool never_restarts(u64 nr)
{
	return nr == __HYPERVISOR_iret || nr == __HYPERVISOR_get_debugreg;
}

void hypercall_dispatch(struct vcpu *v)
{
	struct regs *r = v->regs;
	const u64 args[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	u64 nr = r->rax;
	long rc = hypercall_invoke(v, nr, args);

	if (rc == -ERESTART && !never_restarts(nr))
		restart(v);
	else
		r->rax = (u64)rc;
}

/* One entry: its arguments are read once; result and restart go back to it. */
static int multicall_one(struct vcpu *v, u64 at)
{
	struct multicall_entry e;
	u64 args[6];
	long rc;

	if (copy_from_guest(&e, at, sizeof(e)))
		return -EFAULT;
	if (e.op == __HYPERVISOR_multicall || e.op == __HYPERVISOR_iret) {
		rc = -EINVAL;
	} else {
		memcpy(args, e.args, sizeof(args));
		rc = hypercall_invoke(v, e.op, args);
	}
	if (rc == -ERESTART && !never_restarts(e.op)) {
		if (copy_to_guest(at + offsetof(struct multicall_entry, args),
				  v->call_args, sizeof(v->call_args)))
			return -EFAULT;
		return -ERESTART;
	}
	e.result = (u64)rc;
	if (copy_to_guest(at + offsetof(struct multicall_entry, result),
			  &e.result, sizeof(e.result)))
		return -EFAULT;
	return 0;
}

/**
 * do_multicall() - a list of hypercalls in one
 * @calls: guest address of struct multicall_entry[@nr]
 * @nr: how many; what is done is taken off when it is restarted
 *
 * Return: 0; -EFAULT if the list cannot be read or written, with the entries
 *	   before the bad one done.
 */
long do_multicall(u64 calls, u64 nr)
{
	struct vcpu *v = current_vcpu;
	u64 end = system_time() + MULTICALL_NS;
	u32 count = (u32)nr, i;
	int rc = 0;

	for (i = 0; i < count && !v->domain->is_crashed; i++) {
		rc = multicall_one(v, calls + i * sizeof(struct multicall_entry));
		if (rc)
			break;
		/* Interrupts are off, so nobody else raises the timer's softirq. */
		if (READ_ONCE(this_cpu->softirqs) || system_time() >= end) {
			i++;
			rc = i < count ? -ERESTART : 0;
			break;
		}
	}
	if (rc != -ERESTART)
		return rc;
	v->call_args[0] = calls + i * sizeof(struct multicall_entry);
	v->call_args[1] = count - i;
	return -ERESTART;
}
