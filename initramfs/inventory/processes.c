// SPDX-License-Identifier: GPL-2.0-or-later
#include "processes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/parse.h"
#include "pivot/base/read.h"

enum { PF_KTHREAD = 0x00200000 }; /* linux/sched.h */

/* "12 (a name) S 1 12 12 0 -1 4194560 ...": the name may hold anything. */
static bool is_alive_user_process(char *stat, const char **ret_name)
{
	char *name = strchr(stat, '('), *end = strrchr(stat, ')');
	unsigned long flags;
	char state;

	if (!name || !end || end < name ||
	    sscanf(end + 1, " %c %*d %*d %*d %*d %*d %lu", &state, &flags) != 2)
		return false;
	*end = '\0';
	*ret_name = name + 1;
	return state != 'Z' && state != 'X' && !(flags & PF_KTHREAD);
}

static void add_name(char *names, size_t size, const char *name)
{
	size_t n = strlen(names);

	if (n + strlen(name) + 2 <= size)
		(void)snprintf(names + n, size - n, "%s%s", n ? " " : "", name);
}

size_t processes_count(const char *root, pid_t except, char *names, size_t names_size)
{
	struct dir dir;
	size_t count = 0;

	names[0] = '\0';
	dir_for_each (&dir, entry, root, "/proc") {
		char stat[512];
		const char *name;
		uint64_t pid;
		ssize_t n;

		if (parse_u64(entry, 10, INT32_MAX, &pid) < 0 || pid == 1 ||
		    (pid_t)pid == except)
			continue;
		n = read_text(stat, sizeof(stat), root, "/proc/%s/stat", entry);
		if ((n < 0 && n != -EFBIG) || !is_alive_user_process(stat, &name))
			continue;
		count++;
		add_name(names, names_size, name);
	}
	return count;
}
