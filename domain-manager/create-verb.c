// SPDX-License-Identifier: GPL-2.0
/* rl create: from the command line to a running domain, and to its console. */
#include "verbs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "create.h"
#include "daemon.h"
#include "image.h"
#include "text.h"

/* Settings on the command line come after those of the file. */
static json_t *read_values(struct rl *rl)
{
	const char *stored = rl_option(rl, "stored");
	json_t *values;
	int i;

	if (stored) {
		values = json_load_file(stored, 0, NULL);
		if (!json_is_object(values)) {
			report_error(&rl->report, EXIT_CONFIG,
				     "read configuration", stored, NULL,
				     "it is not what was stored");
			goto err;
		}
		return values;
	}
	values = json_object();
	if (!rl->nr_args) {
		report_error(&rl->report, EXIT_USAGE, "read arguments", "FILE",
			     "see rl help create", "an argument is missing");
		goto err;
	}
	if (config_read(rl->args[0], values, &rl->report))
		goto err;
	for (i = 1; i < rl->nr_args; i++)
		if (syntax_parse(rl->args[i], strlen(rl->args[i]),
				 "command line", values, &rl->report))
			goto err;
	return values;
err:
	json_decref(values);
	return NULL;
}

static json_t *describe(const struct config *config,
			const struct created *created,
			const struct images *images)
{
	char uuid[TEXT_UUID_SIZE];

	return json_pack("{ss,si,ss,sI,sb}", "name", config->name, "id",
			 created->domid, "uuid",
			 text_from_uuid(created->uuid, uuid), "memory_mib",
			 (json_int_t)config->memory, "kernel_unpacked",
			 images->unpacked);
}

/* The console, on stdin and stdout, until it is detached or the domain ends. */
static void attach(struct rl *rl, const char *name, uint32_t domid)
{
	struct daemon *daemon = daemon_open();
	const char *wrong = strerror(errno);
	int fd, rc = 0;

	if (daemon)
		wrong = daemon_console(daemon, domid, &fd);
	if (!wrong)
		rc = console_attach(fd);
	if (wrong || rc < 0)
		report_error(&rl->report, EXIT_NO_SERVICE, "attach console",
			     name, "try rl console", "%s",
			     wrong ? wrong : strerror(-rc));
	daemon_close(daemon);
}

static json_t *create_from(struct rl *rl, struct config *config,
			   const json_t *values)
{
	struct create create = {
		.config = config,
		.values = values,
		.paused = rl_option(rl, "paused"),
	};
	struct created created = {0};
	struct images images;
	json_t *result = NULL;

	if (create_check(rl->hyp, config, &rl->report) ||
	    images_open(&images, config, &rl->report))
		return NULL;
	create.images = &images;
	if (rl_option(rl, "dry-run"))
		result = json_pack("{ss}", "name", config->name);
	else if (!create_domain(rl->hyp, &create, &created, &rl->report))
		result = describe(config, &created, &images);
	images_close(&images);
	return result;
}

json_t *verb_create(struct rl *rl)
{
	const char *name = rl->nr_args ? rl->args[0] : "stored configuration";
	json_t *values = read_values(rl), *result = NULL;
	struct config config;
	sigset_t signals, before;

	/* Between its steps creation looks whether one is pending. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &before);
	if (values && !config_check(values, name, &config, &rl->report))
		result = create_from(rl, &config, values);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (result && rl_option(rl, "console") && !rl_option(rl, "dry-run"))
		attach(rl, config.name,
		       json_integer_value(json_object_get(result, "id")));
	json_decref(values);
	return result;
}

void print_created(const json_t *result)
{
	const char *name = json_string_value(json_object_get(result, "name"));
	const json_t *id = json_object_get(result, "id");

	if (id)
		printf("%s: domain %d\n", name, (int)json_integer_value(id));
	else
		printf("%s: could be created\n", name);
}
