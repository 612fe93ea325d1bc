// SPDX-License-Identifier: GPL-2.0
/* What rl-fake.h says. Memory of mfn n is fake->memory[n]. */
#include "rl-fake.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/xen.h>

#include "console.h"
#include "daemon.h"
#include "hyp.h"
#include "store.h"

struct fake *fake;

struct hyp {
	int dummy;
};

struct store {
	int dummy;
};

struct daemon {
	uint32_t domid;
};

void fake_reset(void)
{
	if (!fake)
		fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(fake, 0, offsetof(struct fake, memory));
	fake->free_pages = 4096;
	fake->frames_used = 16;
	fake_add(0, "Domain-0");
	fake->domain[0].info.state = RINGLET_DOM_HARDWARE |
				     RINGLET_DOM_PRIVILEGED | RINGLET_DOM_RUNNING;
}

void fake_add(uint32_t domid, const char *name)
{
	struct fake_domain *d = &fake->domain[domid];

	memset(d, 0, sizeof(*d));
	d->exists = true;
	d->info.domid = domid;
	d->info.max_vcpus = 2;
	d->info.online_vcpus = 1;
	d->info.tot_pages = d->info.max_pages = 256 * 64;
	d->info.shutdown_reason = ~0U;
	snprintf(d->info.name, sizeof(d->info.name), "%s", name);
}

const char *fake_leftover(void)
{
	unsigned int i;

	for (i = 1; i < FAKE_DOMAINS; i++) {
		if (fake->domain[i].exists)
			return "a domain";
		if (fake->domain[i].nodes)
			return "nodes in the store";
		if (fake->domain[i].registered)
			return "a registration with the daemon";
	}
	if (fake->free_pages != 4096)
		return "memory";
	return fake->opened ? "an open handle" : NULL;
}

/* 0, or how this call is to fail. */
static int fails(void)
{
	return ++fake->calls == fake->fail_at ? fake->fail_with : 0;
}

static struct fake_domain *find(uint32_t domid)
{
	return domid < FAKE_DOMAINS && fake->domain[domid].exists ?
	       &fake->domain[domid] : NULL;
}

/* The usual beginning: may fail, needs the domain. */
#define BEGIN(domid) \
	struct fake_domain *d = find(domid); \
	int rc = fails(); \
	if (rc || !d) \
		return rc ? rc : -ESRCH

struct hyp *hyp_open(void)
{
	int rc = fails();

	if (rc) {
		errno = -rc;
		return NULL;
	}
	return calloc(1, sizeof(struct hyp));
}

void hyp_close(struct hyp *hyp)
{
	free(hyp);
}

int hyp_version(struct hyp *hyp, struct ringlet_version *version)
{
	(void)hyp;
	*version = (struct ringlet_version){ .abi_minor = 1, .build = "fake" };
	if (!fake->no_devices) {
		version->abi_minor = 2;
		version->features = RINGLET_FEATURE_DEVICES;
	}
	return fails();
}

int hyp_domain_create(struct hyp *hyp, struct ringlet_domain_create *create)
{
	struct fake_domain *d;
	int rc = fails();
	uint32_t domid;

	(void)hyp;
	for (domid = 1; !rc && domid < FAKE_DOMAINS; domid++) {
		if (fake->domain[domid].exists)
			continue;
		fake_add(domid, create->name);
		d = &fake->domain[domid];
		d->info.max_vcpus = create->max_vcpus;
		d->info.max_pages = create->max_pages;
		d->info.tot_pages = 0;
		d->info.state = RINGLET_DOM_PAUSED;
		memcpy(d->info.uuid, create->uuid, 16);
		create->domid = domid;
		create->shared_info_mfn = fake->frames_used++;
		return 0;
	}
	return rc ? rc : -ENOSPC;
}

int hyp_domain_destroy(struct hyp *hyp, uint32_t domid)
{
	BEGIN(domid);

	(void)hyp;
	fake->free_pages += d->info.tot_pages;
	d->exists = false;
	/* The daemon sees it go. */
	if (d->started)
		d->registered = false;
	return 0;
}

int hyp_domain_pause(struct hyp *hyp, uint32_t domid)
{
	BEGIN(domid);

	(void)hyp;
	d->info.state |= RINGLET_DOM_PAUSED;
	return 0;
}

int hyp_domain_unpause(struct hyp *hyp, uint32_t domid)
{
	BEGIN(domid);

	(void)hyp;
	d->info.state &= ~RINGLET_DOM_PAUSED;
	d->unpaused = true;
	return 0;
}

int hyp_domain_shutdown(struct hyp *hyp, uint32_t domid, uint32_t reason)
{
	BEGIN(domid);

	(void)hyp;
	d->info.state |= RINGLET_DOM_SHUTDOWN;
	d->info.shutdown_reason = reason;
	return 0;
}

int hyp_domain_info(struct hyp *hyp, uint32_t domid,
		    struct ringlet_domain_info *info)
{
	BEGIN(domid);

	(void)hyp;
	*info = d->info;
	return 0;
}

int hyp_domain_next(struct hyp *hyp, uint32_t domid,
		    struct ringlet_domain_info *info)
{
	int rc = fails();

	(void)hyp;
	for (; !rc && domid < FAKE_DOMAINS; domid++)
		if (fake->domain[domid].exists) {
			*info = fake->domain[domid].info;
			return 0;
		}
	return rc ? rc : -ESRCH;
}

int hyp_domain_named(struct hyp *hyp, const char *name,
		     struct ringlet_domain_info *info)
{
	uint32_t domid;
	int rc = fails();

	(void)hyp;
	for (domid = 0; !rc && domid < FAKE_DOMAINS; domid++) {
		*info = fake->domain[domid].info;
		if (fake->domain[domid].exists && !strcmp(info->name, name) &&
		    !(info->state & RINGLET_DOM_DYING))
			return 0;
	}
	return rc ? rc : -ESRCH;
}

int hyp_domain_set_max_pages(struct hyp *hyp, uint32_t domid, uint64_t pages)
{
	BEGIN(domid);

	(void)hyp;
	d->info.max_pages = pages;
	return 0;
}

int hyp_domain_set_name(struct hyp *hyp, uint32_t domid, const char *name)
{
	BEGIN(domid);

	(void)hyp;
	snprintf(d->info.name, sizeof(d->info.name), "%s", name);
	return 0;
}

int hyp_vcpu_context_set(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
			 uint32_t flags,
			 const struct vcpu_guest_context *context)
{
	BEGIN(domid);

	(void)hyp;
	if (vcpu ||
	    flags != (RINGLET_CONTEXT_PIN_BASE | RINGLET_CONTEXT_UP))
		return -EINVAL;
	d->context_set = true;
	d->context = *context;
	return 0;
}

int hyp_vcpu_context_get(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
			 struct vcpu_guest_context *context)
{
	BEGIN(domid);

	(void)hyp;
	(void)vcpu;
	*context = d->context;
	return 0;
}

int hyp_vcpu_info(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
		  struct ringlet_vcpu_info *info)
{
	BEGIN(domid);

	(void)hyp;
	if (vcpu >= d->info.max_vcpus)
		return -ENOENT;
	*info = (struct ringlet_vcpu_info){ .domid = domid, .vcpu = vcpu,
		.state = RINGLET_VCPU_BLOCKED, .affinity = 3 };
	return 0;
}

int hyp_vcpu_affinity(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
		      uint64_t affinity)
{
	BEGIN(domid);

	(void)hyp;
	(void)vcpu;
	return d && affinity & 3 ? 0 : -EINVAL;
}

int hyp_domain_sched(struct hyp *hyp, struct ringlet_domain_sched *sched)
{
	BEGIN(sched->domid);

	(void)hyp;
	if (sched->set & RINGLET_SCHED_WEIGHT)
		d->info.weight = sched->weight;
	if (sched->set & RINGLET_SCHED_CAP)
		d->info.cap = sched->cap;
	sched->weight = d->info.weight;
	sched->cap = d->info.cap;
	return 0;
}

int hyp_domain_devices(struct hyp *hyp, const struct ringlet_devices *devices)
{
	BEGIN(devices->domid);

	(void)hyp;
	if (fake->no_devices)
		return -ENOSYS;
	d->devices = *devices;
	return 0;
}

int hyp_domain_stats(struct hyp *hyp, uint32_t domid,
		     struct ringlet_domain_stats *stats)
{
	BEGIN(domid);

	(void)hyp;
	*stats = (struct ringlet_domain_stats){ .domid = d->info.domid };
	stats->calls[__HYPERVISOR_memory_op] = 7;
	stats->calls[63] = 1;	/* has no name */
	return 0;
}

int hyp_domain_frames(struct hyp *hyp, uint32_t domid, uint64_t *next,
		      struct ringlet_frame *frames, uint32_t nr)
{
	BEGIN(domid);

	(void)hyp, (void)next, (void)frames, (void)nr;
	return d ? 0 : -ESRCH;
}

int hyp_machine_info(struct hyp *hyp, struct ringlet_machine_info *info)
{
	(void)hyp;
	*info = (struct ringlet_machine_info){ .nr_pcpus = 2,
		.total_pages = 65536, .free_pages = fake->free_pages };
	return fails();
}

int hyp_log_read(struct hyp *hyp, uint64_t *position, char *buffer,
		 uint32_t size)
{
	static const char log[] = "(RL) line\n";
	int rc = fails();

	(void)hyp;
	if (rc || *position || size < sizeof(log))
		return rc;
	memcpy(buffer, log, sizeof(log) - 1);
	*position = sizeof(log) - 1;
	return sizeof(log) - 1;
}

int hyp_populate(struct hyp *hyp, uint32_t domid, unsigned int order,
		 uint32_t nr, uint64_t *frames)
{
	uint64_t pages = 1UL << order;
	uint32_t i;

	BEGIN(domid);

	(void)hyp;
	if (order && fake->no_large)
		return 0;
	for (i = 0; i < nr; i++) {
		if (d->info.tot_pages + pages > d->info.max_pages ||
		    fake->free_pages < pages ||
		    fake->frames_used + pages > FAKE_FRAMES)
			break;
		frames[i] = fake->frames_used;
		fake->frames_used += pages;
		fake->free_pages -= pages;
		d->info.tot_pages += pages;
	}
	return i;
}

int hyp_alloc_unbound(struct hyp *hyp, uint32_t domid, uint32_t remote,
		      uint32_t *port)
{
	BEGIN(domid);

	(void)hyp;
	(void)remote;
	*port = ++d->ports;
	return 0;
}

int hyp_grant_frame(struct hyp *hyp, uint32_t domid, uint64_t *mfn)
{
	BEGIN(domid);

	(void)hyp;
	if (!d->grant_frame) {
		d->grant_frame = fake->frames_used++;
		memset(fake->memory[d->grant_frame], 0, PAGE_SIZE);
	}
	*mfn = d->grant_frame;
	return 0;
}

/* Each page once more, at another address (mremap(2), old_size 0). */
void *hyp_map(struct hyp *hyp, uint32_t domid, int prot, uint64_t nr,
	      const uint64_t *mfns)
{
	uint64_t i;
	char *map;
	int rc = fails();

	(void)hyp;
	if (fake->kill_child && fake->kill_child != getpid())
		raise(SIGKILL);
	if (rc || !find(domid)) {
		errno = rc ? -rc : ESRCH;
		return NULL;
	}
	map = mmap(NULL, nr * PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < nr; i++)
		(void)!mremap(fake->memory[mfns[i]], 0, PAGE_SIZE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, map + i * PAGE_SIZE);
	return map;
}

void hyp_unmap(struct hyp *hyp, void *address, uint64_t nr)
{
	(void)hyp;
	munmap(address, nr * PAGE_SIZE);
}

struct store *store_open(void)
{
	int rc = fake->no_store ? -ENOENT : fails();

	errno = -rc;
	fake->opened += !rc;
	return rc ? NULL : calloc(1, sizeof(struct store));
}

void store_close(struct store *store)
{
	fake->opened -= !!store;
	free(store);
}

int store_domain_create(struct store *store, const struct store_domain *domain)
{
	BEGIN(domain->domid);

	(void)store;
	d->nodes = true;
	return 0;
}

/* Nothing is to fail on the way back. */
int store_domain_remove(struct store *store, uint32_t domid)
{
	(void)store;
	fake->domain[domid].nodes = false;
	return 0;
}

int store_domain_rename(struct store *store, uint32_t domid, const char *name)
{
	(void)store, (void)domid, (void)name;
	return fails();
}

int store_shutdown(struct store *store, uint32_t domid, const char *how)
{
	BEGIN(domid);

	(void)store;
	d->info.state |= RINGLET_DOM_SHUTDOWN;
	d->info.shutdown_reason = *how == 'r';
	return 0;
}

bool store_shutdown_pending(struct store *store, uint32_t domid)
{
	(void)store, (void)domid;
	return false;
}

bool store_shutdown_supported(struct store *store, uint32_t domid,
			      const char *how)
{
	(void)store, (void)how;
	return find(domid)->started;
}

int store_memory_target(struct store *store, uint32_t domid, uint64_t kib)
{
	BEGIN(domid);

	(void)store;
	if (d->started)
		d->info.tot_pages = kib / 4;
	return 0;
}

int store_vcpus(struct store *store, uint32_t domid, uint32_t online,
		uint32_t max)
{
	BEGIN(domid);

	(void)store, (void)max;
	if (d->started)
		d->info.online_vcpus = online;
	return 0;
}

struct daemon *daemon_open(void)
{
	int rc = fake->no_daemon ? -ENOENT : fails();

	errno = -rc;
	fake->opened += !rc;
	return rc ? NULL : calloc(1, sizeof(struct daemon));
}

void daemon_close(struct daemon *daemon)
{
	struct fake_domain *d;

	if (!daemon)
		return;
	/* As the daemon does: what was not started goes. */
	d = &fake->domain[daemon->domid];
	if (d->registered && !d->started)
		d->registered = false;
	fake->opened--;
	free(daemon);
}

const char *daemon_register(struct daemon *daemon,
			    const struct daemon_domain *domain)
{
	daemon->domid = domain->domid;
	if (fails())
		return "it says no";
	fake->domain[domain->domid].registered = true;
	return NULL;
}

const char *daemon_started(struct daemon *daemon)
{
	if (fails())
		return "it says no";
	fake->domain[daemon->domid].started = true;
	return NULL;
}

void daemon_look(void)
{
}

const char *daemon_console(struct daemon *daemon, uint32_t domid, int *fd)
{
	(void)daemon, (void)domid, (void)fd;
	return "there is none";
}

/* The daemon itself is not in this program. */
json_t *verb_daemon(struct rl *rl)
{
	report_error(&rl->report, EXIT_OTHER, "start", "daemon", NULL, "not here");
	return NULL;
}
