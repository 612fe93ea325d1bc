// SPDX-License-Identifier: GPL-2.0
/* lmb: page faults, mappings, and the plain work that no hypervisor should change. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lmb.h"

#define ARENA_PAGES	1024UL

static char *arena_get(int flags)
{
	char *p = mmap(NULL, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	NEED(p != MAP_FAILED);
	return p;
}

/*
 * Touch the arena once a page, `n` pages in all, emptied untimed in between.
 * A stride that is odd visits every page of a power-of-two arena once.
 */
static int64_t touch(char *arena, long n, unsigned long stride)
{
	unsigned long i, pg;
	int64_t t = 0, t0;

	while (n > 0) {
		unsigned long batch = n < (long)ARENA_PAGES ? (unsigned long)n
							    : ARENA_PAGES;

		NEED(madvise(arena, ARENA_PAGES * PAGE, MADV_DONTNEED) == 0);
		t0 = lap_start();
		for (i = 0, pg = 0; i < batch; i++) {
			*(volatile char *)(arena + pg * PAGE) = 1;
			pg = (pg + stride) % ARENA_PAGES;
		}
		t += lap_end(t0);
		n -= batch;
	}
	return t;
}

static int64_t op_fault_anon(long n)
{
	char *arena = arena_get(0);
	int64_t t;

	madvise(arena, ARENA_PAGES * PAGE, MADV_NOHUGEPAGE);
	t = touch(arena, n, 37);
	munmap(arena, ARENA_PAGES * PAGE);
	return t;
}

static int64_t op_touch_seq(long n)
{
	char *arena = arena_get(0);
	int64_t t;

	t = touch(arena, n, 1);
	munmap(arena, ARENA_PAGES * PAGE);
	return t;
}

/* Sequential touch with 64 KiB folios, where the kernel has them. */
static int64_t op_touch_folio(long n)
{
	static const char knob[] =
		"/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled";
	int fd = open(knob, O_WRONLY);
	char *arena;
	int64_t t;

	if (fd < 0)
		give_up("SKIP no 64 KiB folios in this kernel or on this CPU");
	NEED(write(fd, "always", 6) == 6);
	arena = arena_get(0);
	madvise(arena, ARENA_PAGES * PAGE, MADV_HUGEPAGE);
	t = touch(arena, n, 1);
	munmap(arena, ARENA_PAGES * PAGE);
	NEED(write(fd, "never", 5) == 5);
	close(fd);
	return t;
}

static int64_t op_fault_file(long n)
{
	int fd = open(lmb_self, O_RDONLY);
	unsigned long pages, i;
	volatile char *p;
	struct stat st;
	int64_t t = 0, t0;

	NEED(fd >= 0 && fstat(fd, &st) == 0);
	pages = st.st_size / PAGE;
	while (n > 0) {
		unsigned long batch = n < (long)pages ? (unsigned long)n : pages;

		p = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		NEED(p != MAP_FAILED);
		madvise((void *)p, pages * PAGE, MADV_RANDOM);
		t0 = lap_start();
		for (i = 0; i < batch; i++)
			(void)p[i * PAGE];
		t += lap_end(t0);
		munmap((void *)p, pages * PAGE);
		n -= batch;
	}
	close(fd);
	return t;
}

/* Copy-on-write faults: a page shared with a child that does nothing. */
static int64_t op_fault_cow(long n)
{
	char *arena = arena_get(MAP_POPULATE);
	int64_t t = 0, t0;
	unsigned long i;
	int fds[2];
	pid_t pid;
	char c;

	while (n > 0) {
		unsigned long batch = n < 256 ? n : 256;

		NEED(pipe(fds) == 0);
		memset(arena, 1, batch * PAGE);
		pid = fork();
		NEED(pid >= 0);
		if (pid == 0) {
			close(fds[1]);
			_exit(read(fds[0], &c, 1) != 0);
		}
		close(fds[0]);
		t0 = lap_start();
		for (i = 0; i < batch; i++)
			*(volatile char *)(arena + i * PAGE) = 2;
		t += lap_end(t0);
		close(fds[1]);
		NEED(waitpid(pid, NULL, 0) == pid);
		n -= batch;
	}
	munmap(arena, ARENA_PAGES * PAGE);
	return t;
}

/* 1,024 present pages made read-only, the next time writable again. */
static int64_t op_mprotect(long n)
{
	unsigned long len = ARENA_PAGES * PAGE;
	char *arena = arena_get(0);
	int64_t t;

	madvise(arena, len, MADV_NOHUGEPAGE);
	memset(arena, 1, len);
	t = lap_start();
	while (n--)
		NEED(mprotect(arena, len,
			      n & 1 ? PROT_READ : PROT_READ | PROT_WRITE) == 0);
	t = lap_end(t);
	munmap(arena, len);
	return t;
}

static int64_t op_mmap_populate(long n)
{
	int64_t t = lap_start();
	void *p;

	while (n--) {
		p = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		NEED(p != MAP_FAILED);
		munmap(p, 256 * PAGE);
	}
	return lap_end(t);
}

static int64_t op_mmap_empty(long n)
{
	int64_t t = lap_start();
	void *p;

	while (n--) {
		p = mmap(NULL, 256 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
		NEED(p != MAP_FAILED);
		munmap(p, 256 * PAGE);
	}
	return lap_end(t);
}

/* What no hypervisor should change. */

static char copy_from[65536], copy_to[65536];

static int64_t op_memcpy(long n)
{
	int64_t t = lap_start();

	while (n--) {
		memcpy(copy_to, copy_from, sizeof(copy_to));
		asm volatile("" : : "r" (copy_to) : "memory");
	}
	return lap_end(t);
}

static int64_t op_arith(long n)
{
	uint64_t x = 88172645463325252ULL;
	int64_t t = lap_start();
	long i;

	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		x += x / (i | 3);
		asm volatile("" : "+r" (x));
	}
	return lap_end(t);
}

const struct op memory_ops[] = {
	{ "fault_anon", op_fault_anon, "page fault, anonymous, single" },
	{ "touch_seq", op_touch_seq, "page touched, sequential" },
	{ "touch_folio", op_touch_folio, "page touched, 64 KiB folios" },
	{ "fault_file", op_fault_file, "page touched, mapped file" },
	{ "fault_cow", op_fault_cow, "page fault, copy on write" },
	{ "mprotect", op_mprotect, "mprotect of 1,024 pages" },
	{ "mmap_populate", op_mmap_populate, "mmap+populate+munmap 1 MiB" },
	{ "mmap_empty", op_mmap_empty, "mmap+munmap 1 MiB, untouched" },
	{ "memcpy", op_memcpy, "memcpy of 64 KiB" },
	{ "arith", op_arith, "arithmetic" },
	{ 0 },
};
