// SPDX-License-Identifier: GPL-2.0
/* Loop devices by LOOP_CONFIGURE (Linux 5.8), and what is asked of block devices. */
#include "loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "process.h"

#define TRIES	64	/* others may take the free one that we were told of */

static int control(void)
{
	int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		process_run((char *const[]){ "modprobe", "-q", "loop", NULL }, NULL);
		fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	}
	return fd < 0 ? -ENODEV : fd;
}

/* Opens a free one and makes it @config's; -EBUSY: another took it. */
static int configure(struct loop *loop, int number, const struct loop_config *config)
{
	int rc = 0;

	snprintf(loop->path, sizeof(loop->path), "/dev/loop%d", number);
	loop->fd = open(loop->path, O_RDWR | O_CLOEXEC);
	if (loop->fd < 0)
		return -errno;
	if (ioctl(loop->fd, LOOP_CONFIGURE, config)) {
		rc = -errno;
		close(loop->fd);
		loop->fd = -1;
	}
	return rc;
}

static int find(struct loop *loop, const struct loop_config *config)
{
	int ctl = control(), rc = -EBUSY, number, tries;

	if (ctl < 0)
		return ctl;
	for (tries = 0; rc == -EBUSY && tries < TRIES; tries++) {
		number = ioctl(ctl, LOOP_CTL_GET_FREE);
		rc = number < 0 ? -errno : configure(loop, number, config);
	}
	close(ctl);
	return rc;
}

int loop_open(struct loop *loop, const char *file, bool readonly, bool direct)
{
	struct loop_config config = {
		.fd = open(file, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC),
		.info.lo_flags = LO_FLAGS_AUTOCLEAR |
				 (readonly ? LO_FLAGS_READ_ONLY : 0) |
				 (direct ? LO_FLAGS_DIRECT_IO : 0),
	};
	struct loop_info64 info;
	struct stat st;
	int fd = (int)config.fd, rc;

	loop->fd = -1;
	if (fd < 0)
		return -errno;
	snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name),
		 "%.*s", LO_NAME_SIZE - 1, file);
	rc = find(loop, &config);
	close(fd);
	if (rc)
		return rc;
	if (fstat(loop->fd, &st) || ioctl(loop->fd, LOOP_GET_STATUS64, &info)) {
		rc = -errno;
		loop_close(loop);
		return rc;
	}
	loop->major = major(st.st_rdev);
	loop->minor = minor(st.st_rdev);
	loop->direct = info.lo_flags & LO_FLAGS_DIRECT_IO;
	return 0;
}

void loop_close(struct loop *loop)
{
	if (loop->fd >= 0)
		close(loop->fd);
	loop->fd = -1;
}

int loop_resize(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, LOOP_SET_CAPACITY))
		rc = -errno;
	close(fd);
	return rc;
}

/* What is not bound answers ENXIO. */
static bool is_bound_to(int number, uint64_t dev, uint64_t ino)
{
	struct loop_info64 info;
	char path[32];
	bool yes;
	int fd;

	snprintf(path, sizeof(path), "/dev/loop%d", number);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	yes = !ioctl(fd, LOOP_GET_STATUS64, &info) && info.lo_device == dev &&
	      info.lo_inode == ino;
	close(fd);
	return yes;
}

int loop_find(uint64_t dev, uint64_t ino)
{
	DIR *folder = opendir("/sys/block");
	struct dirent *entry;
	int number, found = -1;

	while (folder && found < 0 && (entry = readdir(folder)))
		if (sscanf(entry->d_name, "loop%d", &number) == 1 &&
		    is_bound_to(number, dev, ino))
			found = number;
	if (folder)
		closedir(folder);
	return found;
}

bool block_served(uint32_t domid, uint32_t id)
{
	char path[96];

	snprintf(path, sizeof(path),
		 "/sys/bus/xen-backend/devices/vbd-%u-%u/physical_device", domid, id);
	return !access(path, F_OK);
}

int block_numbers(const char *path, uint32_t *major, uint32_t *minor,
		  uint64_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || ioctl(fd, BLKGETSIZE64, bytes))
		rc = -errno;
	close(fd);
	if (rc)
		return rc;
	*major = major(st.st_rdev);
	*minor = minor(st.st_rdev);
	return 0;
}

int block_claimed(const char *path)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}
