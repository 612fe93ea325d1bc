// SPDX-License-Identifier: GPL-2.0
/* The socket of a channel: what may be in its place, who may connect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "device.h"
#include "server.h"

static char path[] = "/tmp/rl-server.XXXXXX";

static struct device channel(void)
{
	struct device device = { .kind = DEVICE_CHANNEL, .made = "/dev/null" };

	strcpy(device.target, path);
	return device;
}

/* A mistyped path: the file there is not a socket, and stays. */
static void file_in_its_place(void **state)
{
	struct device device;
	struct stat st;

	(void)state;
	close(mkstemp(path));
	device = channel();
	assert_int_equal(server_channel(&device), -EADDRINUSE);
	server_end(&device);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(path);
}

static void socket_left_behind(void **state)
{
	struct device first = channel(), second = channel();
	struct stat st;
	mode_t mask = umask(0);

	(void)state;
	assert_int_equal(server_channel(&first), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	assert_int_equal(umask(mask), 0);
	assert_int_equal(server_channel(&second), 0);
	while (waitpid(first.pid, NULL, WNOHANG) == 0) {
		server_end(&first);
		usleep(10000);
	}
	while (waitpid(second.pid, NULL, WNOHANG) == 0) {
		server_end(&second);
		usleep(10000);
	}
	assert_int_equal(access(path, F_OK), -1);
}

/* rl is killed before its record says who serves: then nobody does. */
static void starter_killed(void **state)
{
	struct device device = channel();
	int ends[2], status, settles;
	pid_t starter, server;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	for (settles = 0; settles < 2; settles++) {
		assert_int_equal(pipe(ends), 0);
		starter = fork();
		if (!starter) {
			if (server_channel(&device))
				_exit(1);
			if (settles)
				server_settle(&device);
			(void)!write(ends[1], &device.pid, sizeof(device.pid));
			for (;;)
				pause();
		}
		assert_int_equal(read(ends[0], &device.pid, sizeof(device.pid)),
				 sizeof(device.pid));
		server = device.pid;
		assert_int_equal(kill(starter, SIGKILL), 0);
		assert_int_equal(waitpid(starter, &status, 0), starter);
		if (settles) {
			assert_int_equal(waitpid(server, &status, WNOHANG), 0);
			kill(server, SIGTERM);
		}
		assert_int_equal(waitpid(server, &status, 0), server);
		assert_int_equal(WIFEXITED(status), !settles);
		close(ends[0]);
		close(ends[1]);
	}
	server_end(&device);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_in_its_place),
		cmocka_unit_test(socket_left_behind),
		cmocka_unit_test(starter_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
