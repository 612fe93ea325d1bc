// SPDX-License-Identifier: GPL-2.0
/*
 * A domain's nodes in the store: see store.h for the layout.
 *
 * Everything a guest may read but not write inherits the permissions of
 * /local/domain/N (xenstored gives a new node those of its parent); what it may
 * write is made its own. There is no transaction: a domain cannot see its nodes
 * before it is introduced, which is the last step, and store_domain_remove()
 * finds all that may be there by two paths. A transaction would make xenstored
 * copy each node.
 */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore.h>

#include "text.h"

#define PATH_SIZE	160
#define CONSOLE_LIMIT	"1048576"	/* as stock tools say; nobody reads it */

struct store {
	struct xs_handle *xs;
	/*
	 * A connection of its own, with one watch: in the static library, which
	 * has no reading thread, a request fails if an event comes before its reply.
	 */
	struct xs_handle *watch;
	xs_transaction_t transaction;	/* of store_begin(); XBT_NULL: none */
};

/*
 * libxenstore falls back to the kernel's device if the socket is not there,
 * which waits for xenstored without end: ask the socket first.
 */
static int probe(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, rc = 0;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		 xs_daemon_socket());
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		rc = -errno;
	close(fd);
	return rc;
}

struct store *store_open(void)
{
	struct store *store;
	int rc = probe();

	if (rc) {
		errno = -rc;
		return NULL;
	}
	store = calloc(1, sizeof(*store));
	if (!store)
		return NULL;
	store->xs = xs_open(0);
	if (!store->xs) {
		rc = errno;
		free(store);
		errno = rc;
		return NULL;
	}
	return store;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	xs_close(store->xs);
	xs_close(store->watch);
	free(store);
}

static void domain_path(char path[PATH_SIZE], uint32_t domid, const char *node)
{
	snprintf(path, PATH_SIZE, "/local/domain/%u%s%s", domid, *node ? "/" : "",
		 node);
}

static int write_node(struct store *store, uint32_t domid, const char *node,
		      const char *value)
{
	char path[PATH_SIZE];

	domain_path(path, domid, node);
	return xs_write(store->xs, XBT_NULL, path, value, strlen(value)) ?
		       0 : -errno;
}

static int write_number(struct store *store, uint32_t domid, const char *node,
			uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", value);
	return write_node(store, domid, node, text);
}

/* Does the domain have nodes here, so that a guest may look at them? */
static bool exists(struct store *store, uint32_t domid)
{
	char path[PATH_SIZE];
	unsigned int length;
	void *value;

	domain_path(path, domid, "domid");
	value = xs_read(store->xs, XBT_NULL, path, &length);
	free(value);
	return value;
}

/* Everybody else: nothing. The owner: everything. */
static int own_node(struct store *store, uint32_t domid, const char *node)
{
	struct xs_permissions guest = { .id = domid, .perms = XS_PERM_NONE };
	char path[PATH_SIZE];
	int rc = write_node(store, domid, node, "");

	if (rc)
		return rc;
	domain_path(path, domid, node);
	return xs_set_permissions(store->xs, XBT_NULL, path, &guest, 1) ?
		       0 : -errno;
}

/* The domain's folder: ours, and the guest may read it. */
static int make_folder(struct store *store, uint32_t domid)
{
	struct xs_permissions perms[2] = {
		{ .id = 0, .perms = XS_PERM_NONE },
		{ .id = domid, .perms = XS_PERM_READ },
	};
	char path[PATH_SIZE];
	int rc = write_node(store, domid, "", "");

	if (rc)
		return rc;
	domain_path(path, domid, "");
	return xs_set_permissions(store->xs, XBT_NULL, path, perms, 2) ?
		       0 : -errno;
}

static int make_vm(struct store *store, const struct store_domain *domain)
{
	char path[PATH_SIZE], uuid[TEXT_UUID_SIZE];

	text_from_uuid(domain->uuid, uuid);
	snprintf(path, sizeof(path), "/vm/%s/name", uuid);
	if (!xs_write(store->xs, XBT_NULL, path, domain->name,
		      strlen(domain->name)))
		return -errno;
	snprintf(path, sizeof(path), "/vm/%s/uuid", uuid);
	if (!xs_write(store->xs, XBT_NULL, path, uuid, strlen(uuid)))
		return -errno;
	snprintf(path, sizeof(path), "/vm/%s", uuid);
	return write_node(store, domain->domid, "vm", path);
}

static int make_nodes(struct store *store, const struct store_domain *domain)
{
	static const char *const own[] = {
		"control/shutdown", "control/feature-poweroff",
		"control/feature-reboot", "control/feature-suspend",
		"control/sysrq", "data", "drivers", "feature", "attr", "error",
	};
	const struct {
		const char *node;
		uint64_t value;
	} numbers[] = {
		{ "domid", domain->domid },
		{ "memory/static-max", domain->max_memory },
		{ "memory/target", domain->memory },
		{ "store/port", domain->store_port },
		{ "store/ring-ref", domain->store_mfn },
		{ "console/port", domain->console_port },
		{ "console/ring-ref", domain->console_mfn },
	};
	uint32_t domid = domain->domid;
	int rc = make_folder(store, domid);
	size_t i;

	for (i = 0; !rc && i < sizeof(numbers) / sizeof(*numbers); i++)
		rc = write_number(store, domid, numbers[i].node,
				  numbers[i].value);
	if (!rc)
		rc = write_node(store, domid, "name", domain->name);
	if (!rc)
		rc = write_node(store, domid, "console/type", "xenconsoled");
	if (!rc)
		rc = write_node(store, domid, "console/limit", CONSOLE_LIMIT);
	if (!rc)
		rc = write_node(store, domid, "device", "");
	for (i = 0; !rc && i < sizeof(own) / sizeof(*own); i++)
		rc = own_node(store, domid, own[i]);
	if (!rc)
		rc = store_vcpus(store, domid, domain->vcpus, domain->max_vcpus);
	return rc ? rc : make_vm(store, domain);
}

int store_domain_create(struct store *store, const struct store_domain *domain)
{
	int rc;

	/* What a domain of that number may have left behind. */
	store_domain_remove(store, domain->domid);
	rc = make_nodes(store, domain);
	if (!rc && !xs_introduce_domain(store->xs, domain->domid,
					domain->store_mfn, domain->store_port))
		rc = -errno;
	if (rc)
		store_domain_remove(store, domain->domid);
	return rc;
}

static int remove_path(struct store *store, const char *path)
{
	return xs_rm(store->xs, XBT_NULL, path) || errno == ENOENT ? 0 : -errno;
}

/*
 * The folders of its devices' back-ends, each device's own went with the device; and what
 * Linux has noted of those that it could not probe.
 */
static int remove_back_ends(struct store *store, uint32_t domid)
{
	static const char *const folders[] = {
		"backend/vbd", "backend/vif", "error/backend/vbd", "error/backend/vif"
	};
	char path[PATH_SIZE];
	int rc = 0, i;

	for (i = 0; i < 4 && !rc; i++) {
		snprintf(path, sizeof(path), "/local/domain/0/%s/%u", folders[i], domid);
		rc = remove_path(store, path);
	}
	return rc;
}

int store_domain_remove(struct store *store, uint32_t domid)
{
	char path[PATH_SIZE], *vm;
	unsigned int length;
	int rc = 0;

	/* -ENOENT, -EINVAL: not introduced, or gone already. */
	xs_release_domain(store->xs, domid);
	domain_path(path, domid, "vm");
	vm = xs_read(store->xs, XBT_NULL, path, &length);
	if (vm && !strncmp(vm, "/vm/", 4))
		rc = remove_path(store, vm);
	free(vm);
	domain_path(path, domid, "");
	return remove_path(store, path) ?: remove_back_ends(store, domid) ?: rc;
}

int store_domain_rename(struct store *store, uint32_t domid, const char *name)
{
	if (!exists(store, domid))
		return -ENOENT;
	return write_node(store, domid, "name", name);
}

int store_shutdown(struct store *store, uint32_t domid, const char *how)
{
	if (!exists(store, domid))
		return -ENOENT;
	if (strlen(how) == 1)
		return write_node(store, domid, "control/sysrq", how);
	return write_node(store, domid, "control/shutdown", how);
}

bool store_shutdown_pending(struct store *store, uint32_t domid)
{
	char path[PATH_SIZE], *value;
	unsigned int length = 0;

	domain_path(path, domid, "control/shutdown");
	value = xs_read(store->xs, XBT_NULL, path, &length);
	free(value);
	return value && length;
}

bool store_shutdown_supported(struct store *store, uint32_t domid,
			      const char *how)
{
	char path[PATH_SIZE], node[64], *value;
	unsigned int length;
	bool yes;

	/* Linux halts by powering off. */
	snprintf(node, sizeof(node), "control/feature-%s",
		 strcmp(how, "halt") ? how : "poweroff");
	domain_path(path, domid, node);
	value = xs_read(store->xs, XBT_NULL, path, &length);
	yes = value && !strcmp(value, "1");
	free(value);
	return yes;
}

int store_memory_target(struct store *store, uint32_t domid, uint64_t kib)
{
	if (!exists(store, domid))
		return -ENOENT;
	return write_number(store, domid, "memory/target", kib);
}

int store_vcpus(struct store *store, uint32_t domid, uint32_t online,
		uint32_t max)
{
	char node[32];
	uint32_t i;
	int rc = 0;

	if (!exists(store, domid))
		return -ENOENT;
	for (i = 0; !rc && i < max; i++) {
		snprintf(node, sizeof(node), "cpu/%u/availability", i);
		rc = write_node(store, domid, node,
				i < online ? "online" : "offline");
	}
	return rc;
}

int store_begin(struct store *store)
{
	store->transaction = xs_transaction_start(store->xs);
	return store->transaction == XBT_NULL ? -errno : 0;
}

int store_commit(struct store *store)
{
	xs_transaction_t transaction = store->transaction;

	store->transaction = XBT_NULL;
	return xs_transaction_end(store->xs, transaction, false) ? 0 : -errno;
}

void store_abort(struct store *store)
{
	xs_transaction_end(store->xs, store->transaction, true);
	store->transaction = XBT_NULL;
}

int store_get(struct store *store, const char *path, char *value, size_t size)
{
	unsigned int length;
	char *read = xs_read(store->xs, store->transaction, path, &length);
	int rc = read ? 0 : -errno;

	if (!rc && length >= size)
		rc = -E2BIG;
	if (!rc) {
		memcpy(value, read, length);
		value[length] = 0;
	}
	free(read);
	return rc;
}

int store_set(struct store *store, const char *path, const char *value)
{
	return xs_write(store->xs, store->transaction, path, value, strlen(value)) ?
		       0 : -errno;
}

int store_folder(struct store *store, const char *path, uint32_t owner,
		 uint32_t reader)
{
	struct xs_permissions perms[2] = {
		{ .id = owner, .perms = XS_PERM_NONE },
		{ .id = reader, .perms = XS_PERM_READ },
	};
	int rc = store_set(store, path, "");

	if (!rc && !xs_set_permissions(store->xs, store->transaction, path, perms, 2))
		rc = -errno;
	return rc;
}

int store_delete(struct store *store, const char *path)
{
	return xs_rm(store->xs, store->transaction, path) || errno == ENOENT ?
		       0 : -errno;
}

int store_domain_service(struct store *store)
{
	return write_node(store, 0, "domid", "0") ?:
	       write_node(store, 0, "name", "service");
}

int store_watch_domains(struct store *store)
{
	store->watch = xs_open(0);
	if (!store->watch || !xs_watch(store->watch, "@releaseDomain", "r"))
		return -errno;
	return xs_fileno(store->watch);
}

int store_watch_clear(struct store *store)
{
	char **event;

	while ((event = xs_check_watch(store->watch)))
		free(event);
	return errno == EAGAIN ? 0 : -EPIPE;
}
