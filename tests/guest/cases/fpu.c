// SPDX-License-Identifier: GPL-2.0
/*
 * FPU and SSE registers: a vCPU's own through hypercalls, blocking, traps and another vCPU's
 * use.
 */
#include "guest.h"

static void put(u64 v)
{
	asm volatile("movq %0, %%xmm0; movq %0, %%xmm7; movq %0, %%xmm15" : : "r"(v));
}

static bool same(u64 v)
{
	u64 a, b, c;

	asm volatile("movq %%xmm0, %0; movq %%xmm7, %1; movq %%xmm15, %2"
		     : "=r"(a), "=r"(b), "=r"(c));
	return a == v && b == v && c == v;
}

CASE(fpu_across_hypercalls)
{
	struct sched_poll p = { .timeout = system_time() + 5000000 };

	HYP(fpu_taskswitch, 0);
	put(0x1122334455667788);
	HYP(xen_version, XENVER_version, NULL);
	EXPECT(same(0x1122334455667788));
	HYP(sched_op, SCHEDOP_poll, &p);
	EXPECT(same(0x1122334455667788));
	HYP(mmu_update, NULL, 0, NULL, DOMID_SELF);
	EXPECT(same(0x1122334455667788));
}

static volatile u32 running, bad;

static void other(void *arg)
{
	put(0xfeedfacefeedface);
	while (running) {
		HYP(sched_op, SCHEDOP_yield, NULL);
		bad += !same(0xfeedfacefeedface);
	}
}

ATTACK(fpu_other_vcpu)
{
	unsigned int i;

	NEED_VCPU1();
	running = 1;
	bad = 0;
	smp_call(other, NULL);
	put(0x0badc0de0badc0de);
	for (i = 0; i < 200; i++) {
		HYP(sched_op, SCHEDOP_yield, NULL);
		if (!same(0x0badc0de0badc0de)) {
			case_fail(__FILE__, __LINE__, "registers of another, round %u", i);
			break;
		}
	}
	running = 0;
	EXPECT(smp_wait(HANG_NS));
	EXPECT_EQ(bad, 0);
}

USER_SNIPPET(use, "movq %rax, %xmm0; movq %xmm0, %rbx; syscall");
CASE(fpu_user_lazy)
{
	struct user u;

	EXPECT_EQ(HYP(fpu_taskswitch, 1), 0);
	user_prepare(&u);
	u.regs.rax = 0x77;
	user_run(&u, use);
	EXPECT_EQ(u.regs.vec, X_NM);
	EXPECT_EQ(HYP(fpu_taskswitch, 0), 0);
	user_prepare(&u);
	u.regs.rax = 0x77;
	user_run(&u, use);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rbx, 0x77);
}
