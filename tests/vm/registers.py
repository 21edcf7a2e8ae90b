# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a PCI function still does, read from outside the machine: its config space through
ECAM, its registers through its BARs, with the monitor's `xp` and `i`.

An engine reader takes a Function and gives what runs, in a few words; nothing where the
device is at rest.
"""

import re

CONFIG_BYTES = 4096
CLASS, COMMAND, COMMAND_IO, COMMAND_MEMORY, COMMAND_MASTER = 0x08, 0x04, 1 << 0, 1 << 1, 1 << 2
CAP_PM, CAP_MSI, CAP_VENDOR, CAP_PCIE, CAP_MSIX = 0x01, 0x05, 0x09, 0x10, 0x11
EXT_CAP_SRIOV = 0x10
VIRTIO_COMMON_CONFIG = 1


def ecam_base(vm):
    """Where q35 shows config space; the firmware has chosen it."""
    tree = vm.monitor("info mtree")
    return int(re.search(r"^ *0*([0-9a-f]+)-.*: pcie-mmcfg", tree, re.M)[1], 16)


class Function:
    """
    One PCI function: its config space as it was at this moment, its registers live.

    pf -- where this is its first VF: a VF has no ids and no BARs of its own
    """

    def __init__(self, vm, ecam, address, pf=None):
        self.vm = vm
        self.address = address
        bus, slot, function = (int(part, 16) for part in re.split("[:.]", address)[1:])
        self.number = bus << 8 | slot << 3 | function
        dump = vm.monitor(f"xp /{CONFIG_BYTES // 4}wx {ecam + (self.number << 12):#x}")
        words = [int(word, 16) for word in re.findall(r"0x[0-9a-f]{8}", dump)]
        self.config = b"".join(word.to_bytes(4, "little") for word in words)
        assert len(self.config) == CONFIG_BYTES, dump[:200]
        bars = pf.extended_capability(EXT_CAP_SRIOV) + 0x24 if pf else 0x10
        self.bars = (pf or self).config[bars:bars + 24]

    def value(self, offset, size=4):
        return int.from_bytes(self.config[offset:offset + size], "little")

    def is_there(self):
        return self.value(CLASS) != 0xffffffff

    def capability(self, number, where=lambda offset: True):
        """The offset of a capability, None where there is none."""
        offset = self.value(0x34, 1) & ~3 if self.value(0x06, 2) & 0x10 else 0
        while offset:
            if self.value(offset, 1) == number and where(offset):
                return offset
            offset = self.value(offset + 1, 1) & ~3
        return None

    def extended_capability(self, number):
        offset = 0x100 if self.capability(CAP_PCIE) else 0
        while offset:
            header = self.value(offset)
            if header & 0xffff == number:
                return offset
            offset = header >> 20 & ~3
        return None

    def _bar(self, index):
        """(whether it is in I/O space, where)"""
        low, high = (int.from_bytes(self.bars[4 * n:4 * n + 4], "little")
                     for n in (index, index + 1))
        if low & 1:
            return True, low & ~3
        return False, (high << 32 if low >> 1 & 3 == 2 else 0) | low & ~15

    def read(self, bar, offset, size=4):
        is_io, base = self._bar(bar)
        assert base, f"{self.address} has no BAR {bar}"
        letter = {1: "b", 2: "h", 4: "w"}[size]
        command = f"i /x{letter} {base + offset:#x}" if is_io else f"xp /1x{letter} {base + offset:#x}"
        return int(re.findall(r"0x[0-9a-f]+", self.vm.monitor(command))[-1], 16)

    def write_io(self, bar, offset, size, value):
        letter = {1: "b", 2: "h", 4: "w"}[size]
        self.vm.monitor(f"o /{letter} {self._bar(bar)[1] + offset:#x} {value:#x}")

    def decode(self):
        """Let the BARs answer where the device's last user has switched them off."""
        wanted = COMMAND_IO | COMMAND_MEMORY
        command = self.value(COMMAND, 2)
        if command & wanted != wanted:
            self.vm.monitor(f"o /w 0xcf8 {1 << 31 | self.number << 8 | COMMAND:#x}")
            self.vm.monitor(f"o /h 0xcfc {command | wanted:#x}")

    def is_asleep(self):
        pm = self.capability(CAP_PM)
        return bool(pm and self.value(pm + 4, 2) & 3)

    # What config space tells

    def left_in_config(self):
        msi, msix = self.capability(CAP_MSI), self.capability(CAP_MSIX)
        pcie, sriov = self.capability(CAP_PCIE), self.extended_capability(EXT_CAP_SRIOV)
        found = {
            "BME": self.value(COMMAND, 2) & COMMAND_MASTER,
            "MSI": msi and self.value(msi + 2, 2) & 1,
            "MSI-X": msix and self.value(msix + 2, 2) & 1 << 15,
            "transactions pending": pcie and self.value(pcie + 0x0a, 2) & 1 << 5,
            "VFs": sriov and self.value(sriov + 8, 2) & 1,
        }
        return [name for name, value in found.items() if value]


def words(*found, **more):
    """The names of what is not 0; those that are no Python names come as pairs."""
    return [name for name, value in [*found, *more.items()] if value]


def none(_):
    """Nothing of it moves by itself, or nothing that can be read tells."""
    return []


# Network


def intel(f):
    """RCTL.EN, TCTL.EN"""
    return words(RX=f.read(0, 0x100) & 2, TX=f.read(0, 0x400) & 2)


def intel_vf(f):
    """RXDCTL and TXDCTL of the first queue"""
    return words(RX=f.read(0, 0x2828) & 1 << 25, TX=f.read(0, 0x3828) & 1 << 25)


def rtl8139(f):
    """CR: RE, TE"""
    command = f.read(1, 0x37, 1)
    return words(RX=command & 8, TX=command & 4)


def ne2000(f):
    """CR: started and not stopped"""
    return words(RX=f.read(0, 0x00, 1) & 3 == 2)


def pcnet(f):
    """CSR0, which RAP has to select first: RXON, TXON, which mean nothing beside STOP"""
    selected = f.read(0, 0x12, 2)
    f.write_io(0, 0x12, 2, 0)
    status = f.read(0, 0x10, 2)
    f.write_io(0, 0x12, 2, selected)
    return words(RX=status & 0x24 == 0x20, TX=status & 0x14 == 0x10)


def e100(f):
    """SCB status: the receive unit is ready, the command unit active"""
    status = f.read(0, 0x00, 1)
    return words(RX=status >> 2 & 15 == 4, TX=status >> 6 == 2)


def tulip(f):
    """CSR6: SR, ST"""
    mode = f.read(0, 0x30)
    return words(RX=mode & 1 << 1, TX=mode & 1 << 13)


# Storage


def nvme(f):
    """CC.EN, CSTS.RDY"""
    return words(("CC.EN", f.read(0, 0x14) & 1), RDY=f.read(0, 0x1c) & 1)


def megasas(bar):
    """The firmware's state: OPERATIONAL where it has queues"""
    return lambda f: words(OPERATIONAL=f.read(bar, 0xb0) >> 28 == 0xc)


def mpt(f):
    """The state in the doorbell"""
    return words(OPERATIONAL=f.read(1, 0x00) >> 28 == 2)


def sym53c8xx(f):
    """Its processor has a program, and may interrupt"""
    return words(SCRIPTS=f.read(1, 0x2c) and (f.read(1, 0x40, 1) or f.read(1, 0x39, 1)))


def pvscsi(f):
    """The interrupt mask; it is 0 after a reset"""
    return words(interrupts=f.read(0, 0x2010))


def am53c974(f):
    """The DMA engine's command: START"""
    return words(DMA=f.read(0, 0x40) & 3 == 3)


def ahci(f):
    """PxCMD of the ports there are: ST, FRE"""
    ports = [f.read(5, 0x118 + 0x80 * port) for port in range(32) if f.read(5, 0x0c) >> port & 1]
    return words(ST=any(port & 1 for port in ports), FRE=any(port & 1 << 4 for port in ports))


def ide(f):
    """The bus master's command, both channels"""
    return words(DMA=(f.read(4, 0, 1) | f.read(4, 8, 1)) & 1)


def sdhci(f):
    """Signals enabled, or a transfer under way"""
    return words(interrupts=f.read(0, 0x38), transfer=f.read(0, 0x24) & 0x306)


def ufs(f):
    """HCE"""
    return words(HCE=f.read(0, 0x34) & 1)


# USB


def xhci(f):
    """USBCMD.RUN, USBSTS.HCH"""
    base = f.read(0, 0x00, 1)
    return words(("not halted", not f.read(0, base + 4) & 1), RUN=f.read(0, base) & 1)


def ehci(f):
    base = f.read(0, 0x00, 1)
    return words(("not halted", not f.read(0, base + 4) & 1 << 12), RUN=f.read(0, base) & 1)


def uhci(f):
    return words(("not halted", not f.read(4, 2, 2) & 1 << 5), RUN=f.read(4, 0, 2) & 1)


def ohci(f):
    """HcControl.HCFS: operational"""
    return words(operational=f.read(0, 0x04) >> 6 & 3 == 2)


# Sound and the rest


def hda(f):
    """RUN of the eight stream descriptors, CORB and RIRB, and whether it may interrupt"""
    streams = any(f.read(0, 0x80 + 0x20 * index) & 2 for index in range(8))
    return words(streams=streams, CORB=f.read(0, 0x4c, 1) & 2, RIRB=f.read(0, 0x5c, 1) & 2,
                 interrupts=f.read(0, 0x20))


def ac97(f):
    """RPBM of the three channels"""
    return words(DMA=any(f.read(1, offset, 1) & 1 for offset in (0x0b, 0x1b, 0x2b)))


def es1370(f):
    """DAC1_EN, DAC2_EN, ADC_EN"""
    return words(DMA=f.read(0, 0x00) & 0x70)


def i6300esb(f):
    """The lock register is in config space: WDT_ENABLE"""
    return words(armed=f.value(0x68, 1) & 2)


def virtio(f):
    """The status in the common configuration: DRIVER_OK"""
    at = f.capability(CAP_VENDOR, lambda offset: f.value(offset + 3, 1) == VIRTIO_COMMON_CONFIG)
    assert at, f"{f.address} is no modern virtio device"
    return words(DRIVER_OK=f.read(f.value(at + 4, 1), f.value(at + 8) + 0x14, 1) & 4)
