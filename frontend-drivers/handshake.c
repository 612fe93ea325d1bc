// SPDX-License-Identifier: GPL-2.0
/*
 * What we tell the back-end, and what we learn from it: the handshake (driver
 * status, seq, ack) and the config space.
 *
 * Every word of ours is followed by waiting for its answer, one at a time for a
 * device (front_device.lock). A back-end that is there gets ANSWER_SECONDS, one that
 * is away gets AWAY_SECONDS to come back, with a line in the log. Who waits is woken
 * by the control port's interrupt.
 *
 * Drivers see a copy of the config space, which is taken anew when the control port
 * says so. So the loop by which Linux reads a field until the generation stands
 * still ends, whatever the back-end does to the generation.
 */
#include <asm/barrier.h>

#include "front.h"

#define ANSWER_SECONDS	30
#define SILENT_SECONDS	2	/* if it did not answer before */
#define AWAY_SECONDS	300
#define CONFIG_TRIES	8

/* Whether what lies in the slot is still this device. */
bool front_slot_is_ours(const struct front_device *fd)
{
	return !test_bit(FRONT_FORGOTTEN, &fd->flags) &&
	       READ_ONCE(fd->slot->state) != RINGLET_DEVICE_EMPTY &&
	       READ_ONCE(fd->slot->uid) == fd->uid;
}

/* 1: there is an answer, in *@answer; 0: none yet. */
static int answered(const struct front_device *fd, bool reset, enum front_answer *answer)
{
	u32 state = READ_ONCE(fd->slot->state);

	if (READ_ONCE(fd->slot->ack) == fd->seq) {
		/* The device writes its half before .ack. */
		virt_rmb();
		*answer = FRONT_ANSWERED;
		return 1;
	}
	if (!front_slot_is_ours(fd) || (state == RINGLET_DEVICE_REMOVED && !reset))
		*answer = FRONT_GONE;
	else if (state == RINGLET_DEVICE_AWAY && reset)
		*answer = FRONT_AWAY;
	else
		return 0;
	return 1;
}

static enum front_answer await(struct front_device *fd, bool reset)
{
	unsigned int limit = fd->silent ? SILENT_SECONDS : ANSWER_SECONDS;
	unsigned int away = 0, waited = 0;
	enum front_answer answer;

	while (!wait_event_timeout(fd->area->wait, answered(fd, reset, &answer), HZ)) {
		if (READ_ONCE(fd->slot->state) != RINGLET_DEVICE_AWAY)
			waited++;
		else if (!away++)
			front_info(fd, "waiting for its back-end to come back, %u s at most",
				   AWAY_SECONDS);
		if (waited < limit && away < AWAY_SECONDS)
			continue;
		front_warn(fd, "its back-end does not answer: waited %u s, %u s more while it was away",
			   waited, away);
		fd->silent = true;
		return FRONT_SILENT;
	}
	fd->silent = false;
	return answer;
}

/* Publish our half and wait. The caller holds fd->lock. */
static enum front_answer say(struct front_device *fd, u32 status)
{
	enum front_answer answer;

	lockdep_assert_held(&fd->lock);
	if (!front_slot_is_ours(fd))
		return FRONT_GONE;
	WRITE_ONCE(fd->slot->driver_status, status);
	/* Our half before .seq. */
	virt_wmb();
	fd->seq++;
	WRITE_ONCE(fd->awaited, fd->seq);
	WRITE_ONCE(fd->slot->seq, fd->seq);
	/* We see AWAY, or the back-end that comes back sees this. */
	virt_mb();
	front_area_notify(fd->area);
	answer = await(fd, !status);
	WRITE_ONCE(fd->awaited, 0);
	return answer;
}

/* What the device has to say about a new status. */
static void judge(struct front_device *fd, u32 fresh, enum front_answer answer)
{
	u32 kept = answer == FRONT_ANSWERED ? READ_ONCE(fd->slot->device_status) : 0;
	u32 error = READ_ONCE(fd->slot->error);

	if (fresh & VIRTIO_CONFIG_S_FEATURES_OK && !(kept & VIRTIO_CONFIG_S_FEATURES_OK))
		WRITE_ONCE(fd->status, fd->status & ~VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(fresh & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	if (answer != FRONT_ANSWERED)
		front_device_broken(fd, "its back-end did not start it", 0);
	else if (kept & VIRTIO_CONFIG_S_NEEDS_RESET)
		front_device_broken(fd, "its back-end cannot use it", error);
}

/**
 * front_say() - set the driver's status, not 0, and wait
 * @fd: the device
 * @status: all bits
 *
 * fd->status is then what the device kept.
 */
enum front_answer front_say(struct front_device *fd, u32 status)
{
	enum front_answer answer;
	u32 fresh;

	mutex_lock(&fd->lock);
	fresh = status & ~fd->status;
	WRITE_ONCE(fd->status, status);
	if (fresh & VIRTIO_CONFIG_S_DRIVER_OK)
		set_bit(FRONT_LENT, &fd->flags);
	answer = say(fd, status);
	judge(fd, fresh, answer);
	mutex_unlock(&fd->lock);
	return answer;
}

/**
 * front_reset() - status 0: the device lets go of the region
 * @fd: the device
 *
 * A slot that is REMOVED may be used for another device afterwards, so it is
 * forgotten.
 */
enum front_answer front_reset(struct front_device *fd)
{
	enum front_answer answer;
	bool removed;

	mutex_lock(&fd->lock);
	WRITE_ONCE(fd->status, 0);
	removed = READ_ONCE(fd->slot->state) == RINGLET_DEVICE_REMOVED;
	answer = say(fd, 0);
	if (answer != FRONT_SILENT)
		clear_bit(FRONT_LENT, &fd->flags);
	else if (test_bit(FRONT_LENT, &fd->flags))
		front_warn(fd, "going on without a reset of its back-end");
	if (answer == FRONT_GONE || removed)
		set_bit(FRONT_FORGOTTEN, &fd->flags);
	mutex_unlock(&fd->lock);
	return answer;
}

/* Copy the config space, if it holds still. The caller may not sleep. */
static bool config_copy(const struct front_device *fd, u8 *config, u32 *generation)
{
	const struct ringlet_device_slot *slot = fd->slot;
	u32 before, i, tries;

	for (tries = 0; tries < CONFIG_TRIES; tries++) {
		before = READ_ONCE(slot->config_generation);
		virt_rmb();
		for (i = 0; i < fd->config_size; i++)
			config[i] = READ_ONCE(slot->config[i]);
		virt_rmb();
		if (!(before & 1) && READ_ONCE(slot->config_generation) == before) {
			*generation = before;
			return true;
		}
		cpu_relax();
	}
	return false;
}

/**
 * front_config_take() - copy the config space if it has changed
 * @fd: the device
 *
 * Return: there is a new copy.
 */
bool front_config_take(struct front_device *fd)
{
	u8 config[RINGLET_CONFIG_SIZE];
	unsigned long flags;
	u32 generation;
	bool fresh;

	if (!config_copy(fd, config, &generation))
		return false;
	spin_lock_irqsave(&fd->config_lock, flags);
	fresh = !fd->copies || generation != fd->generation;
	if (fresh) {
		memcpy(fd->config, config, fd->config_size);
		fd->generation = generation;
		fd->copies++;
	}
	spin_unlock_irqrestore(&fd->config_lock, flags);
	return fresh;
}

/* Wait for the first copy. */
bool front_config_await(struct front_device *fd)
{
	unsigned int waited;

	for (waited = 0; waited < ANSWER_SECONDS; waited++)
		if (wait_event_timeout(fd->area->wait,
				       front_config_take(fd) || !front_slot_is_ours(fd), HZ))
			return front_slot_is_ours(fd);
	return false;
}
