// SPDX-License-Identifier: GPL-2.0-or-later

/* What is known beforehand of kernels, firmware, guests, watchdogs and memory. */

#include <stdio.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-preflight.h"
#include "fake-root.h"
#include "pivot/base/macros.h"
#include "unit.h"

static struct fake_preflight *const f = &fake_preflight;

static void boot_parameters(unsigned char secure_boot)
{
	unsigned char data[4096] = { [0x1ec] = secure_boot };

	fake_bytes(data, sizeof(data), "/sys/kernel/boot_params/data");
}

START_TEST(finds_only_memory_worth_a_note_on_a_good_machine)
{
	preflight_start();
	ck_assert_uint_eq(preflight_run(), 0);
	ck_assert_str_eq(f->said, "");
	ck_assert_uint_eq(f->findings.n, 2);
	ck_assert_ptr_nonnull(preflight_found("memory"));
	ck_assert_ptr_nonnull(preflight_found("target-memory"));
}
END_TEST

START_TEST(shows_the_arithmetic_of_memory)
{
	preflight_start();
	preflight_expect(FINDING_NOTE, "memory",
			 "memory: 190 MiB needed, 2.9 GiB available (the initrd twice "
			 "while loading, 2 x 64 MiB;");
	preflight_expect(FINDING_NOTE, "target-memory",
			 "64 MiB, may become 1.9 GiB when it is unpacked (a tmpfs, half "
			 "of what it and the kernel leave of 3.8 GiB; all with '--append "
			 "rootfstype=ramfs')");
}
END_TEST

/* 500 MB on 1200 MB: half of what is left is less than the initrd itself. */
START_TEST(warns_of_an_initrd_that_a_tmpfs_cuts_off)
{
	static const char *const unlimited[] = { "rootfstype=ramfs", "root=fstab",
						 "a root=/dev/sda1 b",
						 "rootfstype=ext4 ro" };
	static const char *const limited[] = { "init=/init", "",
					       "rootfstype=tmpfs root=x",
					       "myroot=/dev/sda1", "root" };

	preflight_start();
	fake_file("MemTotal: 1200000 kB\nMemAvailable: 1190000 kB\n", "/proc/meminfo");
	f->tree.initrd_bytes = 500 << 20;
	for (size_t i = 0; i < array_size(limited); i++) {
		f->tree.command_line = (char *)limited[i];
		preflight_expect(FINDING_WARN, "target-memory",
				 "'--append rootfstype=ramfs' lifts that");
	}
	for (size_t i = 0; i < array_size(unlimited); i++) {
		f->tree.command_line = (char *)unlimited[i];
		preflight_expect(FINDING_NOTE, "target-memory", "a ramfs, all");
	}
}
END_TEST

START_TEST(warns_of_a_kernel_without_kexec_file_load)
{
	preflight_start();
	fake_file("6.6.1-virt\n", "/proc/sys/kernel/osrelease");
	fake_file("CONFIG_KEXEC=y\n# CONFIG_KEXEC_FILE is not set\n",
		  "/boot/config-6.6.1-virt");
	preflight_expect(FINDING_WARN, "no-kexec-file-load", "/boot/config-6.6.1-virt");
	fake_remove("/boot/config-6.6.1-virt");
	fake_file("# CONFIG_KEXEC_FILE is not set", "/lib/modules/6.6.1-virt/config");
	preflight_expect(FINDING_WARN, "no-kexec-file-load", "/lib/modules");
	fake_file("CONFIG_KEXEC_FILE=y\n", "/lib/modules/6.6.1-virt/config");
	preflight_expect_no("no-kexec-file-load");
}
END_TEST

START_TEST(warns_of_a_kernel_that_takes_signed_ones_only)
{
	preflight_start();
	fake_file("5.14.0\n", "/proc/sys/kernel/osrelease");
	fake_file("CONFIG_KEXEC_SIG=y\nCONFIG_KEXEC_SIG_FORCE=y\n",
		  "/boot/config-5.14.0");
	preflight_expect(FINDING_WARN, "signature-forced", "'result/bzImage'");
	f->kernel.is_signed = true;
	preflight_expect_no("signature-forced");
	f->kernel.is_signed = false;
	fake_file("CONFIG_KEXEC_SIG=y\n# CONFIG_KEXEC_SIG_FORCE is not set\n",
		  "/boot/config-5.14.0");
	preflight_expect_no("signature-forced");
}
END_TEST

START_TEST(notes_secure_boot_without_lockdown)
{
	preflight_start();
	boot_parameters(3);
	preflight_expect(FINDING_NOTE, "secure-boot", "not signed");
	boot_parameters(2);
	preflight_expect_no("secure-boot");
}
END_TEST

START_TEST(tells_lockdown_by_secure_boot_from_another)
{
	preflight_start();
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	boot_parameters(3);
	preflight_expect(FINDING_REFUSE, "lockdown", "turn Secure Boot off");
	f->kernel.is_signed = true;
	preflight_expect(FINDING_NOTE, "signature",
			 "locked down (Secure Boot): it loads");
	boot_parameters(2);
	preflight_expect(FINDING_NOTE, "signature", "locked down: it loads");
}
END_TEST

START_TEST(warns_of_an_ima_policy_about_kernels)
{
	preflight_start();
	fake_file("measure func=KEXEC_KERNEL_CHECK\nappraise func=MODULE_CHECK\n",
		  "/sys/kernel/security/ima/policy");
	preflight_expect_no("ima-policy");
	fake_file("measure func=MODULE_CHECK\nappraise func=KEXEC_KERNEL_CHECK "
		  "appraise_type=imasig\n",
		  "/sys/kernel/security/ima/policy");
	preflight_expect(FINDING_WARN, "ima-policy", "IMA signature");
	fake_remove("/sys/kernel/security/ima/policy");
	fake_file("quiet ima_policy=tcb|secure_boot\n", "/proc/cmdline");
	preflight_expect(FINDING_WARN, "ima-policy", "IMA signature");
}
END_TEST

START_TEST(refuses_a_paravirtual_xen_domain)
{
	preflight_start();
	fake_file("HVM\n", "/sys/hypervisor/guest_type");
	preflight_expect_no("xen-pv");
	fake_file("PVH\n", "/sys/hypervisor/guest_type");
	preflight_expect_no("xen-pv");
	fake_file("PV\n", "/sys/hypervisor/guest_type");
	preflight_expect(FINDING_REFUSE, "xen-pv", "HVM or PVH");
}
END_TEST

START_TEST(warns_of_confidential_guests)
{
	preflight_start();
	fake_file("processor\t: 0\nflags\t\t: fpu tdx_guest_not sme sev\n",
		  "/proc/cpuinfo");
	preflight_expect_no("tdx-guest");
	fake_file("processor\t: 0\nflags\t\t: fpu tdx_guest sme\nbugs\t\t:\n",
		  "/proc/cpuinfo");
	fake_file("6.8.0-31\n", "/proc/sys/kernel/osrelease");
	preflight_expect(FINDING_WARN, "tdx-guest", "only since 6.11");
	fake_file("6.11.0\n", "/proc/sys/kernel/osrelease");
	preflight_expect(FINDING_WARN, "tdx-guest", "(TDX): the target");
	fake_remove("/proc/cpuinfo");
	fake_file("", "/sys/class/misc/sev-guest/dev");
	preflight_expect(FINDING_WARN, "sev-guest", "only since");
}
END_TEST

START_TEST(notes_a_guest_of_hyperv)
{
	preflight_start();
	fake_file("", "/sys/bus/vmbus/uevent");
	preflight_expect(FINDING_NOTE, "hyper-v", "serial console");
}
END_TEST

START_TEST(warns_of_processors_that_were_seen_to_fail)
{
	preflight_start();
	fake_file("processor\t: 0\nmodel name\t: Intel(R) Celeron(R) N5105 @ 2.00GHz\n"
		  "bugs\t\t: spectre_v1\n",
		  "/proc/cpuinfo");
	preflight_expect(FINDING_WARN, "processor", "N5105");
	fake_file("model name\t: QEMU Virtual CPU\nbugs\t\t: spectre_v1 tdx_pw_mce\n",
		  "/proc/cpuinfo");
	preflight_expect(FINDING_WARN, "tdx-host", "TDX off");
	ck_assert_ptr_null(preflight_found("processor"));
}
END_TEST

START_TEST(warns_of_efi_without_a_memory_map)
{
	preflight_start();
	fake_file("64\n", "/sys/firmware/efi/fw_platform_size");
	preflight_expect(FINDING_WARN, "efi-no-runtime-map", "noruntime");
	fake_file("", "/sys/firmware/efi/runtime-map/0/type");
	preflight_expect_no("efi-no-runtime-map");
}
END_TEST

START_TEST(warns_of_a_live_update_session)
{
	preflight_start();
	machine_process(.pid = 310, .name = "luod");
	fake_symlink("anon_inode:[luo_session] vm1", "/proc/310/fd/5");
	preflight_expect_no("live-update"); /* a kernel without it */
	fake_file("", "/sys/class/misc/liveupdate/dev");
	preflight_expect(FINDING_WARN, "live-update", "process 310 (luod)");
	fake_remove("/proc/310/fd/5");
	fake_symlink("anon_inode:[eventpoll]", "/proc/310/fd/5");
	preflight_expect_no("live-update");
}
END_TEST

START_TEST(arms_no_watchdog_that_is_not_there)
{
	preflight_start();
	f->options.handover.watchdog_s = 300;
	preflight_expect(FINDING_REFUSE, "no-watchdog", "there is no hardware watchdog");
	machine_watchdog(.name = "watchdog0", .state = "inactive");
	preflight_expect_no("no-watchdog");
}
END_TEST

START_TEST(says_which_watchdogs_run)
{
	preflight_start();
	machine_watchdog(.name = "watchdog0", .state = "inactive");
	preflight_expect_no("watchdog");
	fake_remove("/sys/class/watchdog/watchdog0");
	machine_watchdog(.name = "watchdog1", .state = "active", .identity = "iTCO_wdt",
			 .device = "platform/other");
	preflight_expect(FINDING_NOTE, "watchdog", "watchdog1 (iTCO_wdt) runs");
	fake_remove("/sys/class/watchdog/watchdog1");
	machine_watchdog(.name = "watchdog2", .state = "active", .nowayout = "1",
			 .timeout = "42", .device = "platform/third");
	preflight_expect(FINDING_WARN, "watchdog-nowayout", "feed it within 42 s");
	fake_file("0\n", "/sys/class/watchdog/watchdog2/timeout");
	preflight_expect(FINDING_WARN, "watchdog-nowayout",
			 "feed it within an unknown time");
}
END_TEST

START_TEST(counts_refusals_that_do_not_fit)
{
	static struct findings findings;

	for (int i = 0; i < FINDINGS_MAX; i++)
		find_note(&findings, "memory", "%d", i);
	find_refusal(&findings, "lockdown", "%s", "no");
	ck_assert_uint_eq(findings.refusals, 1);
	ck_assert_uint_eq(findings.n_dropped, 1);
	ck_assert_uint_eq(findings.n, FINDINGS_MAX);
}
END_TEST

UNIT_MAIN("preflight of the machine", finds_only_memory_worth_a_note_on_a_good_machine,
	  shows_the_arithmetic_of_memory, warns_of_an_initrd_that_a_tmpfs_cuts_off,
	  warns_of_a_kernel_without_kexec_file_load,
	  warns_of_a_kernel_that_takes_signed_ones_only,
	  notes_secure_boot_without_lockdown, tells_lockdown_by_secure_boot_from_another,
	  warns_of_an_ima_policy_about_kernels, refuses_a_paravirtual_xen_domain,
	  warns_of_confidential_guests, notes_a_guest_of_hyperv,
	  warns_of_processors_that_were_seen_to_fail, warns_of_efi_without_a_memory_map,
	  warns_of_a_live_update_session, arms_no_watchdog_that_is_not_there,
	  says_which_watchdogs_run, counts_refusals_that_do_not_fit)
