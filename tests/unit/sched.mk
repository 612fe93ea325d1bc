# SPDX-License-Identifier: GPL-2.0
UNIT_TESTS += sched-policy
sched-policy_SRCS := $(HYP)/sched/policy.c
