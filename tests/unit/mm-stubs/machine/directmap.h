/* SPDX-License-Identifier: GPL-2.0 */
/* The direct map of the model machine: an array. */
#ifndef RINGLET_MACHINE_DIRECTMAP_H
#define RINGLET_MACHINE_DIRECTMAP_H

#include "base/types.h"
#include "machine/layout.h"

void *mfn_to_virt(mfn_t mfn);

#endif
