// SPDX-License-Identifier: GPL-2.0-or-later
#include "page-flags.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/macros.h"
#include "pivot/base/parse.h"
#include "pivot/base/read.h"

enum {
	PAGE_BYTES = 4096,

	/* include/uapi/linux/kernel-page-flags.h, include/linux/kernel-page-flags.h */
	HWPOISON = 1ULL << 19,
	NOPAGE = 1ULL << 20,
	OFFLINE = 1ULL << 23,
	RESERVED = 1ULL << 32,
};

/* The running kernel's ranges of pages: 4 of its image, 2 for a crash kernel. */
struct own {
	size_t n;
	struct span span[8];
};

static int open_file(const char *root, const char *name)
{
	char path[PATH_MAX];
	int r = read_path(path, sizeof(path), root, "%s", name);
	int fd = r < 0 ? r : open(path, O_RDONLY | O_CLOEXEC);

	return r == 0 && fd < 0 ? -errno : fd;
}

static bool is_own_name(const char *name)
{
	static const char *const names[] = { "Kernel code", "Kernel rodata",
					     "Kernel data", "Kernel bss",
					     "Crash kernel" };

	for (size_t i = 0; i < array_size(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* "  01000000-01e0c366 : Kernel code": the last byte is part of it. */
static void parse_line(char *line, struct own *own)
{
	char *start = line + strspn(line, " "), *end = strchr(start, '-');
	char *name = end ? strstr(end, " : ") : NULL;
	struct span span;

	if (!name || !is_own_name(name + 3) || own->n == array_size(own->span))
		return;
	*end++ = '\0';
	*name = '\0';
	if (parse_u64(start, 16, UINT64_MAX / 2, &span.start) < 0 ||
	    parse_u64(end, 16, UINT64_MAX / 2, &span.end) < 0)
		return;
	/* its image shares its first and last page with nobody else */
	span.start = span.start / PAGE_BYTES * PAGE_BYTES;
	span.end = (span.end / PAGE_BYTES + 1) * PAGE_BYTES;
	own->span[own->n++] = span;
}

/* The whole lines of a text. Their bytes; all where there is not one. */
static size_t parse_lines(char *text, size_t n, struct own *own)
{
	char *line = text, *end;

	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		parse_line(line, own);
		line = end + 1;
	}
	return line == text ? n : (size_t)(line - text);
}

/* What cannot be read is not listed: less may be overwritten then, which is no error. */
static void read_own(const char *root, struct own *ret)
{
	auto_close int fd = open_file(root, "/proc/iomem");
	char text[4096];
	off_t at = 0;
	ssize_t n;

	ret->n = 0;
	while (fd >= 0 && (n = file_read_at(fd, text, sizeof(text) - 1, at)) > 0) {
		text[n] = '\0';
		at += (off_t)parse_lines(text, (size_t)n, ret);
	}
}

static bool is_own(const struct own *own, uint64_t address)
{
	for (size_t i = 0; i < own->n; i++)
		if (address >= own->span[i].start && address < own->span[i].end)
			return true;
	return false;
}

static bool is_taken(const struct own *own, uint64_t address, uint64_t flags)
{
	return flags & (HWPOISON | NOPAGE | OFFLINE) ||
	       (flags & RESERVED && !is_own(own, address));
}

static void remove_taken(struct spans *spans, const struct own *own, uint64_t address,
			 const uint64_t *flags, size_t n)
{
	uint64_t from = address;

	/* each run at once: of a terabyte's page structures there are millions */
	for (size_t i = 0; i < n; i++, address += PAGE_BYTES)
		if (!is_taken(own, address, flags[i])) {
			spans_remove(spans, from, address);
			from = address + PAGE_BYTES;
		}
	spans_remove(spans, from, address);
}

static int scan(int fd, const struct own *own, const struct span *span,
		struct spans *spans)
{
	uint64_t flags[2048];

	for (uint64_t at = span->start; at < span->end;) {
		uint64_t left = (span->end - at) / PAGE_BYTES;
		size_t want = left < array_size(flags) ? left : array_size(flags), n;
		ssize_t got = file_read_at(fd, flags, want * sizeof(flags[0]),
					   (off_t)(at / PAGE_BYTES * sizeof(flags[0])));

		if (got < 0)
			return (int)got;
		n = (size_t)got / sizeof(flags[0]);
		remove_taken(spans, own, at, flags, n);
		at += n * PAGE_BYTES;
		/* it ends with the last frame that the kernel uses, as with mem= */
		if (n < want) {
			spans_remove(spans, at, span->end);
			break;
		}
	}
	return 0;
}

/* The first span from an address on. */
static bool find_next(const struct spans *spans, uint64_t address, struct span *ret)
{
	for (size_t i = 0; i < spans->n; i++)
		if (spans->span[i].start >= address) {
			*ret = spans->span[i];
			return true;
		}
	return false;
}

int page_flags_remove(const char *root, struct spans *spans)
{
	auto_close int fd = open_file(root, "/proc/kpageflags");
	struct span span = { 0 };
	struct own own;
	int r = 0;

	if (fd < 0)
		return fd == -ENOENT ? -EOPNOTSUPP : fd;
	read_own(root, &own);
	/* what is left of one span lies before the next */
	while (r == 0 && find_next(spans, span.end, &span))
		r = scan(fd, &own, &span, spans);
	return r;
}
