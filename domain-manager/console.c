// SPDX-License-Identifier: GPL-2.0
/* rl console: the terminal on one side, the daemon's socket on the other. */
#include "console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "daemon.h"
#include "hyp.h"
#include "verbs.h"

#define DETACH_KEY	0x1d		/* Ctrl-] */
#define MAX_HISTORY	4096

static int write_all(int fd, const char *data, size_t size)
{
	ssize_t n;

	for (; size; data += n, size -= n) {
		n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return -errno;
	}
	return 0;
}

/* One piece from stdin. Returns 1 to detach. */
static int from_terminal(int fd)
{
	char data[256], *key;
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));
	int rc;

	if (n < 0)
		return errno == EINTR ? 0 : 1;
	key = memchr(data, DETACH_KEY, n);
	rc = write_all(fd, data, key ? key - data : n);
	/* The other side has ended: its last words are still to be read. */
	if (rc)
		return rc == -EPIPE ? 0 : rc;
	return !n || key;
}

/* One piece for stdout. Returns 1 at its end. */
static int from_console(int fd)
{
	char data[4096];
	ssize_t n = read(fd, data, sizeof(data));

	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0)
		return 1;
	return write_all(STDOUT_FILENO, data, n);
}

static int relay(int fd)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	int rc;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents) {
			rc = from_console(fd);
			if (rc)
				return rc < 0 ? rc : 0;
		}
		if (fds[0].revents) {
			rc = from_terminal(fd);
			if (rc)
				return rc;
		}
	}
}

/*
 * The daemon closes its end when it has read all that was typed. To close ours
 * before, with output unread, would make the kernel drop what it has not read.
 */
static void finish_typing(int fd)
{
	struct pollfd end = { .fd = fd, .events = POLLIN };

	shutdown(fd, SHUT_WR);
	while (poll(&end, 1, 5000) > 0 && !from_console(fd))
		;
}

int console_attach(int fd)
{
	struct termios old, raw;
	bool terminal = !tcgetattr(STDIN_FILENO, &old);
	int rc;

	fflush(stdout);
	/* A console that ends is no reason to die with the terminal raw. */
	signal(SIGPIPE, SIG_IGN);
	if (terminal) {
		raw = old;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	rc = relay(fd);
	if (rc > 0)
		finish_typing(fd);
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &old);
	return rc;
}

/* What it printed last, for programs: as much as comes with attaching. */
static json_t *history(int fd)
{
	char data[MAX_HISTORY + 1];
	size_t size = 0, i;
	ssize_t n;

	shutdown(fd, SHUT_WR);
	while (size < MAX_HISTORY &&
	       (n = read(fd, data + size, MAX_HISTORY - size)) > 0)
		size += n;
	for (i = 0; i < size; i++)
		if ((data[i] < ' ' && data[i] != '\n') || data[i] == 0x7f)
			data[i] = data[i] == '\r' ? ' ' : '?';
	data[size] = 0;
	return json_string(data) ?: json_string("(not UTF-8)");
}

json_t *verb_console(struct rl *rl)
{
	struct ringlet_domain_info info;
	struct daemon *daemon;
	json_t *result = NULL;
	const char *fault;
	int fd, rc;

	if (rl_domain(rl, rl->args[0], &info))
		return NULL;
	daemon = daemon_open();
	if (!daemon) {
		report_error(&rl->report, EXIT_NO_SERVICE, "attach",
			     rl->args[0], "start it: rl daemon",
			     "the daemon cannot be reached: %s", strerror(errno));
		return NULL;
	}
	fault = daemon_console(daemon, info.domid, &fd);
	if (fault) {
		report_error(&rl->report, EXIT_STATE, "attach", rl->args[0],
			     NULL, "%s", fault);
	} else if (rl->json) {
		result = domain_result(&info);
		json_object_set_new(result, "output", history(fd));
	} else {
		fprintf(stderr, "Console of %s; Ctrl-] leaves it.\n",
			rl->args[0]);
		rc = console_attach(fd);
		fprintf(stderr, "\n%s\n", rc ? "Left the console." :
			"The console ended: its domain is gone.");
		if (rc < 0)
			report_errno(&rl->report, rc, "attach", rl->args[0]);
		else
			result = domain_result(&info);
	}
	daemon_close(daemon);
	return result;
}
