// SPDX-License-Identifier: GPL-2.0
/*
 * Print the guest's clocks four times a second: DRIFT monotonic realtime tsc (ns, ns,
 * ticks).  The harness notes when each line arrives on its side and compares paces; see
 * drift-check.  Usage: drift SECONDS
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PERIOD	250000000LL

static long long ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	long long end, tick;
	struct timespec next;
	uint32_t lo, hi;

	if (argc != 2 || atoi(argv[1]) < 1) {
		fprintf(stderr, "usage: drift SECONDS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	end = ns(CLOCK_MONOTONIC) + atoi(argv[1]) * 1000000000LL;
	while (ns(CLOCK_MONOTONIC) <= end) {
		asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
		printf("DRIFT %lld %lld %llu\n", ns(CLOCK_MONOTONIC), ns(CLOCK_REALTIME),
		       (unsigned long long)hi << 32 | lo);
		tick = (ns(CLOCK_MONOTONIC) / PERIOD + 1) * PERIOD;
		next.tv_sec = tick / 1000000000;
		next.tv_nsec = tick % 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	printf("DRIFTDONE\n");
	return 0;
}
