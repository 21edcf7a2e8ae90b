// SPDX-License-Identifier: GPL-2.0-or-later
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

enum { UNLOAD_TRIES = 10, UNLOAD_AGAIN_MS = 500 };

#define SIGNATURE                                                                              \
	"the kernel takes signed kernels only, and does not trust this one: turn Secure Boot " \
	"off in the firmware, or use a kernel signed by a key this machine trusts"

const char *loader_name(enum loader loader)
{
	static const char *const names[LOADERS] = {
		[LOADER_GATHER] = "gather",
		[LOADER_LOAD] = "load",
		[LOADER_FILE] = "file",
		[LOADER_KEXEC_TOOLS] = "kexec-tools",
	};

	return names[loader];
}

/*
 * kernel/kexec_file.c, kimage_validate_signature(): in lockdown, whatever is wrong with a
 * signature is -EPERM, where signatures are not enforced besides. Secure Boot mostly
 * enforces them (CONFIG_IMA_ARCH_POLICY), so this is lockdown by other means: and then
 * security/integrity/platform_certs/load_uefi.c does not take the keys that shim brings.
 */
#define UNTRUSTED                                                                             \
	"the running kernel is locked down and does not trust the key that signed this one, " \
	"which its log calls unsigned: boot without lockdown (Secure Boot off, no lockdown= " \
	"on the command line), or use a kernel signed by a key it trusts (Debian's: only "    \
	"with Secure Boot on)"

/* From kernel/kexec_file.c, kernel/kexec_core.c, arch/x86/kernel/kexec-bzimage64.c. */
static const struct {
	int error;
	const char *meaning;
} meanings[] = {
	{ EPERM, "the kernel forbids it: lockdown (Secure Boot), kexec_load_disabled, or "
		 "kexec_load_limit_reboot used up; a reboot clears the last two" },
	{ EACCES, "a security policy (IMA, SELinux) forbids it: see 'dmesg' for which" },
	{ EKEYREJECTED, SIGNATURE },
	{ ENOKEY, SIGNATURE },
	{ EBADMSG, SIGNATURE },
	{ ELIBBAD, SIGNATURE },
	{ ENOPKG, SIGNATURE },
	{ ENODATA, SIGNATURE },
	{ ENOSYS,
	  "the running kernel is built without kexec_file_load (CONFIG_KEXEC_FILE): "
	  "boot another kernel of this distro" },
	{ EINVAL,
	  "most often the kernel and initrd together need more than half of the "
	  "machine's memory, or the command line is too long: use a smaller initrd" },
	{ ENOMEM, "not enough memory: the kernel holds the initrd twice while it loads; "
		  "stop services or use a smaller initrd" },
	{ EADDRNOTAVAIL,
	  "no free stretch of memory is long enough: use a smaller initrd or "
	  "try right after a reboot" },
	{ EBUSY, "another kexec load is under way: wait for it" },
	{ ETXTBSY, "a file of the tree is open for writing: wait until it is copied" },
	{ EFBIG,
	  "a file of the tree is too large for the kernel: over 2 GiB, or 4 GiB since 5.12" },
	{ ENOEXEC, "the running kernel does not know this kernel's format" },
};

bool kexec_is_locked_down(const char *root)
{
	char text[96];

	return read_text(text, sizeof(text), root, "/sys/kernel/security/lockdown") > 0 &&
	       !strstr(text, "[none]");
}

const char *kexec_explain(const char *root, enum loader loader, int error)
{
	if (error == -EPERM && loader == LOADER_FILE && kexec_is_locked_down(root))
		return UNTRUSTED;
	for (size_t i = 0; i < array_size(meanings); i++)
		if (meanings[i].error == -error)
			return meanings[i].meaning;
	return "see the last lines of 'dmesg'";
}

int load_files(const struct tree *tree, char why[WHY_BYTES])
{
	int r = act_kexec_file_load(tree->kernel_fd, tree->initrd_fd, tree->command_line);

	(void)snprintf(why, WHY_BYTES, "kexec_file_load");
	return r;
}

int kexec_unload(void)
{
	int r = act_kexec_unload();

	/* who was killed while it loaded has the lock a moment longer */
	for (int i = 0; i < UNLOAD_TRIES && r == -EBUSY; i++) {
		clock_sleep_ms(UNLOAD_AGAIN_MS);
		r = act_kexec_unload();
	}
	return r < 0 ? log_err(r, "cannot unload the target again") : 0;
}

int kexec_is_loaded(const char *root)
{
	uint64_t loaded;
	int r = read_u64(&loaded, 10, root, "/sys/kernel/kexec_loaded");

	return r < 0 ? -EOPNOTSUPP : loaded != 0;
}
