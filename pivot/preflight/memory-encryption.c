// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory-encryption.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "cpuinfo.h"
#include "initramfs/inventory/machine.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/parameter.h"
#include "pivot/base/read.h"
#include "pivot/kernel-log.h"

enum {
	SEV_SUPPORTED = 1 << 1, /* CPUID 8000_001F, EAX */
	SEV_ENABLED = 1 << 0,	/* MSR_AMD64_SEV */
};

#define LEAF 0x8000001fU
#define MSR  0xc0010131U

/* "AMD Secure Encrypted Virtualization (SEV) active", then "AMD Memory Encryption
 * Features active: SEV", then "Memory Encryption Features active: AMD SEV". */
static bool is_active(const char *line)
{
	return strstr(line, "Memory Encryption Features active") ||
	       strstr(line, "(SEV) active") || strstr(line, "(SME) active");
}

/* A number that a driver of arch/x86/kernel/{cpuid,msr}.c gives at this offset. */
static int read_number(const char *root, const char *device, off_t at, void *ret,
		       size_t size)
{
	char path[PATH_MAX];
	auto_close int fd = -1;
	int r = read_path(path, sizeof(path), root, "/dev/cpu/0/%s", device);
	ssize_t n;

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = file_read_at(fd, ret, size, at);
	if (n < 0)
		return (int)n;
	return (size_t)n == size ? 0 : -EIO;
}

/* Without it there is no SEV for Linux, either. Hosts have it, too. */
static bool may_have_sev(const char *root)
{
	uint32_t a[4] = { 0 };

	if (read_number(root, "cpuid", LEAF, a, sizeof(a)) < 0 && !*root)
		(void)__get_cpuid(LEAF, &a[0], &a[1], &a[2], &a[3]);
	return a[0] & SEV_SUPPORTED;
}

static bool has_sev(const char *root)
{
	uint64_t status;

	if (!may_have_sev(root))
		return false;
	if (read_number(root, "msr", MSR, &status, sizeof(status)) == 0)
		return status & SEV_ENABLED;
	return cpuinfo_has(root, "flags", "hypervisor");
}

/* The flag says that the processor could; since 6.1, that it does. */
static bool has_sme(const char *root)
{
	struct machine machine;
	char line[4096] = "";
	size_t n;

	if (!cpuinfo_has(root, "flags", "sme"))
		return false;
	machine_read(root, &machine);
	(void)read_text(line, sizeof(line), root, "/proc/cmdline");
	return machine.kernel >= 0x060100 ||
	       (parameter_find(line, "mem_encrypt", &n) && n == 2);
}

bool memory_is_encrypted(const char *root)
{
	int said;

	/* what there is in guests alone: of TDX since 5.19, of SEV-SNP with its driver,
	 * and since 6.11 without */
	if (cpuinfo_has(root, "flags", "tdx_guest") ||
	    read_exists(root, "/sys/class/misc/sev-guest") ||
	    read_exists(root, "/sys/devices/system/cpu/sev"))
		return true;
	said = kernel_log_has(root, is_active);
	return said >= 0 ? said : has_sev(root) || has_sme(root);
}
