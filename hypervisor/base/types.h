/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixed-width types, typed frame numbers and compiler attributes.
 *
 * mfn_t, a machine frame, is a one-word struct so that the compiler refuses to mix
 * it with other numbers: a pfn is the guest's own linear numbering.
 */
#ifndef RINGLET_BASE_TYPES_H
#define RINGLET_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 paddr_t;	/* machine address, bytes */
typedef u64 vaddr_t;	/* linear address, bytes */

typedef struct { u64 v; } mfn_t;

#define MFN(x)		((mfn_t){ (x) })
#define INVALID_MFN	MFN(~0ULL)

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
	return a.v == b.v;
}

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))

static inline paddr_t mfn_to_paddr(mfn_t mfn)
{
	return mfn.v << PAGE_SHIFT;
}

static inline mfn_t paddr_to_mfn(paddr_t pa)
{
	return MFN(pa >> PAGE_SHIFT);
}

/* sparse: device registers are another address space and never dereferenced. */
#ifdef __CHECKER__
#define __force		__attribute__((force))
#define __iomem		__attribute__((noderef, address_space(2)))
#else
#define __force
#define __iomem
#endif

#define __must_check	__attribute__((warn_unused_result))
#define __noreturn	__attribute__((noreturn))
#define __packed	__attribute__((packed))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __section(s)	__attribute__((section(s)))

/* Code and data that only boot needs; the frames are freed afterwards. */
#define __init		__section(".init.text") __attribute__((cold))
#define __initdata	__section(".init.data")
#define __ro_after_init	__section(".data.ro_after_init")

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1ULL << (n))
#define ALIGN_UP(x, a)	(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define min(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); \
		     a_ < b_ ? a_ : b_; })
#define max(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); \
		     a_ > b_ ? a_ : b_; })
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* *@p becomes @new if it is *@old, which else becomes what it was; a full barrier. */
#define try_exchange(p, old, new) \
	__atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier()	__asm__ __volatile__("" ::: "memory")
/* x86 is TSO: only a store followed by a load needs a fence. */
#define smp_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()	barrier()
#define smp_wmb()	barrier()

#endif
