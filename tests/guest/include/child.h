/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Child domains: a case makes a second domain and runs a function of its own there.
 *
 * The child is a copy of the test guest as it is at that moment (code, data, bss, at the same
 * addresses) with page tables, stacks, shared_info and vCPU numbers of its own, no user part and
 * nothing of the page allocator. Every vCPU of it runs the function, with trap and event entries
 * registered, events masked. TRY, HYP, EXPECT, spin_ns, evtchn_* work there; kprintf and alloc_pfn do
 * not. struct child_mail is the one page both see, at one address. When the function has
 * returned on all vCPUs the child shuts down (poweroff) unless mail->stay.
 *
 *	struct child c;
 *
 *	NEED_CHILD();
 *	if (!child_create(&c, &(struct child_config){ .fn = fn }))
 *		return;				(the case has failed)
 *	child_start(&c);
 *	child_join(&c);				(waits for fn; takes over what it EXPECTed in vain)
 *	child_destroy(&c);
 */
#ifndef CHILD_H
#define CHILD_H

#include "guest.h"
#include <ringlet/hypercall-numbers.h>
#include <ringlet/ringlet.h>

/* RINGLET(domain_info, &structure) */
#define __RINGLET_SIZE(name, arg)	\
	hypercall(__HYPERVISOR_arch_7, RINGLET_OP_RINGLET_OP_##name, arg, sizeof(*(arg)))
#define RINGLET(NAME, arg)	__RINGLET_SIZE(NAME, arg)	/* NAME in capitals */

#define MAX_CHILDREN	4
#define CHILD_SPARES	32	/* pages for the function's own use */
#define CHILD_VCPUS	32
#define CHILD_TABLES	6	/* L4, L3, L2, L1 of the image (2), L1 of the rest */

struct child_mail {
	void (*fn)(struct child_mail *m, unsigned int vcpu);
	u32 nr_vcpus;
	u32 domid;			/* the child's */
	volatile u32 started, done;	/* vCPUs */
	bool stay;
	volatile ulong arg[16];		/* for the case's own use, both ways */
	volatile ulong out[CHILD_VCPUS];
	ulong spare_mfn[CHILD_SPARES];	/* mapped writable at CHILD_SPARE_VA */
	ulong table_mfn[CHILD_TABLES];	/* mapped read-only at CHILD_TABLE_VA */
	ulong shared_mfn;
	volatile u32 failures;
	char text[384];			/* of the last one */
};

#define CHILD_BASE		(VIRT_BASE + 0x400000)
#define CHILD_STACK_VA(vcpu)	(CHILD_BASE + (vcpu) * (ulong)STACK_SIZE)
#define CHILD_SPARE_VA(i)	(CHILD_BASE + 0x100000 + (i) * (ulong)PAGE_SIZE)
#define CHILD_TABLE_VA(i)	(CHILD_BASE + 0x180000 + (i) * (ulong)PAGE_SIZE)

struct child_config {
	void (*fn)(struct child_mail *m, unsigned int vcpu);
	u32 vcpus;		/* 0: 1 */
	bool no_context;	/* frames and tables, but no vCPU has a context */
	struct ringlet_domain_create create;	/* what is 0 is filled in */
};

struct child {
	u32 domid;
	unsigned int slot;
	unsigned int nr_frames;
	ulong shared_mfn;
	struct child_mail *mail;
	struct child_config config;
};

/* Which child runs this code; NULL in the parent. */
extern struct child_mail *child_self;
/* In the child: tell the parent what was wrong (EXPECT and panic() do). */
void child_fail(const char *file, int line, const char *what);

const char *child_missing(void);	/* why there can be none, or NULL */
#define NEED_CHILD() do {				\
	const char *__why = child_missing();		\
	if (__why) {					\
		skip(__why);				\
		return;					\
	}						\
} while (0)

/* Paused once. False: the case has failed, nothing is left. */
bool child_create(struct child *c, const struct child_config *config);
void child_context(struct child *c, u32 vcpu, struct vcpu_guest_context *context);
void child_start(struct child *c);		/* unpause */
bool child_join(struct child *c);		/* until its vCPUs have returned from fn */
void child_destroy(struct child *c);		/* it must be gone then */

/* After a case has unmapped the mail page and destroyed it by itself. */
void child_forget(struct child *c);

/* Wait for mail->arg[i] to become @value; yields. False after HANG_NS. */
bool child_wait(struct child_mail *m, unsigned int i, ulong value);

long domid_op(u32 op, u32 domid);		/* those of struct ringlet_domain_ref */
long domid_info(u32 domid, struct ringlet_domain_info *info);
/* Until all of @state is set in domain_info; false after HANG_NS. */
bool domid_wait(u32 domid, u32 state);

/* Map a frame of another domain over one of our own pages; mfn 0: put our own back. */
int foreign_map(void *page, u32 domid, ulong mfn, ulong flags);

#endif
