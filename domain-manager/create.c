// SPDX-License-Identifier: GPL-2.0
/*
 * From checked files to a domain that is ready to run.
 *
 * Steps, in a table: each either does all it is for or reports why not; the
 * first failure destroys the domain, which takes all that the steps gave it.
 *
 * The domain's memory is mapped only while it is built, in a process of its own
 * (apart.h): before its first vCPU gets a context no page of it may be writable
 * anywhere, for its page tables are validated then, and a kernel turns more of
 * its pages into tables as soon as it runs.
 */
#include "create.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <xen/xen.h>
#include <xen/grant_table.h>
#include <ringlet/virtio.h>

#include "apart.h"
#include "attach.h"
#include "builder.h"
#include "daemon.h"
#include "hyp.h"
#include "image.h"
#include "store.h"

#define PAGES_PER_MIB	256
#define KIB_PER_MIB	1024
#define LARGE_ORDER	9

struct creation;

/* What the process that fills the domain's memory shares with this one. */
struct building {
	struct creation *c;
	char *prefix;			/* the domain's first pages, mapped there */
	struct vcpu_guest_context context;
	int rc;
};

struct creation {
	struct hyp *hyp;
	const struct config *config;
	const struct images *images;
	const json_t *values;
	bool paused;
	struct created *created;
	struct report *report;
	struct store *store;		/* NULL: no xenstored */
	struct daemon *daemon;		/* NULL: it does not run */

	uint64_t *mfns;			/* of all the domain's pages, by pfn */
	uint64_t shared_info;
	struct building *building;
};

static int failed(struct creation *c, int rc, const char *stage)
{
	return report_errno(c->report, rc, stage, c->config->name);
}

static int choose_uuid(struct creation *c)
{
	uint8_t *uuid = c->created->uuid;

	if (c->config->uuid_text) {
		memcpy(uuid, c->config->uuid, 16);
		return 0;
	}
	if (getrandom(uuid, 16, 0) != 16)
		return failed(c, -errno, "choose UUID");
	/* RFC 4122 4.4: version 4, variant 1. */
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
	return 0;
}

static int create_empty(struct creation *c)
{
	const struct config *config = c->config;
	struct ringlet_domain_create arg = {
		.domid = RINGLET_DOMID_ANY,
		.flags = kernel_is_fit(&c->images->kernel) ?
				 RINGLET_CREATE_FIT :
				 0,
		.max_vcpus = config->maxvcpus,
		.max_ports = config->max_ports,
		.max_grant_frames = config->max_grant_frames,
		.max_maptrack_frames = config->max_maptrack_frames,
		.max_pages = config->maxmem * PAGES_PER_MIB,
	};
	int rc;

	memcpy(arg.uuid, c->created->uuid, sizeof(arg.uuid));
	snprintf(arg.name, sizeof(arg.name), "%s", config->name);
	rc = hyp_domain_create(c->hyp, &arg);
	if (rc)
		return failed(c, rc, "create domain");
	c->created->domid = arg.domid;
	c->shared_info = arg.shared_info_mfn << PAGE_SHIFT;
	return 0;
}

static int set_scheduling(struct creation *c)
{
	const struct config *config = c->config;
	struct ringlet_domain_sched sched = {
		.domid = c->created->domid,
		.set = RINGLET_SCHED_WEIGHT | RINGLET_SCHED_CAP,
		.weight = config->weight,
		.cap = config->cap,
	};
	uint32_t vcpu;
	int rc = 0;

	if (config->weight != CONFIG_WEIGHT || config->cap)
		rc = hyp_domain_sched(c->hyp, &sched);
	if (rc)
		return failed(c, rc, "set weight and cap");
	for (vcpu = 0; config->pinned && vcpu < config->maxvcpus; vcpu++) {
		rc = hyp_vcpu_affinity(c->hyp, c->created->domid, vcpu,
				       config->cpus[vcpu]);
		if (rc == -EINVAL)
			return report_error(
				c->report, EXIT_CONFIG, "pin vCPUs",
				config->name,
				"see rl info for how many there are",
				"cpus: none of those of vCPU %u is online",
				vcpu);
		if (rc)
			return failed(c, rc, "pin vCPUs");
	}
	return 0;
}

/* Extents of 2^@order pages from *@pfn on, below @end; as many as there are. */
static int populate(struct creation *c, unsigned int order, uint64_t end,
		    uint64_t *pfn)
{
	uint64_t frames[HYP_MAX_EXTENTS], first, i, j;
	uint32_t nr;
	int rc;

	for (;;) {
		first = *pfn;
		for (nr = 0; nr < HYP_MAX_EXTENTS; nr++) {
			frames[nr] = first + ((uint64_t)nr << order);
			if (frames[nr] + (1UL << order) > end)
				break;
		}
		if (!nr)
			return 0;
		rc = hyp_populate(c->hyp, c->created->domid, order, nr, frames);
		if (rc < 0)
			return rc;
		for (i = 0; i < (uint64_t)rc; i++)
			for (j = 0; j < 1UL << order; j++)
				c->mfns[(*pfn)++] = frames[i] + j;
		if ((uint32_t)rc < nr)
			return -ENOMEM;
	}
}

/* In large extents as long as there are any, then by pages. */
static int give_memory(struct creation *c)
{
	uint64_t pfn = 0, pages = c->created->pages;
	int rc;

	c->mfns = malloc(pages * sizeof(*c->mfns));
	if (!c->mfns)
		return failed(c, -ENOMEM, "list memory");
	rc = populate(c, LARGE_ORDER, pages, &pfn);
	if (!rc || rc == -ENOMEM)
		rc = populate(c, 0, pages, &pfn);
	if (rc == -ENOMEM)
		return report_error(c->report, EXIT_RESOURCES, "give memory",
				    c->config->name,
				    "set memory lower, or destroy a domain",
				    "only %lu of %lu MiB could be had",
				    pfn / PAGES_PER_MIB, c->config->memory);
	if (rc)
		return failed(c, rc, "give memory");
	c->created->console_mfn = c->mfns[c->images->layout.console];
	c->created->store_mfn = c->mfns[c->images->layout.store];
	return 0;
}

static int open_ports(struct creation *c)
{
	struct created *created = c->created;
	int rc = hyp_alloc_unbound(c->hyp, created->domid, 0,
				   &created->store_port);

	if (!rc)
		rc = hyp_alloc_unbound(c->hyp, created->domid, 0,
				       &created->console_port);
	if (!rc && c->config->device_pages)
		rc = hyp_alloc_unbound(c->hyp, created->domid, 0,
				       &created->control_port);
	return rc ? failed(c, rc, "open event channels") : 0;
}

/* The service domain may map these pages without further ado. */
static int seed_grants(struct creation *c)
{
	grant_entry_v1_t *table;
	uint32_t i;
	uint64_t mfn;
	int rc = hyp_grant_frame(c->hyp, c->created->domid, &mfn);

	if (rc)
		return failed(c, rc, "make grant table");
	table = hyp_map(c->hyp, c->created->domid, PROT_READ | PROT_WRITE, 1,
			&mfn);
	if (!table)
		return failed(c, -errno, "map grant table");
	table[GNTTAB_RESERVED_CONSOLE].frame = c->created->console_mfn;
	table[GNTTAB_RESERVED_CONSOLE].flags = GTF_permit_access;
	table[GNTTAB_RESERVED_XENSTORE].frame = c->created->store_mfn;
	table[GNTTAB_RESERVED_XENSTORE].flags = GTF_permit_access;
	for (i = 0; i < c->config->device_pages; i++) {
		table[RINGLET_GREF_DEVICES + i].frame =
			c->mfns[c->images->layout.devices + i];
		table[RINGLET_GREF_DEVICES + i].flags = GTF_permit_access;
	}
	hyp_unmap(c->hyp, table, 1);
	return 0;
}

static int tell_devices(struct creation *c)
{
	struct ringlet_devices devices = {
		.domid = c->created->domid,
		.pages = c->config->device_pages,
		.gfn = c->images->layout.devices,
		.control_port = c->created->control_port,
		.backend_domid = 0,
	};
	int rc = devices.pages ? hyp_domain_devices(c->hyp, &devices) : 0;

	return rc ? failed(c, rc, "tell where devices are") : 0;
}

static void *prefix_page(void *ctx, uint64_t pfn)
{
	struct building *b = ctx;

	return b->prefix + (pfn << PAGE_SHIFT);
}

static void copy_file(void *ctx, uint64_t at, const void *from, uint64_t size)
{
	struct building *b = ctx;
	const struct image *elf = &b->c->images->elf;
	bool kernel = (uintptr_t)from - (uintptr_t)elf->data < elf->size;
	int rc = image_copy(kernel ? elf : &b->c->images->ramdisk,
			    b->prefix + at, from, size);

	if (rc && !b->rc)
		b->rc = rc;
}

/* In a process of its own, whose end unmaps the domain's memory. */
static void build_apart(void *arg)
{
	struct building *building = arg;
	struct creation *c = building->c;
	struct builder b = {
		.kernel = &c->images->kernel,
		.layout = c->images->layout,
		.page = prefix_page,
		.copy = copy_file,
		.ctx = building,
		.initrd_size = c->images->ramdisk.size,
		.cmdline = c->config->arguments,
		.shared_info = c->shared_info,
		.store_port = c->created->store_port,
		.console_port = c->created->console_port,
		.control_port = c->created->control_port,
	};
	struct hyp *hyp = hyp_open();
	uint64_t pfn;

	if (hyp)
		building->prefix =
			hyp_map(hyp, c->created->domid, PROT_READ | PROT_WRITE,
				b.layout.prefix_end, c->mfns);
	if (!building->prefix) {
		building->rc = -errno;
		return;
	}
	builder_load(&b);
	for (pfn = 0; pfn < b.layout.nr_pages; pfn++)
		builder_frame(&b, pfn, c->mfns[pfn]);
	builder_finish(&b, &building->context);
}

static int build(struct creation *c)
{
	int rc = apart_run(build_apart, c->building);

	if (!rc)
		rc = c->building->rc;
	if (rc == -ENODATA)
		return report_error(c->report, EXIT_IMAGE, "read RAM disk",
				    c->config->ramdisk, "try again",
				    "it shrank meanwhile");
	return rc ? failed(c, rc, "build") : 0;
}

static int start_vcpu(struct creation *c)
{
	int rc = hyp_vcpu_context_set(c->hyp, c->created->domid, 0,
				      RINGLET_CONTEXT_PIN_BASE |
					      RINGLET_CONTEXT_UP,
				      &c->building->context);

	return rc ? failed(c, rc, "start first vCPU") : 0;
}

/*
 * From here on the daemon destroys the domain if this process ends early.
 */
static int tell_daemon(struct creation *c)
{
	struct created *created = c->created;
	struct daemon_domain domain = {
		.domid = created->domid,
		.console_port = created->console_port,
		.console_mfn = created->console_mfn,
		.name = c->config->name,
		.uuid = created->uuid,
		.values = c->values,
	};
	const char *wrong;

	c->daemon = daemon_open();
	if (!c->daemon) {
		report_warning(
			c->report, "tell daemon", DAEMON_SOCKET,
			"start it with rl daemon",
			"it does not run: nobody "
			"keeps the console or acts on on_reboot and the like");
		return 0;
	}
	wrong = daemon_register(c->daemon, &domain);
	return wrong ? report_error(c->report, EXIT_NO_SERVICE, "tell daemon",
				    c->config->name,
				    "see its log in " DAEMON_LOGS, "%s",
				    wrong) :
		       0;
}

static int make_nodes(struct creation *c)
{
	const struct config *config = c->config;
	struct store_domain domain = {
		.domid = c->created->domid,
		.vcpus = config->vcpus,
		.max_vcpus = config->maxvcpus,
		.store_port = c->created->store_port,
		.console_port = c->created->console_port,
		.store_mfn = c->created->store_mfn,
		.console_mfn = c->created->console_mfn,
		.memory = config->memory * KIB_PER_MIB,
		.max_memory = config->maxmem * KIB_PER_MIB,
		.name = config->name,
		.uuid = c->created->uuid,
	};
	int rc;

	c->store = store_open();
	if (!c->store) {
		report_warning(
			c->report, "make nodes", "xenstored", "start it",
			"it cannot be reached (%s): the guest has no store",
			strerror(errno));
		return 0;
	}
	rc = store_domain_create(c->store, &domain);
	return rc ? report_error(c->report, EXIT_NO_SERVICE, "make nodes",
				 config->name, NULL, "xenstored: %s",
				 strerror(-rc)) :
		    0;
}

/* In the order of the file: the guest numbers virtio devices so. */
static int attach_devices(struct creation *c)
{
	const struct config *config = c->config;
	const struct target domain = {
		c->created->domid, config->name, c->created->uuid,
	};
	struct device device;
	size_t i;

	for (i = 0; i < config->nr_devices; i++) {
		device = config->devices[i];
		if (attach_device(&domain, &device, config->places[i], c->report))
			return -1;
	}
	return 0;
}

static int unpause(struct creation *c)
{
	const char *wrong = c->daemon ? daemon_started(c->daemon) : NULL;
	int rc;

	if (wrong)
		return report_error(c->report, EXIT_NO_SERVICE, "tell daemon",
				    c->config->name,
				    "see its log in " DAEMON_LOGS, "%s", wrong);
	if (c->paused)
		return 0;
	rc = hyp_domain_unpause(c->hyp, c->created->domid);
	return rc ? failed(c, rc, "unpause") : 0;
}

static bool interrupted(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGINT) ||
	       sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP);
}

static int (*const steps[])(struct creation *c) = {
	set_scheduling, give_memory,  open_ports, tell_daemon, build,
	seed_grants,	tell_devices, start_vcpu, make_nodes,  attach_devices,
	unpause,
};

static int run_steps(struct creation *c)
{
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (interrupted())
			return report_error(c->report, EXIT_OTHER,
					    "create domain", c->config->name,
					    NULL, "it was interrupted");
		if (steps[i](c))
			return -1;
	}
	return 0;
}

static void undo(struct creation *c)
{
	uint32_t domid = c->created->domid;
	int rc;

	detach_all(domid, c->created->uuid, true);
	if (c->store)
		store_domain_remove(c->store, domid);
	rc = hyp_domain_destroy(c->hyp, domid);
	/* The daemon, told to by the end of the connection, may be faster. */
	if (rc && rc != -ESRCH)
		report_warning(c->report, "undo", c->config->name,
			       "try rl destroy",
			       "domain %u could not be destroyed: %s", domid,
			       strerror(-rc));
}

/* rl was killed: destroys what it has made and not yet let run. */
static void clean_up(void *arg)
{
	const struct creation *c = arg;
	struct hyp *hyp = hyp_open();
	struct ringlet_domain_info info;
	struct store *store;
	uint64_t next;

	for (next = 1; hyp && !hyp_domain_next(hyp, next, &info);
	     next = info.domid + 1UL) {
		if (strcmp(info.name, c->config->name) ||
		    memcmp(info.uuid, c->created->uuid, sizeof(info.uuid)) ||
		    !(info.state & RINGLET_DOM_PAUSED))
			continue;
		detach_all(info.domid, info.uuid, true);
		store = store_open();
		if (store)
			store_domain_remove(store, info.domid);
		store_close(store);
		hyp_domain_destroy(hyp, info.domid);
	}
}

static bool has_virtio(const struct config *config)
{
	size_t i;

	for (i = 0; i < config->nr_devices; i++)
		if (config->devices[i].driver == DRIVER_VIRTIO)
			return true;
	return false;
}

/* Any version of the hypervisor can do without. */
static int check_device_area(struct hyp *hyp, struct config *config,
			     struct report *report)
{
	struct ringlet_version version;
	int rc;

	if (!config->device_pages)
		return 0;
	rc = hyp_version(hyp, &version);
	if (rc)
		return report_errno(report, rc, "look for devices",
				    config->name);
	if (version.features & RINGLET_FEATURE_DEVICES)
		return 0;
	if (config->max_devices != CONFIG_DEVICES_DEFAULT || has_virtio(config))
		return report_error(
			report, EXIT_CONFIG, "look for devices", config->name,
			"remove max_devices, use drivers = \"xen\", or boot a newer hypervisor",
			"this hypervisor, ABI %u.%u, has no devices",
			version.abi_major, version.abi_minor);
	config->device_pages = 0;
	return 0;
}

/* On copies: the devices are made with what is found then. */
static int check_devices(const struct config *config, struct report *report)
{
	struct device device;
	size_t i;

	for (i = 0; i < config->nr_devices; i++) {
		device = config->devices[i];
		if (device_check(&device, ~0U, config->places[i], report))
			return -1;
	}
	return 0;
}

int create_check(struct hyp *hyp, struct config *config,
		 struct report *report)
{
	struct ringlet_machine_info machine;
	int rc;

	if (config_name_free(hyp, config->name, "create domain", report) ||
	    check_device_area(hyp, config, report) ||
	    check_devices(config, report))
		return -1;
	rc = hyp_machine_info(hyp, &machine);
	if (rc)
		return report_errno(report, rc, "look for memory",
				    config->name);
	if (machine.free_pages >= config->memory * PAGES_PER_MIB)
		return 0;
	return report_error(report, EXIT_RESOURCES, "look for memory",
			    config->name,
			    "set memory lower, or destroy a domain",
			    "it wants %lu MiB, %lu MiB are free",
			    config->memory, machine.free_pages / PAGES_PER_MIB);
}

int create_domain(struct hyp *hyp, const struct create *create,
		  struct created *created, struct report *report)
{
	struct creation c = {
		.hyp = hyp,
		.config = create->config,
		.images = create->images,
		.values = create->values,
		.paused = create->paused,
		.created = created,
		.report = report,
	};
	struct guard guard;
	int rc;

	memset(created, 0, sizeof(*created));
	created->pages = c.config->memory * PAGES_PER_MIB;
	c.building = apart_alloc(sizeof(*c.building));
	if (!c.building)
		return failed(&c, -errno, "create domain");
	c.building->c = &c;
	rc = choose_uuid(&c);
	if (!rc) {
		rc = guard_start(&guard, clean_up, &c);
		if (rc)
			rc = failed(&c, rc, "create domain");
	}
	if (rc)
		goto out;
	rc = create_empty(&c);
	if (!rc) {
		rc = run_steps(&c);
		if (rc)
			undo(&c);
	}
	guard_end(&guard);
out:
	store_close(c.store);
	daemon_close(c.daemon);
	free(c.mfns);
	apart_free(c.building, sizeof(*c.building));
	return rc;
}
