// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of a domain, read by its own programs with forced CPUID, leaf
 * 0x40000100: benchmarks show full entries beside the time.
 *
 * Index (ecx) 0 identifies: eax = highest index, ebx, ecx, edx =
 * "RingletStats". 1 to 4: eax = low, edx = high half of the sum over the
 * domain's vCPUs of full entries, gate entries, hypercalls, trapped writes
 * to tables. Read without locks: each is counted by its own pCPU.
 */
#include "dispatch/emulate.h"

#define SIGNATURE_EBX	0x676e6952	/* "Ring" */
#define SIGNATURE_ECX	0x5374656c	/* "letS" */
#define SIGNATURE_EDX	0x73746174	/* "tats" */

#define NR_COUNTERS	4

static u64 vcpu_counter(const struct vcpu *v, u32 index)
{
	const u64 counter[NR_COUNTERS] = {
		READ_ONCE(v->stat_entries),
		READ_ONCE(v->gate_rw->entries),	/* the guest can write it */
		READ_ONCE(v->stat_hypercalls),
		READ_ONCE(v->stat_ptwr),
	};

	return counter[index - 1];
}

void stats_leaf(struct domain *d, u32 index, u32 r[4])
{
	u64 sum = 0;
	u32 i;

	r[0] = r[1] = r[2] = r[3] = 0;
	if (index > NR_COUNTERS)
		return;
	if (index == 0) {
		r[0] = NR_COUNTERS;
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
