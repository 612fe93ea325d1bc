// SPDX-License-Identifier: GPL-2.0
/*
 * Which vectors of device interrupts are taken.
 *
 * The same vector means the same interrupt on every pCPU. The first sixteen
 * are left to the 8259s' spurious interrupts, 0x80 to the guests' INT 0x80.
 * Guarded by atomic bit operations alone.
 */
#include "base/bitmap.h"
#include "machine/irq.h"
#include "machine/layout.h"

#define FIRST_FREE	(VEC_FIRST_IRQ + 16)

static unsigned long used[BITS_TO_LONGS(256)];

u8 vector_alloc(void)
{
	unsigned int v;

	for (v = FIRST_FREE; v <= VEC_LAST_IRQ; v++)
		if (v != VEC_INT80 && !test_and_set_bit(v, used))
			return v;
	return 0;
}

void vector_free(u8 vector)
{
	clear_bit(vector, used);
}
