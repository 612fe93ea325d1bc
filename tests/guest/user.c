// SPDX-License-Identifier: GPL-2.0
/*
 * Ring 3: one code page, one data page, one stack page, and the way in by the iret hypercall.
 * The way out is any trap from ring 3, which trap_c() turns into the return of user_go().
 */
#include "guest.h"

_Static_assert(offsetof(struct user, ksp) == 0, "entry.S");
_Static_assert(offsetof(struct user, iret_flags) == 8, "entry.S");
_Static_assert(offsetof(struct user, regs) == 16, "entry.S");
_Static_assert(offsetof(struct regs, rax) == 112, "entry.S");
_Static_assert(offsetof(struct regs, ss) == 168, "entry.S");

u8 *user_code, *user_data;

void user_init(void)
{
	ulong code = alloc_pfn(), data = alloc_pfn(), stack = alloc_pfn();
	int rc = user_map(USER_CODE, pfn_pte(code, PTE_USER & ~PTE_RW));

	rc = rc ?: user_map(USER_DATA, pfn_pte(data, PTE_USER));
	rc = rc ?: user_map(USER_STACK, pfn_pte(stack, PTE_USER));
	if (rc)
		panic("user pages: %d", rc);
	user_code = pfn_va(code);
	user_data = pfn_va(data);
}

void user_prepare(struct user *u)
{
	memset(u, 0, sizeof(*u));
	u->regs.rip = USER_CODE;
	u->regs.cs = USER_CS64;
	u->regs.rflags = FL_IF | 2;
	u->regs.rsp = USER_STACK_TOP;
	u->regs.ss = USER_SS;
}

void user_load(const u8 *start, const u8 *end)
{
	if ((size_t)(end - start) > PAGE_SIZE)
		panic("user snippet of %lu bytes", (ulong)(end - start));
	memset(user_code, 0xcc, PAGE_SIZE);
	memcpy(user_code, start, end - start);
}

void user_go(struct user *u)
{
	struct vcpu *v = this_vcpu();
	u8 mask = v->info->evtchn_upcall_mask;

	v->user = u;
	barrier();
	user_enter(u);
	barrier();
	v->info->evtchn_upcall_mask = mask;
}
