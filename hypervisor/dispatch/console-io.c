// SPDX-License-Identifier: GPL-2.0
/*
 * console_io: the hypervisor's console for guests.
 *
 * The service domain writes to it as it is, and reads what was typed. Others
 * may write lines of printable text, which go into the log, rate-limited and
 * with their domain's number; reading is -EPERM for them.
 *
 * A write is done in pieces of PIECE bytes; after BUDGET bytes it is restarted
 * with what is left, so that a slow serial line does not keep the pCPU.
 */
#include "dispatch/calls.h"

#include "base/errno.h"
#include "console/printk.h"
#include "machine/pcpu.h"
#include "state/domain.h"
#include "state/guest-access.h"

#define PIECE	256
#define BUDGET	1024

/* Lines of an unprivileged guest; what is not ASCII text shows as a dot. */
static void log_lines(const struct domain *d, char *s, size_t n)
{
	size_t start = 0, i;

	for (i = 0; i < n; i++) {
		if (s[i] == '\n') {
			guest_printk(LOG_INFO, "d%u: %.*s", d->id,
				     (int)(i - start), s + start);
			start = i + 1;
		} else if (s[i] < ' ' || s[i] > '~') {
			s[i] = s[i] == '\t' || s[i] == '\r' ? ' ' : '.';
		}
	}
	if (start < n)
		guest_printk(LOG_INFO, "d%u: %.*s", d->id, (int)(n - start),
			     s + start);
}

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
		if (v->domain->is_hardware)
			console_write_guest(s, n);
		else
			log_lines(v->domain, s, n);
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

	if ((s32)n < 0)
		return -EINVAL;
	switch ((u32)cmd) {
	case CONSOLEIO_write:
		return console_write(v, n, buffer);
	case CONSOLEIO_read:
		if (!v->domain->is_hardware)
			return -EPERM;
		return console_read(n, buffer);
	}
	return -ENOSYS;
}
