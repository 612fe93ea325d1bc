// SPDX-License-Identifier: GPL-2.0
/* The device file of our back-ends: opened for one call at a time. */
#include "back.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "call.h"
#include "device.h"
#include "process.h"

const char *back_module(uint32_t kind)
{
	static const char *const modules[NR_DEVICE_KINDS] = {
		[DEVICE_DISK] = "ringlet_back_blk",
		[DEVICE_VIF] = "ringlet_back_net",
		[DEVICE_CHANNEL] = "ringlet_back_console",
		[DEVICE_RNG] = "ringlet_back_rng",
		[DEVICE_SHARE] = "ringlet_back_9p",
	};

	return modules[kind];
}

bool back_ready(uint32_t kind, bool load)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", back_module(kind));
	if (!load)
		return !access(path, F_OK) && !access(RINGLET_BACK_PATH, F_OK);
	return process_module(back_module(kind), path) &&
	       process_module("ringlet_back", RINGLET_BACK_PATH);
}

static int call(unsigned long request, void *arg)
{
	return call_and_close(open(RINGLET_BACK_PATH, O_RDWR | O_CLOEXEC), request, arg);
}

int back_attach(struct ringlet_back_attach *attach)
{
	attach->size = sizeof(*attach);
	return call(RINGLET_BACK_ATTACH, attach);
}

int back_detach(struct ringlet_back_detach *detach)
{
	detach->size = sizeof(*detach);
	return call(RINGLET_BACK_DETACH, detach);
}

int back_detach_domain(uint32_t domid)
{
	struct ringlet_back_domain domain = { sizeof(domain), domid };

	return call(RINGLET_BACK_DETACH_DOMAIN, &domain);
}

int back_resize(struct ringlet_back_resize *resize)
{
	resize->size = sizeof(*resize);
	return call(RINGLET_BACK_RESIZE, resize);
}

int back_info(struct ringlet_back_info *info)
{
	info->size = sizeof(*info);
	return call(RINGLET_BACK_INFO, info);
}
