/* SPDX-License-Identifier: GPL-2.0 */
/* Other programs, which are there or not. */
#ifndef RINGLET_RL_PROCESS_H
#define RINGLET_RL_PROCESS_H

#include <stdbool.h>

/* Is the path, which a module makes, there; else loads the module and looks again. */
bool process_module(const char *module, const char *path);

/**
 * process_run() - run a program, found in the usual places, and wait for its end
 * @input: what it reads; NULL: nothing
 *
 * What it prints goes nowhere. Return: its exit code, 127: there is no such
 * program; -E...
 */
int process_run(char *const argv[], const char *input);

/**
 * process_start() - start a program that goes on without us
 * @fd: what it finds as descriptor 3; -1: nothing
 *
 * Return: its number; -E...; -ENOENT: there is no such program.
 */
int process_start(char *const argv[], int fd);

#endif
