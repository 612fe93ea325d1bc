/* SPDX-License-Identifier: GPL-2.0 */
/* Private to control: operations of ringlet_op that are not in control/ringlet-op.c. */
#ifndef RINGLET_CONTROL_RINGLET_OP_H
#define RINGLET_CONTROL_RINGLET_OP_H

#include "state/domain.h"

/* vcpu_context_set or _get; vcpu_op initialise. */
long vcpu_context_op(struct domain *d, const struct ringlet_vcpu_context *op, bool set);

/* control/destroy.c */
long op_domain_destroy(struct domain *d, void *arg);
long op_domain_pause(struct domain *d, void *arg);
long op_domain_unpause(struct domain *d, void *arg);

/* control/info.c */
long op_domain_info(struct domain *d, void *arg);
long op_vcpu_info(struct domain *d, void *arg);
long op_domain_stats(struct domain *d, void *arg);
long op_vcpu_page(struct domain *d, void *arg);
long op_domain_frames(struct domain *d, void *arg);
long op_machine_info(struct domain *d, void *arg);
long op_log_read(struct domain *d, void *arg);

#endif
