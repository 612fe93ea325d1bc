/* SPDX-License-Identifier: GPL-2.0 */
/* What the static decompression libraries expect of a C library. */
#ifndef RINGLET_BOOT_LIBC_SHIM_H
#define RINGLET_BOOT_LIBC_SHIM_H

#include "base/types.h"

/*
 * Between the two, malloc() works, on memory taken with boot_alloc(), and the
 * stack protector finds its canary. shim_end() gives all of the memory back.
 */
void shim_begin(void);
/* False if memory ran out in between. */
bool shim_end(void);

#endif
