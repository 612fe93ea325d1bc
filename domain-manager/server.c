// SPDX-License-Identifier: GPL-2.0
/*
 * Servers of devices. A channel is a pseudo-terminal, whose other end is found under
 * /dev/pts, or a socket that a process of ours listens on: one client at a time, as
 * with a console; what nobody reads waits, so that the guest does, too. A share is
 * Debian's diod, which speaks 9P2000.L on a descriptor.
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

/* The terminal is raw: what a guest writes is not for a line editor. */
static int make_pty(struct device *device)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), rc = 0;
	char *const raw[] = { "stty", "raw", "-echo", "-F", device->made, NULL };

	if (fd < 0)
		return -errno;
	if (grantpt(fd) || unlockpt(fd) ||
	    ptsname_r(fd, device->made, sizeof(device->made)))
		rc = -errno;
	if (rc) {
		close(fd);
		return rc;
	}
	process_run(raw, NULL);
	return fd;
}

/* Moves what has come; false: that side ended. */
static bool move(int from, int to)
{
	char data[4096];
	ssize_t n = read(from, data, sizeof(data)), sent, done = 0;

	if (n <= 0)
		return false;
	for (; done < n; done += sent) {
		sent = send(to, data + done, n - done, MSG_NOSIGNAL);
		if (sent < 0)
			return false;
	}
	return true;
}

/* Until the back-end lets go: its end is looked at without a client, too. */
static void serve(int listener, int back_end)
{
	enum { LISTENER, BACK_END, CLIENT };
	struct pollfd fds[] = {
		[LISTENER] = { .fd = listener, .events = POLLIN },
		[BACK_END] = { .fd = back_end },
		[CLIENT] = { .fd = -1, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[BACK_END].revents & POLLIN &&
		    !move(back_end, fds[CLIENT].fd))
			fds[CLIENT].revents = POLLHUP;
		else if (fds[BACK_END].revents & (POLLHUP | POLLERR))
			return;
		if (fds[CLIENT].fd >= 0 && fds[CLIENT].revents &&
		    (!(fds[CLIENT].revents & POLLIN) || !move(fds[CLIENT].fd, back_end))) {
			close(fds[CLIENT].fd);
			fds[CLIENT].fd = -1;
			fds[BACK_END].events = 0;
			fds[LISTENER].fd = listener;
		}
		if (fds[LISTENER].fd >= 0 && fds[LISTENER].revents & POLLIN) {
			fds[CLIENT].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (fds[CLIENT].fd < 0)
				continue;
			fds[BACK_END].events = POLLIN;
			fds[LISTENER].fd = -1;
		}
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !chmod(path, 0600) && !listen(fd, 1))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* A process with nothing but these two open: no lock of ours may go on in it. */
static int start_server(int listener, int back_end)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;
	pid_t child = fork();

	if (child) {
		close(null);
		return child < 0 ? -errno : child;
	}
	setsid();
	prctl(PR_SET_NAME, "rl-channel");
	listener = fcntl(listener, F_DUPFD, 10);
	back_end = fcntl(back_end, F_DUPFD, 10);
	for (i = 0; i < 3; i++)
		dup2(null, i);
	dup2(listener, 3);
	dup2(back_end, 4);
	close_range(5, ~0U, 0);
	signal(SIGTERM, SIG_DFL);
	serve(3, 4);
	_exit(0);
}

static int make_socket(struct device *device)
{
	int listener = listen_at(device->target), ends[2], pid;

	if (listener < 0)
		return listener;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		close(listener);
		return -errno;
	}
	pid = start_server(listener, ends[1]);
	close(listener);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return pid;
	}
	device->pid = pid;
	return ends[0];
}

int server_channel(struct device *device)
{
	return device->pty ? make_pty(device) : make_socket(device);
}

/*
 * diod(8): serves descriptor 3, the folder alone, as root. Its clients are one
 * guest, whose users are its own affair.
 */
int server_share(struct device *device)
{
	char *const argv[] = { "diod", "--foreground", "--no-auth", "--no-userdb",
			       "--config-file", "/dev/null", "--rfdno", "3", "--wfdno", "3",
			       "--export", device->target, "--export-opts",
			       device->readonly ? "ro" : "", NULL };
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
	const char *expected = device->kind == DEVICE_SHARE ? "diod" : "rl-channel";
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
		unlink(device->target);
}
