# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways from one kernel into the next, and what each leaves of a matrix of devices."""

import re
import shlex
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from matrix import BLIND_TARGET, KEPT, MODELS, UNBOUND, MatrixMachine
from payload import make_payload

TREE = "/mnt/payload/result"
TOOL = "/mnt/payload/pivot-kexec"
IMAGES = {"6.1": "systemd", "6.12": "systemd-6.12"}


def bare(line):
    loader = "/mnt/payload/kexec-image"
    return (f"{loader} load {TREE}/bzImage {TREE}/initrd.gz {line} && "
            f"systemd-run --quiet {loader} jump")


def kexec_tools(line):
    return (f"kexec --load {TREE}/bzImage --initrd={TREE}/initrd.gz --command-line={line} && "
            "systemd-run --quiet kexec -e")


def pivot(*options):
    return lambda line: shlex.join([TOOL, *options, TREE])


VARIANTS = {
    "bare system call": bare,
    "kexec -e": kexec_tools,
    "pivot-kexec, systemd": pivot("--takeover=systemd"),
    "pivot-kexec, seize": pivot("--takeover=seize"),
    # the first kernel leaves all of it to the middle one
    "pivot-kexec, two stages, abrupt": pivot("--two-stage=abrupt"),
    "two stages, abrupt, no drivers": pivot("--two-stage=abrupt", "--middle-kernel=target"),
}

# How much is gained by unbinding in parallel. A clock that counts instructions does not care
# how busy the host is. Of what is left out, sym53c8xx prints hundreds of lines of warnings,
# whose way through the serial console takes most of the time, both ways; the others cannot be
# saved (the SD card has forgotten its own state), and both ways begin at the same moment.
PARALLEL = pivot("--takeover=systemd", "--parallel=auto")
SERIAL = pivot("--takeover=systemd", "--parallel=never")
COUNTED = ("-icount", "shift=2,sleep=off")
NOT_TIMED = ("lsi53c895a", "nvme", "sdhci-pci", "virtio-crypto-pci")
TIMED = [model for model in MODELS if model.name not in NOT_TIMED]


@dataclass
class Result:
    """Words for each device, by its name; see MatrixMachine.look()."""

    kernel: str = ""
    qemu: str = ""
    in_use: dict = field(default_factory=dict)
    left: dict = field(default_factory=dict)
    unbound_before: dict = field(default_factory=dict)
    unbound_left: dict = field(default_factory=dict)
    kept_left: dict = field(default_factory=dict)
    console: str = ""

    def still_running(self):
        return {name: what for name, what in self.left.items() if what}


def measure(kernel, way, models=MODELS, **options):
    """Boot, use all devices, go this way into a target that is blind for PCI, and look."""
    with tempfile.TemporaryDirectory(prefix="pivot-matrix-") as folder:
        payload, devices = Path(folder, "payload"), Path(folder, "devices")
        payload.mkdir()
        devices.mkdir()
        nonce = make_payload(payload, append=BLIND_TARGET)
        line = shlex.quote(f"console=ttyS0,115200 target.nonce={nonce} {BLIND_TARGET}")
        with MatrixMachine(devices, models, image=IMAGES[kernel], payload=payload,
                           **options) as vm:
            vm.boot(timeout=600)
            vm.use()
            result = Result(kernel=vm.read("uname -r"), qemu=vm.qemu_version())
            result.in_use = vm.look(vm.bound)
            result.unbound_before = vm.look(UNBOUND)
            start = len(vm.console_text())
            vm.run(way(line))
            facts = vm.wait_verdict(nonce, timeout=600)
            assert "pci=off" in facts["command_line"]
            assert vm.resets() == 0, "the machine was reset"
            result.left = vm.look(vm.bound, has_jumped=True)
            result.unbound_left = vm.look(UNBOUND, has_jumped=True)
            result.kept_left = vm.look(KEPT, has_jumped=True)
            result.console = vm.console_text()[start:]
            return result


def unbind_ms(kernel, ways):
    """How long the stage that unbinds the drivers takes each way, by the init's own clock."""
    with tempfile.TemporaryDirectory(prefix="pivot-matrix-") as folder:
        saved = Path(folder, "saved")
        with MatrixMachine(Path(folder), TIMED, COUNTED, image=IMAGES[kernel]) as vm:
            vm.boot(timeout=600)
            vm.save(saved)
        results = [measure(kernel, way, TIMED, extra=COUNTED, saved=saved) for way in ways]
    assert not any(result.still_running() for result in results)
    return [int(re.search(r"\] unbind drivers$.*?done in (\d+) ms", result.console,
                          re.M | re.S)[1]) for result in results]
