// SPDX-License-Identifier: GPL-2.0
/* callback_op, set_callbacks, set_trap_table: addresses and types. */
#include "guest.h"

extern const u8 upcall_entry[], failsafe_entry[], syscall_entry[];

static int reg(u16 type, ulong address)
{
	struct callback_register cb = { .type = type, .address = address };

	return HYP(callback_op, CALLBACKOP_register, &cb);
}

CASE(callback_unknown)
{
	struct callback_register cb = { .type = CALLBACKTYPE_event };

	EXPECT_EQ(reg(99, (ulong)upcall_entry), -XEN_ENOSYS);
	EXPECT_EQ(HYP(callback_op, 9, &cb), -XEN_ENOSYS);
}

CASE(callback_non_canonical)
{
	static const u16 types[] = { CALLBACKTYPE_event, CALLBACKTYPE_failsafe,
				     CALLBACKTYPE_syscall, CALLBACKTYPE_syscall32,
				     CALLBACKTYPE_sysenter, CALLBACKTYPE_nmi };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		EXPECT_EQ(reg(types[i], NON_CANONICAL), -XEN_EINVAL);
	EXPECT_EQ(HYP(xen_version, XENVER_version, NULL), 4 << 16 | 17);
}

CASE(callback_nmi)
{
	struct callback_unregister un = { .type = CALLBACKTYPE_nmi };
	struct callback_unregister ev = { .type = CALLBACKTYPE_event };

	EXPECT_EQ(reg(CALLBACKTYPE_nmi, (ulong)upcall_entry), 0);
	EXPECT_EQ(HYP(callback_op, CALLBACKOP_unregister, &un), 0);
	EXPECT_EQ(HYP(callback_op, CALLBACKOP_unregister, &ev), -XEN_EINVAL);
}

CASE(callback_old_call)
{
	EXPECT_EQ(HYP(set_callbacks, upcall_entry, failsafe_entry, syscall_entry), 0);
	EXPECT_EQ(callbacks_init(), 0);
}

CASE(trap_table_non_canonical)
{
	struct trap_info t[2] = {
		{ .vector = 200, .cs = KERNEL_CS, .address = NON_CANONICAL }, { 0 },
	};
	long rc = HYP(set_trap_table, t);

	/* Xen takes the entry and makes the vector fault at delivery; refusing is as good. */
	EXPECT(rc == 0 || rc == -XEN_EINVAL);
	traps_init();
}

/* A table without end, running off its page. */
CASE(trap_table_unterminated)
{
	ulong pfn = alloc_pfn();
	struct trap_info *t = pfn_va(pfn);
	unsigned int i, n = 8;
	ulong table;
	unsigned int index;

	t = (struct trap_info *)((u8 *)pfn_va(pfn) + PAGE_SIZE) - n;
	for (i = 0; i < n; i++)
		t[i] = (struct trap_info){ 201, 0, KERNEL_CS, (ulong)upcall_entry };
	walk_pte((u8 *)pfn_va(pfn) + PAGE_SIZE, &table, &index);
	EXPECT_EQ(HYP(update_va_mapping, (u8 *)pfn_va(pfn) + PAGE_SIZE, 0, UVMF_INVLPG), 0);
	EXPECT_EQ(HYP(set_trap_table, t), -XEN_EFAULT);
	EXPECT_EQ(set_va_pte((u8 *)pfn_va(pfn) + PAGE_SIZE,
			     pfn_pte(va_pfn((u8 *)pfn_va(pfn) + PAGE_SIZE), PTE_KERN)), 0);
	free_pfn(pfn);
	traps_init();
}

/* Selectors in the table are the hypervisor's to fix: ring 0 code is none of them. */
ATTACK(trap_table_ring0_selector)
{
	extern const u8 trap_stubs[];
	struct trap_info t[2] = {
		{ .vector = X_BP, .flags = 3, .cs = 0xe008, .address = (ulong)trap_stubs + 3 * 16 },
		{ 0 },
	};
	struct fault f;

	if (HYP(set_trap_table, t) == 0) {
		TRY(f) {
			asm volatile("int3");
		}
		EXPECT_EQ(f.vec, X_BP);
		EXPECT_EQ(read_cs() & 3, on_ringlet ? 1 : 3);
	}
	traps_init();
}

CASE(trap_masks_events)
{
	extern const u8 trap_stubs[];
	struct trap_info t[2] = {
		{ X_BP, 3 | 4, KERNEL_CS, (ulong)trap_stubs + 3 * 16 }, { 0 },
	};
	struct vcpu_info *i = this_vcpu()->info;
	struct fault f;

	EXPECT_EQ(HYP(set_trap_table, t), 0);
	i->evtchn_upcall_mask = 0;
	TRY(f)
		asm volatile("int3");
	EXPECT_EQ(f.vec, X_BP);
	EXPECT_EQ(i->evtchn_upcall_mask, 1);
	EXPECT_EQ(f.cs >> 32 & 0xff, 0);
	EXPECT(f.rflags & FL_IF);
	traps_init();
	TRY(f)
		asm volatile("int3");
	EXPECT_EQ(f.cs >> 32 & 0xff, 1);
	EXPECT_EQ(f.rflags & FL_IF, 0);
}

CASE(trap_frame_kernel)
{
	struct fault f;

	TRY(f)
		asm volatile("ud2");
	EXPECT_EQ(f.vec, X_UD);
	EXPECT_EQ(f.cs & 0xffff, 0xe030);
}
