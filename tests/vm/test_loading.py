# SPDX-License-Identifier: GPL-2.0-or-later
"""
The target gets loaded in every way, out of every kernel, and where memory is short. By the
default loader, out of Debian's own kernel, it is in all the other tests.
"""

import hashlib
import re
import subprocess
from typing import NamedTuple

import pytest

from booted import booted
from keep import OPTIONS, assert_kept, prepare
from landing import TOOL, TREE, assert_landed_clean, assert_sees_efi, jump
from machine import QUICK_CPU, Machine, image_path
from payload import make_payload

MIB = 1 << 20
SMALL_MIB = 544


@pytest.mark.parametrize("loader, firmware, takeover", [
    ("load", "uefi", "systemd"),
    ("file", "bios", "seize"),
    ("kexec-tools", "bios", "systemd"),
])
def test_each_loader_lands(payload, loader, firmware, takeover):
    folder, nonce = payload
    with booted(payload=folder, firmware=firmware) as vm:
        expected = prepare(vm)
        console, facts = jump(
            vm, f"{TOOL} --loader={loader} --takeover={takeover} {OPTIONS} {TREE}", nonce)
        assert_landed_clean(vm, console, facts, has_report=False)
        assert_kept(facts, expected)
        if loader == "load":
            assert_sees_efi(facts)


def test_lands_out_of_secure_boot(payload):
    """By the one loader that asks who has signed the kernel: shim has brought Debian's key."""
    folder, nonce = payload
    with Machine(payload=folder, firmware="secure") as vm:
        vm.boot()
        assert "[integrity]" in vm.read("cat /sys/kernel/security/lockdown")
        result = vm.run(f"{TOOL} check {TREE}")
        assert "locked down (Secure Boot): it loads 'bzImage' only if" in result.stdout
        console, facts = jump(vm, f"{TOOL} {TREE} 2>&1 | grep '(loader: file)'", nonce)
        assert_landed_clean(vm, console, facts, has_report=False)
        assert_sees_efi(facts)


class Running(NamedTuple):
    image: str
    oldest: tuple  # its release, at least
    takeover: str
    initrd: str = ""  # where it lies in memory, and stays
    cpu: str = QUICK_CPU
    paging_levels: int = 4


KERNELS = {
    "5.10": Running("systemd-5.10", (5, 10), "systemd"),
    "6.12": Running("systemd-6.12", (6, 12), "seize", "/dev/shm", "max,la57=on", 5),
    "newest": Running("systemd-newest", (7,), "systemd", "/mnt/memory"),
}


def put_in_memory(vm, place):
    """The tree, on a tmpfs; gives where."""
    vm.run(f"mkdir -p {place} && {{ mountpoint -q {place} || mount -t tmpfs none {place}; }} && "
           f"cp -r {TREE} {place}/")
    return f"{place}/result"


@pytest.mark.parametrize("kernel", KERNELS)
def test_lands_out_of_every_kernel(payload, kernel):
    folder, nonce = payload
    running = KERNELS[kernel]
    with Machine(image=running.image, payload=folder, cpu=running.cpu) as vm:
        vm.boot()
        release = vm.read("uname -r")
        assert tuple(map(int, re.findall(r"\d+", release)[:2])) >= running.oldest, release
        has_5_levels = vm.run("grep -qw la57 /proc/cpuinfo", check=False).returncode == 0
        assert has_5_levels == (running.paging_levels == 5)
        tree = put_in_memory(vm, running.initrd) if running.initrd else TREE
        command = f"{TOOL} --delay 10 --takeover={running.takeover} {tree} && sleep 2"
        if running.initrd:
            command += " && test -L /run/initramfs/payload/initrd"
        console, facts = jump(vm, command, nonce)
        print(f"out of {release}, {running.paging_levels} levels: {facts['report']}")
        assert_landed_clean(vm, console, facts)
        assert int(facts["paging_levels"]) == running.paging_levels
        assert "loading it again" not in console, "pages have moved"


def make_ballast(folder, mib):
    """A file that nothing makes smaller; gives its checksum as md5sum prints it."""
    checksum = hashlib.md5()
    with open("/dev/urandom", "rb") as source, open(folder / "ballast", "wb") as file:
        for _ in range(mib):
            data = source.read(MIB)
            checksum.update(data)
            file.write(data)
    return f"{checksum.hexdigest()}  -"


def align(file, size):
    file.write(bytes(-file.tell() % size))


def footprint_mib(vm):
    """What the distro takes of its memory."""
    total, available = (int(vm.read(f"sed -n 's/^{name}: *\\([0-9]*\\).*/\\1/p' /proc/meminfo"))
                        for name in ("MemTotal", "MemAvailable"))
    print(f"of {vm.options['memory_mib']} MiB the kernel leaves {total >> 10}, "
          f"the distro {available >> 10}")
    return vm.options["memory_mib"] - (available >> 10)


def jump_with(vm, nonce, words=""):
    """Nothing of the tree's own command line is left, and no root= that would give room."""
    words = f"console=ttyS0,115200 target.nonce={nonce} target.stay=1 {words}"
    return jump(vm, f"{TOOL} --command-line '{words}' {TREE}", nonce, timeout=600)


def test_lands_with_an_initrd_of_600_mb_in_1536_mib(tmp_path):
    """More than the kernel would take by itself, which is half of the memory."""
    nonce = make_payload(tmp_path)
    ballast = make_ballast(tmp_path, 600)
    with open(tmp_path / "result" / "initrd.gz", "ab") as initrd:
        align(initrd, 4)
        initrd.flush()
        subprocess.run(["cpio", "--quiet", "--create", "--format=newc"], check=True,
                       cwd=tmp_path, input=b"ballast\n", stdout=initrd)
    (tmp_path / "ballast").unlink()
    with Machine(payload=tmp_path, memory_mib=1536) as vm:
        vm.boot()
        footprint_mib(vm)
        console, facts = jump_with(vm, nonce)
        assert facts["ballast"] == ballast
        assert " rootfstype=ramfs" in facts["command_line"]
        assert_landed_clean(vm, console, facts)


def test_lands_with_an_initrd_of_300_mb_in_little_more_memory(tmp_path):
    """
    The target does not unpack it, for which it would need twice the memory: it is raw, and
    stays where the loader has put it. A kernel that shows it is 6.6 or newer.
    """
    nonce = make_payload(tmp_path, kernel=image_path("systemd-6.12").with_name("vmlinuz"))
    ballast = make_ballast(tmp_path, 300)
    with open(tmp_path / "result" / "initrd.gz", "ab") as initrd:
        align(initrd, 4096)
        at = initrd.tell()
        initrd.write((tmp_path / "ballast").read_bytes())
    (tmp_path / "ballast").unlink()
    with Machine(payload=tmp_path, memory_mib=SMALL_MIB) as vm:
        vm.boot()
        assert SMALL_MIB <= 1.4 * 300 + footprint_mib(vm)
        console, facts = jump_with(vm, nonce, "retain_initrd "
                                   f"target.ballast_at={at} target.ballast_bytes={300 * MIB}")
        assert facts["ballast"] == ballast
        assert_landed_clean(vm, console, facts, has_report=False)
