// SPDX-License-Identifier: GPL-2.0
/*
 * stopwatch COMMAND...: runs it, prints "STOPWATCH NANOSECONDS STATUS" and ends with
 * its status: busybox has no clock that is fine enough. Time ends when the command
 * does, whatever it leaves running.
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	int status = 0;
	long long start;
	pid_t child;

	if (argc < 2)
		return 2;
	start = now();
	if (posix_spawnp(&child, argv[1], NULL, NULL, argv + 1, environ) || waitpid(child, &status, 0) != child)
		return 126;
	start = now() - start;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	printf("\nSTOPWATCH %lld %d\n", start, status);
	return status;
}
