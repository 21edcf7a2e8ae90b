# SPDX-License-Identifier: GPL-2.0-or-later
"""
Machines that are up. The first of a kind boots, through its firmware and its boot loader, and
is saved; all others of the kind go on from that moment, which takes a second or two.

    with booted(payload=folder) as vm:
        vm.run("pivot-kexec /mnt/payload/result")
"""

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path

from machine import Machine

# In the environment: the folder where the tests of a session keep them, for all workers.
SESSION = "PIVOT_SESSION"

# A slot each of them has, for a card that comes later, and what is in it then.
SLOT = ("-device", "pcie-root-port,id=slot-port,chassis=1,addr=10")
CARD = "0000:01:00.0"


def going_on(extra=(), **options):
    """These options of Machine's, and those by which it goes on from where others do."""
    options["extra"] = (*SLOT, *extra)
    return {**options, "saved": saved(options)}


def saved(options):
    kind = hashlib.sha256(repr(sorted(options.items())).encode()).hexdigest()[:16]
    folder = Path(os.environ[SESSION], kind)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with Machine(**options) as vm:
                vm.boot(timeout=300)
                vm.save(folder)
    return folder


@contextlib.contextmanager
def booted(payload=None, **options):
    """A machine that is up, and has its payload mounted."""
    with Machine(payload=payload, **going_on(**options)) as vm:
        vm.boot()
        yield vm


def plug_in(vm, model):
    """A card of QEMU's, which the others do not have or which cannot be saved."""
    vm.qmp.command("device_add", driver=model, bus="slot-port", id="card")
    vm.wait_until("card", f"test -e /sys/bus/pci/devices/{CARD}/resource0")
