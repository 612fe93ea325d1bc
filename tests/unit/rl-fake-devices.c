// SPDX-License-Identifier: GPL-2.0
/*
 * The rest of the machine that rl-fake.h plays: nodes of the store with the kernel's
 * back-ends behind them, loop devices, interfaces, other programs, our back-ends.
 */
#include "rl-fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "back.h"
#include "device.h"
#include "loop.h"
#include "netdev.h"
#include "process.h"
#include "server.h"
#include "store.h"

static int fails(void)
{
	return ++fake->calls == fake->fail_at ? fake->fail_with : 0;
}

static struct fake_node *find(const char *path)
{
	size_t i;

	for (i = 0; i < FAKE_NODES; i++)
		if (*fake->node[i].path && !strcmp(fake->node[i].path, path))
			return &fake->node[i];
	return NULL;
}

static void put(const char *path, const char *value)
{
	struct fake_node *node = find(path);
	size_t i;

	for (i = 0; !node && i < FAKE_NODES; i++)
		if (!*fake->node[i].path)
			node = &fake->node[i];
	if (!node)
		abort();
	snprintf(node->path, sizeof(node->path), "%s", path);
	snprintf(node->value, sizeof(node->value), "%s", value);
}

const char *fake_node(const char *path)
{
	const struct fake_node *node = find(path);

	return node ? node->value : NULL;
}

/* What the kernel does when it sees a back-end's state: waits, or lets go. */
static void kernel_sees(const char *path, const char *value)
{
	if (strncmp(path, "/local/domain/0/backend/", 24) || !strstr(path, "/state"))
		return;
	if (!strcmp(value, "1") && !fake->no_backend)
		put(path, fake->guest_connects ? "4" : "2");
	if (!strcmp(value, "5") && !fake->guest_keeps)
		put(path, "6");
}

int store_begin(struct store *store)
{
	(void)store;
	return fails();
}

int store_commit(struct store *store)
{
	int rc = fake->busy_store ? -EAGAIN : fails();

	(void)store;
	fake->busy_store = false;
	return rc;
}

void store_abort(struct store *store)
{
	(void)store;
}

int store_get(struct store *store, const char *path, char *value, size_t size)
{
	const char *found = fake_node(path);

	(void)store;
	if (!found)
		return -ENOENT;
	snprintf(value, size, "%s", found);
	return 0;
}

int store_set(struct store *store, const char *path, const char *value)
{
	int rc = fails();

	(void)store;
	if (rc)
		return rc;
	put(path, value);
	kernel_sees(path, value);
	return 0;
}

int store_folder(struct store *store, const char *path, uint32_t owner, uint32_t reader)
{
	char value[32];

	snprintf(value, sizeof(value), "%u %u", owner, reader);
	return store_set(store, path, value);
}

/* Nothing is to fail on the way back. */
int store_delete(struct store *store, const char *path)
{
	size_t i, length = strlen(path);

	(void)store;
	for (i = 0; i < FAKE_NODES; i++)
		if (!strncmp(fake->node[i].path, path, length) &&
		    (!fake->node[i].path[length] || fake->node[i].path[length] == '/'))
			*fake->node[i].path = 0;
	return 0;
}

/* A loop device lives while rl or a back-end has it. */
int loop_open(struct loop *loop, const char *file, bool readonly, bool direct)
{
	int rc = fails();

	(void)file, (void)readonly;
	loop->fd = -1;
	if (rc)
		return rc;
	*loop = (struct loop){ .fd = 1000, .path = "/dev/loop0", .major = 7,
			       .direct = direct && !fake->no_direct };
	fake->loops++;
	return 0;
}

void loop_close(struct loop *loop)
{
	if (loop->fd >= 0)
		fake->loops--;
	loop->fd = -1;
}

int loop_resize(const char *path)
{
	(void)path;
	return fails();
}

int loop_find(uint64_t dev, uint64_t ino)
{
	return fake->loop_dev == dev && fake->loop_ino == ino && ino ? 5 : -1;
}

bool block_served(uint32_t domid, uint32_t id)
{
	char path[96];

	snprintf(path, sizeof(path), "/local/domain/0/backend/vbd/%u/%u/state", domid, id);
	return !fake->no_backend && fake_node(path);
}

int block_numbers(const char *path, uint32_t *major, uint32_t *minor, uint64_t *bytes)
{
	(void)path;
	*major = 8;
	*minor = 1;
	*bytes = 1UL << 20;
	return fails();
}

int block_claimed(const char *path)
{
	(void)path;
	return fake->claimed ? -EBUSY : fails();
}

bool netdev_exists(const char *name)
{
	return !strcmp(name, "eth0") || !strcmp(name, "rlbr0") || !strncmp(name, "vif", 3);
}

bool netdev_is_bridge(const char *name)
{
	return !strcmp(name, "rlbr0");
}

int netdev_rename(const char *name, const char *new_name)
{
	(void)name, (void)new_name;
	return fails();
}

int netdev_set_mtu(const char *name, uint32_t mtu)
{
	(void)name, (void)mtu;
	return fails();
}

int netdev_up(const char *name)
{
	(void)name;
	return fails();
}

int netdev_add_bridge(const char *name)
{
	(void)name;
	return fails();
}

int netdev_join(const char *bridge, const char *name)
{
	(void)name;
	fake->joined += !strcmp(bridge, "rlbr0");
	return fails();
}

bool netdev_joined(const char *name)
{
	(void)name;
	return !fake->outside;
}

int netdev_set_address(const char *name, uint32_t address, unsigned int bits)
{
	(void)name, (void)address, (void)bits;
	return fails();
}

bool process_module(const char *module, const char *path)
{
	(void)path;
	return strcmp(fake->no_module, module);
}

int process_run(char *const argv[], const char *input)
{
	snprintf(fake->ran, sizeof(fake->ran), "%s", argv[0]);
	snprintf(fake->input, sizeof(fake->input), "%s", input ? input : "");
	return strcmp(argv[0], fake->no_program) ? 0 : 127;
}

int server_channel(struct device *device)
{
	(void)device;
	return fails() ? -EIO : 0;
}

void server_settle(struct device *device)
{
	device->unsettled = 0;
}

int server_share(struct device *device)
{
	(void)device;
	return fails() ? -ENOENT : dup(0);
}

void server_end(const struct device *device)
{
	(void)device;
}

const char *back_module(uint32_t kind)
{
	(void)kind;
	return "ringlet-back-end";
}

bool back_ready(uint32_t kind, bool load)
{
	(void)load;
	return process_module(back_module(kind), "");
}

int back_attach(struct ringlet_back_attach *attach)
{
	int rc = fake->back_refuses ? -fake->back_refuses : fails();
	struct fake_slot *slot;
	uint32_t i = attach->slot;

	if (rc)
		return rc;
	if (i == RINGLET_BACK_ANY_SLOT)
		for (i = 1; fake->slot[i].domid; i++)
			if (i == FAKE_SLOTS - 1)
				return -ENOSPC;
	slot = &fake->slot[i];
	if (attach->flags & RINGLET_BACK_REATTACH) {
		if (slot->uid != attach->uid || !slot->away)
			return -ESTALE;
		slot->away = slot->unknown = false;
	} else {
		*slot = (struct fake_slot){ attach->domid, ++fake->uids,
					    attach->device_id, attach->flags };
		memcpy(slot->mac, attach->mac, 6);
	}
	attach->slot = i;
	attach->uid = slot->uid;
	return 0;
}

int back_detach(struct ringlet_back_detach *detach)
{
	struct fake_slot *slot = &fake->slot[detach->slot];

	if (slot->domid != detach->domid)
		return -ENOENT;
	if (fake->guest_keeps && !(detach->flags & RINGLET_BACK_FORCE))
		return -EINPROGRESS;
	slot->domid = 0;
	return 0;
}

int back_detach_domain(uint32_t domid)
{
	uint32_t i;

	for (i = 0; i < FAKE_SLOTS; i++)
		if (fake->slot[i].domid == domid)
			fake->slot[i].domid = 0;
	return 0;
}

int back_resize(struct ringlet_back_resize *resize)
{
	resize->bytes = 1UL << 20;
	return fails();
}

int back_info(struct ringlet_back_info *info)
{
	const struct fake_slot *slot = &fake->slot[info->slot];

	/* Of the same domain: nobody asks for others. */
	if (info->find == RINGLET_BACK_NEXT)
		while (info->slot < FAKE_SLOTS &&
		       (slot->domid != info->domid || slot->unknown))
			slot = &fake->slot[++info->slot];
	if (info->slot >= FAKE_SLOTS || slot->domid != info->domid || slot->unknown)
		return -ENOENT;
	info->uid = slot->uid;
	info->state = slot->away ? 2 : 1;
	info->device_id = slot->device_id;
	return 0;
}

const char *fake_leftover_devices(void)
{
	size_t i;

	for (i = 0; i < FAKE_NODES; i++)
		if (*fake->node[i].path)
			return fake->node[i].path;
	for (i = 0; i < FAKE_SLOTS; i++)
		if (fake->slot[i].domid)
			return "a slot of a back-end";
	return fake->loops ? "a loop device" : NULL;
}
