// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when a guest ends: on_poweroff, on_reboot and on_crash.
 *
 * A restart first says so in the guest's file, then destroys the domain, then
 * lets a child run "rl create --stored": a daemon that is killed in between goes
 * on from the file. A guest that ends within MIN_LIFE of its start is not
 * restarted without end.
 */
#include "guest.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sched.h>

#include "attach.h"
#include "daemon.h"
#include "hyp.h"
#include "store.h"

#define MIN_LIFE_NS	(10 * 1000000000ULL)
#define MAX_QUICK	5
#define CORE_FOLDER	"/var/lib/ringlet/dump"

/* A child of ours that runs rl; what it says goes to our log. 0: failed. */
static pid_t spawn(struct serve *s, char *const argv[])
{
	sigset_t none;
	pid_t child = fork();

	if (child < 0)
		log_line(&s->log, "rl %s: %s", argv[1], strerror(errno));
	if (child)
		return child < 0 ? 0 : child;
	if (s->log.fd >= 0) {
		dup2(s->log.fd, STDOUT_FILENO);
		dup2(s->log.fd, STDERR_FILENO);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	_exit(127);
}

void guest_destroy(struct serve *s, struct guest *guest)
{
	int rc;

	guest_console_close(s, guest);
	rc = hyp_domain_destroy(s->hyp, guest->domid);
	if (rc && rc != -ESRCH)
		log_line(&s->log, "%s: cannot be destroyed: %s", guest->name,
			 strerror(-rc));
	guest_remove(s, guest);
}

static void values_path(const struct guest *guest, char path[64])
{
	snprintf(path, 64, DAEMON_FOLDER "/restart-%u.values", guest->domid);
}

void guest_restart(struct serve *s, struct guest *guest)
{
	char path[64];
	char *argv[] = { "rl", "create", "--stored", path, NULL };

	values_path(guest, path);
	if (json_dump_file(guest->values, path, 0))
		log_line(&s->log, "%s: %s: cannot be written", guest->name, path);
	guest->child = spawn(s, argv);
	if (!guest->child)
		guest_remove(s, guest);
}

static void begin_restart(struct serve *s, struct guest *guest,
			  const struct ringlet_domain_info *info)
{
	struct ringlet_machine_info machine = {};

	hyp_machine_info(s->hyp, &machine);
	guest->quick = machine.uptime_ns - info->created_ns < MIN_LIFE_NS ?
			       guest->quick + 1 : 0;
	if (guest->quick > MAX_QUICK) {
		log_line(&s->log, "%s: ended %u times within seconds: not "
			 "restarted", guest->name, MAX_QUICK);
		guest_destroy(s, guest);
		return;
	}
	guest->state = GUEST_RESTARTING;
	guest_save(guest);
	guest_console_close(s, guest);
	hyp_domain_destroy(s->hyp, guest->domid);
	detach_all(guest->domid, guest->uuid, false);
	if (s->store)
		store_domain_remove(s->store, guest->domid);
	guest_restart(s, guest);
}

/* Keep the old one, under another name. */
static void rename_away(struct serve *s, struct guest *guest)
{
	char name[sizeof(guest->name) + 16];

	snprintf(name, sizeof(name), "%.32s-%u", guest->name, guest->domid);
	if (hyp_domain_set_name(s->hyp, guest->domid, name))
		return;
	if (s->store)
		store_domain_rename(s->store, guest->domid, name);
	strcpy(guest->name, name);
}

static void keep(struct serve *s, struct guest *guest)
{
	guest->state = GUEST_KEPT;
	guest_save(guest);
	log_line(&s->log, "%s: kept as it is", guest->name);
}

/* A successor of a guest that stays: it has no file of its own yet. */
static void create_beside(struct serve *s, const struct guest *old,
			  const char *name)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return;
	guest->domid = old->domid;
	guest->values = json_incref(old->values);
	guest->state = GUEST_RESTARTING;
	guest->console.port = -1;
	guest->console.log.fd = -1;
	snprintf(guest->name, sizeof(guest->name), "%s", name);
	guest_add(s, guest);
	guest_restart(s, guest);
}

static void act(struct serve *s, struct guest *guest,
		const struct ringlet_domain_info *info)
{
	char name[sizeof(guest->name)];

	switch (guest->action) {
	case ACTION_DESTROY:
	case ACTION_COREDUMP_DESTROY:
		guest_destroy(s, guest);
		break;
	case ACTION_RESTART:
	case ACTION_COREDUMP_RESTART:
		begin_restart(s, guest, info);
		break;
	case ACTION_RENAME_RESTART:
		strcpy(name, guest->name);
		rename_away(s, guest);
		keep(s, guest);
		create_beside(s, guest, name);
		break;
	default:
		keep(s, guest);
	}
}

static void dump(struct serve *s, struct guest *guest)
{
	char domid[16], path[128];
	char *argv[] = { "rl", "dump-core", domid, path, NULL };
	struct log safe;

	/* The same care with the name as for a log. */
	mkdir("/var/lib", 0755);
	mkdir("/var/lib/ringlet", 0755);
	mkdir(CORE_FOLDER, 0700);
	if (!log_open(&safe, CORE_FOLDER, guest->name, 0)) {
		log_close(&safe);
		unlink(safe.path);
	}
	snprintf(path, sizeof(path), "%.*s-%ld.core",
		 (int)strlen(safe.path) - 4, safe.path, (long)time(NULL));
	snprintf(domid, sizeof(domid), "%u", guest->domid);
	guest->state = GUEST_DUMPING;
	guest_save(guest);
	log_line(&s->log, "%s: core dump to %s", guest->name, path);
	guest->child = spawn(s, argv);
}

static enum config_action choose(const struct guest *guest, uint32_t reason)
{
	static struct config config;	/* large */
	struct report report;
	int rc;

	report_init(&report);
	rc = config_check(guest->values, guest->name, &config, &report);
	report_free(&report);
	if (rc)
		return ACTION_PRESERVE;
	return reason == SHUTDOWN_poweroff ? config.on_poweroff :
	       reason == SHUTDOWN_reboot ? config.on_reboot : config.on_crash;
}

static void ended(struct serve *s, struct guest *guest,
		  const struct ringlet_domain_info *info)
{
	static const char *const reasons[] = {
		"powered off", "rebooted", "suspended", "crashed",
		"ended by its watchdog",
	};
	uint32_t reason = info->shutdown_reason;

	guest_console_work(s, guest);
	log_line(&s->log, "%s: %s", guest->name, reason < 5 ? reasons[reason] :
		 "ended");
	if (guest->state == GUEST_BUILDING)
		return;
	guest->action = choose(guest, reason);
	if (reason == SHUTDOWN_suspend)
		guest->action = ACTION_PRESERVE;
	if (guest->action == ACTION_COREDUMP_DESTROY ||
	    guest->action == ACTION_COREDUMP_RESTART)
		dump(s, guest);
	if (!guest->child)
		act(s, guest, info);
}

void guest_check(struct serve *s, struct guest *guest)
{
	struct ringlet_domain_info info;
	int rc;

	if (guest->state == GUEST_RESTARTING)
		return;
	rc = hyp_domain_info(s->hyp, guest->domid, &info);
	if (rc && rc != -ESRCH)
		return;
	if (rc || (info.state & RINGLET_DOM_DYING) ||
	    memcmp(info.uuid, guest->uuid, sizeof(info.uuid))) {
		log_line(&s->log, "%s: destroyed", guest->name);
		guest_remove(s, guest);
		return;
	}
	if ((info.state & (RINGLET_DOM_SHUTDOWN | RINGLET_DOM_CRASHED)) &&
	    guest->state == GUEST_LIVE)
		ended(s, guest, &info);
	else
		/* It may have been renamed. */
		snprintf(guest->name, sizeof(guest->name), "%s", info.name);
}

void guest_check_all(struct serve *s)
{
	struct guest *guest, *next;

	/* What is added meanwhile comes before the first. */
	for (guest = s->guests; guest; guest = next) {
		next = guest->next;
		guest_check(s, guest);
	}
}

void guest_child_exited(struct serve *s, pid_t child, int status)
{
	struct ringlet_domain_info info;
	struct guest *guest;
	char path[64];

	for (guest = s->guests; guest && guest->child != child;)
		guest = guest->next;
	if (!guest)
		return;
	guest->child = 0;
	if (status)
		log_line(&s->log, "%s: %s failed (%d)", guest->name,
			 guest->state == GUEST_DUMPING ? "core dump" : "restart",
			 WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	if (guest->state == GUEST_RESTARTING) {
		values_path(guest, path);
		unlink(path);
		/* Memory or the name may have been on their way back. */
		if (status && ++guest->quick <= MAX_QUICK)
			guest_restart(s, guest);
		else
			guest_remove(s, guest);
	} else if (guest->state == GUEST_DUMPING) {
		guest->state = GUEST_LIVE;
		if (!hyp_domain_info(s->hyp, guest->domid, &info))
			act(s, guest, &info);
	}
}
