// SPDX-License-Identifier: GPL-2.0
/*
 * Every operation that the table of hypercalls refuses is refused with the error it names, with
 * a structure of zeros, of ones, and one that cannot be read: a transfer of grants, a flush of
 * caches, frames by version 2, and so on. Made from the table: a row that is added is tested.
 */
#include "guest.h"
#include <ringlet/hypercall-numbers.h>

enum call {
#define HYPERCALL(nr, name, nargs, privilege)	CALL_##name = nr,
#include <ringlet/dispatch.inc>
};

enum error { E_EPERM = XEN_EPERM, E_ENOENT = XEN_ENOENT, E_EINVAL = XEN_EINVAL,
	     E_ENOSYS = XEN_ENOSYS, E_ENODATA = XEN_ENODATA, E_EOPNOTSUPP = XEN_EOPNOTSUPP };

static const struct refused {
	const char *name;
	u32 call, op, error;
} refused[] = {
#define HYPERCALL_OP(call, nr, name, privilege)
#define HYPERCALL_OP_REFUSED(call, nr, name, error)	{ #call "." #name, CALL_##call, nr, E_##error },
#include <ringlet/ops.inc>
};

static u32 structure[64];

/* Where an operation's number goes differs by call. */
static long make(const struct refused *r, void *arg)
{
	switch (r->call) {
	case __HYPERVISOR_grant_table_op:
		return hypercall(r->call, r->op, arg, 1);
	case __HYPERVISOR_vcpu_op:
		return hypercall(r->call, r->op, 0, arg);
	case __HYPERVISOR_platform_op:
		structure[0] = r->op;
		structure[1] = XENPF_INTERFACE_VERSION;
		return hypercall(r->call, structure);
	case __HYPERVISOR_mmuext_op:
		structure[0] = r->op;
		return hypercall(r->call, structure, 1, NULL, DOMID_SELF);
	default:
		return hypercall(r->call, r->op, arg);
	}
}

CASE(refused_operations)
{
	static void *const arg[] = { structure, structure, BAD_PTR, NULL };
	unsigned int i, j;
	long rc;

	if (!on_ringlet) {
		skip("what Ringlet's table says");
		return;
	}
	EXPECT(ARRAY_SIZE(refused) > 40);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		for (j = 0; j < ARRAY_SIZE(arg); j++) {
			memset(structure, j == 1 ? 0xff : 0, sizeof(structure));
			rc = make(&refused[i], arg[j]);
			if (rc != -(long)refused[i].error)
				case_fail(__FILE__, __LINE__, "%s, argument %u: %ld, not %ld",
					  refused[i].name, j, rc, -(long)refused[i].error);
		}
	}
}
