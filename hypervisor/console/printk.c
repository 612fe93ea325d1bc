// SPDX-License-Identifier: GPL-2.0
/*
 * The log: a ring of 64 KiB that keeps the newest bytes, and the serial console.
 *
 * A line of ours goes to the ring always and to the serial line if its level
 * passes; each begins with "(RL) ", warnings with "(RL) warning: ". Lines that a guest causes share one token
 * bucket (burst of 40, then 8 a second), so that a guest can neither hold the
 * serial line nor wash the ring out; what was dropped is counted in the next
 * line that passes. What the service domain writes with console_io goes to
 * both as it is: it owns the machine's console.
 *
 * Lock: console_lock, the innermost of all. NMI handlers do not log unless
 * they panic, and panic() takes no lock.
 */
#include "console/printk.h"
#include "base/lock.h"
#include "base/string.h"
#include "machine/clock.h"
#include "machine/serial.h"

#define RING_SIZE	65536	/* a power of two */
#define LINE_MAX	512
#define PREFIX		"(RL) "
#define PREFIX_LEN	(sizeof(PREFIX) - 1)
#define BURST		40
#define TOKEN_NS	125000000ULL

static spinlock_t console_lock = SPINLOCK_INIT;
static bool forced;	/* panic: no lock, all levels */

static char ring[RING_SIZE] __guarded_by(console_lock);
static u64 ring_end __guarded_by(console_lock);	/* bytes ever written */

static u32 tokens __guarded_by(console_lock) = BURST;
static u64 token_time __guarded_by(console_lock);
static u32 dropped __guarded_by(console_lock);

/* Levels are compared as numbers of levels let through: 0 none .. 4 debug. */
struct threshold {
	int always, limited;
};
static struct threshold own_level = { LOG_INFO + 1, LOG_INFO + 1 };
static struct threshold guest_level = { 0, LOG_WARNING + 1 };

static void console_acquire(void) __acquires_lock(console_lock) __no_lock_analysis
{
	if (!forced)
		spin_lock(&console_lock);
}

static void console_release(void) __releases_lock(console_lock) __no_lock_analysis
{
	if (!forced)
		spin_unlock(&console_lock);
}

void console_force(void)
{
	forced = true;
}

static void put(const char *s, size_t n, bool show) __requires(console_lock)
{
	size_t i;

	for (i = 0; i < n; i++)
		ring[ring_end++ % RING_SIZE] = s[i];
	if (show)
		serial_write(s, n);
}

/* Format one whole line, prefix and newline included. */
static size_t format_line(char *line, enum log_level level, const char *fmt, va_list ap)
{
	int n, at = PREFIX_LEN;

	memcpy(line, PREFIX, PREFIX_LEN);
	if (level == LOG_WARNING)
		at += snformat(line + at, LINE_MAX - at, "warning: ");
	n = vsnformat(line + at, LINE_MAX - at - 1, fmt, ap);
	n = min(n, LINE_MAX - at - 2) + at;
	if (line[n - 1] != '\n')
		line[n++] = '\n';
	return n;
}

/* Takes a token if there is one. */
static bool rate_ok(void) __requires(console_lock)
{
	u64 now = system_time(), fresh = (now - token_time) / TOKEN_NS;

	if (fresh) {
		tokens = min(tokens + fresh, (u64)BURST);
		token_time += fresh * TOKEN_NS;
	}
	if (!tokens) {
		dropped++;
		return false;
	}
	tokens--;
	return true;
}

static void report_dropped(void) __requires(console_lock)
{
	char line[64];
	int n;

	if (!dropped)
		return;
	n = snformat(line, sizeof(line), PREFIX "%u lines about guests dropped\n", dropped);
	dropped = 0;
	put(line, n, true);
}

static void log_line(enum log_level level, const struct threshold *t, const char *fmt, va_list ap)
{
	char line[LINE_MAX];
	size_t n = format_line(line, level, fmt, ap);
	bool limited = t == &guest_level && (int)level >= t->always && !forced;

	console_acquire();
	if (!limited || rate_ok()) {
		if (limited)
			report_dropped();
		put(line, n, forced || (int)level < t->limited);
	}
	console_release();
}

void printk(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(level, &own_level, fmt, ap);
	va_end(ap);
}

void guest_printk(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(level, &guest_level, fmt, ap);
	va_end(ap);
}

void console_write_guest(const char *s, size_t n)
{
	console_acquire();
	put(s, n, true);
	console_release();
}

u64 log_end(void)
{
	return __atomic_load_n(&ring_end, __ATOMIC_RELAXED);
}

size_t log_read(u64 *position, char *buf, size_t size)
{
	size_t n, i;
	u64 at;

	console_acquire();
	at = min(*position, ring_end);
	if (ring_end - at > RING_SIZE)
		at = ring_end - RING_SIZE;
	n = min(ring_end - at, (u64)size);
	for (i = 0; i < n; i++)
		buf[i] = ring[at++ % RING_SIZE];
	*position = at;
	console_release();
	return n;
}

/* Input waits in the UART, which tells the other end to wait if it must. */
size_t console_read_guest(char *buf, size_t n)
{
	size_t done = 0;
	int c;

	console_acquire();
	while (done < n && (c = serial_read()) >= 0)
		buf[done++] = c;
	console_release();
	return done;
}

/* One level's name at @s; the number of levels it lets through, or -1. */
static int level_by_name(const char *s, size_t len)
{
	static const struct { char name[8]; int n; } levels[] = {
		{ "none", 0 }, { "error", 1 }, { "warning", 2 }, { "info", 3 },
		{ "debug", 4 }, { "all", 4 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(levels); i++)
		if (strlen(levels[i].name) == len && !memcmp(levels[i].name, s, len))
			return levels[i].n;
	return -1;
}

bool console_set_level(bool of_guests, const char *s)
{
	const char *slash = strchr(s, '/');
	struct threshold t;

	t.always = level_by_name(s, slash ? (size_t)(slash - s) : strlen(s));
	t.limited = slash ? level_by_name(slash + 1, strlen(slash + 1)) : t.always;
	if (t.always < 0 || t.limited < t.always)
		return false;
	*(of_guests ? &guest_level : &own_level) = t;
	return true;
}
