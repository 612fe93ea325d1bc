// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that would keep a pCPU for minutes: huge counts of cheap elements, in a list that is three
 * frames of the guest, mapped over and over. All must let the timer's event in meanwhile.
 */
#include "guest.h"

#define SLOT		301
#define LIST		(0xffff000000000000 | (ulong)SLOT << 39)
#define ELEMENTS	4000000u

static ulong l3, l2, l1, page;

/* Every page of 1 GiB from LIST on is the same one. */
static void list_map(void)
{
	unsigned int i;

	l3 = alloc_pfn();
	l2 = alloc_pfn();
	l1 = alloc_pfn();
	for (i = 0; i < 512; i++) {
		((ulong *)pfn_va(l1))[i] = pfn_pte(page, PTE_KERN);
		((ulong *)pfn_va(l2))[i] = pfn_pte(l1, PTE_TABLE);
	}
	((ulong *)pfn_va(l3))[0] = pfn_pte(l2, PTE_TABLE);
	EXPECT_EQ(page_ro(l1) | page_ro(l2) | page_ro(l3), 0);
	EXPECT_EQ(mmu_update1(kernel_l4_pfn, SLOT, pfn_pte(l3, PTE_TABLE)), 0);
}

static void list_unmap(void)
{
	EXPECT_EQ(mmu_update1(kernel_l4_pfn, SLOT, 0), 0);
	EXPECT_EQ(table_free(l1) | table_free(l2) | table_free(l3), 0);
	free_pfn(page);
}

/* Ticks of 1 ms that arrive while @nr is called once. */
static u32 ticks_during(unsigned int nr, long *rc)
{
	struct vcpu_set_periodic_timer t = { .period_ns = 1000000 };
	int port = evtchn_bind_virq(VIRQ_TIMER, 0);
	u32 before, n;

	evtchn_unmask(port);
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_set_periodic_timer, 0, &t), 0);
	events_on();
	before = port_counts[port];
	*rc = hypercall(nr, LIST, ELEMENTS, NULL, DOMID_SELF);
	n = port_counts[port] - before;
	events_off();
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL), 0);
	EXPECT_EQ(evtchn_close(port), 0);
	return n;
}

ATTACK(long_call_machphys_updates)
{
	ulong pfn = page = alloc_pfn();
	struct mmu_update *u = pfn_va(pfn);
	unsigned int i;
	long rc;

	for (i = 0; i < PAGE_SIZE / sizeof(*u); i++)
		u[i] = (struct mmu_update){ mfn_ma(pfn_mfn(pfn)) | MMU_MACHPHYS_UPDATE, pfn };
	list_map();
	EXPECT(ticks_during(__HYPERVISOR_mmu_update, &rc) > 10);
	EXPECT_EQ(rc, 0);
	list_unmap();
}

/* Each of them long by itself, 128 together. */
ATTACK(long_call_multicall)
{
	struct mmu_update *u;
	struct multicall_entry *c;
	ulong calls = alloc_pfn();
	unsigned int i;
	u32 before, ticks;
	struct vcpu_set_periodic_timer t = { .period_ns = 1000000 };
	int port = evtchn_bind_virq(VIRQ_TIMER, 0);

	page = alloc_pfn();
	u = pfn_va(page);
	for (i = 0; i < PAGE_SIZE / sizeof(*u); i++)
		u[i] = (struct mmu_update){ mfn_ma(pfn_mfn(page)) | MMU_MACHPHYS_UPDATE, page };
	list_map();
	c = pfn_va(calls);
	for (i = 0; i < PAGE_SIZE / sizeof(*c); i++)
		c[i] = (struct multicall_entry){ .op = __HYPERVISOR_mmu_update,
						 .args = { LIST, 1000, 0, DOMID_SELF } };
	evtchn_unmask(port);
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_set_periodic_timer, 0, &t), 0);
	events_on();
	before = port_counts[port];
	for (i = 0; i < 20; i++)
		EXPECT_EQ(HYP(multicall, c, PAGE_SIZE / sizeof(*c)), 0);
	ticks = port_counts[port] - before;
	events_off();
	EXPECT(ticks > 20);
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL), 0);
	EXPECT_EQ(evtchn_close(port), 0);
	list_unmap();
	free_pfn(calls);
}
