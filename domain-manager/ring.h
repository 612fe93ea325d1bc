/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The back-end's end of a PV console ring (xen/io/console.h).
 *
 * The page is shared with a hostile guest: each index of its is read once and
 * checked; ours are kept here, and only written to the page.
 */
#ifndef RINGLET_RL_RING_H
#define RINGLET_RL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xencons_interface;

struct ring {
	struct xencons_interface *page;
	uint32_t out_cons, in_prod;
};

/* Go on where the page says that we (or our predecessor) stopped. */
void ring_open(struct ring *ring, struct xencons_interface *page);

/**
 * ring_take() - what the guest printed
 * @wrong: set if its index cannot be: what it printed is skipped
 *
 * Return: bytes in @data.
 */
size_t ring_take(struct ring *ring, char *data, size_t size, bool *wrong);

/* What was typed. Returns how much of it there was room for. */
size_t ring_put(struct ring *ring, const char *data, size_t size);

#endif
