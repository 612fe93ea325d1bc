/* SPDX-License-Identifier: GPL-2.0 */
/* Private to dispatch: physical interrupts as the service domain sees them. */
#ifndef RINGLET_DISPATCH_PIRQ_H
#define RINGLET_DISPATCH_PIRQ_H

#include "base/types.h"
#include "machine/irq.h"
#include "state/domain.h"

/*
 * Make a PIRQ for a GSI; @pirq < 0 chooses one. Returns the PIRQ, which may exist
 * already, or -EINVAL, -EEXIST (the number is another interrupt's), -ENOSPC.
 */
int pirq_map_gsi(u32 gsi, int pirq);
/* The same for a message; the device is programmed, masked. */
int pirq_map_msi(const struct msi_desc *msi, int pirq);
int pirq_unmap(u32 pirq);
/* Trigger and polarity, for the next time the PIRQ of this GSI is bound. */
int pirq_setup_gsi(u32 gsi, bool level, bool active_low);
int pirq_eoi(u32 pirq);
/* 1 if the guest is to call eoi, 0 if not, or -EINVAL. */
int pirq_needs_eoi(u32 pirq);
/* No later mapping of a function's MSI-X table by a guest is writable. */
int pirq_protect_msix(u16 seg, u8 bus, u8 devfn, u64 table_base);

#endif
