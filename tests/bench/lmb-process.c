// SPDX-License-Identifier: GPL-2.0
/* lmb: processes, threads and the switches between them. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lmb.h"

/* The child's half of a ping-pong: a byte back for every byte, until EOF. */
__attribute__((noreturn)) static void echo(int in, int out)
{
	char c;

	while (read(in, &c, 1) == 1)
		if (write(out, &c, 1) != 1)
			_exit(1);
	_exit(0);
}

static int64_t ping(int in, int out, long n)
{
	int64_t t = lap_start();
	char c = 'x';

	while (n--) {
		NEED(write(out, &c, 1) == 1);
		NEED(read(in, &c, 1) == 1);
	}
	return lap_end(t);
}

static int64_t op_pipe(long n)
{
	int to[2], from[2];
	int64_t t;
	pid_t pid;

	NEED(pipe(to) == 0 && pipe(from) == 0);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		close(to[1]);
		close(from[0]);
		echo(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	t = ping(from[0], to[1], n);
	close(to[1]);
	close(from[0]);
	NEED(waitpid(pid, NULL, 0) == pid);
	return t;
}

static int64_t op_unix(long n)
{
	int64_t t;
	pid_t pid;
	int sv[2];

	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		close(sv[0]);
		echo(sv[1], sv[1]);
	}
	close(sv[1]);
	t = ping(sv[0], sv[0], n);
	close(sv[0]);
	NEED(waitpid(pid, NULL, 0) == pid);
	return t;
}

/* A token around a ring of processes; one operation is one hop. */
static int64_t ring(long n, int members)
{
	int fds[16][2], i, j;
	pid_t pids[16];
	int64_t t;

	for (i = 0; i < members; i++)
		NEED(pipe(fds[i]) == 0);
	for (i = 1; i < members; i++) {
		pids[i] = fork();
		NEED(pids[i] >= 0);
		if (pids[i])
			continue;
		for (j = 0; j < members; j++) {
			if (j != i - 1)
				close(fds[j][0]);
			if (j != i)
				close(fds[j][1]);
		}
		echo(fds[i - 1][0], fds[i][1]);
	}
	/* member 0 writes pipe 0 and reads the last one */
	for (j = 0; j < members; j++) {
		if (j != members - 1)
			close(fds[j][0]);
		if (j)
			close(fds[j][1]);
	}
	t = ping(fds[members - 1][0], fds[0][1], n / members + 1);
	close(fds[0][1]);
	close(fds[members - 1][0]);
	for (i = 1; i < members; i++)
		NEED(waitpid(pids[i], NULL, 0) == pids[i]);
	return t * n / ((n / members + 1) * members);
}

static int64_t op_ring2(long n)
{
	return ring(n, 2);
}

static int64_t op_ring8(long n)
{
	return ring(n, 8);
}

static int futex_word[2];

static void futex_wait(int which)
{
	while (!__atomic_load_n(&futex_word[which], __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &futex_word[which], FUTEX_WAIT_PRIVATE, 0,
			NULL, NULL, 0);
}

static void futex_pass(int from, int to)
{
	futex_wait(from);
	__atomic_store_n(&futex_word[from], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&futex_word[to], 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &futex_word[to], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *futex_peer(void *arg)
{
	long n = *(long *)arg;

	while (n--)
		futex_pass(1, 0);
	return NULL;
}

/* Two threads, so no address space changes: the switch alone. */
static int64_t op_futex(long n)
{
	long count = n;
	pthread_t peer;
	int64_t t;

	futex_word[0] = 1;
	futex_word[1] = 0;
	errno = pthread_create(&peer, NULL, futex_peer, &count);
	NEED(errno == 0);
	t = lap_start();
	while (n--)
		futex_pass(0, 1);
	futex_wait(0);		/* the last answer belongs to the last operation */
	t = lap_end(t);
	pthread_join(peer, NULL);
	return t;
}

static void *thread_nothing(void *arg)
{
	return arg;
}

static int64_t op_thread(long n)
{
	int64_t t = lap_start();
	pthread_t th;

	while (n--) {
		errno = pthread_create(&th, NULL, thread_nothing, NULL);
		NEED(errno == 0);
		pthread_join(th, NULL);
	}
	return lap_end(t);
}

static void reap(pid_t pid)
{
	int status;

	NEED(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		give_up("child ended with status 0x%x", status);
}

static int64_t op_fork(long n)
{
	int64_t t = lap_start();
	pid_t pid;

	while (n--) {
		pid = fork();
		NEED(pid >= 0);
		if (pid == 0)
			_exit(0);
		reap(pid);
	}
	return lap_end(t);
}

static pid_t vfork_self(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl(lmb_self, lmb_self, "--exit", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static int64_t op_vfork_exec(long n)
{
	int64_t t = lap_start();
	pid_t pid;

	while (n--) {
		pid = vfork_self();
		NEED(pid >= 0);
		reap(pid);
	}
	return lap_end(t);
}

static int64_t op_fork_sh(long n)
{
	int64_t t = lap_start();
	pid_t pid;

	while (n--) {
		pid = fork();
		NEED(pid >= 0);
		if (pid == 0) {
			execl(lmb_shell, "sh", "-c", "exit 0", (char *)NULL);
			_exit(127);
		}
		reap(pid);
	}
	return lap_end(t);
}

/* A timer that wakes the only process: idle, interrupt, wake-up. */
static int64_t op_sleep(long n)
{
	struct timespec ts = { .tv_nsec = 200000 };
	int64_t t = lap_start();

	while (n--)
		NEED(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL) == 0);
	return lap_end(t);
}

const struct op process_ops[] = {
	{ "pipe", op_pipe, "pipe ping-pong, 2 processes" },
	{ "unix", op_unix, "AF_UNIX ping-pong, 2 processes" },
	{ "ring2", op_ring2, "context switch, ring of 2" },
	{ "ring8", op_ring8, "context switch, ring of 8" },
	{ "futex", op_futex, "futex ping-pong, 2 threads" },
	{ "thread", op_thread, "thread create and join" },
	{ "fork", op_fork, "fork + exit" },
	{ "vfork_exec", op_vfork_exec, "vfork + exec" },
	{ "fork_sh", op_fork_sh, "fork + exec of a shell" },
	{ "sleep", op_sleep, "sleep of 200 us" },
	{ 0 },
};
