# SPDX-License-Identifier: GPL-2.0-or-later
import gzip
import os
import shutil
import struct
import tempfile

import pytest

from booted import SESSION, booted
from payload import BINARY, make_payload


def write_cases(folder, tree):
    """
    Files that are not a kernel for this machine. Their names are of no use: a message
    quotes them, and must say the rest by itself.
    """
    kernel = (tree / "bzImage").read_bytes()
    folder.mkdir()
    (folder / "a").write_bytes(gzip.compress(kernel[:100_000]))
    # elf(5): 64 bits, little endian, executable, x86-64
    (folder / "b").write_bytes(b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
                               + struct.pack("<HH", 2, 62) + bytes(4096))
    (folder / "c").write_text("#!/bin/sh\necho I am none\n" * 50)
    (folder / "d").write_text("Dear reader, I am none.\n" * 50)
    (folder / "e").write_bytes(kernel[: len(kernel) // 2])
    # Documentation/arm64/booting.rst: "ARM\x64" at 56
    (folder / "f").write_bytes(b"MZ".ljust(56, b"\0") + b"ARM\x64" + bytes(100_000))
    # Documentation/x86/boot.rst: bit 0 of xloadflags says there is a 64-bit entry
    (flags,) = struct.unpack_from("<H", kernel, 0x236)
    other = bytearray(kernel)
    struct.pack_into("<H", other, 0x236, flags & ~1)
    (folder / "g").write_bytes(other)
    # PE/COFF: the fifth entry of the data directory names the signature
    (pe,) = struct.unpack_from("<I", kernel, 0x3C)
    other = bytearray(kernel)
    struct.pack_into("<II", other, pe + 24 + 112 + 4 * 8, 0, 0)
    (folder / "h").write_bytes(other)
    (folder / "i").mkdir()
    for name in ("bzImage", "initrd.gz", "kexec-boot"):
        (folder / "i" / name).symlink_to(f"/nix/store/5yzj8pq1m9d3xv0k7c2s4w6r8f1g3h5n-x/{name}")


def is_worker(config):
    return hasattr(config, "workerinput")


# One folder for saved machines in each session: its workers find it in their environment.
def pytest_configure(config):
    if not is_worker(config):
        os.environ[SESSION] = tempfile.mkdtemp(prefix="pivot-session-")


def pytest_unconfigure(config):
    if not is_worker(config):
        shutil.rmtree(os.environ.pop(SESSION))


@pytest.fixture
def payload(tmp_path):
    """A folder for /mnt/payload, and the nonce its target prints."""
    nonce = make_payload(tmp_path, append="target.stay=1")
    return tmp_path, nonce


@pytest.fixture(scope="session")
def vm(tmp_path_factory):
    """A machine that goes on as it was, whatever is tried: one for all such tests."""
    folder = tmp_path_factory.mktemp("payload")
    make_payload(folder)
    write_cases(folder / "cases", folder / "result")
    with booted(payload=folder) as machine:
        machine.run("truncate -s 8G /srv/huge && truncate -s 400M /srv/large")
        machine.run("chmod 755 /root")
        yield machine


def group_of(item):
    marker = item.get_closest_marker("xdist_group")
    return marker.args[0] if marker else ""


def pytest_collection_modifyitems(items):
    # the longest first, so that no worker is left with it at the end; else as collected
    longest = ["two-stage", "evidence-6.1", "faults", "home", "devices", "evidence-gain",
               "evidence-6.12", "refusals"]
    items.sort(key=lambda item: (longest + [group_of(item)]).index(group_of(item)))
    reasons = []
    if not shutil.which("qemu-system-x86_64"):
        reasons.append("no QEMU: scripts/install-deps vm")
    if not BINARY.exists():
        reasons.append(f"no {BINARY.name}: make")
    for item in items:
        for reason in reasons:
            item.add_marker(pytest.mark.skip(reason=reason))
