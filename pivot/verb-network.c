// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "options.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/network/network.h"

static void print_files(const struct network_texts *texts)
{
	for (size_t i = 0; i < texts->n_files; i++)
		(void)printf("%s# /etc/systemd/network/%s\n%s", i ? "\n" : "",
			     texts->file[i].name, texts->file[i].text);
	if (texts->left_out[0])
		log_notice("left out, as these files have no word for them: %s",
			   texts->left_out);
}

int verb_network(const struct options *options)
{
	auto_network_texts struct network_texts texts = NETWORK_TEXTS_INIT;
	int r = network_texts_read(options->root, NETWORK_ALL, &texts);

	if (r < 0) {
		(void)log_err(r, "cannot read the network of this machine");
		return EXIT_UNCHANGED;
	}
	if (options->network == NETWORK_FILES)
		print_files(&texts);
	else
		(void)fputs(options->network == NETWORK_ADDR	 ? texts.addr
			    : options->network == NETWORK_ROUTE6 ? texts.route_v6
								 : texts.route_v4,
			    stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)log_err(-errno, "cannot write to standard output");
		return EXIT_UNCHANGED;
	}
	return EXIT_DONE;
}
