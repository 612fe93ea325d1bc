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

#define MAX_WORD	128
#define MAX_COUNT	1024	/* of CPUs that anyone may ask for */
#define LEVELS	"none, error, warning, info, debug or all"

struct boot_options boot_options;

struct option {
	const char *name;
	bool (*set)(const char *value);
	const char *expects;
	enum {
		EARLY = 1,	/* decides how and whether the first lines are shown */
		BARE = 2,	/* may come without "=": the value is then NULL */
	} flags;
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

static bool list_has(const char *list, const char *word)
{
	const char *item;
	size_t n;

	while ((item = next_item(&list, &n)))
		if (value_is(item, n, word))
			return true;
	return false;
}

static bool parse_bool(const char *value, bool *to)
{
	bool yes = !value || list_has("yes,on,true,enable,1", value);

	if (!yes && !list_has("no,off,false,disable,0", value))
		return false;
	*to = yes;
	return true;
}

/* "512M", "-64M", "1G": true if all of @n characters are a size. */
static bool parse_mem_size(const char *s, size_t n, struct mem_size *size)
{
	static const char letters[] = "bkmgt";
	struct mem_size new = { .given = true, .all_but = n && *s == '-' };
	const char *limit = s + n, *end, *letter;
	unsigned int shift = 10;	/* no suffix: KiB, as Xen */
	u64 v;

	s += new.all_but;
	v = parse_u64(s, &end);
	if (end == s || end > limit)
		return false;
	if (end < limit) {
		letter = strchr(letters, *end++ | 0x20);
		if (!letter)
			return false;
		shift = 10 * (letter - letters);
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

	while ((part = next_item(&value, &n)))
		if (!set_dom0_mem_part(part, n, &new))
			return false;
	boot_options = new;
	return true;
}

static bool parse_count(const char *value, u32 *to)
{
	const char *end;
	u64 n = parse_u64(value, &end);

	if (*end || !n || n > MAX_COUNT)
		return false;
	*to = n;
	return true;
}

static bool set_dom0_max_vcpus(const char *value)
{
	return parse_count(value, &boot_options.dom0_max_vcpus);
}

static bool set_maxcpus(const char *value)
{
	return parse_count(value, &boot_options.maxcpus);
}

static bool set_noreboot(const char *value)
{
	return parse_bool(value, &opt_noreboot);
}

static bool set_loglvl(const char *value)
{
	return console_set_level(false, value);
}

static bool set_guest_loglvl(const char *value)
{
	return console_set_level(true, value);
}

/* A list of devices; com1 is the only one there is. */
static bool set_console(const char *value)
{
	return list_has(value, "com1");
}

static const struct option options[] = {
	{ "console", set_console, "com1 (the only console there is)", 0 },
	{ "com1", serial_configure, "BAUD,8n1[,PORT[,IRQ]]", EARLY },
	{ "dom0_mem", set_dom0_mem, "[min:SIZE,][max:SIZE,][SIZE]", 0 },
	{ "dom0_max_vcpus", set_dom0_max_vcpus, "1 to 1024", 0 },
	{ "loglvl", set_loglvl, LEVELS, EARLY },
	{ "guest_loglvl", set_guest_loglvl, LEVELS, EARLY },
	{ "noreboot", set_noreboot, "nothing, or a boolean", EARLY | BARE },
	{ "maxcpus", set_maxcpus, "1 to 1024", 0 },
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
	const struct option *o = find_option(word, eq ? (size_t)(eq - word) : strlen(word));
	bool taken;

	if (early && (!o || !(o->flags & EARLY)))
		return;
	taken = o && (value || o->flags & BARE) && o->set(value);
	if (early || taken)
		return;
	if (o)
		printk(LOG_WARNING, "ringlet: boot: option \"%s\" has no effect: %s expects %s",
		       word, o->name, o->expects);
	else
		printk(LOG_WARNING, "ringlet: boot: unknown option \"%s\" has no effect", word);
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
