/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the engines' lines go: a bounded buffer that one thread writes out.
 *
 * Callbacks put lines in and go on; only a full buffer makes them wait, or
 * drop and count.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct utrace_output;

/**
 * output_new() - make the buffer; nothing is opened or written yet
 * @size: bytes that it holds
 * @drop: drop and count where it is full, rather than wait
 *
 * Return: the output, or null if there is no memory.
 */
struct utrace_output *output_new(size_t size, bool drop);

/**
 * output_open() - open the file, if that was not done yet
 * @out: the output
 * @file: its name; null: standard error
 *
 * See outfile_open().  A file that is there is emptied later: when the first
 * line is written, or by output_commit().
 *
 * Return: 0, or a negative number after having complained.
 */
int output_open(struct utrace_output *out, const char *file);

/** output_start() - begin to write; 0, or a negative number after complaining */
int output_start(struct utrace_output *out);

/** output_commit() - tracing has begun: what the file had is obsolete */
void output_commit(struct utrace_output *out);

/** output_emit() - the emit() of &struct utrace_plugin_env */
void output_emit(struct utrace_output *out, const char *text, size_t len);

/**
 * output_broken_fd() - a descriptor that becomes readable when writing failed
 * @out: the output
 */
int output_broken_fd(const struct utrace_output *out);

/** output_broken() - whether writing failed */
bool output_broken(struct utrace_output *out);

/**
 * output_release() - nobody waits any more: from now on drop and count
 * @out: the output
 *
 * So that callbacks come to an end, whatever the reader does.
 */
void output_release(struct utrace_output *out);

/** output_hold() - the end of output_release(): wait if the user chose that */
void output_hold(struct utrace_output *out);

/**
 * output_finish() - write what is left, or find that it cannot be written
 * @out: the output
 * @signals: a signalfd: SIGINT, SIGQUIT, SIGTERM or SIGHUP there gives up
 *
 * Nothing may be emitted any more.  A reader that stands still is waited for,
 * or where lines are being dropped given a second to move.
 *
 * Return: 0: all was written, but for what the user chose to have dropped; a
 * negative number: not all.  Has complained of whatever is missing.
 */
int output_finish(struct utrace_output *out, int signals);

/** output_free() - free the output; null is ignored */
void output_free(struct utrace_output *out);

#endif /* CLI_OUTPUT_H */
