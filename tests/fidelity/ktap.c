// SPDX-License-Identifier: GPL-2.0
/* ktap: see ktap.h.  No locks: one thread reports, cases are processes. */
#include "ktap.h"

#include <stdarg.h>

static char *reason;		/* shared with the child that runs the case */
#define REASON_SIZE	4096

/* At `at` in the reason; one line, and no '#': that would start a directive. */
static void set_reason(size_t at, const char *fmt, va_list ap)
{
	vsnprintf(reason + at, REASON_SIZE - at, fmt, ap);
	for (char *p = reason; *p; p++)
		if (*p == '\n' || *p == '#')
			*p = ' ';
}

void ktap_failed(const char *file, int line, const char *cond, const char *fmt, ...)
{
	va_list ap;
	int at;

	at = snprintf(reason, REASON_SIZE / 2, "%s:%d: %s:", file, line, cond);
	va_start(ap, fmt);
	set_reason(at < REASON_SIZE / 2 ? at : REASON_SIZE / 2 - 1, fmt, ap);
	va_end(ap);
	_exit(1);
}

void ktap_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_reason(0, fmt, ap);
	va_end(ap);
	_exit(4);
}

static void run_case(const struct ktap_case *c)
{
	setpgid(0, 0);
	alarm(CASE_SECONDS);
	c->run();
	_exit(0);
}

static int report(const struct ktap_case *c, unsigned int nr, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok %u %s\n", nr, c->name);
		return 0;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 4) {
		printf("ok %u %s # SKIP %s\n", nr, c->name, reason);
		return 0;
	}
	if (WIFSIGNALED(status))
		snprintf(reason, REASON_SIZE, "died of signal %d%s", WTERMSIG(status),
			 WTERMSIG(status) == SIGALRM ? " (too slow)" : "");
	else if (!*reason)
		snprintf(reason, REASON_SIZE, "exit status %d", WEXITSTATUS(status));
	printf("not ok %u %s # %s\n", nr, c->name, reason);
	return 1;
}

int ktap_main(const struct ktap_case *cases, unsigned int nr)
{
	int failed = 0, status;
	unsigned int i;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	reason = mmap(NULL, REASON_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (reason == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	printf("KTAP version 1\n1..%u\n", nr);
	for (i = 0; i < nr; i++) {
		*reason = '\0';
		pid = fork();
		if (pid == 0)
			run_case(&cases[i]);
		if (pid < 0 || waitpid(pid, &status, 0) != pid) {
			printf("not ok %u %s # fork: %s\n", i + 1, cases[i].name,
			       strerror(errno));
			failed = 1;
			continue;
		}
		kill(-pid, SIGKILL);	/* children that the case left behind */
		failed |= report(&cases[i], i + 1, status);
	}
	return failed;
}

static struct fault *caught;
static sigjmp_buf resume;

static void on_fault(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;
	greg_t *g = uc->uc_mcontext.gregs;

	caught->sig = sig;
	caught->code = si->si_code;
	caught->addr = (unsigned long)si->si_addr;
	caught->trapno = g[REG_TRAPNO];
	caught->err = g[REG_ERR];
#ifdef __x86_64__
	caught->ip = g[REG_RIP];
#else
	caught->ip = g[REG_EIP];
#endif
	siglongjmp(resume, 1);
}

static const int fault_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };

struct fault fault_catch(void (*fn)(void *), void *arg)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	static unsigned char stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) }, old_ss;
	struct sigaction old[ARRAY_SIZE(fault_signals)];
	struct fault f = { 0 };
	unsigned int i;

	caught = &f;
	sigaltstack(&ss, &old_ss);
	for (i = 0; i < ARRAY_SIZE(fault_signals); i++)
		sigaction(fault_signals[i], &sa, &old[i]);
	if (sigsetjmp(resume, 1) == 0)
		fn(arg);
	for (i = 0; i < ARRAY_SIZE(fault_signals); i++)
		sigaction(fault_signals[i], &old[i], NULL);
	sigaltstack(&old_ss, NULL);
	return *(volatile struct fault *)&f;
}
