// SPDX-License-Identifier: GPL-2.0
/*
 * console_io: the hypervisor's console, which is the service domain's: it writes
 * to it as it is, and reads what was typed. -EPERM for others.
 *
 * A write is done in pieces of PIECE bytes; after BUDGET bytes it is restarted
 * with what is left, so that a slow serial line does not keep the pCPU.
 */

#include "console/printk.h"
#include "state/domain.h"
#include "state/guest-access.h"

#define PIECE	256
#define BUDGET	1024

static long console_write(struct vcpu *v, u32 count, u64 buffer)
{
	u32 done = 0;
	char s[PIECE];

	while (done < count) {
		u32 n = min(count - done, (u32)PIECE);

		if (done >= BUDGET) {
			v->call_args[1] = count - done;
			v->call_args[2] = buffer + done;
			return -ERESTART;
		}
		if (copy_from_guest(s, buffer + done, n))
			return -EFAULT;
		console_write_guest(s, n);
		done += n;
	}
	return 0;
}

static long console_read(u32 count, u64 buffer)
{
	char s[PIECE];
	size_t n = console_read_guest(s, min(count, (u32)PIECE));

	return copy_to_guest(buffer, s, n) ? -EFAULT : (long)n;
}

/**
 * do_console_io() - read from or write to the hypervisor's console
 * Return: 0 for a write, bytes for a read; -EINVAL, -EPERM, -EFAULT, -ENOSYS.
 */
long do_console_io(u64 cmd, u64 count, u64 buffer)
{
	struct vcpu *v = current_vcpu;
	u32 n = (u32)count;

	if (!v->domain->is_hardware)
		return -EPERM;
	if ((s32)n < 0)
		return -EINVAL;
	switch ((u32)cmd) {
	case CONSOLEIO_write:
		return console_write(v, n, buffer);
	case CONSOLEIO_read:
		return console_read(n, buffer);
	}
	return -ENOSYS;
}
