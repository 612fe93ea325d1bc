/* SPDX-License-Identifier: GPL-2.0 */
/* Error numbers of the ABI, returned negated (values: Xen public errno.h). */
#ifndef RINGLET_BASE_ERRNO_H
#define RINGLET_BASE_ERRNO_H

#define EPERM		1
#define ENOENT		2
#define ESRCH		3
#define ENXIO		6
#define E2BIG		7
#define ENOMEM		12
#define EACCES		13
#define EFAULT		14
#define EBUSY		16
#define EEXIST		17
#define ENODEV		19
#define EINVAL		22
#define ENOSPC		28
#define ENOSYS		38
#define ENODATA		61
#define ETIME		62
#define EOPNOTSUPP	95
/* Internal: nothing was lost, call again (never shown to a guest). */
#define ERESTART	85

#endif
