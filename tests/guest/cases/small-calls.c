// SPDX-License-Identifier: GPL-2.0
/*
 * console_io, stack_switch, set_segment_base, fpu_taskswitch, vm_assist, set_timer_op, nmi_op:
 * arguments.
 */
#include "guest.h"

CASE(console_write_line)
{
	static const char line[] = "# console_io works\n";

	EXPECT_EQ(HYP(console_io, CONSOLEIO_write, sizeof(line) - 1, line), 0);
	EXPECT_EQ(HYP(console_io, CONSOLEIO_write, 0, line), 0);
}

CASE(console_unknown)
{
	EXPECT_EQ(HYP(console_io, 7, 0, NULL), -XEN_ENOSYS);
}

/* The buffer ends in an unmapped page. */
CASE(console_partly_unmapped)
{
	ulong pfn = alloc_pfn();

	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(pfn, PTE_USER)), 0);
	EXPECT_EQ(HYP(console_io, CONSOLEIO_write, 8, USER_SPARE + PAGE_SIZE - 4), -XEN_EFAULT);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
	free_pfn(pfn);
}

CASE(console_read_nothing)
{
	char buf[16];

	EXPECT(HYP(console_io, CONSOLEIO_read, sizeof(buf), buf) >= 0);
}

CASE(stack_switch_arguments)
{
	ulong top = (ulong)vcpu0_stack + TRAP_STACK_TOP;

	EXPECT_EQ(HYP(stack_switch, KERNEL_SS, top), 0);
	/* A ring-0 selector is refused or fixed, never used. */
	HYP(stack_switch, 0xe010, top);
	EXPECT_EQ(HYP(stack_switch, KERNEL_SS, top), 0);
}

CASE(segment_base_values)
{
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_FS, (ulong)pfn_va(100)), 0);
	EXPECT_EQ(rdmsr(0xc0000100), (ulong)pfn_va(100));
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_FS, 0), 0);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_KERNEL, (ulong)pfn_va(100)), 0);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_KERNEL, 0), 0);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_USER, 0x5000), 0);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_USER, 0), 0);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_USER_SEL, 0), 0);
}

CASE(segment_base_wrong)
{
	EXPECT_EQ(HYP(set_segment_base, 4, 0), -XEN_EINVAL);
	EXPECT_EQ(HYP(set_segment_base, ~0u, 0), -XEN_EINVAL);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_FS, NON_CANONICAL), -XEN_EINVAL);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_USER, NON_CANONICAL), -XEN_EINVAL);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_KERNEL, NON_CANONICAL), -XEN_EINVAL);
}

/* A user GS selector that does not load leaves GS null, or fails; the guest lives. */
ATTACK(segment_base_bad_selector)
{
	static const u16 bad[] = { 0x1003, 0xe008, 0xe010, 0xe040, 0xfff8, 0xffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		HYP(set_segment_base, SEGBASE_GS_USER_SEL, bad[i]);
		EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
	}
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_USER_SEL, 0), 0);
}

USER_SNIPPET(gs_load, "mov %gs:0, %rax; mov %fs:8, %rbx; syscall");
CASE(segment_bases_in_user)
{
	struct user u;

	((u64 *)user_data)[0] = 0x6666;
	((u64 *)user_data)[1] = 0xf0f0;
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_USER, USER_DATA), 0);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_FS, USER_DATA), 0);
	user_prepare(&u);
	user_run(&u, gs_load);
	EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
	EXPECT_EQ(u.regs.rax, 0x6666);
	EXPECT_EQ(u.regs.rbx, 0xf0f0);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_USER, 0), 0);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_FS, 0), 0);
}

/* Kernel and user GS bases are two: the kernel's is back on every entry. */
CASE(segment_gs_kernel_and_user)
{
	u64 v;

	((u64 *)pfn_va(100))[0] = 0x9999;
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_KERNEL, (ulong)pfn_va(100)), 0);
	segment_bases_in_user();
	/* Linux: gs:0 of the kernel is what it set, after any trip through ring 3. */
	EXPECT_EQ(rdmsr(0xc0000101), (ulong)pfn_va(100));
	asm volatile("mov %%gs:0, %0" : "=r"(v));
	EXPECT_EQ(v, 0x9999);
	EXPECT_EQ(HYP(set_segment_base, SEGBASE_GS_KERNEL, 0), 0);
}

CASE(vm_assist_types)
{
	EXPECT_EQ(HYP(vm_assist, VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0);
	EXPECT_EQ(HYP(vm_assist, VMASST_CMD_disable, VMASST_TYPE_runstate_update_flag), 0);
	EXPECT_EQ(HYP(vm_assist, VMASST_CMD_enable, VMASST_TYPE_pae_extended_cr3), 0);
	EXPECT_EQ(HYP(vm_assist, VMASST_CMD_enable, VMASST_TYPE_4gb_segments), 0);
	EXPECT_EQ(HYP(vm_assist, VMASST_CMD_disable, VMASST_TYPE_4gb_segments), 0);
	EXPECT_EQ(HYP(vm_assist, VMASST_CMD_enable, 6), -XEN_EINVAL);
	EXPECT_EQ(HYP(vm_assist, VMASST_CMD_enable, 64), -XEN_EINVAL);
	EXPECT_EQ(HYP(vm_assist, 9, VMASST_TYPE_4gb_segments), -XEN_ENOSYS);
}

CASE(nmi_unknown)
{
	EXPECT_EQ(HYP(nmi_op, 9, NULL), -XEN_ENOSYS);
}

CASE(grant_table_unknown)
{
	EXPECT_ERR(HYP(grant_table_op, 99, NULL, 0));
}

CASE(platform_unknown)
{
	static struct xen_platform_op op = {
		.cmd = 200, .interface_version = XENPF_INTERFACE_VERSION,
	};

	EXPECT_EQ(HYP(platform_op, &op), -XEN_ENOSYS);
	op.interface_version = 1;
	EXPECT_ERR(HYP(platform_op, &op));
}

CASE(physdev_unknown)
{
	u32 arg[16] = { 0 };

	EXPECT_EQ(HYP(physdev_op, 99, arg), -XEN_ENOSYS);
	EXPECT_EQ(HYP(physdev_op, 0xffffffff, arg), -XEN_ENOSYS);
}

CASE(physdev_pirq_out_of_range)
{
	struct physdev_irq_status_query q = { .irq = 0x7fffffff };
	struct physdev_eoi e = { .irq = 0x7fffffff };
	struct physdev_unmap_pirq u = { .domid = DOMID_SELF, .pirq = 0x7fffffff };
	struct physdev_map_pirq m = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 0x7fffffff, .pirq = -1,
	};

	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_irq_status_query, &q));
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_eoi, &e));
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_unmap_pirq, &u));
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_map_pirq, &m));
	m.index = 5;
	m.domid = 77;
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_map_pirq, &m));
	m.domid = DOMID_SELF;
	m.type = 99;
	EXPECT_ERR(HYP(physdev_op, PHYSDEVOP_map_pirq, &m));
}

CASE(memory_unknown)
{
	u64 arg[8] = { 0 };

	EXPECT_EQ(HYP(memory_op, 62, arg), -XEN_ENOSYS);
}

/* Give a page back, take one: the count follows, the old frame is gone. */
CASE(memory_decrease_and_populate)
{
	ulong pfn = alloc_pfn(), mfn = pfn_mfn(pfn), out = pfn;
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	domid_t self = DOMID_SELF;
	long before = HYP(memory_op, XENMEM_current_reservation, &self);

	set_xen_guest_handle(r.extent_start, &mfn);
	EXPECT_EQ(set_va_pte(pfn_va(pfn), 0), 0);
	EXPECT_EQ(HYP(memory_op, XENMEM_decrease_reservation, &r), 1);
	EXPECT_EQ(HYP(memory_op, XENMEM_current_reservation, &self), before - 1);
	EXPECT_ERR(set_va_pte(pfn_va(pfn), mfn_ma(mfn) | PTE_KERN));
	set_xen_guest_handle(r.extent_start, &out);
	EXPECT_EQ(HYP(memory_op, XENMEM_populate_physmap, &r), 1);
	EXPECT_EQ(HYP(memory_op, XENMEM_current_reservation, &self), before);
	p2m[pfn] = out;
	EXPECT_EQ(m2p[out], pfn);
	EXPECT_EQ(page_rw(pfn), 0);
	free_pfn(pfn);
}

/* A page that is still mapped is not given away under the mapping. */
CASE(memory_decrease_mapped)
{
	ulong pfn = alloc_pfn(), mfn = pfn_mfn(pfn), out = pfn;
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
	long rc;

	set_xen_guest_handle(r.extent_start, &mfn);
	rc = HYP(memory_op, XENMEM_decrease_reservation, &r);
	/* If it counts as done, the frame stays ours until the mapping goes. */
	*(volatile u64 *)pfn_va(pfn) = 0x1122;
	EXPECT_EQ(*(volatile u64 *)pfn_va(pfn), 0x1122);
	if (rc == 1) {
		EXPECT_EQ(set_va_pte(pfn_va(pfn), 0), 0);
		set_xen_guest_handle(r.extent_start, &out);
		EXPECT_EQ(HYP(memory_op, XENMEM_populate_physmap, &r), 1);
		p2m[pfn] = out;
		EXPECT_EQ(page_rw(pfn), 0);
	}
	free_pfn(pfn);
}

CASE(memory_decrease_wrong)
{
	ulong mfn = mfn_of_hypervisor();
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

	set_xen_guest_handle(r.extent_start, &mfn);
	EXPECT_EQ(HYP(memory_op, XENMEM_decrease_reservation, &r), 0);
	mfn = ~0ul;
	EXPECT_EQ(HYP(memory_op, XENMEM_decrease_reservation, &r), 0);
	r.domid = 55;
	EXPECT(HYP(memory_op, XENMEM_decrease_reservation, &r) <= 0);
	r.domid = DOMID_SELF;
	r.extent_order = 63;
	EXPECT(HYP(memory_op, XENMEM_populate_physmap, &r) <= 0);
	r.extent_order = 0;
	r.nr_extents = ~0ul;
	EXPECT(HYP(memory_op, XENMEM_decrease_reservation, &r) <= 0);
}
