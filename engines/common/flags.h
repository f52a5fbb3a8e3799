/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that have names: one of many, or several or-ed. */
#ifndef ENGINES_FLAGS_H
#define ENGINES_FLAGS_H

#include "text.h"

/**
 * struct flag - a value and its name
 *
 * A table of them ends with a null name.
 */
struct flag {
	unsigned long value;
	const char *name;
};

/** FLAG() - an entry for a macro of a system header */
#define FLAG(macro)	{ (unsigned long)(macro), #macro }

/**
 * text_flags() - append the names of the bits in @value, with "|" between
 *
 * Bits without a name come last, in hexadecimal; no bit at all is what the
 * table has for 0, or "0".  A value of several bits stands before its parts.
 */
void text_flags(struct text *text, const struct flag *table,
		unsigned long value);

/** text_choice() - append the name of @value, or @value in hexadecimal */
void text_choice(struct text *text, const struct flag *table,
		 unsigned long value);

/** flag_name() - the name of @value, or null */
const char *flag_name(const struct flag *table, unsigned long value);

#endif /* ENGINES_FLAGS_H */
