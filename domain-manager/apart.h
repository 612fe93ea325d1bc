/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work in a process of its own.
 *
 * Why: in a paravirtualized kernel each page costs a call into the hypervisor
 * when it is unmapped, some 25 us in an emulator. A process that ends gives back
 * its page tables as a whole, which costs next to nothing. And a fault in what
 * works on hostile input ends the child only.
 */
#ifndef RINGLET_RL_APART_H
#define RINGLET_RL_APART_H

#include <stddef.h>

/* Memory that child and parent both see; NULL with errno. */
void *apart_alloc(size_t size);
void apart_free(void *memory, size_t size);

/**
 * apart_run() - run a function in a child, and wait until it has ended
 *
 * The child has copies of all memory but apart_alloc()'s, and must not use
 * handles of the hypervisor that the parent opened.
 *
 * Return: 0, or -E...: there was no child, or it was killed (-ECHILD).
 */
int apart_run(void (*function)(void *arg), void *arg);

struct guard {
	int pipe, child;
};

/**
 * guard_start() - have a function run if this process ends unforeseen
 *
 * In a child, which has copies of all memory as they are now. A signal to this
 * process, SIGKILL too, does not stop it; nor do SIGINT, SIGQUIT, SIGTERM and SIGHUP
 * to both, as a terminal sends them.
 *
 * Return: 0, or -E...
 */
int guard_start(struct guard *guard, void (*function)(void *arg), void *arg);

/* Nothing is to be done any more; the child is gone afterwards. */
void guard_end(struct guard *guard);

#endif
