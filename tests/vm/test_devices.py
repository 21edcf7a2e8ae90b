# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices whose drivers do not do what they should; see modules/."""

import contextlib
import re
import subprocess
from typing import NamedTuple

import pytest

from booted import CARD, SLOT, booted, going_on, plug_in
from machine import Machine
from payload import SOURCE, add_modules, add_to_initrd, make_payload
from wire import WORDS, Wire, ends

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"
OTHER = "/mnt/payload/kexec-image"
MODULES = "/mnt/payload/modules"


# A driver that does not come back from its .remove, of QEMU's `edu`. One machine, in this order: home, home
# again, and into the target.

SOON = "--quirk driver:hung=deadline:3"


class Restartable(Machine):
    def end_at_the_next_reset(self):
        self.qmp.command("set-action", reboot="shutdown")

    def start_again(self):
        """From the disks it has written, as after that reset."""
        (self.folder / "root.ext4").unlink(missing_ok=True)
        self.saved = None
        self.options["extra"] = (*SLOT, "-device", "edu,bus=slot-port")
        self._start()


@pytest.fixture(scope="module")
def stubborn(tmp_path_factory):
    """The machine, and the nonce of its target."""
    folder = tmp_path_factory.mktemp("payload")
    nonce = make_payload(folder, append="target.stay=1")
    add_modules(folder)
    with Restartable(payload=folder, **going_on()) as vm:
        vm.boot()
        plug_in(vm, "edu")
        yield vm, nonce


def load_hung(vm, parameters=""):
    vm.run(f"insmod {MODULES}/hung.ko {parameters}")
    return vm.read(f"readlink /sys/bus/pci/devices/{CARD}/driver").rpartition("/")[2]


class Line(NamedTuple):
    """What the init's report says of a device."""

    what: str
    ms: int
    state: str
    detail: str


def report(console):
    lines = re.findall(r"pivot-kexec: {7}(\S+) +(.*?) +(\d+) ms  (\S.*?)  +(\S.*)$", console, re.M)
    return {name: Line(what, int(ms), *rest) for name, what, ms, *rest in lines}


def assert_hung_alone(console):
    """The report names the device, and all the others are at rest."""
    lines = report(console)
    hung = lines.pop(CARD)
    assert ", hung, " in hung.detail and hung.state.startswith("hangs"), hung
    assert hung.ms >= 3000, hung
    others = {name: line for name, line in lines.items() if line.what != "kept"}
    # the last of all: the card is deeper
    assert others["0000:00:1f.3"].what == "unbound", "what came after it was left"
    assert {line.state for line in others.values()} == {"at rest"}, others
    assert re.search(r"pivot-kexec: \d+ devices at rest, .*\b1 left running", console)


@pytest.mark.xdist_group("devices")
def test_a_remove_that_hangs_costs_the_jump_and_nothing_else(stubborn):
    """
    Unbound by PID 1 itself, the device would hang the machine; and so would an ordinary
    reboot, which waits for the device's lock.
    """
    vm, _nonce = stubborn
    assert load_hung(vm) == "hung"
    start = len(vm.console_text())
    vm.end_at_the_next_reset()
    vm.run(f"{TOOL} {SOON} {TREE}")
    vm.wait_console("rebooting into the old system", timeout=240, start=start)
    vm.wait_end()
    assert [event["data"]["reason"] for event in vm.events
            if event["event"] == "SHUTDOWN"] == ["guest-reset"]
    console = vm.console_text()[start:]
    assert_hung_alone(console)
    assert "jumping into" not in console
    assert vm.disk_problems() == []
    vm.start_again()
    vm.boot(timeout=400)
    assert vm.verdict_text() == ""


@pytest.mark.xdist_group("devices")
def test_a_jump_tried_with_a_hung_device_ends_at_home(stubborn):
    """The kernel waits for the device in its own shutdown: only sysrq gets out of there."""
    vm, _nonce = stubborn
    load_hung(vm)
    resets, start = vm.resets(), len(vm.console_text())
    vm.run(f"{TOOL} --on-hang=jump {SOON} {TREE}")
    jump = vm.wait_console("pivot-kexec: .*jumping into", timeout=240, start=start)
    assert_hung_alone(vm.console_text()[start:])
    start += jump.end()
    home = vm.wait_console("pivot-kexec: .*into the old system", timeout=120, start=start)
    vm.wait_console("Linux version", timeout=400, start=start + home.end())
    vm.boot(timeout=400)
    assert vm.resets() > resets
    assert vm.verdict_text() == ""


@pytest.mark.xdist_group("devices")
def test_a_remove_that_is_slow_is_waited_for(stubborn):
    """A deadline that is too short would take it for a hung one, and cost the jump."""
    vm, nonce = stubborn
    assert load_hung(vm, "remove_seconds=5") == "slow"
    start = len(vm.console_text())
    vm.run(f"{TOOL} {TREE}")
    vm.wait_verdict(nonce, timeout=240)
    vm.wait_end()
    slow = report(vm.console_text()[start:])[CARD]
    assert slow.what == "unbound" and slow.state == "at rest", slow
    assert ", slow, " in slow.detail and slow.ms >= 5000, slow
    assert vm.disk_problems() == []


# NICs that kexec does not stop

# More than one: it may happen that a NIC's memory is what the target's kernel takes for
# itself, and does not watch.
NICS = [f"0000:00:{slot}.0" for slot in (11, 12, 13, 14)]
FRAMES = 16  # few: where a descriptor leads to itself, the next ones write over the frame
MEMORY_MIB = 512  # the less, the sooner it is filled
# pci=off: else the target's own kernel stops what it finds running. nokaslr: the kernel
# stays where it was loaded, at the end of memory; what devices use is at the beginning.
WATCH = "pci=off nokaslr rdinit=/stale-dma target.watch=8"


def add_watcher(folder):
    subprocess.run(["musl-gcc", "-static", "-O2", "-idirafter", SOURCE / "build" / "uapi",
                    SOURCE / "tests" / "vm" / "stale-dma.c", "-o", folder / "stale-dma"],
                   check=True)
    add_to_initrd(folder, "stale-dma")


def nic_arguments():
    for number, address in enumerate(NICS, 1):
        yield "-device"
        yield f"e1000,netdev=wire{number},addr={address[8:10]},romfile="


@contextlib.contextmanager
def flaky_nics(folder):
    """A machine with NICs that are armed and will not be stopped; their cable, its nonce."""
    nonce = make_payload(folder, append=WATCH)
    add_watcher(folder)
    add_modules(folder)
    with Wire() as wire, booted(payload=folder, memory_mib=MEMORY_MIB,
                                extra=(*ends(len(NICS)), *nic_arguments())) as vm:
        wire.connect(vm)
        for nic in NICS:
            vm.wait_until("link", f"grep -qx 1 /sys/bus/pci/devices/{nic}/net/*/carrier")
        vm.run(f"insmod {MODULES}/flaky.ko devices={','.join(NICS)}")
        yield vm, wire, nonce


def send_frames(vm, wire):
    """Once the target watches its memory; gives whether what comes in is found there."""
    vm._wait("watching target", 240, lambda: "\nwatching=yes\n" in vm.verdict_text(),
             need_qemu=False)
    wire.send(FRAMES)
    return vm.memory_holds(WORDS * 4)


def test_nics_that_kexec_does_not_stop_write_into_the_target(tmp_path):
    """
    What pivot-kexec is measured against. Were it not so, that a target's memory stays as
    it is would prove nothing of who came before. What the target says of it is not waited
    for: now and then its kernel is hit, and dies.
    """
    with flaky_nics(tmp_path) as (vm, wire, nonce):
        command_line = f"console=ttyS0,115200 {WATCH} target.nonce={nonce}"
        vm.run(f"{OTHER} load {TREE}/bzImage {TREE}/initrd.gz '{command_line}'")
        vm.run(f"setsid -f sh -c 'sleep 1; exec {OTHER} jump' </dev/null >/dev/null 2>&1")
        assert send_frames(vm, wire)


def test_nics_that_kexec_does_not_stop_are_at_rest_after_a_jump(tmp_path):
    """Without the teardown, they write into the target's memory: see above."""
    with flaky_nics(tmp_path) as (vm, wire, nonce):
        vm.run(f"{TOOL} --takeover=seize {TREE}")
        assert not send_frames(vm, wire)
        facts = vm.wait_verdict(nonce)
        assert int(facts["filled_mib"]) > MEMORY_MIB * 3 // 4, "little was watched"
        assert facts["changed_bytes"] == "0", facts
        vm.wait_end()
        lines = report(vm.console_text())
        for nic in NICS:
            assert ", e1000, " in lines[nic].detail and lines[nic].state == "at rest", lines
