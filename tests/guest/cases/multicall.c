// SPDX-License-Identifier: GPL-2.0
/* multicall: results, errors inside, counts, nesting. */
#include "guest.h"

CASE(multicall_results)
{
	struct multicall_entry c[3] = {
		{ .op = __HYPERVISOR_xen_version, .result = 9, .args = { XENVER_version } },
		{ .op = 11, .result = 9 },
		{ .op = __HYPERVISOR_xen_version, .result = 9, .args = { XENVER_pagesize } },
	};

	EXPECT_EQ(HYP(multicall, c, 3), 0);
	EXPECT_EQ(c[0].result, 4 << 16 | 17);
	EXPECT_EQ(c[1].result, -XEN_ENOSYS);
	EXPECT_EQ(c[2].result, PAGE_SIZE);
	EXPECT_EQ(c[0].op, __HYPERVISOR_xen_version);
	EXPECT_EQ(c[0].args[0], XENVER_version);
}

CASE(multicall_unknown_numbers)
{
	struct multicall_entry c[4] = {
		{ .op = 64 }, { .op = 1000 }, { .op = ~0ul }, { .op = 1ul << 32 },
	};
	unsigned int i;

	EXPECT_EQ(HYP(multicall, c, 4), 0);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(c[i].result, -XEN_ENOSYS);
}

CASE(multicall_zero)
{
	EXPECT_EQ(HYP(multicall, NULL, 0), 0);
}

CASE(multicall_partly_unmapped)
{
	ulong pfn = alloc_pfn();
	struct multicall_entry *c;

	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(pfn, PTE_USER)), 0);
	c = (struct multicall_entry *)(USER_SPARE + PAGE_SIZE - sizeof(*c));
	c->op = __HYPERVISOR_xen_version;
	c->args[0] = XENVER_pagesize;
	c->result = 0;
	EXPECT_EQ(HYP(multicall, c, 2), -XEN_EFAULT);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	free_pfn(pfn);
}

CASE(multicall_huge_count)
{
	struct multicall_entry *c = (void *)USER_SPARE;

	EXPECT_EQ(HYP(multicall, c, 0x7fffffff), -XEN_EFAULT);
	EXPECT_EQ(HYP(multicall, c, ~0u), -XEN_EFAULT);
}

CASE(multicall_read_only_list)
{
	ulong pfn = alloc_pfn();
	struct multicall_entry *c = pfn_va(pfn);

	c->op = __HYPERVISOR_xen_version;
	c->args[0] = XENVER_pagesize;
	c->result = 5;
	EXPECT_EQ(page_ro(pfn), 0);
	EXPECT_EQ(HYP(multicall, c, 1), -XEN_EFAULT);
	EXPECT_EQ(c->result, 5);
	EXPECT_EQ(page_rw(pfn), 0);
	free_pfn(pfn);
}

CASE(multicall_nested)
{
	struct multicall_entry in = {
		.op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize },
	};
	struct multicall_entry out = {
		.op = __HYPERVISOR_multicall, .args = { (ulong)&in, 1 }, .result = 1,
	};

	EXPECT_EQ(HYP(multicall, &out, 1), 0);
	/* Either done or refused. */
	EXPECT((long)out.result == 0 || (long)out.result < 0);
	if (!out.result)
		EXPECT_EQ(in.result, PAGE_SIZE);
}

CASE(multicall_of_updates)
{
	ulong pfn = alloc_pfn();
	struct multicall_entry c[2] = {
		{ .op = __HYPERVISOR_update_va_mapping,
		  .args = { USER_SPARE, pfn_pte(pfn, PTE_USER), UVMF_INVLPG } },
		{ .op = __HYPERVISOR_update_va_mapping, .args = { USER_SPARE, 0, UVMF_INVLPG } },
	};

	EXPECT_EQ(HYP(multicall, c, 2), 0);
	EXPECT_EQ(c[0].result, 0);
	EXPECT_EQ(c[1].result, 0);
	EXPECT_EQ(read_table(user_l1_pfn, (USER_SPARE >> 12) & 511), 0);
	free_pfn(pfn);
}

/* A multicall that overwrites its own second half. */
CASE(multicall_overlapping)
{
	static struct multicall_entry c[2];

	c[0] = (struct multicall_entry){
		.op = __HYPERVISOR_xen_version,
		.args = { XENVER_extraversion, (ulong)&c[1] },
	};
	c[1] = (struct multicall_entry){
		.op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize },
	};
	EXPECT_EQ(HYP(multicall, c, 2), 0);
	EXPECT_EQ(c[0].result, 0);
	EXPECT_EQ(c[1].result, -XEN_ENOSYS);
}

CASE(multicall_long)
{
	static struct multicall_entry c[2000];
	unsigned int i;

	for (i = 0; i < 2000; i++)
		c[i] = (struct multicall_entry){
			.op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize },
		};
	EXPECT_EQ(HYP(multicall, c, 2000), 0);
	for (i = 0; i < 2000; i++)
		if (c[i].result != PAGE_SIZE) {
			case_fail(__FILE__, __LINE__, "entry %u: %lu", i, (ulong)c[i].result);
			break;
		}
}

#define LONG	2048

/*
 * A list that is preempted goes on by itself, and changes no register but those of
 * arguments: what its entries hold for theirs is not the caller's.
 */
CASE(multicall_restart_registers)
{
	static struct multicall_entry c[LONG];
	register ulong r8 asm("r8"), r9 asm("r9"), r10 asm("r10");
	ulong rdi, rsi, rdx, rax;
	unsigned int i, round;
	bool preempted = false;

	for (round = 0; round < 200 && !preempted; round++) {
		for (i = 0; i < LONG; i++)
			c[i] = (struct multicall_entry){
				.op = __HYPERVISOR_xen_version, .result = 9,
				.args = { XENVER_pagesize, 0, 3, 4, 5, 0xdead },
			};
		rax = __HYPERVISOR_multicall;
		rdi = (ulong)c;
		rsi = LONG;
		rdx = r10 = r8 = 0;
		r9 = 0x1234;
		asm volatile("syscall"
			     : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10),
			       "+r"(r8), "+r"(r9) : : "rcx", "r11", "memory");
		EXPECT_EQ(r9, 0x1234);
		EXPECT_EQ(rax, 0);
		for (i = 0; i < LONG; i++)
			EXPECT_EQ(c[i].result, PAGE_SIZE);
		preempted = rdi != (ulong)c;
	}
	if (!preempted)
		kprintf("# no list of %u calls was preempted\n", LONG);
}
