// SPDX-License-Identifier: GPL-2.0
/* vcpu_op: the second vCPU, its state, its registration calls. */
#include "guest.h"

CASE(vcpu_is_up)
{
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_is_up, 0, NULL), 1);
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_is_up, 99, NULL));
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_is_up, ~0u, NULL));
}

CASE(vcpu_unknown_op)
{
	u64 arg[16] = { 0 };

	EXPECT_EQ(HYP(vcpu_op, 99, 0, arg), -XEN_ENOSYS);
}

CASE(vcpu_up_uninitialised)
{
	if (HYP(vcpu_op, VCPUOP_is_up, 1, NULL) < 0) {
		skip("needs a second vCPU");
		return;
	}
	if (HYP(vcpu_op, VCPUOP_is_up, 1, NULL) == 1) {
		skip("already up");
		return;
	}
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_up, 1, NULL), -XEN_EINVAL);
}

/* What bring-up must refuse: bases, tables and registers that are not the guest's or not valid. */
CASE(vcpu_initialise_wrong)
{
	static struct vcpu_guest_context c;

	if (HYP(vcpu_op, VCPUOP_is_up, 1, NULL) != 0) {
		skip("needs a second vCPU that is down");
		return;
	}
	vcpu1_context(&c);
	c.ctrlreg[3] = xen_pfn_to_cr3(mfn_of_hypervisor());
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_initialise, 1, &c));
	vcpu1_context(&c);
	c.ctrlreg[3] = xen_pfn_to_cr3(pfn_mfn(user_l1_pfn));
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_initialise, 1, &c));
	vcpu1_context(&c);
	c.ctrlreg[3] = ~0ul;
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_initialise, 1, &c));
	vcpu1_context(&c);
	c.fs_base = NON_CANONICAL;
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_initialise, 1, &c), -XEN_EINVAL);
	vcpu1_context(&c);
	c.failsafe_callback_eip = NON_CANONICAL;
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_initialise, 1, &c), -XEN_EINVAL);
	vcpu1_context(&c);
	c.gdt_ents = 9000;
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_initialise, 1, &c));
	vcpu1_context(&c);
	c.gdt_ents = 512;
	c.gdt_frames[0] = mfn_of_hypervisor();
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_initialise, 1, &c));
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_is_up, 1, NULL), 0);
}

CASE(vcpu_initialise_out_of_range)
{
	static struct vcpu_guest_context c;

	vcpu1_context(&c);
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_initialise, 99, &c));
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_initialise, ~0u, &c));
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_up, 99, NULL));
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_down, 99, NULL));
}

static void note_flags(void *arg)
{
	*(ulong *)arg = read_flags();
}

CASE(vcpu_second_runs)
{
	static volatile ulong flags;
	static struct vcpu_guest_context c;

	NEED_VCPU1();
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_is_up, 1, NULL), 1);
	smp_call(note_flags, (void *)&flags);
	EXPECT(smp_wait(HANG_NS));
	/* It asked for IOPL 1 as Linux does; the real one is 0. */
	EXPECT_EQ(flags & FL_IOPL, 0);
	EXPECT(flags & FL_IF);
	vcpu1_context(&c);
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_initialise, 1, &c), -XEN_EEXIST);
}

static void say(void *arg)
{
	events_on();
	while (!*(volatile u32 *)arg)
		HYP(sched_op, SCHEDOP_yield, NULL);
	events_off();
}

CASE(vcpu_ipi)
{
	struct evtchn_send s;
	int port;

	NEED_VCPU1();
	port = evtchn_bind_ipi(1);
	EXPECT(port > 0);
	port_counts[port] = 0;
	evtchn_unmask(port);
	smp_call(say, (void *)&port_counts[port]);
	s.port = port;
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_send, &s), 0);
	EXPECT(smp_wait(HANG_NS));
	EXPECT_EQ(port_counts[port], 1);
	EXPECT_EQ(evtchn_close(port), 0);
}

CASE(vcpu_register_info_wrong)
{
	struct vcpu_register_vcpu_info r = { .mfn = pfn_mfn(100), .offset = PAGE_SIZE - 8 };

	EXPECT_ERR(HYP(vcpu_op, VCPUOP_register_vcpu_info, 1, &r));
	r.offset = 3;
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_register_vcpu_info, 1, &r));
	r.offset = 0;
	r.mfn = mfn_of_hypervisor();
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_register_vcpu_info, 1, &r));
	r.mfn = ~0ul;
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_register_vcpu_info, 1, &r));
	r.mfn = pfn_mfn(user_l1_pfn);
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_register_vcpu_info, 1, &r));
	r.mfn = pfn_mfn(100);
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_register_vcpu_info, 99, &r));
}
