/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the host reaches guest memory: a software walk of the vCPU's own tables
 * (security.rst 13). P and RW are honoured at every level, the hypervisor's
 * slots and MMIO are refused, each page is held by a reference (a writable type
 * for stores) while it is copied, page by page.
 *
 * Each function takes linear addresses of the current vCPU and returns the
 * number of bytes NOT copied, so 0 is success; or 0/-EFAULT where said.
 */
#ifndef RINGLET_STATE_GUEST_ACCESS_H
#define RINGLET_STATE_GUEST_ACCESS_H

#include "base/errno.h"
#include "state/page.h"

struct vcpu;

size_t __must_check copy_from_guest(void *dst, u64 src, size_t n);
size_t __must_check copy_to_guest(u64 dst, const void *src, size_t n);

/* Same for a vCPU that is not current but not running either, or current. */
size_t __must_check copy_from_vcpu(struct vcpu *v, void *dst, u64 src, size_t n);
size_t __must_check copy_to_vcpu(struct vcpu *v, u64 dst, const void *src, size_t n);

/**
 * struct sub_op - one operation of a hypercall that has several
 * @call: gets a copy of its structure; the hypercall's result
 * @size: of the structure, read once before the call
 * @answers: the structure is written back if the call returned 0
 * @privilege: whose domains may, else -EPERM
 */
struct sub_op {
	long (*call)(struct vcpu *v, void *op);
	u16 size;
	bool answers;
	enum privilege { PRIV_guest, PRIV_control } privilege;
};
#define SUB_OP_MAX	512	/* bytes of the largest structure */
/* A row of the tables that are made from hypercalls.tbl: op_NAME() answers it. */
#define SUB_OP(nr, name, size, answers, privilege) \
	[nr] = { op_##name, size, answers, PRIV_##privilege },

/**
 * sub_op_call() - run operation @cmd of a table
 * @v: for the operation; @arg is an address of the current vCPU
 *
 * One that answers is not begun unless its structure can be written.
 * Return: what the operation returns; -ENOSYS, -EPERM, -EFAULT.
 */
long sub_op_call(struct vcpu *v, const struct sub_op *table, size_t n, u64 cmd, u64 arg);

/* A walk's result. */
struct guest_walk {
	mfn_t mfn;		/* the 4 KiB frame */
	u64 l1e;		/* the leaf entry */
	mfn_t l1_mfn;		/* the table it stands in */
	bool writable, user;	/* all levels taken together */
};

/**
 * guest_walk() - translate a linear address through a vCPU's guest tables
 * Return: 0; -EFAULT if not mapped, not canonical or in the reserved hole.
 */
int __must_check guest_walk(struct vcpu *v, u64 va, struct guest_walk *w);

/**
 * guest_walk_l1() - the L1 table that a linear address goes through
 * Return: as guest_walk(); the leaf entry itself need not be present.
 */
int __must_check guest_walk_l1(struct vcpu *v, u64 va, mfn_t *l1);

/* Is the address, or the whole range, canonical and outside the reserved slots? @n > 0. */
bool va_is_guest(u64 va);
bool guest_range_ok(u64 va, u64 n);


#endif
