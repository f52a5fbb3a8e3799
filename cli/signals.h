/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What utrace changes about its own process, and how COMMAND gets it back as
 * the caller had it: signal mask, dispositions, the limit of descriptors.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdbool.h>

/**
 * signals_fill_std_fds() - make descriptors 0 to 2 something
 *
 * Where the caller closed one, the next file opened would take its place, and
 * sentences for the user would end up in it.  It is closed again by exec.
 */
void signals_fill_std_fds(void);

/**
 * signals_take() - take signals as file reads, from now on, in every thread
 * @command: there is a command, which Ctrl-C, Ctrl-\ and Ctrl-Z belong to
 *
 * Return: a signalfd, or a negative errno.
 */
int signals_take(bool command);

/**
 * signals_give_back() - all as the caller had it, for a child before exec
 * @unused: null
 *
 * Async-signal-safe.
 *
 * Return: 0.
 */
int signals_give_back(void *unused);

/**
 * signals_stop_self() - stop by SIGTSTP, as Ctrl-Z would have it
 *
 * Returns when continued, or at once where nobody could continue it.
 */
void signals_stop_self(void);

/** signals_die() - end as if @sig had ended this process; leaves no core */
_Noreturn void signals_die(int sig);

#endif /* CLI_SIGNALS_H */
