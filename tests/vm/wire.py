# SPDX-License-Identifier: GPL-2.0-or-later
"""The far end of a cable: nothing comes along it but what a test sends."""

import contextlib
import fcntl
import shutil
import socket
import struct
import tempfile
import termios
import time

# To everybody, from nobody, of a type for experiments (IEEE 802, 88-b5).
WORDS = b"from the far end "
FRAME = b"\xff" * 6 + b"\x02pivot" + b"\x88\xb5" + WORDS * 80


class Wire:
    """
    A cable with so many ends; the devices' netdevs are wire1, wire2, ...

        with Wire(ends=1) as wire:
            Machine(extra=[*wire.arguments, "-device", "e1000,netdev=wire1"])
    """

    def __init__(self, ends):
        self.ends = ends

    def __enter__(self):
        # a short path: 107 bytes are what a socket's may have
        self.folder = tempfile.mkdtemp(prefix="pivot-wire-")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(1)
        self.socket.bind(f"{self.folder}/far")
        self.arguments = [
            "-netdev", f"dgram,id=wire,local.type=unix,local.path={self.folder}/near"
                       f",remote.type=unix,remote.path={self.folder}/far",
            "-netdev", "hubport,id=hub,hubid=1,netdev=wire",
        ]
        for end in range(1, self.ends + 1):
            self.arguments += ["-netdev", f"hubport,id=wire{end},hubid=1"]
        return self

    def __exit__(self, *_exception):
        self.socket.close()
        shutil.rmtree(self.folder)

    def send(self, frames):
        """Send so many, unless nobody takes them; gives how many were taken."""
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < frames:
                self.socket.sendto(FRAME, f"{self.folder}/near")
                sent += 1
        deadline = time.monotonic() + 1
        while self._under_way() and time.monotonic() < deadline:
            time.sleep(0.01)
        return sent

    def _under_way(self):
        """How many bytes QEMU has not read yet: unix(7), SIOCOUTQ."""
        return struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, bytes(4)))[0]
