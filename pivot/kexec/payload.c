// SPDX-License-Identifier: GPL-2.0-or-later
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "crc32c-pages.h"
#include "crc32c.h"
#include "firmware.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/clock.h"
#include "pivot/base/file.h"
#include "pivot/base/macros.h"
#include "pivot/base/pages.h"
#include "pivot/base/parse.h"
#include "pivot/base/read.h"

enum {
	PRESENT = 63,	 /* a bit of a page in pagemap */
	FRAME_BITS = 55, /* the number of its frame */
	PRESENT_TRIES = 100,
	PIPE_PAGES_MAX = 4096,
	PIPE_PAGES_MIN = 256, /* which every process may have */
};

static const char first_line[] = "pivot-kexec-payload 1";

static const char *const names[PAYLOAD_FILES] = {
	[PAYLOAD_SETUP] = "setup",   [PAYLOAD_COMMAND_LINE] = "command-line",
	[PAYLOAD_KERNEL] = "kernel", [PAYLOAD_INITRD] = "initrd",
	[PAYLOAD_EXTRA] = "extra",   [PAYLOAD_REPORT] = "report",
};

const char *payload_file_name(enum payload_name name)
{
	return names[name];
}

size_t payload_pages(const struct payload_file *file)
{
	return (size_t)((file->bytes + PAGE_BYTES - 1) / PAGE_BYTES);
}

static int open_file(const char *root, const char *folder, enum payload_name name)
{
	char path[PATH_MAX];
	int fd, r = read_path(path, sizeof(path), root, "%s/%s", folder, names[name]);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int map_file(int fd, struct payload_file *file)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size == 0)
		return 0;
	/* locked, because the swap's disk may have no driver when it is needed */
	data = mmap(NULL, (size_t)st.st_size, PROT_READ,
		    MAP_SHARED | MAP_POPULATE | MAP_LOCKED, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	/* a child would only make its tables longer */
	(void)madvise(data, (size_t)st.st_size, MADV_DONTFORK);
	file->data = data;
	file->bytes = (uint64_t)st.st_size;
	return 0;
}

int payload_map(const char *root, const char *folder, enum payload_name name, int fd,
		struct payload *payload)
{
	bool may_be_missing = name >= PAYLOAD_INITRD;
	auto_close int opened = fd < 0 ? open_file(root, folder, name) : -1;

	if (fd < 0 && opened == -ENOENT && may_be_missing)
		return 0;
	if (fd < 0 && opened < 0)
		return opened;
	return map_file(fd < 0 ? opened : fd, &payload->file[name]);
}

uint32_t payload_add_page(const struct payload_file *file, size_t page, uint32_t crc)
{
	return file->data ? crc32c(crc, file->data + page * PAGE_BYTES, PAGE_BYTES)
			  : crc32c_add_page(crc, file->checksums[page]);
}

static uint32_t crc_of(const struct payload_file *file)
{
	uint32_t crc = 0;

	if (!file->retained)
		return crc32c(0, file->data, (size_t)file->bytes);
	for (size_t i = 0; i < payload_pages(file); i++)
		crc = payload_add_page(file, i, crc);
	return crc;
}

static size_t add_line(char text[PAYLOAD_SEAL_BYTES], size_t n, enum payload_name name,
		       const struct payload_place *place)
{
	char offset[24] = "";

	if (place->offset)
		(void)snprintf(offset, sizeof(offset), " %llu",
			       (unsigned long long)place->offset);
	return n + (size_t)snprintf(text + n, PAYLOAD_SEAL_BYTES - n, "%s %llu %08x%s\n",
				    names[name], (unsigned long long)place->bytes,
				    place->crc, offset);
}

static size_t seal(const struct payload *payload,
		   const struct payload_place *const retained[PAYLOAD_SEALED],
		   char text[PAYLOAD_SEAL_BYTES])
{
	size_t n = (size_t)snprintf(text, PAYLOAD_SEAL_BYTES, "%s\n", first_line);

	for (int i = 0; i < PAYLOAD_SEALED; i++) {
		const struct payload_file *file = &payload->file[i];
		struct payload_place here = { 0 };

		if (!retained[i])
			here = (struct payload_place){ .bytes = file->bytes,
						       .crc = crc_of(file) };
		n = add_line(text, n, i, retained[i] ?: &here);
	}
	return n + (size_t)snprintf(text + n, PAYLOAD_SEAL_BYTES - n, "end\n");
}

size_t payload_seal(const struct payload *payload, char text[PAYLOAD_SEAL_BYTES])
{
	const struct payload_place *const none[PAYLOAD_SEALED] = { 0 };

	return seal(payload, none, text);
}

size_t payload_seal_retained(const struct payload *payload,
			     const struct payload_place *kernel,
			     const struct payload_place *initrd,
			     char text[PAYLOAD_SEAL_BYTES])
{
	const struct payload_place *const retained[PAYLOAD_SEALED] = {
		[PAYLOAD_KERNEL] = kernel, [PAYLOAD_INITRD] = initrd
	};

	return seal(payload, retained, text);
}

/* "NAME BYTES CRC", and "OFFSET" where it is retained. */
static int parse_line(char *line, const char *name, struct payload_place *ret)
{
	char *save = NULL, *word = strtok_r(line, " ", &save);
	char *bytes = strtok_r(NULL, " ", &save), *crc = strtok_r(NULL, " ", &save);
	char *offset = strtok_r(NULL, " ", &save);
	uint64_t value;

	if (!crc || strtok_r(NULL, " ", &save) || strcmp(word, name) != 0 ||
	    parse_u64(bytes, 10, INT64_MAX, &ret->bytes) < 0 ||
	    parse_u64(crc, 16, UINT32_MAX, &value) < 0 ||
	    (offset && parse_u64(offset, 10, INT64_MAX, &ret->offset) < 0) ||
	    ret->offset % PAGE_BYTES)
		return -EBADMSG;
	ret->crc = (uint32_t)value;
	return 0;
}

/* The others are read before the jump. */
static bool may_be_retained(enum payload_name name)
{
	return name == PAYLOAD_KERNEL || name == PAYLOAD_INITRD;
}

static int parse_seal(char *text, struct payload_place ret[PAYLOAD_SEALED])
{
	char *save = NULL, *line = strtok_r(text, "\n", &save);

	if (!line || strcmp(line, first_line) != 0)
		return -EBADMSG;
	for (int i = 0; i < PAYLOAD_SEALED; i++) {
		line = strtok_r(NULL, "\n", &save);
		if (!line || parse_line(line, names[i], &ret[i]) < 0 ||
		    (ret[i].offset && !may_be_retained(i)))
			return -EBADMSG;
	}
	line = strtok_r(NULL, "\n", &save);
	return line && strcmp(line, "end") == 0 && !strtok_r(NULL, "\n", &save)
		       ? 0
		       : -EBADMSG;
}

/* --- what is retained --- */

static int map_checksums(const char *root, const char *folder, struct payload *payload)
{
	struct payload_file file = { 0 };
	char path[PATH_MAX];
	auto_close int fd = -1;
	int r = read_path(path, sizeof(path), root, "%s/checksums", folder);

	if (r < 0 || payload->checksums)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : map_file(fd, &file);
	payload->checksums = (const void *)file.data;
	payload->checksums_bytes = file.bytes;
	return r;
}

/* Its pages, with room behind them, are part of what the kernel was booted with. */
static int find_retained(const char *root, const struct payload_place *place,
			 uint64_t *ret)
{
	uint64_t address, bytes;
	int r = firmware_initrd(root, &address, &bytes);

	if (r < 0)
		return r;
	if (address % PAGE_BYTES || place->offset > bytes ||
	    place->bytes > bytes - place->offset ||
	    PAYLOAD_ROOM_BYTES > bytes - place->offset - place->bytes)
		return -EBADMSG;
	*ret = address + place->offset;
	return 0;
}

/* The checksums of the initrd stand behind those of the kernel. */
static int open_retained(const char *root, const char *folder, enum payload_name name,
			 const struct payload_place *place, struct payload *payload)
{
	struct payload_file *file = &payload->file[name];
	size_t at = name == PAYLOAD_INITRD ? payload_pages(&payload->file[PAYLOAD_KERNEL])
					   : 0;
	int r = map_checksums(root, folder, payload);

	if (r == 0)
		r = find_retained(root, place, &file->retained);
	if (r < 0)
		return r;
	file->bytes = place->bytes;
	if (!payload->checksums || (at + payload_pages(file)) * sizeof(*file->checksums) >
					   payload->checksums_bytes)
		return -EBADMSG;
	file->checksums = payload->checksums + at;
	return 0;
}

static int open_one(const char *root, const char *folder, enum payload_name name,
		    int initrd_fd, const struct payload_place *place,
		    struct payload *payload)
{
	int r = place->offset
			? open_retained(root, folder, name, place, payload)
			: payload_map(root, folder, name,
				      name == PAYLOAD_INITRD ? initrd_fd : -1, payload);

	payload->file[name].crc = place->crc;
	return r == 0 && payload->file[name].bytes != place->bytes ? -EBADMSG : r;
}

int payload_open(const char *root, const char *folder, int initrd_fd, struct payload *ret)
{
	struct payload_place sealed[PAYLOAD_SEALED] = { 0 };
	char text[PAYLOAD_SEAL_BYTES];
	ssize_t n;
	int r;

	*ret = (struct payload){ 0 };
	n = read_text(text, sizeof(text), root, "%s/seal", folder);
	if (n < 0)
		return (int)n;
	r = strlen(text) == (size_t)n ? parse_seal(text, sealed) : -EBADMSG;
	for (int i = 0; r == 0 && i < PAYLOAD_SEALED; i++)
		r = open_one(root, folder, i, initrd_fd, &sealed[i], ret);
	return r;
}

int payload_check(const struct payload *payload)
{
	for (int i = 0; i < PAYLOAD_SEALED; i++)
		if (crc_of(&payload->file[i]) != payload->file[i].crc)
			return -EBADMSG;
	return 0;
}

void payload_done(struct payload *payload)
{
	for (int i = 0; i < PAYLOAD_FILES; i++)
		if (payload->file[i].data)
			(void)munmap((void *)(uintptr_t)payload->file[i].data,
				     (size_t)payload->file[i].bytes);
	if (payload->checksums)
		(void)munmap((void *)(uintptr_t)payload->checksums,
			     (size_t)payload->checksums_bytes);
	*payload = (struct payload){ 0 };
}

/* An empty pipe, as long as the kernel lets it be; both of its ends stay open. */
static int make_pipe(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	for (int pages = PIPE_PAGES_MAX; pages >= PIPE_PAGES_MIN; pages /= 2)
		if (fcntl(ends[1], F_SETPIPE_SZ, pages * PAGE_BYTES) >= 0)
			break; /* where none is granted it has 16 */
	return ends[1];
}

/*
 * A page in a pipe has an owner that the kernel cannot ask to let it go, so it is neither
 * migrated nor swapped out; mlock(2) forbids only the latter. Source: fs/splice.c,
 * mm/migrate.c (folio_expected_refs).
 */
int payload_pin(struct payload_file *file)
{
	uint64_t done = 0;
	int fd = -1;

	while (!file->is_pinned && !file->retained && done < file->bytes) {
		struct iovec rest = { (void *)(uintptr_t)(file->data + done),
				      (size_t)(file->bytes - done) };
		ssize_t n = fd < 0 ? -1 : vmsplice(fd, &rest, 1, SPLICE_F_NONBLOCK);

		if (n > 0) {
			done += (uint64_t)n;
			continue;
		}
		if (fd >= 0 && errno != EAGAIN)
			return -errno;
		fd = make_pipe(); /* the one before is full */
		if (fd < 0)
			return fd;
	}
	file->is_pinned = true;
	return 0;
}

static int read_entries(int pagemap, const uint8_t *address, size_t n, uint64_t *ret)
{
	const off_t at = (off_t)((uintptr_t)address / PAGE_BYTES * sizeof(*ret));
	ssize_t got = file_read_at(pagemap, ret, n * sizeof(*ret), at);

	if (got < 0)
		return (int)got;
	return (size_t)got == n * sizeof(*ret) ? 0 : -EIO;
}

/*
 * A page that is pinned is not moved, but now and then the kernel tries to
 * (migrate_pages() in mm/migrate.c), and does not show it meanwhile. Touching it waits
 * for the end of that.
 */
static int wait_present(int pagemap, const uint8_t *page, uint64_t *ret)
{
	for (int i = 0; i < PRESENT_TRIES && !(*ret >> PRESENT); i++) {
		int r;

		(void)*(const volatile uint8_t *)page;
		r = read_entries(pagemap, page, 1, ret);
		if (r < 0)
			return r;
		if (!(*ret >> PRESENT))
			clock_sleep_ms(1);
	}
	return *ret >> PRESENT ? 0 : -EFAULT;
}

static int read_frames(int pagemap, const uint8_t *address, size_t n, uint64_t *ret)
{
	int r = read_entries(pagemap, address, n, ret);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = wait_present(pagemap, address + i * PAGE_BYTES, &ret[i]);
		if (r < 0)
			return r;
		ret[i] &= (1ULL << FRAME_BITS) - 1;
		if (!ret[i]) /* without CAP_SYS_ADMIN */
			return -EPERM;
	}
	return r;
}

int payload_frames(const char *root, const struct payload_file *file, uint64_t *ret)
{
	char path[PATH_MAX];
	auto_close int pagemap = -1;
	int r = read_path(path, sizeof(path), root, "/proc/self/pagemap");

	if (r < 0)
		return r;
	if (file->retained) {
		for (size_t i = 0; i < payload_pages(file); i++)
			ret[i] = file->retained / PAGE_BYTES + i;
		return 0;
	}
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	return pagemap < 0 ? -errno
			   : read_frames(pagemap, file->data, payload_pages(file), ret);
}
