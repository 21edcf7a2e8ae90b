# SPDX-License-Identifier: GPL-2.0-or-later
"""Another kernel to go by way of, and what happens on that way."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from machine import SECTOR, Filesystem, MachineError, image_path, root_sectors

# What drives the devices of a test machine.
DRIVERS = ("virtio_net", "virtio_blk", "virtio-rng", "ahci", "sd_mod", "i2c-i801", "e1000e", "nvme")
TABLES = ("modules.builtin", "modules.builtin.modinfo", "modules.order")


def add_modules(folder, image, *others):
    """
    The modules of an image's kernel that a test machine needs, and others, below the
    folder; gives the kernel's release.
    """
    disk = image_path(image)
    root = Filesystem(disk, offset=root_sectors(disk)[0] * SECTOR)
    (release,) = root.list("/usr/lib/modules")
    source = f"/usr/lib/modules/{release}"
    target = Path(folder) / "lib" / "modules" / release
    target.mkdir(parents=True)
    for name in TABLES:
        root.dump(f"{source}/{name}", target / name)
    for name in needed(root, source, target):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if not root.dump(f"{source}/{name}", target / name):
            raise MachineError(f"{image} has no {source}/{name}")
    for other in others:
        shutil.copy(other, target)
    subprocess.run(["depmod", "-b", folder, release], check=True)
    return release


def needed(root, source, target):
    """The files of DRIVERS, and of what they depend on."""
    root.dump(f"{source}/modules.dep", target / "modules.dep")
    lines = (line.split(":") for line in (target / "modules.dep").read_text().splitlines())
    needs = {name: [name, *others.split()] for name, others in lines}
    return sorted({each for name, files in needs.items()
                   if Path(name).name.split(".")[0] in DRIVERS for each in files})


def moments(vm, *patterns, timeout=240):
    """When each of these is seen on the console, one after the other, in seconds."""
    seen, start = [], 0
    for pattern in patterns:
        match = vm.wait_console(pattern, timeout, start, every=0.02)
        start += match.end()
        seen.append(time.monotonic())
    return seen


def flip_byte(vm, address):
    """Change a byte of the machine's memory from outside, as a stray write would."""
    path = vm.folder / "gdb"
    vm.monitor(f"gdbserver unix:{path},server=on,wait=off")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        sock.connect(str(path))
        assert ask(sock, "Qqemu.PhyMemMode:1") == "OK"
        byte = int(ask(sock, f"m{address:x},1"), 16)
        assert ask(sock, f"M{address:x},1:{byte ^ 0xff:02x}") == "OK"
        assert ask(sock, "D") == "OK"  # and the machine goes on
    vm.monitor("gdbserver none")


def ask(sock, packet):
    """A packet of GDB's remote protocol, and the answer to it."""
    sock.sendall(f"${packet}#{sum(packet.encode()) & 0xff:02x}".encode())
    answer = b""
    while answer.count(b"#") == 0 or len(answer) < answer.index(b"#") + 3:
        part = sock.recv(4096)
        if not part:
            raise MachineError("QEMU's gdbserver has gone")
        answer = (answer + part).lstrip(b"+")
    sock.sendall(b"+")
    return answer[1:answer.index(b"#")].decode()
