// SPDX-License-Identifier: GPL-2.0
/* Other programs: started without a shell, with no descriptor of ours. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* execvp(3) wants one; the daemon may have been started with none. */
#define PATH	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static void become(char *const argv[], int input, int extra)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	/* @extra first: it may have a number that dup2() below gives away. */
	if (extra >= 0)
		extra = fcntl(extra, F_DUPFD, 10);
	dup2(input >= 0 ? input : null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (extra >= 0) {
		dup2(extra, 3);
		close(extra);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("PATH", PATH, 1);
	execvp(argv[0], argv);
}

static void feed(int fd, const char *text)
{
	size_t size = strlen(text);
	ssize_t n;

	for (; size; text += n, size -= n) {
		n = write(fd, text, size);
		if (n <= 0)
			break;
	}
	close(fd);
}

int process_run(char *const argv[], const char *input)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	int ends[2] = { -1, -1 }, status, rc = 0;
	pid_t child, ended;

	if (input && pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child) {
		signal(SIGPIPE, SIG_DFL);
		become(argv, ends[0], -1);
		_exit(127);
	}
	if (child < 0)
		rc = -errno;
	if (input) {
		close(ends[0]);
		feed(ends[1], input);
	}
	if (!rc) {
		do {
			ended = waitpid(child, &status, 0);
		} while (ended < 0 && errno == EINTR);
		rc = ended < 0 ? -errno : WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
	}
	signal(SIGPIPE, before);
	return rc;
}

bool process_module(const char *module, const char *path)
{
	char *const argv[] = { "modprobe", "-q", (char *)module, NULL };

	if (!access(path, F_OK))
		return true;
	process_run(argv, NULL);
	return !access(path, F_OK);
}

int process_start(char *const argv[], int fd)
{
	int ends[2], rc = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child) {
		setsid();
		become(argv, -1, fd);
		rc = errno;
		(void)!write(ends[1], &rc, sizeof(rc));
		_exit(127);
	}
	close(ends[1]);
	if (child < 0)
		rc = errno;
	else if (read(ends[0], &rc, sizeof(rc)) == sizeof(rc))
		waitpid(child, NULL, 0);
	close(ends[0]);
	return rc ? -rc : child;
}
