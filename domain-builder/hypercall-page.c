// SPDX-License-Identifier: GPL-2.0
/*
 * The hypercall page: a 32-byte stub for each number (xen/arch-x86/xen-x86_64.h,
 * "call hypercall_page + hypercall-number * 32"). SYSCALL destroys rcx and r11,
 * which the ABI preserves, so a stub keeps them on the stack. The stub of iret
 * never returns: it leaves the frame of struct iret_context that the call expects,
 * whose top is rax, r11, rcx.
 */
#include "internal.h"

#define STUB_SIZE	32

static u8 *emit(u8 *at, const u8 *code, size_t n)
{
	memcpy(at, code, n);
	return at + n;
}

static u8 *emit_call(u8 *at, u32 nr)
{
	static const u8 syscall[] = { 0x0f, 0x05 };

	*at++ = 0xb8;			/* mov $nr, %eax */
	at = emit(at, (const u8 *)&nr, sizeof(nr));
	return emit(at, syscall, sizeof(syscall));
}

void hypercall_page_fill(u8 *page)
{
	static const u8 save[] = { 0x51, 0x41, 0x53 };	/* push rcx, r11 */
	static const u8 restore[] = { 0x41, 0x5b, 0x59, 0xc3 };
	static const u8 push_rax[] = { 0x50 };
	u32 nr;
	u8 *at;

	memset(page, 0xcc, PAGE_SIZE);
	for (nr = 0; nr < PAGE_SIZE / STUB_SIZE; nr++) {
		at = emit(page + nr * STUB_SIZE, save, sizeof(save));
		if (nr == __HYPERVISOR_iret) {
			at = emit(at, push_rax, sizeof(push_rax));
			emit_call(at, nr);
		} else {
			emit(emit_call(at, nr), restore, sizeof(restore));
		}
	}
}
