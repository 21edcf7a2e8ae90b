// SPDX-License-Identifier: GPL-2.0-or-later

/* Which loaders there is any sense in trying, and what each of them needs. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-machine.h"
#include "fake-preflight.h"
#include "fake-root.h"
#include "pivot/base/macros.h"
#include "pivot/kexec/load.h"
#include "unit.h"

enum {
	ALL = (1 << LOADERS) - 1,
	GATHER = 1 << LOADER_GATHER,
	LOAD = 1 << LOADER_LOAD,
	FILE_ALONE = 1 << LOADER_FILE,
	KEXEC_TOOLS = 1 << LOADER_KEXEC_TOOLS,
	THEIRS = FILE_ALONE | KEXEC_TOOLS, /* that bring no page tables */
};

#define MIB(n) ((uint64_t)(n) << 20)
/* Of 72 MiB, on a machine of 4000000 kB. */
#define LISTS(bytes) (MIB(72) / 4096 * (bytes) + 4096000000 / 65536 + MIB(1))

static const char *why; /* the others are left out */

static struct fake_preflight *const f = &fake_preflight;

static unsigned int loaders(void)
{
	return preflight_loaders(fake_root(), LOADER_AUTO, &why);
}

/* --- which --- */

START_TEST(tries_all_on_an_ordinary_machine)
{
	machine_that_can_jump();
	ck_assert_uint_eq(loaders(), ALL);
}
END_TEST

START_TEST(tries_the_chosen_one_alone)
{
	machine_that_can_jump();
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	for (int i = 0; i < LOADERS; i++)
		ck_assert_uint_eq(preflight_loaders(fake_root(), i, &why), 1U << i);
}
END_TEST

START_TEST(gives_files_to_the_kernel_in_lockdown)
{
	machine_that_can_jump();
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	ck_assert_uint_eq(loaders(), FILE_ALONE);
	fake_file("none integrity [confidentiality]\n", "/sys/kernel/security/lockdown");
	ck_assert_uint_eq(loaders(), FILE_ALONE);
	fake_remove("/sys/kernel/security/lockdown");
	ck_assert_uint_eq(loaders(), ALL);
}
END_TEST

START_TEST(brings_no_page_tables_where_memory_is_encrypted)
{
	machine_that_can_jump();
	fake_file("processor\t: 0\nflags\t\t: fpu tdx_guest sse\n", "/proc/cpuinfo");
	ck_assert_uint_eq(loaders(), THEIRS);
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	ck_assert_uint_eq(loaders(), FILE_ALONE);
	fake_remove("/sys/kernel/security/lockdown");
	fake_file("processor\t: 0\nflags\t\t: fpu tdx_guest_not sse\n", "/proc/cpuinfo");
	ck_assert_uint_eq(loaders(), ALL);
	fake_file("", "/sys/class/misc/sev-guest/dev");
	ck_assert_uint_eq(loaders(), THEIRS);
	fake_remove("/sys/class/misc/sev-guest");
	ck_assert_uint_eq(loaders(), ALL);
	fake_file("0\n", "/sys/devices/system/cpu/sev/vmpl");
	ck_assert_uint_eq(loaders(), THEIRS);
}
END_TEST

START_TEST(takes_the_kernels_word_for_it)
{
	static const char *const words[] = {
		"AMD Secure Encrypted Virtualization (SEV) active",
		"AMD Secure Memory Encryption (SME) active",
		"AMD Memory Encryption Features active: SEV SEV-ES",
		"Memory Encryption Features active: AMD SEV",
		"Memory Encryption Features active: Intel TDX",
	};
	char log[256];

	machine_that_can_jump();
	for (size_t i = 0; i < array_size(words); i++) {
		(void)snprintf(log, sizeof(log),
			       "5,0,0,-;Linux version 6.1\n6,1,70123,-;%s\n", words[i]);
		fake_file(log, "/dev/kmsg");
		ck_assert_uint_eq(loaders(), THEIRS);
		(void)snprintf(log, sizeof(log), "12,900,70123,-;dmesg: %s\n", words[i]);
		fake_file(log, "/dev/kmsg");
		ck_assert_uint_eq(loaders(), ALL);
	}
}
END_TEST

/* As the devices of the cpuid and msr modules have it: a number is at its own offset. */
static void processor_says(const char *device, off_t at, uint64_t number)
{
	const uint64_t bytes[2] = { number };
	char path[256];
	int fd;

	fake_file("", "/dev/cpu/0/%s", device);
	(void)snprintf(path, sizeof(path), "%s/dev/cpu/0/%s", fake_root(), device);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, bytes, sizeof(bytes), at), sizeof(bytes));
	(void)close(fd);
}

#define GUEST "processor\t: 0\nflags\t\t: fpu hypervisor\n"
#define HOST  "processor\t: 0\nflags\t\t: fpu sev sev_es\n"

START_TEST(asks_the_processor_where_the_log_is_lost)
{
	machine_that_can_jump();
	fake_file(GUEST, "/proc/cpuinfo");
	fake_file("6,7000,1,-;device left promiscuous mode\n", "/dev/kmsg");
	processor_says("cpuid", 0x8000001f, 0);
	ck_assert_uint_eq(loaders(), ALL);
	/* a host that could have such guests, and a guest that cannot be known */
	processor_says("cpuid", 0x8000001f, 2);
	ck_assert_uint_eq(loaders(), THEIRS);
	fake_file(HOST, "/proc/cpuinfo");
	ck_assert_uint_eq(loaders(), ALL);
	processor_says("msr", 0xc0010131, 1);
	ck_assert_uint_eq(loaders(), THEIRS);
	processor_says("msr", 0xc0010131, 6);
	ck_assert_uint_eq(loaders(), ALL);
	fake_file(GUEST, "/proc/cpuinfo");
	ck_assert_uint_eq(loaders(), ALL);
}
END_TEST

START_TEST(believes_a_log_that_is_whole)
{
	machine_that_can_jump();
	fake_file(GUEST, "/proc/cpuinfo");
	processor_says("cpuid", 0x8000001f, 2);
	fake_file("5,0,0,-;Linux version 6.1\n6,1,5,-;Hello\n SUBSYSTEM=pci\n"
		  "6,2,9,-;bye\n",
		  "/dev/kmsg");
	ck_assert_uint_eq(loaders(), ALL);
	fake_file("5,0,0,-;Linux version 6.1\n6,2,5,-;one is missing\n", "/dev/kmsg");
	ck_assert_uint_eq(loaders(), THEIRS);
	fake_file("", "/dev/kmsg");
	ck_assert_uint_eq(loaders(), THEIRS);
	fake_remove("/dev/kmsg");
	ck_assert_uint_eq(loaders(), THEIRS);
}
END_TEST

START_TEST(refuses_a_loader_of_ours_where_memory_is_encrypted)
{
	preflight_start();
	fake_file("", "/sys/devices/system/cpu/sev/vmpl");
	f->preflight.loaders = GATHER;
	preflight_expect(FINDING_REFUSE, "encrypted-memory", "--loader=file");
	f->preflight.loaders = LOAD;
	preflight_expect(FINDING_REFUSE, "encrypted-memory", "--loader=file");
	f->preflight.loaders = THEIRS;
	preflight_expect_no("encrypted-memory");
	fake_remove("/sys/devices/system/cpu/sev");
	f->preflight.loaders = GATHER;
	preflight_expect_no("encrypted-memory");
}
END_TEST

/* An AMD that could, and one that was told to. */
START_TEST(brings_none_where_the_kernel_was_told_to_encrypt_memory)
{
	static const char *const without[] = { "quiet", "mem_encrypt=off",
					       "mem_encrypt=on mem_encrypt=off",
					       "xmem_encrypt=on" };

	machine_that_can_jump();
	fake_file("processor\t: 0\nflags\t\t: fpu sme sev\n", "/proc/cpuinfo");
	for (size_t i = 0; i < array_size(without); i++) {
		fake_file(without[i], "/proc/cmdline");
		ck_assert_uint_eq(loaders(), ALL);
	}
	fake_file("quiet mem_encrypt=on ro\n", "/proc/cmdline");
	ck_assert_uint_eq(loaders(), THEIRS);
	fake_file("quiet\n", "/proc/cmdline");
	fake_file("6.0.19-amd64\n", "/proc/sys/kernel/osrelease");
	ck_assert_uint_eq(loaders(), ALL);
	fake_file("6.1.192-amd64\n", "/proc/sys/kernel/osrelease");
	ck_assert_uint_eq(loaders(), THEIRS);
	fake_file("processor\t: 0\nflags\t\t: fpu\n", "/proc/cpuinfo");
	ck_assert_uint_eq(loaders(), ALL);
}
END_TEST

/* To try, to undo that, and to load at last. */
START_TEST(gathers_only_where_three_loads_are_left)
{
	machine_that_can_jump();
	fake_file("3\n", "/proc/sys/kernel/kexec_load_limit_reboot");
	ck_assert_uint_eq(loaders(), ALL);
	fake_file("2\n", "/proc/sys/kernel/kexec_load_limit_reboot");
	ck_assert_uint_eq(loaders(), ALL & ~GATHER);
	fake_file("-1\n", "/proc/sys/kernel/kexec_load_limit_reboot");
	ck_assert_uint_eq(loaders(), ALL);
	fake_remove("/proc/sys/kernel/kexec_load_limit_reboot");
	ck_assert_uint_eq(loaders(), ALL);
}
END_TEST

/* --- how much memory --- */

/* Of a kernel of 8 MiB that unpacks in 32, an initrd of 64 and an image of 2. */
static uint64_t needed(unsigned int by, char words[512])
{
	f->preflight.loaders = by;
	return preflight_memory(&f->preflight, words, 512);
}

START_TEST(needs_the_target_once_where_nobody_copies_it)
{
	const uint64_t once = MIB(72) + LISTS(128) + MIB(20);
	char words[512];

	preflight_start();
	ck_assert_uint_eq(needed(ALL, words), once);
	ck_assert_str_eq(words, "kernel and initrd once, 72 MiB; lists of their pages, "
				"3.3 MiB; the stage, 20 MiB");
	ck_assert_uint_eq(needed(GATHER, words), once);
	ck_assert_uint_eq(needed(LOAD, words), MIB(72) + LISTS(32) + MIB(20));
	ck_assert_uint_eq(needed(ALL & ~GATHER, words), needed(LOAD, words));
}
END_TEST

START_TEST(needs_it_twice_where_the_kernel_reads_the_files)
{
	const uint64_t twice = 2 * MIB(64) + MIB(8) + MIB(32) + LISTS(32) + MIB(20);
	char words[512];

	preflight_start();
	ck_assert_uint_eq(needed(FILE_ALONE, words), twice);
	ck_assert_str_eq(words, "the initrd twice while loading, 2 x 64 MiB; the kernel, "
				"8.0 MiB, and room for it to unpack, 32 MiB; lists of "
				"their pages, 1.6 MiB; the stage, 20 MiB");
	ck_assert_uint_eq(needed(KEXEC_TOOLS, words), twice);
	/* its header is not known, or does not ask for more than there is */
	f->kernel.init_size = 1;
	ck_assert_uint_eq(needed(FILE_ALONE, words), twice - MIB(24));
	f->preflight.kernel = NULL;
	ck_assert_uint_eq(needed(FILE_ALONE, words), twice - MIB(24));
}
END_TEST

static int in_memory(void)
{
	char path[64];
	int writable = memfd_create("initrd", MFD_CLOEXEC), fd;

	ck_assert_int_eq(fchmod(writable, 0644), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", writable);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	(void)close(writable);
	return fd;
}

START_TEST(needs_no_memory_for_an_initrd_that_is_in_memory)
{
	char words[512];

	preflight_start();
	f->tree.initrd_fd = in_memory();
	ck_assert_uint_eq(needed(ALL, words), MIB(8) + LISTS(128) + MIB(20));
	ck_assert_str_eq(words,
			 "the kernel, 8.0 MiB, while the initrd stays where it is; "
			 "lists of their pages, 3.3 MiB; the stage, 20 MiB");
	/* who copies it has it twice */
	ck_assert_uint_eq(needed(LOAD, words), MIB(72) + LISTS(32) + MIB(20));
}
END_TEST

static void memory_mib(unsigned int total, unsigned int free, unsigned int available)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "MemTotal: %u kB\nMemFree: %u kB\nMemAvailable: %u kB\n",
		       total * 1024, free * 1024, available * 1024);
	fake_file(text, "/proc/meminfo");
}

START_TEST(may_load_more_than_half_of_the_memory_where_it_is_gathered)
{
	preflight_start();
	f->tree.command_line = (char *)"root=fstab";
	memory_mib(130, 130, 130);
	f->preflight.loaders = ALL;
	preflight_expect(FINDING_NOTE, "memory", "95 MiB needed, 130 MiB available");
	f->preflight.loaders = ALL & ~GATHER;
	preflight_expect(FINDING_REFUSE, "memory-half", "no more than half");
}
END_TEST

/* Of the kernel others than ours load as much as it unpacks to. */
START_TEST(knows_what_is_half_of_the_memory_for_each)
{
	preflight_start();
	f->tree.command_line = (char *)"root=fstab";
	memory_mib(144, 500, 500);
	f->preflight.loaders = LOAD;
	preflight_expect_no("memory-half");
	f->preflight.loaders = FILE_ALONE;
	preflight_expect(FINDING_REFUSE, "memory-half",
			 "are 96 MiB, and the kernel loads");
	memory_mib(192, 500, 500);
	preflight_expect_no("memory-half");
}
END_TEST

START_TEST(asks_for_a_crash_kernels_memory_where_that_is_enough)
{
	preflight_start();
	f->preflight.loaders = ALL; /* 95.3 MiB */
	fake_file("33554432\n", "/sys/kernel/kexec_crash_size");
	memory_mib(4000, 4000, 96);
	preflight_expect_no("crash-memory");
	ck_assert(!preflight_wants_crash_memory(&f->preflight));
	memory_mib(4000, 4000, 95);
	preflight_expect(FINDING_WARN, "crash-memory",
			 "memory is short: 95 MiB needed, 95 MiB available (kernel and");
	ck_assert_ptr_nonnull(strstr(f->said, "the 32 MiB that are reserved for a crash "
					      "kernel are given back"));
	ck_assert_ptr_null(preflight_found("memory"));
	ck_assert(preflight_wants_crash_memory(&f->preflight));
	memory_mib(4000, 4000, 63);
	preflight_expect(FINDING_REFUSE, "memory", "too little memory");
	ck_assert(!preflight_wants_crash_memory(&f->preflight));
	fake_remove("/sys/kernel/kexec_crash_size");
	memory_mib(4000, 4000, 95);
	preflight_expect(FINDING_REFUSE, "memory", "too little memory");
}
END_TEST

START_TEST(knows_whether_caches_have_to_give_way)
{
	preflight_start();
	f->preflight.loaders = ALL;
	memory_mib(4000, 96, 3000);
	ck_assert(!preflight_wants_free_memory(&f->preflight));
	memory_mib(4000, 95, 3000);
	ck_assert(preflight_wants_free_memory(&f->preflight));
	f->tree.kernel_fd = -1; /* only the machine is asked for */
	ck_assert(!preflight_wants_free_memory(&f->preflight));
	ck_assert(!preflight_wants_crash_memory(&f->preflight));
}
END_TEST

/* Half of what 64 MiB of initrd and 32 of kernel leave: 80 MiB are a quarter more. */
START_TEST(wants_a_ramfs_where_a_tmpfs_is_short)
{
	static const char *const lines[] = { "root=fstab", "rootfstype=tmpfs",
					     "quiet rootfstype=ramfs",
					     "a root=/dev/x b" };

	preflight_start();
	memory_mib(256, 256, 256);
	ck_assert(!preflight_wants_ramfs(&f->preflight));
	memory_mib(255, 255, 255);
	ck_assert(preflight_wants_ramfs(&f->preflight));
	for (size_t i = 0; i < array_size(lines); i++) {
		f->tree.command_line = (char *)lines[i];
		ck_assert(!preflight_wants_ramfs(&f->preflight));
	}
	f->tree.command_line = (char *)"myroot=1 rootflags=x";
	ck_assert(preflight_wants_ramfs(&f->preflight));
	f->tree.command_line = NULL;
	ck_assert(preflight_wants_ramfs(&f->preflight));
	f->tree.initrd_bytes = 0;
	ck_assert(!preflight_wants_ramfs(&f->preflight));
	f->tree.initrd_bytes = MIB(64);
	fake_remove("/proc/meminfo");
	ck_assert(!preflight_wants_ramfs(&f->preflight));
}
END_TEST

/* --- what else differs --- */

/* kexec_file_load(2) keeps 31 bytes for itself. */
START_TEST(takes_a_longer_command_line_by_a_loader_of_its_own)
{
	static const struct {
		unsigned int loaders;
		size_t max;
	} rows[] = { { ALL, 2047 },
		     { GATHER, 2047 },
		     { LOAD, 2047 },
		     { FILE_ALONE, 2016 },
		     { KEXEC_TOOLS, 2016 } };
	char line[2049];

	preflight_start();
	f->tree.command_line = line;
	for (size_t i = 0; i < array_size(rows); i++) {
		char sentence[64];

		f->preflight.loaders = rows[i].loaders;
		memset(line, 'x', sizeof(line));
		line[rows[i].max] = '\0';
		preflight_expect_no("command-line");
		line[rows[i].max] = 'x';
		line[rows[i].max + 1] = '\0';
		(void)snprintf(sentence, sizeof(sentence), "the kernel takes %zu",
			       rows[i].max);
		preflight_expect(FINDING_REFUSE, "command-line", sentence);
	}
}
END_TEST

START_TEST(warns_of_what_concerns_kexec_file_load_where_nothing_else_is_tried)
{
	preflight_start();
	fake_file("6.6.1-virt\n", "/proc/sys/kernel/osrelease");
	fake_file("# CONFIG_KEXEC_FILE is not set\nCONFIG_KEXEC_SIG_FORCE=y\n",
		  "/boot/config-6.6.1-virt");
	f->preflight.loaders = FILE_ALONE;
	preflight_expect(FINDING_WARN, "no-kexec-file-load", "boot another");
	preflight_expect(FINDING_WARN, "signature-forced", "not signed");
	f->preflight.loaders = ALL;
	preflight_expect_no("no-kexec-file-load");
	preflight_expect_no("signature-forced");
}
END_TEST

UNIT_MAIN("preflight of the loaders", tries_all_on_an_ordinary_machine,
	  tries_the_chosen_one_alone, gives_files_to_the_kernel_in_lockdown,
	  brings_no_page_tables_where_memory_is_encrypted, takes_the_kernels_word_for_it,
	  asks_the_processor_where_the_log_is_lost, believes_a_log_that_is_whole,
	  refuses_a_loader_of_ours_where_memory_is_encrypted,
	  brings_none_where_the_kernel_was_told_to_encrypt_memory,
	  gathers_only_where_three_loads_are_left,
	  needs_the_target_once_where_nobody_copies_it,
	  needs_it_twice_where_the_kernel_reads_the_files,
	  needs_no_memory_for_an_initrd_that_is_in_memory,
	  may_load_more_than_half_of_the_memory_where_it_is_gathered,
	  knows_what_is_half_of_the_memory_for_each,
	  asks_for_a_crash_kernels_memory_where_that_is_enough,
	  knows_whether_caches_have_to_give_way, wants_a_ramfs_where_a_tmpfs_is_short,
	  takes_a_longer_command_line_by_a_loader_of_its_own,
	  warns_of_what_concerns_kexec_file_load_where_nothing_else_is_tried)
