/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ktap: a table of cases, each in a process of its own, reported as KTAP.
 *
 * A case fails by CHECK() or by dying, is left by SKIP(), and may last CASE_SECONDS:
 * a case that wrecks its process or hangs costs itself only.  A child's verdict is
 * its exit status (0, 1 failed, 4 skipped), its reason lies in a shared page.
 *
 * fault_catch() runs one function and returns the signal that stopped it, with what
 * the kernel told the handler: most of what is tested here is "this instruction, in
 * ring 3, does exactly this".
 */
#ifndef FIDELITY_KTAP_H
#define FIDELITY_KTAP_H

#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define CASE_SECONDS	60
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct ktap_case {
	const char *name;
	void (*run)(void);
};

/* What a fault handler saw. */
struct fault {
	int sig;		/* 0: no fault */
	int code;		/* si_code */
	int trapno;
	unsigned long err;
	unsigned long addr;	/* si_addr */
	unsigned long ip;
};

/* Run all cases; the exit status for main(). */
int ktap_main(const struct ktap_case *cases, unsigned int nr);

void ktap_failed(const char *file, int line, const char *cond, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 4, 5)));
void ktap_skip(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#define CHECK(cond, ...) do {						\
	if (!(cond))							\
		ktap_failed(__FILE__, __LINE__, #cond, " " __VA_ARGS__);	\
} while (0)
#define SKIP(...) ktap_skip(__VA_ARGS__)

/*
 * Call fn(arg); on a synchronous signal stop it and return.  The handler runs on
 * a stack of its own, and the flags, segments and FPU of the caller are restored.
 */
struct fault fault_catch(void (*fn)(void *), void *arg);

#endif
