/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unpacked kernels, kept from one rl create to the next: unpacking is most of
 * the time that creating a domain takes.
 */
#ifndef RINGLET_RL_CACHE_H
#define RINGLET_RL_CACHE_H

#include <stdbool.h>
#include <sys/stat.h>

extern const char *cache_folder;	/* /run/ringlet/kernels */

#define CACHE_ENTRIES	2	/* kept, beside one that is in use */

/* Reading the unpacked form of the file that @st describes; -1: not there. */
int cache_find(const struct stat *st);

/**
 * cache_make() - a new, empty file to unpack to
 *
 * Return: a file without a name, in memory if there is no folder; or -E...
 */
int cache_make(void);

/* Keep what cache_make() returned, now that it is complete, as that of @st. */
void cache_keep(int fd, const struct stat *st);

#endif
