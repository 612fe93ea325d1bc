/* SPDX-License-Identifier: GPL-2.0 */
/* The boot modules: the service domain's kernel and its initial RAM disk. */
#ifndef RINGLET_BOOT_MODULES_H
#define RINGLET_BOOT_MODULES_H

#include "boot/boot-info.h"
#include "domain-builder/builder.h"

/* Check that they are there, in RAM; take their memory. */
void modules_take(const struct boot_info *info);

/* Unpack and parse module 1, or boot_fail(). Before the heap has the RAM. */
void modules_load_kernel(const struct boot_info *info, struct kernel *k);

/* What the heap gets back when both are copied into the domain. */
u64 modules_frames(void);
void modules_release(void);

#endif
