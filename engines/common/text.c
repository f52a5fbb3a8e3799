// SPDX-License-Identifier: LGPL-2.1-or-later
/* A text that grows, and what traced bytes look like in it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define FIRST_SIZE	((size_t)256)

void text_free(struct text *text)
{
	free(text->buf);
	*text = (struct text){ 0 };
}

/* Make room for @len more bytes; returns for how many there is. */
static size_t make_room(struct text *text, size_t len)
{
	size_t size = text->size ? text->size : FIRST_SIZE;
	char *buf;

	if (len > TEXT_MAX - text->len)
		len = TEXT_MAX - text->len;
	while (size < text->len + len)
		size *= 2;
	if (size > text->size) {
		buf = realloc(text->buf, size);
		if (!buf)
			return text->size - text->len < len ?
			       text->size - text->len : len;
		text->buf = buf;
		text->size = size;
	}
	return len;
}

void text_bytes(struct text *text, const char *bytes, size_t len)
{
	len = make_room(text, len);
	if (len)
		memcpy(text->buf + text->len, bytes, len);
	text->len += len;
}

void text_put(struct text *text, const char *string)
{
	text_bytes(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	char piece[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	if (len >= (int)sizeof(piece))
		len = sizeof(piece) - 1;
	if (len > 0)
		text_bytes(text, piece, len);
}

/* The letter after a backslash, or 0. */
static char c_letter(char c)
{
	switch (c) {
	case '\n':
		return 'n';
	case '\t':
		return 't';
	case '\r':
		return 'r';
	case '\v':
		return 'v';
	case '\f':
		return 'f';
	case '"':
	case '\\':
		return c;
	}
	return 0;
}

void text_escaped(struct text *text, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = bytes[i];
		char out[4] = { '\\', c_letter(c) };

		if (out[1]) {
			text_bytes(text, out, 2);
		} else if (c >= ' ' && c < 0x7f) {
			text_bytes(text, bytes + i, 1);
		} else if (i + 1 < len && bytes[i + 1] >= '0' &&
			   bytes[i + 1] <= '7') {
			/* all three digits, or the next would be one of them */
			text_printf(text, "\\%03o", c);
		} else {
			text_printf(text, "\\%o", c);
		}
	}
}

void text_quoted(struct text *text, const char *bytes, size_t len, bool cut)
{
	text_put(text, "\"");
	text_escaped(text, bytes, len);
	text_put(text, cut ? "\"..." : "\"");
}

void text_json(struct text *text, const char *bytes, size_t len)
{
	size_t i;

	text_put(text, "\"");
	for (i = 0; i < len; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			text_put(text, "\\");
		text_bytes(text, bytes + i, 1);
	}
	text_put(text, "\"");
}
