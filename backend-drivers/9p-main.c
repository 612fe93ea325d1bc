// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_back_9p: a device's life, and its two threads. See 9p.h.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/virtio_9p.h>

#include "9p.h"

#define P9_TAG_MAX	32	/* of a mount tag */

static int p9_sender(void *data)
{
	struct p9_back *p9 = data;
	int rc;

	while (!kthread_should_stop()) {
		wait_event_interruptible(p9->wanted, READ_ONCE(p9->kicked) || kthread_should_stop());
		WRITE_ONCE(p9->kicked, false);
		/* Partner of the barrier of who sets kicked after it made something available. */
		smp_mb();
		do {
			do {
				rc = p9_take(p9);
				cond_resched();
			} while (rc > 0 && !kthread_should_stop());
			/* Without memory: the next turn. */
			if (rc == -ENOMEM)
				schedule_timeout_interruptible(P9_TURN);
		} while (!kthread_should_stop() && (rc == -ENOMEM || (!rc && !back_notify_enable(p9->q))));
	}
	return 0;
}

static int p9_receiver(void *data)
{
	struct p9_back *p9 = data;
	ssize_t len;

	for (;;) {
		len = READ_ONCE(p9->gone) ? -EPIPE : p9_receive(p9);
		if (len < 0)
			break;
		p9_reply(p9, len);
	}
	if (len != -EAGAIN)
		p9_server_gone(p9, len == -EPROTO ? "sends what is not 9P" : "has gone");
	/* Whoever stops us expects to find us. */
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int threads_start(struct p9_back *p9)
{
	const struct back_device *dev = p9->dev;

	p9->receiver = kthread_run(p9_receiver, p9, "rl-9p-%u.%u-in", dev->domid, dev->slot);
	if (IS_ERR(p9->receiver))
		return PTR_ERR(p9->receiver);
	p9->sender = kthread_run(p9_sender, p9, "rl-9p-%u.%u-out", dev->domid, dev->slot);
	if (IS_ERR(p9->sender)) {
		kthread_stop(p9->receiver);
		return PTR_ERR(p9->sender);
	}
	return 0;
}

/* What is in flight is answered, by the server or in its place. */
static void threads_stop(struct p9_back *p9)
{
	kthread_stop(p9->sender);
	if (!wait_event_timeout(p9->idle, xa_empty(&p9->in_flight), P9_PATIENCE))
		p9_server_gone(p9, "does not answer");
	kthread_stop(p9->receiver);
}

static int p9_start(struct back_device *dev)
{
	struct p9_back *p9 = dev->priv;
	int rc;

	p9->q = back_queue(dev, 0);
	if (!p9->q) {
		back_warn(dev, "the driver uses no queue");
		return -EINVAL;
	}
	rc = threads_start(p9);
	if (rc) {
		p9->sender = NULL;
		p9->q = NULL;
	}
	return rc;
}

static void p9_stop(struct back_device *dev)
{
	struct p9_back *p9 = dev->priv;

	/* A reopen that found no memory for threads left none. */
	if (!p9->sender)
		goto out;
	threads_stop(p9);
	p9->sender = NULL;
out:
	p9->q = NULL;
}

static bool p9_kick(struct back_queue *q)
{
	struct p9_back *p9 = back_queue_device(q)->priv;

	WRITE_ONCE(p9->kicked, true);
	wake_up(&p9->wanted);
	return false;
}

/* virtio 1.2, 5.10 leaves the tag's length open; Linux shows it in sysfs. */
static int p9_set_tag(struct back_device *dev, const char *name)
{
	size_t len = strnlen(name, RINGLET_BACK_NAME_SIZE);
	struct virtio_9p_config *config = (void *)dev->config;

	if (!len || len > P9_TAG_MAX) {
		back_warn(dev, "a mount tag has 1 to %u characters", P9_TAG_MAX);
		return -EINVAL;
	}
	memset(dev->config, 0, sizeof(dev->config));
	config->tag_len = (__force __virtio16)cpu_to_le16(len);
	memcpy(config->tag, name, len);
	dev->config_size = sizeof(*config) + len;
	dev->features = 1ULL << VIRTIO_9P_MOUNT_TAG;
	dev->max_queues = 1;
	return 0;
}

static void p9_free(struct p9_back *p9)
{
	p9_close(p9);
	p9_requests_free(p9);
	kvfree(p9->out);
	kvfree(p9->in);
	kfree(p9);
}

static int p9_attach(struct back_device *dev, const struct ringlet_back_attach *args, struct file *file)
{
	struct p9_back *p9;
	int rc;

	rc = p9_set_tag(dev, args->name);
	if (rc)
		return rc;
	p9 = kzalloc(sizeof(*p9), GFP_KERNEL);
	if (!p9)
		return -ENOMEM;
	p9->dev = dev;
	mutex_init(&p9->lock);
	xa_init(&p9->in_flight);
	INIT_LIST_HEAD(&p9->unused);
	init_waitqueue_head(&p9->idle);
	init_waitqueue_head(&p9->wanted);
	p9->out = kvmalloc(P9_MAX_MESSAGE, GFP_KERNEL);
	p9->in = kvmalloc(P9_MAX_MESSAGE, GFP_KERNEL);
	rc = p9->out && p9->in ? p9_open(p9, file) : -ENOMEM;
	if (rc) {
		p9_free(p9);
		return rc;
	}
	dev->priv = p9;
	return 0;
}

static void p9_detach(struct back_device *dev)
{
	p9_free(dev->priv);
	dev->priv = NULL;
}

/*
 * Another server. It knows nothing of the files that the driver has open: their
 * use fails until they are opened anew, as 9P has it after an attach.
 */
static int p9_reopen(struct back_device *dev, const struct ringlet_back_attach *args, struct file *file)
{
	struct p9_back *p9 = dev->priv, other = { .dev = dev };
	int rc;

	if (!READ_ONCE(p9->gone)) {
		back_warn(dev, "its server is still connected");
		return -EBUSY;
	}
	rc = p9_open(&other, file);
	if (rc)
		return rc;
	if (p9->sender)
		threads_stop(p9);
	p9->sender = NULL;
	p9_close(p9);
	p9->file = other.file;
	p9->sock = other.sock;
	WRITE_ONCE(p9->gone, false);
	if (!p9->q)
		return 0;
	rc = threads_start(p9);
	if (rc) {
		/* It has its server nonetheless: a reset of the driver tries again. */
		p9->sender = NULL;
		back_broken(dev, "no threads for its new server (%d)", rc);
		return 0;
	}
	WRITE_ONCE(p9->kicked, true);
	wake_up(&p9->wanted);
	return 0;
}

static const struct back_ops p9_ops = {
	.attach	= p9_attach,
	.detach	= p9_detach,
	.start	= p9_start,
	.stop	= p9_stop,
	.kick	= p9_kick,
	.reopen	= p9_reopen,
};

static struct back_driver p9_driver = {
	.name		= "9p",
	.device_id	= VIRTIO_ID_9P,
	.max_queues	= 1,
	.queue_size	= 128,
	.region_pages	= 1024,
	.ops		= &p9_ops,
	.owner		= THIS_MODULE,
};

static int __init p9_init(void)
{
	return back_register(&p9_driver);
}
module_init(p9_init);

static void __exit p9_exit(void)
{
	back_unregister(&p9_driver);
}
module_exit(p9_exit);

MODULE_DESCRIPTION("Ringlet back-end: shared directories by a 9P server");
MODULE_LICENSE("GPL");
MODULE_ALIAS("ringlet-back-9");
