/* SPDX-License-Identifier: GPL-2.0 */
/* The files a domain starts from, checked and ready to be copied. */
#ifndef RINGLET_RL_IMAGE_H
#define RINGLET_RL_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "builder.h"
#include "config.h"
#include "report.h"

#define IMAGE_MAX_KERNEL	(256UL << 20)	/* also unpacked */
#define IMAGE_MAX_RAMDISK	(4UL << 30)

/* A file: where its bytes are in the address space, and how to read them. */
struct image {
	int fd;
	uint64_t size;
	const uint8_t *data;	/* mapped; NULL: it is only read */
};

struct images {
	struct image elf;		/* the kernel, unpacked */
	struct image ramdisk;		/* size 0: none */
	struct kernel kernel;
	struct layout layout;
	bool unpacked;			/* it was not in the cache */
};

/**
 * images_open() - read kernel and RAM disk, and place them in the domain
 *
 * On error nothing is left open.
 */
int images_open(struct images *images, const struct config *config,
		struct report *report);
void images_close(struct images *images);

/**
 * image_copy() - bytes of a file, without mapping them
 * @from: address in image->data, or what it would be if data were 0
 *
 * Return: 0, or -E...; -ENODATA: the file has become shorter.
 */
int image_copy(const struct image *image, void *to, const void *from,
	       uint64_t size);

#endif
