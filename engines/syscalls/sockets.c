// SPDX-License-Identifier: LGPL-2.1-or-later
/* Socket addresses, messages, and arrays of buffers. */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "args.h"

#define SHOWN	16	/* buffers of an array that are shown */

/* ---- arrays of buffers -------------------------------------------------- */

/* @limit: how many bytes of them all mean something. */
static void iov_array(struct text *text, const struct call *call,
		      unsigned long addr, unsigned long n, unsigned long limit)
{
	struct iovec iov[SHOWN];
	size_t shown = n < SHOWN ? n : SHOWN, j;

	if (!shown || !arg_read(call, addr, iov, shown * sizeof(iov[0]))) {
		arg_address(text, addr);
		return;
	}
	text_put(text, "[");
	for (j = 0; j < shown; j++) {
		unsigned long len = iov[j].iov_len < limit ? iov[j].iov_len :
							     limit;

		text_put(text, j ? ", {iov_base=" : "{iov_base=");
		arg_bytes(text, call, (unsigned long)iov[j].iov_base, len);
		text_printf(text, ", iov_len=%zu}", iov[j].iov_len);
		limit -= len;
	}
	text_put(text, shown < n ? ", ...]" : "]");
}

void print_iov(struct text *text, const struct call *call, int i)
{
	iov_array(text, call, call->args[i], call->args[i + 1], -1UL);
}

void print_iov_out(struct text *text, const struct call *call, int i)
{
	iov_array(text, call, call->args[i], call->args[i + 1], call->ret);
}

/* ---- addresses ---------------------------------------------------------- */

static void unix_path(struct text *text, const struct sockaddr_un *un,
		      size_t len)
{
	size_t max = len - offsetof(struct sockaddr_un, sun_path);
	const char *path = un->sun_path;

	if (len <= offsetof(struct sockaddr_un, sun_path))
		return;		/* it has no name */
	text_put(text, ", sun_path=");
	if (path[0]) {
		text_quoted(text, path, strnlen(path, max), false);
	} else {
		text_put(text, "@");
		text_quoted(text, path + 1, max - 1, false);
	}
}

static void inet_address(struct text *text, const struct sockaddr_in *in)
{
	char name[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &in->sin_addr, name, sizeof(name));
	text_printf(text, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")",
		    ntohs(in->sin_port), name);
}

static void inet6_address(struct text *text, const struct sockaddr_in6 *in)
{
	char name[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &in->sin6_addr, name, sizeof(name));
	text_printf(text, ", sin6_port=htons(%u), sin6_addr=\"%s\", sin6_scope_id=%u",
		    ntohs(in->sin6_port), name, in->sin6_scope_id);
}

static void sockaddr(struct text *text, const struct call *call,
		     unsigned long addr, size_t len)
{
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_nl nl;
		char bytes[sizeof(struct sockaddr_storage)];
	} a = { .bytes = { 0 } };

	if (len > sizeof(a))
		len = sizeof(a);
	if (len < sizeof(a.sa.sa_family) ||
	    !arg_read(call, addr, &a, len)) {
		arg_address(text, addr);
		return;
	}
	text_put(text, "{sa_family=");
	text_choice(text, arg_flags(A_AF), a.sa.sa_family);
	if (a.sa.sa_family == AF_UNIX)
		unix_path(text, &a.un, len);
	else if (a.sa.sa_family == AF_INET && len >= sizeof(a.in))
		inet_address(text, &a.in);
	else if (a.sa.sa_family == AF_INET6 && len >= sizeof(a.in6))
		inet6_address(text, &a.in6);
	else if (a.sa.sa_family == AF_NETLINK && len >= sizeof(a.nl))
		text_printf(text, ", nl_pid=%u, nl_groups=%#x", a.nl.nl_pid,
			    a.nl.nl_groups);
	else if (len > sizeof(a.sa.sa_family)) {
		text_put(text, ", sa_data=");
		text_quoted(text, a.bytes + sizeof(a.sa.sa_family),
			    len - sizeof(a.sa.sa_family), false);
	}
	text_put(text, "}");
}

void print_sockaddr(struct text *text, const struct call *call, int i)
{
	sockaddr(text, call, call->args[i], (unsigned int)call->args[i + 1]);
}

/* The next argument points at the length. */
void print_sockaddr_out(struct text *text, const struct call *call, int i)
{
	int len;

	if (arg_read(call, call->args[i + 1], &len, sizeof(len)) && len > 0)
		sockaddr(text, call, call->args[i], len);
	else
		arg_address(text, call->args[i]);
}

/* ---- messages ----------------------------------------------------------- */

void print_msg(struct text *text, const struct call *call, int i)
{
	struct msghdr m;

	if (!arg_read(call, call->args[i], &m, sizeof(m))) {
		arg_address(text, call->args[i]);
		return;
	}
	text_put(text, "{msg_name=");
	sockaddr(text, call, (unsigned long)m.msg_name, m.msg_namelen);
	text_printf(text, ", msg_namelen=%u, msg_iov=", m.msg_namelen);
	/* a message that comes is as long as the result says */
	iov_array(text, call, (unsigned long)m.msg_iov, m.msg_iovlen,
		  call->done ? (unsigned long)call->ret : -1UL);
	text_printf(text, ", msg_iovlen=%zu, msg_controllen=%zu, msg_flags=",
		    m.msg_iovlen, m.msg_controllen);
	text_flags(text, arg_flags(A_MSGF), (unsigned int)m.msg_flags);
	text_put(text, "}");
}
