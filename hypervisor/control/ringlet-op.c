// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_op, hypercall 55: Ringlet's own operations; those that control domains.
 *
 * One table, made from hypercalls.tbl, says what an operation's structure is and
 * who may; do_ringlet_op() keeps the rules of ringlet.h about sizes for all of
 * them. An operation gets a copy of the structure, and the domain if it names one,
 * with a reference. Operations that only report are in control/info.c.
 *
 * -ERESTART: the structure as the operation left it is written back and the call
 * made again.
 * ABI: ringlet.h. Locks: d->control_lock against the end of the domain.
 */
#include "control/control.h"
#include "control/control-domain.h"

#include "base/string.h"
#include "sched/sched.h"
#include "state/alloc.h"
#include "state/guest-access.h"

#include <ringlet/hypercall-numbers.h>
#include <ringlet/virtio.h>
#include <xen/sched.h>

#define VERSION		"Ringlet 0.1"
#define MAX_OP_SIZE	1024
#define ALL_VCPUS	(~0U)
#define MAX_GFN		BIT(40)	/* of a device area */

static long op_version(struct domain *d, void *arg)
{
	struct ringlet_version *op = arg;

	*op = (struct ringlet_version){
		.abi_major = RINGLET_ABI_MAJOR,
		.abi_minor = RINGLET_ABI_MINOR,
		.features = RINGLET_FEATURE_DOMAIN_CONTROL | RINGLET_FEATURE_GRANTS |
			    RINGLET_FEATURE_SCHED | RINGLET_FEATURE_STATS |
			    RINGLET_FEATURE_DEVICES | RINGLET_FEATURE_VCPU_PAGE,
		.build = VERSION,
	};
	return 0;
}

static long op_domain_create(struct domain *d, void *arg)
{
	struct ringlet_domain_create *op = arg;
	int rc = domain_create(op, false, &d);

	if (rc)
		return rc;
	op->domid = d->id;
	op->shared_info_mfn = d->shared_info_mfn.v;
	domain_put(d);
	return 0;
}

static long op_domain_shutdown(struct domain *d, void *arg)
{
	const struct ringlet_domain_shutdown *op = arg;

	if (op->reason > SHUTDOWN_MAX)
		return -EINVAL;
	domain_shutdown(d, op->reason);
	return 0;
}

static long op_domain_limits(struct domain *d, void *arg)
{
	const struct ringlet_domain_limits *op = arg;

	if ((op->set & ~RINGLET_LIMIT_ALL) || op->name[RINGLET_NAME_SIZE - 1])
		return -EINVAL;
	if (op->set & RINGLET_LIMIT_MAX_PAGES) {
		/* memory_exchange() borrows from it under this lock. */
		spin_lock(&d->page_lock);
		d->max_pages = op->max_pages;
		spin_unlock(&d->page_lock);
	}
	if (op->set & RINGLET_LIMIT_NAME) {
		spin_lock(&d->control_lock);
		memcpy(d->name, op->name, sizeof(d->name));
		spin_unlock(&d->control_lock);
	}
	return 0;
}

/* With the lock nobody tears the domain down or lets it go on. */
static long context_get(struct vcpu *v, struct vcpu_guest_context *c)
{
	int rc;

	if (!domain_is_held(v->domain))
		return -EBUSY;
	if (!v->initialised)
		return -ENODATA;
	rc = sched_domain_teardown(v->domain);
	if (!rc)
		vcpu_get_context(v, c);
	return rc;
}

static long context_set(struct vcpu *v, const struct vcpu_guest_context *c, u32 flags)
{
	long rc = vcpu_set_context(v, c, flags & RINGLET_CONTEXT_PIN_BASE);

	if (!rc && (flags & RINGLET_CONTEXT_UP))
		vcpu_wake(v);
	return rc;
}

long vcpu_context_op(struct domain *d, const struct ringlet_vcpu_context *op, bool set)
{
	u32 allowed = set ? RINGLET_CONTEXT_PIN_BASE | RINGLET_CONTEXT_UP : 0;
	struct vcpu_guest_context *c;
	long rc = -ESRCH;

	if (op->reserved || (op->flags & ~allowed))
		return -EINVAL;
	if (op->vcpu >= d->max_vcpus)
		return -ENOENT;
	c = kzalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (set && copy_from_guest(c, op->context, sizeof(*c))) {
		rc = -EFAULT;
		goto out;
	}
	spin_lock(&d->control_lock);
	if (!d->is_dying)
		rc = set ? context_set(d->vcpu[op->vcpu], c, op->flags) :
			   context_get(d->vcpu[op->vcpu], c);
	spin_unlock(&d->control_lock);
	if (!set && !rc && copy_to_guest(op->context, c, sizeof(*c)))
		rc = -EFAULT;
out:
	kfree(c);
	return rc;
}

static long op_vcpu_context_set(struct domain *d, void *arg)
{
	return vcpu_context_op(d, arg, true);
}

static long op_vcpu_context_get(struct domain *d, void *arg)
{
	return vcpu_context_op(d, arg, false);
}

static long op_vcpu_affinity(struct domain *d, void *arg)
{
	const struct ringlet_vcpu_affinity *op = arg;
	u32 i, first = op->vcpu, last = op->vcpu;
	int rc = 0;

	if (op->vcpu == ALL_VCPUS) {
		first = 0;
		last = d->max_vcpus - 1;
	}
	if (last >= d->max_vcpus)
		return -ENOENT;
	/* It fails for the first one or for none. */
	for (i = first; i <= last && !rc; i++)
		rc = sched_set_affinity(d->vcpu[i], op->affinity);
	return rc;
}

static long op_domain_sched(struct domain *d, void *arg)
{
	struct ringlet_domain_sched *op = arg;
	u32 weight, cap;
	int rc = 0;

	if (op->set & ~RINGLET_SCHED_ALL)
		return -EINVAL;
	sched_get_params(d, &weight, &cap);
	if (!(op->set & RINGLET_SCHED_WEIGHT))
		op->weight = weight;
	if (!(op->set & RINGLET_SCHED_CAP))
		op->cap = cap;
	if (op->set)
		rc = sched_set_params(d, op->weight, op->cap);
	return rc;
}

static long op_domain_devices(struct domain *d, void *arg)
{
	const struct ringlet_devices *op = arg;
	long rc = 0;

	if (!op->pages || op->pages > RINGLET_DEVICES_MAX_PAGES || op->gfn >= MAX_GFN ||
	    !op->control_port || op->control_port >= d->max_ports ||
	    op->backend_domid >= DOMID_FIRST_RESERVED)
		return -EINVAL;
	spin_lock(&d->control_lock);
	if (d->is_dying)
		rc = -ESRCH;
	else if (!domain_is_held(d))
		rc = -EBUSY;
	else
		d->devices = *op;
	spin_unlock(&d->control_lock);
	return rc;
}

static long op_devices(struct domain *d, void *arg)
{
	struct ringlet_devices *op = arg;

	spin_lock(&d->control_lock);
	*op = d->devices;
	spin_unlock(&d->control_lock);
	op->domid = d->id;
	return op->pages ? 0 : -ENOENT;
}

static const struct ringlet_op {
	long (*call)(struct domain *d, void *op);
	u16 size;
	bool answers;
	enum privilege privilege;
} ops[] = {
#include <ringlet/ringlet_op.inc>
};

/* Which do not begin with the domid of a domain. */
#define OP(NAME) BIT(RINGLET_OP_RINGLET_OP_##NAME)
#define NO_DOMAIN (OP(VERSION) | OP(DOMAIN_CREATE) | OP(DOMAIN_INFO) | \
		   OP(MACHINE_INFO) | OP(LOG_READ) | OP(VCPU_PAGE))

/* The tail of a structure that is longer than ours; -E2BIG over a page of it, too. */
static int check_tail(u64 from, u64 size)
{
	u8 tail[64];
	u64 n, i;

	if (size > PAGE_SIZE)
		return -E2BIG;
	for (; size; from += n, size -= n) {
		n = min(size, (u64)sizeof(tail));
		if (copy_from_guest(tail, from, n))
			return -EFAULT;
		for (i = 0; i < n; i++)
			if (tail[i])
				return -E2BIG;
	}
	return 0;
}

/**
 * do_ringlet_op() - hypercall
 * @nr: RINGLET_OP_RINGLET_OP_*
 * @arg: guest pointer to the operation's structure
 * @size: its size as the caller knows it
 */
long do_ringlet_op(u64 nr, u64 arg, u64 size)
{
	struct vcpu *v = current_vcpu;
	u64 op[MAX_OP_SIZE / sizeof(u64)], n;
	const struct ringlet_op *o;
	struct domain *d = NULL;
	long rc;

	nr = (u32)nr;
	if (nr >= ARRAY_SIZE(ops))
		return -ENOSYS;
	o = &ops[nr];
	if (o->privilege == PRIV_control && !v->domain->is_privileged)
		return -EPERM;
	memset(op, 0, o->size);
	n = min(size, (u64)o->size);
	if (copy_from_guest(op, arg, n))
		return -EFAULT;
	rc = check_tail(arg + n, size - n);
	if (rc)
		return rc;
	if (o->answers && copy_to_guest(arg, op, n))
		return -EFAULT;
	if (!(BIT(nr) & NO_DOMAIN)) {
		rc = domain_get_for(v, (u32)op[0], &d);
		if (rc)
			return rc;
	}
	rc = o->call(d, op);
	if (d)
		domain_put(d);
	if ((!rc || rc == -ERESTART) && o->answers && copy_to_guest(arg, op, n))
		rc = -EFAULT;
	return rc;
}
