// SPDX-License-Identifier: GPL-2.0
/*
 * rl daemon: one loop over event channels, the store, its socket and its clients.
 *
 * It keeps no state that it could lose: at its start it learns what there is from
 * the hypervisor and from files (guest.c), so it may be killed at any time. One
 * runs at a time (a lock on DAEMON_FOLDER/lock).
 *
 * Clients are root's own programs, but are served as if they could hang: nothing
 * waits for them, what they do not read is lost to them.
 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xenevtchn.h>

#include "attach.h"
#include "back.h"
#include "console.h"
#include "guest.h"
#include "hyp.h"
#include "store.h"

#define MAX_REQUEST	(512 * 1024)
#define MAX_CLIENTS	256
#define HISTORY		4096
#define TICK_MS		100	/* while somebody is throttled */
#define CHECK_MS	10000	/* should an event be lost */
#define CHECK_ALONE_MS	500	/* without xenstored there are no events */

struct client {
	struct client *next;
	int fd;
	bool closed;
	bool attached;
	uint32_t domid;			/* attached to, or being built by it */
	bool building;
	char *line;			/* the request as far as it came */
	size_t size, room;
};

static void client_close(struct client *client)
{
	client->closed = true;
}

void clients_output(struct serve *s, uint32_t domid, const char *data,
		    size_t size)
{
	struct client *client;

	for (client = s->clients; client; client = client->next)
		if (client->attached && client->domid == domid &&
		    send(client->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
		    errno != EAGAIN && errno != EINTR)
			client_close(client);
}

void clients_close(struct serve *s, uint32_t domid)
{
	struct client *client;

	for (client = s->clients; client; client = client->next)
		if (client->attached && client->domid == domid)
			client_close(client);
}

static const char *op_register(struct serve *s, struct client *client,
			       const json_t *request)
{
	const char *fault;
	struct guest *guest, *old;

	guest = guest_parse(request, &fault);
	if (!guest)
		return fault;
	/* An older domain of that number is in the way, if nobody has seen it go. */
	old = guest_find(s, guest->domid);
	if (old)
		guest_check(s, old);
	old = guest_find(s, guest->domid);
	if (old || client->building) {
		json_decref(guest->values);
		free(guest);
		return old ? "that domain is registered" : "one at a time";
	}
	guest->state = GUEST_BUILDING;
	old = guest_find_name(s, guest->name);
	if (old && old->state == GUEST_RESTARTING)
		guest->quick = old->quick;
	guest_add(s, guest);
	if (guest_save(guest) || guest_console_open(s, guest)) {
		guest_remove(s, guest);
		return "the console cannot be opened; see " DAEMON_LOGS
		       "/daemon.log";
	}
	client->building = true;
	client->domid = guest->domid;
	return NULL;
}

static const char *op_started(struct serve *s, struct client *client,
			      const json_t *request)
{
	struct guest *guest = guest_find(s, client->domid);

	(void)request;
	if (!client->building || !guest)
		return "nothing is being made by this client, or it died";
	guest->state = GUEST_LIVE;
	if (guest_save(guest)) {
		guest->state = GUEST_BUILDING;
		return DAEMON_FOLDER " cannot be written";
	}
	client->building = false;
	log_line(&s->log, "%s: started as domain %u", guest->name, guest->domid);
	return NULL;
}

static const char *op_console(struct serve *s, struct client *client,
			      const json_t *request)
{
	json_int_t domid = json_integer_value(json_object_get(request, "domid"));
	struct guest *guest = domid > 0 && domid < RINGLET_DOMID_ANY ?
				      guest_find(s, domid) : NULL;

	if (!guest || !guest->console.ring.page)
		return "it has no console here: rl did not create it";
	if (client->building)
		return "this client makes a domain";
	client->attached = true;
	client->domid = domid;
	return NULL;
}

static const char *op_look(struct serve *s, struct client *client,
			   const json_t *request)
{
	(void)client, (void)request;
	guest_check_all(s);
	return NULL;
}

static const char *op_ping(struct serve *s, struct client *client,
			   const json_t *request)
{
	(void)s, (void)client, (void)request;
	return NULL;
}

static void reply(struct client *client, const char *fault)
{
	json_t *answer = fault ? json_pack("{ss}", "error", fault) :
				 json_pack("{sb}", "ok", 1);
	char *text = json_dumps(answer, JSON_COMPACT);

	if (!text || send(client->fd, text, strlen(text),
			  MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ||
	    send(client->fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		client_close(client);
	free(text);
	json_decref(answer);
}

static void serve_request(struct serve *s, struct client *client)
{
	static const struct {
		const char *op;
		const char *(*serve)(struct serve *s, struct client *client,
				     const json_t *request);
	} ops[] = {
		{ "register", op_register },
		{ "started", op_started },
		{ "console", op_console },
		{ "look", op_look },
		{ "ping", op_ping },
	};
	json_t *request = json_loads(client->line, 0, NULL);
	const char *op = json_string_value(json_object_get(request, "op"));
	const char *fault = "no such operation";
	char data[HISTORY];
	size_t i;

	for (i = 0; op && i < sizeof(ops) / sizeof(*ops); i++)
		if (!strcmp(op, ops[i].op))
			fault = ops[i].serve(s, client, request);
	json_decref(request);
	reply(client, fault);
	if (!fault && client->attached) {
		i = log_tail(&guest_find(s, client->domid)->console.log, data,
			     sizeof(data));
		if (i && send(client->fd, data, i, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			client_close(client);
	}
}

/* Typed into a console: no more than there is room for. */
static void serve_input(struct serve *s, struct client *client)
{
	struct guest *guest = guest_find(s, client->domid);
	struct guest_console *c = &guest->console;
	ssize_t n = read(client->fd, c->input + c->nr_input,
			 INPUT_SIZE - c->nr_input);

	if (n <= 0) {
		client_close(client);
		return;
	}
	c->nr_input += n;
	guest_console_work(s, guest);
}

static void serve_client(struct serve *s, struct client *client)
{
	char *end, *line;
	ssize_t n;

	if (client->attached) {
		serve_input(s, client);
		return;
	}
	if (client->room - client->size < 4096) {
		line = client->room >= MAX_REQUEST ? NULL :
			realloc(client->line, client->room + 16384);
		if (!line) {
			client_close(client);
			return;
		}
		client->line = line;
		client->room += 16384;
	}
	n = read(client->fd, client->line + client->size,
		 client->room - client->size - 1);
	if (n <= 0) {
		client_close(client);
		return;
	}
	end = memchr(client->line + client->size, '\n', n);
	client->size += n;
	if (!end)
		return;
	/* One request at a time: what follows early is not for us to keep. */
	*end = 0;
	serve_request(s, client);
	client->size = 0;
}

static void accept_client(struct serve *s, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client, *other;
	int nr = 0;

	if (fd < 0)
		return;
	for (other = s->clients; other; other = other->next)
		nr++;
	client = nr < MAX_CLIENTS ? calloc(1, sizeof(*client)) : NULL;
	if (!client) {
		close(fd);
		return;
	}
	client->fd = fd;
	client->next = s->clients;
	s->clients = client;
}

/* Those that ended; a domain that one of them was making ends with it. */
static void reap_clients(struct serve *s)
{
	struct client **link = &s->clients, *client;
	struct guest *guest;

	while ((client = *link)) {
		if (!client->closed) {
			link = &client->next;
			continue;
		}
		*link = client->next;
		guest = client->building ? guest_find(s, client->domid) : NULL;
		if (guest && guest->state == GUEST_BUILDING) {
			log_line(&s->log, "%s: its creator went away, destroyed",
				 guest->name);
			guest_destroy(s, guest);
		}
		close(client->fd);
		free(client->line);
		free(client);
	}
}

static void serve_events(struct serve *s)
{
	struct guest *guest;
	int port = xenevtchn_pending(s->evtchn);

	for (guest = s->guests; port >= 0 && guest; guest = guest->next)
		if (guest->console.port == port) {
			guest_console_work(s, guest);
			return;
		}
}

static void serve_signals(struct serve *s, int fd)
{
	struct signalfd_siginfo info;
	int status;
	pid_t child;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			s->quit = true;
	while ((child = waitpid(-1, &status, WNOHANG)) > 0)
		guest_child_exited(s, child, status);
}

/* Returns its descriptor for poll(), or -1: there is none (yet). */
static int watch_store(struct serve *s)
{
	int fd;

	s->store = store_open();
	if (!s->store)
		return -1;
	fd = store_watch_domains(s->store);
	if (fd < 0 || store_domain_service(s->store)) {
		store_close(s->store);
		s->store = NULL;
		return -1;
	}
	log_line(&s->log, "xenstored serves");
	return fd;
}

static void store_event(struct serve *s, int *fd)
{
	if (!store_watch_clear(s->store))
		return;
	log_line(&s->log, "xenstored is gone: ends of guests are polled for");
	store_close(s->store);
	*fd = watch_store(s);
}

static void name_service_domain(struct serve *s)
{
	struct ringlet_domain_info info;

	if (!hyp_domain_info(s->hyp, 0, &info) && !*info.name)
		hyp_domain_set_name(s->hyp, 0, "service");
}

/*
 * Our back-ends come back by their device file: /dev is watched for it. It is not
 * opened for longer than a call, which would keep the module from being removed. Only
 * new files count: devtmpfs changes the mode of one that goes.
 */
static int watch_back_ends(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd >= 0 && inotify_add_watch(fd, "/dev", IN_CREATE) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* What is wrong with devices, when it begins to be. */
static void log_news(struct serve *s, const struct report *report, json_t **before)
{
	json_t *news = report_news(report, before), *entry;
	char line[900];
	size_t i;

	json_array_foreach(news, i, entry) {
		report_line(entry, line, sizeof(line));
		log_line(&s->log, "%s", line);
	}
	json_decref(news);
}

static void recover_devices(struct serve *s)
{
	static json_t *before;
	struct report report;

	report_init(&report);
	attach_recover(s->hyp, &report);
	log_news(s, &report, &before);
	report_free(&report);
}

static void attach_devices_again(struct serve *s, bool load)
{
	static json_t *before;
	struct report report;
	int nr;

	report_init(&report);
	nr = attach_again(load, &report);
	if (nr)
		log_line(&s->log, "back-ends are there: %d devices attached again", nr);
	log_news(s, &report, &before);
	report_free(&report);
}

/* Interfaces come and go: one of a guest may have been made anew. */
static int watch_interfaces(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void interface_event(struct serve *s, int fd)
{
	char message[4096];

	/* ENOBUFS, some were lost, is news like any other. */
	while (recv(fd, message, sizeof(message), 0) > 0)
		;
	attach_devices_again(s, false);
}

static void back_end_event(struct serve *s, int fd)
{
	char events[4096] __attribute__((aligned(8)));
	const struct inotify_event *event;
	bool ours = false;
	ssize_t n, at;

	while ((n = read(fd, events, sizeof(events))) > 0)
		for (at = 0; at < n; at += sizeof(*event) + event->len) {
			event = (void *)(events + at);
			ours |= event->len && !strcmp(event->name, RINGLET_BACK_PATH + 5);
		}
	if (ours)
		attach_devices_again(s, true);
}

enum { FD_LISTEN, FD_SIGNAL, FD_EVTCHN, FD_STORE, FD_BACK, FD_LINK, NR_FDS };

static void set_clients(struct serve *s, struct pollfd *fds)
{
	struct client *client;
	struct guest *guest;

	for (client = s->clients; client; client = client->next, fds++) {
		guest = client->attached ? guest_find(s, client->domid) : NULL;
		fds->fd = client->fd;
		fds->events = guest && guest->console.nr_input == INPUT_SIZE ?
				      0 : POLLIN;
		fds->revents = 0;
	}
}

static void serve_clients(struct serve *s, const struct pollfd *fds)
{
	struct client *client;

	for (client = s->clients; client; client = client->next, fds++) {
		if (client->closed || !fds->revents)
			continue;
		if (fds->revents & POLLIN)
			serve_client(s, client);
		else
			client_close(client);
	}
}

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* At intervals, however much goes on meanwhile: what no event told of. */
static void look_around(struct serve *s)
{
	guest_check_all(s);
	recover_devices(s);
	attach_devices_again(s, false);
}

static void loop(struct serve *s, struct pollfd fds[NR_FDS + MAX_CLIENTS])
{
	int64_t now, due = milliseconds();
	bool throttled = false;
	struct client *client;
	int n, nr;

	while (!s->quit) {
		for (nr = NR_FDS, client = s->clients; client;
		     client = client->next)
			nr++;
		fds[FD_STORE].revents = 0;
		set_clients(s, fds + NR_FDS);
		now = milliseconds();
		n = poll(fds, nr, throttled ? TICK_MS : now < due ? due - now : 0);
		if (n < 0)
			continue;
		serve_clients(s, fds + NR_FDS);
		if (fds[FD_EVTCHN].revents)
			serve_events(s);
		if (fds[FD_STORE].fd >= 0 && fds[FD_STORE].revents)
			store_event(s, &fds[FD_STORE].fd);
		if (fds[FD_SIGNAL].revents)
			serve_signals(s, fds[FD_SIGNAL].fd);
		if (fds[FD_BACK].fd >= 0 && fds[FD_BACK].revents)
			back_end_event(s, fds[FD_BACK].fd);
		if (fds[FD_LINK].fd >= 0 && fds[FD_LINK].revents)
			interface_event(s, fds[FD_LINK].fd);
		if (fds[FD_STORE].revents)
			guest_check_all(s);
		if (milliseconds() >= due) {
			look_around(s);
			due = milliseconds() + (s->store ? CHECK_MS : CHECK_ALONE_MS);
		}
		if (!s->store) {
			fds[FD_STORE].fd = watch_store(s);
			due = due < now + CHECK_ALONE_MS ? due : now + CHECK_ALONE_MS;
		}
		reap_clients(s);
		if (fds[FD_LISTEN].revents)
			accept_client(s, fds[FD_LISTEN].fd);
		throttled = guest_console_tick(s);
	}
}

static int make_listener(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
				       .sun_path = DAEMON_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	unlink(DAEMON_SOCKET);
	umask(077);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 64))
		return -1;
	return fd;
}

static int make_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static bool lock(void)
{
	int fd;

	mkdir(DAEMON_FOLDER, 0700);
	mkdir(GUEST_FOLDER, 0700);
	mkdir("/var/log", 0755);
	mkdir(DAEMON_LOGS, 0700);
	fd = open(DAEMON_FOLDER "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB);
}

/* The caller returns when the socket is there: create may follow at once. */
static int background(int *ready)
{
	int fds[2];
	char byte;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return -1;
	child = fork();
	if (child < 0)
		return -1;
	if (child) {
		close(fds[1]);
		return read(fds[0], &byte, 1) == 1 ? 1 : -1;
	}
	close(fds[0]);
	setsid();
	*ready = fds[1];
	return 0;
}

static int run(struct serve *s, int ready)
{
	static struct pollfd fds[NR_FDS + MAX_CLIENTS];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;

	s->evtchn = xenevtchn_open(NULL, 0);
	s->hyp = hyp_open();
	fds[FD_LISTEN].fd = make_listener();
	if (!s->evtchn || !s->hyp || fds[FD_LISTEN].fd < 0) {
		log_line(&s->log, "cannot start: %s", strerror(errno));
		return -1;
	}
	fds[FD_SIGNAL].fd = make_signals();
	fds[FD_EVTCHN].fd = xenevtchn_fd(s->evtchn);
	fds[FD_STORE].fd = watch_store(s);
	fds[FD_BACK].fd = watch_back_ends();
	fds[FD_LINK].fd = watch_interfaces();
	name_service_domain(s);
	for (i = 0; i < NR_FDS; i++)
		fds[i].events = POLLIN;
	guest_load_all(s);
	recover_devices(s);
	attach_devices_again(s, true);
	if (ready >= 0 && write(ready, "", 1) == 1) {
		close(ready);
		for (i = 0; i < 3; i++)
			dup2(null, i);
	}
	log_line(&s->log, "started");
	loop(s, fds);
	log_line(&s->log, "ends; guests go on");
	return 0;
}

json_t *verb_daemon(struct rl *rl)
{
	static struct serve s;
	int ready = -1, rc = 0;

	s.log_max = LOG_DEFAULT_KIB * 1024;
	if (!rl_option(rl, "foreground"))
		rc = background(&ready);
	if (rc > 0)
		return json_object();
	if (rc < 0) {
		report_error(&rl->report, EXIT_NO_SERVICE, "start", "daemon",
			     "see " DAEMON_LOGS "/daemon.log",
			     "it did not come up");
		return NULL;
	}
	if (!lock()) {
		report_error(&rl->report, EXIT_STATE, "start", "daemon", NULL,
			     "it runs already, or " DAEMON_FOLDER
			     " cannot be written");
		return NULL;
	}
	log_open(&s.log, DAEMON_LOGS, "daemon", s.log_max);
	if (run(&s, ready)) {
		report_error(&rl->report, EXIT_NO_SERVICE, "start", "daemon",
			     "see " DAEMON_LOGS "/daemon.log",
			     "hypervisor, event channels or socket cannot be "
			     "opened");
		return NULL;
	}
	return json_object();
}
