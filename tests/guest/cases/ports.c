// SPDX-License-Identifier: GPL-2.0
/* IN and OUT: virtual IOPL, set_iobitmap, both rings. The real IOPL stays 0. */
#include "guest.h"

#define PORT	0x80	/* POST code: harmless to write */

static int set_iopl(u32 level)
{
	struct physdev_set_iopl iopl = { .iopl = level };

	return HYP(physdev_op, PHYSDEVOP_set_iopl, &iopl);
}

static int set_bitmap(u8 *map, u32 ports)
{
	struct physdev_set_iobitmap m = { .nr_ports = ports };

	set_xen_guest_handle(m.bitmap, map);
	return HYP(physdev_op, PHYSDEVOP_set_iobitmap, &m);
}

static long kernel_out(u16 port)
{
	struct fault f;

	TRY(f)
		asm volatile("outb %b0, %w1" : : "a"(0), "Nd"(port));
	return f.vec;
}

USER_SNIPPET(out8, "out %al, %dx; syscall");
USER_SNIPPET(in8, "in %dx, %al; syscall");
USER_SNIPPET(in32, "in %dx, %eax; syscall");
USER_SNIPPET(user_cli, "cli; syscall");
USER_SNIPPET(user_sti, "sti; syscall");
USER_SNIPPET(user_hlt, "hlt; syscall");
USER_SNIPPET(user_outs, "outsb; syscall");

static u64 user_port(const u8 *start, const u8 *end, u16 port)
{
	struct user u;

	user_prepare(&u);
	u.regs.rdx = port;
	u.regs.rsi = u.regs.rdi = USER_DATA;
	user_load(start, end);
	user_go(&u);
	return u.regs.vec;
}
#define USER_PORT(name, port)	user_port(name##_start, name##_end, port)

CASE(iopl_range)
{
	EXPECT_EQ(set_iopl(4), -XEN_EINVAL);
	EXPECT_EQ(set_iopl(~0u), -XEN_EINVAL);
	EXPECT_EQ(set_iopl(3), 0);
	EXPECT_EQ(read_flags() & FL_IOPL, 0);
	EXPECT_EQ(set_iopl(0), 0);
}

CASE(port_kernel)
{
	EXPECT_EQ(set_iopl(0), 0);
	EXPECT_EQ(kernel_out(PORT), X_GP);
	EXPECT_EQ(set_iopl(1), 0);
	EXPECT_EQ(kernel_out(PORT), -1);
	EXPECT_EQ(set_iopl(0), 0);
}

/* All sizes, string forms too; the value of a port nobody answers is all ones. */
CASE(port_kernel_forms)
{
	u32 a = 0, b = 0, c = 0;
	u8 mem[8] = { 0 };
	void *p = mem;
	ulong n = 4;

	EXPECT_EQ(set_iopl(1), 0);
	asm volatile("inb %w1, %b0" : "+a"(a) : "Nd"((u16)0x2f0));
	asm volatile("inw %w1, %w0" : "+a"(b) : "Nd"((u16)0x2f0));
	asm volatile("inl %w1, %0" : "+a"(c) : "Nd"((u16)0x2f0));
	EXPECT_EQ(a, 0xff);
	EXPECT_EQ(b, 0xffff);
	EXPECT_EQ(c, 0xffffffff);
	asm volatile("rep insb" : "+D"(p), "+c"(n) : "d"((u16)0x2f0) : "memory");
	EXPECT_EQ(n, 0);
	EXPECT_EQ(mem[3], 0xff);
	EXPECT_EQ(mem[4], 0);
	p = mem;
	n = 4;
	asm volatile("rep outsb" : "+S"(p), "+c"(n) : "d"((u16)PORT) : "memory");
	EXPECT_EQ(n, 0);
	EXPECT_EQ(set_iopl(0), 0);
}

/* The ports of the hypervisor itself: PICs, its serial line, PCI configuration answer nothing. */
CASE(port_hypervisor_owned)
{
	u8 imr;

	EXPECT_EQ(set_iopl(1), 0);
	asm volatile("inb $0x21, %0" : "=a"(imr));
	EXPECT_EQ(kernel_out(0x21), -1);
	asm volatile("inb $0x21, %0" : "=a"(imr));
	EXPECT_EQ(imr, 0xff);
	asm volatile("inb %w1, %0" : "=a"(imr) : "Nd"((u16)0x3f8));
	EXPECT_EQ(imr, 0xff);
	EXPECT_EQ(set_iopl(0), 0);
}

CASE(port_kernel_string_to_hypervisor)
{
	struct fault f;

	EXPECT_EQ(set_iopl(1), 0);
	TRY(f)
		asm volatile("insb" : : "D"(HV_START), "d"((u16)0x2f0) : "memory");
	EXPECT(f.vec == X_GP || f.vec == X_PF);
	TRY(f)
		asm volatile("insl" : : "D"(pfn_va(kernel_l4_pfn)), "d"((u16)0x2f0) : "memory");
	EXPECT(f.vec == X_GP || f.vec == X_PF);
	TRY(f)
		asm volatile("insb" : : "D"(NON_CANONICAL), "d"((u16)0x2f0) : "memory");
	EXPECT(f.vec == X_GP || f.vec == X_PF);
	EXPECT_EQ(set_iopl(0), 0);
}

ATTACK(port_user_refused)
{
	EXPECT_EQ(set_iopl(1), 0);
	EXPECT_EQ(USER_PORT(out8, PORT), X_GP);
	EXPECT_EQ(USER_PORT(in8, 0x2f0), X_GP);
	EXPECT_EQ(USER_PORT(in32, 0xcf8), X_GP);
	EXPECT_EQ(USER_PORT(user_outs, PORT), X_GP);
	EXPECT_EQ(set_iopl(0), 0);
	EXPECT_EQ(USER_PORT(out8, PORT), X_GP);
}

ATTACK(port_user_iopl3)
{
	EXPECT_EQ(set_iopl(3), 0);
	EXPECT_EQ(USER_PORT(out8, PORT), VEC_SYSCALL);
	EXPECT_EQ(USER_PORT(user_cli, 0), VEC_SYSCALL);
	EXPECT_EQ(USER_PORT(user_sti, 0), VEC_SYSCALL);
	EXPECT_EQ(USER_PORT(user_hlt, 0), X_GP);
	EXPECT_EQ(set_iopl(0), 0);
	EXPECT_EQ(USER_PORT(out8, PORT), X_GP);
}

ATTACK(port_user_bitmap)
{
	static u8 map[8192];

	memset(map, 0xff, sizeof(map));
	map[PORT / 8] &= ~(1 << (PORT % 8));
	EXPECT_EQ(set_bitmap(map, 65536), 0);
	EXPECT_EQ(USER_PORT(out8, PORT), VEC_SYSCALL);
	EXPECT_EQ(USER_PORT(out8, PORT + 1), X_GP);
	EXPECT_EQ(USER_PORT(in32, PORT), X_GP);
	EXPECT_EQ(USER_PORT(in8, 0xcf8), X_GP);
	EXPECT_EQ(set_bitmap(map, 65537), -XEN_EINVAL);
	EXPECT_EQ(set_bitmap(NULL, 0), 0);
	EXPECT_EQ(USER_PORT(out8, PORT), X_GP);
}

/* A bitmap that says yes to everything does not open the hypervisor's own ports. */
ATTACK(port_user_bitmap_hypervisor)
{
	static u8 map[8192];
	struct user u;

	memset(map, 0, sizeof(map));
	EXPECT_EQ(set_bitmap(map, 65536), 0);
	user_prepare(&u);
	u.regs.rdx = 0x3f8 + 5;
	user_run(&u, in8);
	EXPECT(u.regs.vec == X_GP || (u8)u.regs.rax == 0xff);
	EXPECT_EQ(set_bitmap(NULL, 0), 0);
}

/* A bitmap the hypervisor cannot read. */
ATTACK(port_user_bitmap_bad_pointer)
{
	set_bitmap(BAD_PTR, 65536);
	EXPECT_EQ(USER_PORT(out8, PORT), X_GP);
	set_bitmap((u8 *)USER_SPARE, 65536);
	EXPECT_EQ(USER_PORT(out8, PORT), X_GP);
	EXPECT_EQ(set_bitmap(NULL, 0), 0);
}

ATTACK(interrupt_flag_user_refused)
{
	EXPECT_EQ(set_iopl(1), 0);
	EXPECT_EQ(USER_PORT(user_cli, 0), X_GP);
	EXPECT_EQ(USER_PORT(user_sti, 0), X_GP);
	EXPECT_EQ(USER_PORT(user_hlt, 0), X_GP);
	EXPECT_EQ(set_iopl(0), 0);
}
