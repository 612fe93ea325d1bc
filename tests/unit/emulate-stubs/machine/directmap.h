/* SPDX-License-Identifier: GPL-2.0 */
/* The test has one machine frame, number 0: the guest's GDT. */
#ifndef TEST_DIRECTMAP_H
#define TEST_DIRECTMAP_H

#include "base/types.h"
#include "machine/layout.h"

extern u64 test_gdt[512];
#define mfn_to_virt(mfn) ((void)(mfn), (void *)test_gdt)

#endif
