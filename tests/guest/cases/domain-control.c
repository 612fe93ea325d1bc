// SPDX-License-Identifier: GPL-2.0
/* Domains without memory: created, looked at, paused, limited, destroyed. */
#include "child.h"

#define NEED_CALL_55() do {					\
	if (!on_ringlet) {					\
		skip("needs hypercall 55");			\
		return;						\
	}							\
} while (0)
#define REF(NAME, domid)	domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_##NAME, domid)

static const struct ringlet_domain_create valid = {
	.domid = RINGLET_DOMID_ANY, .max_vcpus = 2, .max_pages = 16,
	.uuid = { 1, 2, 3 }, .name = "child",
};

static u32 create(void)
{
	struct ringlet_domain_create op = valid;

	EXPECT_EQ(RINGLET(DOMAIN_CREATE, &op), 0);
	EXPECT(op.domid > 0 && op.domid < DOMID_FIRST_RESERVED);
	return op.domid;
}

static struct ringlet_machine_info machine(void)
{
	struct ringlet_machine_info m = { 0 };

	EXPECT_EQ(RINGLET(MACHINE_INFO, &m), 0);
	return m;
}

CASE(domain_create_wrong)
{
	static const struct ringlet_domain_create wrong[] = {
		{ .domid = RINGLET_DOMID_ANY, .max_vcpus = 0 },
		{ .domid = RINGLET_DOMID_ANY, .max_vcpus = 33 },
		{ .domid = RINGLET_DOMID_ANY, .max_vcpus = ~0u },
		{ .domid = RINGLET_DOMID_ANY, .max_vcpus = 1, .flags = 2 },
		{ .domid = RINGLET_DOMID_ANY, .max_vcpus = 1, .flags = 1u << 31 },
		{ .domid = RINGLET_DOMID_ANY, .max_vcpus = 1, .max_ports = (1 << 17) + 1 },
		{ .domid = RINGLET_DOMID_ANY, .max_vcpus = 1,
		  .name = "012345678901234567890123456789012345678901234567" },
		{ .domid = DOMID_FIRST_RESERVED, .max_vcpus = 1 },
		{ .domid = DOMID_SELF, .max_vcpus = 1 },
		{ .domid = 0x10000, .max_vcpus = 1 },
		{ .domid = ~0u, .max_vcpus = 1 },
	};
	struct ringlet_domain_create op;
	u64 free = 0;
	unsigned int i;

	NEED_CALL_55();
	free = machine().free_pages;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		op = wrong[i];
		if (RINGLET(DOMAIN_CREATE, &op) != -XEN_EINVAL)
			case_fail(__FILE__, __LINE__, "wrong creation %u is not -EINVAL", i);
	}
	op = valid;
	op.domid = 0;
	EXPECT_EQ(RINGLET(DOMAIN_CREATE, &op), -XEN_EEXIST);
	EXPECT_EQ(machine().free_pages, free);
}

CASE(domain_create_domid)
{
	struct ringlet_domain_create op = valid;
	struct ringlet_domain_info info;
	u32 a, b, n = 0;

	NEED_CALL_55();
	a = create();
	EXPECT_EQ(REF(DESTROY, a), 0);
	b = create();
	EXPECT(b != a);			/* not used again at once */
	op.domid = 30000;
	EXPECT_EQ(RINGLET(DOMAIN_CREATE, &op), 0);
	EXPECT_EQ(op.domid, 30000);
	EXPECT_EQ(RINGLET(DOMAIN_CREATE, &op), -XEN_EEXIST);

	for (memset(&info, 0, sizeof(info)); ; info.domid++, n++) {
		info.find = RINGLET_FIND_NEXT;
		if (RINGLET(DOMAIN_INFO, &info))
			break;
		EXPECT(info.domid == 0 || info.domid == b || info.domid == 30000);
	}
	EXPECT_EQ(n, 3);
	EXPECT_EQ(machine().nr_domains, 3);
	EXPECT_EQ(REF(DESTROY, b), 0);
	EXPECT_EQ(REF(DESTROY, 30000), 0);
	EXPECT_EQ(REF(DESTROY, 30000), -XEN_ESRCH);
	EXPECT_EQ(machine().nr_domains, 1);
}

CASE(domain_info_fields)
{
	struct ringlet_domain_info i;
	u32 d;

	NEED_CALL_55();
	d = create();
	EXPECT_EQ(domid_info(d, &i), 0);
	EXPECT_EQ(i.domid, d);
	EXPECT_EQ(i.state, RINGLET_DOM_PAUSED);
	EXPECT_EQ(i.shutdown_reason, ~0u);
	EXPECT_EQ(i.max_vcpus, 2);
	EXPECT_EQ(i.online_vcpus, 0);
	EXPECT_EQ(i.tot_pages, 0);
	EXPECT_EQ(i.max_pages, 16);
	EXPECT_EQ(i.table_pages, 2 * 4);
	/* At most 64 KiB and a page a vCPU besides page tables. */
	if (i.hyp_pages - i.table_pages > 16 + 2)
		case_fail(__FILE__, __LINE__, "%lu pages of the hypervisor",
			  (ulong)(i.hyp_pages - i.table_pages));
	EXPECT_EQ(i.cpu_time_ns, 0);
	EXPECT_EQ(i.ports, 0);
	EXPECT_EQ(i.uuid[1], 2);
	EXPECT_EQ(strcmp(i.name, "child"), 0);
	EXPECT_EQ(REF(DESTROY, d), 0);
	EXPECT_EQ(domid_info(d, &i), -XEN_ESRCH);

	EXPECT_EQ(domid_info(0, &i), 0);
	EXPECT((i.state & (RINGLET_DOM_HARDWARE | RINGLET_DOM_PRIVILEGED | RINGLET_DOM_RUNNING)) ==
	       (RINGLET_DOM_HARDWARE | RINGLET_DOM_PRIVILEGED | RINGLET_DOM_RUNNING));
	EXPECT_EQ(i.tot_pages, start_info->nr_pages);
	EXPECT_EQ(i.shared_info_mfn, start_info_copy.shared_info >> PAGE_SHIFT);
	EXPECT(i.cpu_time_ns > 0);
	EXPECT_EQ(domid_info(0x10000, &i), -XEN_ESRCH);
	EXPECT_EQ(domid_info(DOMID_SELF, &i), -XEN_ESRCH);
}

#ifdef RINGLET_FIND_NAME
static long find(const char *name, struct ringlet_domain_info *i)
{
	unsigned int n;

	memset(i, 0, sizeof(*i));
	i->find = RINGLET_FIND_NAME;
	i->domid = 77;			/* is not looked at */
	for (n = 0; n < sizeof(i->name) && name[n]; n++)
		i->name[n] = name[n];
	return RINGLET(DOMAIN_INFO, i);
}

CASE(domain_find_name)
{
	struct ringlet_domain_limits l = { .set = RINGLET_LIMIT_NAME, .name = "renamed" };
	struct ringlet_domain_info i;
	u32 d;

	NEED_CALL_55();
	EXPECT_EQ(find("child", &i), -XEN_ESRCH);
	d = create();
	EXPECT_EQ(find("child", &i), 0);
	EXPECT_EQ(i.domid, d);
	EXPECT_EQ(i.max_pages, 16);
	EXPECT_EQ(find("chil", &i), -XEN_ESRCH);
	EXPECT_EQ(find("children", &i), -XEN_ESRCH);
	EXPECT_EQ(find("012345678901234567890123456789012345678901234567", &i), -XEN_EINVAL);
	l.domid = d;
	EXPECT_EQ(RINGLET(DOMAIN_LIMITS, &l), 0);
	EXPECT_EQ(find("child", &i), -XEN_ESRCH);
	EXPECT_EQ(find("renamed", &i), 0);
	EXPECT_EQ(REF(DESTROY, d), 0);
	EXPECT_EQ(find("renamed", &i), -XEN_ESRCH);
	/* A name that is only given out may be anything at the call. */
	memset(&i, 0xff, sizeof(i));
	i.domid = 0;
	i.find = RINGLET_FIND_EXACT;
	EXPECT_EQ(RINGLET(DOMAIN_INFO, &i), 0);
}
#endif

CASE(domain_ref_wrong)
{
	static const u32 op[] = {
		RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, RINGLET_OP_RINGLET_OP_DOMAIN_PAUSE,
		RINGLET_OP_RINGLET_OP_DOMAIN_UNPAUSE,
	};
	struct ringlet_domain_ref r = { .reserved = 1 };
	unsigned int i;

	NEED_CALL_55();
	r.domid = create();
	for (i = 0; i < ARRAY_SIZE(op); i++) {
		EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, op[i], &r, sizeof(r)), -XEN_EINVAL);
		EXPECT_EQ(domid_op(op[i], 31000), -XEN_ESRCH);
		EXPECT_EQ(domid_op(op[i], 0x10000 + r.domid), -XEN_ESRCH);
		EXPECT_EQ(domid_op(op[i], 0), -XEN_EINVAL);	/* the service domain */
	}
	EXPECT_EQ(REF(DESTROY, r.domid), 0);
}

CASE(domain_pause_counts)
{
	struct ringlet_domain_info i;
	u32 d;

	NEED_CALL_55();
	d = create();
	EXPECT_EQ(REF(PAUSE, d), 0);
	EXPECT_EQ(REF(UNPAUSE, d), 0);
	EXPECT_EQ(domid_info(d, &i), 0);
	EXPECT(i.state & RINGLET_DOM_PAUSED);
	EXPECT_EQ(REF(UNPAUSE, d), 0);
	EXPECT_EQ(domid_info(d, &i), 0);
	EXPECT(!(i.state & RINGLET_DOM_PAUSED));
	EXPECT_EQ(REF(UNPAUSE, d), -XEN_EINVAL);
	EXPECT_EQ(REF(DESTROY, d), 0);
}

CASE(domain_shutdown_reason)
{
	struct ringlet_domain_shutdown s = { .reason = SHUTDOWN_MAX + 1 };
	struct ringlet_domain_info i;

	NEED_CALL_55();
	s.domid = create();
	EXPECT_EQ(RINGLET(DOMAIN_SHUTDOWN, &s), -XEN_EINVAL);
	s.reason = SHUTDOWN_reboot;
	EXPECT_EQ(RINGLET(DOMAIN_SHUTDOWN, &s), 0);
	s.reason = SHUTDOWN_crash;	/* the first one stays */
	EXPECT_EQ(RINGLET(DOMAIN_SHUTDOWN, &s), 0);
	EXPECT_EQ(domid_info(s.domid, &i), 0);
	EXPECT_EQ(i.state, RINGLET_DOM_PAUSED | RINGLET_DOM_SHUTDOWN);
	EXPECT_EQ(i.shutdown_reason, SHUTDOWN_reboot);
	EXPECT_EQ(REF(DESTROY, s.domid), 0);
	EXPECT_EQ(RINGLET(DOMAIN_SHUTDOWN, &s), -XEN_ESRCH);
}

CASE(domain_remote_shutdown)
{
	struct sched_remote_shutdown r = { .reason = SHUTDOWN_poweroff };
	struct ringlet_domain_info i;

	NEED_CALL_55();
	r.domain_id = create();
	EXPECT_EQ(HYP(sched_op, SCHEDOP_remote_shutdown, &r), 0);
	EXPECT_EQ(domid_info(r.domain_id, &i), 0);
	EXPECT(i.state & RINGLET_DOM_SHUTDOWN);
	EXPECT_EQ(REF(DESTROY, r.domain_id), 0);
	EXPECT_EQ(HYP(sched_op, SCHEDOP_remote_shutdown, &r), -XEN_ESRCH);
}

CASE(domain_limits_set)
{
	struct ringlet_domain_limits l = { .set = 4 };
	struct ringlet_domain_info i;

	NEED_CALL_55();
	l.domid = create();
	EXPECT_EQ(RINGLET(DOMAIN_LIMITS, &l), -XEN_EINVAL);
	l.set = RINGLET_LIMIT_NAME;
	memset(l.name, 'x', sizeof(l.name));
	EXPECT_EQ(RINGLET(DOMAIN_LIMITS, &l), -XEN_EINVAL);
	l.name[sizeof(l.name) - 1] = 0;
	l.max_pages = 7;
	EXPECT_EQ(RINGLET(DOMAIN_LIMITS, &l), 0);
	EXPECT_EQ(domid_info(l.domid, &i), 0);
	EXPECT_EQ(i.max_pages, 16);
	EXPECT_EQ(strcmp(i.name, l.name), 0);
	l.set = RINGLET_LIMIT_MAX_PAGES;
	l.name[0] = 'y';
	EXPECT_EQ(RINGLET(DOMAIN_LIMITS, &l), 0);
	EXPECT_EQ(domid_info(l.domid, &i), 0);
	EXPECT_EQ(i.max_pages, 7);
	EXPECT_EQ(i.name[0], 'x');
	EXPECT_EQ(REF(DESTROY, l.domid), 0);
}

CASE(domain_vcpu_info)
{
	struct ringlet_vcpu_info v = { .vcpu = 2 };

	NEED_CALL_55();
	v.domid = create();
	EXPECT_EQ(RINGLET(VCPU_INFO, &v), -XEN_ENOENT);
	v.vcpu = ~0u;
	EXPECT_EQ(RINGLET(VCPU_INFO, &v), -XEN_ENOENT);
	v.vcpu = 1;
	EXPECT_EQ(RINGLET(VCPU_INFO, &v), 0);
	EXPECT_EQ(v.state, RINGLET_VCPU_DOWN);
	EXPECT_EQ(v.initialised, 0);
	EXPECT(v.affinity != 0);
	EXPECT_EQ(v.runstate_ns[0] + v.runstate_ns[1] + v.runstate_ns[2], 0);
	EXPECT_EQ(REF(DESTROY, v.domid), 0);
	v.domid = v.vcpu = 0;
	EXPECT_EQ(RINGLET(VCPU_INFO, &v), 0);
	EXPECT_EQ(v.state, RINGLET_VCPU_RUNNING);
	EXPECT_EQ(v.initialised, 1);
}

static struct vcpu_guest_context context;

CASE(domain_context_wrong)
{
	struct ringlet_vcpu_context op = { .vcpu = 2, .context = (ulong)&context };

	NEED_CALL_55();
	op.domid = create();
	memset(&context, 0, sizeof(context));
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_SET, &op), -XEN_ENOENT);
	op.vcpu = 0;
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_GET, &op), -XEN_ENODATA);
	EXPECT_ERR(RINGLET(VCPU_CONTEXT_SET, &op));	/* no base */
	op.flags = 4;
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_SET, &op), -XEN_EINVAL);
	op.flags = RINGLET_CONTEXT_UP;
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_GET, &op), -XEN_EINVAL);
	op.flags = 0;
	op.reserved = 1;
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_SET, &op), -XEN_EINVAL);
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_GET, &op), -XEN_EINVAL);
	op.reserved = 0;
	op.context = (ulong)BAD_PTR;
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_SET, &op), -XEN_EFAULT);
	/* Our own frames are not the child's. */
	vcpu1_context(&context);
	op.context = (ulong)&context;
	EXPECT_ERR(RINGLET(VCPU_CONTEXT_SET, &op));
	EXPECT_EQ(REF(DESTROY, op.domid), 0);
	op.domid = 0;
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_GET, &op), -XEN_EBUSY);
	EXPECT_EQ(RINGLET(VCPU_CONTEXT_SET, &op), -XEN_EEXIST);
}

CASE(domain_stats_count)
{
	static struct ringlet_domain_stats before, after;
	unsigned int i;

	NEED_CALL_55();
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	before.reserved = 1;
	EXPECT_EQ(RINGLET(DOMAIN_STATS, &before), -XEN_EINVAL);
	before.reserved = 0;
	EXPECT_EQ(RINGLET(DOMAIN_STATS, &before), 0);
	for (i = 0; i < 100; i++)
		HYP(xen_version, XENVER_version, NULL);
	((volatile ulong *)pfn_va(user_l1_pfn))[(USER_SPARE >> PAGE_SHIFT) & 511] = 0;
	EXPECT_EQ(RINGLET(DOMAIN_STATS, &after), 0);
	EXPECT(after.pt_writes > before.pt_writes);
	EXPECT(after.page_faults > before.page_faults);
	EXPECT_EQ(after.calls[__HYPERVISOR_xen_version] - before.calls[__HYPERVISOR_xen_version],
		  100);
	EXPECT(after.hypercalls - before.hypercalls >= 100);
	EXPECT(after.full_entries - before.full_entries >= 100);
	EXPECT(after.runstate_ns[RUNSTATE_running] > before.runstate_ns[RUNSTATE_running]);
}

/* All frames of ours, in order, in pieces of any size. */
CASE(domain_frames_of_self)
{
	static struct ringlet_frame f[100];
	struct ringlet_domain_frames op = { .nr = 0, .buffer = (ulong)f };
	ulong seen = 0, last = 0, i;

	NEED_CALL_55();
	EXPECT_EQ(RINGLET(DOMAIN_FRAMES, &op), -XEN_EINVAL);
	do {
		op.nr = 1 + seen % ARRAY_SIZE(f);
		if (RINGLET(DOMAIN_FRAMES, &op))
			break;
		EXPECT(op.nr <= 1 + seen % ARRAY_SIZE(f));
		for (i = 0; i < op.nr; i++) {
			EXPECT(f[i].mfn > last);
			last = f[i].mfn;
			if (f[i].pfn >= start_info->nr_pages || p2m[f[i].pfn] != f[i].mfn)
				case_fail(__FILE__, __LINE__, "frame 0x%lx is page 0x%lx?",
					  (ulong)f[i].mfn, (ulong)f[i].pfn);
		}
		seen += op.nr;
	} while (op.nr && !case_failed());
	EXPECT_EQ(seen, start_info->nr_pages);
	op.nr = 10;
	op.next = 0;
	op.buffer = (ulong)BAD_PTR;
	EXPECT_EQ(RINGLET(DOMAIN_FRAMES, &op), -XEN_EFAULT);
	op.next = ~0ul;
	EXPECT_EQ(RINGLET(DOMAIN_FRAMES, &op), 0);
	EXPECT_EQ(op.nr, 0);
}

CASE(domain_machine_info)
{
	struct ringlet_machine_info m;

	NEED_CALL_55();
	m = machine();
	EXPECT(m.nr_pcpus >= 1 && m.nr_pcpus <= 64);
	EXPECT(m.free_pages > 0 && m.free_pages < m.total_pages);
	EXPECT(m.total_pages > start_info->nr_pages);
	EXPECT(m.uptime_ns > 0 && m.uptime_ns <= system_time());
	EXPECT(m.tsc_khz > 1000);
	EXPECT(!strncmp(m.command_line, "console=", 8));
}

CASE(domain_log)
{
	static char s[200];
	struct ringlet_log_read op = { .size = sizeof(s), .buffer = (ulong)s };
	u64 last;

	NEED_CALL_55();
	op.reserved = 1;
	EXPECT_EQ(RINGLET(LOG_READ, &op), -XEN_EINVAL);
	op.reserved = 0;
	EXPECT_EQ(RINGLET(LOG_READ, &op), 0);
	EXPECT_EQ(op.size, sizeof(s));
	EXPECT(op.position >= sizeof(s));
	/* Whatever others log meanwhile: what we write comes out. */
	op.position = last = ~0ul;
	EXPECT_EQ(RINGLET(LOG_READ, &op), 0);
	EXPECT_EQ(op.size, 0);
	EXPECT(op.position < last);
	console_write("# log me\n", 9);
	op.size = 9;
	EXPECT_EQ(RINGLET(LOG_READ, &op), 0);
	EXPECT_EQ(op.size, 9);
	EXPECT(s[0] == '#' || s[0] == '(');
	op.position = 0;
	op.size = 100;
	op.buffer = (ulong)BAD_PTR;
	EXPECT_EQ(RINGLET(LOG_READ, &op), -XEN_EFAULT);
}
