// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_back_rng: entropy, virtio 1.2 section 5.4.
 *
 * A request is a writable buffer. Of a larger one only MAX_BYTES are filled, which
 * the section allows: so a request costs the same whatever the driver asks for.
 */
#include <linux/random.h>
#include <uapi/linux/virtio_ids.h>

#include "back.h"

#define MAX_BYTES 256

static int rng_attach(struct back_device *dev, const struct ringlet_back_attach *args,
		      struct file *file)
{
	dev->max_queues = 1;
	return 0;
}

static void rng_detach(struct back_device *dev)
{
}

static bool rng_process(struct back_queue *q)
{
	struct back_chain c;
	u8 bytes[MAX_BYTES];
	unsigned int budget;
	ssize_t done;
	size_t len;

	back_chain_init(&c);
	for (budget = back_queue_size(q); budget && back_next(q, &c) == 1; budget--) {
		len = min_t(u64, back_iov_length(&c.out), sizeof(bytes));
		get_random_bytes(bytes, len);
		done = back_push(q, &c.out, bytes, len);
		if (done < 0) {
			back_broken(back_queue_device(q), "a buffer outside of its memory");
			done = 0;
		}
		back_count(q, BACK_BYTES_OUT, done);
		back_complete(q, c.head, done);
	}
	back_notify(q);
	memzero_explicit(bytes, sizeof(bytes));
	back_chain_free(&c);
	return !budget;
}

static const struct back_ops rng_ops = {
	.attach = rng_attach,
	.detach = rng_detach,
	.process = rng_process,
};

static struct back_driver rng_driver = {
	.name = "rng",
	.device_id = VIRTIO_ID_RNG,
	.max_queues = 1,
	.queue_size = 8,
	.region_pages = 64,	/* what our front-end takes for small devices */
	.ops = &rng_ops,
	.owner = THIS_MODULE,
};

static int __init rng_init(void)
{
	return back_register(&rng_driver);
}

static void __exit rng_exit(void)
{
	back_unregister(&rng_driver);
}

module_init(rng_init);
module_exit(rng_exit);
MODULE_DESCRIPTION("Ringlet's entropy: virtio rng back-end");
MODULE_LICENSE("GPL");
MODULE_ALIAS("ringlet-back-4");
