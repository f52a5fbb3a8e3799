// SPDX-License-Identifier: LGPL-2.1-or-later
/* One sentence on standard error, in one write, harmless to terminals. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "complain.h"

#define MAX_SENTENCE	1024

static atomic_bool never_wait;

void complain_never_wait(void)
{
	never_wait = true;
}

static size_t escape(char *to, const char *from)
{
	size_t len = 0;

	for (; *from; from++) {
		unsigned char c = *from;

		if (c >= ' ' && c < 0x7f)
			to[len++] = c;
		else
			len += sprintf(to + len, "\\%03o", c);
	}
	return len;
}

void complain(const char *format, ...)
{
	static const char prefix[] = "utrace: ";
	/* an escaped byte takes four */
	char text[MAX_SENTENCE], line[sizeof(prefix) + 4 * MAX_SENTENCE + 1];
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	size_t len, done;
	ssize_t n;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	len = sprintf(line, "%s", prefix);
	len += escape(line + len, text);
	line[len++] = '\n';

	if (never_wait && poll(&out, 1, 0) != 1)
		return;
	for (done = 0; done < len; done += n) {
		n = write(STDERR_FILENO, line + done, len - done);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)	/* nobody to tell it to */
			return;
	}
}
