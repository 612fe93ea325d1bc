// SPDX-License-Identifier: GPL-2.0
/*
 * Servers of devices. A channel is a device file of the back-end; for a socket a
 * process of ours listens, and moves what comes between its client and that file:
 * one client at a time, as with a console. The file is open only meanwhile, since an
 * open one keeps the back-end's module. A share is Debian's diod, which speaks
 * 9P2000.L on a descriptor.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "device.h"
#include "process.h"

#define CHANNEL_NAME	"rl-channel"

/* Moves what has come; false: either side ended. */
static bool move(int from, int to)
{
	char data[4096];
	ssize_t n = read(from, data, sizeof(data)), sent, done = 0;

	if (n <= 0)
		return false;
	for (; done < n; done += sent) {
		sent = write(to, data + done, n - done);
		if (sent < 0)
			return false;
	}
	return true;
}

static void serve_client(int client, int device)
{
	struct pollfd fds[2] = {
		{ .fd = client, .events = POLLIN },
		{ .fd = device, .events = POLLIN },
	};

	while (poll(fds, 2, -1) > 0)
		if ((fds[0].revents && !move(client, device)) ||
		    (fds[1].revents && !move(device, client)))
			return;
}

/* Whether who started us has us on record; @starter ends if that one ended before. */
static bool settled(int starter)
{
	char byte;
	ssize_t n;

	do {
		n = read(starter, &byte, 1);
	} while (n < 0 && errno == EINTR);
	close(starter);
	return n == 1;
}

/* Until it is killed, by server_end(). */
static void serve(int listener, int starter, const char *path)
{
	int client, device;

	if (!settled(starter))
		return;
	for (;;) {
		client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		device = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (device >= 0) {
			serve_client(client, device);
			close(device);
		}
		close(client);
	}
}

/* What a server before left; anything else at that path is not ours to remove. */
static void remove_socket(const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	remove_socket(path);
	/* Nobody else's, not even for a moment. */
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (!rc && !listen(fd, 1))
		return fd;
	rc = rc ? rc : -errno;
	close(fd);
	return rc;
}

/* A process with nothing else open: no lock of ours may go on in it. */
static int start_server(int listener, int starter, const char *path)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;
	pid_t child = fork();
	sigset_t none;

	if (child) {
		close(null);
		return child < 0 ? -errno : child;
	}
	setsid();
	prctl(PR_SET_NAME, CHANNEL_NAME);
	listener = fcntl(listener, F_DUPFD, 10);
	starter = fcntl(starter, F_DUPFD, 10);
	for (i = 0; i < 3; i++)
		dup2(null, i);
	dup2(listener, 3);
	dup2(starter, 4);
	close_range(5, ~0U, 0);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	/* rl create blocks the signals that are to end it. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	serve(3, 4, path);
	_exit(0);
}

int server_channel(struct device *device)
{
	int listener, ends[2], pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	listener = listen_at(device->target);
	pid = listener < 0 ? listener : start_server(listener, ends[0], device->made);
	close(ends[0]);
	if (listener >= 0)
		close(listener);
	if (pid < 0) {
		close(ends[1]);
		return pid;
	}
	device->pid = pid;
	device->unsettled = ends[1];
	return 0;
}

void server_settle(struct device *device)
{
	if (!device->unsettled)
		return;
	/* If it has gone already its socket says so to whoever comes. */
	send(device->unsettled, "", 1, MSG_NOSIGNAL);
	close(device->unsettled);
	device->unsettled = 0;
}

/*
 * diod(8): serves descriptor 3, the folder alone. A user of the guest acts as the one
 * with that number here and is refused if there is none. Mounts are made in a user's
 * name, which is why diod must be let look names up (--no-userdb refuses all).
 */
int server_share(struct device *device)
{
	char *const argv[] = { "diod", "--foreground", "--no-auth",
			       "--config-file", "/dev/null", "--rfdno", "3", "--wfdno", "3",
			       "--export", device->target,
			       device->readonly ? "--export-opts" : NULL, "ro", NULL };
	int ends[2], pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	pid = process_start(argv, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return pid;
	}
	device->pid = pid;
	return ends[0];
}

/* Is the process still that one, and not another with its number? */
static bool is_server(const struct device *device)
{
	const char *expected = device->kind == DEVICE_SHARE ? "diod" : CHANNEL_NAME;
	char path[32], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", device->pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		*name = 0;
	fclose(file);
	return !strncmp(name, expected, strlen(expected));
}

void server_end(const struct device *device)
{
	if (device->pid && is_server(device))
		kill(device->pid, SIGTERM);
	if (device->kind == DEVICE_CHANNEL && !device->pty)
		remove_socket(device->target);
}
