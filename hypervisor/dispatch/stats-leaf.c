// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of a domain, read by its own programs with forced CPUID, leaf
 * 0x40000100: benchmarks show full entries beside the time.
 *
 * Index (ecx) 0 identifies: eax = highest index, ebx, ecx, edx =
 * "RingletStats". Others: eax = low, edx = high half of a sum over the
 * domain's vCPUs. Read without locks: each is counted by its own pCPU.
 */
#include "dispatch/emulate.h"

enum stats_index {
	STATS_SIGNATURE,
	STATS_FULL_ENTRIES,
	STATS_GATE_ENTRIES,	/* in a page the guest can write: its own word */
	STATS_HYPERCALLS,
	STATS_TABLE_TRAPS,
	STATS_FLUSH_IPIS,
	STATS_MAX = STATS_FLUSH_IPIS,
};

#define SIGNATURE_EBX	0x676e6952	/* "Ring" */
#define SIGNATURE_ECX	0x5374656c	/* "letS" */
#define SIGNATURE_EDX	0x73746174	/* "tats" */

static u64 vcpu_counter(const struct vcpu *v, u32 index)
{
	switch (index) {
	case STATS_FULL_ENTRIES:
		return READ_ONCE(v->stat_entries);
	case STATS_GATE_ENTRIES:
		return READ_ONCE(v->gate_rw->entries);
	case STATS_HYPERCALLS:
		return READ_ONCE(v->stat_hypercalls);
	case STATS_TABLE_TRAPS:
		return READ_ONCE(v->stat_ptwr);
	default:
		return READ_ONCE(v->stat_flush_ipis);
	}
}

void stats_leaf(struct domain *d, u32 index, u32 r[4])
{
	u64 sum = 0;
	u32 i;

	r[0] = r[1] = r[2] = r[3] = 0;
	if (index > STATS_MAX)
		return;
	if (index == STATS_SIGNATURE) {
		r[0] = STATS_MAX;
		r[1] = SIGNATURE_EBX;
		r[2] = SIGNATURE_ECX;
		r[3] = SIGNATURE_EDX;
		return;
	}
	for (i = 0; i < d->max_vcpus; i++) {
		if (d->vcpu[i])
			sum += vcpu_counter(d->vcpu[i], index);
	}
	r[0] = (u32)sum;
	r[3] = (u32)(sum >> 32);
}
