// SPDX-License-Identifier: GPL-2.0
/* The life of a domain: paused, stopped, crashed, destroyed in every state, and nothing left. */
#include "child.h"

#define REF(NAME, c)	domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_##NAME, (c)->domid)

static u32 state_of(const struct child *c)
{
	struct ringlet_domain_info i;

	EXPECT_EQ(domid_info(c->domid, &i), 0);
	return i.state;
}

static u64 free_pages(void)
{
	struct ringlet_machine_info m = { 0 };

	EXPECT_EQ(RINGLET(MACHINE_INFO, &m), 0);
	return m.free_pages;
}

static struct ringlet_domain_info info_of(u32 domid)
{
	struct ringlet_domain_info i;

	EXPECT_EQ(domid_info(domid, &i), 0);
	return i;
}

/* Counts in arg[0 ..] until told to stop by arg[15]. */
static void count(struct child_mail *m, unsigned int vcpu)
{
	while (!m->arg[15])
		m->arg[vcpu]++;
}

static void block(struct child_mail *m, unsigned int vcpu)
{
	m->arg[vcpu] = 1;
	for (;;)
		HYP(sched_op, SCHEDOP_block, NULL);
}

static void yield(struct child_mail *m, unsigned int vcpu)
{
	for (;;) {
		m->arg[vcpu]++;
		HYP(sched_op, SCHEDOP_yield, NULL);
	}
}

static bool grows(struct child_mail *m, unsigned int i)
{
	ulong before = m->arg[i];
	u64 end = system_time() + HANG_NS;

	while (m->arg[i] == before && system_time() < end)
		HYP(sched_op, SCHEDOP_yield, NULL);
	return m->arg[i] != before;
}

static bool stands_still(struct child_mail *m, unsigned int i)
{
	ulong before = m->arg[i];
	unsigned int n;

	for (n = 0; n < 1000; n++)
		HYP(sched_op, SCHEDOP_yield, NULL);
	return m->arg[i] == before;
}

/* Paused when the call returns, on both vCPUs; going on when the last pause is taken back. */
CASE(child_pause)
{
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = count, .vcpus = 2 }))
		return;
	EXPECT(stands_still(c.mail, 0));
	child_start(&c);
	EXPECT(grows(c.mail, 0) && grows(c.mail, 1));
	EXPECT_EQ(REF(PAUSE, &c), 0);
	EXPECT(stands_still(c.mail, 0) && stands_still(c.mail, 1));
	EXPECT(!(state_of(&c) & RINGLET_DOM_RUNNING));
	EXPECT_EQ(REF(PAUSE, &c), 0);
	EXPECT_EQ(REF(UNPAUSE, &c), 0);
	EXPECT(stands_still(c.mail, 0) && stands_still(c.mail, 1));
	EXPECT_EQ(REF(UNPAUSE, &c), 0);
	EXPECT(grows(c.mail, 0) && grows(c.mail, 1));
	c.mail->arg[15] = 1;
	child_join(&c);
	child_destroy(&c);
}

/* An event while it is paused is not lost, and does not make it run. */
static void sleep_by_timer(struct child_mail *m, unsigned int vcpu)
{
	int port = evtchn_bind_virq(VIRQ_TIMER, 0);

	EXPECT(port > 0);
	evtchn_unmask(port);
	m->arg[0] = 1;
	while (!child_self->arg[1])
		HYP(sched_op, SCHEDOP_yield, NULL);
	HYP(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	evtchn_clear(port);
	m->arg[0] = 2;
	HYP(set_timer_op, system_time() + 20000000);
	HYP(sched_op, SCHEDOP_block, NULL);
	m->arg[0] = 3;
}

CASE(child_pause_blocked)
{
	struct child c;
	ulong was;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = sleep_by_timer }))
		return;
	child_start(&c);
	EXPECT(child_wait(c.mail, 0, 1));
	c.mail->arg[1] = 1;
	EXPECT(grows(c.mail, 0));
	EXPECT_EQ(REF(PAUSE, &c), 0);	/* it sleeps; on a slow machine it has slept */
	was = c.mail->arg[0];
	spin_ns(40000000);
	EXPECT_EQ(c.mail->arg[0], was);
	EXPECT_EQ(REF(UNPAUSE, &c), 0);
	EXPECT(child_wait(c.mail, 0, 3));
	child_join(&c);
	child_destroy(&c);
}

/* What the context says is what the vCPU was doing. */
static struct vcpu_guest_context context;

static void registers(struct child_mail *m, unsigned int vcpu)
{
	asm volatile("movq $0x1234567, %%r15; movq $0x7654321, %%rbx; movq $1, (%0); 1: jmp 1b"
		     : : "r"(&m->arg[0]) : "r15", "rbx", "memory");
}

CASE(child_context_get)
{
	struct ringlet_vcpu_context op = { .context = (ulong)&context };
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = registers }))
		return;
	op.domid = c.domid;
	child_start(&c);
	EXPECT(child_wait(c.mail, 0, 1));
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_GET, &op), -XEN_EBUSY);
	EXPECT_EQ(REF(PAUSE, &c), 0);
	memset(&context, 0xff, sizeof(context));
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_GET, &op), 0);
	EXPECT_EQ(context.user_regs.r15, 0x1234567);
	EXPECT_EQ(context.user_regs.rbx, 0x7654321);
	EXPECT_EQ(*(u16 *)context.user_regs.rip, 0xfeeb);	/* its code is ours, too */
	EXPECT_EQ(context.user_regs.cs, KERNEL_CS);
	EXPECT_EQ(context.flags & VGCF_IN_KERNEL, VGCF_IN_KERNEL);
	EXPECT_EQ(xen_cr3_to_pfn(context.ctrlreg[3]), c.mail->table_mfn[0]);
	EXPECT_EQ(context.trap_ctxt[14].address, (ulong)context.trap_ctxt[13].address + 16);
	EXPECT_EQ(*(u16 *)context.fpu_ctxt.x, 0x37f);
	EXPECT_EQ(context.kernel_sp, CHILD_STACK_VA(0) + TRAP_STACK_TOP);
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_SET, &op), -XEN_EEXIST);
	child_destroy(&c);
}

/*
 * The context of one that was just told to end and may still be in a call: either it can
 * be had or the call is made again, but neither waits for the other.
 */
static void call_control(struct child_mail *m, unsigned int vcpu)
{
	struct sched_watchdog w = { .id = 1 };

	for (;;) {
		m->arg[0]++;
		HYP(sched_op, SCHEDOP_watchdog, &w);	/* -EINVAL, with the lock of control */
	}
}

CASE(child_context_of_ending)
{
	unsigned int i;

	NEED_CHILD();
	for (i = 0; i < 10 && !case_failed(); i++) {
		struct ringlet_domain_shutdown s = { .reason = SHUTDOWN_poweroff };
		struct ringlet_vcpu_context op = { .context = (ulong)&context };
		struct multicall_entry e[2] = {
			{ .op = __HYPERVISOR_arch_7,
			  .args = { RINGLET_OP_RINGLET_OP_DOMAIN_SHUTDOWN, (ulong)&s, sizeof(s) } },
			{ .op = __HYPERVISOR_arch_7,
			  .args = { RINGLET_OP_RINGLET_OP_VCPU_CONTEXT_GET, (ulong)&op, sizeof(op) } },
		};
		struct child c;

		if (!child_create(&c, &(struct child_config){ .fn = call_control, .vcpus = 2 }))
			return;
		s.domid = op.domid = c.domid;
		child_start(&c);
		EXPECT(grows(c.mail, 0));
		EXPECT_EQ(HYP(multicall, e, 2), 0);
		EXPECT_EQ(e[0].result, 0);
		EXPECT_EQ(e[1].result, 0);
		child_destroy(&c);
	}
}

/* Created and destroyed many times: every counter is where it was. */
static void nothing(struct child_mail *m, unsigned int vcpu)
{
	m->out[vcpu] = 1;
}

CASE(child_many_times)
{
	struct ringlet_domain_info before, after;
	unsigned int i;
	u64 free = 0;

	NEED_CHILD();
	before = info_of(0);
	for (i = 0; i < 50 && !case_failed(); i++) {
		struct child c;

		if (!child_create(&c, &(struct child_config){ .fn = nothing, .vcpus = 1 + i % 3 }))
			return;
		if (i % 2) {
			child_start(&c);
			child_join(&c);
		}
		child_destroy(&c);
		if (!i)
			free = free_pages();
		EXPECT_EQ(free_pages(), free);
	}
	after = info_of(0);
	EXPECT_EQ(after.tot_pages, before.tot_pages);
	EXPECT_EQ(after.hyp_pages, before.hyp_pages);
	EXPECT_EQ(after.ports, before.ports);
	EXPECT_EQ(after.grant_frames, before.grant_frames);
	EXPECT_EQ(after.maps, before.maps);
}

static void destroy_while(void (*fn)(struct child_mail *, unsigned int), bool pause)
{
	struct child c;

	if (!child_create(&c, &(struct child_config){ .fn = fn, .vcpus = 3 }))
		return;
	child_start(&c);
	EXPECT(grows(c.mail, 0) && c.mail->arg[2] ? true : grows(c.mail, 2));
	if (pause)
		EXPECT_EQ(REF(PAUSE, &c), 0);
	child_destroy(&c);
}

CASE(child_destroy_running)
{
	NEED_CHILD();
	destroy_while(count, false);
	destroy_while(yield, false);
}

CASE(child_destroy_paused)
{
	NEED_CHILD();
	destroy_while(count, true);
	destroy_while(yield, true);
}

CASE(child_destroy_blocked)
{
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = block, .vcpus = 2 }))
		return;
	child_start(&c);
	EXPECT(domid_wait(c.domid, RINGLET_DOM_BLOCKED));
	child_destroy(&c);
}

/* From two vCPUs at once, each of which says that it is done. */
static u32 both_domid;
static long both_rc;

static void destroy_too(void *arg)
{
	both_rc = domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, both_domid);
}

CASE(child_destroy_twice_at_once)
{
	struct child c;
	unsigned int i;

	NEED_CHILD();
	NEED_VCPU1();
	for (i = 0; i < 5 && !case_failed(); i++) {
		long rc;

		if (!child_create(&c, &(struct child_config){ .fn = count, .vcpus = 2 }))
			return;
		child_start(&c);
		EXPECT(grows(c.mail, 0));
		EXPECT_EQ(foreign_map(c.mail, 0, 0, 0), 0);
		both_domid = c.domid;
		smp_call(destroy_too, NULL);
		rc = REF(DESTROY, &c);
		EXPECT(smp_wait(HANG_NS));
		EXPECT(rc == 0 || rc == -XEN_ESRCH);
		EXPECT(both_rc == 0 || both_rc == -XEN_ESRCH);
		EXPECT(rc == 0 || both_rc == 0);
		child_forget(&c);
	}
}

/* A frame that somebody still maps keeps the dead domain in the list, and nothing else. */
CASE(child_zombie)
{
	struct ringlet_domain_info i;
	struct child c;
	u64 free;

	NEED_CHILD();
	free = free_pages();
	if (!child_create(&c, &(struct child_config){ .fn = nothing }))
		return;
	child_start(&c);
	child_join(&c);
	EXPECT_EQ(REF(DESTROY, &c), 0);
	EXPECT_EQ(domid_info(c.domid, &i), 0);
	EXPECT(i.state & RINGLET_DOM_DYING);
	EXPECT_EQ(i.tot_pages, 1);		/* the mail page */
	EXPECT_EQ(c.mail->out[0], 1);		/* still what it was */
	EXPECT_EQ(REF(DESTROY, &c), 0);
	EXPECT_EQ(REF(UNPAUSE, &c), -XEN_EINVAL);
	EXPECT_EQ(foreign_map(c.mail, 0, 0, 0), 0);
	EXPECT_EQ(domid_info(c.domid, &i), -XEN_ESRCH);
	child_forget(&c);
	EXPECT_EQ(free_pages(), free);
}

/* VIRQ_DOM_EXC: for a shutdown, and for the end. */
CASE(child_dom_exc)
{
	struct child c;
	u32 count_before;
	int port;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = nothing }))
		return;
	port = evtchn_bind_virq(VIRQ_DOM_EXC, 0);
	EXPECT(port > 0);
	evtchn_unmask(port);
	count_before = port_counts[port];
	child_start(&c);
	EXPECT(wait_for(&port_counts[port], count_before + 1, HANG_NS));
	EXPECT(domid_wait(c.domid, RINGLET_DOM_SHUTDOWN));
	count_before = port_counts[port];
	child_destroy(&c);
	EXPECT(wait_for(&port_counts[port], count_before + 1, HANG_NS));
	EXPECT_EQ(evtchn_close(port), 0);
}

/* ---- ends of its own making --------------------------------------------------------------- */

static void end_by_reason(struct child_mail *m, unsigned int vcpu)
{
	struct sched_shutdown s = { .reason = m->arg[0] };

	HYP(sched_op, SCHEDOP_shutdown, &s);
	m->arg[1] = 1;			/* never comes here */
}

CASE(child_shutdown_reasons)
{
	static const u32 reason[] = {
		SHUTDOWN_poweroff, SHUTDOWN_reboot, SHUTDOWN_suspend, SHUTDOWN_crash,
		SHUTDOWN_watchdog, SHUTDOWN_soft_reset,
	};
	unsigned int i;

	NEED_CHILD();
	for (i = 0; i < ARRAY_SIZE(reason) && !case_failed(); i++) {
		struct child c;

		if (!child_create(&c, &(struct child_config){ .fn = end_by_reason }))
			return;
		c.mail->arg[0] = reason[i];
		child_start(&c);
		EXPECT(domid_wait(c.domid, RINGLET_DOM_SHUTDOWN));
		EXPECT_EQ(info_of(c.domid).shutdown_reason, reason[i]);
		EXPECT_EQ(!!(state_of(&c) & RINGLET_DOM_CRASHED), reason[i] == SHUTDOWN_crash);
		EXPECT_EQ(c.mail->arg[1], 0);
		child_destroy(&c);
	}
}

static void end_by_watchdog(struct child_mail *m, unsigned int vcpu)
{
	struct sched_watchdog w = { .timeout = 1 };

	EXPECT_EQ(HYP(sched_op, SCHEDOP_watchdog, &w), 1);
	for (;;)
		barrier();
}

static void end_by_vcpu_down(struct child_mail *m, unsigned int vcpu)
{
	HYP(vcpu_op, VCPUOP_down, vcpu, NULL);
}

static void crash_on_stack(struct child_mail *m, unsigned int vcpu)
{
	asm volatile("movq $0x1000, %%rsp; ud2" : : : "memory");
}

static void crash_on_hole_stack(struct child_mail *m, unsigned int vcpu)
{
	asm volatile("movabs $0xffff800000001000, %%rsp; ud2" : : : "memory");
}

static void crash_without_handlers(struct child_mail *m, unsigned int vcpu)
{
	HYP(set_trap_table, NULL);
	asm volatile("ud2");
}

static void crash_without_text(struct child_mail *m, unsigned int vcpu)
{
	ulong l2 = mfn_ma(m->table_mfn[2]);

	mmu_update_raw(l2, 0);
	HYP(mmuext_op, NULL, 0, NULL, DOMID_SELF);
	asm volatile("ud2");
}

static void crash_by_base(struct child_mail *m, unsigned int vcpu)
{
	struct mmuext_op op = { .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = m->spare_mfn[0] };

	/* An empty L4: valid, and nothing is mapped in it. */
	EXPECT_EQ(set_va_pte((void *)CHILD_SPARE_VA(0), 0), 0);
	HYP(mmuext_op, &op, 1, NULL, DOMID_SELF);
	asm volatile("ud2");
}

static void crash_by_iret(struct child_mail *m, unsigned int vcpu)
{
	asm volatile("movq $0x10, %%rsp; movl $23, %%eax; syscall" : : : "memory");
}

static void crash_by_triple(struct child_mail *m, unsigned int vcpu)
{
	struct trap_info t[2] = { { .vector = X_PF, .cs = KERNEL_CS, .address = 0x1000 } };

	HYP(set_trap_table, t);
	asm volatile("movq 0x2000, %%rax" : : : "rax");
}

CASE(child_ends)
{
	static void (*const end[])(struct child_mail *, unsigned int) = {
		end_by_watchdog, end_by_vcpu_down, crash_on_stack, crash_on_hole_stack,
		crash_without_handlers, crash_without_text, crash_by_base, crash_by_iret,
	};
	unsigned int i;

	NEED_CHILD();
	for (i = 0; i < ARRAY_SIZE(end) && !case_failed(); i++) {
		struct child c;

		if (!child_create(&c, &(struct child_config){ .fn = end[i] }))
			return;
		child_start(&c);
		if (!domid_wait(c.domid, RINGLET_DOM_SHUTDOWN))
			case_fail(__FILE__, __LINE__, "end %u: state 0x%x", i, state_of(&c));
		if (c.mail->failures)
			case_fail(__FILE__, __LINE__, "end %u: %s", i, c.mail->text);
		EXPECT_EQ(!!(state_of(&c) & RINGLET_DOM_CRASHED), i > 1);
		child_destroy(&c);
	}
}

/* A fault that faults for ever takes time of its own, and is destroyed like any other. */
CASE(child_faults_for_ever)
{
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = crash_by_triple }))
		return;
	child_start(&c);
	spin_ns(50000000);
	child_destroy(&c);
}

/* One that crashes takes its other vCPUs with it; the parent's frames are as they were. */
static void one_crashes(struct child_mail *m, unsigned int vcpu)
{
	if (vcpu == 1 && child_wait(m, 0, 1))
		crash_on_stack(m, vcpu);
	m->arg[vcpu] = 1;
	for (;;)
		m->arg[2 + vcpu]++;
}

/* The end is announced before the vCPUs on other pCPUs have come into the host. */
static bool all_stop(const struct child *c)
{
	u64 end = system_time() + HANG_NS;

	while ((state_of(c) & RINGLET_DOM_RUNNING) && system_time() < end)
		HYP(sched_op, SCHEDOP_yield, NULL);
	return !(state_of(c) & RINGLET_DOM_RUNNING);
}

CASE(child_crash_stops_all)
{
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = one_crashes, .vcpus = 3 }))
		return;
	child_start(&c);
	EXPECT(domid_wait(c.domid, RINGLET_DOM_CRASHED | RINGLET_DOM_SHUTDOWN));
	EXPECT_EQ(info_of(c.domid).shutdown_reason, SHUTDOWN_crash);
	EXPECT(all_stop(&c));
	EXPECT(stands_still(c.mail, 2) && stands_still(c.mail, 4));
	EXPECT_EQ(REF(UNPAUSE, &c), -XEN_EINVAL);
	EXPECT(stands_still(c.mail, 2) && stands_still(c.mail, 4));
	child_destroy(&c);
}

/* What a dead child leaves in memory is not found by the next one. */
#define SECRET	0x5ec4e75ec4e7ul

static void leave_secrets(struct child_mail *m, unsigned int vcpu)
{
	unsigned int i, j;

	for (i = 0; i < CHILD_SPARES; i++)
		for (j = 0; j < 512; j++)
			((ulong *)CHILD_SPARE_VA(i))[j] = SECRET;
}

static void find_secrets(struct child_mail *m, unsigned int vcpu)
{
	unsigned int i, j;

	for (i = 0; i < CHILD_SPARES; i++)
		for (j = 0; j < 512; j++)
			m->arg[0] += ((ulong *)CHILD_SPARE_VA(i))[j] != 0;
}

CASE(child_frames_are_scrubbed)
{
	unsigned int i;

	NEED_CHILD();
	for (i = 0; i < 4 && !case_failed(); i++) {
		struct child c;

		if (!child_create(&c, &(struct child_config){
			    .fn = i % 2 ? find_secrets : leave_secrets }))
			return;
		child_start(&c);
		child_join(&c);
		EXPECT_EQ(c.mail->arg[0], 0);
		child_destroy(&c);
	}
}

static u64 log_end(void)
{
	struct ringlet_log_read op = { .position = ~0ul };

	EXPECT_EQ(RINGLET(LOG_READ, &op), 0);
	return op.position;
}

/* Crashing again and again is told in a line each, and in full now and then. */
CASE(child_crashes_do_not_flood)
{
	u64 start, from;
	unsigned int i;

	NEED_CHILD();
	start = system_time();
	from = log_end();
	for (i = 0; i < 20 && !case_failed(); i++) {
		struct child c;

		if (!child_create(&c, &(struct child_config){ .fn = crash_on_stack }))
			return;
		child_start(&c);
		EXPECT(domid_wait(c.domid, RINGLET_DOM_CRASHED | RINGLET_DOM_SHUTDOWN));
		child_destroy(&c);
	}
	EXPECT(log_end() - from < 20 * 200 + (2 + (system_time() - start) / 5000000000ul) * 4096);
}

static u64 calls_55(void)
{
	static struct ringlet_domain_stats s;

	memset(&s, 0, sizeof(s));
	EXPECT_EQ(RINGLET(DOMAIN_STATS, &s), 0);
	return s.calls[__HYPERVISOR_arch_7];
}

/* Much memory takes several goes, between which the caller's interrupts are served. */
CASE(child_destroy_gives_way)
{
	static ulong list[512];
	struct xen_memory_reservation r = { .nr_extents = ARRAY_SIZE(list) };
	struct child c;
	u64 free, calls;
	unsigned int i, j;

	NEED_CHILD();
	free = free_pages();
	if (!child_create(&c, &(struct child_config){ .fn = nothing, .create.max_pages = 20000 }))
		return;
	r.domid = c.domid;
	for (i = 0; i < 32; i++) {
		for (j = 0; j < ARRAY_SIZE(list); j++)
			list[j] = 1000 + i * ARRAY_SIZE(list) + j;
		set_xen_guest_handle(r.extent_start, list);
		EXPECT_EQ(HYP(memory_op, XENMEM_populate_physmap, &r), ARRAY_SIZE(list));
	}
	EXPECT(info_of(c.domid).tot_pages > 32 * ARRAY_SIZE(list));
	calls = calls_55();
	child_destroy(&c);
	EXPECT(calls_55() - calls > 5);
	EXPECT_EQ(free_pages(), free);
}
