// SPDX-License-Identifier: GPL-2.0
/*
 * What the service domain may know of domains, of the machine and of the log: operations
 * of ringlet_op (control/ringlet-op.c) that change nothing, and domctl.
 *
 * domctl is here for one caller: xenstored of Xen 4.17 asks XEN_DOMCTL_getdomaininfo
 * which domains there are. Only that, and only in the version that it speaks
 * (XEN_DOMCTL_INTERFACE_VERSION 0x15); else -ENOSYS, -EACCES.
 *
 * Numbers of a domain that runs are not of one instant. Locks: d->control_lock for
 * its name.
 */
#include "control/control.h"
#include "control/control-domain.h"

#include "base/string.h"
#include "console/printk.h"
#include "evtchn/evtchn.h"
#include "grant/grant.h"
#include "machine/clock.h"
#include "mm/mm.h"
#include "sched/sched.h"
#include "state/guest-access.h"

#include <xen/domctl.h>
#include <xen/sched.h>

#define FRAMES_PER_CALL	65536	/* of the frame table, then give way */
#define FRAMES_AT_ONCE	32
#define LOG_AT_ONCE	1024

char hypervisor_command_line[1024];

/* State and vCPUs of @d; run-state times of all together. */
static void sum_vcpus(struct domain *d, struct ringlet_domain_info *info, u64 ns[4])
{
	u32 i, j, blocked = 0;

	for (i = 0; i < d->max_vcpus; i++) {
		struct vcpu_runstate_info r;

		vcpu_runstate_get(d->vcpu[i], &r);
		for (j = 0; j < 4; j++)
			ns[j] += r.time[j];
		info->online_vcpus += r.state != RUNSTATE_offline;
		blocked += r.state == RUNSTATE_blocked;
		if (r.state == RUNSTATE_running)
			info->state |= RINGLET_DOM_RUNNING;
	}
	if (blocked && blocked == info->online_vcpus)
		info->state |= RINGLET_DOM_BLOCKED;
}

static void domain_info_get(struct domain *d, struct ringlet_domain_info *i)
{
	u64 ns[4] = { 0 };

	*i = (struct ringlet_domain_info){
		.domid = d->id,
		.find = i->find,
		.state = (READ_ONCE(d->pause_count) ? RINGLET_DOM_PAUSED : 0) |
			 (d->is_shut_down ? RINGLET_DOM_SHUTDOWN : 0) |
			 (d->is_crashed ? RINGLET_DOM_CRASHED : 0) |
			 (d->is_dying ? RINGLET_DOM_DYING : 0) |
			 (d->is_hardware ? RINGLET_DOM_HARDWARE : 0) |
			 (d->is_privileged ? RINGLET_DOM_PRIVILEGED : 0),
		.shutdown_reason = d->is_shut_down ? d->shutdown_reason : NO_REASON,
		.max_vcpus = d->max_vcpus,
		.tot_pages = READ_ONCE(d->tot_pages),
		.max_pages = READ_ONCE(d->max_pages),
		.hyp_pages = READ_ONCE(d->hyp_pages),
		.table_pages = d->table_pages,
		.shared_info_mfn = d->shared_info_mfn.v,
		.created_ns = d->created_ns,
		.ports = evtchn_nr_open(d),
		.max_ports = d->max_ports,
		.max_grant_frames = d->max_grant_frames,
		.max_maptrack_frames = d->max_maptrack_frames,
	};
	sum_vcpus(d, i, ns);
	i->cpu_time_ns = ns[RUNSTATE_running];
	grant_domain_info(d, i);
	sched_get_params(d, &i->weight, &i->cap);
	memcpy(i->uuid, d->uuid, sizeof(i->uuid));
	spin_lock(&d->control_lock);
	memcpy(i->name, d->name, sizeof(i->name));
	spin_unlock(&d->control_lock);
}

long op_domain_info(struct domain *d, void *arg)
{
	struct ringlet_domain_info *op = arg;
	bool by_name = op->find == RINGLET_FIND_NAME;
	u32 total;

	if (op->find > RINGLET_FIND_NAME || (by_name && op->name[RINGLET_NAME_SIZE - 1]))
		return -EINVAL;
	d = domain_find(by_name ? 0 : op->domid, by_name ? op->name : NULL, &total);
	if (!d)
		return -ESRCH;
	if (op->find == RINGLET_FIND_EXACT && d->id != op->domid) {
		domain_put(d);
		return -ESRCH;
	}
	domain_info_get(d, op);
	domain_put(d);
	return 0;
}

long op_vcpu_info(struct domain *d, void *arg)
{
	struct ringlet_vcpu_info *op = arg;
	struct vcpu_runstate_info r;
	struct vcpu *v;

	if (op->vcpu >= d->max_vcpus)
		return -ENOENT;
	v = d->vcpu[op->vcpu];
	vcpu_runstate_get(v, &r);
	op->state = READ_ONCE(v->state);	/* enum vcpu_state is RINGLET_VCPU_* */
	op->initialised = v->initialised;
	op->pcpu = READ_ONCE(v->pcpu);
	op->reserved = 0;
	op->affinity = sched_get_affinity(v);
	memcpy(op->runstate_ns, r.time, sizeof(r.time));
	return 0;
}

long op_domain_stats(struct domain *d, void *arg)
{
	struct ringlet_domain_stats *op = arg;
	struct ringlet_domain_info info = { 0 };
	u32 i;

	if (op->reserved)
		return -EINVAL;
	*op = (struct ringlet_domain_stats){
		.domid = op->domid,
		.flushes = d->stat_flushes,
		.page_faults = d->stat_page_faults,
		.events = d->stat_events,
		.switches = d->stat_switches,
	};
	sum_vcpus(d, &info, op->runstate_ns);
	for (i = 0; i < d->max_vcpus; i++) {
		const struct vcpu *v = d->vcpu[i];

		op->full_entries += v->gate_ro->counters.full_entries;
		op->gate_entries += READ_ONCE(v->gate_rw->entries);
		op->hypercalls += v->gate_ro->counters.hypercalls;
		op->pt_writes += v->gate_ro->counters.pt_writes;
	}
	memcpy(op->calls, d->stat_calls, sizeof(op->calls));
	return 0;
}

long op_vcpu_page(struct domain *d, void *arg)
{
	struct ringlet_vcpu_page *op = arg;

	*op = (struct ringlet_vcpu_page){
		.counters = GATE_RO + offsetof(struct gate_ro, counters),
		.gate_entries = GATE_RW + offsetof(struct gate_rw, entries),
		.kernel_sp = GATE_RW + offsetof(struct gate_rw, kernel_sp),
		.give_way = GATE_RW + offsetof(struct gate_rw, give_way),
		.counters_size = sizeof(struct ringlet_vcpu_counters),
	};
	return 0;
}

/* Up to FRAMES_AT_ONCE frames of @d from *@mfn on, as long as there is @budget. */
static u32 collect_frames(struct domain *d, u64 *mfn, u32 *budget, u32 room,
			  struct ringlet_frame *f)
{
	u32 n = 0;

	for (; *mfn < frame_count && *budget && n < min(room, (u32)FRAMES_AT_ONCE);
	     ++*mfn, --*budget) {
		const struct page *pg = mfn_to_page(MFN(*mfn));

		if (pg->owner != d->id || !READ_ONCE(pg->refs) || (pg->flags & PAGE_XEN_SHARED))
			continue;
		f[n++] = (struct ringlet_frame){ *mfn, m2p_get(MFN(*mfn)) };
	}
	return n;
}

long op_domain_frames(struct domain *d, void *arg)
{
	struct ringlet_domain_frames *op = arg;
	struct ringlet_frame f[FRAMES_AT_ONCE];
	u32 n, done = 0, budget = FRAMES_PER_CALL;
	u64 at = op->next;

	if (!op->nr)
		return -EINVAL;
	while (at < frame_count && budget && done < op->nr) {
		n = collect_frames(d, &at, &budget, op->nr - done, f);
		if (copy_to_guest(op->buffer + done * sizeof(*f), f, n * sizeof(*f)))
			return -EFAULT;
		done += n;
	}
	op->next = at;
	if (!done && at < frame_count)
		return -ERESTART;
	op->nr = done;
	return 0;
}

long op_machine_info(struct domain *d, void *arg)
{
	struct ringlet_machine_info *op = arg;
	u32 i;

	*op = (struct ringlet_machine_info){
		.nr_pcpus = nr_pcpus,
		.free_pages = heap_free_frames(),
		.uptime_ns = system_time(),
		.tsc_khz = tsc_khz(),
		.idle_ns = sched_idle_ns(),
	};
	d = domain_find(0, NULL, &op->nr_domains);
	domain_put(d);	/* the service domain */
	for (i = 0; i < ram.n; i++)
		op->total_pages += (ram.range[i].end - ram.range[i].start) >> PAGE_SHIFT;
	scopy(op->command_line, hypervisor_command_line, sizeof(op->command_line));
	return 0;
}

long op_log_read(struct domain *d, void *arg)
{
	struct ringlet_log_read *op = arg;
	char s[LOG_AT_ONCE];
	u64 at = op->position;
	u32 n, done = 0;

	if (op->reserved)
		return -EINVAL;
	while (done < op->size) {
		n = log_read(&at, s, min(op->size - done, (u32)sizeof(s)));
		if (copy_to_guest(op->buffer + done, s, n))
			return -EFAULT;
		done += n;
		if (!n)
			break;
	}
	op->position = at;
	op->size = done;
	return 0;
}

static void to_domctl(const struct ringlet_domain_info *i, struct xen_domctl_getdomaininfo *x)
{
	static const u16 flags[][2] = {
		{ RINGLET_DOM_DYING, XEN_DOMINF_dying },
		{ RINGLET_DOM_SHUTDOWN, XEN_DOMINF_shutdown },
		{ RINGLET_DOM_PAUSED, XEN_DOMINF_paused },
		{ RINGLET_DOM_BLOCKED, XEN_DOMINF_blocked },
		{ RINGLET_DOM_RUNNING, XEN_DOMINF_running },
	};
	u32 n;

	*x = (struct xen_domctl_getdomaininfo){
		.domain = i->domid,
		.tot_pages = i->tot_pages,
		.max_pages = i->max_pages,
		.shared_info_frame = i->shared_info_mfn,
		.cpu_time = i->cpu_time_ns,
		.nr_online_vcpus = i->online_vcpus,
		.max_vcpu_id = i->max_vcpus - 1,
	};
	for (n = 0; n < ARRAY_SIZE(flags); n++)
		if (i->state & flags[n][0])
			x->flags |= flags[n][1];
	if (i->state & RINGLET_DOM_SHUTDOWN)
		x->flags |= (i->shutdown_reason & XEN_DOMINF_shutdownmask)
			    << XEN_DOMINF_shutdownshift;
	memcpy(x->handle, i->uuid, sizeof(x->handle));
}

/**
 * do_domctl() - hypercall
 * @arg: guest address of struct xen_domctl; only getdomaininfo, which finds the
 *	 first domain with that domid or above
 */
long do_domctl(u64 arg)
{
	struct ringlet_domain_info info = { .find = RINGLET_FIND_NEXT };
	struct xen_domctl op;
	long rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	if (op.cmd != XEN_DOMCTL_getdomaininfo)
		return -ENOSYS;
	info.domid = op.domain;
	rc = op_domain_info(NULL, &info);
	if (rc)
		return rc;
	op.domain = info.domid;
	to_domctl(&info, &op.u.getdomaininfo);
	return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}
