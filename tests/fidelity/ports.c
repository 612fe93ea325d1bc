// SPDX-License-Identifier: GPL-2.0
/*
 * I/O ports of programs: nothing without leave, exactly the ports asked for with
 * ioperm, all with iopl(3) but never CLI, for the task that asked and its heirs.
 *
 * Port 0x80 (POST code) and the CMOS index are harmless on every machine.  A kernel
 * that does not own the hardware may refuse ioperm with EPERM; then only "nothing
 * without leave" is tested.
 */
#include "ktap.h"

#include <sched.h>
#include <sys/io.h>

static void do_outb(void *port)
{
	outb(0, (unsigned long)port);
}

static void do_inb(void *port)
{
	inb((unsigned long)port);
}

static void do_inl(void *port)
{
	inl((unsigned long)port);
}

static void do_outsb(void *port)
{
	char c = 0;

	outsb((unsigned long)port, &c, 1);
}

static void do_cli(void *arg)
{
	(void)arg;
	asm volatile("cli");
}

static void do_sti(void *arg)
{
	(void)arg;
	asm volatile("sti");
}

static int faults(void (*fn)(void *), unsigned long port)
{
	struct fault f = fault_catch(fn, (void *)port);

	CHECK(f.sig == 0 || f.sig == SIGSEGV, "port %lx: signal %d", port, f.sig);
	return f.sig != 0;
}

static void no_ports(const char *when)
{
	static const unsigned long ports[] = { 0, 0x20, 0x21, 0x60, 0x64, 0x70, 0x71, 0x80,
					       0x3f8, 0xcf8, 0xcfc, 0x1ff0, 0xfff8 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		CHECK(faults(do_outb, ports[i]), "outb to %lx %s", ports[i], when);
		CHECK(faults(do_inb, ports[i]), "inb from %lx %s", ports[i], when);
		CHECK(faults(do_inl, ports[i]), "inl from %lx %s", ports[i], when);
		CHECK(faults(do_outsb, ports[i]), "outs to %lx %s", ports[i], when);
	}
	CHECK(faults(do_cli, 0) && faults(do_sti, 0), "cli or sti %s", when);
}

static void case_none(void)
{
	no_ports("without leave");
}

static void case_unprivileged(void)
{
	CHECK(setuid(65534) == 0, "setuid: %s", strerror(errno));
	CHECK(ioperm(0x80, 1, 1) == -1 && (errno == EPERM || errno == ENOSYS), "ioperm: %s",
	      strerror(errno));
	CHECK(iopl(3) == -1 && (errno == EPERM || errno == ENOSYS), "iopl: %s",
	      strerror(errno));
	no_ports("as nobody");
}

static void need_ioperm(void)
{
	if (ioperm(0x80, 1, 1)) {
		CHECK(errno == EPERM || errno == ENOSYS, "%s", strerror(errno));
		SKIP("ioperm: %s", strerror(errno));
	}
}

static void case_ioperm(void)
{
	need_ioperm();
	CHECK(!faults(do_outb, 0x80), "outb to the port allowed");
	CHECK(!faults(do_inb, 0x80), "inb from the port allowed");
	CHECK(faults(do_outb, 0x81), "the next port");
	CHECK(faults(do_outb, 0x7f), "the port before");
	CHECK(faults(do_inl, 0x80), "a wide access that reaches over the end");
	CHECK(faults(do_cli, 0), "cli");
	CHECK(ioperm(0x80, 4, 1) == 0, "ioperm");
	CHECK(!faults(do_inl, 0x80), "inl from four ports allowed");
	CHECK(ioperm(0x80, 4, 0) == 0, "ioperm");
	no_ports("after it was taken back");
	CHECK(ioperm(0x10000, 1, 1) == -1 && errno == EINVAL, "%s", strerror(errno));
}

/* The permission belongs to the task, not to the CPU. */
static void case_switch(void)
{
	int i, status, fds[2];
	char c;
	pid_t pid;

	CHECK(pipe(fds) == 0, "pipe");
	pid = fork();
	CHECK(pid >= 0, "fork");
	if (pid == 0) {
		close(fds[1]);
		while (read(fds[0], &c, 1) == 1) {
			if (!faults(do_outb, 0x80))
				_exit(1);
			sched_yield();
		}
		_exit(0);
	}
	need_ioperm();
	for (i = 0; i < 300; i++) {
		CHECK(!faults(do_outb, 0x80), "round %d", i);
		CHECK(write(fds[1], "x", 1) == 1, "write");
		sched_yield();
	}
	close(fds[1]);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0,
	      "a task without leave got the port");
}

/* Inherited by fork, each then with its own; kept over exec (ioperm(2)). */
static void case_fork_exec(void)
{
	int status;
	pid_t pid;

	need_ioperm();
	pid = fork();
	if (pid == 0)
		_exit(faults(do_outb, 0x80));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "not inherited");
	pid = fork();
	if (pid == 0) {
		ioperm(0x80, 1, 0);
		_exit(!faults(do_outb, 0x80));
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "child keeps it");
	CHECK(!faults(do_outb, 0x80), "the child took ours");
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "ports", "--allowed", (char *)NULL);
		_exit(120);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "lost over exec");
}

static void case_iopl(void)
{
	if (iopl(3)) {
		CHECK(errno == EPERM || errno == ENOSYS, "%s", strerror(errno));
		SKIP("iopl: %s", strerror(errno));
	}
	CHECK(!faults(do_outb, 0x80), "outb");
	CHECK(!faults(do_outb, 0xed), "outb");
	/* Linux emulates: CLI and STI do nothing and say so in the log, or fault */
	(void)faults(do_cli, 0);
	usleep(1000);
	CHECK(iopl(0) == 0, "iopl(0)");
	no_ports("after iopl(0)");
	CHECK(iopl(4) == -1 && errno == EINVAL, "%s", strerror(errno));
}

/* The CMOS clock through ports: values that a clock may show. */
static void case_cmos(void)
{
	unsigned int sec, i;

	if (ioperm(0x70, 2, 1))
		SKIP("ioperm: %s", strerror(errno));
	for (i = 0; i < 10; i++) {
		outb(0, 0x70);
		sec = inb(0x71);
		if (sec == 0xff)
			SKIP("this kernel does not own the CMOS");
		CHECK((sec & 15) < 10 && sec >> 4 < 6, "%x seconds", sec);
	}
}

static const struct ktap_case cases[] = {
	{ "nothing without leave", case_none },
	{ "unprivileged", case_unprivileged },
	{ "ioperm", case_ioperm },
	{ "ioperm over switches", case_switch },
	{ "ioperm over fork and exec", case_fork_exec },
	{ "iopl", case_iopl },
	{ "cmos", case_cmos },
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--allowed"))
		return faults(do_outb, 0x80);
	return ktap_main(cases, ARRAY_SIZE(cases));
}
