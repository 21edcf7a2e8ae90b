# SPDX-License-Identifier: GPL-2.0-or-later
"""After the point of no return, every failure ends in the old distro, up again."""

from machine import Machine

# Unloads the image when systemd has begun to stop its services: no check before
# the takeover can see it.
SABOTAGE = """
cp /mnt/payload/kexec-image /root/
systemd-run --unit=saboteur -p ExecStop='/root/kexec-image unload' -p Type=oneshot \
	-p RemainAfterExit=yes /bin/true
"""


def boot_id(vm):
    return vm.read("cat /proc/sys/kernel/random/boot_id")


def test_comes_home_when_the_image_is_unloaded_behind_our_back(payload):
    folder, _nonce = payload
    with Machine(payload=folder) as vm:
        vm.boot()
        before = boot_id(vm)
        vm.run(SABOTAGE)
        start = len(vm.console_text())
        vm.run("/mnt/payload/pivot-kexec /mnt/payload/result")
        vm.wait_console("pivot-kexec: .*rebooting into the old system", timeout=180, start=start)
        vm.wait_console("Linux version", timeout=120, start=len(vm.console_text()))
        vm.boot()
        assert boot_id(vm) != before
        assert vm.resets() >= 1
        assert vm.verdict_text() == ""
        assert vm.read("wc -l < /srv/lvm/boots") == "2"
        vm.power_off()
        assert vm.disk_problems() == []


def test_sees_a_disk_that_was_not_let_go():
    """The check of the disks can fail."""
    with Machine() as vm:
        vm.boot()
        vm.kill()
        assert any("journal" in problem for problem in vm.disk_problems())
