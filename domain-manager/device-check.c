// SPDX-License-Identifier: GPL-2.0
/*
 * What a device needs of this machine, looked at before anything is made: backing,
 * bridge, back-end. Whether another domain uses the backing is asked under the
 * lock of record.h, and once more when the device is made.
 */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "back.h"
#include "loop.h"
#include "netdev.h"
#include "process.h"
#include "record.h"

#define STAGE	"check devices"
#define WAIT_TRIES	250	/* of 20 ms: a domain that ended lets go of its disks */

struct checking {
	struct device *device;
	const char *where;
	struct report *report;
};

#define fault(c, code, action, ...) \
	report_error((c)->report, code, STAGE, (c)->where, action, __VA_ARGS__)

static int check_back_end(const struct checking *c)
{
	const char *kind = device_kinds[c->device->kind];
	const char *module = c->device->kind == DEVICE_DISK ? "xen-blkback" : "xen-netback";
	char path[64];

	if (c->device->driver == DRIVER_XEN) {
		if (c->device->kind > DEVICE_VIF)
			return fault(c, EXIT_CONFIG, "use drivers = \"virtio\"",
				     "a %s is not offered to Xen's front-ends", kind);
		snprintf(path, sizeof(path), "/sys/bus/xen-backend/drivers/%s",
			 c->device->kind == DEVICE_DISK ? "vbd" : "vif");
		if (process_module(module, path))
			return 0;
		return fault(c, EXIT_NO_SERVICE, "try modprobe and see dmesg, or use "
			     "drivers = \"virtio\"", "Linux's back-end for a %s is not there: "
			     "the module %s cannot be loaded", kind, module);
	}
	module = back_module(c->device->kind);
	if (back_ready(c->device->kind, true))
		return 0;
	return fault(c, EXIT_NO_SERVICE,
		     "try modprobe and see dmesg, or use drivers = \"xen\"",
		     "our back-end for a %s is not there: the module %s cannot be loaded",
		     kind, module);
}

/* Its own file or device; a name for what it is, as it was opened. */
static int check_target(const struct checking *c)
{
	struct device *device = c->device;
	struct stat st;

	if (stat(device->target, &st))
		return fault(c, EXIT_CONFIG, errno == ENOENT ? "make it, or correct the path" :
			     NULL, "%s: %s", device->target, strerror(errno));
	device->is_file = S_ISREG(st.st_mode);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return fault(c, EXIT_CONFIG, "give the path of one",
			     "%s is neither a regular file nor a block device",
			     device->target);
	if (device->is_file && st.st_size < 512)
		return fault(c, EXIT_CONFIG, "make it larger: truncate -s 1G",
			     "%s has %ld bytes, a sector has 512", device->target,
			     (long)st.st_size);
	if (access(device->target, device->readonly ? R_OK : R_OK | W_OK))
		return fault(c, EXIT_CONFIG, device->readonly ? NULL : "set access=r",
			     "%s: %s", device->target, strerror(errno));
	device->dev = device->is_file ? st.st_dev : 0;
	device->ino = device->is_file ? st.st_ino : st.st_rdev;
	return 0;
}

/* A domain that was just destroyed may still have requests on their way. */
static int wait_for_loop(const struct checking *c)
{
	int number = -1, tries;

	for (tries = 0; tries < WAIT_TRIES; tries++) {
		number = loop_find(c->device->dev, c->device->ino);
		if (number < 0)
			return 0;
		usleep(20000);
	}
	return fault(c, EXIT_STATE, "see losetup -a; free it, or say access=w! if you know "
		     "what you do", "%s is in use as /dev/loop%d", c->device->target,
		     number);
}

static int check_free(const struct checking *c, uint32_t domid)
{
	struct device *device = c->device;
	struct record_user user;
	bool found;
	int rc;

	found = record_user(device, domid, &user);
	if (found && *user.wrong)
		return fault(c, EXIT_STATE, "end that domain, or use the rl that made its devices",
			     "%s could be a disk of domain %u: of its devices not all can be "
			     "read: %s/%u.json: %s", device->target, user.domid, record_folder,
			     user.domid, user.wrong);
	if (found)
		return fault(c, EXIT_STATE, user.device.shared || device->shared ?
			     "say access=w! for each of its users, or access=r" :
			     "detach it there, or make a copy",
			     "%s is %s of domain %u, for %s", device->target,
			     user.device.name, user.domid,
			     user.device.readonly ? "reading" : "writing");
	if (device->shared || device->readonly)
		return 0;
	if (device->is_file)
		return wait_for_loop(c);
	rc = block_claimed(device->target);
	if (rc == -EBUSY)
		return fault(c, EXIT_STATE, "unmount it first",
			     "%s is mounted here, or part of something that is in use",
			     device->target);
	return rc ? fault(c, EXIT_CONFIG, NULL, "%s: %s", device->target, strerror(-rc)) :
	       0;
}

static int check_bridge(const struct checking *c)
{
	struct device *device = c->device;
	bool standard = !*device->bridge;

	if (standard)
		network_bridge(device->bridge);
	if (netdev_is_bridge(device->bridge))
		return 0;
	if (netdev_exists(device->bridge))
		return fault(c, EXIT_CONFIG, "name a bridge",
			     "vif: %s is an interface, but not a bridge", device->bridge);
	return fault(c, EXIT_CONFIG, standard ? "run rl network-setup, or name another "
		     "one: bridge=NAME" : "make it, or leave bridge= out for the standard one",
		     "vif: there is no bridge %s", device->bridge);
}

static int check_folder(const struct checking *c)
{
	struct stat st;

	if (stat(c->device->target, &st))
		return fault(c, EXIT_CONFIG, "make it, or correct the path", "%s: %s",
			     c->device->target, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fault(c, EXIT_CONFIG, "give the path of a folder",
			     "%s is not a folder", c->device->target);
	return 0;
}

/*
 * The socket of a channel takes the place of one that nobody listens at any more, as a
 * service leaves it that was killed. Of nothing else: what is removed is lost.
 */
static int check_socket(const struct checking *c)
{
	const char *path = c->device->target;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char folder[DEVICE_PATH_SIZE];
	int fd, rc;
	struct stat st;

	if (strlen(path) >= sizeof(address.sun_path))
		return fault(c, EXIT_CONFIG, "shorten it", "channel: the path of a socket has "
			     "%zu characters at most", sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	/* With its last /, which is a folder's alone. */
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') + 1 - path), path);
	if (stat(folder, &st))
		return fault(c, EXIT_CONFIG, "make it, or correct the path",
			     "channel: %s: %s", folder, strerror(errno));
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : fault(c, EXIT_CONFIG, "correct the path",
						   "channel: %s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fault(c, EXIT_CONFIG, "choose another path, or remove it",
			     "channel: %s exists and is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fault(c, EXIT_OTHER, NULL, "channel: socket: %s", strerror(errno));
	rc = connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
	close(fd);
	return rc == ECONNREFUSED || rc == ENOENT ? 0 :
	       fault(c, EXIT_STATE, "choose another path",
		     "channel: somebody listens at %s", path);
}

int device_check(struct device *device, uint32_t domid, const char *where,
		 struct report *report)
{
	const struct checking c = { device, where, report };

	switch (device->kind) {
	case DEVICE_DISK:
		if (check_target(&c) || check_free(&c, domid))
			return -1;
		break;
	case DEVICE_VIF:
		if (check_bridge(&c))
			return -1;
		if (device->filter && device->driver == DRIVER_XEN)
			return fault(&c, EXIT_CONFIG, "use drivers = \"virtio\"",
				     "vif: Linux's netback has no filter");
		if (*device->vifname && netdev_exists(device->vifname))
			return fault(&c, EXIT_STATE, "choose another vifname",
				     "vif: there is an interface %s", device->vifname);
		break;
	case DEVICE_SHARE:
		if (check_folder(&c))
			return -1;
		break;
	case DEVICE_CHANNEL:
		if (!device->pty && check_socket(&c))
			return -1;
		break;
	default:
		break;
	}
	return check_back_end(&c);
}
