/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Our back-ends, as their device file offers them (backend-drivers/ringlet-back.h).
 * It is never kept open: that would keep the module from being removed.
 */
#ifndef RINGLET_RL_BACK_H
#define RINGLET_RL_BACK_H

#include <stdbool.h>
#include <stdint.h>
#include <ringlet-back.h>

/* The module that serves a kind of device; enum device_kind. */
const char *back_module(uint32_t kind);
/* Are the core and that module there; with @load they are loaded if not. */
bool back_ready(uint32_t kind, bool load);

/* One call each; size is filled in. 0 or -E...; -ENOENT also: no device file. */
int back_attach(struct ringlet_back_attach *attach);
int back_detach(struct ringlet_back_detach *detach);
int back_detach_domain(uint32_t domid);
int back_resize(struct ringlet_back_resize *resize);
int back_info(struct ringlet_back_info *info);

#endif
