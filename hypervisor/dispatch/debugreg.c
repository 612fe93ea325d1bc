// SPDX-License-Identifier: GPL-2.0
/*
 * Debug registers of a guest: set_debugreg, get_debugreg, and MOV DR with them.
 *
 * DR0-3 are canonical and outside the hypervisor's hole (invariant 7), whose
 * borders are aligned, so lengths do not matter. Above it lie guest addresses that
 * host space uses for its direct map: a breakpoint there may trap in the host,
 * which goes on (host_trap).
 * DR7 never has GD, and no I/O breakpoints: port access is emulated and would
 * not meet them. Reserved bits are as the CPU keeps them (SDM 3B 17.2).
 * DR4 and 5 are 6 and 7 while CR4.DE is clear.
 * sched/switch.c loads the hardware, and only while DR7 enables something; DR6
 * is what the last #DB left here.
 *
 * Wrong register or value: -EINVAL, -ENODEV (4 and 5 with DE), -EPERM for what a
 * guest may not have.
 */

#include "machine/cpu.h"
#include "sched/sched.h"

#define DR6_ALWAYS_ONE	0xffff0ff0ULL
#define DR6_WRITABLE	0x0000e00fULL
#define DR7_ALWAYS_ONE	BIT(10)
#define DR7_ALWAYS_ZERO	(BIT(11) | BIT(12) | BIT(14) | BIT(15))
#define DR7_GD		BIT(13)
#define DR7_RW_IO	2

static int set_address(struct vcpu *v, unsigned int nr, u64 value)
{
	if (!is_canonical(value) || (value >= GUEST_HOLE_START && value < GUEST_HOLE_END))
		return -EPERM;
	v->dr[nr] = value;
	vcpu_debug_load(v);
	return 0;
}

static int set_control(struct vcpu *v, u64 value)
{
	unsigned int i;

	value &= 0xffffffff & ~DR7_ALWAYS_ZERO;
	value |= DR7_ALWAYS_ONE;
	if (value & DR7_GD)
		return -EPERM;
	for (i = 0; i < 4; i++) {
		if (((value >> (2 * i)) & 3) && ((value >> (16 + 4 * i)) & 3) == DR7_RW_IO)
			return -EPERM;
	}
	v->dr[7] = value;
	vcpu_debug_load(v);
	return 0;
}

/* 4 and 5 are other names of 6 and 7, unless CR4.DE took them away. */
static int register_number(const struct vcpu *v, u64 reg)
{
	u32 nr = (u32)reg;

	if (nr > 7)
		return -EINVAL;
	if (nr != 4 && nr != 5)
		return (int)nr;
	return v->virt_cr4 & CR4_DE ? -ENODEV : (int)nr + 2;
}

/**
 * do_set_debugreg() - write a debug register of the calling vCPU
 * Return: 0, -EINVAL, -ENODEV, -EPERM.
 */
long do_set_debugreg(u64 reg, u64 value)
{
	struct vcpu *v = current_vcpu;
	int nr = register_number(v, reg);

	if (nr < 0)
		return nr;
	if (nr < 4)
		return set_address(v, nr, value);
	if (nr == 7)
		return set_control(v, value);
	v->dr[6] = (value & DR6_WRITABLE) | DR6_ALWAYS_ONE;
	return 0;
}

/**
 * do_get_debugreg() - read a debug register of the calling vCPU
 * Return: the value; -EINVAL or -ENODEV look like one (ABI).
 */
long do_get_debugreg(u64 reg)
{
	struct vcpu *v = current_vcpu;
	int nr = register_number(v, reg);

	if (nr < 0)
		return nr;
	return (long)v->dr[nr];
}
