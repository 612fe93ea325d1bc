/* SPDX-License-Identifier: GPL-2.0 */
/* Small things about text: numbers, near matches, tables, lists of CPUs. */
#ifndef RINGLET_RL_TEXT_H
#define RINGLET_RL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

/* A JSON string that can be shown: any byte that cannot becomes '?'. */
json_t *text_printable(const char *text);

/* A whole number: decimal, or hexadecimal with 0x, and nothing else. */
bool text_number(const char *text, uint64_t *value);

/**
 * text_distance() - how many letters must be added, removed, changed or swapped
 *
 * Return: at most 100; that also if either is longer than 63 letters.
 */
unsigned int text_distance(const char *a, const char *b);

/* Is a distance so small that one was meant to be the other? */
bool text_is_near(const char *typed, unsigned int distance);

/**
 * text_cpus() - a set of CPUs, as 0-3,^1,7 or all
 *
 * Return: NULL, or what is wrong.
 */
const char *text_cpus(const char *text, uint64_t *mask);

/* The other way round, into @buffer. */
#define TEXT_CPUS_SIZE	256
const char *text_from_cpus(uint64_t mask, char *buffer);

/* 16 bytes from 8-4-4-4-12 hexadecimal digits (dashes may miss). */
bool text_uuid(const char *text, uint8_t uuid[16]);
#define TEXT_UUID_SIZE	37
const char *text_from_uuid(const uint8_t uuid[16], char *buffer);

/* Columns of a table: the field, its heading; ends with a field of NULL. */
struct column {
	const char *field, *heading;
};

/* One line a row, as wide as it must be; numbers to the right. */
void text_table(const json_t *rows, const struct column *columns);

/* "field: value" a line, for each field of an object. */
void text_fields(const json_t *object);

#endif
