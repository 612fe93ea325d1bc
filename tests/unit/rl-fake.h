/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hypervisor, a store and a daemon, for rl to talk to: enough of each to see
 * what rl asked for and what it left behind. Any one call can be made to fail.
 */
#ifndef RINGLET_RL_FAKE_H
#define RINGLET_RL_FAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <ringlet/ringlet.h>
#include <xen/xen.h>

#define FAKE_DOMAINS	8
#define FAKE_FRAMES	16384UL

struct fake_domain {
	bool exists, started, nodes, registered, unpaused;
	struct ringlet_domain_info info;
	uint32_t ports;
	bool context_set;
	struct vcpu_guest_context context;
	uint64_t grant_frame;
	struct ringlet_devices devices;
};

#define FAKE_NODES	256
#define FAKE_SLOTS	8

struct fake_node {
	char path[128], value[128];	/* path empty: there is none */
};

struct fake_slot {
	uint32_t domid, uid, device_id, flags;
	bool away;
	bool unknown;		/* to this core: a former one made it */
	uint8_t mac[6];
};

/* Child processes of rl share it. */
struct fake {
	struct fake_domain domain[FAKE_DOMAINS];
	uint64_t frames_used;		/* never given back: mfns stay unique */
	uint64_t free_pages;
	unsigned int calls;		/* so far */
	unsigned int fail_at;		/* the call that fails; 0: none */
	int fail_with;			/* -E... */
	bool no_devices;		/* it is older than ABI 0.2 */
	bool no_large;			/* no extents of more than a page */
	bool no_daemon, no_store;
	int kill_child;			/* pid of whose children die when they map */
	unsigned int opened;		/* handles of all kinds */
	/* rl-fake-devices.c */
	struct fake_node node[FAKE_NODES];
	struct fake_slot slot[FAKE_SLOTS];
	uint32_t uids;
	int loops;			/* that rl holds open */
	uint64_t loop_dev, loop_ino;	/* a file that losetup has bound */
	unsigned int joined;		/* interfaces that went into rlbr0 */
	bool outside;			/* and are not there any more */
	int back_refuses;		/* errno of ATTACH */
	bool no_direct;			/* loop devices can only be buffered */
	bool busy_store;		/* the next transaction must be done again */
	bool no_backend, guest_connects, guest_keeps, claimed;
	char no_module[32], no_program[32];	/* that is not there */
	char ran[32], input[1024];	/* the last program */
	uint8_t memory[FAKE_FRAMES][4096] __attribute__((aligned(4096)));
};

extern struct fake *fake;

void fake_reset(void);
/* A domain that is simply there. */
void fake_add(uint32_t domid, const char *name);
/* Domains, nodes, registrations, maps, handles: nothing but domain 0. */
const char *fake_leftover(void);
/* The same of nodes, back-ends, loop devices. */
const char *fake_leftover_devices(void);
/* The value of a node; NULL: there is none. */
const char *fake_node(const char *path);

#endif
