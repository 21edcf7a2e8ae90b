// SPDX-License-Identifier: GPL-2.0-or-later
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

void mounts_unescape(char *text)
{
	char *to = text;

	while (*text) {
		/* not \000: a name would end there, as none from the kernel does */
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' &&
		    is_octal(text[2]) && is_octal(text[3]) &&
		    strncmp(text + 1, "000", 3) != 0) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				       (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* Is one of the comma-separated words "ro"? */
static bool has_ro(const char *options)
{
	while (*options) {
		size_t n = strcspn(options, ",");

		if (n == 2 && memcmp(options, "ro", 2) == 0)
			return true;
		options += n + (options[n] == ',');
	}
	return false;
}

/*
 * 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 * The fields before the lone "-" vary in number; the path is the fifth.
 */
static bool parse_line(char *line, struct mount *ret)
{
	char *save = NULL, *word, *path = NULL, *type, *source, *options;

	word = strtok_r(line, " ", &save);
	for (int i = 0; word && strcmp(word, "-") != 0; i++) {
		if (i == 4)
			path = word;
		word = strtok_r(NULL, " ", &save);
	}
	if (!word || !path)
		return false;
	type = strtok_r(NULL, " ", &save);
	/* an empty source leaves two blanks in a row: strtok_r() would skip the field */
	if (!type || !save)
		return false;
	source = save;
	options = strchr(source, ' ');
	if (!options)
		return false;
	*options++ = '\0';
	mounts_unescape(path);
	mounts_unescape(type);
	mounts_unescape(source);
	*ret = (struct mount){
		.path = path,
		.type = type,
		.source = source,
		.is_read_only = has_ro(options),
	};
	return true;
}

static char *newest_lines(char *text, size_t max)
{
	char *at = text + strlen(text);
	size_t n = 0;

	while (at > text) {
		if (at[-1] == '\n' && at[0] && n++ == max - 1)
			break;
		at--;
	}
	return at;
}

void mounts_parse(struct mounts *mounts)
{
	char *save = NULL, *first = newest_lines(mounts->text, MOUNTS_MAX);

	mounts->n = 0;
	if (first != mounts->text)
		mounts->has_more = true;
	for (char *line = strtok_r(first, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (mounts->n < MOUNTS_MAX && parse_line(line, &mounts->mount[mounts->n]))
			mounts->n++;
}

/* The rest of a line whose beginning is gone would read as another mount. */
static void drop_cut_line(char *text)
{
	for (; *text && *text != '\n'; text++)
		*text = '\n';
}

/* Keeps the end of the file: the newest mounts stand last. */
static int read_tail(int fd, struct mounts *mounts)
{
	const size_t half = sizeof(mounts->text) / 2;
	size_t n = 0;

	for (;;) {
		ssize_t r = read(fd, mounts->text + n, sizeof(mounts->text) - 1 - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		n += (size_t)r;
		if (n == sizeof(mounts->text) - 1) {
			memmove(mounts->text, mounts->text + half, n - half);
			n -= half;
			mounts->has_more = true;
		}
	}
	mounts->text[n] = '\0';
	if (mounts->has_more)
		drop_cut_line(mounts->text);
	return 0;
}

int mounts_read(const char *root, struct mounts *ret)
{
	char path[PATH_MAX];
	auto_close int fd = -1;
	int r;

	ret->n = 0;
	ret->has_more = false;
	r = read_path(path, sizeof(path), root, "/proc/self/mountinfo");
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = read_tail(fd, ret);
	if (r == 0)
		mounts_parse(ret);
	return r;
}

bool mount_is_virtual(const struct mount *mount)
{
	static const char *const types[] = {
		"autofs",   "binfmt_misc", "bpf",	 "cgroup",    "cgroup2",
		"configfs", "cpuset",	   "debugfs",	 "devpts",    "devtmpfs",
		"efivarfs", "fusectl",	   "hugetlbfs",	 "mqueue",    "nfsd",
		"nsfs",	    "proc",	   "pstore",	 "ramfs",     "resctrl",
		"rootfs",   "rpc_pipefs",  "securityfs", "selinuxfs", "smackfs",
		"sysfs",    "tmpfs",	   "tracefs",	 "xenfs",
	};

	for (size_t i = 0; i < array_size(types); i++)
		if (strcmp(mount->type, types[i]) == 0)
			return true;
	return false;
}

bool mount_is_spared(const struct mount *mount)
{
	static const char *const paths[] = { "/", "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < array_size(paths); i++)
		if (strcmp(mount->path, paths[i]) == 0)
			return true;
	return false;
}

bool mount_is_dirty(const struct mount *mount)
{
	return !mount->is_read_only && !mount_is_virtual(mount);
}
