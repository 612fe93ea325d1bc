/* SPDX-License-Identifier: GPL-2.0 */
/* Door of the grant room: frames that a domain lends to others. */
#ifndef RINGLET_GRANT_GRANT_H
#define RINGLET_GRANT_GRANT_H

#include "state/domain.h"

/* -EINVAL: a limit is higher than there is room for; -ENOMEM. */
int __must_check grant_domain_init(struct domain *d);

/**
 * grant_domain_teardown() - a dying domain lends and borrows no more
 *
 * No vCPU of it is loaded. What others have mapped of it they keep.
 * Return: 0; -ERESTART call again.
 */
int __must_check grant_domain_teardown(struct domain *d);

/* grant_frames, maptrack_frames, maps of @i. */
void grant_domain_info(struct domain *d, struct ringlet_domain_info *i);

#endif
