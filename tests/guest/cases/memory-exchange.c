// SPDX-License-Identifier: GPL-2.0
/* memory_op.exchange: scattered frames for contiguous ones, and what must be refused. */
#include "guest.h"

#define ORDER	2
#define N	(1u << ORDER)
#define POOL	32

static ulong pool[POOL];

/* N pages with consecutive pfns out of a pool; the rest goes back. */
static bool take_run(ulong run[N])
{
	unsigned int i, j, found = POOL;

	for (i = 0; i < POOL; i++)
		pool[i] = alloc_pfn();
	for (i = 0; i < POOL; i++)
		for (j = i + 1; j < POOL; j++)
			if (pool[j] < pool[i]) {
				ulong t = pool[i];

				pool[i] = pool[j];
				pool[j] = t;
			}
	for (i = 0; i + N <= POOL && found == POOL; i++)
		if (pool[i + N - 1] - pool[i] == N - 1)
			found = i;
	for (i = 0; i < POOL; i++) {
		if (found != POOL && i - found < N)
			run[i - found] = pool[i];
		else
			free_pfn(pool[i]);
	}
	return found != POOL;
}

static void free_run(const ulong run[N])
{
	unsigned int i;

	for (i = 0; i < N; i++)
		free_pfn(run[i]);
}

/* in: N single frames; out: one extent of ORDER. */
static void prepare(struct xen_memory_exchange *x, ulong *in, ulong *out, unsigned int bits)
{
	memset(x, 0, sizeof(*x));
	x->in.nr_extents = N;
	x->in.domid = DOMID_SELF;
	set_xen_guest_handle(x->in.extent_start, in);
	x->out.nr_extents = 1;
	x->out.extent_order = ORDER;
	x->out.mem_flags = XENMEMF_address_bits(bits);
	x->out.domid = DOMID_SELF;
	set_xen_guest_handle(x->out.extent_start, out);
}

CASE(exchange_makes_contiguous)
{
	ulong run[N], in[N], out, old[N];
	struct xen_memory_exchange x;
	domid_t self = DOMID_SELF;
	long before = HYP(memory_op, XENMEM_current_reservation, &self);
	unsigned int i;

	if (!take_run(run)) {
		skip("no consecutive pages in the pool");
		return;
	}
	for (i = 0; i < N; i++) {
		in[i] = old[i] = pfn_mfn(run[i]);
		*(u64 *)pfn_va(run[i]) = 0x1234;
		EXPECT_EQ(set_va_pte(pfn_va(run[i]), 0), 0);
	}
	out = run[0];
	prepare(&x, in, &out, 32);
	EXPECT_EQ(HYP(memory_op, XENMEM_exchange, &x), 0);
	EXPECT_EQ(x.nr_exchanged, N);
	EXPECT_EQ(out & (N - 1), 0);
	EXPECT(out < 1ul << 20);
	EXPECT_EQ(HYP(memory_op, XENMEM_current_reservation, &self), before);
	for (i = 0; i < N; i++) {
		bool again = old[i] - out < N;

		EXPECT_EQ(m2p[out + i], run[i]);
		/* The old frames are no longer ours, unless they came back. */
		if (!again)
			EXPECT_ERR(set_va_pte(pfn_va(run[i]), mfn_ma(old[i]) | PTE_KERN));
		p2m[run[i]] = out + i;
		EXPECT_EQ(page_rw(run[i]), 0);
		*(volatile u64 *)pfn_va(run[i]) = i;
	}
	for (i = 0; i < N; i++)
		EXPECT_EQ(*(volatile u64 *)pfn_va(run[i]), i);
	free_run(run);
}

/* A frame that is mapped, a table, named twice or foreign: nothing changes. */
CASE(exchange_frames_in_use)
{
	ulong run[N], in[N], out;
	struct xen_memory_exchange x;
	unsigned int i;

	if (!take_run(run)) {
		skip("no consecutive pages in the pool");
		return;
	}
	for (i = 0; i < N; i++) {
		in[i] = pfn_mfn(run[i]);
		if (i)
			EXPECT_EQ(set_va_pte(pfn_va(run[i]), 0), 0);
	}
	out = run[0];
	prepare(&x, in, &out, 0);
	EXPECT_ERR(HYP(memory_op, XENMEM_exchange, &x));	/* in[0] is mapped */
	EXPECT_EQ(x.nr_exchanged, 0);
	EXPECT_EQ(set_va_pte(pfn_va(run[0]), 0), 0);
	in[1] = in[0];
	EXPECT_ERR(HYP(memory_op, XENMEM_exchange, &x));	/* twice */
	in[1] = mfn_of_hypervisor();
	EXPECT_ERR(HYP(memory_op, XENMEM_exchange, &x));
	in[1] = ~0ul;
	EXPECT_ERR(HYP(memory_op, XENMEM_exchange, &x));
	in[1] = pfn_mfn(kernel_l4_pfn);
	EXPECT_ERR(HYP(memory_op, XENMEM_exchange, &x));
	EXPECT_EQ(x.nr_exchanged, 0);
	EXPECT_EQ(out, run[0]);
	for (i = 0; i < N; i++)
		EXPECT_EQ(page_rw(run[i]), 0);
	free_run(run);
}

CASE(exchange_wrong_arguments)
{
	ulong run[N], in[N], out;
	struct xen_memory_exchange x;
	unsigned int i;

	if (!take_run(run)) {
		skip("no consecutive pages in the pool");
		return;
	}
	for (i = 0; i < N; i++) {
		in[i] = pfn_mfn(run[i]);
		EXPECT_EQ(set_va_pte(pfn_va(run[i]), 0), 0);
	}
	out = run[0];
	prepare(&x, in, &out, 0);
	x.nr_exchanged = N + 1;
	EXPECT_EQ(HYP(memory_op, XENMEM_exchange, &x), -XEN_EINVAL);
	prepare(&x, in, &out, 0);
	x.in.nr_extents = N - 1;
	EXPECT_EQ(HYP(memory_op, XENMEM_exchange, &x), -XEN_EINVAL);
	prepare(&x, in, &out, 0);
	x.out.domid = 5;
	EXPECT_ERR(HYP(memory_op, XENMEM_exchange, &x));
	prepare(&x, in, &out, 0);
	x.out.extent_order = 60;
	EXPECT_ERR(HYP(memory_op, XENMEM_exchange, &x));
	prepare(&x, in, &out, 0);
	set_xen_guest_handle(x.in.extent_start, BAD_PTR);
	EXPECT_EQ(HYP(memory_op, XENMEM_exchange, &x), -XEN_EFAULT);
	EXPECT_EQ(HYP(memory_op, XENMEM_exchange, BAD_PTR), -XEN_EFAULT);
	for (i = 0; i < N; i++)
		EXPECT_EQ(page_rw(run[i]), 0);
	free_run(run);
}
