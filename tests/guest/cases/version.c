// SPDX-License-Identifier: GPL-2.0
/* xen_version: what the base profile shows of itself. */
#include "guest.h"

CASE(version_number)
{
	EXPECT_EQ(HYP(xen_version, XENVER_version, NULL), 4 << 16 | 17);
}

CASE(version_extraversion)
{
	char s[17] = { 0 };

	EXPECT_EQ(HYP(xen_version, XENVER_extraversion, s), 0);
	EXPECT(s[0] == '.' || s[0] == '-');
	EXPECT_EQ(memcmp(s, ".ringlet", 8) == 0 || memcmp(s, "-ringlet", 8) == 0, on_ringlet);
}

CASE(version_capabilities)
{
	static char s[1024];

	EXPECT_EQ(HYP(xen_version, XENVER_capabilities, s), 0);
	EXPECT_EQ(strncmp(s, "xen-3.0-x86_64", 14), 0);
}

CASE(version_platform_parameters)
{
	struct xen_platform_parameters p = { 0 };

	EXPECT_EQ(HYP(xen_version, XENVER_platform_parameters, &p), 0);
	EXPECT_EQ(p.virt_start, HV_START);
}

CASE(version_pagesize)
{
	EXPECT_EQ(HYP(xen_version, XENVER_pagesize, NULL), PAGE_SIZE);
}

CASE(version_unknown_op)
{
	EXPECT_EQ(HYP(xen_version, 99, NULL), -XEN_ENOSYS);
}

/* Linux panics without bits 5 and 7; supervisor_mode_kernel and auto_translated never appear. */
CASE(version_features)
{
	struct xen_feature_info f = { .submap_idx = 0 };

	EXPECT_EQ(HYP(xen_version, XENVER_get_features, &f), 0);
	EXPECT(f.submap & 1u << XENFEAT_mmu_pt_update_preserve_ad);
	EXPECT(f.submap & 1u << XENFEAT_gnttab_map_avail_bits);
	EXPECT(f.submap & 1u << XENFEAT_dom0);
	EXPECT(!(f.submap & 1u << XENFEAT_supervisor_mode_kernel));
	EXPECT(!(f.submap & 1u << XENFEAT_writable_page_tables));
	EXPECT(!(f.submap & 1u << XENFEAT_auto_translated_physmap));
}

CASE(version_features_other_submap)
{
	struct xen_feature_info f = { .submap_idx = 5 };

	EXPECT_EQ(HYP(xen_version, XENVER_get_features, &f), -XEN_EINVAL);
}
