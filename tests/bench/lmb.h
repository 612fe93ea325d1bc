/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of lmb share: how an operation is described, timed and given up.
 *
 * An operation returns the nanoseconds that `n` operations took, timed by itself
 * between lap_start() and lap_end(), so preparation stays outside, of the counts of
 * entries too.  It may be run any number of times and leaves nothing behind.
 */
#ifndef LMB_H
#define LMB_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define PAGE		4096UL
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct op {
	const char *name;	/* NULL ends a table */
	int64_t (*run)(long n);
	const char *what;
};

extern const struct op call_ops[], memory_ops[], process_ops[];

extern const char *lmb_self;	/* path of this program */
extern const char *lmb_shell;	/* path of a shell */

/* Time and count entries between the two; lap_end() returns nanoseconds. */
int64_t lap_start(void);
int64_t lap_end(int64_t start);

/* End the operation: "SKIP reason" for what cannot apply, else it failed. */
__attribute__((noreturn, format(printf, 1, 2)))
void give_up(const char *fmt, ...);

#define NEED(cond) do {							\
	if (!(cond))							\
		give_up("%s: %s", #cond, strerror(errno));		\
} while (0)

#endif
