// SPDX-License-Identifier: GPL-2.0
/*
 * The compatibility call of xenstored: domctl getdomaininfo, interface version 0x15. On Xen the same
 * cases hold, as far as they do not create domains.
 */
#define __XEN_TOOLS__
#include "child.h"
#include <xen/domctl.h>

static struct xen_domctl op;

static long get(u32 domid)
{
	memset(&op, 0, sizeof(op));
	op.cmd = XEN_DOMCTL_getdomaininfo;
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op.domain = domid;
	return HYP(domctl, &op);
}

CASE(domctl_getdomaininfo)
{
	EXPECT_EQ(get(0), 0);
	EXPECT_EQ(op.domain, 0);
	EXPECT_EQ(op.u.getdomaininfo.domain, 0);
	EXPECT(op.u.getdomaininfo.flags & XEN_DOMINF_running);
	EXPECT(!(op.u.getdomaininfo.flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown)));
	EXPECT_EQ(op.u.getdomaininfo.shared_info_frame, start_info_copy.shared_info >> PAGE_SHIFT);
	EXPECT(op.u.getdomaininfo.nr_online_vcpus >= 1);
	EXPECT_EQ(get(1), -XEN_ESRCH);
}

CASE(domctl_wrong)
{
	memset(&op, 0, sizeof(op));
	op.cmd = XEN_DOMCTL_getdomaininfo;
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION - 1;
	EXPECT_EQ(HYP(domctl, &op), -XEN_EACCES);
	EXPECT_EQ(HYP(domctl, BAD_PTR), -XEN_EFAULT);
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op.cmd = 0x7fffffff;
	op.domain = 0;
	EXPECT_EQ(HYP(domctl, &op), -XEN_ENOSYS);
}

CASE(domctl_next_domain)
{
	struct ringlet_domain_create c = {
		.domid = RINGLET_DOMID_ANY, .max_vcpus = 3, .max_pages = 9, .uuid = { 7, 8, 9 },
	};
	struct ringlet_domain_shutdown s = { .reason = SHUTDOWN_suspend };

	if (!on_ringlet) {
		skip("needs hypercall 55");
		return;
	}
	EXPECT_EQ(RINGLET(DOMAIN_CREATE, &c), 0);
	s.domid = c.domid;
	EXPECT_EQ(RINGLET(DOMAIN_SHUTDOWN, &s), 0);
	EXPECT_EQ(get(1), 0);
	EXPECT_EQ(op.domain, c.domid);
	EXPECT_EQ(op.u.getdomaininfo.flags, XEN_DOMINF_paused | XEN_DOMINF_shutdown |
		  SHUTDOWN_suspend << XEN_DOMINF_shutdownshift);
	EXPECT_EQ(op.u.getdomaininfo.max_vcpu_id, 2);
	EXPECT_EQ(op.u.getdomaininfo.max_pages, 9);
	EXPECT_EQ(op.u.getdomaininfo.handle[2], 9);
	EXPECT_EQ(domid_op(RINGLET_OP_RINGLET_OP_DOMAIN_DESTROY, c.domid), 0);
	EXPECT_EQ(get(1), -XEN_ESRCH);
}
