// SPDX-License-Identifier: GPL-2.0
/*
 * Bounded log files: see log.h. A full disk loses lines, nothing else.
 */
#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int open_file(struct log *log, int flags)
{
	struct stat status;

	log->fd = open(log->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC |
		       O_NOFOLLOW | flags, 0600);
	log->size = log->fd >= 0 && !fstat(log->fd, &status) ? status.st_size : 0;
	return log->fd < 0 ? -errno : 0;
}

int log_open(struct log *log, const char *folder, const char *name, size_t max)
{
	size_t at = snprintf(log->path, sizeof(log->path), "%s/", folder);

	/* A name must not lead out of the folder, or hide in it. */
	for (; *name && at < sizeof(log->path) - 8; name++, at++)
		log->path[at] = isalnum((unsigned char)*name) ||
				strchr("-_+", *name) ||
				(*name == '.' && log->path[at - 1] != '/') ?
					*name : '_';
	strcpy(log->path + at, ".log");
	log->max = max;
	return open_file(log, 0);
}

void log_close(struct log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

static void rotate(struct log *log)
{
	char old[sizeof(log->path) + 2];

	log_close(log);
	snprintf(old, sizeof(old), "%s.1", log->path);
	rename(log->path, old);
	/* If that failed, the file is begun anew all the same. */
	open_file(log, O_TRUNC);
}

void log_write(struct log *log, const char *data, size_t size)
{
	ssize_t n;

	if (log->fd >= 0 && log->size + size > log->max)
		rotate(log);
	if (log->fd < 0)
		return;
	n = write(log->fd, data, size);
	if (n > 0)
		log->size += n;
}

void log_line(struct log *log, const char *format, ...)
{
	char line[1024];
	time_t now = time(NULL);
	struct tm tm;
	size_t at;
	va_list al;

	at = strftime(line, sizeof(line), "%F %T ", localtime_r(&now, &tm));
	va_start(al, format);
	vsnprintf(line + at, sizeof(line) - at - 1, format, al);
	va_end(al);
	strcat(line, "\n");
	log_write(log, line, strlen(line));
}

size_t log_tail(const struct log *log, char *data, size_t size)
{
	size_t n = log->size < size ? log->size : size;
	ssize_t got = log->fd < 0 ? 0 : pread(log->fd, data, n, log->size - n);

	return got > 0 ? got : 0;
}
