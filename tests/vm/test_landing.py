# SPDX-License-Identifier: GPL-2.0-or-later
"""The jump lands in the target, and what was promised about the old disks holds."""

import subprocess

from machine import Machine


def jump(vm, command, nonce):
    """Run the tool, wait for the target; gives the console since then and the facts."""
    start = len(vm.console_text())
    vm.run(command)
    facts = vm.wait_verdict(nonce, timeout=240)
    vm.wait_end()
    return vm.console_text()[start:], facts


def report_of(console):
    return "\n".join(line for line in console.splitlines() if "pivot-kexec:" in line)


def assert_landed_clean(vm, console, facts):
    assert facts["foreign_processes"] == "0"
    assert facts["disk_mounts"] == "0"
    assert facts["swaps"] == "0"
    assert "init=/nix/store/" in facts["command_line"]
    assert " 0 left running" in console, report_of(console)
    assert vm.rows_acknowledged() > 0
    assert vm.disk_problems() == []


def test_lands_from_systemd_on_bios(payload):
    folder, nonce = payload
    with Machine(payload=folder, cpus=2) as vm:
        vm.boot()
        console, facts = jump(vm, "/mnt/payload/pivot-kexec /mnt/payload/result", nonce)
        assert "Stopped database.service" in console, "services were not stopped in order"
        assert "systemd-shutdown" in console
        assert_landed_clean(vm, console, facts)


def test_lands_by_seizing_systemd_on_uefi(payload):
    folder, nonce = payload
    with Machine(payload=folder, firmware="uefi", disk="nvme") as vm:
        vm.boot()
        console, facts = jump(
            vm, "/mnt/payload/pivot-kexec --takeover=seize /mnt/payload/result", nonce)
        assert "systemd-shutdown" not in console
        assert "/srv/lvm" in console and "/srv/loop" in console
        assert_landed_clean(vm, console, facts)


def test_lands_by_seizing_sysvinit_without_being_told(payload):
    folder, nonce = payload
    with Machine(image="sysvinit", payload=folder, disk="ahci", nic="e1000e") as vm:
        vm.boot()
        console, facts = jump(vm, "/mnt/payload/pivot-kexec /mnt/payload/result", nonce)
        assert "INIT: Switching to runlevel" not in console
        assert_landed_clean(vm, console, facts)


def test_lands_from_a_tarball_on_standard_input(payload):
    folder, nonce = payload
    subprocess.run(["tar", "--zstd", "-cf", folder / "tree.tar.zst", "-C", folder, "result"],
                   check=True)
    with Machine(payload=folder) as vm:
        vm.boot()
        console, facts = jump(vm, "/mnt/payload/pivot-kexec - < /mnt/payload/tree.tar.zst", nonce)
        assert_landed_clean(vm, console, facts)
