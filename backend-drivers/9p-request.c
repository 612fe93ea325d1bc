// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of the driver of a shared directory, and their replies.
 *
 * What is checked of a request: its size field is the chain's length and no more
 * than P9_MAX_MESSAGE, its type is one of a request, its tag is not in flight. A
 * driver that fails this has its device broken: a reply could not be told to it.
 * The rest is the server's to judge; it is handed bytes, not addresses.
 *
 * RINGLET_BACK_READONLY is kept here, whatever the server permits.
 */
#include <linux/fcntl.h>
#include <linux/slab.h>

#include "9p.h"
#include "compat.h"

/* 9P2000.L, the types of requests that read only. Tlopen is looked at. */
static bool reads_only(const u8 *message, size_t len)
{
	switch (message[4]) {
	case 8:		/* Tstatfs */
	case P9_TLOPEN:
	case 22:	/* Treadlink */
	case 24:	/* Tgetattr */
	case 30:	/* Txattrwalk */
	case 40:	/* Treaddir */
	case 50:	/* Tfsync */
	case 52:	/* Tlock */
	case 54:	/* Tgetlock */
	case 100:	/* Tversion */
	case 102:	/* Tauth */
	case 104:	/* Tattach */
	case P9_TFLUSH:
	case 110:	/* Twalk */
	case 116:	/* Tread */
	case 120:	/* Tclunk */
		break;
	default:
		return false;
	}
	if (message[4] != P9_TLOPEN)
		return true;
	/* fid[4] flags[4]; the flags are Linux's. */
	return len >= P9_HEADER + 8 &&
	       !(get_unaligned_le32(message + P9_HEADER + 4) & (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND));
}

static struct p9_request *request_get(struct p9_back *p9)
{
	struct p9_request *request;

	request = list_first_entry_or_null(&p9->unused, struct p9_request, list);
	if (request) {
		list_del(&request->list);
		return request;
	}
	request = kzalloc(sizeof(*request), GFP_KERNEL);
	if (request)
		back_chain_init(&request->chain);
	return request;
}

/* Answer a request with @len bytes written, which ends it. */
static void request_end(struct p9_back *p9, struct p9_request *request, u32 len)
{
	list_add(&request->list, &p9->unused);
	back_answer(p9->q, request->chain.head, len);
}

/* Answer with a message; if it does not fit, with nothing. */
static void request_answer(struct p9_back *p9, struct p9_request *request, const u8 *message, size_t len)
{
	if (back_iov_length(&request->chain.out) < len ||
	    back_push(p9->q, &request->chain.out, message, len) != len) {
		back_count(p9->q, BACK_ERRORS, 1);
		len = 0;
	}
	back_count(p9->q, BACK_BYTES_OUT, len);
	request_end(p9, request, len);
}

static void request_fail(struct p9_back *p9, struct p9_request *request, u32 error)
{
	u8 message[P9_HEADER + 4];

	put_unaligned_le32(sizeof(message), message);
	message[4] = P9_RLERROR;
	put_unaligned_le16(request->tag, message + 5);
	put_unaligned_le32(error, message + P9_HEADER);
	back_count(p9->q, BACK_ERRORS, 1);
	request_answer(p9, request, message, sizeof(message));
}

/* Nothing is in flight any more. With p9->lock held. */
void p9_fail_all(struct p9_back *p9)
{
	struct p9_request *request;
	unsigned long tag;

	xa_for_each(&p9->in_flight, tag, request) {
		xa_erase(&p9->in_flight, tag);
		request_fail(p9, request, EIO);
	}
	wake_up_all(&p9->idle);
}

/* Copy the message of a chain to p9->out, and check it: its length, or why not. */
static ssize_t request_read(struct p9_back *p9, struct p9_request *request, const char **why)
{
	u64 len = back_iov_length(&request->chain.in);

	*why = "a request of a size that is not possible";
	if (len < P9_HEADER || len > P9_MAX_MESSAGE)
		return -EPROTO;
	*why = "a request outside of the region";
	if (back_pull(p9->q, &request->chain.in, p9->out, len) != len)
		return -EPROTO;
	*why = "a request whose size field is not its length";
	if (get_unaligned_le32(p9->out) != len)
		return -EPROTO;
	*why = "a request of a type that requests do not have";
	request->type = p9->out[4];
	request->tag = get_unaligned_le16(p9->out + 5);
	if (request->type % 2)
		return -EPROTO;
	*why = "a Tflush that is too short";
	if (request->type == P9_TFLUSH && len < P9_HEADER + 2)
		return -EPROTO;
	if (request->type == P9_TFLUSH)
		request->old_tag = get_unaligned_le16(p9->out + P9_HEADER);
	back_count(p9->q, BACK_BYTES_IN, len);
	return len;
}

/* Bytes in p9->out to be sent; 0: nothing, it is answered; or an error. With p9->lock held. */
static ssize_t request_begin(struct p9_back *p9, struct p9_request *request)
{
	const char *why;
	ssize_t len;
	int rc;

	len = request_read(p9, request, &why);
	if (len < 0)
		goto err_broken;
	if (READ_ONCE(p9->gone)) {
		request_fail(p9, request, EIO);
		return 0;
	}
	if (p9->dev->flags & RINGLET_BACK_READONLY && !reads_only(p9->out, len)) {
		request_fail(p9, request, EROFS);
		return 0;
	}
	rc = xa_insert(&p9->in_flight, request->tag, request, GFP_KERNEL);
	if (!rc)
		return len;
	if (rc != -EBUSY) {
		request_fail(p9, request, ENOMEM);
		return 0;
	}
	why = "a tag that is in use";

err_broken:
	back_broken(p9->dev, "%s", why);
	request_end(p9, request, 0);
	return -EPROTO;
}

/* Take a request and send it. 1: done, 0: there is none, or an error: stopped or broken. */
int p9_take(struct p9_back *p9)
{
	struct p9_request *request;
	ssize_t len;
	int rc;

	mutex_lock(&p9->lock);
	request = request_get(p9);
	rc = request ? back_next(p9->q, &request->chain) : -ENOMEM;
	if (rc <= 0) {
		if (request)
			list_add(&request->list, &p9->unused);
		mutex_unlock(&p9->lock);
		return rc;
	}
	len = request_begin(p9, request);
	mutex_unlock(&p9->lock);
	if (len <= 0)
		return len ?: 1;
	/* The request may be answered, and another one, before this returns. */
	if (p9_send(p9, len))
		p9_server_gone(p9, "does not take requests");
	return 1;
}

/* A Tflush is answered: the request it names will not be. With p9->lock held. */
static void request_flushed(struct p9_back *p9, u16 tag)
{
	struct p9_request *request = xa_erase(&p9->in_flight, tag);

	if (request)
		request_end(p9, request, 0);
}

/* The message of @len bytes in p9->in answers the request with its tag. */
void p9_reply(struct p9_back *p9, size_t len)
{
	struct p9_request *request;
	u16 tag = get_unaligned_le16(p9->in + 5);

	mutex_lock(&p9->lock);
	request = xa_erase(&p9->in_flight, tag);
	if (!request) {
		back_warn(p9->dev, "its server answers tag %u, which is not in flight", tag);
	} else {
		if (request->type == P9_TFLUSH && request->old_tag != tag)
			request_flushed(p9, request->old_tag);
		request_answer(p9, request, p9->in, len);
	}
	if (xa_empty(&p9->in_flight))
		wake_up_all(&p9->idle);
	mutex_unlock(&p9->lock);
}

void p9_requests_free(struct p9_back *p9)
{
	struct p9_request *request, *next;

	list_for_each_entry_safe(request, next, &p9->unused, list) {
		back_chain_free(&request->chain);
		kfree(request);
	}
	INIT_LIST_HEAD(&p9->unused);
}
