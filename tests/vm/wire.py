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


def ends(count):
    """QEMU's arguments."""
    for end in range(1, count + 1):
        yield from ("-netdev", f"hubport,id=wire{end},hubid=1")


class Wire:
    """
    The cable that leads to a machine's ends(), whose netdevs are wire1, wire2, ...

        with Wire() as wire, Machine(extra=[*ends(1), "-device", "e1000,netdev=wire1"]) as vm:
            wire.connect(vm)
            wire.send(frames=1)
    """

    def __enter__(self):
        # a short path: 107 bytes are what a socket's may have
        self.folder = tempfile.mkdtemp(prefix="pivot-wire-")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(1)
        self.socket.bind(f"{self.folder}/far")
        return self

    def __exit__(self, *_exception):
        self.socket.close()
        shutil.rmtree(self.folder)

    def connect(self, vm):
        vm.qmp.command("netdev_add", type="dgram", id="wire",
                       local={"type": "unix", "path": f"{self.folder}/near"},
                       remote={"type": "unix", "path": f"{self.folder}/far"})
        vm.qmp.command("netdev_add", type="hubport", id="hub", hubid=1, netdev="wire")

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
