/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that the daemon's files bring: consoles, the daemon itself. */
#ifndef RINGLET_RL_CONSOLE_H
#define RINGLET_RL_CONSOLE_H

#include "command.h"

json_t *verb_console(struct rl *rl);
json_t *verb_daemon(struct rl *rl);
json_t *verb_dump_core(struct rl *rl);
json_t *verb_top(struct rl *rl);
void print_top(const json_t *result);

#endif
