/* SPDX-License-Identifier: GPL-2.0 */
#ifndef INTEGRITY_MAIN_H
#define INTEGRITY_MAIN_H

#include <stdint.h>

/* Say what is wrong, with "FAILED" in front, and exit 1. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A number of the command line, in any base; fails if it is none. */
uint64_t number(const char *text);

int files_write(char **args);
int files_check(char **args);
int blocks_run(char **args);
int stream_send(char **args);
int stream_receive(char **args);

#endif
