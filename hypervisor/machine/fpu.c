// SPDX-License-Identifier: GPL-2.0
/*
 * Saving and loading the FPU, SSE and AVX state of a vCPU, all of it each time
 * (never on demand: XSA-267). The hypervisor itself uses none of it.
 *
 * An image comes from fpu_init() and fpu_save() alone, so that XRSTOR and
 * FXRSTOR never find reserved bits set. CR0.TS is clear (the caller's task).
 */
#include "machine/cpu-features.h"
#include "base/string.h"

#define FCW_RESET	0x037f
#define MXCSR_RESET	0x1f80
#define OFFSET_FCW	0
#define OFFSET_FSW	2
#define OFFSET_MXCSR	24
#define OFFSET_ST	32
#define OFFSET_XMM	160
#define END_XMM		416
#define OFFSET_BV	512	/* XSTATE_BV: what is in the image */
#define FSW_ES		0x80	/* an exception is pending */

void fpu_init(void *image)
{
	u16 fcw = FCW_RESET;
	u32 mxcsr = MXCSR_RESET;

	memset(image, 0, cpu_features.xsave_size);
	memcpy((u8 *)image + OFFSET_FCW, &fcw, sizeof(fcw));
	memcpy((u8 *)image + OFFSET_MXCSR, &mxcsr, sizeof(mxcsr));
}

void fpu_read(void *to, const void *image)
{
	u16 fcw = FCW_RESET;
	u64 bv = 3;
	u8 *t = memcpy(to, image, OFFSET_BV);

	if (cpu_features.xsave)
		memcpy(&bv, (const u8 *)image + OFFSET_BV, sizeof(bv));
	if (!(bv & 1)) {
		memset(t, 0, OFFSET_MXCSR);
		memcpy(t + OFFSET_FCW, &fcw, sizeof(fcw));
		memset(t + OFFSET_ST, 0, OFFSET_XMM - OFFSET_ST);
	}
	if (!(bv & 2))
		memset(t + OFFSET_XMM, 0, END_XMM - OFFSET_XMM);
}

void fpu_save(void *image)
{
	u32 lo = cpu_features.xcr0, hi = cpu_features.xcr0 >> 32;

	/*
	 * XSAVEOPT may skip what it believes is in the image already; that is safe
	 * here because an image is only ever loaded by fpu_restore().
	 */
	if (cpu_features.xsaveopt)
		__asm__ __volatile__("xsaveopt64 (%0)" :: "r"(image), "a"(lo), "d"(hi) : "memory");
	else if (cpu_features.xsave)
		__asm__ __volatile__("xsave64 (%0)" :: "r"(image), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ __volatile__("fxsave64 (%0)" :: "r"(image) : "memory");
}

/*
 * AMD's restore leaves the last FPU instruction's address and operand alone
 * unless an exception is pending (APM 2, 11.4.4): load harmless ones, or they are
 * the previous vCPU's.
 */
static void fpu_clear_pointers(const void *image)
{
	static const u32 zero;
	u16 fsw;

	memcpy(&fsw, (const u8 *)image + OFFSET_FSW, sizeof(fsw));
	if (fsw & FSW_ES)
		return;
	__asm__ __volatile__("fnclex; emms; fildl %0" :: "m"(zero));
}

void fpu_restore(const void *image)
{
	u32 lo = cpu_features.xcr0, hi = cpu_features.xcr0 >> 32;

	if (cpu_features.amd)
		fpu_clear_pointers(image);
	if (cpu_features.xsave)
		__asm__ __volatile__("xrstor64 (%0)" :: "r"(image), "a"(lo), "d"(hi) : "memory");
	else
		__asm__ __volatile__("fxrstor64 (%0)" :: "r"(image) : "memory");
}
