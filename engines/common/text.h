/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text that grows: lines are put together here before they are emitted. */
#ifndef ENGINES_TEXT_H
#define ENGINES_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct text - a text; all zero is the empty one
 * @buf: its bytes, without a terminating one
 * @len: how many there are
 * @size: how many there is room for
 *
 * A text that would become larger than %TEXT_MAX, or for which there is no
 * memory, is cut short: a traced program must not make the tracer grow.
 */
struct text {
	char *buf;
	size_t len;
	size_t size;
};

#define TEXT_MAX	((size_t)64 << 10)

/** text_free() - free its memory; it is then empty */
void text_free(struct text *text);

/** text_bytes() - append @len bytes */
void text_bytes(struct text *text, const char *bytes, size_t len);

/** text_put() - append a string */
void text_put(struct text *text, const char *string);

/** text_printf() - append as printf() would; up to 255 bytes */
void text_printf(struct text *text, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/**
 * text_escaped() - append bytes as they stand in a C string
 * @text: the text
 * @bytes: bytes of a traced program
 * @len: how many
 *
 * What comes out is printable ASCII, whatever goes in.
 */
void text_escaped(struct text *text, const char *bytes, size_t len);

/** text_quoted() - text_escaped() in quotation marks; "..." follows if @cut */
void text_quoted(struct text *text, const char *bytes, size_t len, bool cut);

/** text_json() - append printable ASCII as a string of JSON, in quotation marks */
void text_json(struct text *text, const char *bytes, size_t len);

#endif /* ENGINES_TEXT_H */
