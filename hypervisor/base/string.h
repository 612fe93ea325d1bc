/* SPDX-License-Identifier: GPL-2.0 */
/* The few freestanding string functions the hypervisor uses, and format. */
#ifndef RINGLET_BASE_STRING_H
#define RINGLET_BASE_STRING_H

#include "base/types.h"
#include <stdarg.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/**
 * scopy() - copy a string into a buffer of @size bytes, always terminated
 *
 * Return: true if the whole string fitted.
 */
bool scopy(char *dst, const char *src, size_t size);

/**
 * parse_u64() - read an unsigned number, decimal or 0x hexadecimal
 * @s: text
 * @end: set to the first character that is not part of the number
 *
 * Return: the value; *@end == @s if there is no number.
 */
u64 parse_u64(const char *s, const char **end);

/**
 * vsnformat() - a small printf: %d %u %x %s %% with l, ll, zero padding and width
 *
 * Return: the length the whole text has, as snprintf(3).
 */
int vsnformat(char *buf, size_t size, const char *fmt, va_list ap);
int snformat(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
