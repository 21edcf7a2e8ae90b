// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * A dump takes the kernel's rtnl lock: while a driver that has it hangs nobody gets an
 * answer, and whoever asks cannot be ended. So a child asks, and leaves the answer in
 * memory.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pivot/base/ask.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/macros.h"
#include "state.h"

/* A million routes take some seconds; a file for each of so many is no configuration. */
enum { ANSWER_MS = 15000, ROUTES_MAX = 10000, DUMPS = 5 };

struct request {
	enum network_extent extent;
	int answer_fd;
};

/* Before the dumps, in this order. */
struct answer {
	uint64_t n_left_out;
	uint64_t bytes[DUMPS];
};

static struct netlink_dump *dump_of(struct network_dumps *dumps, size_t i)
{
	struct netlink_dump *const all[DUMPS] = {
		&dumps->links,	   &dumps->addresses,	 &dumps->routes_v4,
		&dumps->routes_v6, &dumps->bridge_vlans,
	};

	return all[i];
}

static int answer_write(int fd, struct network_dumps *dumps, size_t n_left_out)
{
	struct answer answer = { .n_left_out = n_left_out };
	int r;

	for (size_t i = 0; i < DUMPS; i++)
		answer.bytes[i] = dump_of(dumps, i)->size;
	r = file_write_all(fd, &answer, sizeof(answer));
	for (size_t i = 0; r == 0 && i < DUMPS; i++)
		r = file_write_all(fd, dump_of(dumps, i)->data, dump_of(dumps, i)->size);
	return r;
}

/* In the child: what is left out never gets into the memory of who asks. */
static int read_dumps(const void *argument)
{
	const struct request *request = argument;
	struct network_dumps dumps;
	size_t n_left_out = 0;
	int r = network_dumps_read(&dumps);

	if (r < 0)
		return r;
	if (request->extent == NETWORK_FOR_TARGET)
		n_left_out = network_routes_thin(&dumps.routes_v4, ROUTES_MAX) +
			     network_routes_thin(&dumps.routes_v6, ROUTES_MAX);
	r = answer_write(request->answer_fd, &dumps, n_left_out);
	network_dumps_done(&dumps);
	return r;
}

static int dump_take(int fd, uint64_t bytes, off_t *at, struct netlink_dump *ret)
{
	ssize_t n;

	ret->data = malloc(bytes + 1);
	if (!ret->data)
		return -ENOMEM;
	n = file_read_at(fd, ret->data, bytes, *at);
	if (n < 0)
		return (int)n;
	ret->size = (size_t)n;
	*at += n;
	return ret->size == bytes ? 0 : -EPROTO;
}

static int answer_take(int fd, struct network_dumps *ret, size_t *ret_n_left_out)
{
	struct network_dumps dumps = { 0 };
	struct answer answer;
	off_t at = sizeof(answer);
	ssize_t n = file_read_at(fd, &answer, sizeof(answer), 0);
	int r = n < 0 ? (int)n : n < (ssize_t)sizeof(answer) ? -EPROTO : 0;

	for (size_t i = 0; r == 0 && i < DUMPS; i++)
		r = dump_take(fd, answer.bytes[i], &at, dump_of(&dumps, i));
	if (r < 0) {
		network_dumps_done(&dumps);
		return r;
	}
	*ret = dumps;
	*ret_n_left_out = answer.n_left_out;
	return 0;
}

int network_dumps_ask(enum network_extent extent, struct network_dumps *ret,
		      size_t *ret_n_left_out)
{
	auto_close int fd = memfd_create("network", MFD_CLOEXEC);
	const struct request request = { extent, fd };
	const struct question question = { .about = "network",
					   .read = read_dumps,
					   .argument = &request,
					   .answer_fd = fd };
	int r = fd < 0 ? -errno : ask(&question, ANSWER_MS);

	return r < 0 ? r : answer_take(fd, ret, ret_n_left_out);
}
