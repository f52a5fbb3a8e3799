// SPDX-License-Identifier: LGPL-2.1-or-later
/* Numbers that have names. */
#include "flags.h"

const char *flag_name(const struct flag *table, unsigned long value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}

void text_choice(struct text *text, const struct flag *table,
		 unsigned long value)
{
	const char *name = flag_name(table, value);

	if (name)
		text_put(text, name);
	else
		text_printf(text, "%#lx", value);
}

void text_flags(struct text *text, const struct flag *table,
		unsigned long value)
{
	const char *zero = flag_name(table, 0);
	const char *between = "";

	if (!value) {
		text_put(text, zero ? zero : "0");
		return;
	}
	for (; table->name; table++) {
		if (!table->value || (value & table->value) != table->value)
			continue;
		text_printf(text, "%s%s", between, table->name);
		value &= ~table->value;
		between = "|";
	}
	if (value)
		text_printf(text, "%s%#lx", between, value);
}
