// SPDX-License-Identifier: GPL-2.0
/*
 * Events: the 2-level scan of the upcall (a FIFO case installs its own handler), thin wrappers of
 * the event channel calls, and time by the vCPU's time area.
 *
 * port_counts[port] counts deliveries; the upcall clears the pending bit, nothing else happens.
 */
#include "guest.h"

volatile u32 port_counts[MAX_PORTS];
bool events_fifo;
void (*fifo_handler)(struct vcpu *v);

static bool test_and_clear(volatile ulong *word, unsigned int bit)
{
	bool old;

	asm volatile("lock btrq %2, %0" : "+m"(*word), "=@ccc"(old) : "r"((ulong)bit) : "memory");
	return old;
}

void event_scan(struct vcpu *v)
{
	ulong sel, bits;

	v->info->evtchn_upcall_pending = 0;
	if (events_fifo) {
		if (fifo_handler)
			fifo_handler(v);
		return;
	}
	sel = __atomic_exchange_n(&v->info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	while (sel) {
		unsigned int w = __builtin_ctzl(sel);

		sel &= sel - 1;
		bits = shared->evtchn_pending[w] & ~shared->evtchn_mask[w];
		while (bits) {
			unsigned int b = __builtin_ctzl(bits);

			bits &= bits - 1;
			if (test_and_clear(&shared->evtchn_pending[w], b))
				port_counts[w * 64 + b]++;
		}
	}
}

int evtchn_bind_virq(u32 virq, u32 vcpu)
{
	struct evtchn_bind_virq b = { .virq = virq, .vcpu = vcpu };
	int rc = HYP(event_channel_op, EVTCHNOP_bind_virq, &b);

	return rc ?: (int)b.port;
}

int evtchn_bind_ipi(u32 vcpu)
{
	struct evtchn_bind_ipi b = { .vcpu = vcpu };
	int rc = HYP(event_channel_op, EVTCHNOP_bind_ipi, &b);

	return rc ?: (int)b.port;
}

int evtchn_close(u32 port)
{
	struct evtchn_close c = { .port = port };

	return HYP(event_channel_op, EVTCHNOP_close, &c);
}

void evtchn_unmask(u32 port)
{
	struct evtchn_unmask u = { .port = port };

	HYP(event_channel_op, EVTCHNOP_unmask, &u);
}

void evtchn_mask(u32 port)
{
	__atomic_or_fetch(&shared->evtchn_mask[port / 64], BIT(port % 64), __ATOMIC_SEQ_CST);
}

bool evtchn_pending(u32 port)
{
	return shared->evtchn_pending[port / 64] & BIT(port % 64);
}

void evtchn_clear(u32 port)
{
	test_and_clear(&shared->evtchn_pending[port / 64], port % 64);
}

void events_on(void)
{
	struct vcpu_info *i = this_vcpu()->info;

	i->evtchn_upcall_mask = 0;
	barrier();
	if (i->evtchn_upcall_pending)
		HYP(xen_version, XENVER_version, NULL);
}

void events_off(void)
{
	this_vcpu()->info->evtchn_upcall_mask = 1;
	barrier();
}

u64 system_time(void)
{
	volatile struct vcpu_time_info *t = &this_vcpu()->info->time;
	u64 delta, ns;
	u32 version;

	do {
		version = t->version;
		barrier();
		delta = rdtsc() - t->tsc_timestamp;
		if (t->tsc_shift < 0)
			delta >>= -t->tsc_shift;
		else
			delta <<= t->tsc_shift;
		delta = ((unsigned __int128)delta * t->tsc_to_system_mul) >> 32;
		ns = t->system_time + delta;
		barrier();
	} while ((version & 1) || version != t->version);
	return ns;
}

void spin_ns(u64 ns)
{
	u64 end = system_time() + ns;

	while (system_time() < end)
		barrier();
}

/* Wait with events enabled until *counter has at least the value. */
bool wait_for(volatile u32 *counter, u32 value, u64 ns)
{
	struct vcpu_info *i = this_vcpu()->info;
	u8 mask = i->evtchn_upcall_mask;
	u64 end = system_time() + ns;
	bool ok;

	events_on();
	while (!(ok = *counter >= value) && system_time() < end)
		HYP(sched_op, SCHEDOP_yield, NULL);
	i->evtchn_upcall_mask = mask;
	return ok;
}

void events_init(void)
{
	struct vcpu *v = this_vcpu();

	v->info = &shared->vcpu_info[v->id];
}
