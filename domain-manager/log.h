/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log files that stay bounded: NAME.log, and NAME.log.1 with what was before.
 * A guest chooses what is in them, never how large they get.
 */
#ifndef RINGLET_RL_LOG_H
#define RINGLET_RL_LOG_H

#include <limits.h>
#include <stddef.h>

#define LOG_DEFAULT_KIB	256

struct log {
	int fd;
	size_t size, max;
	char path[NAME_MAX + 64];
};

/* A file for @name in @folder, appended to; -E... and a log that drops all. */
int log_open(struct log *log, const char *folder, const char *name, size_t max);
void log_close(struct log *log);
void log_write(struct log *log, const char *data, size_t size);
void log_line(struct log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The last bytes, of this file only. Returns how many. */
size_t log_tail(const struct log *log, char *data, size_t size);

#endif
