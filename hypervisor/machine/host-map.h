/* SPDX-License-Identifier: GPL-2.0 */
/* The part of host space that all pCPUs share: image, direct map, MMIO window. */
#ifndef RINGLET_MACHINE_HOST_MAP_H
#define RINGLET_MACHINE_HOST_MAP_H

#include "base/types.h"
#include "machine/layout.h"

/*
 * What pcpu_space_create() copies: an L4 whose slots but GATE_SLOT are final, and
 * the L2 for GATE_SLOT's first GiB, whose entry 0 (the gate) is the pCPU's own.
 * Direct-map addresses; constant after host_map_init(), the tables below are
 * shared.
 */
extern u64 *host_l4_template;
extern u64 *image_l2;

/**
 * host_map_init() - make the shared tables: image and an empty MMIO window
 * @alloc: a frame for a table, within what the direct map reaches now, or 0
 *
 * Return: 0 or -ENOMEM.
 */
int __must_check host_map_init(paddr_t (*alloc)(void));

/**
 * host_map_direct() - add a range to the direct map, in the largest pages
 * @start: first byte, page-aligned
 * @end: end of range, page-aligned
 *
 * Before host_map_load(). Return: 0 or -ENOMEM.
 */
int __must_check host_map_direct(paddr_t start, paddr_t end);

/* Leave the early tables: the boot pCPU runs on the template from here. */
void host_map_load(void);

/*
 * End of boot: what only boot could write becomes read-only, what only boot
 * needs disappears. *@start .. *@end: the memory of the latter.
 */
void host_map_seal(paddr_t *start, paddr_t *end);

/* For mmio.c: the L1 tables of the MMIO window. */
#define MMIO_L1_TABLES	8
extern u64 *mmio_l1[MMIO_L1_TABLES];

#endif
