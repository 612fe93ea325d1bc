/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the domain manager asks of the hypervisor, one function a request.
 *
 * Arguments and errors are those of ringlet.h (hypercall-abi) or of the public
 * headers of the base profile. What returns an int returns 0 or -E..., the
 * hypervisor's or the kernel's own. Unit tests link a fake in place of hyp.c.
 *
 * One handle belongs to one thread, and to one process: close it after fork().
 */
#ifndef RINGLET_RL_HYP_H
#define RINGLET_RL_HYP_H

#include <stdint.h>
#include <ringlet/ringlet.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096UL

struct hyp;
struct vcpu_guest_context;

/**
 * hyp_open() - reach the hypervisor
 *
 * Return: NULL with errno; ENOENT or ENODEV: no privcmd device.
 */
struct hyp *hyp_open(void);
void hyp_close(struct hyp *hyp);

/* Operations of hypercall 55. */
int hyp_version(struct hyp *hyp, struct ringlet_version *version);
int hyp_domain_create(struct hyp *hyp, struct ringlet_domain_create *create);
int hyp_domain_destroy(struct hyp *hyp, uint32_t domid);
int hyp_domain_pause(struct hyp *hyp, uint32_t domid);
int hyp_domain_unpause(struct hyp *hyp, uint32_t domid);
int hyp_domain_shutdown(struct hyp *hyp, uint32_t domid, uint32_t reason);

int hyp_domain_info(struct hyp *hyp, uint32_t domid,
		    struct ringlet_domain_info *info);
/* The first with @domid or above; -ESRCH: there is none. */
int hyp_domain_next(struct hyp *hyp, uint32_t domid,
		    struct ringlet_domain_info *info);

/* One that is called so and is not dying; -ESRCH: none. */
int hyp_domain_named(struct hyp *hyp, const char *name,
		     struct ringlet_domain_info *info);

int hyp_domain_set_max_pages(struct hyp *hyp, uint32_t domid, uint64_t pages);
/* -EINVAL also if @name is too long. */
int hyp_domain_set_name(struct hyp *hyp, uint32_t domid, const char *name);

int hyp_vcpu_context_set(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
			 uint32_t flags,
			 const struct vcpu_guest_context *context);
int hyp_vcpu_context_get(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
			 struct vcpu_guest_context *context);
int hyp_vcpu_info(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
		  struct ringlet_vcpu_info *info);
/* @vcpu: ~0 for all. */
int hyp_vcpu_affinity(struct hyp *hyp, uint32_t domid, uint32_t vcpu,
		      uint64_t affinity);
/* In: domid, set and what is to be set. Out: what holds now. */
int hyp_domain_sched(struct hyp *hyp, struct ringlet_domain_sched *sched);
int hyp_domain_devices(struct hyp *hyp, const struct ringlet_devices *devices);
int hyp_domain_stats(struct hyp *hyp, uint32_t domid,
		     struct ringlet_domain_stats *stats);

/**
 * hyp_domain_frames() - which frames a domain owns, in ascending order
 * @next: 0 at first; moved on
 * @nr: room in @frames; more than HYP_MAX_FRAMES are not asked for at once
 *
 * Return: how many there are in @frames; 0: no more; -E...
 */
#define HYP_MAX_FRAMES	4096
int hyp_domain_frames(struct hyp *hyp, uint32_t domid, uint64_t *next,
		      struct ringlet_frame *frames, uint32_t nr);

int hyp_machine_info(struct hyp *hyp, struct ringlet_machine_info *info);

/**
 * hyp_log_read() - a piece of the hypervisor's log
 * @position: 0 at first; moved on
 *
 * Return: bytes in @buffer (not ended by 0); 0: no more; -E...
 */
int hyp_log_read(struct hyp *hyp, uint64_t *position, char *buffer,
		 uint32_t size);

/**
 * hyp_populate() - give a domain frames for given pfns
 * @order: each extent is 2^order pages
 * @nr: extents, HYP_MAX_EXTENTS at most
 * @frames: in: first pfn of each extent; out: its first mfn, of those done
 *
 * Return: extents done, from the first on; fewer than @nr: no memory or above
 * the domain's maximum; -E...: none.
 */
#define HYP_MAX_EXTENTS	4096
int hyp_populate(struct hyp *hyp, uint32_t domid, unsigned int order,
		 uint32_t nr, uint64_t *frames);

/* A port of @domid that waits for @remote to bind to it. */
int hyp_alloc_unbound(struct hyp *hyp, uint32_t domid, uint32_t remote,
		      uint32_t *port);

/* The first frame of the domain's grant table, which is made if need be. */
int hyp_grant_frame(struct hyp *hyp, uint32_t domid, uint64_t *mfn);

/**
 * hyp_map() - map frames of a domain here
 * @prot: PROT_READ, or PROT_READ | PROT_WRITE
 *
 * All of them, or none. Return: NULL with errno.
 */
void *hyp_map(struct hyp *hyp, uint32_t domid, int prot, uint64_t nr,
	      const uint64_t *mfns);
void hyp_unmap(struct hyp *hyp, void *address, uint64_t nr);

#endif
