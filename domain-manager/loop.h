/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loop devices: a file as a block device, for Linux's blkback, which serves nothing
 * else. They free themselves when the last user closes them, so that nothing is
 * left of a disk whose domain was destroyed while rl was not there.
 */
#ifndef RINGLET_RL_LOOP_H
#define RINGLET_RL_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop {
	int fd;			/* open: the device lives; -1: there is none */
	char path[32];		/* /dev/loop0 */
	uint32_t major, minor;
	bool direct;		/* past the page cache, as asked for */
};

/**
 * loop_open() - a loop device for a file
 *
 * It is gone when @loop->fd is closed and nobody else has it open.
 * Return: 0 or -E...; -ENODEV: the module is not there.
 */
int loop_open(struct loop *loop, const char *file, bool readonly, bool direct);
void loop_close(struct loop *loop);

/* The file has another size now. */
int loop_resize(const char *path);

/* Major, minor and bytes of a block device. */
int block_numbers(const char *path, uint32_t *major, uint32_t *minor,
		  uint64_t *bytes);

/* A loop device that has this file; -1: none. */
int loop_find(uint64_t dev, uint64_t ino);

/* Linux's blkback has opened the backing of this vbd. */
bool block_served(uint32_t domid, uint32_t id);

/* -EBUSY: mounted here, or claimed by the kernel otherwise. */
int block_claimed(const char *path);

#endif
