// SPDX-License-Identifier: GPL-2.0
/*
 * grant_table_op: refused as a whole until there is a second domain (grant.h
 * has the reason). The number is also marked so in hypercall-abi/.
 */
#include "grant/grant.h"

#include "base/errno.h"

/** do_grant_table_op() - hypercall; no operation exists yet */
long do_grant_table_op(u64 cmd, u64 uop, u64 count)
{
	(void)cmd;
	(void)uop;
	(void)count;
	return -ENOSYS;
}
