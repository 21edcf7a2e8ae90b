// SPDX-License-Identifier: GPL-2.0-or-later

/* Will the running kernel load a target, and is nobody else about to jump? */

#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"
#include "pivot/kexec/load.h"
#include "pivot/takeover/takeover.h"

enum { CONFIG_BYTES = 512 * 1024 };

/* Since Linux 6.3; -1 is no limit. Source: Documentation/admin-guide/sysctl/kernel.rst */
static bool has_used_up_loads(const char *root)
{
	char limit[16];

	return read_text(limit, sizeof(limit), root,
			 "/proc/sys/kernel/kexec_load_limit_reboot") > 0 &&
	       strcmp(limit, "0") == 0;
}

void check_kexec(const struct preflight *p, struct findings *findings)
{
	uint64_t disabled = 0;
	int loaded = kexec_is_loaded(p->root);

	if (loaded < 0) {
		find_refusal(
			findings, "no-kexec",
			"the running kernel is built without kexec: boot another one");
		return;
	}
	if (read_u64(&disabled, 10, p->root, "/proc/sys/kernel/kexec_load_disabled") ==
		    0 &&
	    disabled)
		find_refusal(findings, "kexec-disabled",
			     "kexec is switched off until the next boot "
			     "(kernel.kexec_load_disabled = 1): find who sets it in "
			     "/etc/sysctl.d, remove it and reboot");
	if (p->loaders == 1U << LOADER_GATHER && !preflight_may_gather(p->root))
		find_refusal(findings, "kexec-limit",
			     "too few loads are allowed until the next boot for "
			     "--loader=gather, which needs three "
			     "(kernel.kexec_load_limit_reboot): reboot, or take another");
	if (has_used_up_loads(p->root))
		find_refusal(findings, "kexec-limit",
			     "no more loads are allowed until the next boot "
			     "(kernel.kexec_load_limit_reboot = 0): reboot");
	if (read_exists(p->root, STAGE_PATH "/handover"))
		find_refusal(findings, "already-waiting",
			     "another pivot-kexec waits for its takeover: let it go on, "
			     "or end it with 'pivot-kexec cancel'");
	else if (loaded && !p->options->force)
		find_refusal(
			findings, "image-loaded",
			"an image is loaded already, by somebody else: unload it with "
			"'kexec -u', or replace it with --force");
}

/* Where distros keep what the running kernel was built with. */
static bool read_configuration(const char *root, char text[CONFIG_BYTES], char *path,
			       size_t path_size)
{
	static const char *const places[] = { "/boot/config-%s",
					      "/lib/modules/%s/config" };
	char release[65]; /* struct new_utsname */

	if (read_text(release, sizeof(release), root, "/proc/sys/kernel/osrelease") <= 0)
		return false;
	for (size_t i = 0; i < array_size(places); i++) {
		(void)snprintf(path, path_size, places[i], release);
		if (read_text(text, CONFIG_BYTES, root, "%s", path) > 0)
			return true;
	}
	return false;
}

static bool has_line(const char *text, const char *line)
{
	const size_t n = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at += n)
		if ((at == text || at[-1] == '\n') && (at[n] == '\n' || !at[n]))
			return true;
	return false;
}

/*
 * The file may be of another build of the same release, so that none of this is certain:
 * the load will tell, and a load that fails changes nothing. Source:
 * kernel/Kconfig.kexec; kernel/kexec_file.c, kimage_validate_signature().
 */
void check_configuration(const struct preflight *p, struct findings *findings)
{
	static char text[CONFIG_BYTES];
	char path[128];

	/* kexec_load(2) asks for neither */
	if (p->loaders != 1U << LOADER_FILE ||
	    !read_configuration(p->root, text, path, sizeof(path)))
		return;
	if (has_line(text, "# CONFIG_KEXEC_FILE is not set"))
		find_warning(findings, "no-kexec-file-load",
			     "the running kernel is built without kexec_file_load "
			     "('%s'), so that it will not load anything: boot another "
			     "kernel of this distro",
			     path);
	if (has_line(text, "CONFIG_KEXEC_SIG_FORCE=y") && p->first_kernel &&
	    !p->first_kernel->is_signed)
		find_warning(findings, "signature-forced",
			     "the running kernel is built to load signed kernels only "
			     "('%s'), and '%s' is not signed: use a signed kernel, or "
			     "boot another kernel of this distro",
			     path, p->first->kernel_name);
}
