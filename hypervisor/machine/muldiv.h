/* SPDX-License-Identifier: GPL-2.0 */
/* Multiplication and division through 128 bits, without a compiler library. */
#ifndef RINGLET_MACHINE_MULDIV_H
#define RINGLET_MACHINE_MULDIV_H

#include "base/types.h"

/* a * b / c, rounded down; all ones where the result has more than 64 bits. */
static inline u64 mul_div(u64 a, u64 b, u64 c)
{
	u64 hi, lo, rest;

	__asm__("mulq %3" : "=a"(lo), "=d"(hi) : "a"(a), "rm"(b) : "cc");
	if (hi >= c)
		return ~0ULL;
	__asm__("divq %4" : "=a"(lo), "=d"(rest) : "a"(lo), "d"(hi), "rm"(c) : "cc");
	return lo;
}

/* a * b >> 32; the result is to fit 64 bits. */
static inline u64 mul_shift32(u64 a, u32 b)
{
	return (a >> 32) * b + ((a & 0xffffffff) * b >> 32);
}

#endif
