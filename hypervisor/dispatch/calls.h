/* SPDX-License-Identifier: GPL-2.0 */
/* Private: hypercalls answered in this room (arguments: hypercall-abi/). */
#ifndef RINGLET_DISPATCH_CALLS_H
#define RINGLET_DISPATCH_CALLS_H

#include "base/types.h"

long do_multicall(u64 calls, u64 nr);
long do_iret(void);
long do_stack_switch(u64 ss, u64 sp);
long do_set_segment_base(u64 which, u64 base);
long do_fpu_taskswitch(u64 set);
long do_set_debugreg(u64 reg, u64 value);
long do_get_debugreg(u64 reg);
long do_xen_version(u64 cmd, u64 arg);
long do_console_io(u64 cmd, u64 count, u64 buffer);
long do_physdev_op(u64 cmd, u64 arg);
long do_platform_op(u64 op);

#endif
