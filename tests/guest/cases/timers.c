// SPDX-License-Identifier: GPL-2.0
/* Timers: set_timer_op, single-shot, periodic; runstate and time areas; sched_op block and poll. */
#include "guest.h"

#define MS	1000000ul

static int timer_port;

static u32 timer_begin(void)
{
	/* No tick of an earlier timer may be taken for the case's own. */
	HYP(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	HYP(vcpu_op, VCPUOP_stop_singleshot_timer, 0, NULL);
	HYP(set_timer_op, 0);
	timer_port = evtchn_bind_virq(VIRQ_TIMER, 0);
	EXPECT(timer_port > 0);
	evtchn_clear(timer_port);
	evtchn_unmask(timer_port);
	return port_counts[timer_port];
}

static void timer_end(void)
{
	evtchn_close(timer_port);
}

CASE(timer_op)
{
	u32 before = timer_begin();
	u64 now = system_time();

	EXPECT_EQ(HYP(set_timer_op, now + 5 * MS), 0);
	EXPECT(wait_for(&port_counts[timer_port], before + 1, HANG_NS));
	EXPECT(system_time() >= now + 5 * MS);
	timer_end();
}

CASE(timer_op_past_and_zero)
{
	u32 before = timer_begin();

	EXPECT_EQ(HYP(set_timer_op, 1), 0);
	EXPECT(wait_for(&port_counts[timer_port], before + 1, HANG_NS));
	EXPECT_EQ(HYP(set_timer_op, 0), 0);
	EXPECT(HYP(set_timer_op, ~0ul) <= 0);
	EXPECT_EQ(HYP(set_timer_op, 0), 0);
	timer_end();
}

CASE(timer_singleshot)
{
	u32 before = timer_begin();
	struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = system_time() + 5 * MS };

	EXPECT_EQ(HYP(vcpu_op, VCPUOP_set_singleshot_timer, 0, &t), 0);
	EXPECT(wait_for(&port_counts[timer_port], before + 1, HANG_NS));
	EXPECT(system_time() >= t.timeout_abs_ns);
	timer_end();
}

/* A time that has passed: an event at once, or -ETIME and none. */
CASE(timer_singleshot_past)
{
	u32 before = timer_begin();
	struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = 1, .flags = VCPU_SSHOTTMR_future };
	long rc = HYP(vcpu_op, VCPUOP_set_singleshot_timer, 0, &t);

	EXPECT(rc == 0 || rc == -XEN_ETIME);
	EXPECT_EQ(wait_for(&port_counts[timer_port], before + 1, rc ? 20 * MS : HANG_NS), rc == 0);
	t.flags = 0;
	before = port_counts[timer_port];
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_set_singleshot_timer, 0, &t), 0);
	EXPECT(wait_for(&port_counts[timer_port], before + 1, HANG_NS));
	timer_end();
}

CASE(timer_singleshot_stopped)
{
	u32 before = timer_begin();
	struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = system_time() + 20 * MS };

	EXPECT_EQ(HYP(vcpu_op, VCPUOP_set_singleshot_timer, 0, &t), 0);
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_stop_singleshot_timer, 0, NULL), 0);
	EXPECT(!wait_for(&port_counts[timer_port], before + 1, 40 * MS));
	timer_end();
}

CASE(timer_periodic)
{
	u32 before = timer_begin();
	struct vcpu_set_periodic_timer t = { .period_ns = 5 * MS };

	EXPECT_EQ(HYP(vcpu_op, VCPUOP_set_periodic_timer, 0, &t), 0);
	EXPECT(wait_for(&port_counts[timer_port], before + 4, HANG_NS));
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL), 0);
	t.period_ns = 1;
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_set_periodic_timer, 0, &t), -XEN_EINVAL);
	timer_end();
}

/* The timers of another vCPU are not this one's. */
CASE(timer_other_vcpu)
{
	struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = 1 };

	EXPECT_ERR(HYP(vcpu_op, VCPUOP_set_singleshot_timer, 1, &t));
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_set_singleshot_timer, 99, &t));
}

CASE(block_until_timer)
{
	u32 before = timer_begin();
	u64 start = system_time();

	EXPECT_EQ(HYP(set_timer_op, start + 5 * MS), 0);
	/* Blocking enables events. */
	EXPECT_EQ(HYP(sched_op, SCHEDOP_block, NULL), 0);
	EXPECT_EQ(this_vcpu()->info->evtchn_upcall_mask, 0);
	events_off();
	EXPECT_EQ(port_counts[timer_port], before + 1);
	EXPECT(system_time() >= start + 5 * MS);
	timer_end();
}

CASE(poll_timeout)
{
	u64 start = system_time();
	struct sched_poll p = { .nr_ports = 0, .timeout = start + 5 * MS };

	EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), 0);
	EXPECT(system_time() >= start + 5 * MS);
	EXPECT_EQ(this_vcpu()->info->evtchn_upcall_mask, 1);
}

CASE(poll_pending_port)
{
	evtchn_port_t port = evtchn_bind_ipi(0);
	struct evtchn_send s = { .port = port };
	struct sched_poll p = { .nr_ports = 1, .timeout = system_time() + 2000 * MS };
	u64 start = system_time();

	set_xen_guest_handle(p.ports, &port);
	evtchn_mask(port);
	EXPECT_EQ(HYP(event_channel_op, EVTCHNOP_send, &s), 0);
	EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), 0);
	EXPECT(system_time() < start + 1000 * MS);
	evtchn_clear(port);
	evtchn_close(port);
}

CASE(poll_wrong)
{
	evtchn_port_t ports[2] = { 0x7fffffff, 1 };
	struct sched_poll p = { .nr_ports = 1, .timeout = system_time() + 100 * MS };

	set_xen_guest_handle(p.ports, ports);
	EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), -XEN_EINVAL);
	p.nr_ports = 1000;
	EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), -XEN_EINVAL);
	p.nr_ports = 2;
	set_xen_guest_handle(p.ports, BAD_PTR);
	EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), -XEN_EFAULT);
}

CASE(sched_unknown)
{
	u64 arg[4] = { 0 };

	EXPECT_EQ(HYP(sched_op, 99, arg), -XEN_ENOSYS);
	EXPECT_EQ(HYP(sched_op, SCHEDOP_yield, NULL), 0);
}

CASE(runstate_info)
{
	struct vcpu_runstate_info r = { 0 };
	u64 sum;
	int i;

	EXPECT_EQ(HYP(vcpu_op, VCPUOP_get_runstate_info, 0, &r), 0);
	EXPECT_EQ(r.state, RUNSTATE_running);
	for (sum = 0, i = 0; i < 4; i++)
		sum += r.time[i];
	EXPECT(sum > 0);
	EXPECT(r.time[RUNSTATE_running] > 0);
	EXPECT_ERR(HYP(vcpu_op, VCPUOP_get_runstate_info, 99, &r));
}

CASE(runstate_area)
{
	static struct vcpu_runstate_info area;
	struct vcpu_register_runstate_memory_area reg;
	struct sched_poll p = { 0 };
	u64 blocked;
	int i;

	set_xen_guest_handle(reg.addr.h, &area);
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg), 0);
	EXPECT_EQ(area.state, RUNSTATE_running);
	blocked = area.time[RUNSTATE_blocked];
	/* On a busy host the time may have passed before the vCPU gets to sleep. */
	for (i = 0; i < 50 && area.time[RUNSTATE_blocked] < blocked + MS; i++) {
		p.timeout = system_time() + 5 * MS;
		EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), 0);
	}
	EXPECT(area.time[RUNSTATE_blocked] >= blocked + MS);
	set_xen_guest_handle(reg.addr.h, NULL);
	HYP(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg);
}

/* An area that stops being mapped, or lies in a page table, is simply not updated. */
ATTACK(runstate_area_hostile)
{
	struct vcpu_register_runstate_memory_area reg;
	struct sched_poll p = { .timeout = system_time() + 2 * MS };
	ulong l4_first = read_table(kernel_l4_pfn, 0);
	static const ulong bad[] = {
		HV_START, HV_START + BIT(39), NON_CANONICAL, USER_SPARE, ~7ul,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		set_xen_guest_handle(reg.addr.h, (void *)bad[i]);
		HYP(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg);
		p.timeout = system_time() + MS;
		EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), 0);
	}
	set_xen_guest_handle(reg.addr.h, pfn_va(kernel_l4_pfn));
	HYP(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg);
	p.timeout = system_time() + MS;
	EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), 0);
	EXPECT_EQ(read_table(kernel_l4_pfn, 0) & PTE_ADDR, l4_first & PTE_ADDR);
	set_xen_guest_handle(reg.addr.h, NULL);
	HYP(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg);
}

CASE(time_area)
{
	static struct vcpu_time_info area __attribute__((aligned(64)));
	struct vcpu_register_time_memory_area reg = { 0 };

	set_xen_guest_handle(reg.addr.h, &area);
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &reg), 0);
	EXPECT(area.tsc_to_system_mul != 0);
	EXPECT_EQ(area.version & 1, 0);
	set_xen_guest_handle(reg.addr.h, NULL);
	HYP(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &reg);
}

/* The clock runs at the TSC's pace as the time area declares it, across blocking. */
CASE(time_consistent)
{
	volatile struct vcpu_time_info *t = &this_vcpu()->info->time;
	struct sched_poll p = { .timeout = system_time() + 20 * MS };
	u64 tsc0 = rdtsc(), ns0 = system_time(), tsc1, ns1, expect;

	EXPECT_EQ(HYP(sched_op, SCHEDOP_poll, &p), 0);
	tsc1 = rdtsc();
	ns1 = system_time();
	expect = tsc1 - tsc0;
	expect = t->tsc_shift < 0 ? expect >> -t->tsc_shift : expect << t->tsc_shift;
	expect = (u64)(((unsigned __int128)expect * t->tsc_to_system_mul) >> 32);
	EXPECT(ns1 - ns0 > expect - expect / 50 - 100000);
	EXPECT(ns1 - ns0 < expect + expect / 50 + 100000);
}
