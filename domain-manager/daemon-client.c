// SPDX-License-Identifier: GPL-2.0
/* The client's end of the daemon's socket: daemon.h has the protocol. */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

#define MAX_ANSWER	512
#define LOOK_SECONDS	5	/* a daemon that hangs is nobody's reason to hang */

struct daemon {
	int fd;
	char answer[MAX_ANSWER];
};

struct daemon *daemon_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
				       .sun_path = DAEMON_SOCKET };
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	int error;

	if (!daemon)
		return NULL;
	daemon->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (daemon->fd < 0 || connect(daemon->fd, (struct sockaddr *)&address,
				      sizeof(address))) {
		error = errno;
		daemon_close(daemon);
		errno = error;
		return NULL;
	}
	return daemon;
}

void daemon_close(struct daemon *daemon)
{
	if (!daemon)
		return;
	if (daemon->fd >= 0)
		close(daemon->fd);
	free(daemon);
}

static const char *send_all(int fd, const char *data, size_t size)
{
	ssize_t sent;

	for (; size; data += sent, size -= sent) {
		sent = send(fd, data, size, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			sent = 0;
		else if (sent < 0)
			return "the daemon went away; see " DAEMON_LOGS
			       "/daemon.log";
	}
	return NULL;
}

/* A byte at a time: what follows the line belongs to the console. */
static const char *receive_line(struct daemon *daemon)
{
	size_t size = 0;
	ssize_t got;

	while (size < MAX_ANSWER - 1) {
		got = read(daemon->fd, daemon->answer + size, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return "the daemon went away; see " DAEMON_LOGS
			       "/daemon.log";
		if (daemon->answer[size] == '\n')
			break;
		size++;
	}
	daemon->answer[size] = 0;
	return NULL;
}

/* Takes over @request. */
static const char *ask(struct daemon *daemon, json_t *request)
{
	char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	const char *fault = line ? NULL : "no memory for the request";
	json_t *answer;

	if (!fault)
		fault = send_all(daemon->fd, line, strlen(line));
	if (!fault)
		fault = send_all(daemon->fd, "\n", 1);
	free(line);
	json_decref(request);
	if (!fault)
		fault = receive_line(daemon);
	if (fault)
		return fault;
	answer = json_loads(daemon->answer, 0, NULL);
	if (json_is_true(json_object_get(answer, "ok"))) {
		json_decref(answer);
		return NULL;
	}
	fault = json_string_value(json_object_get(answer, "error"));
	snprintf(daemon->answer, sizeof(daemon->answer), "%s",
		 fault ? fault : "an answer that is none");
	json_decref(answer);
	return daemon->answer;
}

const char *daemon_register(struct daemon *daemon,
			    const struct daemon_domain *domain)
{
	char uuid[TEXT_UUID_SIZE];

	return ask(daemon,
		   json_pack("{ss,si,si,sI,ss,ss,sO}", "op", "register", "domid",
			     domain->domid, "console_port", domain->console_port,
			     "console_mfn", (json_int_t)domain->console_mfn,
			     "name", domain->name, "uuid",
			     text_from_uuid(domain->uuid, uuid), "values",
			     domain->values));
}

const char *daemon_started(struct daemon *daemon)
{
	return ask(daemon, json_pack("{ss}", "op", "started"));
}

void daemon_look(void)
{
	const struct timeval patience = { .tv_sec = LOOK_SECONDS };
	struct daemon *daemon = daemon_open();

	if (daemon && !setsockopt(daemon->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
				  sizeof(patience)))
		ask(daemon, json_pack("{ss}", "op", "look"));
	daemon_close(daemon);
}

const char *daemon_console(struct daemon *daemon, uint32_t domid, int *fd)
{
	*fd = daemon->fd;
	return ask(daemon, json_pack("{ss,si}", "op", "console", "domid", domid));
}
