// SPDX-License-Identifier: GPL-2.0
/* Work in a process of its own that ends with its parent; or begins then. */
#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void *apart_alloc(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void apart_free(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}

int apart_run(void (*function)(void *arg), void *arg)
{
	pid_t parent = getpid(), child, ended;
	int status;

	child = fork();
	if (child < 0)
		return -errno;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			function(arg);
		_exit(0);
	}
	do {
		ended = waitpid(child, &status, 0);
	} while (ended < 0 && errno == EINTR);
	if (ended < 0)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

/* Nothing is ever written: the pipe ends when nobody can any more. */
static void stand_guard(int pipe, void (*function)(void *arg), void *arg)
{
	char byte;

	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	function(arg);
}

/* What a terminal sends to all of its processes is to end this one, not the guard. */
static void block_signals(sigset_t *before)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGQUIT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, before);
}

int guard_start(struct guard *guard, void (*function)(void *arg), void *arg)
{
	int ends[2], rc = 0;
	sigset_t before;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	guard->pipe = ends[1];
	block_signals(&before);
	guard->child = fork();
	if (guard->child < 0) {
		rc = -errno;
		close(ends[1]);
	}
	if (!guard->child) {
		close(ends[1]);
		stand_guard(ends[0], function, arg);
		_exit(0);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[0]);
	return rc;
}

void guard_end(struct guard *guard)
{
	kill(guard->child, SIGKILL);
	while (waitpid(guard->child, NULL, 0) < 0 && errno == EINTR)
		;
	close(guard->pipe);
}
