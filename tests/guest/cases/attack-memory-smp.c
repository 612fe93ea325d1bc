// SPDX-License-Identifier: GPL-2.0
/* What a frame's new owner finds in the M2P is its own: no call of the old one writes it late. */
#include "guest.h"

#define ORDER	9
#define LAST	((1ul << ORDER) - 1)
#define PFN	0x123000ul
#define ROUNDS	32

static volatile ulong victim;
static volatile u32 given, stop;

static long reservation(unsigned int op, unsigned int order, ulong *extent)
{
	struct xen_memory_reservation r = {
		.nr_extents = 1, .extent_order = order, .domid = DOMID_SELF,
	};

	set_xen_guest_handle(r.extent_start, extent);
	return hypercall(__HYPERVISOR_memory_op, op, &r);
}

static void giver(void *arg)
{
	while (!stop) {
		ulong mfn = victim;

		if (mfn && reservation(XENMEM_decrease_reservation, 0, &mfn) == 1)
			given++;
	}
}

/*
 * vCPU 0 takes 2 MiB, most often the same ones; vCPU 1 gives the last frame back as soon as it
 * is there. Its entry then is the invalid one, not what vCPU 0 asked for.
 */
ATTACK(smp_give_back_while_populating)
{
	u32 round;

	NEED_VCPU1();
	if (!on_ringlet) {
		skip("Xen writes the entry late, now and then");
		return;
	}
	victim = given = stop = 0;
	smp_call(giver, NULL);
	for (round = 0; round < ROUNDS && !case_failed(); round++) {
		ulong extent = PFN;

		if (reservation(XENMEM_populate_physmap, ORDER, &extent) != 1) {
			skip("no 2 MiB in one piece");
			break;
		}
		victim = extent + LAST;
		EXPECT(wait_for(&given, round + 1, HANG_NS));
		EXPECT_EQ(m2p[extent + LAST], ~0ul);
		/* The others; it ends at the one that is gone. */
		EXPECT_EQ(reservation(XENMEM_decrease_reservation, ORDER, &extent), 0);
	}
	stop = 1;
	EXPECT(smp_wait(HANG_NS));
}
