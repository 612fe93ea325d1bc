// SPDX-License-Identifier: GPL-2.0
/*
 * Reading what a domain starts from.
 *
 * A kernel is unpacked in a process of its own into a file without a name, which
 * nobody else writes: what is checked here is what is copied later. Of that file
 * only the pages with headers and notes are ever mapped in; the rest, and the
 * RAM disk, go from file to domain by read(). A RAM disk that changes meanwhile
 * is the guest's affair, one that shrinks is an error.
 */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apart.h"
#include "cache.h"

#define PAGES_PER_MIB	256

int image_copy(const struct image *image, void *to, const void *from,
	       uint64_t size)
{
	off_t offset = (const uint8_t *)from - image->data;
	ssize_t got;

	while (size) {
		got = pread(image->fd, to, size, offset);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			return -ENODATA;
		if (got > 0) {
			to = (char *)to + got;
			offset += got;
			size -= got;
		}
	}
	return 0;
}

static void image_close(struct image *image)
{
	if (image->data)
		munmap((void *)image->data, image->size);
	if (image->fd >= 0)
		close(image->fd);
	*image = (struct image){.fd = -1};
}

/* Opens a regular file of 1 .. @max bytes; -1 and an error. */
static int open_file(const char *path, const char *stage, uint64_t max,
		     struct stat *st, struct report *report)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, st)) {
		report_error(report, EXIT_IMAGE, stage, path,
			     "give the path of a readable file", "%s",
			     strerror(errno));
	} else if (!S_ISREG(st->st_mode)) {
		report_error(report, EXIT_IMAGE, stage, path,
			     "give the path of a file",
			     "it is not a regular file");
	} else if (!st->st_size || (uint64_t)st->st_size > max) {
		report_error(report, EXIT_IMAGE, stage, path,
			     "use another file",
			     "it has %ld bytes, 1 to %lu are allowed",
			     (long)st->st_size, max);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* What the child that unpacks is told (above) and tells. */
struct unpacking {
	int fd;
	uint64_t size;

	int out;			/* the file, if it went well */
	uint64_t room;
	const char *wrong;		/* with the kernel: a constant */
	int rc;				/* without its fault */
};

static void *room(uint64_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Its memory goes with the process. */
static void unpack(void *arg)
{
	struct unpacking *u = arg;
	struct image file = {.fd = u->fd};
	struct kernel_file kernel_file;
	struct kernel kernel;
	void *data = room(u->size), *elf;
	uint64_t done;
	ssize_t n;

	u->rc = data ? image_copy(&file, data, NULL, u->size) : -ENOMEM;
	if (u->rc)
		return;
	u->wrong = kernel_open(data, u->size, &kernel_file);
	u->room = kernel_file.room;
	if (u->wrong || u->room > IMAGE_MAX_KERNEL)
		return;
	elf = u->room ? room(u->room) : data;
	if (!elf) {
		u->rc = -ENOMEM;
		return;
	}
	u->wrong = kernel_load(&kernel_file, elf, &kernel);
	if (!u->room)
		u->room = u->size;
	for (done = 0; !u->wrong && !u->rc && done < u->room; done += n) {
		n = write(u->out, (char *)elf + done, u->room - done);
		if (n < 0)
			u->rc = -errno;
	}
}

static int unpack_failed(const struct unpacking *u, const char *path,
			 struct report *report)
{
	if (u->wrong)
		return report_error(report, EXIT_IMAGE, "unpack kernel", path,
				    NULL, "%s", u->wrong);
	if (u->room > IMAGE_MAX_KERNEL)
		return report_error(report, EXIT_IMAGE, "unpack kernel", path,
				    "use another kernel",
				    "it unpacks to %lu MiB, %lu are allowed",
				    u->room >> 20, IMAGE_MAX_KERNEL >> 20);
	if (u->rc == -ENOMEM || u->rc == -ENOSPC || u->rc == -ECHILD)
		return report_error(report, EXIT_RESOURCES, "unpack kernel",
				    path, "give the service domain more memory",
				    "it found no room, %lu MiB, or was killed",
				    (u->size + u->room) >> 20);
	return report_error(
		report, EXIT_IMAGE, "read kernel", path, "try again", "%s",
		u->rc == -ENODATA ? "it shrank meanwhile" : strerror(-u->rc));
}

/* The unpacked form of the open file @fd, as a file; -1 and an error. */
static int unpack_file(int fd, const struct stat *st, const char *path,
		       struct report *report)
{
	struct unpacking *u = apart_alloc(sizeof(*u));
	int rc, out = -1;

	if (!u)
		return report_errno(report, -errno, "unpack kernel", path);
	u->fd = fd;
	u->size = st->st_size;
	u->out = cache_make();
	if (u->out < 0) {
		report_errno(report, u->out, "unpack kernel", path);
		goto out;
	}
	rc = apart_run(unpack, u);
	if (rc)
		u->rc = rc;
	if (u->rc || u->wrong || u->room > IMAGE_MAX_KERNEL) {
		unpack_failed(u, path, report);
		close(u->out);
		goto out;
	}
	out = u->out;
	cache_keep(out, st);
out:
	apart_free(u, sizeof(*u));
	return out;
}

/* Maps what is unpacked, and reads its headers and notes. */
static int open_elf(struct images *images, const char *path,
		    struct report *report)
{
	struct image *elf = &images->elf;
	struct kernel_file file;
	const char *wrong;
	struct stat st;
	void *data;

	if (fstat(elf->fd, &st))
		return report_errno(report, -errno, "open kernel", path);
	data = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, elf->fd, 0);
	if (data == MAP_FAILED)
		return report_errno(report, -errno, "open kernel", path);
	elf->data = data;
	elf->size = st.st_size;
	wrong = kernel_open(elf->data, elf->size, &file);
	if (!wrong && file.room)
		wrong = "it is packed twice";
	if (!wrong)
		wrong = kernel_load(&file, NULL, &images->kernel);
	return wrong ? report_error(report, EXIT_IMAGE, "open kernel", path,
				    NULL, "%s", wrong) :
		       0;
}

static int open_kernel(struct images *images, const char *path,
		       struct report *report)
{
	struct stat st;
	int fd = open_file(path, "read kernel", IMAGE_MAX_KERNEL, &st, report);

	if (fd < 0)
		return -1;
	images->elf.fd = cache_find(&st);
	if (images->elf.fd < 0) {
		images->unpacked = true;
		images->elf.fd = unpack_file(fd, &st, path, report);
	}
	close(fd);
	return images->elf.fd < 0 ? -1 : open_elf(images, path, report);
}

static int open_ramdisk(struct images *images, const char *path,
			struct report *report)
{
	struct stat st;

	if (!path || !*path)
		return 0;
	images->ramdisk.fd = open_file(path, "read RAM disk", IMAGE_MAX_RAMDISK,
				       &st, report);
	images->ramdisk.size = st.st_size;
	return images->ramdisk.fd < 0 ? -1 : 0;
}

static int lay_out(struct images *images, const struct config *config,
		   struct report *report)
{
	struct layout *layout = &images->layout;
	char action[64] = "";
	const char *wrong;

	wrong = layout_make(layout, &images->kernel,
			    config->memory * PAGES_PER_MIB,
			    images->ramdisk.size, true, config->device_pages);
	if (!wrong)
		return 0;
	if (layout->prefix_end)
		snprintf(action, sizeof(action), "set memory to %lu at least",
			 (layout->prefix_end - 1) / PAGES_PER_MIB + 1);
	return report_error(report, EXIT_CONFIG, "lay out memory", config->name,
			    *action ? action : NULL, "%s", wrong);
}

int images_open(struct images *images, const struct config *config,
		struct report *report)
{
	*images = (struct images){.elf.fd = -1, .ramdisk.fd = -1};
	if (open_kernel(images, config->kernel, report) ||
	    open_ramdisk(images, config->ramdisk, report) ||
	    lay_out(images, config, report)) {
		images_close(images);
		return -1;
	}
	return 0;
}

void images_close(struct images *images)
{
	image_close(&images->elf);
	image_close(&images->ramdisk);
}
