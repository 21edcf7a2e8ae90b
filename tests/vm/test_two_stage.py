# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two hops, by way of a kernel in the middle whose drivers put the hardware to rest; for a
host that cannot do that itself. What goes wrong in the middle leads home as well.
"""

import json
import re
import shutil

import pytest

import middle
from booted import CARD, going_on, plug_in
from landing import TOOL, TREE, assert_landed_clean, assert_sees_efi, jump
from machine import Machine, image_path
from middle import flip_byte, moments
from payload import add_modules as add_test_modules
from payload import add_to_initrd, make_payload
from snapshots import HOME, LANDED, SnapshotMachine

OTHER = "/mnt/payload/kexec-image"
MODULES = "/mnt/payload/modules"
MIB = 1 << 20

IN_THE_MIDDLE = r"in control as PID 1 \(of the middle kernel\)"
NEW_KERNEL = "kexec_core: Starting new kernel"
PID_1 = r"systemd\[1\]: systemd \d+.* running in system mode"


def hops(facts, stages=10):
    """
    The report of each, as the target has it, whose two forms say the same.

    stages -- that the first one went through
    """
    second = json.loads(facts["report_json"])
    first = second.pop("first_hop")
    assert len(first["stages"]) == stages and len(second["stages"]) == 10
    return first, second


def states(report, *skip):
    return {device["state"] for device in report["devices"] if device["name"] not in skip}


@pytest.mark.xdist_group("two-stage-uefi")
def test_lands_by_way_of_the_distros_own_kernel_on_uefi(payload):
    folder, nonce = payload
    with Machine(payload=folder, firmware="uefi", disk="nvme", nic="e1000e", cpus=2) as vm:
        vm.boot(timeout=300)
        built = vm.read(f"{TOOL} build --two-stage {TREE} -o /run/middle.cpio && "
                        "stat -c %s /run/middle.cpio && rm /run/middle.cpio")
        assert int(built.splitlines()[-1]) <= 3 * MIB, built
        print(built)
        console, facts = jump(vm, f"{TOOL} --two-stage {TREE}", nonce, last_breath=4)
        assert re.search(IN_THE_MIDDLE, console)
        assert_landed_clean(vm, console, facts, ["every DM device"])
        assert_sees_efi(facts)
        first, second = hops(facts)
        assert "the middle kernel" in first["target"] and "kexecTree" in second["target"]
        assert first["running"] == second["running"] == 0
        assert first["at_rest"] <= second["at_rest"], "a device got no driver in the middle"


# One machine, set back to its snapshot for each.

in_one_machine = pytest.mark.xdist_group("two-stage")


class Host(SnapshotMachine):
    def go(self, options, also=""):
        """
        Jump, from the snapshot; the outcome, and what the tool said.

        also -- a command to be run before, with QEMU's `edu` plugged in
        """
        self.restore()
        if also:
            plug_in(self, "edu")
            self.run(also)
        said = self.start(options)
        return self.wait_outcome(self.nonce), said

    def start(self, options="--two-stage"):
        said = self.run(f"{TOOL} --takeover=seize --delay 1 {options} {TREE}", timeout=120)
        return said.stdout + said.stderr

    def jump_plainly(self, kernel, initrd, line):
        """Past pivot-kexec, as the kernel does it by itself."""
        self.run(f"{OTHER} load {kernel} {initrd} '{line}' && "
                 f"setsid -f sh -c 'sleep 1; exec {OTHER} jump' </dev/null >/dev/null 2>&1")
        return self.wait_outcome(self.nonce)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """The machine; its target has the driver of a card."""
    folder = tmp_path_factory.mktemp("payload")
    nonce = make_payload(folder, append="target.stay=3600")
    add_test_modules(folder)
    for name in ("moody", "hung"):
        middle.add_modules(folder / f"middle-{name}", "systemd", folder / "modules" / f"{name}.ko")
    other = middle.add_modules(folder / "middle-6.12", "systemd-6.12")
    shutil.copy(image_path("systemd-6.12").with_name("vmlinuz"), folder / "middle-6.12")
    shutil.copy(folder / "modules" / "moody.ko", folder / "nic.ko")
    add_to_initrd(folder, "nic.ko")
    with Host(payload=folder, **going_on()) as vm:
        vm.other, vm.nonce = other, nonce
        vm.prepare()
        yield vm


def assert_landed(vm, outcome):
    """By way of the middle; gives the target's facts."""
    assert outcome == LANDED, vm._tail()
    assert re.search(IN_THE_MIDDLE, vm.console_text())
    return dict(re.findall(r"^(\w+)=(.*)$", vm.verdict_text(), re.M))


def in_the_middle(name, options):
    """The options for a module of ours there; libkmod reads modprobe.d here."""
    return f"echo 'options {name} {options}' > /etc/modprobe.d/{name}.conf"


@in_one_machine
def test_lands_by_way_of_another_version_of_the_kernel(host):
    outcome, said = host.go("--middle-kernel /mnt/payload/middle-6.12/vmlinuz "
                            "--middle-modules /mnt/payload/middle-6.12")
    facts = assert_landed(host, outcome)
    assert f"(Linux {host.other})" in said
    assert f"Linux version {host.other} " in host.console_text()
    assert not facts["kernel"].startswith("6.12")
    assert host.disk_problems() == []
    first, second = hops(facts)
    assert host.other in first["target"]
    assert states(second) == {"at rest", "kept"}


@in_one_machine
def test_lands_by_way_of_the_targets_own_kernel(host):
    """It has no modules: what no driver took is cleared of its bus mastering."""
    outcome, said = host.go("--middle-kernel=target")
    facts = assert_landed(host, outcome)
    assert "there are no modules" in said
    assert host.disk_problems() == []
    first, second = hops(facts)
    assert first["running"] == second["running"] == 0


# A driver that hangs when it is asked to let go, and a process that nothing ends, which
# writes to the root. In one stage the driver alone costs the jump: test_devices.py.
STUBBORN = f"""
insmod {MODULES}/hung.ko && insmod {MODULES}/stuck.ko
cd / && exec setsid -f sh -c 'exec 3>/srv/held; echo half a line >&3; sync /srv/held
	exec echo 1 > /sys/module/stuck/parameters/wait' </dev/null >/dev/null 2>&1
"""


@in_one_machine
def test_a_host_that_cannot_let_go_lands_and_loses_nothing(host):
    """What it costs is said beforehand: the root is not unmounted."""
    outcome, said = host.go("--two-stage=abrupt", also=STUBBORN)
    facts = assert_landed(host, outcome)
    assert "is as after a power cut, and its journal is replayed" in said
    assert "waits in the kernel and cannot be ended" in said
    assert f"no driver for {CARD}" in said
    assert "stays mounted: '/oldroot' (ext4" in host.console_text()
    assert "hangs" not in host.console_text()
    first, second = hops(facts, stages=4)
    assert first["devices"] == [] and states(second) == {"at rest", "kept"}
    print(f"on the disks: {host.disk_problems()}")
    assert host.problems_after_recovery() == []
    held = host.folder / "held"
    assert host.read_file("/srv/held", held) and held.read_text() == "half a line\n"
    assert host.last_row >= host.rows_acknowledged() > 0


# A network card that works only for who finds it as a driver has left it: modules/moody.c

@in_one_machine
def test_a_card_does_not_work_after_a_plain_kexec(host):
    """What two stages are measured against."""
    host.restore()
    plug_in(host, "edu")
    host.run(f"insmod {MODULES}/moody.ko && ip link set moody0 up")
    line = f"console=ttyS0,115200 target.nonce={host.nonce} target.stay=3600"
    assert host.jump_plainly(f"{TREE}/bzImage", f"{TREE}/initrd.gz", line) == LANDED
    assert "in a session of another driver" in host.console_text()
    assert "\nnic=" not in host.verdict_text()


@in_one_machine
def test_a_card_works_after_its_driver_in_the_middle(host):
    """The one here is not even asked to let it go."""
    outcome, said = host.go("--two-stage=abrupt --middle-modules /mnt/payload/middle-moody",
                            also=f"insmod {MODULES}/moody.ko && ip link set moody0 up && "
                                 + in_the_middle("moody", "ends_foreign=1"))
    facts = assert_landed(host, outcome)
    assert "the module 'moody' is not of the kernel itself" in said
    assert f"moody {CARD}: ending a session of another driver" in host.console_text()
    assert facts["nic"] == "moody0" and int(facts["nic_frames"]) > 0, facts


# What goes wrong in the middle

@in_one_machine
def test_a_driver_that_hangs_in_the_middle_leads_home(host):
    """Its module is not waited for; its device's lock is, by the kernel, at the jump."""
    outcome, _said = host.go("--two-stage=abrupt --middle-modules /mnt/payload/middle-hung",
                             also=f"insmod {MODULES}/hung.ko && "
                                  + in_the_middle("hung", "hangs_in_probe=1"))
    console = host.console_text()
    assert "cannot load '/modules/hung.ko'" in console
    assert outcome == HOME, console[-4000:]
    assert host.disk_problems() == []


@in_one_machine
def test_a_page_of_the_target_that_changes_in_the_middle_leads_home(host):
    host.restore()
    host.start()
    host.wait_console(IN_THE_MIDDLE, timeout=120)
    first = int(re.findall(r"RAMDISK: \[mem (0x[0-9a-f]+)-", host.console_text())[-1], 16)
    flip_byte(host, first + MIB)
    assert host.wait_outcome(host.nonce) == HOME
    assert re.search("jumping into .*kexecTree.*pivot-kexec: a page of the target changed "
                     r"before the jump \(frame 0x\w+ or behind\): resetting",
                     host.console_text(), re.S), host._tail()
    assert host.disk_problems() == []


@in_one_machine
@pytest.mark.parametrize("options, why", [
    ("", "the stage is not made for this"),
    ("--two-stage", "no kernel is loaded"),
])
def test_an_init_of_another_jump_in_the_middle_leads_home(host, options, why):
    """The handover of a jump in one stage, and that of one without a target."""
    host.restore()
    host.run(f"{TOOL} build {options} {TREE} -o /run/image")
    assert host.jump_plainly("/vmlinuz", "/run/image", "console=ttyS0,115200") == HOME
    console = host.console_text()
    assert re.search(f"{IN_THE_MIDDLE}.*{why}.*rebooting into the old system", console, re.S)


# What it costs

@in_one_machine
def test_takes_little_longer_than_a_plain_kexec_of_the_same_kernel(host, record_property):
    """
    From the first jump to the second; against the distro's own kernel and initrd, from the
    jump to the distro's init.
    """
    host.restore()
    host.run("kexec --load /vmlinuz --initrd=/initrd.img --reuse-cmdline && "
             "systemd-run --quiet kexec -e")
    jumped, initrd, init = moments(host, NEW_KERNEL, "Run /init as init process", PID_1)
    plain, to_initrd = init - jumped, initrd - jumped
    host.restore()
    host.start()
    jumped, to_middle, again = moments(host, NEW_KERNEL, "Run /init as init process", NEW_KERNEL)
    ours = again - jumped
    assert host.wait_outcome(host.nonce) == LANDED
    record_property("ratio", ours / plain)
    print(f"from the first jump to the second {ours:.1f} s, of a plain kexec to the distro's init "
          f"{plain:.1f} s: {ours / plain:.2f}; to the init of the initrd {to_middle - jumped:.1f} s, "
          f"{to_initrd:.1f} s")
    assert ours < 1.5 * plain
