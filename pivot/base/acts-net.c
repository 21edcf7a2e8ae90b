// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The acts on network interfaces, over rtnetlink(7) and no library: one request of fixed
 * size, one answer. It needs no IPv4, and an index means the same interface for as long
 * as the machine runs, while a name may pass to another.
 */

#include "acts.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cleanup.h"

enum { ANSWER_TIMEOUT_S = 5 };

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
};

/* A longer answer is cut off: it quotes the request. */
struct answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

static int netlink_open(void)
{
	/* the kernel answers before write(2) returns: this is for an answer that got lost
	 */
	const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	return take_fd(&fd);
}

static int netlink_ask(uint16_t type, const struct ifinfomsg *link)
{
	const struct request request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.link = *link,
	};
	auto_close int fd = netlink_open();
	struct answer answer;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (write(fd, &request, sizeof(request)) < 0)
		return -errno;
	n = read(fd, &answer, sizeof(answer));
	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(answer) || answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.error.error;
}

int act_link_down(unsigned int index)
{
	return netlink_ask(RTM_SETLINK, &(struct ifinfomsg){ .ifi_index = (int)index,
							     .ifi_change = IFF_UP });
}

int act_link_delete(unsigned int index)
{
	return netlink_ask(RTM_DELLINK, &(struct ifinfomsg){ .ifi_index = (int)index });
}
