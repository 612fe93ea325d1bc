// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for FPU images: a page each, which is aligned and large enough
 * (cpu_features_init() refuses CPUs whose image would not fit).
 */
#include "machine/cpu-features.h"
#include "state/alloc.h"

void *fpu_alloc(void)
{
	void *image = alloc_page();

	if (image)
		fpu_init(image);
	return image;
}
