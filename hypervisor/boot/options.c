// SPDX-License-Identifier: GPL-2.0
/*
 * Command-line options, by one table.
 *
 * Words are separated by blanks; a word is name or name=value; the last one of
 * a name wins. A handler returns false if the value is malformed. Spellings
 * follow Xen's (docs/misc/xen-command-line of Xen 4.17), so that a boot entry
 * for Xen works here. Pure but for the setters of other rooms: also built into
 * host unit tests.
 */
#include "boot/options.h"
#include "base/string.h"
#include "console/printk.h"
#include "machine/cpu-features.h"
#include "machine/serial.h"

#define MAX_WORD 128
#define LEVELS	"none, error, warning, info, debug or all"

struct boot_options boot_options;

struct option {
	const char *name;
	bool (*set)(const char *value);	/* NULL value: no "=" */
	const char *expects;
	bool early;	/* decides how and whether the first lines are shown */
};

/* The next item of a list, up to a comma; NULL at its end. */
static const char *next_item(const char **list, size_t *n)
{
	const char *item = *list, *comma = item ? strchr(item, ',') : NULL;

	if (item)
		*n = comma ? (size_t)(comma - item) : strlen(item);
	*list = comma ? comma + 1 : NULL;
	return item;
}

static bool value_is(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && !strncmp(s, word, n);
}

static bool parse_bool(const char *value, bool *to)
{
	static const char *const yes[] = { "yes", "on", "true", "enable", "1" };
	static const char *const no[] = { "no", "off", "false", "disable", "0" };
	size_t i;

	if (!value) {
		*to = true;
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcmp(value, yes[i]) || !strcmp(value, no[i])) {
			*to = !strcmp(value, yes[i]);
			return true;
		}
	}
	return false;
}

static bool parse_u32(const char *value, u32 low, u32 high, u32 *to)
{
	const char *end;
	u64 v;

	if (!value)
		return false;
	v = parse_u64(value, &end);
	if (end == value || *end || v < low || v > high)
		return false;
	*to = v;
	return true;
}

static unsigned int size_shift(char c)
{
	switch (c) {
	case 'b': case 'B':
		return 0;
	case 'k': case 'K':
		return 10;
	case 'm': case 'M':
		return 20;
	case 'g': case 'G':
		return 30;
	case 't': case 'T':
		return 40;
	}
	return 64;
}

/* "512M", "-64M", "1G": true if all of @n characters are a size. */
static bool parse_mem_size(const char *s, size_t n, struct mem_size *size)
{
	const char *limit = s + n, *end;
	unsigned int shift = 10;	/* no suffix: KiB, as Xen */
	struct mem_size new = { .given = true };
	u64 v;

	if (n && *s == '-') {
		new.all_but = true;
		s++;
	}
	if (s == limit || *s < '0' || *s > '9')
		return false;
	v = parse_u64(s, &end);
	if (end > limit)
		return false;
	if (end < limit) {
		shift = size_shift(*end++);
		if (shift == 64)
			return false;
	}
	if (end != limit || v > (~0UL >> 8) >> shift)
		return false;
	new.bytes = v << shift;
	*size = new;
	return true;
}

/* One part of dom0_mem=: SIZE, min:SIZE or max:SIZE. */
static bool set_dom0_mem_part(const char *s, size_t n, struct boot_options *o)
{
	if (n > 4 && !strncmp(s, "min:", 4))
		return parse_mem_size(s + 4, n - 4, &o->dom0_mem_min);
	if (n > 4 && !strncmp(s, "max:", 4))
		return parse_mem_size(s + 4, n - 4, &o->dom0_mem_max);
	return parse_mem_size(s, n, &o->dom0_mem);
}

static bool set_dom0_mem(const char *value)
{
	struct boot_options new = boot_options;
	const char *part;
	size_t n;

	if (!value)
		return false;
	while ((part = next_item(&value, &n)))
		if (!set_dom0_mem_part(part, n, &new))
			return false;
	boot_options = new;
	return true;
}

/* MAX, or MIN-MAX with either part left out. */
static bool set_dom0_max_vcpus(const char *value)
{
	const char *end;
	u64 low, high;

	if (!value)
		return false;
	low = parse_u64(value, &end);
	if (*end == '-') {
		value = end + 1;
		high = parse_u64(value, &end);
		if (end == value)
			high = 1024;
	} else {
		high = low;
	}
	if (*end || !high || low > high || high > 1024)
		return false;
	boot_options.dom0_vcpus_min = low;
	boot_options.dom0_vcpus_max = high;
	return true;
}

static bool set_maxcpus(const char *value)
{
	return parse_u32(value, 1, 1024, &boot_options.maxcpus);
}

static bool set_nosmp(const char *value)
{
	bool on;

	if (!parse_bool(value, &on))
		return false;
	if (on)
		boot_options.maxcpus = 1;
	return true;
}

static bool set_noreboot(const char *value)
{
	return parse_bool(value, &opt_noreboot);
}

static bool set_loglvl(const char *value)
{
	return value && console_set_levels(value, NULL);
}

static bool set_guest_loglvl(const char *value)
{
	return value && console_set_levels(NULL, value);
}

static bool set_com1(const char *value)
{
	return value && serial_configure(value);
}

/* A list of devices; com1 is the only one there is. */
static bool set_console(const char *value)
{
	const char *device;
	size_t n;

	while ((device = next_item(&value, &n)))
		if (value_is(device, n, "com1"))
			return true;
	return false;
}

static const struct option options[] = {
	{ "console", set_console, "com1 (the only console there is)", false },
	{ "com1", set_com1, "BAUD,8n1[,PORT[,IRQ]]", true },
	{ "dom0_mem", set_dom0_mem, "[min:SIZE,][max:SIZE,][SIZE]", false },
	{ "dom0_max_vcpus", set_dom0_max_vcpus, "MAX or MIN-MAX", false },
	{ "loglvl", set_loglvl, LEVELS, true },
	{ "guest_loglvl", set_guest_loglvl, LEVELS, true },
	{ "noreboot", set_noreboot, "nothing, or a boolean", false },
	{ "maxcpus", set_maxcpus, "1 to 1024", false },
	{ "nosmp", set_nosmp, "nothing, or a boolean", false },
};

static const struct option *find_option(const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (value_is(name, n, options[i].name))
			return &options[i];
	return NULL;
}

static void take_word(const char *word, bool early)
{
	const char *eq = strchr(word, '='), *value = eq ? eq + 1 : NULL;
	const struct option *o =
		find_option(word, eq ? (size_t)(eq - word) : strlen(word));

	if (early) {
		if (o && o->early)
			(void)o->set(value);
	} else if (!o) {
		printk(LOG_WARNING,
		       "ringlet: boot: unknown option \"%s\" has no effect", word);
	} else if (!o->set(value)) {
		printk(LOG_WARNING,
		       "ringlet: boot: option \"%s\" has no effect: %s expects %s",
		       word, o->name, o->expects);
	}
}

/* The next word of *@line, in @word; false at the end. */
static bool next_word(const char **line, char word[MAX_WORD])
{
	const char *s = *line;
	size_t n = 0, kept;

	while (*s == ' ' || *s == '\t')
		s++;
	while (s[n] && s[n] != ' ' && s[n] != '\t')
		n++;
	*line = s + n;
	kept = min(n, (size_t)MAX_WORD - 1);
	memcpy(word, s, kept);
	word[kept] = 0;
	return n != 0;
}

void options_parse(const char *line, bool early)
{
	char word[MAX_WORD];

	while (next_word(&line, word))
		take_word(word, early);
}
