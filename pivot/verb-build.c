// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journey.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/human.h"
#include "pivot/base/log.h"

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Renaming onto a device or a fifo would put a file in its place. */
static int check_output(const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : log_err(-errno, "cannot write '%s'", path);
	if (!S_ISREG(status.st_mode))
		return log_refuse(-EEXIST,
				  "'%s' is there and is no regular file: name another",
				  path);
	return 0;
}

static int write_closed(int fd, const struct image *image)
{
	int r = write_all(fd, image->data, image->size);

	return close(fd) < 0 && r == 0 ? -errno : r;
}

/* Under another name until it is whole: a failure leaves what was there. */
static int write_file(const char *path, const struct image *image)
{
	char temporary[PATH_MAX];
	int fd, r = check_output(path);

	if (r < 0)
		return r;
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >=
	    (int)sizeof(temporary))
		return log_err(-ENAMETOOLONG, "cannot write '%s'", path);
	fd = mkstemp(temporary); /* mode 0600 */
	if (fd < 0)
		return log_err(-errno, "cannot write '%s'", path);
	r = write_closed(fd, image);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(temporary);
		return log_err(r, "cannot write '%s'", path);
	}
	return 0;
}

/* Of a jump in two stages the one with the modules, for the middle kernel. */
static int choose_image(struct journey *journey)
{
	const struct middle_request request = {
		.modules = &journey->middle.modules,
		.handover = &journey->middle.handover,
		.files = journey->hooks.file,
		.n_files = journey->hooks.n,
	};

	if (!journey->has_middle)
		return 0;
	image_done(&journey->image);
	return middle_image(&request, &journey->image);
}

int verb_build(const struct options *options)
{
	auto_journey struct journey journey = JOURNEY_INIT;
	char size[HUMAN_BYTES];

	if (!options->output)
		return log_refuse(EXIT_USAGE, "name the file to write with -o");
	if (journey_prepare(options, &journey) > 0 || choose_image(&journey) < 0 ||
	    write_file(options->output, &journey.image) < 0)
		return EXIT_UNCHANGED;
	(void)printf("wrote '%s' (%s)\n", options->output,
		     human_bytes(journey.image.size, size));
	return EXIT_DONE;
}
