// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "contents.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

/* Plain ones are looked for everywhere first. */
static const char *const endings[] = { "", ".zst", ".xz" };

enum { FOLDERS = 5 };

struct folders {
	size_t n;
	char path[FOLDERS][PATH_MAX];
};

printf_like(3, 4) static void add_folder(struct folders *folders, const char *root,
					 const char *format, ...)
{
	char rest[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(rest, sizeof(rest), format, args);
	va_end(args);
	if (n < (int)sizeof(rest) &&
	    read_path(folders->path[folders->n], PATH_MAX, root, "%s", rest) == 0)
		folders->n++;
}

/* In the kernel's order; NixOS sets the first. */
static void list_folders(const char *root, const char *release, struct folders *ret)
{
	char own[PATH_MAX];

	ret->n = 0;
	if (read_text(own, sizeof(own), root,
		      "/sys/module/firmware_class/parameters/path") > 0)
		add_folder(ret, root, "%s", own);
	add_folder(ret, root, "/lib/firmware/updates/%s", release);
	add_folder(ret, root, "/lib/firmware/updates");
	add_folder(ret, root, "/lib/firmware/%s", release);
	add_folder(ret, root, "/lib/firmware");
}

static bool has(const struct middle_modules *modules, const char *name, size_t n)
{
	for (size_t i = 0; i < modules->n_firmware; i++)
		if (strncmp(modules->firmware[i].name, name, n) == 0 &&
		    !modules->firmware[i].name[n])
			return true;
	return false;
}

static int append(struct middle_modules *modules, const char *name, size_t n,
		  struct contents contents)
{
	auto_free void *data = contents.data;
	auto_free char *copy = strndup(name, n);
	struct middle_firmware *more =
		reallocarray(modules->firmware, modules->n_firmware + 1, sizeof(*more));

	if (more)
		modules->firmware = more;
	if (!more || !copy)
		return -ENOMEM;
	more[modules->n_firmware++] = (struct middle_firmware){ .name = take_ptr(&copy),
								.data = take_ptr(&data),
								.size = contents.size };
	modules->firmware_bytes += contents.size;
	return 0;
}

/* A file for the name of n bytes, which has the ending more. 1 where it is there. */
static int take(const char *path, const char *name, size_t n, const char *ending,
		struct middle_modules *ret)
{
	uint64_t room = MIDDLE_FIRMWARE_BYTES - ret->firmware_bytes;
	struct contents contents;
	struct stat st;
	int r;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (has(ret, name, n))
		return 1;
	r = contents_read(path, ending, room, &contents);
	if (r == 0)
		r = append(ret, name, n, contents);
	else if (r == -EFBIG)
		ret->n_firmware_left_out++;
	else if (r != -ENOMEM)
		(void)log_warn(r, "firmware '%s' is left out, since it cannot be read",
			       path);
	return r == -ENOMEM ? r : 1;
}

static int add_file(const struct folders *folders, const char *name,
		    struct middle_modules *ret)
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; i < array_size(endings) && r == 0; i++)
		for (size_t j = 0; j < folders->n && r == 0; j++)
			if (read_path(path, sizeof(path), folders->path[j], "/%s%s", name,
				      endings[i]) == 0)
				r = take(path, name, strlen(name), endings[i], ret);
	return r < 0 ? r : 0;
}

/* "x*" also matches "x1.zst": that comes when it is its turn. */
static bool has_no_ending(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 1; i < array_size(endings); i++)
		if (n >= strlen(endings[i]) &&
		    strcmp(name + n - strlen(endings[i]), endings[i]) == 0)
			return false;
	return true;
}

static int add_matches(const char *folder, const char *pattern, const char *ending,
		       struct middle_modules *ret)
{
	char path[PATH_MAX];
	glob_t matches = { 0 };
	int r = 0;

	if (read_path(path, sizeof(path), folder, "/%s%s", pattern, ending) < 0 ||
	    glob(path, 0, NULL, &matches) != 0)
		return 0;
	for (size_t i = 0; i < matches.gl_pathc && r >= 0; i++) {
		const char *name = matches.gl_pathv[i] + strlen(folder) + 1;

		if (*ending || has_no_ending(name))
			r = take(matches.gl_pathv[i], name, strlen(name) - strlen(ending),
				 ending, ret);
	}
	globfree(&matches);
	return r < 0 ? r : 0;
}

static int add_pattern(const struct folders *folders, const char *pattern,
		       struct middle_modules *ret)
{
	int r = 0;

	for (size_t i = 0; i < array_size(endings) && r == 0; i++)
		for (size_t j = 0; j < folders->n && r == 0; j++)
			r = add_matches(folders->path[j], pattern, endings[i], ret);
	return r;
}

int firmware_add(const char *root, const char *release, const char *name,
		 struct middle_modules *ret)
{
	struct folders folders;

	/* it becomes a path in the image, too */
	if (!*name || *name == '/' || strstr(name, ".."))
		return 0;
	list_folders(root, release, &folders);
	return strpbrk(name, "*?[") ? add_pattern(&folders, name, ret)
				    : add_file(&folders, name, ret);
}
