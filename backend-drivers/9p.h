/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ringlet_back_9p: a shared directory, whose server is a program of the service
 * domain at the other end of a stream socket (9P2000.L, as diod speaks it).
 *
 * A message of the guest is a chain: the request in its readable part, room for
 * the reply in its writable part. A request goes to the server when its size field
 * is the chain's length; a reply finds its chain by its tag. The driver must not
 * use a tag that is in flight (virtio needs no such rule, we do).
 *
 * Two threads from start to stop: the sender takes chains and may wait for the
 * socket, the receiver waits for replies. At stop the sender ends first, replies
 * are awaited for P9_PATIENCE, then the server counts as gone.
 *
 * A server that is gone: what is in flight and what comes is answered with
 * Rlerror EIO, until the device is attached again with another socket.
 */
#ifndef RINGLET_BACK_9P_H
#define RINGLET_BACK_9P_H

#include <linux/net.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "back.h"

#define P9_MAX_MESSAGE	(1U << 20)	/* longest message either way */
#define P9_HEADER	7		/* size[4] type[1] tag[2] */
#define P9_PATIENCE	(5 * HZ)	/* for replies, at stop */
#define P9_TURN		(HZ / 4)	/* a wait for the socket, before looking around */

/* Message types that we look at; a reply is its request's type + 1. */
#define P9_RLERROR	7
#define P9_TLOPEN	12
#define P9_TFLUSH	108

/**
 * struct p9_request - a chain in flight
 * @old_tag: of a Tflush: the request that shall not be answered any more
 */
struct p9_request {
	struct list_head list;		/* of those not in use */
	struct back_chain chain;
	u16 tag, old_tag;
	u8 type;
};

/**
 * struct p9_back - a device
 * @sock: to the server; its file is ours too
 * @gone: the server; then nothing is sent or received
 * @lock: guards the requests and q's kiovs
 * @in_flight: by tag
 * @unused: requests to be used again
 * @idle: woken when nothing is in flight
 * @wanted: woken when the sender shall look; @kicked says so
 */
struct p9_back {
	struct back_device *dev;
	struct file *file;
	struct socket *sock;
	bool gone;
	struct back_queue *q;
	struct mutex lock;
	struct xarray in_flight;	/* guarded by: lock */
	struct list_head unused;	/* guarded by: lock */
	wait_queue_head_t idle;
	wait_queue_head_t wanted;
	bool kicked;
	struct task_struct *sender, *receiver;
	u8 *out, *in;			/* a message each: the sender's, the receiver's */
};

/* 9p-request.c */
int p9_take(struct p9_back *p9);
void p9_reply(struct p9_back *p9, size_t len);
void p9_fail_all(struct p9_back *p9);
void p9_requests_free(struct p9_back *p9);

/* 9p-socket.c */
int p9_open(struct p9_back *p9, struct file *file);
void p9_close(struct p9_back *p9);
int p9_send(struct p9_back *p9, size_t len);
ssize_t p9_receive(struct p9_back *p9);
void p9_server_gone(struct p9_back *p9, const char *why);

#endif
