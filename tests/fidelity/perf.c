// SPDX-License-Identifier: GPL-2.0
/*
 * perf with software events: counters that count, a clock that samples, and a
 * breakpoint event.  No hardware counter is expected: a guest may say ENOENT, or have
 * one that works.
 */
#include "ktap.h"

#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <time.h>

static int open_event(struct perf_event_attr *attr)
{
	int fd;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, 0, -1, -1, 0);
	if (fd < 0 && (errno == EACCES || errno == EPERM || errno == ENOSYS))
		SKIP("perf_event_open: %s", strerror(errno));
	return fd;
}

static int software(uint64_t config)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .config = config };
	int fd = open_event(&attr);

	CHECK(fd >= 0, "event %llu: %s", (unsigned long long)config, strerror(errno));
	return fd;
}

static uint64_t count(int fd)
{
	uint64_t v;

	CHECK(read(fd, &v, sizeof(v)) == sizeof(v), "read: %s", strerror(errno));
	return v;
}

static void spin_ms(int ms)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	do {
		clock_gettime(CLOCK_MONOTONIC, &b);
	} while ((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < ms);
}

static void case_task_clock(void)
{
	int fd = software(PERF_COUNT_SW_TASK_CLOCK);
	uint64_t before = count(fd), after;

	spin_ms(100);
	after = count(fd) - before;
	CHECK(after > 20000000 && after < 300000000, "100 ms of spinning: %llu ns",
	      (unsigned long long)after);
}

static void case_page_faults(void)
{
	int fd = software(PERF_COUNT_SW_PAGE_FAULTS), i;
	char *p = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t n;

	CHECK(p != MAP_FAILED, "mmap");
	madvise(p, 64 * 4096, MADV_NOHUGEPAGE);
	n = count(fd);
	for (i = 0; i < 64; i++)
		((volatile char *)p)[i * 4096] = 1;
	n = count(fd) - n;
	CHECK(n >= 64 && n < 80, "64 pages touched: %llu faults", (unsigned long long)n);
}

static void case_switches(void)
{
	int fd = software(PERF_COUNT_SW_CONTEXT_SWITCHES), i;
	uint64_t n = count(fd);

	for (i = 0; i < 20; i++)
		usleep(1000);
	n = count(fd) - n;
	/* a sleep may be over before the switch happens */
	CHECK(n >= 10 && n < 200, "20 sleeps: %llu switches", (unsigned long long)n);
}

#define SAMPLE_SIZE	(sizeof(struct perf_event_header) + sizeof(uint64_t))

/* Sampling by the cpu clock: samples arrive, and point at the loop that ran. */
static void case_sampling(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 5000000,
		.sample_type = PERF_SAMPLE_IP,
		.exclude_kernel = 1,
	};
	struct perf_event_mmap_page *page;
	unsigned int total = 0, inside = 0;
	int fd = open_event(&attr), i;
	uint64_t pos;
	char *data;

	CHECK(fd >= 0, "%s", strerror(errno));
	page = mmap(NULL, 9 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(page != MAP_FAILED, "mmap: %s", strerror(errno));
	/* a busy machine below delays samples: up to five seconds for ten of them */
	for (i = 0; i < 50 && page->data_head < 10 * SAMPLE_SIZE; i++)
		spin_ms(100);
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	data = (char *)page + 4096;
	for (pos = 0; pos < __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);) {
		struct perf_event_header *h = (void *)(data + pos % (8 * 4096));
		uint64_t ip = *(uint64_t *)(h + 1);

		CHECK(h->size >= sizeof(*h), "record of %u bytes", h->size);
		if (h->type == PERF_RECORD_SAMPLE) {
			total++;
			/* our text, or the vdso that reads the clock */
			inside += ip < 0x800000000000;
		}
		pos += h->size;
	}
	CHECK(total >= 10, "%u samples of 5 ms each in %d ms of spinning", total, 100 * i);
	CHECK(inside == total, "%u of %u samples outside user space", total - inside, total);
}

static volatile int watched;

static void case_breakpoint(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (unsigned long)&watched,
		.bp_len = HW_BREAKPOINT_LEN_4,
	};
	int fd = open_event(&attr), i;

	CHECK(fd >= 0, "%s", strerror(errno));
	for (i = 0; i < 50; i++)
		watched = i;
	CHECK(count(fd) == 50, "50 writes: %llu", (unsigned long long)count(fd));
	CHECK(watched == 49, "reading is not counted");
	CHECK(count(fd) == 50, "%llu", (unsigned long long)count(fd));
}

static void case_hardware(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					.config = PERF_COUNT_HW_INSTRUCTIONS };
	int fd = open_event(&attr);

	if (fd < 0) {
		CHECK(errno == ENOENT || errno == EOPNOTSUPP || errno == ENODEV, "%s",
		      strerror(errno));
		SKIP("no hardware counters: %s", strerror(errno));
	}
	spin_ms(20);
	CHECK(count(fd) > 1000, "%llu instructions", (unsigned long long)count(fd));
}

static const struct ktap_case cases[] = {
	{ "task clock", case_task_clock },
	{ "page faults", case_page_faults },
	{ "context switches", case_switches },
	{ "sampling", case_sampling },
	{ "breakpoint event", case_breakpoint },
	{ "hardware event", case_hardware },
};

int main(void)
{
	return ktap_main(cases, ARRAY_SIZE(cases));
}
