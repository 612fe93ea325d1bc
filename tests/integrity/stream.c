// SPDX-License-Identifier: GPL-2.0
/*
 * send and receive: a stream of known content over one TCP connection. The receiver
 * compares every word; each end makes a checksum of what passed it, and the receiver's
 * goes back to the sender, who compares the two. Each says how far it is, sixteen times.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "main.h"
#include "pattern.h"

#define CHUNK_WORDS	8192
#define CHUNK		(CHUNK_WORDS * sizeof(uint64_t))
#define STEPS		16

struct verdict {
	uint64_t words, sum;
};

/* Depends on the order of the words, too. */
static uint64_t add(uint64_t sum, const uint64_t *words, size_t nr)
{
	while (nr--)
		sum = (sum << 1 | sum >> 63) + *words++;
	return sum;
}

static void address(struct sockaddr_in *sa, const char *host, const char *port)
{
	memset(sa, 0, sizeof(*sa));
	sa->sin_family = AF_INET;
	sa->sin_port = htons(number(port));
	if (host && inet_pton(AF_INET, host, &sa->sin_addr) != 1)
		fail("'%s' is no address", host);
}

static uint64_t words_of(const char *bytes)
{
	uint64_t nr = number(bytes);

	if (!nr || nr % CHUNK)
		fail("the number of bytes must be a multiple of %zu", CHUNK);
	return nr / sizeof(uint64_t);
}

static void progress(const char *what, uint64_t before, uint64_t now, uint64_t all)
{
	if (before * STEPS / all != now * STEPS / all)
		dprintf(STDOUT_FILENO, "%s %lu/%u\n", what, now * STEPS / all, STEPS);
}

/* All @len bytes, or as many as came before the end. */
static size_t get(int fd, void *data, size_t len)
{
	size_t done = 0;
	ssize_t rc;

	while (done < len) {
		rc = read(fd, (char *)data + done, len - done);
		if (rc < 0)
			fail("receive: %s", strerror(errno));
		if (!rc)
			break;
		done += rc;
	}
	return done;
}

static void put(int fd, const void *data, size_t len)
{
	size_t done = 0;
	ssize_t rc;

	while (done < len) {
		rc = send(fd, (const char *)data + done, len - done, MSG_NOSIGNAL);
		if (rc < 0)
			fail("send: %s", strerror(errno));
		done += rc;
	}
}

int stream_send(char **args)
{
	uint64_t chunk[CHUNK_WORDS], all = words_of(args[3]), at;
	uint64_t key = pattern_key(number(args[2]), 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct verdict mine = {}, theirs;
	struct sockaddr_in sa;

	address(&sa, args[0], args[1]);
	if (fd < 0 || connect(fd, (void *)&sa, sizeof(sa)))
		fail("connect to %s: %s", args[0], strerror(errno));
	for (at = 0; at < all; at += CHUNK_WORDS) {
		pattern_fill(key, at, chunk, CHUNK_WORDS);
		mine.sum = add(mine.sum, chunk, CHUNK_WORDS);
		put(fd, chunk, CHUNK);
		progress("sent", at, at + CHUNK_WORDS, all);
	}
	mine.words = all;
	if (shutdown(fd, SHUT_WR))
		fail("shutdown: %s", strerror(errno));
	if (get(fd, &theirs, sizeof(theirs)) != sizeof(theirs))
		fail("the receiver ended without a checksum");
	if (memcmp(&mine, &theirs, sizeof(mine)))
		fail("sent %lu words, sum %#lx, received %lu, sum %#lx", mine.words, mine.sum,
		     theirs.words, theirs.sum);
	printf("sent all: %lu bytes, checksum %016lx\n", all * sizeof(uint64_t), mine.sum);
	return 0;
}

static int accept_one(const char *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, peer;
	struct sockaddr_in sa;

	address(&sa, NULL, port);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (void *)&sa, sizeof(sa)) || listen(fd, 1))
		fail("port %s: %s", port, strerror(errno));
	dprintf(STDOUT_FILENO, "listening\n");
	peer = accept(fd, NULL, NULL);
	if (peer < 0)
		fail("accept: %s", strerror(errno));
	close(fd);
	return peer;
}

int stream_receive(char **args)
{
	uint64_t chunk[CHUNK_WORDS], all = words_of(args[2]), at, differs;
	uint64_t key = pattern_key(number(args[1]), 0);
	int fd = accept_one(args[0]);
	struct verdict mine = {};
	size_t len;

	for (at = 0; at < all; at += CHUNK_WORDS) {
		len = get(fd, chunk, CHUNK);
		if (len != CHUNK)
			fail("the stream ended after %lu bytes", at * sizeof(uint64_t) + len);
		differs = pattern_differs(key, at, chunk, CHUNK_WORDS);
		if (differs != CHUNK_WORDS)
			fail("byte %lu of the stream differs", (at + differs) * sizeof(uint64_t));
		mine.sum = add(mine.sum, chunk, CHUNK_WORDS);
		progress("received", at, at + CHUNK_WORDS, all);
	}
	if (get(fd, chunk, 1))
		fail("more came than %lu bytes", all * sizeof(uint64_t));
	mine.words = all;
	put(fd, &mine, sizeof(mine));
	close(fd);
	printf("received all: %lu bytes, checksum %016lx\n", all * sizeof(uint64_t), mine.sum);
	return 0;
}
