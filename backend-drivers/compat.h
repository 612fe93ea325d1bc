/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between the kernels that we build for, and nothing else. */
#ifndef RINGLET_BACK_COMPAT_H
#define RINGLET_BACK_COMPAT_H

#include <linux/device/class.h>
#include <linux/module.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* Work that follows an interrupt as soon as possible. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define BACK_SOON_WQ	system_bh_wq
#else
#define BACK_SOON_WQ	system_highpri_wq
#endif

static inline struct class *back_class_create(const char *name)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return class_create(name);
#else
	return class_create(THIS_MODULE, name);
#endif
}

#endif
