/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hypervisor's log: a ring in memory, copied to the serial console as far
 * as loglvl= and guest_loglvl= let it.
 */
#ifndef RINGLET_CONSOLE_PRINTK_H
#define RINGLET_CONSOLE_PRINTK_H

#include "base/types.h"

struct regs;

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/**
 * printk() - log one line (a newline is added if missing)
 * @level: messages above the loglvl= threshold stay in the ring only
 */
void printk(enum log_level level, const char *fmt, ...) __printf(2, 3);

/**
 * guest_printk() - log what a guest caused; rate-limited for all guests
 *		    together, dropped lines are counted and reported
 */
void guest_printk(enum log_level level, const char *fmt, ...) __printf(2, 3);

/* Bytes of a guest's console_io.write, to the serial line and the ring. */
void console_write_guest(const char *s, size_t n);

/*
 * Bytes of the log from *@position on, which moves past them: what the ring has lost
 * is skipped. Returns the bytes copied. Positions count from the first byte ever.
 */
size_t log_read(u64 *position, char *buf, size_t size);
u64 log_end(void);

/* For panic(): from now on the console takes no lock and shows every level. */
void console_force(void);

/* Console input for the service domain: what the UART has received. */
size_t console_read_guest(char *buf, size_t n);

/*
 * Level by name, of our lines or of those that guests cause: none, error, warning,
 * info, debug, all, or "a/b": up to a always, up to b under the rate limit. False,
 * and nothing changed, if a name is unknown.
 */
bool console_set_level(bool of_guests, const char *s);

/* The registers of an interrupted context, as errors. */
void show_registers(const struct regs *r);

/**
 * panic() - stop the machine: registers, stack and the last log lines
 * @regs: the interrupted context in host space, or NULL
 */
void panic(const struct regs *regs, const char *fmt, ...) __printf(2, 3) __noreturn;

/* Isolation would break if this were not so: never on a guest's value. */
#define BUG_ON(c) do { \
	if (unlikely(c)) \
		panic(NULL, "BUG: %s at %s:%d", #c, __FILE__, __LINE__); \
} while (0)
/* An invariant that we alone control. */
#define ASSERT(c) BUG_ON(!(c))

#endif
