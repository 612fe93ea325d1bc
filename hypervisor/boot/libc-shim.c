// SPDX-License-Identifier: GPL-2.0
/*
 * A C library for liblzma, libzstd and zlib, for the time of one decompression.
 *
 * They are Debian's static libraries, built for user space: they may use SSE
 * (head.S set CR4.OSFXSR, no guest state exists yet), read the stack
 * protector's canary at %fs:40, have constructors, and call malloc(), a few times
 * for a kernel: each block is of whole pages from boot_alloc(). free() does
 * nothing, shim_end() releases everything at once.
 *
 * Locks: none; one pCPU runs.
 */
#include "base/string.h"
#include "boot/boot.h"
#include "boot/memory.h"
#include "machine/cpu.h"
#include "machine/directmap.h"

#define MAX_BLOCK	(1UL << 40)	/* so that sums do not overflow */

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void free(void *p);
void abort(void) __noreturn;
void __stack_chk_fail(void) __noreturn;
/* libzstd's tracing hooks: weak there, but absent is not within reach of a call. */
unsigned long long ZSTD_trace_decompress_begin(const void *ctx);
void ZSTD_trace_decompress_end(unsigned long long ctx, const void *trace);

extern void (*const init_array_start[])(void), (*const init_array_end[])(void);

static struct ranges before;
static bool ran_out;
/* The thread control block, as far as %fs:40 needs it. */
static u64 thread_block[8] = { [5] = 0x5bd1e995a7c4f300 };

void *malloc(size_t size)
{
	paddr_t pa = size <= MAX_BLOCK ? boot_alloc(max(size, 1UL), ~0UL) : 0;

	if (!pa)
		ran_out = true;
	return pa ? paddr_to_virt(pa) : NULL;
}

void *calloc(size_t n, size_t size)
{
	size_t total;
	void *p;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	p = malloc(total);
	return p ? memset(p, 0, total) : NULL;
}

void free(void *p)
{
}

void abort(void)
{
	boot_fail("a decompressor stopped on an internal error: use another kernel");
}

void __stack_chk_fail(void)
{
	boot_fail("a decompressor overran its stack: the kernel module is hostile");
}

unsigned long long ZSTD_trace_decompress_begin(const void *ctx)
{
	return 0;	/* not traced: there will be no end */
}

void ZSTD_trace_decompress_end(unsigned long long ctx, const void *trace)
{
}

void shim_begin(void)
{
	void (*const *ctor)(void);

	before = boot_free;
	ran_out = false;
	wrmsr(MSR_FS_BASE, (u64)thread_block);
	for (ctor = init_array_start; ctor < init_array_end; ctor++)
		(*ctor)();
}

bool shim_end(void)
{
	wrmsr(MSR_FS_BASE, 0);
	boot_free = before;
	return !ran_out;
}
