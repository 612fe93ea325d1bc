// SPDX-License-Identifier: GPL-2.0
/* Small things about text. Nothing here keeps state. */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *text_printable(const char *text)
{
	char *copy = strdup(text);
	json_t *string;
	char *c;

	for (c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	string = json_string(copy);
	for (c = copy; !string && *c; c++)
		if (*c & 0x80)
			*c = '?';
	if (!string)
		string = json_string(copy);
	free(copy);
	return string;
}

bool text_number(const char *text, uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	char *end;

	if (hex ? !isxdigit((unsigned char)text[2]) :
		  !isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, hex ? 16 : 10);
	return !*end && !errno;
}

#define MAX_WORD	63

unsigned int text_distance(const char *a, const char *b)
{
	unsigned int row[3][MAX_WORD + 1];	/* two back, last, this one */
	size_t n = strlen(a), m = strlen(b), i, j;

	if (n > MAX_WORD || m > MAX_WORD)
		return 100;
	for (j = 0; j <= m; j++)
		row[1][j] = j;
	for (i = 1; i <= n; i++) {
		row[2][0] = i;
		for (j = 1; j <= m; j++) {
			unsigned int best =
				row[1][j - 1] + (a[i - 1] != b[j - 1]);

			if (row[1][j] + 1 < best)
				best = row[1][j] + 1;
			if (row[2][j - 1] + 1 < best)
				best = row[2][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && row[0][j - 2] + 1 < best)
				best = row[0][j - 2] + 1;
			row[2][j] = best;
		}
		memmove(row[0], row[1], 2 * sizeof(row[0]));
	}
	return row[1][m];
}

bool text_is_near(const char *typed, unsigned int distance)
{
	return distance <= strlen(typed) / 3;
}

/* One number of a list of CPUs; moves on. */
static bool cpu_number(const char **text, unsigned int *cpu)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	*cpu = strtoul(*text, &end, 10) < 64 ? strtoul(*text, NULL, 10) : 64;
	*text = end;
	return true;
}

const char *text_cpus(const char *text, uint64_t *mask)
{
	unsigned int first, last;
	uint64_t range;
	bool without;

	*mask = 0;
	if (!strcmp(text, "all")) {
		*mask = ~0UL;
		return NULL;
	}
	for (;;) {
		without = *text == '^';
		text += without;
		if (!cpu_number(&text, &first))
			return "it is not a list of CPUs like 0-3,^1,7 or all";
		last = first;
		if (*text == '-' && (text++, !cpu_number(&text, &last)))
			return "a range of CPUs has no end";
		if (first > last || last >= 64)
			return "CPUs are numbered from 0 to 63, ranges go upwards";
		range = (~0UL >> (63 - last)) & (~0UL << first);
		*mask = without ? *mask & ~range : *mask | range;
		if (!*text)
			return *mask ? NULL : "no CPU is left in it";
		if (*text++ != ',')
			return "it is not a list of CPUs like 0-3,^1,7 or all";
	}
}

const char *text_from_cpus(uint64_t mask, char *buffer)
{
	unsigned int first, last;
	char *end = buffer;

	*buffer = 0;
	if (mask == ~0UL)
		return strcpy(buffer, "all");
	for (first = 0; first < 64; first = last + 1) {
		last = first;
		if (!(mask >> first & 1))
			continue;
		while (last < 63 && mask >> (last + 1) & 1)
			last++;
		end += sprintf(end, end == buffer ? "%u" : ",%u", first);
		if (last > first)
			end += sprintf(end, "-%u", last);
	}
	return buffer;
}

bool text_uuid(const char *text, uint8_t uuid[16])
{
	static const char digits[] = "0123456789abcdef";
	const char *digit;
	int i = 0;

	memset(uuid, 0, 16);
	for (; *text; text++) {
		if (*text == '-' && i && !(i & 1))
			continue;
		digit = strchr(digits, tolower((unsigned char)*text));
		if (!digit || i >= 32)
			return false;
		uuid[i / 2] |= (digit - digits) << (i & 1 ? 0 : 4);
		i++;
	}
	return i == 32;
}

const char *text_from_uuid(const uint8_t uuid[16], char *buffer)
{
	char *end = buffer;
	int i;

	for (i = 0; i < 16; i++)
		end += sprintf(end,
			       i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" :
								       "%02x",
			       uuid[i]);
	return buffer;
}

#define CELL	64

/* What a value looks like in a table. */
static void print_cell(const json_t *value, char cell[CELL])
{
	if (json_is_string(value))
		snprintf(cell, CELL, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(cell, CELL, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else if (json_is_boolean(value))
		strcpy(cell, json_is_true(value) ? "yes" : "no");
	else
		strcpy(cell, "-");
}

#define MAX_COLUMNS	16

void text_table(const json_t *rows, const struct column *columns)
{
	int width[MAX_COLUMNS], c, length;
	bool right[MAX_COLUMNS];
	char cell[CELL];
	json_t *row, *value;
	size_t i;

	for (c = 0; columns[c].field; c++) {
		width[c] = strlen(columns[c].heading);
		right[c] = json_array_size(rows);
		json_array_foreach(rows, i, row)
		{
			value = json_object_get(row, columns[c].field);
			print_cell(value, cell);
			length = strlen(cell);
			width[c] = length > width[c] ? length : width[c];
			right[c] &= !json_is_string(value);
		}
	}
	for (c = 0; columns[c].field; c++)
		printf("%s%*s", c ? "  " : "",
		       right[c]		    ? width[c] :
		       columns[c + 1].field ? -width[c] :
					      0,
		       columns[c].heading);
	putchar('\n');
	json_array_foreach(rows, i, row)
	{
		for (c = 0; columns[c].field; c++) {
			print_cell(json_object_get(row, columns[c].field),
				   cell);
			printf("%s%*s", c ? "  " : "",
			       right[c]		    ? width[c] :
			       columns[c + 1].field ? -width[c] :
						      0,
			       cell);
		}
		putchar('\n');
	}
}

void text_fields(const json_t *object)
{
	const char *key;
	json_t *value;
	char cell[CELL];
	int width = 0;

	json_object_foreach((json_t *)object, key,
			    value) if ((int)strlen(key) > width) width =
		strlen(key);
	json_object_foreach((json_t *)object, key, value)
	{
		if (json_is_object(value) || json_is_array(value))
			continue;
		print_cell(value, cell);
		printf("%-*s  %s\n", width, key,
		       json_is_string(value) ? json_string_value(value) : cell);
	}
}
