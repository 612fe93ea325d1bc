// SPDX-License-Identifier: GPL-2.0
/*
 * The vsyscall page: old programs call fixed addresses at the top of the address
 * space, and Linux emulates them from the page fault (or #GP) that the call causes.
 *
 * The mode is taken from what /proc/self/maps says: "r-xp" vsyscall=emulate, "--xp"
 * vsyscall=xonly, absent vsyscall=none.  Each promises something, and it is tested.
 */
#include "ktap.h"

#include <sys/time.h>
#include <time.h>

#define VSYSCALL	0xffffffffff600000UL

static int can_exec, can_read;

static void find_mode(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[256];

	CHECK(f, "/proc/self/maps: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, "[vsyscall]"))
			continue;
		can_exec = strstr(line, "x") && strchr(line, ' ')[3] == 'x';
		can_read = strchr(line, ' ')[1] == 'r';
	}
	fclose(f);
}

struct call {
	unsigned long nr, a, b;
	long ret;
};

static void do_call(void *arg)
{
	struct call *c = arg;
	long (*fn)(unsigned long, unsigned long, unsigned long) =
		(void *)(VSYSCALL + c->nr * 0x400);

	c->ret = fn(c->a, c->b, 0);
}

static void do_read(void *p)
{
	(void)*(volatile char *)p;
}

static void do_write(void *p)
{
	*(volatile char *)p = 0;
}

static void do_jump(void *p)
{
	((void (*)(void))p)();
}

static struct fault call_it(struct call *c)
{
	return fault_catch(do_call, c);
}

/* With no page, every call is SIGSEGV at that address; else it is the system call. */
static void case_time(void)
{
	struct call c = { .nr = 1 };
	struct fault f;
	time_t t;

	find_mode();
	t = time(NULL);
	f = call_it(&c);
	if (!can_exec) {
		CHECK(f.sig == SIGSEGV && f.addr == VSYSCALL + 0x400, "sig %d addr %lx",
		      f.sig, f.addr);
		return;
	}
	CHECK(f.sig == 0, "signal %d at %lx, error %lx", f.sig, f.ip, f.err);
	CHECK(c.ret >= t && c.ret <= t + 2, "%ld, not %ld", c.ret, (long)t);
}

static void case_gettimeofday(void)
{
	struct timeval tv = { 0, 0 }, now;
	struct call c = { .nr = 0, .a = (unsigned long)&tv };
	struct fault f;

	find_mode();
	f = call_it(&c);
	gettimeofday(&now, NULL);
	if (!can_exec)
		SKIP("no vsyscall page (vsyscall=none)");
	CHECK(f.sig == 0 && c.ret == 0, "signal %d, result %ld", f.sig, c.ret);
	CHECK(now.tv_sec - tv.tv_sec <= 2 && now.tv_sec >= tv.tv_sec, "%ld", (long)tv.tv_sec);
}

static void case_getcpu(void)
{
	unsigned int cpu = 9999, node = 9999;
	struct call c = { .nr = 2, .a = (unsigned long)&cpu, .b = (unsigned long)&node };
	struct fault f;

	find_mode();
	f = call_it(&c);
	if (!can_exec)
		SKIP("no vsyscall page (vsyscall=none)");
	CHECK(f.sig == 0 && c.ret == 0 && cpu < 4096 && node < 4096,
	      "signal %d, result %ld, cpu %u node %u", f.sig, c.ret, cpu, node);
}

/* A bad pointer argument is a signal to the caller, not an error return. */
static void case_bad_pointer(void)
{
	struct call c = { .nr = 0, .a = 8 };
	struct fault f;

	find_mode();
	if (!can_exec)
		SKIP("no vsyscall page (vsyscall=none)");
	f = call_it(&c);
	CHECK(f.sig == SIGSEGV, "signal %d, result %ld", f.sig, c.ret);
}

static void case_access(void)
{
	struct fault f;

	find_mode();
	f = fault_catch(do_read, (void *)VSYSCALL);
	if (can_read)
		CHECK(f.sig == 0, "read: signal %d", f.sig);
	else
		CHECK(f.sig == SIGSEGV, "read: signal %d", f.sig);
	f = fault_catch(do_write, (void *)VSYSCALL);
	CHECK(f.sig == SIGSEGV && f.addr == VSYSCALL, "write: signal %d addr %lx", f.sig,
	      f.addr);
	/* only the three entry points are emulated */
	f = fault_catch(do_jump, (void *)(VSYSCALL + 0x10));
	CHECK(f.sig == SIGSEGV, "into the middle: signal %d", f.sig);
}

/* No kernel text hides behind or before the page. */
static void case_neighbours(void)
{
	struct fault f = fault_catch(do_read, (void *)(VSYSCALL + 4096));

	CHECK(f.sig == SIGSEGV, "behind: signal %d", f.sig);
	f = fault_catch(do_read, (void *)(VSYSCALL - 1));
	CHECK(f.sig == SIGSEGV, "before: signal %d", f.sig);
}

static const struct ktap_case cases[] = {
	{ "time", case_time },
	{ "gettimeofday", case_gettimeofday },
	{ "getcpu", case_getcpu },
	{ "bad pointer", case_bad_pointer },
	{ "access", case_access },
	{ "neighbours", case_neighbours },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
