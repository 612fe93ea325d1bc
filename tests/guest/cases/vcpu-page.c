// SPDX-License-Identifier: GPL-2.0
/* What a vCPU shares with the gate (ringlet.h, vcpu_page): counters and its kernel stack. */
#include "child.h"

#define NEED_PAGE(p) do {					\
	if (!on_ringlet) {					\
		skip("needs hypercall 55");			\
		return;						\
	}							\
	memset(&(p), 0, sizeof(p));				\
	EXPECT_EQ(RINGLET(VCPU_PAGE, &(p)), 0);			\
} while (0)

USER_SNIPPET(trip, "ud2");
USER_SNIPPET(call, "syscall");

static bool is_ours(ulong va)
{
	return va >= HV_START && va < HV_END && !(va % 8);
}

CASE(vcpu_page_addresses)
{
	struct ringlet_vcpu_page p;

	NEED_PAGE(p);
	EXPECT(is_ours(p.counters) && is_ours(p.gate_entries) && is_ours(p.kernel_sp));
	EXPECT(is_ours(p.give_way));
	EXPECT_EQ(p.counters_size, sizeof(struct ringlet_vcpu_counters));
	EXPECT_EQ(p.reserved, 0);
	EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, RINGLET_OP_RINGLET_OP_VCPU_PAGE, BAD_PTR,
			    sizeof(p)), -XEN_EFAULT);
	p.kernel_sp = 5;
	EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, RINGLET_OP_RINGLET_OP_VCPU_PAGE, &p, 8), 0);
	EXPECT_EQ(p.kernel_sp, 5);	/* a short one gets what it has room for */
}

CASE(vcpu_page_counters)
{
	volatile struct ringlet_vcpu_counters *c;
	struct ringlet_vcpu_page p;
	ulong full, calls, gate;
	unsigned int i;

	NEED_PAGE(p);
	c = (void *)p.counters;
	full = c->full_entries;
	calls = c->hypercalls;
	gate = *(volatile ulong *)p.gate_entries;
	for (i = 0; i < 20; i++)
		HYP(xen_version, XENVER_version, NULL);
	EXPECT_EQ(c->hypercalls, calls + 20);
	EXPECT(c->full_entries >= full + 20);
	EXPECT_EQ(*(volatile ulong *)p.gate_entries, gate);
	for (i = 0; i < 20; i++)
		HYP(stack_switch, KERNEL_SS, *(volatile ulong *)p.kernel_sp);
	EXPECT_EQ(c->hypercalls, calls + 20);
	EXPECT_EQ(*(volatile ulong *)p.gate_entries, gate + 20);
}

/* The counters' page cannot be written, not even by a call that writes for the guest. */
ATTACK(vcpu_page_write_counters)
{
	struct ringlet_vcpu_page p;
	struct fault f;
	ulong full;

	NEED_PAGE(p);
	full = *(volatile ulong *)p.counters;
	EXPECT(!kernel_can_write(p.counters));
	TRY(f)
		*(volatile ulong *)p.counters = 0;
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(RINGLET(VERSION, (struct ringlet_version *)p.counters), -XEN_EFAULT);
	EXPECT_EQ(RINGLET(VERSION, (struct ringlet_version *)p.kernel_sp), -XEN_EFAULT);
	EXPECT(*(volatile ulong *)p.counters > full);
}

/* Programs see none of it. */
USER_SNIPPET(load, "mov (%rax), %rbx; ud2");
ATTACK(vcpu_page_from_ring3)
{
	struct ringlet_vcpu_page p;
	struct user u;
	unsigned int i;

	NEED_PAGE(p);
	for (i = 0; i < 3; i++) {
		user_prepare(&u);
		u.regs.rax = i == 0 ? p.counters : i == 1 ? p.gate_entries : p.kernel_sp;
		user_run(&u, load);
		EXPECT_EQ(u.regs.vec, X_PF);
	}
}

static u8 stack[2][STACK_SIZE] __attribute__((aligned(STACK_SIZE)));

static bool stack_used(unsigned int i)
{
	unsigned int j;
	u8 used = 0;

	for (j = sizeof(ulong); j < STACK_SIZE; j++)
		used |= stack[i][j];
	return used;
}

/* A store is stack_switch: call and store see each other, and entries go by it. */
CASE(vcpu_page_kernel_sp)
{
	struct ringlet_vcpu_page p;
	volatile ulong *sp;
	struct user u;
	unsigned int i;
	ulong before;

	NEED_PAGE(p);
	sp = (void *)p.kernel_sp;
	before = *sp;
	HYP(stack_switch, KERNEL_SS, before - 64);
	EXPECT_EQ(*sp, before - 64);
	for (i = 0; i < 4; i++) {
		memset(stack, 0, sizeof(stack));
		*(struct vcpu **)stack[0] = *(struct vcpu **)stack[1] = this_vcpu();
		user_prepare(&u);
		*sp = (ulong)stack[i & 1] + STACK_SIZE;
		if (i & 2)
			user_run(&u, trip);
		else
			user_run(&u, call);
		EXPECT_EQ(u.regs.vec, i & 2 ? X_UD : VEC_SYSCALL);
		EXPECT(stack_used(i & 1));
		EXPECT(!stack_used(!(i & 1)));
	}
	*sp = before;
}

/* The same address shows each vCPU its own, wherever it runs. */
static void keep(struct child_mail *m, unsigned int vcpu)
{
	volatile struct ringlet_vcpu_counters *c;
	struct ringlet_vcpu_page p = { 0 };
	volatile ulong *sp;
	ulong last = 0;
	unsigned int i;

	EXPECT_EQ(RINGLET(VCPU_PAGE, &p), 0);
	sp = (void *)p.kernel_sp;
	c = (void *)p.counters;
	m->out[vcpu] = p.counters;
	for (i = 0; i < 300; i++) {
		*sp = 0x1000000000ul * (vcpu + 1) + i;
		HYP(sched_op, SCHEDOP_yield, NULL);
		EXPECT_EQ(*sp, 0x1000000000ul * (vcpu + 1) + i);
		EXPECT(c->hypercalls > last);
		last = c->hypercalls;
	}
	/* As many as this vCPU has made: one to ask, one a round, none of its siblings'. */
	EXPECT(last >= 301 && last < 302 + 50);
}

ATTACK(vcpu_page_of_siblings)
{
	struct child c;
	unsigned int i;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = keep, .vcpus = 4 }))
		return;
	child_start(&c);
	child_join(&c);
	for (i = 1; i < 4; i++)
		EXPECT_EQ(c.mail->out[i], c.mail->out[0]);
	child_destroy(&c);
}
