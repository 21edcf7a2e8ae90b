# SPDX-License-Identifier: GPL-2.0-or-later
"""
The jump lands in the target, and what was promised about the old disks holds. With each
firmware and each init out of a machine that has just booted; out of a kernel that isolates page
tables, too.
"""

import subprocess

from booted import booted
from landing import TOOL, TREE, assert_landed_clean, assert_sees_efi, jump
from machine import ISOLATING_CPU, Machine

# As a program in Go: SIGTERM is handled, and takes its time; SIGHUP kills at once.
FLUSHER = r"""
systemd-run --unit=flusher perl -MIO::Handle -e '
	$SIG{TERM} = sub {
		my $end = time + 3;
		sleep 1 while time < $end;
		open(my $file, ">", "/srv/flushed") or die;
		print $file "all of it\n";
		$file->flush;
		$file->sync;
		exit;
	};
	$SIG{HUP} = "DEFAULT";
	open(my $ready, ">", "/run/flusher");
	sleep 1 while 1'
for _ in $(seq 100); do test -e /run/flusher && break; sleep 0.1; done
test -e /run/flusher
"""


def attach_loop(vm):
    """A loop device that does not go with its last user; gives its name."""
    return vm.read("truncate -s 1M /srv/extra.img && losetup --find --show /srv/extra.img "
                   "| sed s:^/dev/::")


def test_lands_from_systemd_on_bios(payload):
    folder, nonce = payload
    with Machine(payload=folder, cpu=ISOLATING_CPU, cpus=2) as vm:
        vm.boot()
        vm.start_heart("@heart")  # both systemd and our init take it for a storage daemon
        attach_loop(vm)
        console, facts = jump(vm, f"{TOOL} {TREE}", nonce, last_breath=4)
        assert "Stopped database.service" in console, "services were not stopped in order"
        assert "systemd-shutdown" in console
        assert_landed_clean(vm, console, facts, ["every loop device", "every DM device"])


def test_lands_by_seizing_systemd_on_uefi(payload):
    folder, nonce = payload
    with Machine(payload=folder, firmware="uefi", cpu=ISOLATING_CPU, disk="nvme") as vm:
        vm.boot()
        vm.start_heart()
        loop = attach_loop(vm)
        vm.run(FLUSHER)
        console, facts = jump(vm, f"{TOOL} --takeover=seize {TREE}", nonce)
        assert "systemd-shutdown[1]" not in console
        assert_landed_clean(vm, console, facts, [loop, "dm-0"])
        assert_sees_efi(facts)
        flushed = vm.folder / "flushed"
        assert vm.read_file("/srv/flushed", flushed), "a service did not get its time"
        assert flushed.read_text() == "all of it\n"


def test_lands_by_seizing_sysvinit_without_being_told(payload):
    folder, nonce = payload
    with Machine(image="sysvinit", payload=folder, disk="ahci", nic="e1000e") as vm:
        vm.boot()
        console, facts = jump(vm, f"{TOOL} {TREE}", nonce)
        assert "INIT: Switching to runlevel" not in console
        assert_landed_clean(vm, console, facts, ["dm-0"])


def test_lands_from_a_tarball_piped_into_a_service_that_ends(payload):
    """systemd kills what is left in the cgroup of a service or session that ends."""
    folder, nonce = payload
    subprocess.run(["tar", "--zstd", "-cf", folder / "tree.tar.zst", "-C", folder, "result"],
                   check=True)
    with booted(payload=folder) as vm:
        command = f"systemd-run --quiet --pipe --wait {TOOL} - < /mnt/payload/tree.tar.zst"
        console, facts = jump(vm, command, nonce)
        assert_landed_clean(vm, console, facts)
