// SPDX-License-Identifier: GPL-2.0
/*
 * Open tables (memory.rst): with VMASST_TYPE_writable_pagetables Ringlet lets single writes to an L1
 * pass and validates them when the vCPU enters it next. What is refused then is not present, and
 * never was. Xen validates at once; there the cases have nothing to attack.
 */
#include "guest.h"

#define SLOT	1
#define VA(i)	((ulong)SLOT << 39 | (ulong)(i) << PAGE_SHIFT)
#define WINDOW	0xffff830000010000ul	/* Ringlet's, of the open table */
#define PROBE	511			/* holds what is always refused */
#define GOOD	20
#define PATTERN	0x600d600d600d600d

static ulong base, user_base, l3, l2, l1, page, bad;
static bool by_writes;

static volatile ulong *entry(unsigned int i)
{
	return (volatile ulong *)pfn_va(l1) + i;
}

/* One write that may be let through: by a call or a plain store. */
static bool put(unsigned int i, ulong value)
{
	struct fault f;

	if (!by_writes)
		return mmu_update1(l1, i, value) == 0;
	TRY(f)
		*entry(i) = value;
	return f.vec == -1;
}

static ulong make_base(void)
{
	ulong l4 = alloc_pfn();
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (i < 256 || i >= 272)
			((ulong *)pfn_va(l4))[i] = read_table(kernel_l4_pfn, i);
	((ulong *)pfn_va(l4))[SLOT] = pfn_pte(l3, PTE_TABLE);
	EXPECT_EQ(page_ro(l4), 0);
	EXPECT_EQ(mmuext1(MMUEXT_PIN_L4_TABLE, pfn_mfn(l4)), 0);
	return l4;
}

/*
 * A kernel base of its own, because a table that two vCPUs use is never opened; in one of the two
 * variants with a user base that shares its L3, as Linux has it.
 */
static void begin(bool writes)
{

	by_writes = writes;
	bad = mfn_ma(mfn_of_hypervisor()) | PTE_USER;
	l3 = table_alloc();
	l2 = table_alloc();
	l1 = table_alloc();
	page = alloc_pfn();
	*(volatile ulong *)pfn_va(page) = PATTERN;
	EXPECT_EQ(mmu_update1(l3, 0, pfn_pte(l2, PTE_TABLE)), 0);
	EXPECT_EQ(mmu_update1(l2, 0, pfn_pte(l1, PTE_TABLE)), 0);
	base = make_base();
	EXPECT_EQ(mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(base)), 0);
	user_base = writes ? 0 : make_base();
	if (user_base)
		EXPECT_EQ(mmuext1(MMUEXT_NEW_USER_BASEPTR, pfn_mfn(user_base)), 0);
	EXPECT_EQ(HYP(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
}

static void end(void)
{
	EXPECT_EQ(HYP(vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables), 0);
	EXPECT_EQ(mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(kernel_l4_pfn)), 0);
	EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(base)), 0);
	EXPECT_EQ(table_free(base), 0);
	if (user_base) {
		EXPECT_EQ(mmuext1(MMUEXT_NEW_USER_BASEPTR, pfn_mfn(user_l4_pfn)), 0);
		EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(user_base)), 0);
		EXPECT_EQ(table_free(user_base), 0);
	}
	EXPECT_EQ(table_free(l3), 0);
	EXPECT_EQ(table_free(l2), 0);
	EXPECT_EQ(table_free(l1), 0);
	free_pfn(page);
}

/* Writes in a row until one passes that would be refused at once; an interrupt may close it again. */
static bool open_table(void)
{
	unsigned int try, i;

	for (try = 0; try < 1000; try++) {
		for (i = 0; i < 10; i++)
			put(i, (try & 1) << 9);
		if (put(PROBE, bad))
			return true;
	}
	if (on_ringlet)
		case_fail(__FILE__, __LINE__, "the table is never opened");
	else
		skip("validates at once");
	return false;
}

static void close_table(void)
{
	HYP(xen_version, XENVER_version, NULL);
}

static void refused_values(void)
{
	const ulong values[] = {
		bad,
		bad & ~PTE_RW,
		0x000ffffffffff000 | PTE_USER,
		pfn_pte(page, PTE_USER) | BIT(51),
		pfn_pte(page, PTE_USER) | BIT(62),
		pfn_pte(l1, PTE_USER),
		pfn_pte(l2, PTE_USER),
		pfn_pte(base, PTE_USER),
		pfn_pte(kernel_l4_pfn, PTE_USER),
		0xfee00000 | PTE_USER,
	};
	unsigned int i;
	struct fault f;

	if (!open_table())
		return;
	for (i = 0; i < ARRAY_SIZE(values); i++)
		put(100 + i, values[i]);
	put(GOOD, pfn_pte(page, PTE_USER | PTE_G));
	put(GOOD + 1, pfn_pte(l1, PTE_USER & ~PTE_RW));
	close_table();
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(read_table(l1, 100 + i), 0);
		EXPECT(!kernel_can_read(VA(100 + i)));
	}
	EXPECT_EQ(read_table(l1, PROBE), 0);
	EXPECT_EQ(read_table(l1, GOOD), pfn_pte(page, PTE_USER));
	EXPECT_EQ(*(volatile ulong *)VA(GOOD), PATTERN);
	EXPECT_EQ(*(volatile ulong *)(VA(GOOD + 1) + GOOD * 8), pfn_pte(page, PTE_USER));
	TRY(f)
		asm volatile("mov %0, (%1)" : : "r"(bad), "r"(VA(GOOD + 1) + 100 * 8) : "memory");
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(read_table(l1, 100), 0);
}

ATTACK(open_values_by_calls)
{
	begin(false);
	refused_values();
	end();
}

ATTACK(open_values_by_writes)
{
	begin(true);
	refused_values();
	end();
}

/* Closed means closed: neither the alias nor the window can be written any more. */
static void closed_is_closed(void)
{
	struct fault f;

	if (!open_table())
		return;
	if (kernel_can_write(WINDOW))
		*(volatile ulong *)(WINDOW + 100 * 8) = bad;
	close_table();
	EXPECT(!kernel_can_write(WINDOW));
	EXPECT_EQ(read_table(l1, 100), 0);
	TRY(f)
		*entry(100) = bad;
	EXPECT_EQ(f.vec, X_PF);
	EXPECT_EQ(f.cr2, (ulong)entry(100));
	EXPECT_EQ(read_table(l1, 100), 0);
	EXPECT(!kernel_can_read(VA(100)));
}

ATTACK(open_closed_by_calls)
{
	begin(false);
	closed_is_closed();
	end();
}

ATTACK(open_closed_by_writes)
{
	begin(true);
	closed_is_closed();
	end();
}

/* The first access through the hidden slot, from ring 1: served, or the guest's own fault. */
static void first_access(bool writes)
{
	struct fault f;
	volatile ulong v = 0;

	begin(writes);
	if (open_table()) {
		put(GOOD, pfn_pte(page, PTE_USER));
		TRY(f)
			v = *(volatile ulong *)VA(GOOD);
		EXPECT_EQ(f.vec, -1);
		EXPECT_EQ(v, PATTERN);
		EXPECT(open_table());
		TRY(f)
			*(volatile ulong *)VA(PROBE) = 1;
		EXPECT_EQ(f.vec, X_PF);
		EXPECT_EQ(f.cr2, VA(PROBE));
		EXPECT_EQ(f.err, 2);
		EXPECT_EQ(read_table(l1, PROBE), 0);
	}
	end();
}

ATTACK(open_access_by_calls)
{
	first_access(false);
}

ATTACK(open_access_by_writes)
{
	first_access(true);
}

USER_SNIPPET(peek, "mov (%rdi), %rax; syscall");

/* The same from ring 3. */
ATTACK(open_access_by_user)
{
	struct user u;

	begin(true);
	if (open_table()) {
		put(GOOD, pfn_pte(page, PTE_USER));
		user_prepare(&u);
		u.regs.rdi = VA(GOOD);
		user_run(&u, peek);
		EXPECT_EQ(u.regs.vec, VEC_SYSCALL);
		EXPECT_EQ(u.regs.rax, PATTERN);
		EXPECT(open_table());
		user_prepare(&u);
		u.regs.rdi = VA(PROBE);
		user_run(&u, peek);
		EXPECT_EQ(u.regs.vec, X_PF);
		EXPECT_EQ(u.regs.err, 4);
		EXPECT_EQ(u.cr2, VA(PROBE));
	}
	end();
}

/* Requests that the gate cannot read, or that lie behind the hidden slot. */
ATTACK(open_request_pointers)
{
	struct mmu_update *req;
	ulong there;

	begin(false);
	there = mfn_ma(pfn_mfn(l1)) + 30 * 8;
	req = pfn_va(page);
	*req = (struct mmu_update){ there, 0x5000 };
	EXPECT_EQ(mmu_update1(l1, GOOD, pfn_pte(page, PTE_USER)), 0);
	if (open_table()) {
		EXPECT_EQ(HYP(mmu_update, VA(GOOD), 1, NULL, DOMID_SELF), 0);
		EXPECT_EQ(read_table(l1, 30), 0x5000);
		EXPECT(open_table());
		EXPECT_EQ(HYP(mmu_update, VA(PROBE), 1, NULL, DOMID_SELF), -XEN_EFAULT);
		EXPECT(open_table());
		EXPECT_EQ(HYP(mmu_update, BAD_PTR, 1, NULL, DOMID_SELF), -XEN_EFAULT);
		EXPECT(open_table());
		EXPECT_EQ(HYP(mmu_update, WINDOW, 1, NULL, DOMID_SELF), -XEN_EFAULT);
		EXPECT(open_table());
		EXPECT_EQ(HYP(mmu_update, NON_CANONICAL, 1, NULL, DOMID_SELF), -XEN_EFAULT);
		EXPECT(open_table());
		EXPECT_EQ(mmu_update_raw(there | 7, 0), -XEN_ENOSYS);
		EXPECT(open_table());
		EXPECT_EQ(mmu_update_raw(0, 0), -XEN_EPERM);
		EXPECT(open_table());
		EXPECT_ERR(mmu_update_raw(mfn_ma(mfn_of_hypervisor()), 0));
		EXPECT(open_table());
		/* As if a call of one were continued that is done. */
		EXPECT_EQ(HYP(mmu_update, NULL, BIT(31) | BIT(32) | 1, NULL, DOMID_SELF), 0);
	}
	end();
}

/* Frames that the entries let go of, and take up again, come out even: all can be freed after. */
ATTACK(open_references)
{
	ulong a = alloc_pfn(), b = alloc_pfn();
	unsigned int round;

	for (round = 0; round < 2; round++) {
		begin(round);
		EXPECT_EQ(mmu_update1(l1, 40, pfn_pte(a, PTE_USER)), 0);
		EXPECT_EQ(mmu_update1(l1, 41, pfn_pte(b, PTE_USER)), 0);
		if (open_table()) {
			put(40, pfn_pte(b, PTE_USER));
			put(41, pfn_pte(a, PTE_USER));
			put(42, pfn_pte(a, PTE_USER));
			put(43, pfn_pte(b, PTE_USER));
			put(43, 0);
			close_table();
			EXPECT_EQ(read_table(l1, 40), pfn_pte(b, PTE_USER));
			EXPECT_EQ(read_table(l1, 43), 0);
			EXPECT(open_table());
			put(40, 0);
			put(41, 0);
			put(42, pfn_pte(b, PTE_USER & ~PTE_RW));
			close_table();
			/* a is free to become a table, b in its read-only mapping too. */
			EXPECT_EQ(page_ro(a) | page_ro(b), 0);
			EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(a)), 0);
			EXPECT_EQ(mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(b)), 0);
			EXPECT(open_table());
			put(40, pfn_pte(a, PTE_USER));
			close_table();
			EXPECT_EQ(read_table(l1, 40), 0);
			EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(a)), 0);
			EXPECT_EQ(mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(b)), 0);
			EXPECT_EQ(page_rw(a) | page_rw(b), 0);
		}
		EXPECT_EQ(mmu_update1(l1, 42, 0), 0);
		end();
	}
	free_pfn(a);
	free_pfn(b);
}

/*
 * A table with a second way to it stays closed, at whichever level the ways part; in the last round
 * the user base, which may be a second parent of the L3, is the base itself.
 */
ATTACK(open_not_by_two_ways)
{
	ulong spare3 = table_alloc(), spare2 = table_alloc();
	unsigned int level, n;

	begin(true);
	by_writes = false;
	for (level = 2; level <= 5; level++) {
		if (level == 5)
			EXPECT_EQ(mmuext1(MMUEXT_NEW_USER_BASEPTR, pfn_mfn(base)), 0);
		if (level == 2)
			EXPECT_EQ(mmu_update1(spare2, 0, pfn_pte(l1, PTE_TABLE)), 0);
		if (level <= 3)
			EXPECT_EQ(mmu_update1(spare3, 0, pfn_pte(level == 2 ? spare2 : l2,
								 PTE_TABLE)), 0);
		EXPECT_EQ(mmu_update1(base, SLOT + 1, pfn_pte(level <= 3 ? spare3 : l3,
							      PTE_TABLE)), 0);
		for (n = 0; n < 100; n++) {
			EXPECT_EQ(mmu_update1(l1, n, (ulong)level << 12), 0);
			EXPECT_ERR(mmu_update1(l1, PROBE, bad));
		}
		EXPECT_EQ(mmu_update1(base, SLOT + 1, 0), 0);
		EXPECT_EQ(mmu_update1(spare3, 0, 0), 0);
		EXPECT_EQ(mmu_update1(spare2, 0, 0), 0);
	}
	EXPECT_EQ(mmuext1(MMUEXT_NEW_USER_BASEPTR, pfn_mfn(user_l4_pfn)), 0);
	end();
	EXPECT_EQ(table_free(spare3), 0);
	EXPECT_EQ(table_free(spare2), 0);
}

/* Interrupts anywhere: nothing that was written is lost, and nothing else appears. */
static void with_timer(bool writes)
{
	struct vcpu_set_periodic_timer t = { .period_ns = 1000000 };
	int port = evtchn_bind_virq(VIRQ_TIMER, 0);
	unsigned int round, i;

	begin(writes);
	evtchn_unmask(port);
	EXPECT_EQ(HYP(vcpu_op, VCPUOP_set_periodic_timer, 0, &t), 0);
	if (open_table())
		for (round = 1; round < 60; round++) {
			for (i = 0; i < PROBE; i++)
				put(i, i & 1 ? (ulong)round << 12 : pfn_pte(page, PTE_USER));
			for (i = 0; i < PROBE; i++)
				if (read_table(l1, i) !=
				    (i & 1 ? (ulong)round << 12 : pfn_pte(page, PTE_USER)))
					case_fail(__FILE__, __LINE__, "round %u entry %u is 0x%lx",
						  round, i, read_table(l1, i));
			if (*(volatile ulong *)VA(2 * round) != PATTERN)
				case_fail(__FILE__, __LINE__, "wrong page");
		}
	HYP(vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
	evtchn_close(port);
	end();
}

ATTACK(open_timer_by_calls)
{
	with_timer(false);
}

ATTACK(open_timer_by_writes)
{
	with_timer(true);
}

/* ---- a second vCPU ---------------------------------------------------------------------------- */
static volatile u32 stop, seen, rounds;

/* Reads through whatever tables it has just loaded or linked: the hypervisor's frame never shows. */
static void look(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (kernel_can_read(VA(PROBE)))
			seen++;
}

static void loads_base(void *arg)
{
	while (!stop) {
		mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(user_base && rounds % 2 ? user_base : base));
		look();
		mmuext1(MMUEXT_NEW_BASEPTR, pfn_mfn(kernel_l4_pfn));
		rounds++;
	}
}

static void updates_table(void *arg)
{
	while (!stop) {
		mmu_update1(l1, 300, (ulong)rounds << 12);
		mmuext1(MMUEXT_PIN_L1_TABLE, pfn_mfn(l1));
		mmuext1(MMUEXT_UNPIN_TABLE, pfn_mfn(l1));
		rounds++;
	}
}

/* A second way to the table, in the sibling's own base. */
static void links_table(void *arg)
{
	ulong *spare = arg;

	mmu_update1(kernel_l4_pfn, SLOT, pfn_pte(spare[0], PTE_TABLE));
	while (!stop) {
		mmu_update1(spare[0], 0, pfn_pte(spare[1], PTE_TABLE));
		mmu_update1(spare[1], 0, pfn_pte(l1, PTE_TABLE));
		look();
		mmu_update1(spare[1], 0, 0);
		mmu_update1(spare[0], 0, pfn_pte(l2, PTE_TABLE));
		look();
		mmu_update1(spare[0], 0, 0);
		mmu_update1(kernel_l4_pfn, SLOT, pfn_pte(l3, PTE_TABLE));
		look();
		mmu_update1(kernel_l4_pfn, SLOT, pfn_pte(spare[0], PTE_TABLE));
		rounds++;
	}
	mmu_update1(kernel_l4_pfn, SLOT, 0);
}

/*
 * Takes the table away, uses the frame as plain memory and gives it back; which is refused as long
 * as the other vCPU has just written PROBE there.
 */
static void unlinks_table(void *arg)
{
	while (!stop) {
		EXPECT_EQ(mmu_update1(l2, 0, 0), 0);
		do {
			EXPECT_EQ(page_rw(l1), 0);
			*entry(0) = PATTERN;
			EXPECT_EQ(*entry(0), PATTERN);
			*entry(0) = *entry(PROBE) = 0;
			EXPECT_EQ(page_ro(l1), 0);
		} while (mmu_update1(l2, 0, pfn_pte(l1, PTE_TABLE)));
		rounds++;
	}
}

static void against(void (*fn)(void *), void *arg)
{
	unsigned int i, opened;

	if (!on_ringlet) {
		skip("validates at once");
		return;
	}
	NEED_VCPU1();
	for (i = 0; i < 2; i++) {
		begin(i);
		stop = seen = rounds = opened = 0;
		smp_call(fn, arg);
		while (rounds < 100 || opened < 100) {
			unsigned int n;

			for (n = 2; n < 12; n++)
				put(n, (ulong)rounds << 12);
			opened += put(PROBE, bad);
			if (kernel_can_read(VA(PROBE)))
				seen++;
		}
		stop = 1;
		EXPECT(smp_wait(HANG_NS));
		close_table();
		EXPECT_EQ(seen, 0);
		EXPECT(!kernel_can_read(VA(PROBE)));
		end();
	}
}

ATTACK(open_sibling_loads_base)
{
	against(loads_base, NULL);
}

ATTACK(open_sibling_updates)
{
	against(updates_table, NULL);
}

ATTACK(open_sibling_links)
{
	ulong spare[2] = { table_alloc(), table_alloc() };

	against(links_table, spare);
	EXPECT_EQ(table_free(spare[0]), 0);
	EXPECT_EQ(table_free(spare[1]), 0);
}

ATTACK(open_sibling_unlinks)
{
	against(unlinks_table, NULL);
}
