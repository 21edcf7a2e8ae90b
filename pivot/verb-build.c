// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "journey.h"
#include "output.h"
#include "pivot/base/file.h"
#include "pivot/base/human.h"
#include "pivot/base/log.h"

static int write_file(const char *path, const struct image *image, uint64_t *ret_bytes)
{
	auto_output struct output output = OUTPUT_INIT;
	int r = output_open(path, &output);

	if (r < 0)
		return r;
	r = file_write_all(output.fd, image->data, image->size);
	return r < 0 ? log_err(r, "cannot write '%s'", path)
		     : output_finish(&output, ret_bytes);
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
	uint64_t bytes;

	if (!options->output)
		return log_refuse(EXIT_USAGE, "name the file to write with -o");
	if (journey_prepare(options, &journey) > 0 || choose_image(&journey) < 0 ||
	    write_file(options->output, &journey.image, &bytes) < 0)
		return EXIT_UNCHANGED;
	if (!options->quiet)
		(void)printf("wrote '%s' (%s)\n", options->output,
			     human_bytes(bytes, size));
	return EXIT_DONE;
}
