// SPDX-License-Identifier: GPL-2.0
/*
 * Stores to a table that is mapped read-only: emulated with full validation, or a page fault.
 * Xen sets G in user entries, so comparisons leave G out.
 */
#include "guest.h"

static volatile ulong *slot(void)
{
	return (volatile ulong *)pfn_va(user_l1_pfn) + ((USER_SPARE >> PAGE_SHIFT) & 511);
}

static ulong good_pte(ulong pfn)
{
	return pfn_pte(pfn, PTE_USER);
}

CASE(trapped_mov)
{
	ulong pfn = alloc_pfn();
	struct fault f;

	TRY(f)
		*slot() = good_pte(pfn);
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(*slot() & ~PTE_G, good_pte(pfn));
	*(volatile u32 *)USER_SPARE = 9;
	EXPECT_EQ(*(volatile u32 *)pfn_va(pfn), 9);
	TRY(f)
		*slot() = 0;
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(*slot(), 0);
	mmuext1(MMUEXT_TLB_FLUSH_LOCAL, 0);
	free_pfn(pfn);
}

CASE(trapped_mov_immediate)
{
	struct fault f;

	TRY(f)
		asm volatile("movq $0x7ffffff0, (%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(*slot(), 0x7ffffff0);
	TRY(f)
		asm volatile("movq $0, (%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(*slot(), 0);
}

CASE(trapped_mov_addressing)
{
	struct fault f;
	volatile ulong *t = pfn_va(user_l1_pfn);
	ulong index = (USER_SPARE >> PAGE_SHIFT) & 511;

	TRY(f)
		asm volatile("mov %0, -0x100(%1,%2,8)"
			     : : "r"(0x1000ul), "r"(t), "r"(index + 32) : "memory");
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(*slot(), 0x1000);
	TRY(f)
		asm volatile("mov %0, %%r13; mov %%r13, (%1)"
			     : : "r"(0ul), "r"(slot()) : "r13", "memory");
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(*slot(), 0);
}

CASE(trapped_xchg)
{
	ulong pfn = alloc_pfn();
	volatile ulong v = good_pte(pfn);
	struct fault f;

	TRY(f) {
		ulong x = v;

		asm volatile("xchg %0, (%1)" : "+r"(x) : "r"(slot()) : "memory");
		v = x;
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(v, 0);
	EXPECT_EQ(*slot() & ~PTE_G, good_pte(pfn));
	TRY(f) {
		ulong x = 0;

		asm volatile("xchg %0, (%1)" : "+r"(x) : "r"(slot()) : "memory");
		v = x;
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(v & ~PTE_G, good_pte(pfn));
	EXPECT_EQ(*slot(), 0);
	mmuext1(MMUEXT_TLB_FLUSH_LOCAL, 0);
	free_pfn(pfn);
}

static bool cmpxchg(volatile ulong *p, ulong *old, ulong new)
{
	bool ok;

	asm volatile("lock cmpxchg %3, %1" : "=@ccz"(ok), "+m"(*p), "+a"(*old) : "r"(new)
		     : "memory");
	return ok;
}

CASE(trapped_cmpxchg)
{
	ulong pfn = alloc_pfn();
	volatile bool ok = false;
	volatile ulong seen = 0;
	struct fault f;

	TRY(f) {
		ulong old = 0;

		ok = cmpxchg(slot(), &old, good_pte(pfn));
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT(ok);
	EXPECT_EQ(*slot() & ~PTE_G, good_pte(pfn));
	TRY(f) {
		ulong old = 0x5000;

		ok = cmpxchg(slot(), &old, 0);
		seen = old;
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT(!ok);
	EXPECT_EQ(seen & ~PTE_G, good_pte(pfn));
	TRY(f) {
		ulong old = *slot();

		ok = cmpxchg(slot(), &old, 0);
	}
	EXPECT(ok);
	EXPECT_EQ(*slot(), 0);
	mmuext1(MMUEXT_TLB_FLUSH_LOCAL, 0);
	free_pfn(pfn);
}

CASE(trapped_locked_bits)
{
	ulong pfn = alloc_pfn();
	volatile bool was = false;
	struct fault f;

	user_map(USER_SPARE, good_pte(pfn));
	TRY(f) {
		bool c;

		asm volatile("lock btrq $1, (%1)" : "=@ccc"(c) : "r"(slot()) : "memory");
		was = c;
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT(was);
	EXPECT_EQ(*slot() & PTE_RW, 0);
	TRY(f) {
		bool c;

		asm volatile("lock btsq %2, (%1)" : "=@ccc"(c) : "r"(slot()), "r"(1ul) : "memory");
		was = c;
	}
	EXPECT_EQ(f.vec, -1);
	EXPECT(!was);
	EXPECT(*slot() & PTE_RW);
	TRY(f)
		asm volatile("lock andq $~0x40, (%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(f.vec, -1);
	EXPECT_EQ(*slot() & PTE_D, 0);
	TRY(f)
		asm volatile("lock orq $0x40, (%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(f.vec, -1);
	EXPECT(*slot() & PTE_D);
	user_map(USER_SPARE, 0);
	free_pfn(pfn);
}

/* Parts of an entry: written, with the result validated as a whole, or refused; never half. */
CASE(trapped_narrow)
{
	struct fault f;

	TRY(f)
		asm volatile("movl $0x5a5a5a50, (%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(*slot(), f.vec == -1 ? 0x5a5a5a50 : 0);
	user_map(USER_SPARE, 0);
	TRY(f)
		asm volatile("movl $0x5a5a, 4(%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(*slot(), f.vec == -1 ? 0x5a5a00000000 : 0);
	user_map(USER_SPARE, 0);
	TRY(f)
		asm volatile("movw $0x5a50, 2(%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(*slot(), f.vec == -1 ? 0x5a500000 : 0);
	user_map(USER_SPARE, 0);
	TRY(f)
		asm volatile("movb $0x5a, 1(%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(*slot(), f.vec == -1 ? 0x5a00 : 0);
	user_map(USER_SPARE, 0);
}

/* A byte store must not turn a valid entry into one that was never validated. */
CASE(trapped_narrow_makes_invalid)
{
	ulong foreign = mfn_ma(mfn_of_hypervisor());
	struct fault f;

	EXPECT_EQ(user_map(USER_SPARE, foreign | (PTE_USER & ~PTE_P)), 0);
	TRY(f)
		asm volatile("movb $0x67, (%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(*slot() & PTE_P, 0);
	TRY(f)
		asm volatile("lock btsq $0, (%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(*slot() & PTE_P, 0);
	TRY(f)
		asm volatile("lock orb $1, (%0)" : : "r"(slot()) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(*slot() & PTE_P, 0);
	user_map(USER_SPARE, 0);
}

/* Two neighbours changed by one store. */
CASE(trapped_unaligned)
{
	struct fault f;
	volatile ulong *s = slot();

	TRY(f)
		asm volatile("movq %0, 4(%1)" : : "r"(0x1122334400000000ul), "r"(s) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(s[0], 0);
	EXPECT_EQ(s[1], 0);
	TRY(f)
		asm volatile("movl %0, 6(%1)" : : "r"(0x11223344), "r"(s) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(s[0], 0);
	EXPECT_EQ(s[1], 0);
}

/* From a plain page into a table behind it, and out of one. */
CASE(trapped_page_crossing)
{
	ulong *page = pfn_va(user_l1_pfn);
	struct fault f;
	ulong first = page[0], last = page[511];

	TRY(f)
		asm volatile("movq %0, -4(%1)" : : "r"(0x0000010100000000ul), "r"(page) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(page[0], first);
	TRY(f)
		asm volatile("movq %0, 4092(%1)" : : "r"(0x1ul), "r"(page) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(page[511], last);
}

CASE(trapped_invalid_values)
{
	const ulong bad[] = {
		mfn_ma(mfn_of_hypervisor()) | PTE_USER,
		0x000ffffffffff000 | PTE_USER,
		pfn_pte(user_l1_pfn, PTE_USER),
		pfn_pte(kernel_l4_pfn, PTE_USER),
	};
	unsigned int i;
	struct fault f;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		TRY(f)
			*slot() = bad[i];
		EXPECT_EQ(f.vec, X_PF);
		EXPECT_EQ(f.cr2, (ulong)slot());
		EXPECT_EQ(*slot(), 0);
		TRY(f) {
			ulong x = bad[i];

			asm volatile("xchg %0, (%1)" : "+r"(x) : "r"(slot()) : "memory");
		}
		EXPECT_EQ(f.vec, X_PF);
		EXPECT_EQ(*slot(), 0);
		TRY(f) {
			ulong old = 0;

			cmpxchg(slot(), &old, bad[i]);
		}
		EXPECT_EQ(f.vec, X_PF);
		EXPECT_EQ(*slot(), 0);
	}
}

/* Higher levels are no different: a value that would be refused never lands. */
CASE(trapped_upper_levels)
{
	ulong l2 = table_alloc(), l4 = table_alloc();
	volatile ulong *t2 = pfn_va(l2), *t4 = pfn_va(l4);
	struct fault f;

	EXPECT_EQ(mmuext1(MMUEXT_PIN_L2_TABLE, pfn_mfn(l2)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L4_TABLE, pfn_mfn(l4)), 0);
	TRY(f)
		t2[0] = PTE_KERN | PTE_PSE;
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(t2[0], 0);
	TRY(f)
		t4[0] = pfn_pte(l4, PTE_TABLE);
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(t4[0], 0);
	TRY(f)
		t4[256] = 0;
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l2)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l4)), 0);
	EXPECT_EQ(table_free(l2), 0);
	EXPECT_EQ(table_free(l4), 0);
}

/* Instructions that are not on the white list fault and store nothing. */
CASE(trapped_other_instructions)
{
	struct fault f;

	TRY(f)
		asm volatile("rep stosq" : : "D"(slot()), "c"(2ul), "a"(0x1000ul) : "memory");
	if (f.vec != -1)
		EXPECT_EQ(*slot(), 0);
	else
		EXPECT_EQ(*slot(), 0x1000);
	EXPECT_EQ(slot()[1], *slot());
	user_map(USER_SPARE, 0);
	user_map(USER_SPARE + PAGE_SIZE, 0);
	TRY(f)
		asm volatile("cmpxchg16b (%0)" : : "r"((ulong)slot() & ~15ul), "a"(0), "d"(0),
			     "b"(0x1000ul), "c"(0x2000ul) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(*slot(), 0);
}

/* From ring 3, the table mapped there read-only: always a fault. */
USER_SNIPPET(user_store, "mov %rax, (%rdi); syscall");
CASE(trapped_from_user)
{
	struct user u;

	EXPECT_EQ(user_map(USER_SPARE, pfn_pte(user_l1_pfn, PTE_USER & ~PTE_RW)), 0);
	user_prepare(&u);
	u.regs.rdi = USER_SPARE + 511 * 8;
	u.regs.rax = 0x1000;
	user_run(&u, user_store);
	EXPECT_EQ(u.regs.vec, X_PF);
	EXPECT_EQ(u.regs.err & 7, 7);
	EXPECT_EQ(read_table(user_l1_pfn, 511), 0);
	EXPECT_EQ(user_map(USER_SPARE, 0), 0);
}
