/* SPDX-License-Identifier: GPL-2.0 */
/* The pCPU of the test is a variable, not a fixed address. */
#include "../../../../hypervisor/machine/pcpu.h"

#undef this_cpu
extern struct pcpu test_pcpu;
#define this_cpu (&test_pcpu)
