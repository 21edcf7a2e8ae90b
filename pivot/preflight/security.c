// SPDX-License-Identifier: GPL-2.0-or-later

/* Secure Boot, lockdown and IMA: who decides which kernels may be loaded. */

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "checks.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/read.h"
#include "pivot/kexec/load.h"

/* What the boot loader told the kernel: no firmware is asked, which takes its time.
 * Source: arch/x86/include/uapi/asm/bootparam.h, enum efi_secureboot_mode. */
static bool has_secure_boot(const char *root)
{
	enum { SECURE_BOOT_AT = 0x1ec, SECURE_BOOT_ENABLED = 3 };
	char path[PATH_MAX];
	unsigned char mode;
	auto_close int fd = -1;

	if (read_path(path, sizeof(path), root, "/sys/kernel/boot_params/data") < 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && file_read_at(fd, &mode, 1, SECURE_BOOT_AT) == 1 &&
	       mode == SECURE_BOOT_ENABLED;
}

/* kernel/kexec_file.c, kimage_validate_signature(): in lockdown an unsigned image is
 * -EPERM; whether a signature is trusted shows at the load. */
static void check_signature(const struct preflight *p, struct findings *findings)
{
	bool locked = kexec_is_locked_down(p->root), secure = has_secure_boot(p->root);
	const char *by = secure ? " (Secure Boot)" : "";

	if (!p->first_kernel || (!locked && !secure))
		return;
	if (locked && !p->first_kernel->is_signed)
		find_refusal(
			findings, "lockdown",
			"the running kernel is locked down%s and '%s' is not signed: %s, "
			"or use a kernel signed by a key this machine trusts",
			by, p->first->kernel_name,
			secure ? "turn Secure Boot off in the firmware"
			       : "boot without lockdown= on its command line");
	else if (locked)
		find_note(findings, "signature",
			  "the running kernel is locked down%s: it loads '%s' only if it "
			  "trusts the key that signed it",
			  by, p->first->kernel_name);
	else if (!p->first_kernel->is_signed)
		find_note(findings, "secure-boot",
			  "Secure Boot is on and '%s' is not signed; the running kernel "
			  "is not locked down and may load it all the same: if not, turn "
			  "Secure Boot off in the firmware, or use a signed kernel",
			  p->first->kernel_name);
}

static bool appraises(const char *line, size_t n, const char *function)
{
	const char *at = memmem(line, n, function, strlen(function));

	return at && n >= 9 && memcmp(line, "appraise ", 9) == 0;
}

static bool policy_appraises_kernels(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (appraises(text, n, "func=KEXEC_KERNEL_CHECK") ||
		    appraises(text, n, "func=KEXEC_INITRAMFS_CHECK"))
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

/*
 * Source: Documentation/ABI/testing/ima_policy. Not every kernel shows its policy; the
 * built-in one that appraises kernels is asked for by name. Rules that are bound to
 * Secure Boot (arch_ima) stand in the policy as all others.
 */
static void check_ima(const struct preflight *p, struct findings *findings)
{
	char policy[16384] = "", line[4096] = "";
	const char *words;

	(void)read_text(policy, sizeof(policy), p->root,
			"/sys/kernel/security/ima/policy"); /* what there is of it */
	(void)read_text(line, sizeof(line), p->root, "/proc/cmdline");
	words = strstr(line, "ima_policy=");
	if (!policy_appraises_kernels(policy) && !(words && strstr(words, "secure_boot")))
		return;
	find_warning(findings, "ima-policy",
		     "the IMA policy of the running kernel appraises the kernels it "
		     "loads: '%s' needs an IMA signature by a key that is trusted here, "
		     "or the load fails with nothing changed",
		     p->first->kernel_name ?: "the tree's kernel");
}

void check_security(const struct preflight *p, struct findings *findings)
{
	check_signature(p, findings);
	check_ima(p, findings);
}
