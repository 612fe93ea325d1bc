// SPDX-License-Identifier: GPL-2.0
/*
 * The syntax of xl.cfg(5), as a parser by recursive descent:
 *
 *	file	= { setting | newline | ';' }
 *	setting	= key ( '=' | '+=' ) value ( newline | ';' | end )
 *	value	= string | number | '[' [ value { ',' value } [ ',' ] ] ']'
 *
 * A string stands between two ' or two " on one line and knows the escapes of
 * C. A comment goes from # to the end of the line. Inside of a list lines do
 * not end; elsewhere a line goes on after a \ at its end. += adds to a list,
 * or to the end of a string. The last setting of a key holds.
 *
 * Text is hostile: its size, the length of lists and their nesting are limited,
 * strings are UTF-8 without zeros. The first fault ends it, with its line.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define MAX_KEY		63
#define MAX_NAME	200	/* of a file's name, its end: places are kept, and sent */
#define PLACE_SIZE	(MAX_NAME + 32)

struct parser {
	const char *at, *end;
	unsigned int line;
	const char *name;
	json_t *places;		/* of the elements of the list that was read last */
	struct report *report;
};

static const char *place(const struct parser *p, unsigned int line, char text[PLACE_SIZE])
{
	size_t length = strlen(p->name), skip = length > MAX_NAME ? length - MAX_NAME : 0;

	/* Not from the middle of a character of UTF-8. */
	while (skip && (p->name[skip] & 0xc0) == 0x80)
		skip++;
	snprintf(text, PLACE_SIZE, "%s%s:%u", skip ? "..." : "", p->name + skip, line);
	return text;
}

static int fault(struct parser *p, unsigned int line, const char *action,
		 const char *cause)
{
	char object[PLACE_SIZE];

	return report_error(p->report, EXIT_CONFIG, "read configuration",
			    place(p, line, object), action, "%s", cause);
}

static int peek(const struct parser *p)
{
	return p->at < p->end ? (unsigned char)*p->at : EOF;
}

/* Skips blanks, comments and continued lines; in lists @newlines too. */
static void skip(struct parser *p, bool newlines)
{
	for (; p->at < p->end; p->at++) {
		if (*p->at == '#')
			while (p->at + 1 < p->end && p->at[1] != '\n')
				p->at++;
		else if (*p->at == '\\' && p->at + 1 < p->end &&
			 p->at[1] == '\n')
			p->at++, p->line++;
		else if (*p->at == '\n' && newlines)
			p->line++;
		else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\r')
			return;
	}
}

/* After a backslash: the byte that is meant, or -1. */
static int escape(struct parser *p)
{
	static const char names[] = "abfnrtv", codes[] = "\a\b\f\n\r\t\v";
	const char *name;
	int c = peek(p), value = 0, digits = 0;

	if (c == EOF || c == '\n')
		return -1;
	name = strchr(names, c);
	if (c == 'x') {
		for (p->at++; digits < 2 && isxdigit(peek(p));
		     digits++, p->at++)
			value = value * 16 +
				(isdigit(peek(p)) ?
					 peek(p) - '0' :
					 (peek(p) | 0x20) - 'a' + 10);
		return digits ? value : -1;
	}
	if (c >= '0' && c <= '7') {
		for (; digits < 3 && peek(p) >= '0' && peek(p) <= '7'; digits++)
			value = value * 8 + *p->at++ - '0';
		return value < 256 ? value : -1;
	}
	p->at++;
	return name ? codes[name - names] : c;
}

static json_t *parse_string(struct parser *p)
{
	char quote = *p->at++, *text = malloc(p->end - p->at + 1);
	size_t length = 0;
	json_t *string = NULL;
	int c;

	while (text && (c = peek(p)) != quote) {
		if (c == EOF || c == '\n') {
			fault(p, p->line,
			      "end the string on the line it starts on",
			      "a string has no end");
			goto out;
		}
		p->at++;
		if (c == '\\')
			c = escape(p);
		if (c <= 0) {
			fault(p, p->line, "write \\\\ for a backslash",
			      "a string holds a wrong escape, or a zero");
			goto out;
		}
		text[length++] = c;
	}
	p->at++;
	string = text ? json_stringn(text, length) : NULL;
	if (!string)
		fault(p, p->line, "write it in UTF-8", "a string is not UTF-8");
out:
	free(text);
	return string;
}

static json_t *parse_number(struct parser *p)
{
	char digits[32], *rest;
	size_t length = 0;
	long long value;

	while (isalnum(peek(p)) || peek(p) == '-') {
		if (length == sizeof(digits) - 1)
			break;
		digits[length++] = *p->at++;
	}
	digits[length] = 0;
	errno = 0;
	value = strtoll(digits, &rest, 0);
	if (!*rest && !errno)
		return json_integer(value);
	fault(p, p->line, "put strings between quotes", "this is not a number");
	return NULL;
}

static json_t *parse_value(struct parser *p, unsigned int nesting);

static int list_fault(struct parser *p, unsigned int first)
{
	return fault(p, peek(p) == EOF ? first : p->line,
		     "separate elements by commas, end the list with ]",
		     "a list has no end");
}

static json_t *parse_list(struct parser *p, unsigned int nesting)
{
	json_t *list = json_array(), *element;
	unsigned int first = p->line;
	char text[PLACE_SIZE];

	p->at++;
	for (;;) {
		skip(p, true);
		if (peek(p) == ']') {
			p->at++;
			return list;
		}
		if (json_array_size(list) == CONFIG_MAX_LIST)
			fault(p, p->line, NULL,
			      "a list has more than 256 elements");
		else if (peek(p) == EOF)
			list_fault(p, first);
		if (!nesting)
			json_array_append_new(p->places, text_printable(place(p, p->line, text)));
		element = p->report->error ? NULL : parse_value(p, nesting + 1);
		if (!element)
			break;
		json_array_append_new(list, element);
		skip(p, true);
		if (peek(p) == ',') {
			p->at++;
		} else if (peek(p) != ']') {
			list_fault(p, first);
			break;
		}
	}
	json_decref(list);
	return NULL;
}

static json_t *parse_value(struct parser *p, unsigned int nesting)
{
	int c = peek(p);

	if (c == '"' || c == '\'')
		return parse_string(p);
	if (c == '[' && nesting < CONFIG_MAX_NESTING)
		return parse_list(p, nesting);
	if (isdigit(c) || c == '-')
		return parse_number(p);
	fault(p, p->line, "write a number, a string in quotes or a list in [ ]",
	      c == '[' ? "lists are nested too deeply" : "there is no value");
	return NULL;
}

/* What += makes of @old (a new reference), or NULL if it cannot be. */
static json_t *add_up(json_t *old, json_t *value)
{
	json_t *sum;

	if (json_is_string(old) && json_is_string(value))
		return json_sprintf("%s%s", json_string_value(old),
				    json_string_value(value));
	if (!json_is_array(old) || !json_is_array(value))
		return NULL;
	sum = json_copy(old);
	json_array_extend(sum, value);
	return sum;
}

/* What the value of @entry += value gives; the reference to @value goes. */
static json_t *add_value(struct parser *p, const json_t *entry, json_t *value)
{
	json_t *sum = add_up(json_object_get(entry, "value"), value);
	json_t *places = json_copy(json_object_get(entry, "places"));

	json_decref(value);
	if (!sum)
		fault(p, p->line,
		      "add a list to a list, or a string to a string",
		      "+= does not fit what it was");
	/* Each element keeps the place where it stands. */
	json_array_extend(places, p->places);
	json_decref(p->places);
	p->places = places;
	return sum;
}

/* The value after = or +=; -1: there is none, or it does not fit. */
static int parse_assignment(struct parser *p, json_t *values, const char *key, bool add)
{
	const json_t *old = json_object_get(values, key);
	char text[PLACE_SIZE];
	json_t *value, *entry;

	place(p, p->line, text);
	p->places = json_array();
	value = parse_value(p, 0);
	if (value && add && old)
		value = add_value(p, old, value);
	if (value) {
		entry = json_pack("{so,so}", "value", value, "place", text_printable(text));
		if (json_is_array(value))
			json_object_set(entry, "places", p->places);
		json_object_set_new(values, key, entry);
	}
	json_decref(p->places);
	return value ? 0 : -1;
}

static int parse_setting(struct parser *p, json_t *values)
{
	char key[MAX_KEY + 1];
	size_t length = 0;
	bool add;

	while (isalnum(peek(p)) || peek(p) == '_') {
		if (length == MAX_KEY)
			return fault(p, p->line, NULL, "a key is too long");
		key[length++] = *p->at++;
	}
	key[length] = 0;
	skip(p, false);
	add = length && peek(p) == '+';
	p->at += add;
	if (!length || peek(p) != '=')
		return fault(p, p->line, "write key = value, one a line",
			     "this is not a setting");
	p->at++;
	skip(p, false);
	if (parse_assignment(p, values, key, add))
		return -1;
	skip(p, false);
	if (peek(p) != EOF && peek(p) != '\n' && peek(p) != ';')
		return fault(p, p->line,
			     "begin a new line, or write ; between them",
			     "something follows the value");
	return 0;
}

int syntax_parse(const char *text, size_t size, const char *name,
		 json_t *values, struct report *report)
{
	struct parser p = { text, text + size, 1, name, NULL, report };

	if (size > CONFIG_MAX_FILE)
		return fault(&p, 1, NULL, "it is larger than 64 KiB");
	for (;;) {
		skip(&p, true);
		if (peek(&p) == EOF)
			return 0;
		if (*p.at == ';')
			p.at++;
		else if (parse_setting(&p, values))
			return -1;
	}
}
