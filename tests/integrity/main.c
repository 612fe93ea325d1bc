// SPDX-License-Identifier: GPL-2.0
/*
 * integrity: writes what it can recognise later, and looks whether it is still there.
 * Runs in guests and in the service domain. What is wrong is said in one line that
 * begins with FAILED; no line of another kind does.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main.h"

static const struct command {
	const char *name, *args;
	int nr;
	int (*run)(char **args);
} commands[] = {
	{ "write", "DIR SEED", 2, files_write },
	{ "check", "DIR SEED LAST", 3, files_check },
	{ "blocks", "DEVICE SEED WORKERS", 3, blocks_run },
	{ "send", "ADDRESS PORT SEED BYTES", 4, stream_send },
	{ "receive", "PORT SEED BYTES", 3, stream_receive },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

void fail(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* One write, a line of its own: others print on the same console. */
	dprintf(STDOUT_FILENO, "FAILED %s\n", text);
	exit(1);
}

uint64_t number(const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		fail("'%s' is no number", text);
	return value;
}

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (argc == commands[i].nr + 2 && !strcmp(argv[1], commands[i].name))
			return commands[i].run(argv + 2);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(stderr, "usage: integrity %s %s\n", commands[i].name, commands[i].args);
	return 2;
}
