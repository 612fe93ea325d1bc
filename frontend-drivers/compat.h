/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between the kernels that we build for, and nothing else. */
#ifndef VIRTIO_RINGLET_COMPAT_H
#define VIRTIO_RINGLET_COMPAT_H

#include <linux/version.h>
#include <linux/virtio_config.h>

/* How find_vqs is told about the queues. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define FRONT_VQS_PARAMS	struct virtqueue_info vqs_info[]
#define FRONT_VQ_NAME(i)	(vqs_info[i].name)
#define FRONT_VQ_CALLBACK(i)	(vqs_info[i].callback)
#define FRONT_VQ_CTX(i)		(vqs_info[i].ctx)
#else
#define FRONT_VQS_PARAMS                                                       \
	vq_callback_t *callbacks[], const char *const names[], const bool *ctx
#define FRONT_VQ_NAME(i)	(names[i])
#define FRONT_VQ_CALLBACK(i)	(callbacks[i])
#define FRONT_VQ_CTX(i)		(ctx && ctx[i])
#endif

#ifdef CONFIG_PM_SLEEP
static inline int front_virtio_freeze(struct virtio_device *vdev)
{
	return virtio_device_freeze(vdev);
}

static inline int front_virtio_restore(struct virtio_device *vdev)
{
	return virtio_device_restore(vdev);
}
#else
static inline int front_virtio_freeze(struct virtio_device *vdev)
{
	return 0;
}

static inline int front_virtio_restore(struct virtio_device *vdev)
{
	return 0;
}
#endif

#endif
