/* SPDX-License-Identifier: GPL-2.0 */
/* The functions behind the command table, by the file that has them. */
#ifndef RINGLET_RL_VERBS_H
#define RINGLET_RL_VERBS_H

#include "command.h"

struct ringlet_domain_info;

/* list.c */
json_t *verb_list(struct rl *rl);
void print_list(const json_t *result);
json_t *verb_info(struct rl *rl);
void print_info(const json_t *result);
json_t *verb_domid(struct rl *rl);
void print_domid(const json_t *result);
json_t *verb_domname(struct rl *rl);
void print_domname(const json_t *result);
const char *domain_state(const struct ringlet_domain_info *info);

/* domain.c */
json_t *verb_pause(struct rl *rl);
json_t *verb_unpause(struct rl *rl);
json_t *verb_destroy(struct rl *rl);
json_t *verb_rename(struct rl *rl);
json_t *verb_mem_max(struct rl *rl);
/* { "name": ..., "id": ... }: what most commands on a domain return. */
json_t *domain_result(const struct ringlet_domain_info *info);

/* create-verb.c */
json_t *verb_create(struct rl *rl);
void print_created(const json_t *result);

/* guest-verbs.c */
json_t *verb_shutdown(struct rl *rl);
json_t *verb_reboot(struct rl *rl);
json_t *verb_mem_set(struct rl *rl);
json_t *verb_vcpu_set(struct rl *rl);

/* cpu.c */
json_t *verb_vcpu_list(struct rl *rl);
void print_vcpu_list(const json_t *result);
json_t *verb_vcpu_pin(struct rl *rl);
json_t *verb_sched(struct rl *rl);
void print_sched(const json_t *result);

/* device-verbs.c */
json_t *verb_block_attach(struct rl *rl);
json_t *verb_block_detach(struct rl *rl);
json_t *verb_block_list(struct rl *rl);
json_t *verb_block_resize(struct rl *rl);
json_t *verb_network_attach(struct rl *rl);
json_t *verb_network_detach(struct rl *rl);
json_t *verb_network_list(struct rl *rl);
json_t *verb_channel_list(struct rl *rl);
json_t *verb_device_list(struct rl *rl);
void print_devices(const json_t *result);

/* network.c */
json_t *verb_network_setup(struct rl *rl);
void print_network(const json_t *result);

/* host.c */
json_t *verb_dmesg(struct rl *rl);
void print_dmesg(const json_t *result);
json_t *verb_version(struct rl *rl);
void print_version(const json_t *result);

/* document.c */
json_t *verb_help(struct rl *rl);
void print_help(const json_t *result);

#endif
