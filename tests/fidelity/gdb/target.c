// SPDX-License-Identifier: GPL-2.0
/* What gdb debugs: calls, a variable to watch, and by argument a fault, a fork, a loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

volatile int counter;
volatile int other;
volatile double ratio = 1.5;

static __attribute__((noinline)) int work(int n)
{
	other++;
	counter += n;
	return counter;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int i;

	for (i = 0; i < 5; i++)
		work(i);
	ratio *= 2;
	if (!strcmp(mode, "fault"))
		*(volatile int *)0x10 = 1;
	if (!strcmp(mode, "fork")) {
		if (fork() == 0)
			_exit(work(7) == 17 ? 3 : 4);
		wait(NULL);
	}
	while (!strcmp(mode, "loop"))
		usleep(1000 + work(0));
	printf("counter %d\n", counter);
	return 0;
}
