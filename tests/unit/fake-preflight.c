// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-preflight.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "pivot/kexec/load.h"

struct fake_preflight fake_preflight;

void preflight_start(void)
{
	struct fake_preflight *f = &fake_preflight;

	machine_that_can_jump();
	f->options = (struct options){ 0 };
	f->kernel =
		(struct kernel_image){ .command_line_max = 2047, .init_size = 32 << 20 };
	f->tree = (struct tree){
		.kernel_name = (char *)"result/bzImage",
		.kernel_bytes = 8 << 20,
		.initrd_bytes = 64 << 20,
		.initrd_fd = -1,
		.command_line = (char *)"init=/init",
	};
	f->preflight = (struct preflight){
		.root = fake_root(),
		.options = &f->options,
		.tree = &f->tree,
		.kernel = &f->kernel,
		.first = &f->tree,
		.first_kernel = &f->kernel,
		.takeover = TAKEOVER_SYSTEMD,
		.image_bytes = 2 << 20,
		.loaders = 1U << LOADER_FILE,
	};
}

/* Notes are plain lines among those of the log. */
static void sort_out(const char *text)
{
	static char said[32 * 1024], noted[32 * 1024];

	said[0] = noted[0] = '\0';
	while (*text) {
		size_t n = strcspn(text, "\n") + 1;

		(void)strncat(strncmp(text, "note: ", 6) == 0 ? noted : said, text, n);
		text += n;
	}
	fake_preflight.said = said;
	fake_preflight.noted = noted;
}

unsigned int preflight_run(void)
{
	struct findings *findings = &fake_preflight.findings;

	*findings = (struct findings){ 0 };
	output_catch();
	preflight_check(&fake_preflight.preflight, findings);
	findings_log(findings, true);
	sort_out(output_caught());
	return findings->refusals;
}

const struct finding *preflight_found(const char *id)
{
	for (size_t i = 0; i < fake_preflight.findings.n; i++)
		if (strcmp(fake_preflight.findings.finding[i].id, id) == 0)
			return &fake_preflight.findings.finding[i];
	return NULL;
}

void preflight_expect(enum severity severity, const char *id, const char *part)
{
	const struct finding *finding;

	ck_assert_uint_eq(preflight_run(), severity == FINDING_REFUSE);
	finding = preflight_found(id);
	ck_assert_msg(finding, "no '%s': %s%s", id, fake_preflight.said,
		      fake_preflight.noted);
	ck_assert_int_eq(finding->severity, severity);
	ck_assert_msg(strstr(finding->text, part), "'%s' is not in '%s'", part,
		      finding->text);
}

void preflight_expect_no(const char *id)
{
	const struct finding *finding;

	(void)preflight_run();
	finding = preflight_found(id);
	ck_assert_msg(!finding, "'%s'", finding ? finding->text : "");
}

void preflight_expect_refusal(const char *id, const char *sentence)
{
	char line[512];

	ck_assert_uint_eq(preflight_run(), 1);
	(void)snprintf(line, sizeof(line), "pivot-kexec: refused: %s\n", sentence);
	ck_assert_str_eq(fake_preflight.said, line);
	ck_assert_ptr_nonnull(preflight_found(id));
}
