// SPDX-License-Identifier: GPL-2.0
/* The PV console ring from the service domain's side: see ring.h. */
#include "ring.h"

#include <xen/xen.h>
#include <xen/io/ring.h>
#include <xen/io/console.h>

#define OUT_SIZE	sizeof(((struct xencons_interface *)0)->out)
#define IN_SIZE		sizeof(((struct xencons_interface *)0)->in)

void ring_open(struct ring *ring, struct xencons_interface *page)
{
	uint32_t prod = __atomic_load_n(&page->out_prod, __ATOMIC_ACQUIRE);

	ring->page = page;
	ring->out_cons = __atomic_load_n(&page->out_cons, __ATOMIC_RELAXED);
	ring->in_prod = __atomic_load_n(&page->in_prod, __ATOMIC_RELAXED);
	if (prod - ring->out_cons > OUT_SIZE)
		ring->out_cons = prod;
}

size_t ring_take(struct ring *ring, char *data, size_t size, bool *wrong)
{
	/* Pairs with the guest's barrier between characters and index. */
	uint32_t prod = __atomic_load_n(&ring->page->out_prod, __ATOMIC_ACQUIRE);
	size_t n = prod - ring->out_cons, i;

	*wrong = n > OUT_SIZE;
	if (*wrong) {
		ring->out_cons = prod;
		n = 0;
	}
	if (n > size)
		n = size;
	for (i = 0; i < n; i++)
		data[i] = ring->page->out[ring->out_cons++ % OUT_SIZE];
	/* The guest may write there once it sees this. */
	__atomic_store_n(&ring->page->out_cons, ring->out_cons,
			 __ATOMIC_RELEASE);
	return n;
}

size_t ring_put(struct ring *ring, const char *data, size_t size)
{
	uint32_t cons = __atomic_load_n(&ring->page->in_cons, __ATOMIC_ACQUIRE);
	size_t used = ring->in_prod - cons, i;

	/* An index that cannot be: its reader gets no more from us. */
	if (used > IN_SIZE)
		return 0;
	if (size > IN_SIZE - used)
		size = IN_SIZE - used;
	for (i = 0; i < size; i++)
		ring->page->in[ring->in_prod++ % IN_SIZE] = data[i];
	__atomic_store_n(&ring->page->in_prod, ring->in_prod, __ATOMIC_RELEASE);
	return size;
}
