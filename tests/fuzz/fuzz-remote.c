// SPDX-License-Identifier: GPL-2.0-or-later

/* What another machine says, and its name: the first byte says which of them it is. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/remote/look.h"
#include "pivot/remote/there.h"
#include "pivot/remote/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_url(const char *text)
{
	struct remote_url url;

	if (remote_url_parse(text, &url) < 0)
		return;
	must(url.host[0] && url.host[0] != '-' && url.user[0] != '-');
	must(!strpbrk(url.host, " '\"$`\\;&|<>()\n") &&
	     !strpbrk(url.user, " '\"$`\\;:\n"));
	must(url.port[0] == '\0' || atoll(url.port) > 0);
}

static void read_look(char *text)
{
	struct look look;

	if (look_parse(text, &look) < 0)
		return;
	must(strlen(look.boot_id) == 36);
	(void)look_is_target(&look, &look, "init=/x");
}

static void read_there(char *text)
{
	static struct items items;
	struct there there;

	items = (struct items){ .n = 2 };
	strcpy(items.item[0].name, "kernel-00");
	strcpy(items.item[1].name, "initrd-ff");
	items.item[1].bytes = 1000;
	if (there_parse(text, "there", &items, &there) < 0)
		return;
	must(there.folder[0]);
	must(items.item[0].there == 0 && items.item[1].there <= 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = size ? strndup((const char *)data + 1, size - 1) : NULL;

	log_set_level(LOG_LEVEL_ERROR - 1);
	if (!text)
		return 0;
	if (data[0] == 'u')
		read_url(text);
	else if (data[0] == 'l')
		read_look(text);
	else
		read_there(text);
	free(text);
	return 0;
}
