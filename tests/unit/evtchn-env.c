// SPDX-License-Identifier: GPL-2.0
/*
 * The rooms below evtchn for its unit tests, domains for it, and a guest that
 * handles FIFO events as event_channel.h tells it to: heads from the control
 * block, links followed and cleared, ready bits exchanged.
 */
#include "evtchn-env.h"

#include <stdlib.h>
#include <string.h>

#include "base/errno.h"
#include "console/printk.h"
#include "machine/directmap.h"
#include "machine/timer.h"
#include "mm/mm.h"
#include "sched/sched.h"
#include "state/alloc.h"
#include "state/guest-access.h"

#define NR_OURS		600	/* the hypervisor's frames, after the guests' */

struct pcpu test_pcpu;
struct domain doms[NR_DOMAINS];
struct vcpu vcpus[NR_DOMAINS * NR_VCPUS];
static struct gate_rw gate_pages[NR_DOMAINS * NR_VCPUS];
static u8 frames[NR_FRAMES + NR_OURS][PAGE_SIZE] __attribute__((aligned(4096)));
static bool ours_used[NR_OURS];
int held[NR_FRAMES];
u64 now_ns;
u32 pirq_bound, pirq_unmask_count;
struct clock_scale scale = { .tsc = 1000, .mul = 7, .shift = -1 };

/* Rooms below. */
struct page *frame_table;
u64 frame_count = NR_FRAMES;

void *mfn_to_virt(mfn_t mfn)
{
	return frames[mfn.v];
}

int page_hold_writable(struct domain *d, mfn_t mfn)
{
	(void)d;
	held[mfn.v]++;
	return 0;
}

void page_release_writable(struct domain *d, mfn_t mfn)
{
	(void)d;
	held[mfn.v]--;
}

void panic(const struct regs *r, const char *fmt, ...)
{
	(void)r;
	fail_msg("panic: %s", fmt);
	abort();
}

void *frame(u32 mfn)
{
	return frames[mfn];
}

mfn_t virt_to_mfn(const void *p)
{
	return MFN((const u8(*)[PAGE_SIZE])p - frames);
}

void *domain_alloc_page(struct domain *d)
{
	u32 i;

	for (i = 0; i < NR_OURS && ours_used[i]; i++)
		;
	if (i == NR_OURS)
		return NULL;
	ours_used[i] = true;
	d->hyp_pages++;
	return memset(frames[NR_FRAMES + i], 0, PAGE_SIZE);
}

void domain_free_page(struct domain *d, void *p)
{
	u64 i = virt_to_mfn(p).v - NR_FRAMES;

	assert_true(i < NR_OURS && ours_used[i]);
	ours_used[i] = false;
	d->hyp_pages--;
}

/* The arena: a list of what it gave out. */
void *domain_zalloc(struct domain *d, size_t size)
{
	void **p = calloc(1, size + 16);

	assert_true(size <= PAGE_SIZE - 16);
	*p = d->arena;
	d->arena = p;
	return p + 2;
}

size_t copy_from_guest(void *dst, u64 src, size_t n)
{
	if (!src)
		return n;
	memcpy(dst, (void *)src, n);
	return 0;
}

size_t copy_to_guest(u64 dst, const void *src, size_t n)
{
	if (!dst)
		return n;
	memcpy((void *)dst, src, n);
	return 0;
}

long sub_op_call(struct vcpu *v, const struct sub_op *table, size_t n, u64 cmd, u64 arg)
{
	long rc;

	if (cmd >= n || !table[cmd].call)
		return -ENOSYS;
	if (!arg && table[cmd].size)
		return -EFAULT;
	/* No less, no more than the operation says. */
	void *op = malloc(table[cmd].size);

	if (arg)
		memcpy(op, (void *)arg, table[cmd].size);
	rc = table[cmd].call(v, op);
	if (!rc && table[cmd].answers)
		memcpy((void *)arg, op, table[cmd].size);
	free(op);
	return rc;
}

size_t copy_to_vcpu(struct vcpu *v, u64 dst, const void *src, size_t n)
{
	(void)v;
	return copy_to_guest(dst, src, n);
}

void vcpu_unblock(struct vcpu *v)
{
	if (v->state == VCPU_BLOCKED)
		v->state = VCPU_RUNNABLE;
}

void vcpu_block(struct vcpu *v)
{
	v->state = VCPU_BLOCKED;
}

void vcpu_kick(struct vcpu *v)
{
	(void)v;
}

struct domain *domain_get(domid_t id)
{
	u32 i;

	for (i = 0; i < NR_DOMAINS; i++) {
		if (doms[i].id != id || !doms[i].evtchn)
			continue;
		doms[i].refs++;
		return &doms[i];
	}
	return NULL;
}

int domain_get_for(const struct vcpu *v, u64 domid, struct domain **d)
{
	*d = domain_get(domid == DOMID_SELF ? v->domain->id : domid);
	if (!*d)
		return -ESRCH;
	if (*d == v->domain || v->domain->is_privileged)
		return 0;
	domain_put(*d);
	return -EPERM;
}

void domain_put(struct domain *d)
{
	assert_true(d->refs--);
}

u64 system_time(void)
{
	return now_ns;
}

const struct clock_scale *clock_scale(void)
{
	return &scale;
}

void timer_init(struct timer *t, void (*fn)(void *), void *data)
{
	memset(t, 0, sizeof(*t));
	t->fn = fn;
	t->data = data;
}

void timer_set(struct timer *t, u32 cpu, u64 expires)
{
	t->pcpu = cpu;
	t->expires = expires;
	t->armed = true;
}

void timer_stop(struct timer *t)
{
	t->armed = false;
}

void timer_stop_sync(struct timer *t)
{
	timer_stop(t);
}

int pirq_bind(u32 pirq, struct vcpu *v)
{
	(void)v;
	if (pirq == 99)
		return -EBUSY;
	pirq_bound = pirq;
	return 0;
}

void pirq_unbind(u32 pirq)
{
	assert_int_equal(pirq, pirq_bound);
	pirq_bound = 0;
}

void pirq_unmasked(u32 pirq)
{
	assert_int_equal(pirq, pirq_bound);
	pirq_unmask_count++;
}

void domain_start(struct domain *d, domid_t id)
{
	struct vcpu *v = &vcpus[(d - doms) * NR_VCPUS];
	u32 i;

	memset(d, 0, sizeof(*d));
	memset(v, 0, sizeof(*v) * NR_VCPUS);
	d->id = id;
	d->max_vcpus = NR_VCPUS;
	d->shared_info = calloc(1, PAGE_SIZE);
	assert_int_equal(evtchn_domain_init(d), 0);
	for (i = 0; i < NR_VCPUS; i++, v++) {
		v->domain = d;
		v->id = i;
		v->state = VCPU_RUNNING;
		v->vcpu_info = &d->shared_info->vcpu_info[i];
		v->gate_ro = domain_zalloc(d, sizeof(*v->gate_ro));
		v->gate_rw = &gate_pages[v - vcpus];
		assert_int_equal(evtchn_vcpu_init(v), 0);
		d->vcpu[i] = v;
	}
}

int setup(void **state)
{
	(void)state;
	memset(doms, 0, sizeof(doms));
	memset(frames, 0, sizeof(frames));
	memset(held, 0, sizeof(held));
	now_ns = 1000000;
	pirq_bound = pirq_unmask_count = 0;
	domain_start(&svc, 3);
	svc.is_hardware = svc.is_privileged = true;
	test_pcpu.current = &vcpus[0];
	return 0;
}

void domain_stop(struct domain *d)
{
	void **p;

	evtchn_domain_free(d);
	evtchn_domain_free(d);
	assert_int_equal(d->refs, 0);
	assert_int_equal(d->hyp_pages, 0);
	free(d->shared_info);
	while ((p = d->arena)) {
		d->arena = *p;
		free(p);
	}
	d->evtchn = NULL;
}

int teardown(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < NR_DOMAINS; i++)
		if (doms[i].evtchn)
			domain_stop(&doms[i]);
	return 0;
}

long call(u64 cmd, void *arg)
{
	return do_event_channel_op(cmd, (u64)arg);
}

u32 bind_ipi(u32 vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };

	assert_int_equal(call(EVTCHNOP_bind_ipi, &op), 0);
	return op.port;
}

long send_event(u32 port)
{
	struct evtchn_send op = { .port = port };

	return call(EVTCHNOP_send, &op);
}

long close_event(u32 port)
{
	struct evtchn_close op = { .port = port };

	return call(EVTCHNOP_close, &op);
}

long unmask_event(u32 port)
{
	struct evtchn_unmask op = { .port = port };

	return call(EVTCHNOP_unmask, &op);
}

u32 status_of(u32 port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	assert_int_equal(call(EVTCHNOP_status, &op), 0);
	return op.status;
}

/* The guest's side of FIFO. Frames 0, 1: control blocks; from 2: event words. */
struct fifo_guest guest;

struct evtchn_fifo_control_block *control(u32 vcpu)
{
	return (void *)(frames[vcpu] + 64 * vcpu);
}

event_word_t *word(u32 port)
{
	return (event_word_t *)frames[2 + port / WORDS_PER_PAGE] +
	       port % WORDS_PER_PAGE;
}

void fifo_start(u32 pages)
{
	struct evtchn_init_control ic;
	struct evtchn_expand_array ex;
	u32 i;

	memset(&guest, 0, sizeof(guest));
	for (i = 0; i < NR_VCPUS; i++) {
		ic = (struct evtchn_init_control){ .control_gfn = i,
						   .offset = 64 * i, .vcpu = i };
		assert_int_equal(call(EVTCHNOP_init_control, &ic), 0);
		assert_int_equal(ic.link_bits, EVTCHN_FIFO_LINK_BITS);
	}
	for (i = 0; i < pages; i++) {
		ex.array_gfn = 2 + i;
		assert_int_equal(call(EVTCHNOP_expand_array, &ex), 0);
	}
}

/* As event_channel.h tells a guest to; returns how many events it handled. */
u32 consume_of(struct domain *d, u32 vcpu)
{
	u32 ready = control(vcpu)->ready, handled = 0, q, port, *w, link;

	control(vcpu)->ready = 0;
	d->vcpu[vcpu]->vcpu_info->evtchn_upcall_pending = 0;
	for (q = 0; q < EVTCHN_FIFO_MAX_QUEUES; q++) {
		if (!(ready & 1U << q))
			continue;
		do {
			port = guest.head[vcpu][q];
			if (!port)
				port = control(vcpu)->head[q];
			assert_int_not_equal(port, 0);
			w = word(port);
			assert_true(*w & 1U << EVTCHN_FIFO_LINKED);
			link = *w & EVTCHN_FIFO_LINK_MASK;
			*w &= ~(1U << EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK);
			if (*w & 1U << EVTCHN_FIFO_PENDING &&
			    !(*w & 1U << EVTCHN_FIFO_MASKED)) {
				*w &= ~(1U << EVTCHN_FIFO_PENDING);
				guest.seen[port]++;
				handled++;
			}
			guest.head[vcpu][q] = link;
		} while (link);
	}
	return handled;
}
