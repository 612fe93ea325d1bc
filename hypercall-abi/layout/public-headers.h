/* SPDX-License-Identifier: MIT */
/*
 * The public headers of the base profile, all of them, at the interface
 * version that Ringlet speaks (that of its oracle, Xen 4.13 and later).
 */
#ifndef RINGLET_PUBLIC_HEADERS_H
#define RINGLET_PUBLIC_HEADERS_H

#define __XEN_INTERFACE_VERSION__	0x00040d00

#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/arch-x86/xen-mca.h>
#include <xen/callback.h>
#include <xen/elfnote.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/pmu.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <ringlet/ringlet.h>
#include <ringlet/virtio.h>

#endif /* RINGLET_PUBLIC_HEADERS_H */
