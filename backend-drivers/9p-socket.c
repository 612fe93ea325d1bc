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

/*
 * What is left of [*@at, *@at + *@len) to the server or from it, as much as goes in P9_TURN, which
 * is then no longer left. An error: the session is at its end.
 */
static int transfer(struct p9_back *p9, u8 **at, size_t *len, bool send)
{
	struct kvec part = { *at, *len };
	struct msghdr msg = { };
	int rc;

	if (send) {
		msg.msg_flags = MSG_NOSIGNAL;
		rc = kernel_sendmsg(p9->sock, &msg, &part, 1, *len);
	} else {
		rc = kernel_recvmsg(p9->sock, &msg, &part, 1, *len, MSG_WAITALL);
	}
	if (rc > 0) {
		*at += rc;
		*len -= rc;
	} else if (rc != -EAGAIN && rc != -EINTR && rc != -ERESTARTSYS) {
		return rc ?: -EPIPE;
	}
	return READ_ONCE(p9->gone) ? -EPIPE : 0;
}

/* Send the first @len bytes of p9->out. An error: it is not sent, or in part only. */
int p9_send(struct p9_back *p9, size_t len)
{
	unsigned long deadline = 0;
	u8 *at = p9->out;
	int rc;

	while (len) {
		rc = transfer(p9, &at, &len, true);
		if (rc)
			return rc;
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
	u8 *at = to;
	int rc;

	while (len) {
		rc = transfer(p9, &at, &len, false);
		if (rc)
			return rc;
		if (kthread_should_stop() && len)
			return at != to || begun ? -ETIMEDOUT : -EAGAIN;
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
