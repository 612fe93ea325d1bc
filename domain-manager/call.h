/* SPDX-License-Identifier: GPL-2.0 */
/* One ioctl(2) on a descriptor that is opened for it alone. */
#ifndef RINGLET_RL_CALL_H
#define RINGLET_RL_CALL_H

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

/**
 * call_and_close() - make the call
 * @fd: as open(2) or socket(2) just returned it, with its errno if it failed
 *
 * Return: 0 or -E...
 */
static inline int call_and_close(int fd, unsigned long request, void *arg)
{
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, request, arg))
		rc = -errno;
	close(fd);
	return rc;
}

#endif
