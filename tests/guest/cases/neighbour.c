// SPDX-License-Identifier: GPL-2.0
/*
 * The neighbour of an attacker: a domain that does nothing but honest work on its disk, and says
 * in sector 0 how much. It never ends; what it reads back must be what it wrote.
 */
#include "front.h"

__CASE(neighbour, CASE_FRONT, ".cases.4")
{
	struct front *f = front_open(KIND_BLK, DISK_NEIGHBOUR);
	volatile u64 *data;
	u64 n = 0;

	if (!f || !front_start(f)) {
		case_fail(__FILE__, __LINE__, "no disk to work on");
		return;
	}
	data = front_at(f, FRONT_DATA);
	while (!case_failed()) {
		data[0] = data[511] = ++n;
		EXPECT_EQ(blk_io(f, BLK_OUT, 16 + n % 64 * 8, PAGE_SIZE), 0);
		data[0] = data[511] = 0;
		EXPECT_EQ(blk_io(f, BLK_IN, 16 + n % 64 * 8, PAGE_SIZE), 0);
		EXPECT_EQ(data[0], n);
		EXPECT_EQ(data[511], n);
		data[0] = n;
		EXPECT_EQ(blk_io(f, BLK_OUT, 0, 512), 0);
		EXPECT_EQ(blk_io(f, BLK_FLUSH, 0, 0), 0);
	}
}
