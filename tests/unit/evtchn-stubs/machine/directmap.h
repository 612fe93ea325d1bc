/* SPDX-License-Identifier: GPL-2.0 */
/* Stands in for machine/directmap.h: the test says where a frame is. */
#ifndef RINGLET_MACHINE_DIRECTMAP_H
#define RINGLET_MACHINE_DIRECTMAP_H

#include "base/types.h"
#include "machine/layout.h"

void *mfn_to_virt(mfn_t mfn);
mfn_t virt_to_mfn(const void *p);

#endif
