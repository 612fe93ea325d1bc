/* SPDX-License-Identifier: GPL-2.0 */
/* Content that is known from a few numbers: nothing else imitates it. */
#ifndef INTEGRITY_PATTERN_H
#define INTEGRITY_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* splitmix64 of Steele, Lea and Flood (OOPSLA 2014): a bijection, one step a word. */
static inline uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* A key for number @n of what @seed stands for. */
static inline uint64_t pattern_key(uint64_t seed, uint64_t n)
{
	return mix(mix(seed) ^ n);
}

/* Word @i of the content of @key. */
static inline uint64_t pattern_word(uint64_t key, uint64_t i)
{
	return mix(key + i * 0xd1342543de82ef95);
}

/* Words [@first, @first + @count) of it. */
static inline void pattern_fill(uint64_t key, uint64_t first, uint64_t *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		words[i] = pattern_word(key, first + i);
}

/* The first of @count words that is not as it should be; @count: none. */
static inline size_t pattern_differs(uint64_t key, uint64_t first, const uint64_t *words,
				     size_t count)
{
	size_t i;

	for (i = 0; i < count && words[i] == pattern_word(key, first + i); i++)
		;
	return i;
}

#endif
