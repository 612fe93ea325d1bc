// SPDX-License-Identifier: GPL-2.0
/*
 * The hypervisor, reached through the kernel's privcmd driver: the stable
 * libraries libxencall and libxenforeignmemory carry the calls.
 *
 * Owns: the bounce buffer, memory that does not fault while the hypervisor
 * reads it (libxencall). Every argument and buffer of a call goes through it;
 * a call and its buffers never exceed it, by the limits in hyp.h.
 */
#include "hyp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xencall.h>
#include <xenforeignmemory.h>
#include <xentoollog.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <ringlet/hypercall-numbers.h>

#define BOUNCE_PAGES	20
#define BOUNCE_ARG	PAGE_SIZE		/* the argument; then a buffer */
#define BOUNCE_BUFFER	(BOUNCE_PAGES * PAGE_SIZE - BOUNCE_ARG)

_Static_assert(HYP_MAX_EXTENTS * sizeof(uint64_t) <= BOUNCE_BUFFER, "");
_Static_assert(HYP_MAX_FRAMES * sizeof(struct ringlet_frame) <= BOUNCE_BUFFER,
	       "");
_Static_assert(sizeof(struct vcpu_guest_context) <= BOUNCE_BUFFER, "");
_Static_assert(sizeof(struct ringlet_domain_stats) <= BOUNCE_ARG, "");

struct hyp {
	xencall_handle *call;
	xenforeignmemory_handle *memory;
	char *arg, *buffer;		/* in the bounce buffer */
};

/* The libraries are to say nothing: the caller reports errors. */
static void log_nothing(struct xentoollog_logger *logger,
			xentoollog_level level, int errnoval,
			const char *context, const char *format, va_list al)
{
	(void)logger, (void)level, (void)errnoval;
	(void)context, (void)format, (void)al;
}

static struct xentoollog_logger quiet = {.vmessage = log_nothing};

struct hyp *hyp_open(void)
{
	struct hyp *hyp = calloc(1, sizeof(*hyp));
	int error;

	if (!hyp)
		return NULL;
	hyp->call = xencall_open(&quiet, 0);
	hyp->memory = xenforeignmemory_open(&quiet, 0);
	if (hyp->call && hyp->memory)
		hyp->arg = xencall_alloc_buffer_pages(hyp->call, BOUNCE_PAGES);
	if (!hyp->arg) {
		error = errno;
		hyp_close(hyp);
		errno = error;
		return NULL;
	}
	hyp->buffer = hyp->arg + BOUNCE_ARG;
	return hyp;
}

void hyp_close(struct hyp *hyp)
{
	if (!hyp)
		return;
	if (hyp->arg)
		xencall_free_buffer_pages(hyp->call, hyp->arg, BOUNCE_PAGES);
	if (hyp->call)
		xencall_close(hyp->call);
	if (hyp->memory)
		xenforeignmemory_close(hyp->memory);
	free(hyp);
}

/* One call (number, cmd, arg[, size]); @arg is copied in, and out if it worked. */
static int call(struct hyp *hyp, unsigned int number, uint64_t cmd, void *arg,
		uint64_t size)
{
	int rc;

	memcpy(hyp->arg, arg, size);
	rc = xencall3(hyp->call, number, cmd, (uintptr_t)hyp->arg, size);
	if (rc < 0)
		return -errno;
	memcpy(arg, hyp->arg, size);
	return rc;
}

#define op(hyp, name, arg) \
	call(hyp, RINGLET_HC_RINGLET_OP, RINGLET_OP_RINGLET_OP_##name, arg, \
	     sizeof(*(arg)))

int hyp_version(struct hyp *hyp, struct ringlet_version *version)
{
	memset(version, 0, sizeof(*version));
	return op(hyp, VERSION, version);
}

int hyp_domain_create(struct hyp *hyp, struct ringlet_domain_create *create)
{
	return op(hyp, DOMAIN_CREATE, create);
}

int hyp_domain_destroy(struct hyp *hyp, uint32_t domid)
{
	struct ringlet_domain_ref ref = {.domid = domid};

	return op(hyp, DOMAIN_DESTROY, &ref);
}

int hyp_domain_pause(struct hyp *hyp, uint32_t domid)
{
	struct ringlet_domain_ref ref = {.domid = domid};

	return op(hyp, DOMAIN_PAUSE, &ref);
}

int hyp_domain_unpause(struct hyp *hyp, uint32_t domid)
{
	struct ringlet_domain_ref ref = {.domid = domid};

	return op(hyp, DOMAIN_UNPAUSE, &ref);
}

int hyp_domain_shutdown(struct hyp *hyp, uint32_t domid, uint32_t reason)
{
	struct ringlet_domain_shutdown arg = {.domid = domid, .reason = reason};

	return op(hyp, DOMAIN_SHUTDOWN, &arg);
}

static int domain_info(struct hyp *hyp, uint32_t domid, uint32_t find,
		       struct ringlet_domain_info *info)
{
	int rc;

	memset(info, 0, sizeof(*info));
	info->domid = domid;
	info->find = find;
	rc = op(hyp, DOMAIN_INFO, info);
	info->name[sizeof(info->name) - 1] = 0;
	return rc;
}

int hyp_domain_info(struct hyp *hyp, uint32_t domid,
		    struct ringlet_domain_info *info)
{
	return domain_info(hyp, domid, RINGLET_FIND_EXACT, info);
}

int hyp_domain_next(struct hyp *hyp, uint32_t domid,
		    struct ringlet_domain_info *info)
{
	return domain_info(hyp, domid, RINGLET_FIND_NEXT, info);
}

int hyp_domain_named(struct hyp *hyp, const char *name,
		     struct ringlet_domain_info *info)
{
	uint64_t next = 0;
	int rc;

	if (strlen(name) >= RINGLET_NAME_SIZE)
		return -ESRCH;
#ifdef RINGLET_FIND_NAME
	*info = (struct ringlet_domain_info){ .find = RINGLET_FIND_NAME };
	strcpy(info->name, name);
	rc = op(hyp, DOMAIN_INFO, info);
	info->name[sizeof(info->name) - 1] = 0;
	if (rc != -EINVAL)
		return rc;
#endif
	/* With ABI 0.1, one after the other. */
	for (; !(rc = hyp_domain_next(hyp, next, info)); next = info->domid + 1UL)
		if (!(info->state & RINGLET_DOM_DYING) && !strcmp(info->name, name))
			return 0;
	return rc;
}

int hyp_domain_set_max_pages(struct hyp *hyp, uint32_t domid, uint64_t pages)
{
	struct ringlet_domain_limits arg = {
		.domid = domid,
		.set = RINGLET_LIMIT_MAX_PAGES,
		.max_pages = pages,
	};

	return op(hyp, DOMAIN_LIMITS, &arg);
}

int hyp_domain_set_name(struct hyp *hyp, uint32_t domid, const char *name)
{
	struct ringlet_domain_limits arg = {
		.domid = domid,
		.set = RINGLET_LIMIT_NAME,
	};

	if (strlen(name) >= sizeof(arg.name))
		return -EINVAL;
	strcpy(arg.name, name);
	return op(hyp, DOMAIN_LIMITS, &arg);
}

int hyp_vcpu_context_set(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
			 uint32_t flags,
			 const struct vcpu_guest_context *context)
{
	struct ringlet_vcpu_context arg = {
		.domid = domid,
		.vcpu = vcpu,
		.flags = flags,
		.context = (uintptr_t)hyp->buffer,
	};

	memcpy(hyp->buffer, context, sizeof(*context));
	return op(hyp, VCPU_CONTEXT_SET, &arg);
}

int hyp_vcpu_context_get(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
			 struct vcpu_guest_context *context)
{
	struct ringlet_vcpu_context arg = {
		.domid = domid,
		.vcpu = vcpu,
		.context = (uintptr_t)hyp->buffer,
	};
	int rc = op(hyp, VCPU_CONTEXT_GET, &arg);

	if (!rc)
		memcpy(context, hyp->buffer, sizeof(*context));
	return rc;
}

int hyp_vcpu_info(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
		  struct ringlet_vcpu_info *info)
{
	memset(info, 0, sizeof(*info));
	info->domid = domid;
	info->vcpu = vcpu;
	return op(hyp, VCPU_INFO, info);
}

int hyp_vcpu_affinity(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
		      uint64_t affinity)
{
	struct ringlet_vcpu_affinity arg = {
		.domid = domid,
		.vcpu = vcpu,
		.affinity = affinity,
	};

	return op(hyp, VCPU_AFFINITY, &arg);
}

int hyp_domain_sched(struct hyp *hyp, struct ringlet_domain_sched *sched)
{
	return op(hyp, DOMAIN_SCHED, sched);
}

int hyp_domain_devices(struct hyp *hyp, const struct ringlet_devices *devices)
{
	struct ringlet_devices arg = *devices;

	return op(hyp, DOMAIN_DEVICES, &arg);
}

int hyp_domain_stats(struct hyp *hyp, uint32_t domid,
		     struct ringlet_domain_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->domid = domid;
	return op(hyp, DOMAIN_STATS, stats);
}

int hyp_domain_frames(struct hyp *hyp, uint32_t domid, uint64_t *next,
		      struct ringlet_frame *frames, uint32_t nr)
{
	struct ringlet_domain_frames arg = {
		.domid = domid,
		.nr = nr < HYP_MAX_FRAMES ? nr : HYP_MAX_FRAMES,
		.next = *next,
		.buffer = (uintptr_t)hyp->buffer,
	};
	uint32_t room = arg.nr;
	int rc = op(hyp, DOMAIN_FRAMES, &arg);

	if (rc)
		return rc;
	if (arg.nr > room)
		return -EPROTO;
	memcpy(frames, hyp->buffer, arg.nr * sizeof(*frames));
	*next = arg.next;
	return arg.nr;
}

int hyp_machine_info(struct hyp *hyp, struct ringlet_machine_info *info)
{
	int rc;

	memset(info, 0, sizeof(*info));
	rc = op(hyp, MACHINE_INFO, info);
	info->command_line[sizeof(info->command_line) - 1] = 0;
	return rc;
}

int hyp_log_read(struct hyp *hyp, uint64_t *position, char *buffer,
		 uint32_t size)
{
	struct ringlet_log_read arg = {
		.position = *position,
		.size = size < BOUNCE_BUFFER ? size : BOUNCE_BUFFER,
		.buffer = (uintptr_t)hyp->buffer,
	};
	uint32_t room = arg.size;
	int rc = op(hyp, LOG_READ, &arg);

	if (rc)
		return rc;
	if (arg.size > room)
		return -EPROTO;
	memcpy(buffer, hyp->buffer, arg.size);
	*position = arg.position;
	return arg.size;
}

int hyp_populate(struct hyp *hyp, uint32_t domid, unsigned int order,
		 uint32_t nr, uint64_t *frames)
{
	struct xen_memory_reservation arg = {
		.nr_extents = nr,
		.extent_order = order,
		.domid = domid,
	};
	int rc;

	if (nr > HYP_MAX_EXTENTS)
		return -E2BIG;
	memcpy(hyp->buffer, frames, nr * sizeof(*frames));
	set_xen_guest_handle(arg.extent_start, (xen_pfn_t *)hyp->buffer);
	rc = call(hyp, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &arg,
		  sizeof(arg));
	if (rc > 0)
		memcpy(frames, hyp->buffer, rc * sizeof(*frames));
	return rc;
}

int hyp_alloc_unbound(struct hyp *hyp, uint32_t domid, uint32_t remote,
		      uint32_t *port)
{
	struct evtchn_alloc_unbound arg = {.dom = domid, .remote_dom = remote};
	int rc = call(hyp, __HYPERVISOR_event_channel_op,
		      EVTCHNOP_alloc_unbound, &arg, sizeof(arg));

	*port = arg.port;
	return rc;
}

int hyp_grant_frame(struct hyp *hyp, uint32_t domid, uint64_t *mfn)
{
	struct gnttab_setup_table arg = {.dom = domid, .nr_frames = 1};
	int rc;

	set_xen_guest_handle(arg.frame_list, (xen_pfn_t *)hyp->buffer);
	memcpy(hyp->arg, &arg, sizeof(arg));
	rc = xencall3(hyp->call, __HYPERVISOR_grant_table_op,
		      GNTTABOP_setup_table, (uintptr_t)hyp->arg, 1);
	if (rc < 0)
		return -errno;
	memcpy(&arg, hyp->arg, sizeof(arg));
	if (arg.status != GNTST_okay)
		return arg.status == GNTST_no_space	     ? -ENOSPC :
		       arg.status == GNTST_permission_denied ? -EPERM :
							       -EINVAL;
	*mfn = *(uint64_t *)hyp->buffer;
	return 0;
}

void *hyp_map(struct hyp *hyp, uint32_t domid, int prot, uint64_t nr,
	      const uint64_t *mfns)
{
	return xenforeignmemory_map(hyp->memory, domid, prot, nr,
				    (const xen_pfn_t *)mfns, NULL);
}

void hyp_unmap(struct hyp *hyp, void *address, uint64_t nr)
{
	xenforeignmemory_unmap(hyp->memory, address, nr);
}
