// SPDX-License-Identifier: GPL-2.0
/* What an ordinary domain may not do, tried from inside one. */
#include "child.h"
#include <xen/grant_table.h>

static u8 buffer[1024];

/* Every operation that controls domains, whatever it names. */
static void control(struct child_mail *m, unsigned int vcpu)
{
	u32 *op = (u32 *)buffer, nr;

	for (nr = 1; nr <= RINGLET_OP_RINGLET_OP_DOMAIN_DEVICES; nr++) {
		static const u32 domid[] = { 0, 1, DOMID_SELF };
		unsigned int i;

		for (i = 0; i < 3; i++) {
			op[0] = domid[i];
			EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, nr, buffer, 16), -XEN_EPERM);
		}
		op[0] = m->domid;
		EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, nr, buffer, 16), -XEN_EPERM);
		EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, nr, BAD_PTR, 16), -XEN_EPERM);
	}
	EXPECT_EQ(hypercall(__HYPERVISOR_arch_7, 0, buffer, sizeof(struct ringlet_version)), 0);
}

CASE(child_may_not_control)
{
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = control }))
		return;
	child_start(&c);
	child_join(&c);
	child_destroy(&c);
}

static void machine(struct child_mail *m, unsigned int vcpu)
{
	struct sched_remote_shutdown r = { .domain_id = 0, .reason = SHUTDOWN_crash };
	struct xen_memory_map map = { .nr_entries = 64 };
	struct fault f;
	u32 lo, hi;

	EXPECT_EQ(HYP(domctl, buffer), -XEN_EPERM);
	EXPECT_EQ(HYP(platform_op, buffer), -XEN_EPERM);
	EXPECT_EQ(HYP(console_io, CONSOLEIO_write, 5, "evil\n"), -XEN_EPERM);
	EXPECT_EQ(HYP(console_io, CONSOLEIO_read, 5, buffer), -XEN_EPERM);
	EXPECT_EQ(HYP(sched_op, SCHEDOP_remote_shutdown, &r), -XEN_EPERM);
	r.domain_id = DOMID_SELF;
	EXPECT_EQ(HYP(sched_op, SCHEDOP_remote_shutdown, &r), -XEN_EPERM);
	EXPECT_EQ(HYP(xen_version, XENVER_commandline, buffer), -XEN_EPERM);
	set_xen_guest_handle(map.buffer, buffer);
	EXPECT_EQ(HYP(memory_op, XENMEM_machine_memory_map, &map), -XEN_EPERM);
	EXPECT_EQ(HYP(xen_version, XENVER_version, NULL), 4 << 16 | 17);
	for (lo = 0; lo < 32; lo++) {
		long rc;

		memset(buffer, 0, sizeof(buffer));
		if (lo == PHYSDEVOP_set_iopl || lo == PHYSDEVOP_set_iobitmap)
			continue;	/* of its own virtual machine only */
		rc = HYP(physdev_op, lo, buffer);
		if (rc != -XEN_EPERM && rc != -XEN_ENOSYS)
			EXPECT_EQ(rc, -XEN_EPERM);
	}
	/* Ports: all of them read as if nothing were there, or fault. */
	TRY(f) {
		asm volatile("movw $0x3f8, %%dx; movb $'!', %%al; outb %%al, %%dx"
			     : : : "rax", "rdx");
	}
	TRY(f) {
		asm volatile("movw $0xcf8, %%dx; inl %%dx, %%eax" : "=a"(lo) : : "rdx");
		EXPECT_EQ(lo, ~0u);
	}
	/* The local APIC by MSR. */
	TRY(f) {
		asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(0x830));
	}
}

CASE(child_may_not_reach_machine)
{
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = machine }))
		return;
	child_start(&c);
	child_join(&c);
	child_destroy(&c);
}

/* The frames of devices, of the hypervisor and of the service domain. */
static void map(struct child_mail *m, unsigned int vcpu)
{
	ulong pte = mfn_ma(m->table_mfn[5]) + 300 * 8, mfn;
	static const ulong device[] = { 0xa0, 0xb8, 0xfee00, 0xfec00, 0xf0000, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(device); i++) {
		EXPECT_ERR(mmu_update_raw(pte, mfn_ma(device[i]) | PTE_KERN));
		EXPECT_ERR(mmu_update_raw(pte, mfn_ma(device[i]) | PTE_KERN_RO));
	}
	for (i = 0; i < 16; i++) {
		mfn = m->arg[i];
		EXPECT_ERR(mmu_update_raw(pte, mfn_ma(mfn) | PTE_KERN_RO));
		EXPECT_ERR(mmu_update_raw(mfn_ma(mfn), 0));
	}
	for (mfn = 0x200; mfn < 0x210; mfn++)	/* the hypervisor's image begins at 2 MiB */
		EXPECT_ERR(mmu_update_raw(pte, mfn_ma(mfn) | PTE_KERN_RO));
	EXPECT_EQ(mmu_update_raw(pte, mfn_ma(m->spare_mfn[0]) | PTE_KERN), 0);
	EXPECT_EQ(mmu_update_raw(pte, 0), 0);
	/* Nor by naming whose they are. */
	EXPECT_EQ(HYP(update_va_mapping_otherdomain, CHILD_SPARE_VA(0),
		      mfn_ma(m->arg[0]) | PTE_KERN, UVMF_INVLPG, 0), -XEN_EPERM);
	EXPECT_EQ(HYP(update_va_mapping_otherdomain, CHILD_SPARE_VA(0),
		      mfn_ma(0xb8) | PTE_KERN, UVMF_INVLPG, DOMID_IO), -XEN_EPERM);
}

CASE(child_may_not_map)
{
	struct child c;
	unsigned int i;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = map }))
		return;
	for (i = 0; i < 15; i++)
		c.mail->arg[i] = pfn_mfn(i * 97);
	c.mail->arg[15] = start_info_copy.shared_info >> PAGE_SHIFT;
	child_start(&c);
	child_join(&c);
	child_destroy(&c);
}

/* Calls that name another domain, refused more often than that one has references. */
static void name_another(struct child_mail *m, unsigned int vcpu)
{
	u32 victim = m->arg[0];
	unsigned int i;

	for (i = 0; i < 64; i++) {
		struct xen_memory_reservation r = { .nr_extents = 1, .domid = victim };

		EXPECT_EQ(HYP(mmuext_op, buffer, 0, NULL, victim), -XEN_EPERM);
		EXPECT_EQ(HYP(mmu_update, buffer, 0, NULL, victim), -XEN_EPERM);
		EXPECT_EQ(HYP(update_va_mapping_otherdomain, CHILD_SPARE_VA(0), 0, 0, victim),
			  -XEN_EPERM);
		set_xen_guest_handle(r.extent_start, (ulong *)buffer);
		EXPECT_EQ(HYP(memory_op, XENMEM_populate_physmap, &r), 0);
	}
}

CASE(child_refusals_drop_nothing)
{
	struct ringlet_domain_create op = { .domid = RINGLET_DOMID_ANY, .max_vcpus = 1,
					    .max_pages = 4 };
	struct ringlet_domain_info info;
	struct child c;

	NEED_CHILD();
	if (!child_create(&c, &(struct child_config){ .fn = name_another }))
		return;
	EXPECT_EQ(RINGLET(DOMAIN_CREATE, &op), 0);
	c.mail->arg[0] = op.domid;
	child_start(&c);
	child_join(&c);
	child_destroy(&c);
	EXPECT_EQ(domid_info(op.domid, &info), 0);
	EXPECT_EQ(info.domid, op.domid);
	EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, op.domid), 0);
}
