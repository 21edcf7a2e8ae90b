// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A target that looks whether somebody else writes to its memory: the first process of
 * its kernel (rdinit=/stale-dma). Fills what is free with a pattern, says `watching` on
 * the second serial port, waits for as many seconds as target.watch= says, and tells
 * there what is not as it was; at last the nonce.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <termios.h>
#include <unistd.h>

enum {
	CHUNK_SIZE = 2 << 20,
	CHUNK_MAX = 4096,
	PAGE_SIZE = 4096,
	PAGE_WORDS = PAGE_SIZE / 8,
	PAGES = CHUNK_SIZE / PAGE_SIZE,
	SPARE_SIZE = 16 << 20, /* for the kernel, which would end us */
	SHOWN_MAX = 8,
};

struct findings {
	size_t bytes, pages;
};

struct chunk {
	uint64_t *words;
	uint64_t address[PAGES]; /* physical, of each page */
};

static struct chunk chunks[CHUNK_MAX];
static size_t n_chunks;

static size_t free_size(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : info.freeram * (size_t)info.mem_unit;
}

/* Documentation/admin-guide/mm/pagemap.rst: bits 0 to 54 are the page's number. */
static bool find_addresses(struct chunk *chunk)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t offset = (off_t)((uintptr_t)chunk->words / PAGE_SIZE * 8);
	ssize_t n = pread(fd, chunk->address, sizeof(chunk->address), offset);

	(void)close(fd);
	for (size_t i = 0; i < PAGES; i++)
		chunk->address[i] = (chunk->address[i] & ((1ULL << 55) - 1)) * PAGE_SIZE;
	return n == sizeof(chunk->address);
}

/*
 * Each word is its own physical address. Where a device's descriptors were, there are now
 * some that lead into the pattern: what the device does with them is seen here, and does
 * not hit the kernel.
 */
static uint64_t pattern(const struct chunk *chunk, size_t word)
{
	return chunk->address[word / PAGE_WORDS] + word % PAGE_WORDS * 8;
}

static void fill(void)
{
	while (n_chunks < CHUNK_MAX && free_size() > SPARE_SIZE + CHUNK_SIZE) {
		struct chunk *chunk = &chunks[n_chunks];

		chunk->words = mmap(NULL, CHUNK_SIZE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (chunk->words == MAP_FAILED || !find_addresses(chunk))
			return;
		for (size_t i = 0; i < CHUNK_SIZE / 8; i++)
			chunk->words[i] = pattern(chunk, i);
		n_chunks++;
	}
}

static size_t changed_bytes(const struct chunk *chunk, size_t page)
{
	size_t n = 0;

	for (size_t i = page * PAGE_WORDS; i < (page + 1) * PAGE_WORDS; i++)
		for (uint64_t x = chunk->words[i] ^ pattern(chunk, i); x; x >>= 8)
			n += (x & 0xff) != 0;
	return n;
}

static struct findings look(int port)
{
	struct findings found = {};

	for (const struct chunk *chunk = chunks; chunk < chunks + n_chunks; chunk++) {
		for (size_t page = 0; page < PAGES; page++) {
			size_t bytes = changed_bytes(chunk, page);

			found.bytes += bytes;
			found.pages += bytes > 0;
			if (bytes && found.pages <= SHOWN_MAX)
				(void)dprintf(
					port, "page_%zu=0x%llx %zu bytes\n", found.pages,
					(unsigned long long)chunk->address[page], bytes);
		}
	}
	return found;
}

/* The value of a kernel parameter; it ends with the word. */
static const char *parameter(const char *name, const char *otherwise)
{
	static char line[4096], *value;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	(void)close(fd);
	line[n < 0 ? 0 : n] = '\0';
	value = strstr(line, name);
	if (!value)
		return otherwise;
	value += strlen(name);
	value[strcspn(value, " \n")] = '\0';
	return value;
}

static int open_port(void)
{
	int port = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	struct termios raw;

	if (port >= 0 && tcgetattr(port, &raw) == 0) {
		cfmakeraw(&raw);
		(void)tcsetattr(port, TCSANOW, &raw);
	}
	return port;
}

int main(void)
{
	struct findings found;
	int port;

	(void)mount("proc", "/proc", "proc", 0, NULL);
	(void)mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	port = open_port();
	fill();
	(void)dprintf(port, "\nfilled_mib=%zu\nwatching=yes\n",
		      n_chunks * (CHUNK_SIZE >> 20));
	(void)sleep((unsigned int)atoi(parameter("target.watch=", "10")));
	found = look(port);
	(void)dprintf(port, "changed_pages=%zu\nchanged_bytes=%zu\nnonce=%s\n",
		      found.pages, found.bytes, parameter("target.nonce=", "none"));
	(void)tcdrain(port);
	(void)reboot(RB_POWER_OFF);
	for (;;)
		(void)pause();
}
