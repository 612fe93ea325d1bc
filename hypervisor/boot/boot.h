/* SPDX-License-Identifier: GPL-2.0 */
/* Door of the boot room. Nothing above includes it; other rooms see options only. */
#ifndef RINGLET_BOOT_BOOT_H
#define RINGLET_BOOT_BOOT_H

#include "base/types.h"

#endif
