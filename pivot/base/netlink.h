/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the kernel tells over rtnetlink(7): asking for a dump, and taking messages apart.
 * Nothing is believed of a length that is in a message.
 *
 * libmnl would be the library for it, but Debian has that as a shared one only, and it
 * leaves most of this to do.
 */

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* Messages of one dump, one after another, as they came. */
struct netlink_dump {
	size_t size;
	char *data;
};

/*
 * Asks for all that there is of a type (RTM_GETLINK), with that type's header (struct
 * ifinfomsg), behind which attributes may stand. Can hang where somebody holds the
 * kernel's rtnl lock. 0 or negative errno.
 */
int netlink_dump_read(uint16_t type, const void *header, size_t header_size,
		      struct netlink_dump *ret);

void netlink_dump_done(struct netlink_dump *dump);

/* The message at *at, where 0 begins, moving it on to the next; NULL: there is none. */
const struct nlmsghdr *netlink_next(const struct netlink_dump *dump, size_t *at);

/* The header of a message's type; NULL where the message is too short for it. */
const void *netlink_header(const struct nlmsghdr *message, size_t header_size);

/*
 * The attributes by their type, 0 to n - 1, into ret, n pointers; NULL for those that are
 * missing. Of a type that comes twice it is the first. NULL has none.
 */
void netlink_attributes(const void *at, size_t size, const struct nlattr **ret, size_t n);
void netlink_attributes_of(const struct nlmsghdr *message, size_t header_size,
			   const struct nlattr **ret, size_t n);
void netlink_attributes_in(const struct nlattr *attribute, const struct nlattr **ret,
			   size_t n);

/* Its bytes; NULL where it is missing, or has fewer than min. */
const void *netlink_data(const struct nlattr *attribute, size_t min);
size_t netlink_size(const struct nlattr *attribute);

/* Its value, or 0 where it is missing or too short. */
uint8_t netlink_u8(const struct nlattr *attribute);
uint16_t netlink_u16(const struct nlattr *attribute);
uint32_t netlink_u32(const struct nlattr *attribute);

/* Its text, within the dump; NULL where it is missing or does not end. */
const char *netlink_text(const struct nlattr *attribute);

/* for each attribute, which need not be of different types, in one that is nested */
const struct nlattr *netlink_nested(const struct nlattr *attribute, size_t *at);
