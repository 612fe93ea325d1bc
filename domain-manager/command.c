// SPDX-License-Identifier: GPL-2.0
/*
 * From a command line to an exit code: finds the command, sorts options from
 * arguments, reaches the hypervisor, runs the command and prints its result or
 * its error. With --json, stdout carries exactly one JSON object in every case:
 *
 *	{ "schema": 1, "command": "list", "exit": 0, "result": {...},
 *	  "error": {...}, "warnings": [...] }
 *
 * with result if it worked, else error.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hyp.h"
#include "text.h"
#include "verbs.h"

#define MAX_ARGS	256

const struct command *command_find(const char *name)
{
	const struct command *command;

	for (command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

const char *rl_option(const struct rl *rl, const char *name)
{
	const struct option_def *def = rl->command->options;
	int i;

	for (i = 0; def && def[i].name; i++)
		if (!strcmp(def[i].name, name))
			return rl->options[i];
	return NULL;
}

int rl_domain(struct rl *rl, const char *name, struct ringlet_domain_info *info)
{
	uint64_t domid = 0;
	int rc;

	if (text_number(name, &domid)) {
		rc = domid < RINGLET_DOMID_ANY ?
			     hyp_domain_info(rl->hyp, domid, info) :
			     -ESRCH;
		return rc ? report_errno(&rl->report, rc, "find domain", name) :
			    0;
	}
	rc = hyp_domain_named(rl->hyp, name, info);
	return rc ? report_errno(&rl->report, rc, "find domain", name) : 0;
}

int rl_number(struct rl *rl, const char *text, const char *what, uint64_t min,
	      uint64_t max, uint64_t *value)
{
	if (text_number(text, value) && *value >= min && *value <= max)
		return 0;
	return report_error(&rl->report, EXIT_USAGE, "read arguments", what,
			    NULL, "\"%s\" is not a number from %lu to %lu",
			    text, min, max);
}

static int usage_error(struct rl *rl, const char *object, const char *cause)
{
	char action[64];

	snprintf(action, sizeof(action), "see rl help %s", rl->command->name);
	return report_error(&rl->report, EXIT_USAGE, "read arguments", object,
			    action, "%s", cause);
}

/* Where the value of the option goes; NULL: there is no such option. */
static const char **find_option(struct rl *rl, const char *name, size_t length,
				bool *takes_value)
{
	const struct option_def *def = rl->command->options;
	int i;

	for (i = 0; def && def[i].name; i++) {
		if (length == 1 ? def[i].letter != *name :
				  strlen(def[i].name) != length ||
					  strncmp(def[i].name, name, length))
			continue;
		*takes_value = def[i].value;
		return &rl->options[i];
	}
	return NULL;
}

/* --name, --name=value, --name value. Returns what it took besides @arg, or -1. */
static int parse_long(struct rl *rl, char *arg, char *next)
{
	const char *name = arg + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	bool takes_value;
	const char **value =
		length < 2 ? NULL : find_option(rl, name, length, &takes_value);

	if (!value)
		return usage_error(rl, arg, "there is no such option");
	if (!takes_value && equals)
		return usage_error(rl, arg, "the option takes no value");
	if (takes_value && !equals && !next)
		return usage_error(rl, arg, "the option needs a value");
	*value = !takes_value ? "" : equals ? equals + 1 : next;
	return takes_value && !equals;
}

/* -abc, -a value, -avalue. The same. */
static int parse_letters(struct rl *rl, char *arg, char *next)
{
	const char *letter, **value;
	bool takes_value;

	for (letter = arg + 1; *letter; letter++) {
		value = find_option(rl, letter, 1, &takes_value);
		if (!value)
			return usage_error(rl, arg, "there is no such option");
		if (!takes_value) {
			*value = "";
			continue;
		}
		if (!letter[1] && !next)
			return usage_error(rl, arg, "the option needs a value");
		*value = letter[1] ? letter + 1 : next;
		return !letter[1];
	}
	return 0;
}

static bool is_help(const char *arg)
{
	return !strcmp(arg, "--help") || !strcmp(arg, "-h");
}

/* Sorts argv into options and arguments; @help: only help was asked for. */
static int parse_line(struct rl *rl, int argc, char **argv, bool *help)
{
	bool options = true;
	int i, took;

	for (i = 0; i < argc; i++) {
		took = 0;
		if (!options || argv[i][0] != '-' || !argv[i][1])
			rl->args[rl->nr_args++] = argv[i];
		else if (!strcmp(argv[i], "--"))
			options = false;
		else if (!strcmp(argv[i], "--json"))
			rl->json = true;
		else if (is_help(argv[i]))
			*help = true;
		else if (argv[i][1] == '-')
			took = parse_long(rl, argv[i],
					  i + 1 < argc ? argv[i + 1] : NULL);
		else
			took = parse_letters(rl, argv[i],
					     i + 1 < argc ? argv[i + 1] : NULL);
		if (took < 0)
			return -1;
		i += took;
	}
	if (*help)
		return 0;
	if (rl->nr_args < rl->command->min_args)
		return usage_error(rl, rl->command->args,
				   "an argument is missing");
	if (rl->command->max_args >= 0 && rl->nr_args > rl->command->max_args)
		return usage_error(rl, rl->args[rl->command->max_args],
				   "this is one argument too many");
	return 0;
}

static int open_hyp(struct rl *rl)
{
	struct ringlet_version version;
	int rc;

	rl->hyp = hyp_open();
	if (!rl->hyp)
		return report_error(
			&rl->report, EXIT_NO_SERVICE, "open hypervisor",
			"/dev/xen/privcmd",
			"run rl as root in the "
			"service domain, with the module xen-privcmd",
			"%s", strerror(errno));
	rc = hyp_version(rl->hyp, &version);
	if (rc == -ENOSYS)
		return report_error(
			&rl->report, EXIT_NO_SERVICE, "open hypervisor",
			"hypercall 55", "boot Ringlet",
			"this hypervisor is not Ringlet, or too old");
	return rc ? report_errno(&rl->report, rc, "open hypervisor",
				 "hypercall 55") :
		    0;
}

static void print_json(const struct rl *rl, const char *name, json_t *result)
{
	json_t *document = json_object();

	json_object_set_new(document, "schema", json_integer(RL_SCHEMA));
	json_object_set_new(document, "command", json_string(name));
	json_object_set_new(document, "exit", json_integer(rl->report.code));
	if (result)
		json_object_set(document, "result", result);
	if (rl->report.error)
		json_object_set(document, "error", rl->report.error);
	json_object_set(document, "warnings", rl->report.warnings);
	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}

static json_t *run_command(struct rl *rl, int argc, char **argv)
{
	bool help = false;

	if (parse_line(rl, argc, argv, &help))
		return NULL;
	if (help) {
		rl->args[0] = (char *)rl->command->name;
		rl->nr_args = 1;
		rl->command = command_find("help");
		memset(rl->options, 0, sizeof(rl->options));
	}
	if (!rl->command->no_hyp && open_hyp(rl))
		return NULL;
	return rl->command->run(rl);
}

static bool wants_json(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

/* The name of a command that may have been meant; NULL: none. */
static const char *nearest_command(const char *typed)
{
	const struct command *command;
	const char *nearest = NULL;
	unsigned int distance, best = 100;

	for (command = commands; command->name; command++) {
		distance = text_distance(typed, command->name);
		if (distance < best) {
			best = distance;
			nearest = command->name;
		}
	}
	return text_is_near(typed, best) ? nearest : NULL;
}

static json_t *no_command(struct rl *rl, const char *name)
{
	const char *near = nearest_command(name);
	char action[80] = "see rl help";

	if (near)
		snprintf(action, sizeof(action), "did you mean %s? see rl help",
			 near);
	report_error(&rl->report, EXIT_USAGE, "read arguments", name, action,
		     "there is no such command");
	return NULL;
}

int rl_main(int argc, char **argv)
{
	char *args[MAX_ARGS + 1];
	struct rl rl = {.args = args};
	const char *name = "help";
	json_t *result;
	int code;

	report_init(&rl.report);
	rl.json = wants_json(argc, argv);
	while (argc && !strcmp(argv[0], "--json"))
		argc--, argv++;
	if (argc) {
		name = !strcmp(argv[0], "--version") ? "version" :
		       is_help(argv[0])		     ? "help" :
						       argv[0];
		argc--, argv++;
	}
	rl.command = command_find(name);
	if (argc > MAX_ARGS) {
		report_error(&rl.report, EXIT_USAGE, "read arguments", name,
			     NULL, "more than %d arguments", MAX_ARGS);
		result = NULL;
	} else {
		result = rl.command ? run_command(&rl, argc, argv) :
				      no_command(&rl, name);
	}
	report_print(&rl.report, name);
	if (rl.json)
		print_json(&rl, name, result);
	else if (result && rl.command->print)
		rl.command->print(result);
	code = rl.report.code;
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "rl: %s: print result: stdout: cannot write\n",
			name);
		code = code ? code : EXIT_OTHER;
	}
	json_decref(result);
	report_free(&rl.report);
	hyp_close(rl.hyp);
	return code;
}
