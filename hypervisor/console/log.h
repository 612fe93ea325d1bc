/* SPDX-License-Identifier: GPL-2.0 */
/* Private to the console room: what panic() needs of the log. */
#ifndef RINGLET_CONSOLE_LOG_H
#define RINGLET_CONSOLE_LOG_H

/* From now on the console takes no lock and shows every level. */
void console_force(void);

#endif
