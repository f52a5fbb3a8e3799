/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of the module alone. */
#ifndef CONTRACT_CHILDREN_H
#define CONTRACT_CHILDREN_H

#include <linux/types.h>

/* What user space reads in a file; its length or a negative errno. */
int read_text(const char *path, char *buf, size_t size);

#endif /* CONTRACT_CHILDREN_H */
