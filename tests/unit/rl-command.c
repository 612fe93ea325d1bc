// SPDX-License-Identifier: GPL-2.0
/*
 * The command table and what comes of it: every row is complete, every result
 * has the fields that the schema says and no others, errors have their exit
 * code, and output is JSON whatever happens.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "command.h"
#include "hyp.h"
#include "record.h"
#include "rl-fake.h"

/* Runs rl with a line of arguments; stdout as JSON, or NULL; exit code. */
static json_t *run(const char *line, int *code)
{
	char *copy = strdup(line), *args[16], *save, *word;
	int n = 0, out = dup(1), err = dup(2);
	FILE *file = tmpfile(), *errors = tmpfile();
	json_t *json;

	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		args[n++] = word;
	fflush(stdout);
	dup2(fileno(file), 1);
	dup2(fileno(errors), 2);
	*code = rl_main(n, args);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	rewind(file);
	json = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL);
	fclose(file);
	fclose(errors);
	free(copy);
	return json;
}

static void check_fields(const json_t *object, const struct field *fields,
			 const char *where);

static void check_field(const json_t *value, const struct field *field)
{
	json_t *element;
	size_t i;

	switch (field->type) {
	case FIELD_STRING:
		assert_true(json_is_string(value));
		break;
	case FIELD_INTEGER:
		assert_true(json_is_integer(value));
		break;
	case FIELD_BOOLEAN:
		assert_true(json_is_boolean(value));
		break;
	case FIELD_OBJECT:
		check_fields(value, field->fields, field->name);
		break;
	case FIELD_LIST:
		assert_true(json_is_array(value));
		json_array_foreach(value, i, element)
			if (field->fields)
				check_fields(element, field->fields, field->name);
			else
				assert_true(json_is_string(element));
	}
}

/* All that must be there is, of the right type, and nothing else is. */
static void check_fields(const json_t *object, const struct field *fields,
			 const char *where)
{
	const struct field *field;
	const char *key;
	json_t *value;

	assert_true(json_is_object(object));
	for (field = fields; field->name; field++) {
		value = json_object_get(object, field->name);
		if (value)
			check_field(value, field);
		else if (!field->optional)
			fail_msg("%s: no field %s", where, field->name);
	}
	json_object_foreach((json_t *)object, key, value) {
		for (field = fields; field->name && strcmp(field->name, key);)
			field++;
		if (!field->name)
			fail_msg("%s: field %s is not in the schema", where, key);
	}
}

/* The envelope, and the result by the command's schema. */
static void check_document(const json_t *json, const char *name, int code)
{
	const struct command *command = command_find(name);
	json_t *result = json_object_get(json, "result");

	assert_true(json_is_object(json));
	assert_int_equal(json_integer_value(json_object_get(json, "schema")),
			 RL_SCHEMA);
	assert_string_equal(json_string_value(json_object_get(json, "command")),
			    name);
	assert_int_equal(json_integer_value(json_object_get(json, "exit")), code);
	assert_true(json_is_array(json_object_get(json, "warnings")));
	assert_true(!!result != !!json_object_get(json, "error"));
	assert_int_equal(!result, code != 0);
	if (result)
		check_fields(result, command->fields, name);
}

static void prepare(void)
{
	fake_reset();
	record_folder = "/proc/none/devices";
	fake_add(1, "one");
	fake->domain[1].info.state = RINGLET_DOM_BLOCKED;
	fake->domain[1].started = true;
	fake_add(2, "two");
	fake->domain[2].info.state = RINGLET_DOM_SHUTDOWN;
	fake->domain[2].info.shutdown_reason = 3;
}

static const struct {
	const char *line;
	int code;
} lines[] = {
	{ "list", 0 }, { "list one two", 0 }, { "list 1", 0 }, { "list three", 4 },
	{ "list 7", 4 }, { "list 65535", 4 },
	{ "info", 0 }, { "info one", 0 }, { "info 2", 0 }, { "info x", 4 },
	{ "info one two", 2 },
	{ "pause one", 0 }, { "pause", 2 }, { "pause nobody", 4 },
	{ "unpause one", 5 }, { "destroy two", 0 }, { "destroy 0", 5 },
	{ "destroy nobody", 4 },
	{ "rename one eins", 0 }, { "rename one two", 5 }, { "rename one ../x", 3 },
	{ "shutdown one", 0 }, { "shutdown --wait one", 0 }, { "shutdown two", 5 },
	{ "shutdown 0", 5 }, { "reboot -w one", 0 },
	{ "reboot -t 0 one", 2 }, { "reboot --timeout=1 one", 0 },
	{ "vcpu-list", 0 }, { "vcpu-list one", 0 }, { "vcpu-list x", 4 },
	{ "vcpu-set one 2", 0 }, { "vcpu-set -w one 2", 0 }, { "vcpu-set one 3", 2 },
	{ "vcpu-set one 0", 2 },
	{ "vcpu-pin one 0 1", 0 }, { "vcpu-pin one all 0-1", 0 },
	{ "vcpu-pin one 2 1", 2 }, { "vcpu-pin one 0 5", 2 },
	{ "vcpu-pin one 0 x", 2 },
	{ "sched one", 0 }, { "sched -w 512 -c 50 one", 0 }, { "sched -w512 one", 0 },
	{ "sched one --weight=0", 2 }, { "sched --weight", 2 },
	{ "sched --wait one", 2 }, { "sched -x one", 2 },
	{ "mem-set one 32", 0 }, { "mem-set -w one 32", 0 }, { "mem-set one 65", 5 },
	{ "mem-set one x", 2 }, { "mem-set one 0", 2 },
	{ "mem-max one 128", 0 }, { "mem-max one 1", 0 }, { "mem-max one -- -1", 2 },
	{ "dmesg", 0 }, { "dmesg x", 2 }, { "domid one", 0 }, { "domid x", 4 },
	{ "domname 1", 0 }, { "domname 9", 4 }, { "version", 0 }, { "help", 0 },
	{ "help list", 0 }, { "help x", 2 }, { "help --man", 0 },
	{ "help --completion", 0 }, { "help --schema", 0 }, { "list --help", 0 },
	{ "create", 2 }, { "create /nonexistent", 3 }, { "create --stored /dev/null", 3 },
};

static void results_fit_the_schema(void **state)
{
	char line[128], name[32];
	json_t *json;
	size_t i;
	int code;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		prepare();
		snprintf(line, sizeof(line), "--json %s", lines[i].line);
		json = run(line, &code);
		if (code != lines[i].code || !json)
			fail_msg("rl %s: exit %d", lines[i].line, code);
		sscanf(lines[i].line, "%31s", name);
		/* Help for a command is help's result. */
		if (!strstr(line, "--help"))
			check_document(json, name, code);
		json_decref(json);
		json = run(lines[i].line, &code);
		if (code != lines[i].code && strncmp(name, "des", 3) &&
		    strncmp(name, "re", 2) && strncmp(name, "sh", 2))
			fail_msg("rl %s: exit %d as text", lines[i].line, code);
		json_decref(json);
	}
}

/* Hypercalls by number, those that were made; one may be newer than rl. */
static void calls_are_told(void **state)
{
	json_t *json, *calls, *first, *second;
	int code;

	(void)state;
	prepare();
	json = run("--json info one", &code);
	calls = json_object_get(json_object_get(json_object_get(json_object_get(
		json, "result"), "domain"), "stats"), "calls");
	assert_int_equal(json_array_size(calls), 2);
	first = json_array_get(calls, 0);
	second = json_array_get(calls, 1);
	assert_string_equal(json_string_value(json_object_get(first, "name")), "memory_op");
	assert_int_equal(json_integer_value(json_object_get(first, "count")), 7);
	assert_int_equal(json_integer_value(json_object_get(second, "number")), 63);
	assert_string_equal(json_string_value(json_object_get(second, "name")), "unknown");
	json_decref(json);
}

/* Each call may fail: an error then, or a warning, never a crash or a lie. */
static void failing_calls(void **state)
{
	char line[128], name[32];
	unsigned int at;
	json_t *json;
	size_t i;
	int code;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		for (at = 1; at; at++) {
			prepare();
			fake->fail_at = at;
			fake->fail_with = -EPERM;
			snprintf(line, sizeof(line), "--json %s", lines[i].line);
			json = run(line, &code);
			sscanf(lines[i].line, "%31s", name);
			assert_non_null(json);
			if (!strstr(line, "--help"))
				check_document(json, name, code);
			json_decref(json);
			if (fake->calls < at)
				at = ~0U;	/* it needed fewer calls */
		}
}

static void rows_are_complete(void **state)
{
	const struct command *command, *other;
	const struct option_def *option;
	int n;

	(void)state;
	for (command = commands; command->name; command++) {
		assert_non_null(command->summary);
		assert_non_null(command->fields);
		assert_non_null(command->run);
		assert_non_null(command->args);
		assert_true(command->max_args < 0 ||
			    command->min_args <= command->max_args);
		/* A sentence without its full stop. */
		assert_true(command->summary[strlen(command->summary) - 1] != '.');
		for (other = commands; other < command; other++)
			assert_string_not_equal(command->name, other->name);
		n = 0;
		for (option = command->options; option && option->name; option++)
			n++;
		assert_true(n <= MAX_OPTIONS);
	}
	for (n = 0; n < NR_EXIT_CODES; n++)
		assert_non_null(report_exit_codes[n]);
}

/* Each command, option and field is in the documents. */
static void documents_are_complete(void **state)
{
	static const char *const kinds[] = { "--man", "--completion", "--schema" };
	const struct command *command;
	char line[64], *text[3], bold[64];
	json_t *json;
	int code, i;

	(void)state;
	prepare();
	for (i = 0; i < 3; i++) {
		snprintf(line, sizeof(line), "--json help %s", kinds[i]);
		json = run(line, &code);
		text[i] = strdup(json_string_value(json_object_get(
			json_object_get(json, "result"), "text")));
		json_decref(json);
	}
	for (command = commands; command->name; command++) {
		snprintf(bold, sizeof(bold), ".B %s", command->name);
		assert_non_null(strstr(text[0], bold));
		assert_non_null(strstr(text[1], command->name));
		assert_non_null(strstr(text[2], command->fields->name ?
				       command->fields->name : command->name));
	}
	for (i = 0; i < 3; i++)
		free(text[i]);
}

static void mistakes_are_answered(void **state)
{
	json_t *json;
	int code;

	(void)state;
	prepare();
	json = run("--json lits", &code);
	assert_int_equal(code, EXIT_USAGE);
	assert_non_null(strstr(json_string_value(json_object_get(json_object_get(
		json, "error"), "action")), "list"));
	json_decref(json);
	fake->fail_at = 1;
	fake->fail_with = -ENOENT;
	json = run("--json list", &code);
	assert_int_equal(code, EXIT_NO_SERVICE);
	json_decref(json);
	/* A hypervisor without hypercall 55. */
	fake->calls = 0;
	fake->fail_at = 2;
	fake->fail_with = -ENOSYS;
	json = run("--json list", &code);
	assert_int_equal(code, EXIT_NO_SERVICE);
	json_decref(json);
}

static void waiting_ends(void **state)
{
	json_t *json;
	int code;

	(void)state;
	prepare();
	fake->domain[1].started = false;	/* it does nothing it is asked */
	json = run("--json mem-set -t 1 one 32", &code);
	assert_int_equal(code, EXIT_TIMEOUT);
	json_decref(json);
	json = run("--json shutdown one", &code);
	assert_int_equal(code, EXIT_STATE);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(results_fit_the_schema),
		cmocka_unit_test(calls_are_told),
		cmocka_unit_test(failing_calls),
		cmocka_unit_test(documents_are_complete),
		cmocka_unit_test(mistakes_are_answered),
		cmocka_unit_test(waiting_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
