/* SPDX-License-Identifier: GPL-2.0 */
/* this_cpu of the model machine. */
#ifndef RINGLET_MACHINE_PCPU_H
#define RINGLET_MACHINE_PCPU_H

#include "machine/layout.h"

struct vcpu;

struct pcpu {
	struct vcpu *current;
};

extern struct pcpu model_pcpu;
#define this_cpu (&model_pcpu)

#endif
