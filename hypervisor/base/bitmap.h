/* SPDX-License-Identifier: GPL-2.0 */
/* Atomic and plain bit operations on arrays of unsigned long. */
#ifndef RINGLET_BASE_BITMAP_H
#define RINGLET_BASE_BITMAP_H

#include "base/types.h"

#define BITS_PER_LONG	64

static inline bool test_bit(unsigned int nr, const volatile unsigned long *p)
{
	return (p[nr / BITS_PER_LONG] >> (nr % BITS_PER_LONG)) & 1;
}

/* The test_and_ forms are atomic and full barriers; they return the old bit. */
static inline bool test_and_set_bit(unsigned int nr, volatile unsigned long *p)
{
	unsigned long m = 1UL << (nr % BITS_PER_LONG);

	return __atomic_fetch_or(&p[nr / BITS_PER_LONG], m, __ATOMIC_SEQ_CST) & m;
}

static inline bool test_and_clear_bit(unsigned int nr, volatile unsigned long *p)
{
	unsigned long m = 1UL << (nr % BITS_PER_LONG);

	return __atomic_fetch_and(&p[nr / BITS_PER_LONG], ~m, __ATOMIC_SEQ_CST) & m;
}

static inline void set_bit(unsigned int nr, volatile unsigned long *p)
{
	(void)test_and_set_bit(nr, p);
}

static inline void clear_bit(unsigned int nr, volatile unsigned long *p)
{
	(void)test_and_clear_bit(nr, p);
}

/* First set bit at or after @from, or @size. */
static inline unsigned int find_next_bit(const volatile unsigned long *p,
					 unsigned int size, unsigned int from)
{
	while (from < size) {
		unsigned long w = p[from / BITS_PER_LONG] >> (from % BITS_PER_LONG);

		if (w) {
			from += __builtin_ctzl(w);
			return from < size ? from : size;
		}
		from = (from / BITS_PER_LONG + 1) * BITS_PER_LONG;
	}
	return size;
}

#endif
