// SPDX-License-Identifier: LGPL-2.1-or-later
/* The events by name. */
#include <string.h>
#include <strings.h>

#include "events.h"

#define NAME(event)	[_UTRACE_EVENT_##event] = #event

static const char *const names[_UTRACE_NEVENTS] = {
	NAME(QUIESCE), NAME(REAP), NAME(CLONE), NAME(EXEC), NAME(EXIT),
	NAME(DEATH), NAME(SYSCALL_ENTRY), NAME(SYSCALL_EXIT), NAME(SIGNAL),
	NAME(SIGNAL_IGN), NAME(SIGNAL_STOP), NAME(SIGNAL_TERM),
	NAME(SIGNAL_CORE), NAME(JCTL),
};

/* Names for several at once. */
static const struct {
	const char *name;
	unsigned long events;
} groups[] = {
	{ "SYSCALL",	UTRACE_EVENT_SYSCALL },
	{ "SIGNAL_ALL",	UTRACE_EVENT_SIGNAL_ALL },
};

const char *event_name(unsigned int bit)
{
	return bit < _UTRACE_NEVENTS ? names[bit] : "?";
}

static bool is(const char *name, size_t len, const char *known)
{
	return len == strlen(known) && !strncasecmp(name, known, len);
}

unsigned long events_parse(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < _UTRACE_NEVENTS; i++)
		if (is(name, len, names[i]))
			return 1UL << i;
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (is(name, len, groups[i].name))
			return groups[i].events;
	return 0;
}
