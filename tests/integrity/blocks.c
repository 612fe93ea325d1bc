// SPDX-License-Identifier: GPL-2.0
/*
 * blocks: workers write, read back and verify a disk at random, past the page cache,
 * each in a part of its own, until a line comes on standard input; then all of the
 * disk that was written is verified. Any error of the disk ends it. "writes N" is said
 * once a second, if every worker has got on since.
 *
 * A block holds its index and how often it was written before, which the worker
 * remembers: neither a lost write nor one in the wrong place passes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "main.h"
#include "pattern.h"

#define BLOCK		4096
#define BLOCK_WORDS	(BLOCK / sizeof(uint64_t))
#define MAX_WORKERS	16
#define MAX_BLOCKS	32	/* of a request */
#define FLUSH_EVERY	48	/* requests */

/* What workers tell their parent. */
struct shared {
	volatile bool stop;
	volatile uint64_t writes[MAX_WORKERS], reads[MAX_WORKERS];
};

struct worker {
	struct shared *shared;
	unsigned int index;
	int fd;
	uint64_t seed, dice;
	uint64_t first, nr;		/* blocks */
	uint32_t *times;		/* each was written */
	uint64_t *buffer;
};

static uint64_t roll(struct worker *w, uint64_t sides)
{
	w->dice = mix(w->dice);
	return w->dice % sides;
}

static void fill_block(const struct worker *w, uint64_t *block, uint64_t n)
{
	block[0] = w->first + n;
	block[1] = w->times[n];
	pattern_fill(pattern_key(w->seed + n, w->times[n]), 2, block + 2, BLOCK_WORDS - 2);
}

static void check_block(const struct worker *w, const uint64_t *block, uint64_t n)
{
	size_t at;

	if (!w->times[n])
		return;
	if (block[0] != w->first + n || block[1] != w->times[n])
		fail("block %lu, write %u: the disk has block %lu, write %lu", w->first + n,
		     w->times[n], block[0], block[1]);
	at = pattern_differs(pattern_key(w->seed + n, w->times[n]), 2, block + 2,
			     BLOCK_WORDS - 2);
	if (at != BLOCK_WORDS - 2)
		fail("block %lu, write %u differs from word %zu on", w->first + n, w->times[n],
		     at + 2);
}

static void write_some(struct worker *w, uint64_t n, uint64_t count)
{
	ssize_t done;
	uint64_t i;

	for (i = 0; i < count; i++) {
		w->times[n + i]++;
		fill_block(w, w->buffer + i * BLOCK_WORDS, n + i);
	}
	done = pwrite(w->fd, w->buffer, count * BLOCK, (w->first + n) * BLOCK);
	if (done != (ssize_t)(count * BLOCK))
		fail("write of %lu blocks at %lu: %s", count, w->first + n,
		     done < 0 ? strerror(errno) : "only a part");
	w->shared->writes[w->index]++;
}

static void read_some(struct worker *w, uint64_t n, uint64_t count)
{
	ssize_t done = pread(w->fd, w->buffer, count * BLOCK, (w->first + n) * BLOCK);
	uint64_t i;

	if (done != (ssize_t)(count * BLOCK))
		fail("read of %lu blocks at %lu: %s", count, w->first + n,
		     done < 0 ? strerror(errno) : "only a part");
	for (i = 0; i < count; i++)
		check_block(w, w->buffer + i * BLOCK_WORDS, n + i);
	w->shared->reads[w->index]++;
}

static _Noreturn void work(struct worker *w)
{
	uint64_t n, count, turn;

	for (turn = 1; !w->shared->stop; turn++) {
		count = 1 + roll(w, roll(w, 4) ? 4 : MAX_BLOCKS);
		n = roll(w, w->nr - count);
		if (roll(w, 3))
			write_some(w, n, count);
		else
			read_some(w, n, count);
		if (turn % FLUSH_EVERY == 0 && fdatasync(w->fd))
			fail("flush: %s", strerror(errno));
	}
	for (n = 0; n < w->nr; n += count) {
		count = w->nr - n < MAX_BLOCKS ? w->nr - n : MAX_BLOCKS;
		read_some(w, n, count);
	}
	exit(0);
}

static void start(const char *path, struct shared *shared, unsigned int index, unsigned int nr,
		  uint64_t seed)
{
	struct worker w = { .shared = shared, .index = index };
	uint64_t bytes;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid)
		return;
	w.fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (w.fd < 0 || ioctl(w.fd, BLKGETSIZE64, &bytes))
		fail("%s: %s", path, strerror(errno));
	w.nr = bytes / BLOCK / nr;
	w.first = index * w.nr;
	w.seed = w.dice = pattern_key(seed, index);
	w.times = calloc(w.nr, sizeof(w.times[0]));
	w.buffer = aligned_alloc(BLOCK, MAX_BLOCKS * BLOCK);
	if (!w.times || !w.buffer || w.nr <= MAX_BLOCKS)
		fail("not enough memory, or %s is too small", path);
	work(&w);
}

/* Say how far all are; true: a worker has ended. */
static bool report(struct shared *shared, unsigned int nr, uint64_t *last)
{
	uint64_t sum = 0;
	unsigned int i;
	bool all = true;

	for (i = 0; i < nr; i++) {
		all &= shared->writes[i] != last[i];
		sum += shared->writes[i];
	}
	if (!all)
		return waitpid(-1, NULL, WNOHANG) > 0;
	for (i = 0; i < nr; i++)
		last[i] = shared->writes[i];
	dprintf(STDOUT_FILENO, "writes %lu\n", sum);
	return waitpid(-1, NULL, WNOHANG) > 0;
}

int blocks_run(char **args)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	uint64_t last[MAX_WORKERS] = {}, nr = number(args[2]), writes = 0, reads = 0;
	struct shared *shared;
	unsigned int i;
	int status;

	if (!nr || nr > MAX_WORKERS)
		fail("from 1 to %u workers", MAX_WORKERS);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	for (i = 0; i < nr; i++)
		start(args[0], shared, i, nr, number(args[1]));
	while (!poll(&input, 1, 1000))
		if (report(shared, nr, last))
			fail("a worker ended");
	shared->stop = true;
	for (i = 0; i < nr; i++) {
		if (wait(&status) < 0 || status)
			fail("a worker ended with status %#x", status);
		writes += shared->writes[i];
		reads += shared->reads[i];
	}
	printf("verified: %lu writes, %lu reads\n", writes, reads);
	return 0;
}
