// SPDX-License-Identifier: GPL-2.0-or-later
#include "pages.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "cleanup.h"

void *pages_get(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	(void)madvise(pages, bytes, MADV_DONTFORK); /* spares who forks some time */
	return pages;
}

/*
 * What is mapped holds its file open, and kexec_file_load(2) takes none that is open for
 * writing: it is opened anew.
 */
void pages_keep_file(int fd, uint64_t bytes)
{
	auto_close int again = -1;
	char path[64];
	void *pages;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return;
	pages = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, again, 0);
	if (pages == MAP_FAILED)
		return;
	(void)madvise(pages, (size_t)bytes, MADV_DONTFORK);
	(void)mlock(pages, (size_t)bytes);
}

void pages_free(void *pages, size_t bytes)
{
	if (pages)
		(void)munmap(pages, bytes);
}
