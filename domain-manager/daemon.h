/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Talking to the daemon (rl daemon), which keeps the consoles of guests, writes
 * their logs, and does what on_poweroff, on_reboot and on_crash say.
 *
 * Protocol, on the socket DAEMON_SOCKET: a request is one JSON object on a line
 * with "op", its answer too: { "ok": true } or { "error": "..." }.
 *
 *	register	struct daemon_domain as fields; the domain exists and is
 *			paused. If the connection ends before "started", or the
 *			daemon does, the daemon destroys the domain.
 *	started		it is complete; the next thing is to unpause it
 *	console		"domid": the connection becomes its console, both ways, after
 *			the last of what it printed; it ends with the domain
 *	look		what became of the domains: looks now, and answers then
 *	ping		nothing
 *
 * A restart runs "rl create --stored FILE": FILE is the JSON object of values
 * (config.h) that register was given.
 */
#ifndef RINGLET_RL_DAEMON_H
#define RINGLET_RL_DAEMON_H

#include <stdint.h>
#include <jansson.h>

#define DAEMON_FOLDER	"/run/ringlet"
#define DAEMON_SOCKET	DAEMON_FOLDER "/daemon.sock"
#define DAEMON_LOGS	"/var/log/ringlet"

struct daemon_domain {
	uint32_t domid, console_port;
	uint64_t console_mfn;
	const char *name;
	const uint8_t *uuid;		/* 16 bytes */
	const json_t *values;		/* its configuration, see config.h */
};

struct daemon;

/* NULL with errno: ENOENT or ECONNREFUSED: no daemon runs. */
struct daemon *daemon_open(void);
void daemon_close(struct daemon *daemon);

/*
 * These return NULL, or why it failed (in use until the next call). A daemon that
 * dies meanwhile is a failure like others.
 */
const char *daemon_register(struct daemon *daemon,
			    const struct daemon_domain *domain);
const char *daemon_started(struct daemon *daemon);

/**
 * daemon_look() - have the daemon let go of domains that were destroyed
 *
 * It maps their consoles: until it knows, they are not gone. Waits for it, some
 * seconds at most; nothing if there is no daemon.
 */
void daemon_look(void);

/**
 * daemon_console() - attach to a console
 * @fd: is that of the connection, until daemon_close()
 */
const char *daemon_console(struct daemon *daemon, uint32_t domid, int *fd);

/**
 * console_attach() - connect the terminal to a console that was opened
 * @fd: of daemon_console()
 *
 * Until the detach key (Ctrl-]) is typed, stdin ends, or the console does.
 * Return: 1: detached; 0: the domain ended; -E...
 */
int console_attach(int fd);

#endif
