// SPDX-License-Identifier: GPL-2.0
/* Hypercall 55: the rules that hold for all operations (ringlet.h). */
#include "child.h"

#define OP(name, arg, size)	\
	hypercall(__HYPERVISOR_arch_7, RINGLET_OP_RINGLET_OP_##name, arg, size)
#define NEED_CALL_55() do {					\
	if (!on_ringlet) {					\
		skip("needs hypercall 55");			\
		return;						\
	}							\
} while (0)

static u8 page[2 * PAGE_SIZE] __page_aligned;

CASE(ringlet_op_version)
{
	struct ringlet_version v = { 0 };

	NEED_CALL_55();
	EXPECT_EQ(RINGLET(VERSION, &v), 0);
	EXPECT_EQ(v.abi_major, RINGLET_ABI_MAJOR);
	EXPECT(v.abi_minor >= RINGLET_ABI_MINOR);	/* it may be newer */
	EXPECT(v.features & RINGLET_FEATURE_DOMAIN_CONTROL);
	EXPECT(v.build[0] && !v.build[63]);
}

CASE(ringlet_op_unknown)
{
	static const u32 nr[] = { RINGLET_OP_RINGLET_OP_VCPU_PAGE + 1, 63, 64, 65, 0x10000, 0x80000000, ~0u };
	unsigned int i;

	NEED_CALL_55();
	for (i = 0; i < ARRAY_SIZE(nr); i++)
		EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, nr[i], page, 8), -XEN_ENOSYS);
}

/* Shorter: only so much is written back, the rest of ours is taken as 0. */
CASE(ringlet_op_short)
{
	struct ringlet_version v;
	struct ringlet_domain_info info = { .domid = 0, .find = 77 };

	NEED_CALL_55();
	memset(&v, 0xee, sizeof(v));
	EXPECT_EQ(OP(VERSION, &v, 4), 0);
	EXPECT_EQ(v.abi_major, RINGLET_ABI_MAJOR);
	EXPECT_EQ(v.abi_minor, 0xeeeeeeee);
	EXPECT_EQ(OP(VERSION, &v, 0), 0);
	EXPECT_EQ(OP(VERSION, BAD_PTR, 0), 0);
	EXPECT_EQ(OP(DOMAIN_INFO, &info, sizeof(info)), -XEN_EINVAL);
	EXPECT_EQ(OP(DOMAIN_INFO, &info, 4), 0);	/* find is 0 then */
	EXPECT_EQ(info.find, 77);
}

CASE(ringlet_op_long)
{
	struct ringlet_version *v = (void *)page;
	ulong i, n = sizeof(*v);

	NEED_CALL_55();
	memset(page, 0, sizeof(page));
	EXPECT_EQ(OP(VERSION, v, n + 1), 0);
	EXPECT_EQ(OP(VERSION, v, n + 1000), 0);
	EXPECT_EQ(OP(VERSION, v, 4096), 0);
	EXPECT_EQ(OP(VERSION, v, n + 4097), -XEN_E2BIG);
	EXPECT_EQ(OP(VERSION, v, ~0ul), -XEN_E2BIG);
	for (i = 0; i < 200; i += 13) {
		page[n + i] = 1;
		EXPECT_EQ(OP(VERSION, v, n + i), 0);
		EXPECT_EQ(OP(VERSION, v, n + i + 1), -XEN_E2BIG);
		EXPECT_EQ(OP(VERSION, v, n + 300), -XEN_E2BIG);
		page[n + i] = 0;
	}
}

CASE(ringlet_op_pointers)
{
	u8 *end = page + PAGE_SIZE;	/* the next page is not there */
	ulong pfn = va_pfn(end), n = sizeof(struct ringlet_version);

	NEED_CALL_55();
	EXPECT_EQ(OP(VERSION, BAD_PTR, n), -XEN_EFAULT);
	EXPECT_EQ(OP(VERSION, NULL, n), -XEN_EFAULT);
	EXPECT_EQ(OP(VERSION, NON_CANONICAL, n), -XEN_EFAULT);
	memset(page, 0, sizeof(page));
	EXPECT_EQ(set_va_pte(end, 0), 0);
	EXPECT_EQ(OP(VERSION, end - n, n), 0);
	EXPECT_EQ(OP(VERSION, end - n + 1, n), -XEN_EFAULT);
	memset(end - n, 0, n);
	EXPECT_EQ(OP(VERSION, end - n - 8, n + 8), 0);
	EXPECT_EQ(OP(VERSION, end - n, n + 1), -XEN_EFAULT);	/* its tail */
	EXPECT_EQ(page_rw(pfn), 0);
}

static u32 nr_domains(void)
{
	struct ringlet_machine_info m = { 0 };

	EXPECT_EQ(RINGLET(MACHINE_INFO, &m), 0);
	return m.nr_domains;
}

/* What cannot be answered is not begun. */
CASE(ringlet_op_read_only)
{
	struct ringlet_domain_create *op = (void *)page;
	u32 before;

	NEED_CALL_55();
	before = nr_domains();
	memset(page, 0, sizeof(page));
	op->domid = RINGLET_DOMID_ANY;
	op->max_vcpus = 1;
	EXPECT_EQ(page_ro(va_pfn(page)), 0);
	EXPECT_EQ(RINGLET(DOMAIN_CREATE, op), -XEN_EFAULT);
	EXPECT_EQ(page_rw(va_pfn(page)), 0);
	EXPECT_EQ(nr_domains(), before);
}

/* An operation that gives nothing back takes its structure from a read-only page. */
CASE(ringlet_op_read_only_in)
{
	struct ringlet_domain_ref *op = (void *)page;

	NEED_CALL_55();
	op->domid = 12345;
	op->reserved = 0;
	EXPECT_EQ(page_ro(va_pfn(page)), 0);
	EXPECT_EQ(RINGLET(DOMAIN_PAUSE, op), -XEN_ESRCH);
	EXPECT_EQ(page_rw(va_pfn(page)), 0);
}

/* Each in a multicall too. */
CASE(ringlet_op_multicall)
{
	struct ringlet_version v = { 0 };
	struct multicall_entry e = {
		.op = __HYPERVISOR_arch_7,
		.args = { RINGLET_OP_RINGLET_OP_VERSION, (ulong)&v, sizeof(v) },
	};

	NEED_CALL_55();
	EXPECT_EQ(HYP(multicall, &e, 1), 0);
	EXPECT_EQ(e.result, 0);
	EXPECT(v.abi_minor >= RINGLET_ABI_MINOR);	/* it may be newer */
}
