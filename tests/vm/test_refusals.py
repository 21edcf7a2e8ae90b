# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever speaks against the jump is said in one sentence, and nothing has changed."""

import gzip
import struct

import pytest

from machine import Machine
from payload import make_payload

# All of them in one machine, in this order: the last two cannot be taken back.
pytestmark = pytest.mark.xdist_group("refusals")

TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"
CASES = "/mnt/payload/cases"

def write_cases(folder, tree):
    """Files that are not a kernel for this machine."""
    kernel = (tree / "bzImage").read_bytes()
    folder.mkdir()
    (folder / "gzip").write_bytes(gzip.compress(kernel[:100_000]))
    (folder / "elf").write_bytes(b"\x7fELF\x02\x01\x01".ljust(64, b"\0") + bytes(4096))
    (folder / "text").write_text("#!/bin/sh\necho I am no kernel\n" * 50)
    (folder / "truncated").write_bytes(kernel[: len(kernel) // 2])
    # Documentation/arm64/booting.rst: "ARM\x64" at 56
    (folder / "arm64").write_bytes(b"MZ".ljust(56, b"\0") + b"ARM\x64" + bytes(100_000))
    # Documentation/x86/boot.rst: bit 0 of xloadflags says there is a 64-bit entry
    (flags,) = struct.unpack_from("<H", kernel, 0x236)
    i386 = bytearray(kernel)
    struct.pack_into("<H", i386, 0x236, flags & ~1)
    (folder / "i386").write_bytes(i386)
    # PE/COFF: the fifth entry of the data directory names the signature
    (pe,) = struct.unpack_from("<I", kernel, 0x3C)
    unsigned = bytearray(kernel)
    struct.pack_into("<II", unsigned, pe + 24 + 112 + 4 * 8, 0, 0)
    (folder / "unsigned").write_bytes(unsigned)
    store = folder / "store"
    store.mkdir()
    for name in ("bzImage", "initrd.gz", "kexec-boot"):
        (store / name).symlink_to(f"/nix/store/5yzj8pq1m9d3xv0k7c2s4w6r8f1g3h5n-tree/{name}")


@pytest.fixture(scope="module")
def vm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("payload")
    make_payload(folder)
    write_cases(folder / "cases", folder / "result")
    with Machine(payload=folder) as machine:
        machine.boot()
        machine.run("truncate -s 8G /srv/huge && chmod 755 /root")
        yield machine


def state(vm):
    """What a refusal must leave as it was."""
    return {
        "kexec_loaded": vm.read("cat /sys/kernel/kexec_loaded"),
        "mounts": vm.read("cat /proc/1/mounts"),
        "files": vm.read("find /run /tmp /var/tmp /root /dev/shm -xdev "
                         "-not -path '/run/systemd/*' -not -path '/run/udev/*' | sort"),
        "processes": vm.run("pgrep -l pivot-kexec", check=False).stdout,
    }


def assert_refuses(vm, command, *words, sentences=1):
    before = state(vm)
    result = vm.run(command, check=False, timeout=120)
    assert result.returncode == 1, result.stdout + result.stderr
    lines = result.stderr.strip().splitlines()
    assert lines[sentences:] == ["pivot-kexec: nothing was changed"], result.stderr
    for word in words:
        assert word.lower() in lines[0].lower()
    assert state(vm) == before


def test_refuses_who_is_not_root(vm):
    assert_refuses(vm, f"setpriv --reuid=65534 --regid=65534 --clear-groups {TOOL} {TREE}", "root")


def test_refuses_in_another_pid_namespace(vm):
    assert_refuses(vm, f"unshare --fork --pid --mount-proc {TOOL} {TREE}", "namespace")


@pytest.mark.parametrize("case, word", [
    ("gzip", "gzip"), ("elf", "ELF"), ("text", "text"), ("truncated", "truncated"),
    ("arm64", "arm64"), ("i386", "32-bit"),
])
def test_refuses_a_kernel_that_is_none_for_this_machine(vm, case, word):
    assert_refuses(vm, f"{TOOL} --kernel {CASES}/{case} {TREE}", word)


def test_refuses_a_tree_of_dangling_store_links(vm):
    assert_refuses(vm, f"{TOOL} {CASES}/store", "dangling", "/nix/store", sentences=3)


def test_refuses_a_command_line_longer_than_the_kernel_takes(vm):
    assert_refuses(vm, f"{TOOL} --append {'x' * 4000} {TREE}", "command line")


def test_refuses_when_memory_is_too_small(vm):
    assert_refuses(vm, f"{TOOL} --initrd /srv/huge {TREE}", "memory")


def test_refuses_when_somebody_else_has_loaded_an_image(vm):
    vm.run(f"/mnt/payload/kexec-image load {TREE}/bzImage {TREE}/initrd.gz other=1")
    assert_refuses(vm, f"{TOOL} {TREE}", "already", "--force")
    assert vm.read("cat /sys/kernel/kexec_loaded") == "1"
    vm.run("/mnt/payload/kexec-image unload")


def test_refuses_in_a_container(vm):
    vm.run("touch /run/.containerenv")
    assert_refuses(vm, f"{TOOL} {TREE}", "container", "/run/.containerenv")
    vm.run("rm /run/.containerenv")


def test_refuses_an_unsigned_kernel_in_lockdown(vm):
    vm.run("mount -t securityfs none /sys/kernel/security 2>/dev/null; "
           "echo integrity > /sys/kernel/security/lockdown")
    assert_refuses(vm, f"{TOOL} --kernel {CASES}/unsigned {TREE}", "Secure Boot", "unsigned")


def test_refuses_when_kexec_is_disabled(vm):
    # lockdown stays too; the Debian kernel is signed, so this is the one reason
    vm.run("sysctl -q kernel.kexec_load_disabled=1")
    assert_refuses(vm, f"{TOOL} {TREE}", "kexec_load_disabled")
