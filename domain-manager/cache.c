// SPDX-License-Identifier: GPL-2.0
/*
 * Unpacked kernels, one file each in cache_folder, which only root may enter. A
 * file's name says which kernel file it comes from: device, inode, size, times.
 * It has no name until it is complete, and is never changed afterwards: what is
 * found is whole. The cache is never needed: all failures mean "not there".
 */
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon.h"

#define MIN_FREE	(128UL << 20)	/* of the folder, else it is not used */

const char *cache_folder = DAEMON_FOLDER "/kernels";

static void file_name(const struct stat *st, char *name, size_t size)
{
	snprintf(name, size, "%s/%lx-%lx-%lx-%lx.%lx-%lx.%lx", cache_folder,
		 st->st_dev, st->st_ino, st->st_size, st->st_mtim.tv_sec,
		 st->st_mtim.tv_nsec, st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

int cache_find(const struct stat *st)
{
	char name[PATH_MAX];

	file_name(st, name, sizeof(name));
	return open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

int cache_make(void)
{
	char parent[PATH_MAX];
	struct statvfs fs;
	int fd = -1;

	mkdir(dirname(strcpy(parent, cache_folder)), 0755);
	mkdir(cache_folder, 0700);
	if (!statvfs(cache_folder, &fs) &&
	    fs.f_bavail * fs.f_frsize >= MIN_FREE)
		fd = open(cache_folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = memfd_create("kernel", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Removes the oldest until no more than CACHE_ENTRIES - 1 are left. */
static void make_place(void)
{
	struct stat st, oldest_st = {0};
	struct dirent *entry;
	int entries = CACHE_ENTRIES;
	char oldest[256];
	DIR *folder;

	while (entries >= CACHE_ENTRIES) {
		folder = opendir(cache_folder);
		if (!folder)
			return;
		entries = 0;
		while ((entry = readdir(folder))) {
			if (entry->d_name[0] == '.' ||
			    fstatat(dirfd(folder), entry->d_name, &st,
				    AT_SYMLINK_NOFOLLOW))
				continue;
			if (!entries++ || st.st_ctime < oldest_st.st_ctime) {
				oldest_st = st;
				strcpy(oldest, entry->d_name);
			}
		}
		if (entries >= CACHE_ENTRIES &&
		    unlinkat(dirfd(folder), oldest, 0))
			entries = 0;
		closedir(folder);
	}
}

void cache_keep(int fd, const struct stat *st)
{
	char from[64], to[PATH_MAX];

	make_place();
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	file_name(st, to, sizeof(to));
	/* Fails for one in memory, and if another rl was faster. */
	if (linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW))
		errno = 0;
}
