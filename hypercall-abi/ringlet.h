/* SPDX-License-Identifier: MIT */
/*
 * Ringlet's own operations: hypercall 55, ringlet_op(op, arg, size).
 *
 * @op is RINGLET_OP_ringlet_op_* (hypercalls.tbl), @arg points to the structure
 * of the same name below, @size is its size as the caller knows it.
 *
 * Rules, for every operation of every version:
 * - Structures grow at the end only. One that is shorter than the hypervisor's
 *   is taken as if it went on with zeros, and only @size bytes are written
 *   back; of one that is longer the unknown rest must be zero and at most 4096
 *   bytes, else -E2BIG.
 * - An unknown operation is -ENOSYS; unknown flags and reserved fields that
 *   are not zero are -EINVAL. A field never changes its meaning.
 * - Fields marked (in) are read, (out) written if the call returns 0, (io) both.
 * - -EPERM: the caller's domain lacks the privilege; -ESRCH: no such domain;
 *   -ENOENT: no such vCPU; -EFAULT: arg, or a buffer it names, cannot be
 *   accessed. A call that is preempted goes on by itself.
 *
 * All integers are little-endian, pointers are guest linear addresses as u64.
 */
#ifndef RINGLET_RINGLET_H
#define RINGLET_RINGLET_H

typedef __UINT8_TYPE__ ringlet_u8;
typedef __UINT32_TYPE__ ringlet_u32;
typedef __UINT64_TYPE__ ringlet_u64;

#define RINGLET_ABI_MAJOR	0
#define RINGLET_ABI_MINOR	2

/* ringlet_version.features */
#define RINGLET_FEATURE_DOMAIN_CONTROL	(1ULL << 0)
#define RINGLET_FEATURE_GRANTS		(1ULL << 1)
#define RINGLET_FEATURE_SCHED		(1ULL << 2)	/* weights, caps, affinity */
#define RINGLET_FEATURE_STATS		(1ULL << 3)
#define RINGLET_FEATURE_DEVICES		(1ULL << 4)	/* since 0.2 */
#define RINGLET_FEATURE_VCPU_PAGE	(1ULL << 5)	/* since 0.2 */

/* version: every domain may ask. */
struct ringlet_version {
	ringlet_u32 abi_major, abi_minor;	/* (out) RINGLET_ABI_* */
	ringlet_u64 features;			/* (out) RINGLET_FEATURE_* */
	char build[64];				/* (out) for people; ends with 0 */
};

#define RINGLET_NAME_SIZE	48	/* with the 0 that ends it */
#define RINGLET_DOMID_ANY	0xffffU	/* domain_create: choose one */

/* domain_create.flags */
#define RINGLET_CREATE_FIT	(1U << 0)	/* its kernel keeps its pages U=0 */
#define RINGLET_CREATE_ALL	RINGLET_CREATE_FIT

/*
 * domain_create: an empty domain, paused once (domain_unpause starts it), with
 * vCPUs that have no context. -EINVAL, -EEXIST (domid taken), -ENOMEM,
 * -ENOSPC (no domid left).
 */
struct ringlet_domain_create {
	ringlet_u32 domid;		/* (io) or RINGLET_DOMID_ANY */
	ringlet_u32 flags;		/* (in) RINGLET_CREATE_* */
	ringlet_u32 max_vcpus;		/* (in) 1 to 32 */
	ringlet_u32 max_ports;		/* (in) 0: as many as there may be */
	ringlet_u32 max_grant_frames;	/* (in) 0: 64 */
	ringlet_u32 max_maptrack_frames;/* (in) 0: 64 */
	ringlet_u64 max_pages;		/* (in) frames it may own */
	ringlet_u64 shared_info_mfn;	/* (out) for start_info */
	ringlet_u8 uuid[16];		/* (in) kept for the manager */
	char name[RINGLET_NAME_SIZE];	/* (in) the same; not interpreted */
};

/*
 * domain_destroy: everything it has goes back. Returns when the domain holds
 * nothing but frames that others still map; it is gone when those are unmapped.
 * domain_pause, domain_unpause: counted, at most 2^31-1 deep; unpause of one that
 * is not paused: -EINVAL.
 */
struct ringlet_domain_ref {
	ringlet_u32 domid;		/* (in) */
	ringlet_u32 reserved;		/* 0 */
};

/* domain_shutdown: stop it for a reason; it stays until it is destroyed. */
struct ringlet_domain_shutdown {
	ringlet_u32 domid;		/* (in) */
	ringlet_u32 reason;		/* (in) SHUTDOWN_* of xen/sched.h */
};

/* domain_info.state */
#define RINGLET_DOM_PAUSED	(1U << 0)	/* by domain_pause */
#define RINGLET_DOM_SHUTDOWN	(1U << 1)	/* ended; see shutdown_reason */
#define RINGLET_DOM_CRASHED	(1U << 2)
#define RINGLET_DOM_DYING	(1U << 3)	/* destroyed, frames still mapped */
#define RINGLET_DOM_RUNNING	(1U << 4)	/* a vCPU runs now */
#define RINGLET_DOM_BLOCKED	(1U << 5)	/* all vCPUs that are up are blocked */
#define RINGLET_DOM_HARDWARE	(1U << 6)	/* the service domain */
#define RINGLET_DOM_PRIVILEGED	(1U << 7)	/* may control domains */

/* domain_info.find */
#define RINGLET_FIND_EXACT	0
#define RINGLET_FIND_NEXT	1	/* the first with domid or above */
#define RINGLET_FIND_NAME	2	/* 0.2: one of that name that is not dying */

/* domain_info: -ESRCH also when there is no next one, or none of that name. */
struct ringlet_domain_info {
	ringlet_u32 domid;		/* (io) */
	ringlet_u32 find;		/* (in) RINGLET_FIND_* */
	ringlet_u32 state;		/* (out) RINGLET_DOM_* */
	ringlet_u32 shutdown_reason;	/* (out) ~0: none */
	ringlet_u32 max_vcpus;		/* (out) */
	ringlet_u32 online_vcpus;	/* (out) */
	ringlet_u64 tot_pages;		/* (out) frames it owns */
	ringlet_u64 max_pages;		/* (out) */
	ringlet_u64 hyp_pages;		/* (out) hypervisor's frames for it, but: */
	ringlet_u64 table_pages;	/* (out) of these: page tables of its vCPUs */
	ringlet_u64 shared_info_mfn;	/* (out) */
	ringlet_u64 cpu_time_ns;	/* (out) all vCPUs together */
	ringlet_u64 created_ns;		/* (out) system time */
	ringlet_u32 ports, max_ports;	/* (out) in use, limit */
	ringlet_u32 grant_frames, max_grant_frames;	/* (out) */
	ringlet_u32 maptrack_frames, max_maptrack_frames;	/* (out) */
	ringlet_u32 maps;		/* (out) foreign grants it has mapped */
	ringlet_u32 weight, cap;	/* (out) see domain_sched */
	ringlet_u32 reserved;
	ringlet_u8 uuid[16];		/* (out) */
	char name[RINGLET_NAME_SIZE];	/* (out); RINGLET_FIND_NAME: (io) */
};

/* domain_limits.set */
#define RINGLET_LIMIT_MAX_PAGES	(1U << 0)
#define RINGLET_LIMIT_NAME	(1U << 1)
#define RINGLET_LIMIT_ALL	3U

/* domain_limits: change what was given at creation. A limit may be set below
 * what is in use: nothing is taken away, but no more is given. */
struct ringlet_domain_limits {
	ringlet_u32 domid;		/* (in) */
	ringlet_u32 set;		/* (in) RINGLET_LIMIT_* */
	ringlet_u64 max_pages;		/* (in) */
	char name[RINGLET_NAME_SIZE];	/* (in) */
};

/* vcpu_context.flags */
#define RINGLET_CONTEXT_PIN_BASE	(1U << 0)	/* set: pin ctrlreg[3]'s L4 */
#define RINGLET_CONTEXT_UP		(1U << 1)	/* set: bring it up */

/*
 * vcpu_context_set: first context of a vCPU (-EEXIST: it has one), the errors of
 * vcpu_op initialise. vcpu_context_get: the present one, of a paused or ended
 * domain (-EBUSY otherwise; -ENODATA: it has none).
 */
struct ringlet_vcpu_context {
	ringlet_u32 domid;		/* (in) */
	ringlet_u32 vcpu;		/* (in) */
	ringlet_u32 flags;		/* (in) RINGLET_CONTEXT_*; get: 0 */
	ringlet_u32 reserved;		/* 0 */
	ringlet_u64 context;		/* (in) struct vcpu_guest_context *; get: filled */
};

/* vcpu_info.state */
#define RINGLET_VCPU_DOWN	0
#define RINGLET_VCPU_RUNNABLE	1
#define RINGLET_VCPU_RUNNING	2
#define RINGLET_VCPU_BLOCKED	3

struct ringlet_vcpu_info {
	ringlet_u32 domid;		/* (in) */
	ringlet_u32 vcpu;		/* (in) */
	ringlet_u32 state;		/* (out) RINGLET_VCPU_* */
	ringlet_u32 initialised;	/* (out) 1: has a context */
	ringlet_u32 pcpu;		/* (out) where it runs or last ran */
	ringlet_u32 reserved;
	ringlet_u64 affinity;		/* (out) bit n: may run on pCPU n */
	ringlet_u64 runstate_ns[4];	/* (out) running, runnable, blocked, offline */
};

/* vcpu_affinity: -EINVAL if no pCPU of the mask is online. */
struct ringlet_vcpu_affinity {
	ringlet_u32 domid;		/* (in) */
	ringlet_u32 vcpu;		/* (in) ~0: all */
	ringlet_u64 affinity;		/* (in) bit n: may run on pCPU n */
};

/* domain_sched.set */
#define RINGLET_SCHED_WEIGHT	(1U << 0)
#define RINGLET_SCHED_CAP	(1U << 1)
#define RINGLET_SCHED_ALL	3U

/* domain_sched: what is not set is only reported. */
struct ringlet_domain_sched {
	ringlet_u32 domid;		/* (in) */
	ringlet_u32 set;		/* (in) RINGLET_SCHED_* */
	ringlet_u32 weight;		/* (io) 1 to 65535; 256 at creation */
	ringlet_u32 cap;		/* (io) percent of one pCPU; 0: none */
};

/* domain_stats: since creation. */
struct ringlet_domain_stats {
	ringlet_u32 domid;		/* (in) */
	ringlet_u32 reserved;		/* 0 */
	ringlet_u64 runstate_ns[4];	/* (out) all vCPUs together */
	ringlet_u64 full_entries;	/* (out) into host space, from guests of it */
	ringlet_u64 gate_entries;	/* (out) answered in the gate; the guest could
					 * falsify this one, for itself */
	ringlet_u64 hypercalls;		/* (out) those of full entries and multicalls */
	ringlet_u64 flushes;		/* (out) of other pCPUs' TLBs, for it */
	ringlet_u64 page_faults;	/* (out) that made a full entry */
	ringlet_u64 pt_writes;		/* (out) trapped writes to page tables */
	ringlet_u64 events;		/* (out) sent to it */
	ringlet_u64 switches;		/* (out) times a vCPU of it was loaded */
	ringlet_u64 calls[64];		/* (out) hypercalls by number */
};

/* One frame of domain_frames. */
struct ringlet_frame {
	ringlet_u64 mfn;
	ringlet_u64 pfn;		/* as in the machine-to-phys table */
};

/* domain_frames: which frames a domain owns, in ascending order of mfn. */
struct ringlet_domain_frames {
	ringlet_u32 domid;		/* (in) */
	ringlet_u32 nr;			/* (io) room in the buffer; filled; 0: no more */
	ringlet_u64 next;		/* (io) first mfn to look at; where to go on */
	ringlet_u64 buffer;		/* (in) struct ringlet_frame * */
};

struct ringlet_machine_info {
	ringlet_u32 nr_pcpus;		/* (out) */
	ringlet_u32 nr_domains;		/* (out) dying ones too */
	ringlet_u64 total_pages;	/* (out) RAM */
	ringlet_u64 free_pages;		/* (out) */
	ringlet_u64 uptime_ns;		/* (out) system time */
	ringlet_u64 tsc_khz;		/* (out) */
	ringlet_u64 idle_ns;		/* (out) all pCPUs together */
	char command_line[256];		/* (out) the hypervisor's own options */
};

/* log_read: the hypervisor's log, oldest first. */
struct ringlet_log_read {
	ringlet_u64 position;		/* (io) 0 at first; where to go on */
	ringlet_u32 size;		/* (io) of the buffer; what was written */
	ringlet_u32 reserved;		/* 0 */
	ringlet_u64 buffer;		/* (in) char * */
};

/*
 * domain_devices, since 0.2: says where the device area (virtio.h) of a domain
 * lies. All fields are (in). The hypervisor keeps them for whoever asks and
 * interprets none: the domain's builder has written the area, opened the port and
 * granted the pages. Of a domain that is paused (as a new one is) or has ended;
 * once more replaces. -EBUSY: it may run; -EINVAL: a field out of range.
 *
 * devices, since 0.2: every domain may ask for its own, a privileged one for any,
 * while the domain exists. domid is (io): DOMID_SELF, or a number; the number. All
 * others are (out). -ENOENT: it has none; -EPERM: another's, without privilege.
 */
struct ringlet_devices {
	ringlet_u32 domid;
	ringlet_u32 pages;		/* 1 to RINGLET_DEVICES_MAX_PAGES */
	ringlet_u64 gfn;		/* first page: a pfn of the domain; below 2^40 */
	ringlet_u32 control_port;	/* of the domain; not 0, below its max_ports */
	ringlet_u32 backend_domid;	/* who may map the area; below 0x7ff0 */
};

/*
 * vcpu_page, since 0.2: where the words lie that a vCPU and the gate share. The
 * addresses are linear ones in the hypervisor's slots, in every page table, for the
 * kernel only; the same for all vCPUs of the domain, where each finds its own, so
 * that no register and no lock is needed to reach it. They hold as long as the
 * domain is on this hypervisor: one that was saved and restored asks again.
 * Counters start at 0 with the vCPU and are not set back.
 */
struct ringlet_vcpu_page {
	ringlet_u64 counters;		/* (out) struct ringlet_vcpu_counters, read-only */
	ringlet_u64 gate_entries;	/* (out) a ringlet_u64: counts entries answered
					 * in the gate; writable, no use to write */
	ringlet_u64 kernel_sp;		/* (out) a ringlet_u64: a store of 8 bytes is
					 * stack_switch without a call. Any value; one
					 * that the next entry from ring 3 cannot use
					 * ends the domain then. */
	ringlet_u64 give_way;		/* (out) a ringlet_u32: stored as not 0 before
					 * EVTCHNOP_send, whoever that wakes takes the CPU
					 * at once if it is its turn; otherwise the sender
					 * goes on for a while if it has more to do. The
					 * call sets it to 0. */
	ringlet_u32 counters_size;	/* (out) bytes of them that mean something */
	ringlet_u32 reserved;		/* (out) 0 */
};

/* Of one vCPU; those of other vCPUs are not to be seen. */
struct ringlet_vcpu_counters {
	ringlet_u64 full_entries;	/*  0 into host space */
	ringlet_u64 hypercalls;		/*  8 those of full entries and multicalls */
	ringlet_u64 pt_writes;		/* 16 trapped writes to page tables */
};

#endif
