// SPDX-License-Identifier: GPL-2.0
/*
 * write: until it is killed, steps with numbers from 1 on. "DIR N" on standard output
 * says that all of step N is durable: each part was synchronised before. check: what
 * must be there after step LAST, whatever was begun later.
 *
 * A step:
 *	DIR/N		a new file, in two ways: written under its name, or under
 *			another one and renamed over an empty file
 *	DIR/log		a record more at its end
 *	DIR/slots	a block in the middle written again, in place
 *	DIR/N - KEEP	removed first: so file N may be missing only if file
 *			N + KEEP - 1 is there, the last of the step before
 *
 * What was reported last may be many steps behind what was done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main.h"
#include "pattern.h"

#define KEEP		96
#define MAX_WORDS	6000
#define SLOTS		32
#define BLOCK		4096
#define BLOCK_WORDS	(BLOCK / sizeof(uint64_t))
#define LOG_WORDS	5	/* no divisor of a block: records lie over their borders */

/* Each kind of content has keys of its own. */
enum { FILES = 1, LOG, BLOCKS };

static uint64_t key(uint64_t seed, int kind, uint64_t n)
{
	return pattern_key(mix(seed) + kind, n);
}

/* Words of file @n: from one to MAX_WORDS, small ones more often. */
static size_t words_of(uint64_t seed, uint64_t n)
{
	uint64_t x = key(seed, FILES, n);

	return 1 + x % (x >> 32 & 1 ? 64 : MAX_WORDS);
}

static void must(int ok, const char *what, const char *path)
{
	if (!ok)
		fail("%s %s: %s", what, path, strerror(errno));
}

static void put(int fd, const void *data, size_t len, off_t at, const char *path)
{
	ssize_t done = pwrite(fd, data, len, at);

	must(done >= 0, "write", path);
	if ((size_t)done != len)
		fail("write %s: only %zd of %zu bytes", path, done, len);
}

/* ---- write ---- */

static int open_for(const char *path, int flags)
{
	int fd = open(path, flags | O_RDWR | O_CLOEXEC, 0644);

	must(fd >= 0, "open", path);
	return fd;
}

static void new_file(uint64_t seed, uint64_t n, int dir)
{
	static uint64_t words[MAX_WORDS];
	size_t count = words_of(seed, n), half = count / 2;
	const char *path;
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%lu", n);
	path = n % 2 ? name : "new";
	if (n % 2 == 0)
		close(open_for(name, O_CREAT));
	pattern_fill(key(seed, FILES, n), 0, words, count);
	fd = open_for(path, O_CREAT | O_TRUNC);
	put(fd, words, half * sizeof(words[0]), 0, path);
	/* Some grow after a first synchronisation. */
	if (n % 3 == 0)
		must(!fsync(fd), "fsync", path);
	put(fd, words + half, (count - half) * sizeof(words[0]), half * sizeof(words[0]), path);
	must(!fsync(fd), "fsync", path);
	close(fd);
	if (path != name)
		must(!rename(path, name), "rename", path);
	must(!fsync(dir), "fsync", "directory");
}

static void step(uint64_t seed, uint64_t n, int dir, int log, int slots)
{
	uint64_t block[BLOCK_WORDS];
	char name[32];

	if (n > KEEP) {
		snprintf(name, sizeof(name), "%lu", n - KEEP);
		must(!unlink(name), "unlink", name);
	}
	new_file(seed, n, dir);
	pattern_fill(key(seed, LOG, n), 0, block, LOG_WORDS);
	put(log, block, LOG_WORDS * sizeof(block[0]), (n - 1) * LOG_WORDS * sizeof(block[0]), "log");
	must(!fdatasync(log), "fdatasync", "log");
	block[0] = n;
	pattern_fill(key(seed, BLOCKS, n), 0, block + 1, BLOCK_WORDS - 1);
	put(slots, block, BLOCK, n % SLOTS * BLOCK, "slots");
	must(!fdatasync(slots), "fdatasync", "slots");
}

int files_write(char **args)
{
	static const char zero[SLOTS * BLOCK];
	uint64_t seed = number(args[1]), n;
	int dir, log, slots;

	must(!mkdir(args[0], 0755), "mkdir", args[0]);
	must(!chdir(args[0]), "chdir", args[0]);
	sync();
	dir = open(".", O_RDONLY | O_CLOEXEC);
	must(dir >= 0, "open", args[0]);
	log = open_for("log", O_CREAT);
	slots = open_for("slots", O_CREAT);
	put(slots, zero, sizeof(zero), 0, "slots");
	must(!fsync(slots) && !fsync(log) && !fsync(dir), "fsync", args[0]);
	for (n = 1;; n++) {
		step(seed, n, dir, log, slots);
		dprintf(STDOUT_FILENO, "%s %lu\n", args[0], n);
	}
}

/* ---- check ---- */

/* The whole file at most; words read. */
static size_t get(const char *path, uint64_t *words, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	must(fd >= 0, "open", path);
	len = read(fd, words, max * sizeof(words[0]));
	must(len >= 0, "read", path);
	close(fd);
	if (len % sizeof(words[0]))
		fail("%s has %zd bytes", path, len);
	return len / sizeof(words[0]);
}

static void check_file(uint64_t seed, uint64_t n)
{
	static uint64_t words[MAX_WORDS + 1];
	size_t count = words_of(seed, n), found, at;
	char name[32], later[32];

	snprintf(name, sizeof(name), "%lu", n);
	snprintf(later, sizeof(later), "%lu", n + KEEP - 1);
	if (access(name, F_OK) && !access(later, F_OK))
		return;
	found = get(name, words, MAX_WORDS + 1);
	if (found != count)
		fail("file %lu has %zu words, not %zu", n, found, count);
	at = pattern_differs(key(seed, FILES, n), 0, words, count);
	if (at != count)
		fail("file %lu differs from word %zu of %zu on: it has %#lx", n, at, count,
		     words[at]);
}

static void check_log(uint64_t seed, uint64_t last)
{
	size_t max = (last + 2) * LOG_WORDS;
	uint64_t *words = malloc(max * sizeof(words[0])), n;

	if (!words)
		fail("no memory for the log");
	if (get("log", words, max) < last * LOG_WORDS)
		fail("the log has fewer than %lu records", last);
	for (n = 1; n <= last; n++)
		if (pattern_differs(key(seed, LOG, n), 0, words + (n - 1) * LOG_WORDS,
				    LOG_WORDS) != LOG_WORDS)
			fail("record %lu of the log differs", n);
	free(words);
}

/* A slot has its last durable block; only that of the step begun last may be any. */
static void check_slots(uint64_t seed, uint64_t last)
{
	static uint64_t words[SLOTS * BLOCK_WORDS + 1];
	uint64_t n, found;

	if (get("slots", words, SLOTS * BLOCK_WORDS + 1) != SLOTS * BLOCK_WORDS)
		fail("the file of slots has another size");
	for (n = last > SLOTS - 2 ? last - SLOTS + 2 : 1; n <= last; n++) {
		const uint64_t *block = words + n % SLOTS * BLOCK_WORDS;

		found = block[0];
		/* A later one may have come to it. */
		if (found < n || (found - n) % SLOTS)
			fail("slot %lu has block %lu, not %lu", n % SLOTS, found, n);
		if (found == n && pattern_differs(key(seed, BLOCKS, n), 0, block + 1,
						  BLOCK_WORDS - 1) != BLOCK_WORDS - 1)
			fail("block %lu in slot %lu differs", n, n % SLOTS);
	}
}

int files_check(char **args)
{
	uint64_t seed = number(args[1]), last = number(args[2]), n, first;

	/* Nothing was reported: nothing need be there. */
	if (!last)
		return 0;
	must(!chdir(args[0]), "chdir", args[0]);
	first = last > KEEP ? last - KEEP + 1 : 1;
	for (n = first; n <= last; n++)
		check_file(seed, n);
	check_log(seed, last);
	check_slots(seed, last);
	printf("intact: %lu files, %lu records\n", last + 1 - first, last);
	return 0;
}
