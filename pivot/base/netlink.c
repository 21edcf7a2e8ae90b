// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cleanup.h"

enum {
	ANSWER_TIMEOUT_S = 5,
	TRIES = 5,
	REQUEST_BYTES = 128,
	/* the kernel fills at most 32 KiB at once, but for one message that is longer */
	CHUNK_BYTES = 64 * 1024,
};

struct request {
	struct nlmsghdr header;
	char rest[REQUEST_BYTES];
};

static int request_send(int fd, uint16_t type, const void *header, size_t header_size)
{
	struct request request = {
		.header = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(header_size),
			    .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};

	if (header_size > sizeof(request.rest))
		return -EMSGSIZE;
	memcpy(request.rest, header, header_size);
	return send(fd, &request, request.header.nlmsg_len, 0) < 0 ? -errno : 0;
}

static int dump_reserve(struct netlink_dump *dump, size_t *room)
{
	char *data;

	if (*room - dump->size >= CHUNK_BYTES)
		return 0;
	data = realloc(dump->data, *room * 2 + CHUNK_BYTES);
	if (!data)
		return -ENOMEM;
	dump->data = data;
	*room = *room * 2 + CHUNK_BYTES;
	return 0;
}

static int message_error(const struct nlmsghdr *message)
{
	const int *error = netlink_header(message, sizeof(*error));

	return error ? *error : message->nlmsg_type == NLMSG_ERROR ? -EPROTO : 0;
}

/* Looks at the messages from "from" on. 1 at the end of the dump, 0, or negative errno.
 */
static int dump_look(struct netlink_dump *dump, size_t from, bool *is_torn)
{
	const struct nlmsghdr *message;
	size_t at = from, begin = from;
	int r;

	while ((message = netlink_next(dump, &at))) {
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			*is_torn = true;
		if (message->nlmsg_type == NLMSG_DONE ||
		    message->nlmsg_type == NLMSG_ERROR) {
			r = message_error(message);
			dump->size = begin;
			return r < 0 ? r : 1;
		}
		begin = at;
	}
	return at == dump->size ? 0 : -EPROTO;
}

static int dump_receive(int fd, struct netlink_dump *dump, bool *is_torn)
{
	size_t room = 0;

	for (;;) {
		const size_t from = dump->size;
		ssize_t n;
		int r = dump_reserve(dump, &room);

		if (r < 0)
			return r;
		n = recv(fd, dump->data + from, room - from, MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0 || (size_t)n > room - from)
			return -EMSGSIZE;
		dump->size += (size_t)n;
		r = dump_look(dump, from, is_torn);
		if (r != 0)
			return r < 0 ? r : 0;
		dump->size = NLMSG_ALIGN(dump->size);
	}
}

static int dump_once(uint16_t type, const void *header, size_t header_size,
		     struct netlink_dump *ret, bool *is_torn)
{
	const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct netlink_dump dump = { 0 };
	int r;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	r = request_send(fd, type, header, header_size);
	if (r == 0)
		r = dump_receive(fd, &dump, is_torn);
	if (r < 0)
		netlink_dump_done(&dump);
	else
		*ret = dump;
	return r;
}

int netlink_dump_read(uint16_t type, const void *header, size_t header_size,
		      struct netlink_dump *ret)
{
	/* something may have changed between two parts of it. Where that is so every time
	 * (a router's table), nothing is lost by taking what came last */
	for (int left = TRIES;;) {
		bool is_torn = false;
		int r = dump_once(type, header, header_size, ret, &is_torn);

		if (r < 0 || !is_torn || --left == 0)
			return r;
		netlink_dump_done(ret);
	}
}

void netlink_dump_done(struct netlink_dump *dump)
{
	free(dump->data);
	*dump = (struct netlink_dump){ 0 };
}

const struct nlmsghdr *netlink_next(const struct netlink_dump *dump, size_t *at)
{
	const size_t left = dump->size - *at;
	const struct nlmsghdr *message = left ? (const void *)(dump->data + *at) : NULL;

	if (left < sizeof(*message) || message->nlmsg_len < sizeof(*message) ||
	    message->nlmsg_len > left)
		return NULL;
	*at += NLMSG_ALIGN(message->nlmsg_len) < left ? NLMSG_ALIGN(message->nlmsg_len)
						      : left;
	return message;
}

const void *netlink_header(const struct nlmsghdr *message, size_t header_size)
{
	return message->nlmsg_len >= NLMSG_LENGTH(header_size) ? NLMSG_DATA(message)
							       : NULL;
}

/* The attribute at *at of size bytes, moving on; NULL: there is none. */
static const struct nlattr *attribute_next(const char *bytes, size_t size, size_t *at)
{
	const size_t left = size - *at;
	const struct nlattr *attribute = (const void *)(bytes + *at);

	if (left < sizeof(*attribute) || attribute->nla_len < sizeof(*attribute) ||
	    attribute->nla_len > left)
		return NULL;
	*at += (size_t)NLA_ALIGN(attribute->nla_len) < left
		       ? (size_t)NLA_ALIGN(attribute->nla_len)
		       : left;
	return attribute;
}

void netlink_attributes(const void *at, size_t size, const struct nlattr **ret, size_t n)
{
	const struct nlattr *attribute;
	size_t offset = 0;

	memset(ret, 0, n * sizeof(*ret));
	while (at && (attribute = attribute_next(at, size, &offset))) {
		const size_t type = attribute->nla_type & NLA_TYPE_MASK;

		if (type < n && !ret[type])
			ret[type] = attribute;
	}
}

void netlink_attributes_of(const struct nlmsghdr *message, size_t header_size,
			   const struct nlattr **ret, size_t n)
{
	const size_t skip = NLMSG_SPACE(header_size);
	const bool has_any = message->nlmsg_len > skip;

	netlink_attributes(has_any ? (const char *)message + skip : NULL,
			   has_any ? message->nlmsg_len - skip : 0, ret, n);
}

void netlink_attributes_in(const struct nlattr *attribute, const struct nlattr **ret,
			   size_t n)
{
	netlink_attributes(netlink_data(attribute, 0), netlink_size(attribute), ret, n);
}

const void *netlink_data(const struct nlattr *attribute, size_t min)
{
	return attribute && netlink_size(attribute) >= min
		       ? (const char *)attribute + NLA_HDRLEN
		       : NULL;
}

size_t netlink_size(const struct nlattr *attribute)
{
	return attribute ? attribute->nla_len - (size_t)NLA_HDRLEN : 0;
}

uint8_t netlink_u8(const struct nlattr *attribute)
{
	const uint8_t *data = netlink_data(attribute, sizeof(*data));

	return data ? *data : 0;
}

uint16_t netlink_u16(const struct nlattr *attribute)
{
	uint16_t value = 0;
	const void *data = netlink_data(attribute, sizeof(value));

	if (data)
		memcpy(&value, data, sizeof(value));
	return value;
}

uint32_t netlink_u32(const struct nlattr *attribute)
{
	uint32_t value = 0;
	const void *data = netlink_data(attribute, sizeof(value));

	if (data)
		memcpy(&value, data, sizeof(value));
	return value;
}

const char *netlink_text(const struct nlattr *attribute)
{
	const char *text = netlink_data(attribute, 1);

	return text && memchr(text, '\0', netlink_size(attribute)) ? text : NULL;
}

const struct nlattr *netlink_nested(const struct nlattr *attribute, size_t *at)
{
	return attribute ? attribute_next(netlink_data(attribute, 0),
					  netlink_size(attribute), at)
			 : NULL;
}
