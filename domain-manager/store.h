/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The nodes of a domain in the store, through libxenstore and Debian's xenstored,
 * in the layout that stock Linux expects (docs/misc/xenstore-paths of Xen):
 *
 *	/local/domain/N/name, domid, vm
 *		memory/target, memory/static-max	KiB
 *		cpu/K/availability			"online", "offline"
 *		control/shutdown			a request; the guest clears it
 *		console/ring-ref, port, limit, type
 *		store/ring-ref, port
 *		data, device, error, ...		the guest's own
 *	/vm/UUID/name, uuid
 *
 * Functions that return an int return 0 or -E...: -ENOENT or -ECONNREFUSED if no
 * xenstored runs, -ENOSPC or -E2BIG for its quotas.
 */
#ifndef RINGLET_RL_STORE_H
#define RINGLET_RL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

struct store_domain {
	uint32_t domid;
	uint32_t vcpus, max_vcpus;	/* online at first; there may be */
	uint32_t store_port, console_port;
	uint64_t store_mfn, console_mfn;
	uint64_t memory, max_memory;	/* KiB */
	const char *name;
	const uint8_t *uuid;		/* 16 bytes */
};

/**
 * store_open() - reach xenstored
 *
 * Return: NULL with errno; never waits for a xenstored that is not there.
 */
struct store *store_open(void);
void store_close(struct store *store);

/**
 * store_domain_create() - make a domain's nodes, introduce it to xenstored
 *
 * On error nothing of it is left. Before the domain is unpaused.
 */
int store_domain_create(struct store *store, const struct store_domain *domain);

/* Releases it, removes its nodes. Succeeds if there is nothing (any more). */
int store_domain_remove(struct store *store, uint32_t domid);

int store_domain_rename(struct store *store, uint32_t domid, const char *name);

/**
 * store_shutdown() - ask a domain's kernel to end it
 * @how: "poweroff", "reboot", "halt", "suspend", or one letter for SysRq
 */
int store_shutdown(struct store *store, uint32_t domid, const char *how);

/* Has the kernel not taken up the request yet? */
bool store_shutdown_pending(struct store *store, uint32_t domid);

/* What a kernel that listens says at its start: does it do that? */
bool store_shutdown_supported(struct store *store, uint32_t domid,
			      const char *how);

/* Asks its kernel to have that much memory (KiB). */
int store_memory_target(struct store *store, uint32_t domid, uint64_t kib);

/* Asks its kernel to have the first @online of its @max vCPUs up. */
int store_vcpus(struct store *store, uint32_t domid, uint32_t online,
		uint32_t max);

/* The nodes of the domain that we are in. */
int store_domain_service(struct store *store);

/*
 * Single nodes, by their whole path. Between store_begin() and store_commit() they
 * are seen by others all at once; -EAGAIN of store_commit(): begin once more.
 */
int store_begin(struct store *store);
int store_commit(struct store *store);
void store_abort(struct store *store);
/* -ENOENT: there is none; -E2BIG: the value does not fit. */
int store_get(struct store *store, const char *path, char *value, size_t size);
int store_set(struct store *store, const char *path, const char *value);
/* A folder of @owner's, which @reader may read; what is made in it inherits that. */
int store_folder(struct store *store, const char *path, uint32_t owner,
		 uint32_t reader);
/* With all below it; 0 also if there is none. */
int store_delete(struct store *store, const char *path);

/**
 * store_watch_domains() - learn when domains end or go
 *
 * Return: a file descriptor that is readable when some did, or -E...
 */
int store_watch_domains(struct store *store);

/* Takes what has come on that descriptor. -EPIPE: xenstored is gone. */
int store_watch_clear(struct store *store);

#endif
