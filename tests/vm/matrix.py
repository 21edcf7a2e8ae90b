# SPDX-License-Identifier: GPL-2.0-or-later
"""
A machine full of devices, all of them in use, and what of them still moves at the instant
of the jump.

    with MatrixMachine(folder, image="systemd", payload=payload) as vm:
        vm.boot(timeout=400)
        vm.use()
        ... jump into a target that is blind for PCI ...
        left = vm.look(vm.bound, has_jumped=True)
"""

import contextlib
import os
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Callable

import registers as is_
from machine import Machine
from registers import Function, ecam_base

# What does not look for PCI finds it, for us, as the old kernel left it.
BLIND_TARGET = "pci=off acpi=off target.stay=100000"
FRAMES_PER_SECOND = 50  # for each network device
DISK_BYTES = 16 << 20


@dataclass(frozen=True)
class Model:
    """
    name    -- QEMU's
    driver  -- of Debian's kernel, the one that is expected on it
    engine  -- reads what runs: see registers.py
    options -- more of QEMU's; {id} is this device
    disk    -- the device of a disk on it; "-" where it is the disk itself
    is_nic  -- it gets a network of its own, with a flood
    others  -- more arguments of QEMU's, without which it has nothing to do
    place   -- "port" below a root port, "bridge" below a PCI bridge, else on the root bus
    """

    name: str
    driver: str
    engine: Callable = is_.none
    options: str = ""
    disk: str = ""
    is_nic: bool = False
    others: str = ""
    place: str = ""
    id: str = ""


SCSI_DISK = "scsi-hd,bus={id}.0"
USB_DISK = "usb-storage,bus={id}.0"
IDE_DISK = "ide-hd,bus={id}.0"
USB_TABLET = "-device usb-tablet,bus={id}.0"
SOUND = "audiodev={id}-sound"
SOUND_OF = "-audiodev none,id={id}-sound"
HDA_CODEC = SOUND_OF + " -device hda-duplex,bus={id}.0,audiodev={id}-sound"
CRYPTO = "-object cryptodev-backend-builtin,id={id}-crypto"
PORT = ("-chardev null,id={id}-null "
        "-device virtserialport,bus={id}.0,chardev={id}-null")
SERIAL = "serial={id}"

MODELS = [
    Model("e1000", "e1000", is_.intel, is_nic=True),
    Model("e1000e", "e1000e", is_.intel, is_nic=True, place="port"),
    Model("igb", "igb", is_.intel, is_nic=True, place="port"),
    Model("rtl8139", "8139cp", is_.rtl8139, is_nic=True, place="bridge"),
    Model("ne2k_pci", "ne2k-pci", is_.ne2000, is_nic=True, place="bridge"),
    Model("pcnet", "pcnet32", is_.pcnet, is_nic=True, place="bridge"),
    Model("i82557b", "e100", is_.e100, is_nic=True, place="bridge"),
    Model("i82801", "e100", is_.e100, is_nic=True),
    Model("tulip", "tulip", is_.tulip, is_nic=True),
    Model("vmxnet3", "vmxnet3", is_nic=True, place="port"),
    Model("virtio-net-pci", "virtio-pci", is_.virtio, is_nic=True),
    Model("nvme", "nvme", is_.nvme, SERIAL, disk="-", place="port"),
    Model("megasas", "megaraid_sas", is_.megasas(2), disk=SCSI_DISK),
    Model("megasas-gen2", "megaraid_sas", is_.megasas(0), disk=SCSI_DISK, place="port"),
    Model("mptsas1068", "mptsas", is_.mpt, disk=SCSI_DISK + ",wwn=0x5000c50015ea71ad"),
    Model("lsi53c895a", "sym53c8xx", is_.sym53c8xx, disk=SCSI_DISK, place="bridge"),
    Model("pvscsi", "vmw_pvscsi", is_.pvscsi, disk=SCSI_DISK),
    Model("am53c974", "am53c974", is_.am53c974, disk=SCSI_DISK, place="bridge"),
    Model("ich9-ahci", "ahci", is_.ahci, disk=IDE_DISK),
    Model("piix4-ide", "ata_piix", is_.ide, disk=IDE_DISK),
    Model("sdhci-pci", "sdhci-pci", is_.sdhci, disk="sd-card"),
    Model("virtio-blk-pci", "virtio-pci", is_.virtio, disk="-", place="port"),
    Model("virtio-scsi-pci", "virtio-pci", is_.virtio, disk=SCSI_DISK),
    Model("qemu-xhci", "xhci_hcd", is_.xhci, disk=USB_DISK, place="port"),
    Model("nec-usb-xhci", "xhci_hcd", is_.xhci, disk=USB_DISK),
    Model("usb-ehci", "ehci-pci", is_.ehci, disk=USB_DISK),
    Model("ich9-usb-uhci1", "uhci_hcd", is_.uhci, others=USB_TABLET),
    Model("piix3-usb-uhci", "uhci_hcd", is_.uhci, others=USB_TABLET),
    Model("pci-ohci", "ohci-pci", is_.ohci, others=USB_TABLET, place="bridge"),
    Model("intel-hda", "snd_hda_intel", is_.hda, others=HDA_CODEC),
    Model("ich9-intel-hda", "snd_hda_intel", is_.hda, others=HDA_CODEC),
    Model("AC97", "snd_intel8x0", is_.ac97, SOUND, others=SOUND_OF),
    Model("ES1370", "snd_ens1370", is_.es1370, SOUND, others=SOUND_OF, place="bridge"),
    Model("virtio-balloon-pci", "virtio-pci", is_.virtio),
    Model("virtio-serial-pci", "virtio-pci", is_.virtio, others=PORT),
    Model("virtio-keyboard-pci", "virtio-pci", is_.virtio),
    Model("virtio-crypto-pci", "virtio-pci", is_.virtio, "cryptodev={id}-crypto", others=CRYPTO),
    Model("i6300esb", "i6300ESB timer", is_.i6300esb),
    Model("pvpanic-pci", "pvpanic-pci"),
]

# The machine's own, by the names machine.py gives them.
OWN = [
    Model("virtio-net-pci (ssh)", "virtio-pci", is_.virtio, id="nic", is_nic=True),
    Model("virtio-rng-pci", "virtio-pci", is_.virtio, id="rng-device"),
    Model("virtio-blk-pci (root)", "virtio-pci", is_.virtio, id="root-disk"),
    Model("virtio-blk-pci (LVM)", "virtio-pci", is_.virtio, id="data-disk"),
    Model("virtio-blk-pci (read-only)", "virtio-pci", is_.virtio, id="payload-disk"),
    Model("ICH9 AHCI (of the board)", "ahci", is_.ahci, id="0000:00:1f.2"),
    Model("ICH9 SMBus (of the board)", "i801_smbus", id="0000:00:1f.3"),
]
PORTS = sum(model.place == "port" for model in MODELS)
IGB = next(model for model in MODELS if model.name == "igb")
VF = Model("igbvf (VF of igb)", "igbvf", is_.intel_vf, is_nic=True)

# Kept by policy, with their drivers, unless one asks for more.
KEPT = [
    Model("VGA", "bochs-drm", id="0000:00:01.0"),
    Model("virtio-gpu-pci", "virtio-pci", is_.virtio),
    *(Model(f"pcie-root-port {port}", "pcieport", id=f"port{port}") for port in range(PORTS)),
    Model("pcie-pci-bridge", "", id="bridge"),
]

# The firmware uses these controllers to look for disks; in slot 1d nobody else does: see
# no-driver.service of the image.
UNBOUND_SLOT = 0x1d
UNBOUND = [Model(name, "", id=f"unbound-{name}")
           for name in ("megasas", "megasas-gen2", "mptsas1068", "lsi53c895a", "pvscsi")]



def place_of(models):
    """Where on the bus each one is, as QEMU wants it said."""
    slot, ports, bridged = 8, 0, 0
    for model in models:
        if model.place == "port":
            yield model, f"bus=port{ports},addr=0"
            ports += 1
        elif model.place == "bridge":
            bridged += 1
            yield model, f"bus=bridge,addr={bridged:x}"
        else:
            # two functions a slot: the root bus has not enough slots
            function = slot & 1
            yield model, f"bus=pcie.0,addr={8 + (slot - 8) // 2:x}.{function},multifunction=on"
            slot += 1


# "ADDRESS DRIVER" a line
DRIVERS = """
cd /sys/bus/pci/devices
for a in *; do echo "$a $(basename "$(readlink $a/driver)")"; done
"""

# "ADDRESS FLAGS CARRIER FRAMES-RECEIVED" a line
INTERFACES = """
cd /sys/bus/pci/devices
for n in */net/* */virtio*/net/*; do
	[ -d $n ] && echo ${n%%/*} $(cat $n/flags $n/carrier $n/statistics/rx_packets)
done
"""

# "NAME DEVICE'S-PATH WRITES" a line
DISKS = """
cd /srv/matrix
for name in *; do
	device=$(basename $(findmnt -no SOURCE /srv/matrix/$name))
	path=/sys/class/block/$device
	case $device in nvme*) path=/sys/class/nvme/${device%n1} ;; esac
	echo $name $(readlink -f $path) $(cat $name/writes 2>/dev/null)
done
"""

# An idle controller stops by itself.
USB_AWAKE = """
for f in /sys/bus/usb/devices/usb*/power/control; do
	[ ! -e $f ] || echo on > $f
done
"""

MOUNT = """
for label in {labels}; do
	mkdir -p /srv/matrix/$label
	mount LABEL=$label /srv/matrix/$label || exit 1
done
"""

# From a file, since systemd puts its own variables into a command.
WRITER = """
cat > /run/writer <<'SCRIPT'
n=0
while n=$((n + 1)); do
	for folder in /srv/matrix/*; do
		head -c 64k /dev/zero > $folder/data
		echo $n > $folder/writes
		sync $folder/data $folder/writes
	done
done
SCRIPT
systemd-run --quiet --unit=writer sh /run/writer
"""


class MatrixMachine(Machine):
    """
    A machine with all the devices; folder is for its disks and sockets.

    models    -- of MODELS, or some
    addresses -- of the devices: "nvme" -> "0000:05:00.0"; once it is in use
    """

    def __init__(self, folder, models=MODELS, extra=(), **options):
        self.matrix_folder = folder
        self.models = models
        self.bound = [*models, *([VF] if IGB in models else []), *OWN]
        self.flood = Flood([model.name for model in models if model.is_nic], folder)
        self.addresses = {}
        super().__init__(memory_mib=2048, extra=[*self._devices(), *extra], **options)

    def __enter__(self):
        self.flood.start()
        return super().__enter__()

    def __exit__(self, *exception):
        self.flood.stop()
        super().__exit__(*exception)

    # QEMU's arguments

    def _net(self, model):
        path = self.matrix_folder / model.name
        yield from ("-netdev", f"dgram,id={model.name}-net,local.type=unix,local.path={path}.in"
                    f",remote.type=unix,remote.path={path}.out")

    def _drive(self, model):
        path = self.matrix_folder / f"{model.name}.raw"
        path.touch()
        os.truncate(path, DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-L", label(model), path], check=True)
        yield from ("-drive", f"if=none,id={model.name}-drive,file={path},format=raw,cache=unsafe")

    def _device(self, model, where):
        options = [f"{model.name},id={model.name}", where]
        if model.options:
            options.append(model.options.format(id=model.name))
        if model.is_nic:
            options += [f"netdev={model.name}-net", "romfile="]
        if model.disk == "-":
            options.append(f"drive={model.name}-drive")
        yield from ("-device", ",".join(options), *model.others.format(id=model.name).split())
        if model.disk not in ("", "-"):
            yield from ("-device", f"{model.disk.format(id=model.name)},drive={model.name}-drive")

    def _devices(self):
        for port in range(PORTS):
            yield from ("-device", f"pcie-root-port,id=port{port},bus=pcie.0,addr=1c.{port}"
                        f",multifunction=on,chassis={port}")
        yield from ("-device", "pcie-pci-bridge,id=bridge,bus=pcie.0,addr=1b.0")
        for model, where in place_of(self.models):
            if model.is_nic:
                yield from self._net(model)
            if model.disk:
                yield from self._drive(model)
            yield from self._device(model, where)
        for function, model in enumerate(UNBOUND):
            yield from ("-device", f"{model.name},id={model.id},bus=pcie.0"
                        f",addr={UNBOUND_SLOT:x}.{function},multifunction=on")
        yield from ("-device", "virtio-gpu-pci,id=virtio-gpu-pci,bus=pcie.0,addr=1a.0")

    # In use, as seen from inside

    def use(self):
        """Every interface up and flooded, every disk mounted and written to; or it fails."""
        self._find()
        if IGB in self.models:
            self._add_vf()
        labels = [label(model) for model in self.models if model.disk]
        self.run(USB_AWAKE)
        self.run(MOUNT.format(labels=" ".join(labels)), timeout=120)
        self.run(WRITER)
        self._check_drivers()
        self._wait_none("up and receiving", self._idle_interfaces)
        self._wait_none("written to", self._idle_disks)

    def _find(self):
        def walk(devices):
            for device in devices:
                address = f"0000:{device['bus']:02x}:{device['slot']:02x}.{device['function']}"
                self.addresses[device["qdev_id"] or address] = address
                walk(device.get("pci_bridge", {}).get("devices", []))

        for bus in self.qmp.command("query-pci"):
            walk(bus["devices"])

    def address(self, model):
        return self.addresses[model.id or model.name]

    def _add_vf(self):
        path = f"/sys/bus/pci/devices/{self.addresses['igb']}"
        self.run(f"echo 1 > {path}/sriov_numvfs")
        self.addresses[VF.name] = self.read(f"basename $(readlink {path}/virtfn0)")

    def _wait_none(self, what, idle, timeout=90):
        deadline = time.monotonic() + timeout
        while names := idle():
            assert time.monotonic() < deadline, f"not {what}: {', '.join(names)}"
            time.sleep(1)

    def _table(self, script):
        return {line.split()[0]: line.split()[1:] for line in self.read(script).splitlines()}

    def _check_drivers(self):
        bound = self._table(DRIVERS)
        for model in [*self.bound, *UNBOUND, *KEPT]:
            found = " ".join(bound[self.address(model)])
            assert found == model.driver, f"{model.name} has '{found}' for a driver"

    def _idle_interfaces(self):
        table = self._table(INTERFACES)

        def is_busy(flags, carrier, frames):
            return int(flags, 16) & 1 and carrier == "1" and int(frames) > 10

        return [model.name for model in self.bound if model.is_nic
                and not is_busy(*table[self.address(model)])]

    def _idle_disks(self):
        table = self._table(DISKS)

        def is_busy(model, path, writes="0"):
            return self.address(model) in path and int(writes) > 1

        return [model.name for model in self.models
                if model.disk and not is_busy(model, *table[label(model)])]

    # From outside

    def qemu_version(self):
        version = self.qmp.command("query-version")["qemu"]
        return f"{version['major']}.{version['minor']}.{version['micro']}"

    @contextlib.contextmanager
    def _stopped(self):
        self.qmp.command("stop")
        try:
            yield
        finally:
            self.qmp.command("cont")

    def look(self, models, has_jumped=False):
        """What each device does, in words by its name; none where it is at rest."""
        ecam = ecam_base(self)
        found = {}
        with self._stopped():
            functions = {model: Function(self, ecam, self.address(model)) for model in models}
            if VF in functions:
                functions[VF] = Function(self, ecam, self.address(VF), pf=functions[IGB])
            for model, function in functions.items():
                if not function.is_there():
                    assert model == VF, f"{model.name} does not answer"
                    found[model.name] = []  # its PF has taken it back
                    continue
                if has_jumped:
                    function.decode()
                assert not function.is_asleep(), f"{model.name} sleeps, and tells nothing"
                found[model.name] = function.left_in_config() + model.engine(function)
        return found


def label(model):
    return model.name[:16]


class Flood:
    """Broadcast frames to every network device, so many a second and no more."""

    def __init__(self, names, folder):
        self.folder = folder
        self.names = names
        self.sockets = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._send, daemon=True)

    def start(self):
        for name in self.names:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.setblocking(False)
            sock.bind(str(self.folder / f"{name}.out"))
            self.sockets.append((sock, str(self.folder / f"{name}.in")))
        self.thread.start()

    def _send(self):
        # ethertype 0x88b5 is for experiments
        frame = b"\xff" * 6 + b"\x02pivot" + b"\x88\xb5" + b"flood" * 40
        while not self.ending.wait(1 / FRAMES_PER_SECOND):
            for sock, path in self.sockets:
                with contextlib.suppress(OSError):  # full, or QEMU is gone
                    sock.sendto(frame, path)

    def stop(self):
        self.ending.set()
        self.thread.join()
        for sock, _ in self.sockets:
            sock.close()
