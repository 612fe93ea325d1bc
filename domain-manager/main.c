// SPDX-License-Identifier: GPL-2.0
/* rl, the domain manager of Ringlet: command.h says how it is made up. */
#include "command.h"

int main(int argc, char **argv)
{
	return rl_main(argc - 1, argv + 1);
}
