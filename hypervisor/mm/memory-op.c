// SPDX-License-Identifier: GPL-2.0
/*
 * memory_op: a domain's reservation and what it may know of the machine's
 * memory. exchange is in exchange.c.
 *
 * Reservations go extent by extent: each is read, checked and committed, and
 * the call returns how many were done; it stops between two with -ERESTART.
 * A frame given back loses its allocation reference and lives on while
 * something else still refers to it (mm/types.c frees it then, after a flush).
 * A privileged domain may do this for another one; the lists are always its own.
 *
 * Locks: d->page_lock; the allocator's own.
 * ABI: xen/memory.h. Operations for translated guests are refused.
 */
#include "mm/internal.h"
#include "state/guest-access.h"

#include <xen/memory.h>

#define MAX_EXTENT_ORDER	9
#define FRAMES_PER_CALL		512	/* then give way */
/* Above the command: extents done, as in the base profile. */
#define EXTENT_SHIFT		6
#define MAX_EXTENTS		(0xffffffffU >> EXTENT_SHIFT)

struct e820_entry machine_e820[MAX_E820];
unsigned int nr_machine_e820;

paddr_t address_limit(u32 mem_flags)
{
	u32 bits = XENMEMF_get_address_bits(mem_flags);

	return bits && bits < 52 ? 1ULL << bits : 0;
}

/* populate_physmap and increase_reservation: one extent. */
static int extent_add(struct domain *d, const struct xen_memory_reservation *r,
		      u64 slot, bool populate)
{
	u64 i, pfn = 0, out;
	mfn_t mfn;

	if (populate && copy_from_guest(&pfn, slot, sizeof(pfn)))
		return -EFAULT;
	mm_lock(d);
	mfn = d->is_dying ? INVALID_MFN :
	      domain_alloc_frames(d, r->extent_order, address_limit(r->mem_flags));
	/* With the lock: a sibling vCPU may give frames back that then are another domain's. */
	for (i = 0; !mfn_eq(mfn, INVALID_MFN) && i < 1ULL << r->extent_order; i++)
		m2p_set(MFN(mfn.v + i), populate ? pfn + i : ~0ULL);
	mm_unlock(d);
	if (mfn_eq(mfn, INVALID_MFN))
		return -ENOMEM;
	out = mfn.v;
	/* A guest that cannot be told still owns the frames: its own loss. */
	if (r->extent_start.p && copy_to_guest(slot, &out, sizeof(out)))
		return -EFAULT;
	return 0;
}

/* Take the allocation reference off one frame. */
static int frame_give_back(struct domain *d, mfn_t mfn) __requires(d->page_lock)
{
	struct page *pg = frame_get(mfn, d->id);
	int rc = -EINVAL;

	if (!pg)
		return -EINVAL;
	if (!(pg->flags & PAGE_XEN_SHARED) && page_flag_take(pg, PAGE_ALLOCATED)) {
		m2p_set(mfn, ~0ULL);
		ref_put(&d->mm->core, pg);
		rc = 0;
	}
	ref_put(&d->mm->core, pg);
	return rc;
}

static int extent_remove(struct domain *d, const struct xen_memory_reservation *r, u64 slot)
{
	u64 i, first;
	int rc = 0;

	if (copy_from_guest(&first, slot, sizeof(first)))
		return -EFAULT;
	mm_lock(d);
	for (i = 0; i < 1ULL << r->extent_order && !rc; i++)
		rc = frame_give_back(d, MFN(first + i));
	mm_unlock(d);
	return rc;
}

/* Extents from @i on, of @d; how many are done, or -ERESTART. */
static long reservation_extents(struct domain *d, u64 cmd, u64 i,
				const struct xen_memory_reservation *r)
{
	u64 budget = FRAMES_PER_CALL;
	int rc = 0;

	for (; i < r->nr_extents; i++) {
		u64 slot = (u64)r->extent_start.p + i * sizeof(u64);

		if (!budget) {
			current_vcpu->call_args[0] = cmd | i << EXTENT_SHIFT;
			return -ERESTART;
		}
		budget -= min(budget, 1ULL << r->extent_order);
		if (cmd == XENMEM_decrease_reservation)
			rc = extent_remove(d, r, slot);
		else
			rc = extent_add(d, r, slot, cmd == XENMEM_populate_physmap);
		if (rc)
			break;
	}
	return i;
}

/*
 * @i: extents done by earlier executions of the call. What is wrong with the
 * arguments shows only in that no more are done, as in the base profile.
 */
static long reservation_op(struct vcpu *v, u64 cmd, u64 i, u64 arg)
{
	struct xen_memory_reservation r;
	struct domain *fd;
	long rc;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return i;
	if (r.nr_extents > MAX_EXTENTS || r.extent_order > MAX_EXTENT_ORDER)
		return i;
	if (!r.extent_start.p && cmd != XENMEM_increase_reservation)
		return i;
	if (other_domain(v, r.domid, &fd))
		return i;
	rc = reservation_extents(fd ? fd : v->domain, cmd, i, &r);
	other_domain_put(fd);
	return rc;
}

static long domain_query(struct vcpu *v, u64 cmd, u64 arg)
{
	struct xen_memory_domain q;
	struct domain *fd, *d;
	long rc;

	if (copy_from_guest(&q, arg, sizeof(q)))
		return -EFAULT;
	rc = other_domain(v, q.domid, &fd);
	if (rc)
		return rc;
	d = fd ? fd : v->domain;
	if (cmd == XENMEM_current_reservation)
		rc = d->tot_pages;
	else if (cmd == XENMEM_maximum_reservation)
		rc = d->max_pages;
	else	/* XENMEM_maximum_gpfn: @d's own word, which is not to become an -ERESTART */
		rc = min(READ_ONCE(d->shared_info->arch.max_pfn), BIT(52)) - 1;
	other_domain_put(fd);
	return rc;
}

static long machine_memory_map(u64 arg)
{
	struct xen_memory_map map;
	u32 n = nr_machine_e820;

	if (copy_from_guest(&map, arg, sizeof(map)))
		return -EFAULT;
	if (map.nr_entries < n)
		return -EINVAL;
	if (copy_to_guest((u64)map.buffer.p, machine_e820, n * sizeof(machine_e820[0])))
		return -EFAULT;
	map.nr_entries = n;
	return copy_to_guest(arg, &map, sizeof(map)) ? -EFAULT : 0;
}

static long machphys_mapping(u64 arg)
{
	struct xen_machphys_mapping m = {
		.v_start = M2P_VIRT,
		.v_end = M2P_VIRT + m2p_entries() * sizeof(u64),
		.max_mfn = m2p_entries() - 1,
	};

	return copy_to_guest(arg, &m, sizeof(m)) ? -EFAULT : 0;
}

long do_memory_op(u64 cmd, u64 arg)
{
	struct vcpu *v = current_vcpu;
	u64 start = (u32)cmd >> EXTENT_SHIFT;

	cmd &= (1U << EXTENT_SHIFT) - 1;
	switch (cmd) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return reservation_op(v, cmd, start, arg);
	case XENMEM_exchange:
		return memory_exchange(v, arg);
	case XENMEM_maximum_ram_page:
		return frame_count - 1;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
		return domain_query(v, cmd, arg);
	case XENMEM_machphys_mapping:
		return machphys_mapping(arg);
	case XENMEM_machine_memory_map:
		return v->domain->is_privileged ? machine_memory_map(arg) : -EPERM;
	}
	return -ENOSYS;
}
