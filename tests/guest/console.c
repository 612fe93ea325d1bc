// SPDX-License-Identifier: GPL-2.0
/*
 * Text: formatting, the hypervisor's console (console_io.write), the few string functions that
 * freestanding gcc expects, and glob matching for the command line.
 *
 * Formatting knows d i u x c s p with l and ll, width and zero padding.
 */
#include "child.h"
#include <xen/io/console.h>

void *memset(void *d, int c, size_t n)
{
	void *p = d;

	asm volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(c) : "memory");
	return d;
}

void *memcpy(void *d, const void *s, size_t n)
{
	void *p = d;

	asm volatile("rep movsb" : "+D"(p), "+S"(s), "+c"(n) : : "memory");
	return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, ~0ul);
}

bool glob_match(const char *p, const char *s)
{
	for (; *p && *p != '*'; p++, s++)
		if (*p != *s)
			return false;
	if (!*p)
		return !*s;
	for (;; s++) {
		if (glob_match(p + 1, s))
			return true;
		if (!*s)
			return false;
	}
}

struct out {
	char *buf;
	size_t size, len;
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_number(struct out *o, u64 v, unsigned int base, bool neg, int width, char pad)
{
	char tmp[24];
	int n = 0;

	do {
		tmp[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (neg)
		tmp[n++] = '-';
	for (; width > n; width--)
		put(o, pad);
	while (n)
		put(o, tmp[--n]);
}

static void put_string(struct out *o, const char *s, int width)
{
	for (; *s; s++, width--)
		put(o, *s);
	for (; width > 0; width--)
		put(o, ' ');
}

int kvsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap)
{
	struct out o = { buf, size, 0 };

	for (; *fmt; fmt++) {
		int width = 0, longs = 0;
		char pad = ' ';
		long v;

		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		if (*++fmt == '0')
			pad = '0';
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + *fmt - '0';
		for (; *fmt == 'l' || *fmt == 'z'; fmt++)
			longs++;
		switch (*fmt) {
		case 'd':
		case 'i':
			v = longs ? __builtin_va_arg(ap, long) : __builtin_va_arg(ap, int);
			put_number(&o, v < 0 ? -(u64)v : (u64)v, 10, v < 0, width, pad);
			break;
		case 'u':
		case 'x':
			v = longs ? __builtin_va_arg(ap, long)
				  : (long)__builtin_va_arg(ap, unsigned int);
			put_number(&o, v, *fmt == 'x' ? 16 : 10, false, width, pad);
			break;
		case 'p':
			put_string(&o, "0x", 0);
			put_number(&o, (u64)__builtin_va_arg(ap, void *), 16, false, 0, '0');
			break;
		case 'c':
			put(&o, (char)__builtin_va_arg(ap, int));
			break;
		case 's':
			put_string(&o, __builtin_va_arg(ap, const char *), width);
			break;
		default:
			put(&o, *fmt);
		}
	}
	if (size)
		buf[o.len < size ? o.len : size - 1] = 0;
	return (int)o.len;
}

/*
 * The ring of a domain's own console. Who reads it is trusted to do so: without room we wait.
 */
static void ring_write(const char *s, size_t len)
{
	volatile struct xencons_interface *ring =
		pfn_va(m2p[start_info->console.domU.mfn]);
	struct evtchn_send send = { .port = start_info->console.domU.evtchn };
	size_t i;

	for (i = 0; i < len; i++) {
		while (ring->out_prod - ring->out_cons >= sizeof(ring->out)) {
			HYP(event_channel_op, EVTCHNOP_send, &send);
			HYP(sched_op, SCHEDOP_yield, NULL);
		}
		ring->out[ring->out_prod % sizeof(ring->out)] = s[i];
		barrier();
		ring->out_prod++;
	}
	HYP(event_channel_op, EVTCHNOP_send, &send);
}

/* The hypervisor's console is the initial domain's; others have a ring. */
void console_write(const char *s, size_t len)
{
	if (!start_info || start_info->flags & SIF_INITDOMAIN)
		HYP(console_io, CONSOLEIO_write, len, s);
	else
		ring_write(s, len);
}

int kprintf(const char *fmt, ...)
{
	static char bufs[2][512];
	char *buf = bufs[this_vcpu()->id];
	__builtin_va_list ap;
	int n;

	__builtin_va_start(ap, fmt);
	n = kvsnprintf(buf, sizeof(bufs[0]), fmt, ap);
	__builtin_va_end(ap);
	if (n >= (int)sizeof(bufs[0]))
		n = sizeof(bufs[0]) - 1;
	console_write(buf, n);
	return n;
}

void panic(const char *fmt, ...)
{
	struct sched_shutdown s = { .reason = SHUTDOWN_crash };
	static char buf[256];
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	kvsnprintf(buf, sizeof(buf), fmt, ap);
	__builtin_va_end(ap);
	if (child_self)
		child_fail(__FILE__, __LINE__, buf);
	else
		kprintf("# guest panic: %s\n", buf);
	for (;;)
		HYP(sched_op, SCHEDOP_shutdown, &s);
}
