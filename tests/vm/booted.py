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

# A slot, where cards are plugged in that could not be saved.
PORT = ("-device", "pcie-root-port,id=below,chassis=1,addr=10")
CARD = "0000:01:00.0"


def going_on(extra=(), **options):
    """These options of Machine's, and those by which it goes on from where others do."""
    options["extra"] = (*PORT, *extra)
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
