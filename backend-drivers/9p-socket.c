// SPDX-License-Identifier: GPL-2.0
/*
 * The socket to the server of a shared directory: whole messages, one way each.
 *
 * A thread that waits for the socket looks up every P9_TURN whether it shall end,
 * so no wait is longer than that, whatever the server does.
 */
#include <linux/file.h>
#include <linux/kthread.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "9p.h"
#include "compat.h"

/* Take @file for the server. It must be a connected stream socket. */
int p9_open(struct p9_back *p9, struct file *file)
{
	struct socket *sock = file ? sock_from_file(file) : NULL;

	if (!sock || sock->type != SOCK_STREAM || sock->sk->sk_state != TCP_ESTABLISHED) {
		back_warn(p9->dev, "needs a connected stream socket to a 9P server");
		return -ENOTSOCK;
	}
	lock_sock(sock->sk);
	sock->sk->sk_sndtimeo = P9_TURN;
	sock->sk->sk_rcvtimeo = P9_TURN;
	release_sock(sock->sk);
	p9->file = get_file(file);
	p9->sock = sock;
	return 0;
}

void p9_close(struct p9_back *p9)
{
	if (p9->file)
		fput(p9->file);
	p9->file = NULL;
	p9->sock = NULL;
}

/* The server cannot be used any more: nobody waits for it from now on. */
void p9_server_gone(struct p9_back *p9, const char *why)
{
	if (xchg(&p9->gone, true))
		return;
	kernel_sock_shutdown(p9->sock, SHUT_RDWR);
	back_warn(p9->dev, "its server %s; requests fail until it is attached anew", why);
	mutex_lock(&p9->lock);
	p9_fail_all(p9);
	mutex_unlock(&p9->lock);
}

static bool again(int rc)
{
	return rc == -EAGAIN || rc == -EINTR || rc == -ERESTARTSYS;
}

/* Send the first @len bytes of p9->out. An error: it is not sent, or in part only. */
int p9_send(struct p9_back *p9, size_t len)
{
	unsigned long deadline = 0;
	size_t done = 0;

	while (done < len) {
		struct kvec part = { p9->out + done, len - done };
		struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
		int rc = kernel_sendmsg(p9->sock, &msg, &part, 1, part.iov_len);

		if (rc > 0)
			done += rc;
		else if (!again(rc))
			return rc ?: -EPIPE;
		if (READ_ONCE(p9->gone))
			return -EPIPE;
		/* Half a message would be the end of the session: some patience. */
		if (kthread_should_stop() && !deadline)
			deadline = jiffies + P9_PATIENCE;
		if (deadline && time_after(jiffies, deadline))
			return -ETIMEDOUT;
	}
	return 0;
}

/* Receive @len bytes at @to. -EAGAIN: none, and the thread shall end. */
static int receive_all(struct p9_back *p9, u8 *to, size_t len, bool begun)
{
	size_t done = 0;

	while (done < len) {
		struct kvec part = { to + done, len - done };
		struct msghdr msg = { };
		int rc = kernel_recvmsg(p9->sock, &msg, &part, 1, part.iov_len, MSG_WAITALL);

		if (rc > 0)
			done += rc;
		else if (!again(rc))
			return rc ?: -EPIPE;
		if (READ_ONCE(p9->gone))
			return -EPIPE;
		if (kthread_should_stop() && done < len)
			return done || begun ? -ETIMEDOUT : -EAGAIN;
	}
	return 0;
}

/* Receive a message to p9->in: its size, or -EAGAIN: the thread shall end. */
ssize_t p9_receive(struct p9_back *p9)
{
	u32 size;
	int rc;

	rc = receive_all(p9, p9->in, P9_HEADER, false);
	if (rc)
		return rc;
	size = get_unaligned_le32(p9->in);
	if (size < P9_HEADER || size > P9_MAX_MESSAGE)
		return -EPROTO;
	rc = receive_all(p9, p9->in + P9_HEADER, size - P9_HEADER, true);
	return rc ?: size;
}
