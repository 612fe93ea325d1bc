// SPDX-License-Identifier: GPL-2.0
/*
 * ringlet_back_console: each console of a guest is a character device,
 * /dev/ringlet/console-DOMID-SLOT.
 *
 * Between the guest and the device's file stand two buffers. What the guest writes
 * waits in the first one. When that is full and the file is open, the guest's
 * buffers stay where they are until somebody reads: nothing is lost. While nobody
 * has it open the oldest output is dropped instead, since Linux's virtio_console
 * waits for its console with interrupts off: the guest would stand still because
 * a program of ours does not run. What is written to the file waits in the second
 * buffer for the guest's receive buffers.
 *
 * The queue's thread is the only one that fills the first and empties the second
 * buffer; readers and writers of the file are one at a time each. No chain is kept
 * from one call to the next.
 *
 * Locks: ports_lock finds a port by its minor number; port->lock guards port->dev,
 * which is NULL when the device has gone and only open files keep the port, and
 * port->queues, which are NULL while it is stopped.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/kfifo.h>
#include <linux/poll.h>
#include <linux/termios.h>
#include <linux/virtio_console.h>
#include <linux/xarray.h>

#include "back.h"
#include "compat.h"

#define CONSOLE_MINORS		1024
#define CONSOLE_OUTPUT		65536U	/* from the guest; also its longest write */
#define CONSOLE_INPUT		4096U
#define CONSOLE_TO_GUEST	0	/* queues: virtio 1.2, 5.3.2 */
#define CONSOLE_FROM_GUEST	1

/*
 * A console. chunk is what is on its way between a chain and a buffer, for each
 * queue; reading and writing are held by who uses the file; readable and writable
 * are woken when there is something to read, or room to write.
 */
struct console_port {
	struct kref refs;
	struct mutex lock;
	struct back_device *dev;	/* guarded by: lock */
	struct back_queue *queues[2];	/* guarded by: lock */
	unsigned int minor;
	struct kfifo output, input;
	struct back_chain chains[2];
	u8 *chunk[2];
	struct mutex reading, writing;
	unsigned int users;		/* open files; guarded by: reading */
	wait_queue_head_t readable, writable;
};

static DEFINE_XARRAY_ALLOC(console_ports);
static DEFINE_MUTEX(ports_lock);
static dev_t console_devt;
static struct class *console_class;

static void console_free(struct kref *refs)
{
	struct console_port *port = container_of(refs, struct console_port, refs);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		back_chain_free(&port->chains[i]);
		kfree(port->chunk[i]);
	}
	kfifo_free(&port->output);
	kfifo_free(&port->input);
	kfree(port);
}

static bool console_gone(const struct console_port *port)
{
	return !READ_ONCE(port->dev);
}

/* Call @q's process: there is room in the output, or something in the input. */
static void console_wake(struct console_port *port, unsigned int index)
{
	mutex_lock(&port->lock);
	if (port->queues[index])
		back_wake(port->queues[index]);
	mutex_unlock(&port->lock);
}

/* The file's side */

static int console_open(struct inode *inode, struct file *file)
{
	struct console_port *port;

	mutex_lock(&ports_lock);
	port = xa_load(&console_ports, iminor(inode));
	if (port)
		kref_get(&port->refs);
	mutex_unlock(&ports_lock);
	if (!port)
		return -ENODEV;
	mutex_lock(&port->reading);
	port->users++;
	mutex_unlock(&port->reading);
	file->private_data = port;
	return stream_open(inode, file);
}

static int console_release(struct inode *inode, struct file *file)
{
	struct console_port *port = file->private_data;

	mutex_lock(&port->reading);
	port->users--;
	mutex_unlock(&port->reading);
	/* The guest may have been waiting for a reader. */
	console_wake(port, CONSOLE_FROM_GUEST);
	kref_put(&port->refs, console_free);
	return 0;
}

static ssize_t console_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct console_port *port = file->private_data;
	unsigned int copied = 0;
	int rc;

	for (;;) {
		rc = mutex_lock_interruptible(&port->reading);
		if (rc)
			return rc;
		rc = kfifo_to_user(&port->output, buf, len, &copied);
		mutex_unlock(&port->reading);
		if (rc || copied || !len)
			break;
		if (console_gone(port))
			return 0;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		rc = wait_event_interruptible(port->readable,
					      !kfifo_is_empty(&port->output) || console_gone(port));
		if (rc)
			return rc;
	}
	if (copied)
		console_wake(port, CONSOLE_FROM_GUEST);
	return rc ? rc : copied;
}

static ssize_t console_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct console_port *port = file->private_data;
	unsigned int copied = 0;
	int rc;

	for (;;) {
		if (console_gone(port))
			return -EIO;
		rc = mutex_lock_interruptible(&port->writing);
		if (rc)
			return rc;
		rc = kfifo_from_user(&port->input, buf, len, &copied);
		mutex_unlock(&port->writing);
		if (rc || copied || !len)
			break;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		rc = wait_event_interruptible(port->writable,
					      !kfifo_is_full(&port->input) || console_gone(port));
		if (rc)
			return rc;
	}
	if (copied)
		console_wake(port, CONSOLE_TO_GUEST);
	return rc ? rc : copied;
}

static __poll_t console_poll(struct file *file, poll_table *wait)
{
	struct console_port *port = file->private_data;
	__poll_t events = 0;

	poll_wait(file, &port->readable, wait);
	poll_wait(file, &port->writable, wait);
	if (!kfifo_is_empty(&port->output))
		events |= EPOLLIN | EPOLLRDNORM;
	if (console_gone(port))
		events |= EPOLLHUP | EPOLLIN | EPOLLRDNORM;
	else if (!kfifo_is_full(&port->input))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

/* The size of the terminal that shows the console is the guest's to know. */
static long console_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct console_port *port = file->private_data;
	struct virtio_console_config *config;
	struct winsize size = { };
	long rc = 0;

	if (cmd != TIOCSWINSZ && cmd != TIOCGWINSZ)
		return -ENOTTY;
	if (cmd == TIOCSWINSZ && copy_from_user(&size, (void __user *)arg, sizeof(size)))
		return -EFAULT;
	mutex_lock(&port->lock);
	if (!port->dev) {
		rc = -EIO;
		goto out;
	}
	config = (void *)port->dev->config;
	if (cmd == TIOCSWINSZ) {
		config->cols = (__force __virtio16)cpu_to_le16(size.ws_col);
		config->rows = (__force __virtio16)cpu_to_le16(size.ws_row);
		back_config_changed(port->dev);
	} else {
		size.ws_col = le16_to_cpu((__force __le16)config->cols);
		size.ws_row = le16_to_cpu((__force __le16)config->rows);
	}
out:
	mutex_unlock(&port->lock);
	if (!rc && cmd == TIOCGWINSZ && copy_to_user((void __user *)arg, &size, sizeof(size)))
		rc = -EFAULT;
	return rc;
}

static const struct file_operations console_fops = {
	.owner		= THIS_MODULE,
	.open		= console_open,
	.release	= console_release,
	.read		= console_read,
	.write		= console_write,
	.poll		= console_poll,
	.unlocked_ioctl	= console_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/* The guest's side */

/* Move a chain's bytes to the output. False: there was a bad address. */
static bool console_take(struct console_port *port, struct back_queue *q, size_t len)
{
	struct back_chain *chain = &port->chains[CONSOLE_FROM_GUEST];
	u8 *chunk = port->chunk[CONSOLE_FROM_GUEST];

	while (len) {
		ssize_t n = back_pull(q, &chain->in, chunk, min_t(size_t, len, PAGE_SIZE));

		if (n <= 0)
			return false;
		kfifo_in(&port->output, chunk, n);
		len -= n;
	}
	return true;
}

/* Is there room for @len bytes of output, or can there be? */
static bool console_room(struct console_port *port, struct back_queue *q, size_t len)
{
	bool room;

	if (len <= kfifo_avail(&port->output))
		return true;
	mutex_lock(&port->reading);
	while (!port->users && len > kfifo_avail(&port->output)) {
		size_t excess = min_t(size_t, len - kfifo_avail(&port->output), PAGE_SIZE);

		if (kfifo_out(&port->output, port->chunk[CONSOLE_FROM_GUEST], excess) != excess)
			break;
		back_count(q, BACK_ERRORS, excess);
	}
	room = len <= kfifo_avail(&port->output);
	mutex_unlock(&port->reading);
	return room;
}

/* Take what the guest has written, as far as there is room for it. */
static bool console_process_output(struct console_port *port, struct back_queue *q)
{
	struct back_chain *chain = &port->chains[CONSOLE_FROM_GUEST];
	unsigned int budget = back_queue_size(q);
	bool news = false;

	for (; budget && back_next(q, chain) > 0; budget--) {
		u64 len = back_iov_length(&chain->in);

		if (len > CONSOLE_OUTPUT) {
			/* No reader will ever make room for it. */
			back_count(q, BACK_ERRORS, len);
		} else if (!console_room(port, q, len)) {
			back_ungive(q, 1);
			break;
		} else if (console_take(port, q, len)) {
			back_count(q, BACK_BYTES_IN, len);
			news = true;
		} else {
			back_count(q, BACK_ERRORS, 1);
		}
		back_complete(q, chain->head, 0);
	}
	back_notify(q);
	if (news)
		wake_up_interruptible(&port->readable);
	/* A reader may have come before we gave it back. */
	return !budget;
}

/* Give what was typed, as far as the guest has buffers for it. */
static bool console_process_input(struct console_port *port, struct back_queue *q)
{
	struct back_chain *chain = &port->chains[CONSOLE_TO_GUEST];
	u8 *chunk = port->chunk[CONSOLE_TO_GUEST];
	unsigned int budget = back_queue_size(q);

	for (; budget && !kfifo_is_empty(&port->input) && back_next(q, chain) > 0; budget--) {
		size_t len = min_t(u64, back_iov_length(&chain->out), PAGE_SIZE);
		ssize_t n;

		len = kfifo_out_peek(&port->input, chunk, len);
		n = back_push(q, &chain->out, chunk, len);
		if (n < 0)
			back_count(q, BACK_ERRORS, 1);
		n = max_t(ssize_t, n, 0);
		/* Only what has arrived leaves the buffer. */
		if (n)
			len = kfifo_out(&port->input, chunk, n);
		back_complete(q, chain->head, n);
		back_count(q, BACK_BYTES_OUT, n);
	}
	back_notify(q);
	wake_up_interruptible(&port->writable);
	return !budget;
}

static bool console_process(struct back_queue *q)
{
	struct console_port *port = back_queue_device(q)->priv;

	switch (back_queue_index(q)) {
	case CONSOLE_TO_GUEST:
		return console_process_input(port, q);
	case CONSOLE_FROM_GUEST:
		return console_process_output(port, q);
	}
	return false;
}

/* A device's life */

static int console_start(struct back_device *dev)
{
	struct console_port *port = dev->priv;
	unsigned int i;

	mutex_lock(&port->lock);
	for (i = 0; i < 2; i++)
		port->queues[i] = back_queue(dev, i);
	mutex_unlock(&port->lock);
	return 0;
}

static void console_stop(struct back_device *dev)
{
	struct console_port *port = dev->priv;

	mutex_lock(&port->lock);
	memset(port->queues, 0, sizeof(port->queues));
	mutex_unlock(&port->lock);
}

static struct console_port *console_alloc(struct back_device *dev)
{
	struct console_port *port = kzalloc(sizeof(*port), GFP_KERNEL);
	unsigned int i;

	if (!port)
		return NULL;
	kref_init(&port->refs);
	mutex_init(&port->lock);
	mutex_init(&port->reading);
	mutex_init(&port->writing);
	init_waitqueue_head(&port->readable);
	init_waitqueue_head(&port->writable);
	port->dev = dev;
	for (i = 0; i < 2; i++)
		back_chain_init(&port->chains[i]);
	for (i = 0; i < 2; i++) {
		port->chunk[i] = kmalloc(PAGE_SIZE, GFP_KERNEL);
		if (!port->chunk[i])
			goto err;
	}
	if (kfifo_alloc(&port->output, CONSOLE_OUTPUT, GFP_KERNEL) ||
	    kfifo_alloc(&port->input, CONSOLE_INPUT, GFP_KERNEL))
		goto err;
	return port;
err:
	kref_put(&port->refs, console_free);
	return NULL;
}

static int console_attach(struct back_device *dev, const struct ringlet_back_attach *args, struct file *file)
{
	struct console_port *port;
	struct device *device;
	int rc;

	if (file) {
		back_warn(dev, "a console makes its own file: give -1");
		return -EINVAL;
	}
	port = console_alloc(dev);
	if (!port)
		return -ENOMEM;
	dev->features = 1ULL << VIRTIO_CONSOLE_F_SIZE;
	dev->config_size = offsetofend(struct virtio_console_config, rows);
	dev->max_queues = 2;
	dev->priv = port;
	mutex_lock(&ports_lock);
	rc = xa_alloc(&console_ports, &port->minor, port, XA_LIMIT(0, CONSOLE_MINORS - 1), GFP_KERNEL);
	mutex_unlock(&ports_lock);
	if (rc) {
		back_warn(dev, "no more than %u consoles", CONSOLE_MINORS);
		goto err_put;
	}
	device = device_create(console_class, NULL, console_devt + port->minor, NULL,
			       "ringlet!console-%u-%u", dev->domid, dev->slot);
	if (IS_ERR(device)) {
		rc = PTR_ERR(device);
		goto err_erase;
	}
	return 0;

err_erase:
	mutex_lock(&ports_lock);
	xa_erase(&console_ports, port->minor);
	mutex_unlock(&ports_lock);
err_put:
	dev->priv = NULL;
	kref_put(&port->refs, console_free);
	return rc;
}

static void console_detach(struct back_device *dev)
{
	struct console_port *port = dev->priv;

	device_destroy(console_class, console_devt + port->minor);
	mutex_lock(&ports_lock);
	xa_erase(&console_ports, port->minor);
	mutex_unlock(&ports_lock);
	mutex_lock(&port->lock);
	WRITE_ONCE(port->dev, NULL);
	mutex_unlock(&port->lock);
	wake_up_interruptible_all(&port->readable);
	wake_up_interruptible_all(&port->writable);
	dev->priv = NULL;
	kref_put(&port->refs, console_free);
}

static const struct back_ops console_ops = {
	.attach		= console_attach,
	.detach		= console_detach,
	.start		= console_start,
	.stop		= console_stop,
	.process	= console_process,
};

static struct back_driver console_driver = {
	.name		= "console",
	.device_id	= VIRTIO_ID_CONSOLE,
	.max_queues	= 2,
	/* A driver fills a queue with buffers of a page: few, for a small region. */
	.queue_size	= 16,
	.region_pages	= 256,
	.ops		= &console_ops,
	.owner		= THIS_MODULE,
};

static struct cdev console_cdev;

static int __init console_init(void)
{
	int rc;

	rc = alloc_chrdev_region(&console_devt, 0, CONSOLE_MINORS, "ringlet-console");
	if (rc)
		return rc;
	console_class = back_class_create("ringlet-console");
	if (IS_ERR(console_class)) {
		rc = PTR_ERR(console_class);
		goto err_region;
	}
	cdev_init(&console_cdev, &console_fops);
	console_cdev.owner = THIS_MODULE;
	rc = cdev_add(&console_cdev, console_devt, CONSOLE_MINORS);
	if (rc)
		goto err_class;
	rc = back_register(&console_driver);
	if (rc)
		goto err_cdev;
	return 0;

err_cdev:
	cdev_del(&console_cdev);
err_class:
	class_destroy(console_class);
err_region:
	unregister_chrdev_region(console_devt, CONSOLE_MINORS);
	return rc;
}
module_init(console_init);

static void __exit console_exit(void)
{
	back_unregister(&console_driver);
	cdev_del(&console_cdev);
	class_destroy(console_class);
	unregister_chrdev_region(console_devt, CONSOLE_MINORS);
}
module_exit(console_exit);

MODULE_DESCRIPTION("Ringlet back-end: consoles of guests");
MODULE_LICENSE("GPL");
MODULE_ALIAS("ringlet-back-3");
