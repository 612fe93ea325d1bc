// SPDX-License-Identifier: GPL-2.0
/*
 * The guests that the daemon serves, and what it keeps of each on disk:
 * GUEST_FOLDER/DOMID.json with the fields of register (daemon.h), and state and
 * quick restarts. A file is true only if the domain of that number still has the
 * UUID in it: the hypervisor says who lives.
 */
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "hyp.h"
#include "store.h"
#include "text.h"

#define MAX_PATH	128

static void file_path(char path[MAX_PATH], uint32_t domid, const char *suffix)
{
	snprintf(path, MAX_PATH, GUEST_FOLDER "/%u.json%s", domid, suffix);
}

struct guest *guest_find(const struct serve *s, uint32_t domid)
{
	struct guest *guest;

	for (guest = s->guests; guest; guest = guest->next)
		if (guest->domid == domid && guest->state != GUEST_RESTARTING)
			return guest;
	return NULL;
}

struct guest *guest_find_name(const struct serve *s, const char *name)
{
	struct guest *guest;

	for (guest = s->guests; guest; guest = guest->next)
		if (!strcmp(guest->name, name))
			return guest;
	return NULL;
}

struct guest *guest_parse(const json_t *fields, const char **fault)
{
	json_int_t domid, port, mfn, state = GUEST_BUILDING, quick = 0;
	struct guest *guest = calloc(1, sizeof(*guest));
	const char *name, *uuid;
	json_error_t error;

	*fault = "no memory";
	if (!guest)
		return NULL;
	guest->console.port = -1;
	guest->console.log.fd = -1;
	*fault = "a field is missing or not what it must be";
	if (json_unpack_ex((json_t *)fields, &error, 0,
			   "{s:I,s:I,s:I,s:s,s:s,s:O,s?I,s?I}", "domid", &domid,
			   "console_port", &port, "console_mfn", &mfn, "name",
			   &name, "uuid", &uuid, "values", &guest->values,
			   "state", &state, "quick", &quick) ||
	    domid < 0 || domid >= RINGLET_DOMID_ANY || port < 0 ||
	    port > UINT32_MAX || state < 0 || state >= NR_GUEST_STATES ||
	    strlen(name) >= sizeof(guest->name) ||
	    !json_is_object(guest->values) || !text_uuid(uuid, guest->uuid)) {
		json_decref(guest->values);
		free(guest);
		return NULL;
	}
	guest->domid = domid;
	guest->console_port = port;
	guest->console_mfn = mfn;
	guest->state = state;
	guest->quick = quick;
	strcpy(guest->name, name);
	return guest;
}

void guest_add(struct serve *s, struct guest *guest)
{
	guest->next = s->guests;
	s->guests = guest;
}

/* Nodes of a domain of the same number that is not this one stay. */
static void remove_nodes(struct serve *s, const struct guest *guest)
{
	struct ringlet_domain_info info;

	if (guest->state == GUEST_RESTARTING)
		return;
	detach_all(guest->domid, guest->uuid, false);
	if (!s->store)
		return;
	if (!hyp_domain_info(s->hyp, guest->domid, &info) &&
	    memcmp(info.uuid, guest->uuid, sizeof(info.uuid)))
		return;
	store_domain_remove(s->store, guest->domid);
}

void guest_remove(struct serve *s, struct guest *guest)
{
	struct guest **link = &s->guests;
	char path[MAX_PATH];

	guest_console_close(s, guest);
	remove_nodes(s, guest);
	/* A successor with the same number has a file of that name. */
	if (guest->state != GUEST_RESTARTING || !guest_find(s, guest->domid)) {
		file_path(path, guest->domid, "");
		unlink(path);
	}
	while (*link && *link != guest)
		link = &(*link)->next;
	if (*link)
		*link = guest->next;
	json_decref(guest->values);
	free(guest);
}

int guest_save(const struct guest *guest)
{
	char path[MAX_PATH], new[MAX_PATH], uuid[TEXT_UUID_SIZE];
	json_t *fields = json_pack(
		"{si,sI,sI,ss,ss,sO,si,sI}", "domid", guest->domid,
		"console_port", (json_int_t)guest->console_port, "console_mfn",
		(json_int_t)guest->console_mfn, "name", guest->name, "uuid",
		text_from_uuid(guest->uuid, uuid), "values", guest->values,
		"state", guest->state, "quick", (json_int_t)guest->quick);
	int rc = -ENOMEM;

	file_path(path, guest->domid, "");
	file_path(new, guest->domid, ".new");
	if (fields)
		rc = json_dump_file(fields, new, JSON_INDENT(1)) ? -EIO : 0;
	json_decref(fields);
	return rc ? rc : rename(new, path) ? -errno : 0;
}

/* Does the domain that was saved still exist? */
static bool lives(struct serve *s, const struct guest *guest)
{
	struct ringlet_domain_info info;

	return !hyp_domain_info(s->hyp, guest->domid, &info) &&
	       !(info.state & RINGLET_DOM_DYING) &&
	       !memcmp(info.uuid, guest->uuid, sizeof(info.uuid));
}

static void load(struct serve *s, const char *path)
{
	json_t *fields = json_load_file(path, 0, NULL);
	const char *fault;
	struct guest *guest = guest_parse(fields, &fault);

	json_decref(fields);
	if (!guest) {
		log_line(&s->log, "%s: dropped: %s", path, fault);
		unlink(path);
		return;
	}
	guest_add(s, guest);
	if (guest->state == GUEST_RESTARTING)
		return;			/* when all are known */
	if (!lives(s, guest)) {
		log_line(&s->log, "%s: is gone", guest->name);
		guest_remove(s, guest);
		return;
	}
	if (guest->state == GUEST_BUILDING) {
		log_line(&s->log, "%s: was never finished, destroyed", guest->name);
		guest_destroy(s, guest);
		return;
	}
	/* Whoever wrote its core is gone: from the start again. */
	if (guest->state == GUEST_DUMPING)
		guest->state = GUEST_LIVE;
	guest_console_open(s, guest);
	log_line(&s->log, "%s: served again", guest->name);
}

/* One that was destroyed to be restarted, and no successor is known. */
static void finish_restarts(struct serve *s)
{
	struct guest *guest, *next, *other;

	for (guest = s->guests; guest; guest = next) {
		next = guest->next;
		if (guest->state != GUEST_RESTARTING)
			continue;
		for (other = s->guests; other; other = other->next)
			if (other != guest && !strcmp(other->name, guest->name))
				break;
		if (other)
			guest_remove(s, guest);
		else if (lives(s, guest))
			guest_destroy(s, guest);
		else
			guest_restart(s, guest);
	}
}

void guest_load_all(struct serve *s)
{
	DIR *folder = opendir(GUEST_FOLDER);
	struct dirent *entry;
	char path[MAX_PATH];
	const char *dot;

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) > 32)
			continue;
		snprintf(path, sizeof(path), GUEST_FOLDER "/%s", entry->d_name);
		dot = strrchr(path, '.');
		if (dot && !strcmp(dot, ".json"))
			load(s, path);
		else
			unlink(path);	/* one that was being written */
	}
	if (folder)
		closedir(folder);
	finish_restarts(s);
}
