// SPDX-License-Identifier: GPL-2.0
/*
 * xen_version: who we are and what we can, in the base profile's terms.
 *
 * Version numbers are those of the ABI's reference, because guests compare
 * them; the extra version says whose hypervisor it is. What is not known is an
 * empty string. Every guest may ask everything but the hypervisor's command
 * line (hypercall-abi/hypercalls.tbl).
 *
 * The command line is set once at boot and constant after.
 */
#include "dispatch/dispatch.h"

#include "control/control.h"
#include "state/guest-access.h"

#include <xen/version.h>

#define STRING_(x)	#x
#define STRING(x)	STRING_(x)

_Static_assert(sizeof(hypervisor_command_line) == sizeof(xen_commandline_t), "");

static long give(u64 arg, const void *from, size_t size)
{
	return copy_to_guest(arg, from, size) ? -EFAULT : 0;
}


/*
 * Linux stops without preserve_ad and gnttab_map_avail_bits; clearing and copying
 * pages by mmuext is highmem_assist; a PV guest names machine frames: direct_mapped.
 */
static u32 features(const struct domain *d)
{
	u32 f = BIT(XENFEAT_mmu_pt_update_preserve_ad) | BIT(XENFEAT_highmem_assist) |
		BIT(XENFEAT_gnttab_map_avail_bits) | BIT(XENFEAT_direct_mapped);

	if (d->is_hardware)
		f |= BIT(XENFEAT_dom0);
	return f;
}

static long get_features(u64 arg)
{
	struct xen_feature_info fi;

	if (copy_from_guest(&fi, arg, sizeof(fi)))
		return -EFAULT;
	if (fi.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	fi.submap = features(current_vcpu->domain);
	return give(arg, &fi, sizeof(fi));
}

/**
 * do_xen_version() - identity and features
 * @cmd: XENVER_*, @arg: where the answer goes
 *
 * Return: the value (version, page size), 0, -EFAULT, -EPERM, -ENODATA for the
 *	   build id, -EINVAL if pagesize has an argument or for a submap of
 *	   features that there is not, -ENOSYS.
 */
long do_xen_version(u64 cmd, u64 arg)
{
	static const xen_extraversion_t extra = "-ringlet-0.1";
	static const xen_capabilities_info_t capabilities = "xen-3.0-x86_64 ";
	static const xen_changeset_info_t changeset;
	static const struct xen_compile_info compiled = {
		.compiler = "gcc " STRING(__GNUC__) "." STRING(__GNUC_MINOR__),
	};
	static const struct xen_platform_parameters platform = {
		.virt_start = GUEST_HOLE_START,
	};

	switch ((u32)cmd) {
	case XENVER_version:
		return BASE_VERSION;
	case XENVER_extraversion:
		return give(arg, extra, sizeof(extra));
	case XENVER_compile_info:
		return give(arg, &compiled, sizeof(compiled));
	case XENVER_capabilities:
		return give(arg, capabilities, sizeof(capabilities));
	case XENVER_changeset:
		return give(arg, changeset, sizeof(changeset));
	case XENVER_platform_parameters:
		return give(arg, &platform, sizeof(platform));
	case XENVER_get_features:
		return get_features(arg);
	case XENVER_pagesize:
		return arg ? -EINVAL : (long)PAGE_SIZE;
	case XENVER_guest_handle:
		return give(arg, current_vcpu->domain->uuid, sizeof(xen_domain_handle_t));
	case XENVER_commandline:
		if (!current_vcpu->domain->is_privileged)
			return -EPERM;
		return give(arg, hypervisor_command_line, sizeof(hypervisor_command_line));
	case XENVER_build_id:
		return -ENODATA;
	}
	return -ENOSYS;
}
