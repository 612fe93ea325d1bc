/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest as the daemon knows it.
 *
 *	guest.c		the list, what is kept of each in /run/ringlet/domains
 *	guest-console.c	its console ring and log
 *	guest-end.c	what happens when it ends
 *	daemon.c	the loop, requests
 *
 * One thread, one loop: nothing is locked, nothing may wait for a guest.
 */
#ifndef RINGLET_RL_GUEST_H
#define RINGLET_RL_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>

#include "config.h"
#include "log.h"
#include "ring.h"

#define GUEST_FOLDER	"/run/ringlet/domains"
#define INPUT_SIZE	1024

struct hyp;
struct store;
struct xenevtchn_handle;
struct client;

struct guest_console {
	struct ring ring;		/* ring.page NULL: not open */
	int port;			/* ours; -1: not bound */
	size_t budget;			/* bytes it may print in this tick */
	bool throttled;			/* it printed more: masked until the next */
	struct log log;
	char input[INPUT_SIZE];		/* typed, no room in the ring yet */
	size_t nr_input;
};

enum guest_state {
	GUEST_BUILDING,		/* its creator is not done */
	GUEST_LIVE,
	GUEST_DUMPING,		/* ended; a child writes its core */
	GUEST_KEPT,		/* ended, preserved */
	GUEST_RESTARTING,	/* destroyed; a child creates its successor */
	NR_GUEST_STATES
};

struct guest {
	struct guest *next;
	uint32_t domid, console_port;
	uint64_t console_mfn;
	uint8_t uuid[16];
	char name[CONFIG_NAME_SIZE];
	json_t *values;
	enum guest_state state;
	enum config_action action;	/* what goes on after a dump */
	uint64_t quick;			/* restarts in a row after a short life */
	pid_t child;			/* 0: none */
	struct guest_console console;
};

/* What the daemon has, once. */
struct serve {
	struct hyp *hyp;
	struct xenevtchn_handle *evtchn;
	struct store *store;		/* NULL: no xenstored */
	struct guest *guests;
	struct client *clients;
	struct log log;
	size_t log_max;			/* of each guest */
	bool quit;
};

/* guest.c */
struct guest *guest_find(const struct serve *s, uint32_t domid);
struct guest *guest_find_name(const struct serve *s, const char *name);
/* A guest from the fields of a request or a file; NULL with @fault. */
struct guest *guest_parse(const json_t *fields, const char **fault);
void guest_add(struct serve *s, struct guest *guest);
/* Forget it: console, file, clients, nodes in the store. Frees it. */
void guest_remove(struct serve *s, struct guest *guest);
/* Write what a successor of this daemon must know; replaces the file as a whole. */
int guest_save(const struct guest *guest);
/* What a predecessor left: serve those that live, clean up after the others. */
void guest_load_all(struct serve *s);

/* guest-console.c */
int guest_console_open(struct serve *s, struct guest *guest);
void guest_console_close(struct serve *s, struct guest *guest);
/* Its event came, or input did: move what can be moved. */
void guest_console_work(struct serve *s, struct guest *guest);
/* A new tick begins. Returns whether a guest was throttled. */
bool guest_console_tick(struct serve *s);

/* guest-end.c */
/* Look at what became of a guest, act on it; it is freed if its domain is gone. */
void guest_check(struct serve *s, struct guest *guest);
void guest_check_all(struct serve *s);
void guest_child_exited(struct serve *s, pid_t child, int status);
void guest_destroy(struct serve *s, struct guest *guest);
/* Create it again, from its values. */
void guest_restart(struct serve *s, struct guest *guest);

/* daemon.c */
/* For each client attached to its console. */
void clients_output(struct serve *s, uint32_t domid, const char *data,
		    size_t size);
void clients_close(struct serve *s, uint32_t domid);

#endif
