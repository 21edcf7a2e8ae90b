# SPDX-License-Identifier: GPL-2.0-or-later
"""After the point of no return, every failure ends in the old distro, up again."""

import pytest

from booted import booted
from payload import make_payload
from untouched import assert_armed, assert_undone, state

# One machine comes home again and again, in this order; the last test switches it off.
pytestmark = pytest.mark.xdist_group("home")

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"

# Unloads the image when systemd has begun to stop its services: no check before
# the takeover can see it. Of what our init loads itself there is none yet.
SABOTAGE = """
cp /mnt/payload/kexec-image /root/
systemd-run --unit=saboteur -p ExecStop='/root/kexec-image unload' -p Type=oneshot \
	-p RemainAfterExit=yes /bin/true
"""


@pytest.fixture(scope="module")
def vm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("payload")
    make_payload(folder)
    with booted(payload=folder) as machine:
        yield machine


def boot_id(vm):
    return vm.read("cat /proc/sys/kernel/random/boot_id")


def assert_comes_home(vm, command, last_words, meanwhile=None):
    """The command's jump fails with these words, and the old distro is up again."""
    before, resets, start = boot_id(vm), vm.resets(), len(vm.console_text())
    vm.run(command)
    if meanwhile:
        vm.run(meanwhile)
    match = vm.wait_console(last_words, timeout=180, start=start)
    # emulated, firmware and boot loader may take minutes after a reset
    vm.wait_console("Linux version", timeout=400, start=start + match.end())
    vm.boot()
    assert boot_id(vm) != before
    assert vm.resets() > resets
    assert vm.verdict_text() == ""
    assert "jumping into" not in vm.console_text()[start:]


def test_comes_home_when_the_image_is_unloaded_behind_our_back(vm):
    vm.run(SABOTAGE)
    assert_comes_home(vm, f"{TOOL} --loader=file {TREE}", "pivot-kexec: no kernel is loaded")
    assert vm.read("wc -l < /srv/lvm/boots") == "2"


def test_comes_home_when_the_handover_is_damaged(vm):
    assert_comes_home(vm, f"{TOOL} --delay 10 {TREE}", "pivot-kexec: the handover is damaged",
                      meanwhile="truncate --size=-10 /run/initramfs/handover")


def test_comes_home_when_the_target_is_damaged_in_the_stage(vm):
    """By as little as a byte; all else is done by then."""
    assert_comes_home(vm, f"{TOOL} --delay 10 {TREE}",
                      "pivot-kexec: cannot load the target: the target's files changed",
                      meanwhile="printf x | dd of=/run/initramfs/payload/kernel bs=1 seek=100000 "
                                "conv=notrunc status=none")


def test_comes_home_by_the_guardian_when_the_time_is_up(vm):
    vm.start_heart()  # sits out the grace time, which is longer than the deadline
    assert_comes_home(vm, f"{TOOL} --takeover=seize --deadline 3 {TREE}",
                      "pivot-kexec: the time is up after 3 s")


def test_comes_home_when_a_hook_fails_that_must_not(vm):
    vm.run("echo 'test $1 = teardown || exit 7' >/root/hook.sh")
    assert_comes_home(vm, f"{TOOL} --hook /root/hook.sh --on-hook-failure=reboot {TREE}",
                      "pivot-kexec: a hook failed")
    assert "'hook.sh' ended with exit code 7" in vm.console_text()


def test_goes_on_as_before_when_pid_1_cannot_be_seized(vm):
    """Not past the point of no return; here, because only a reboot takes this back."""
    before = state(vm)
    start = len(vm.console_text())
    vm.run(f"{TOOL} --delay 10 --takeover=seize {TREE}")
    assert_armed(vm)
    vm.run("sysctl -q kernel.yama.ptrace_scope=3")
    vm.wait_console("pivot-kexec: cannot take PID 1 over", start=start)
    assert_undone(vm, before)


def test_powers_off_when_told_so_during_the_delay(vm):
    resets, start = vm.resets(), len(vm.console_text())
    vm.run(f"{TOOL} --delay 600 {TREE}")
    assert_armed(vm)
    vm.power_off(timeout=180)
    console = vm.console_text()[start:]
    assert "in control as PID 1 (poweroff)" in console
    assert "jumping into" not in console and "Linux version" not in console
    assert vm.resets() == resets
    assert vm.verdict_text() == ""
    assert vm.disk_problems() == []


@pytest.mark.xdist_group("plug")
def test_sees_disks_that_were_not_let_go():
    """The check of the disks can fail, for each of them."""
    with booted() as vm:
        vm.run("touch /srv/lvm/file /srv/loop/file && sync")
        vm.kill()
        problems = "\n".join(vm.disk_problems())
        for disk in ("root", "LVM volume", "loop mount"):
            assert f"{disk}: its journal has to be replayed" in problems
