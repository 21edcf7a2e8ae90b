# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever speaks against the jump is said in one sentence, and nothing has changed."""

import json
import re

import pytest

from untouched import assert_undone, state

# All of them in one machine, in this order: the last ones cannot be taken back.
pytestmark = pytest.mark.xdist_group("refusals")

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"
CASES = "/mnt/payload/cases"


def assert_refuses(vm, command, *parts, sentences=1):
    """
    parts -- regular expressions for what every sentence says, in this order: what is
             wrong, and behind a colon the way out
    """
    before = state(vm)
    result = vm.run(command, check=False, timeout=120)
    assert result.returncode == 1, result.stdout + result.stderr
    lines = [line for line in result.stderr.strip().splitlines()
             if not line.startswith("note: ")]
    assert lines[sentences:] == ["pivot-kexec: nothing was changed"], result.stderr
    for line in lines[:sentences]:
        # what stands in quotes came from the caller and proves nothing
        spoken = re.sub(r"'/mnt/payload[^']*'", "IT", line)
        assert re.search("^pivot-kexec: .*" + ".*".join(parts[:-1]) + ".*: .*" + parts[-1],
                         spoken), line
    assert state(vm) == before


def check_json(vm):
    before = state(vm)
    result = vm.run(f"{TOOL} check --json {TREE}", check=False, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    assert state(vm) == before
    check = json.loads(result.stdout)
    assert check["verdict"] == "clear"
    return check["findings"]


def test_finds_nothing_against_a_machine_that_is_well(vm):
    findings = check_json(vm)
    assert {finding["severity"] for finding in findings} == {"note"}, findings
    assert {"memory", "target-memory"} <= {finding["id"] for finding in findings}


def test_sees_what_hangs_in_the_kernel(vm):
    # who reads from a suspended device waits, and no signal ends that
    vm.run("dmsetup create stuck --table '0 2048 zero' && udevadm settle && "
           "dmsetup suspend --noflush --nolockfs stuck")
    vm.run("setsid dd if=/dev/mapper/stuck of=/dev/null count=1 >/dev/null 2>&1 </dev/null & "
           "sleep 1")
    warned = {finding["id"]: finding["text"] for finding in check_json(vm)
              if finding["severity"] == "warn"}
    vm.run("dmsetup resume stuck && udevadm settle && dmsetup remove --retry stuck")
    assert set(warned) == {"dm-suspended", "stuck-process"}, warned
    assert "(dd)" in warned["stuck-process"]


def test_refuses_who_is_not_root(vm):
    assert_refuses(vm, f"setpriv --reuid=65534 --regid=65534 --clear-groups {TOOL} {TREE}",
                   "this needs root", "run it with sudo")


def test_refuses_in_another_pid_namespace(vm):
    assert_refuses(vm, f"unshare --fork --pid --mount-proc {TOOL} {TREE}",
                   "pid namespace", "run it on the host")


# The cases' names say nothing: see write_cases() in conftest.py.
@pytest.mark.parametrize("case, what, way_out", [
    ("a", "is gzip data", "unpacked with gunzip"),
    ("b", "is an ELF file for x86-64", "name the .*bzImage"),
    ("c", "is a script", "the kernel is the file it loads"),
    ("d", "is text", "name the kernel"),
    ("e", r"is a kernel cut short \(\d+ of \d+ bytes\)", "copy or download it again"),
    ("f", "is an arm64 kernel .* this machine is x86-64", "take a tree built for x86-64"),
    ("g", "is a 32-bit x86 kernel", "a 64-bit one is needed"),
])
def test_refuses_a_kernel_that_is_none_for_this_machine(vm, case, what, way_out):
    assert_refuses(vm, f"{TOOL} --kernel {CASES}/{case} {TREE}", f"IT {what}", way_out)


def test_refuses_a_tree_of_dangling_store_links(vm):
    assert_refuses(vm, f"{TOOL} {CASES}/i", "IT is a dangling link into /nix/store",
                   "copy the tree again .*with scp -r or cp -rL", sentences=3)


def test_refuses_a_command_line_longer_than_the_kernel_takes(vm):
    assert_refuses(vm, f"{TOOL} --append {'x' * 4000} {TREE}",
                   r"the command line has 4\d\d\d bytes, the kernel takes \d+", "shorten it")


def test_refuses_an_initrd_larger_than_the_memory(vm):
    assert_refuses(vm, f"{TOOL} --initrd /srv/huge {TREE}",
                   r"too little memory: 8\.\d GiB needed, \S+ MiB available .*initrd once",
                   "stop services, or use a smaller initrd")


def test_refuses_an_initrd_larger_than_half_of_the_memory(vm):
    assert_refuses(vm, f"{TOOL} --loader=load --initrd /srv/huge {TREE}",
                   r"8\.\d GiB", "no more than half", "use a smaller initrd")


def test_refuses_when_memory_is_too_small_for_two_copies(vm):
    assert_refuses(vm, f"{TOOL} --loader=file --initrd /srv/large {TREE}",
                   r"too little memory: \S+ [MG]iB needed, \S+ MiB available .*twice while loading",
                   "stop services, or use a smaller initrd")


def test_refuses_when_somebody_else_has_loaded_an_image(vm):
    vm.run(f"/mnt/payload/kexec-image load {TREE}/bzImage {TREE}/initrd.gz other=1")
    assert_refuses(vm, f"{TOOL} {TREE}", "loaded already, by somebody else", "--force")
    assert vm.read("cat /sys/kernel/kexec_loaded") == "1"
    vm.run("/mnt/payload/kexec-image unload")


def test_refuses_a_systemd_that_must_not_kexec(vm):
    vm.run("systemctl -q mask kexec.target")
    assert_refuses(vm, f"{TOOL} {TREE}", "kexec.target is masked", "systemctl unmask kexec.target")
    vm.run("systemctl -q unmask kexec.target")


def test_refuses_in_a_container(vm):
    vm.run("touch /run/.containerenv")
    assert_refuses(vm, f"{TOOL} {TREE}", r"container \('/run/.containerenv' exists\)",
                   "run it on the host")
    vm.run("rm /run/.containerenv")


def test_refuses_an_unsigned_kernel_in_lockdown(vm):
    vm.run("mount -t securityfs none /sys/kernel/security 2>/dev/null; "
           "echo integrity > /sys/kernel/security/lockdown")
    assert_refuses(vm, f"{TOOL} --kernel {CASES}/h {TREE}",
                   r"locked down and IT is not signed", "boot without lockdown=")


def test_refuses_a_loader_that_lockdown_forbids(vm):
    before = state(vm)
    result = vm.run(f"{TOOL} --loader=gather {TREE}", check=False, timeout=120)
    assert result.returncode == 1, result.stdout
    assert "Tried: gather: kexec_load (Operation not permitted)" in result.stderr
    assert "the kernel forbids it: lockdown (Secure Boot)" in result.stderr
    assert result.stderr.endswith("pivot-kexec: nothing was changed\n"), result.stderr
    assert_undone(vm, before)


def test_refuses_a_signed_kernel_that_lockdown_does_not_trust(vm):
    """Debian's own: its kernels know the key that signs them from shim, with Secure Boot on."""
    before = state(vm)
    result = vm.run(f"{TOOL} {TREE}", check=False, timeout=120)
    assert result.returncode == 1, result.stdout
    assert "it loads 'bzImage' only if it trusts the key that signed it" in result.stderr
    assert "Tried: file: kexec_file_load (Operation not permitted)" in result.stderr
    assert "does not trust the key that signed this one" in result.stderr
    assert result.stderr.endswith("pivot-kexec: nothing was changed\n"), result.stderr
    assert_undone(vm, before)


def test_refuses_when_kexec_is_disabled(vm):
    # lockdown stays too; the Debian kernel is signed, so this is the one reason
    vm.run("sysctl -q kernel.kexec_load_disabled=1")
    assert_refuses(vm, f"{TOOL} {TREE}", "kernel.kexec_load_disabled = 1", "/etc/sysctl.d")
