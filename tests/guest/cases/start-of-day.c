// SPDX-License-Identifier: GPL-2.0
/* What the domain builder left: start_info, registers, tables, M2P, shared_info. */
#include "guest.h"

CASE(start_info_magic)
{
	EXPECT_EQ(strncmp(start_info->magic, "xen-3.", 6), 0);
	EXPECT_EQ(start_info->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN),
		  SIF_PRIVILEGED | SIF_INITDOMAIN);
	EXPECT(start_info->nr_pages >= 8192);
	EXPECT_EQ(start_info->shared_info & (PAGE_SIZE - 1), 0);
}

CASE(start_p2m_m2p_agree)
{
	ulong pfn;

	for (pfn = 0; pfn < start_info->nr_pages; pfn++)
		if (m2p[p2m[pfn]] != pfn) {
			case_fail(__FILE__, __LINE__, "pfn 0x%lx mfn 0x%lx m2p 0x%lx", pfn,
				  p2m[pfn], m2p[p2m[pfn]]);
			break;
		}
}

/* Initial leaf entries: tables read-only, the rest writable; none a user page on Ringlet. */
CASE(start_initial_leaves)
{
	ulong first = va_pfn((void *)start_info->pt_base);
	ulong pfn, e;

	for (pfn = 0; pfn < init_end_pfn; pfn++) {
		bool table = pfn >= first && pfn < first + start_info->nr_pt_frames;

		e = walk_pte(pfn_va(pfn), NULL, NULL);
		if (!(e & PTE_P))
			case_fail(__FILE__, __LINE__, "pfn 0x%lx not mapped", pfn);
		if (table && (e & PTE_RW))
			case_fail(__FILE__, __LINE__, "table 0x%lx writable", pfn);
		if (on_ringlet && (e & PTE_US))
			case_fail(__FILE__, __LINE__, "pfn 0x%lx is a user page", pfn);
	}
}

CASE(start_m2p_read_only)
{
	struct fault f;

	TRY(f)
		*(volatile ulong *)MACH2PHYS_VIRT_START = 0;
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(f.cr2, MACH2PHYS_VIRT_START);
	TRY(f)
		asm volatile("movq %0, (%1)" : : "r"(5ul), "r"(&m2p[p2m[10]]) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(m2p[p2m[10]], 10);
}

CASE(start_wall_clock)
{
	EXPECT(shared->wc_sec > 1577836800);	/* 2020 */
	EXPECT_EQ(shared->wc_version & 1, 0);
}

CASE(start_time_advances)
{
	u64 a = system_time(), b, i;

	for (i = 0; i < 1000; i++) {
		b = system_time();
		if (b < a) {
			case_fail(__FILE__, __LINE__, "time went back %lu ns", a - b);
			break;
		}
		a = b;
	}
	EXPECT(shared->vcpu_info[0].time.tsc_to_system_mul != 0);
}

CASE(start_machphys_mapping)
{
	struct xen_machphys_mapping m = { 0 };

	EXPECT_EQ(HYP(memory_op, XENMEM_machphys_mapping, &m), 0);
	EXPECT_EQ(m.v_start, MACH2PHYS_VIRT_START);
	EXPECT(m.max_mfn >= p2m[0]);
}

CASE(start_memory_maps)
{
	static struct e820entry { u64 addr, size; u32 type; } __attribute__((packed)) map[128];
	struct xen_memory_map m = { .nr_entries = 128 };
	bool ram = false;
	unsigned int i;

	set_xen_guest_handle(m.buffer, map);
	EXPECT_EQ(HYP(memory_op, XENMEM_machine_memory_map, &m), 0);
	EXPECT(m.nr_entries > 2 && m.nr_entries <= 128);
	for (i = 0; i < m.nr_entries; i++)
		ram |= map[i].type == 1 && map[i].addr == 0x100000;
	EXPECT(ram);
}

CASE(start_machine_map_short_buffer)
{
	static u8 buffer[64];
	struct xen_memory_map m = { .nr_entries = 1 };

	set_xen_guest_handle(m.buffer, buffer);
	EXPECT_EQ(HYP(memory_op, XENMEM_machine_memory_map, &m), -XEN_EINVAL);
}

CASE(start_reservation)
{
	domid_t self = DOMID_SELF;

	EXPECT_EQ(HYP(memory_op, XENMEM_current_reservation, &self), start_info->nr_pages);
	EXPECT(HYP(memory_op, XENMEM_maximum_reservation, &self) >= (long)start_info->nr_pages);
	EXPECT(HYP(memory_op, XENMEM_maximum_ram_page, NULL) > (long)p2m[0]);
}
