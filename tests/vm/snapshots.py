# SPDX-License-Identifier: GPL-2.0-or-later
"""
A machine that boots once, and goes back to that moment again and again.

    with SnapshotMachine(payload=folder) as vm:
        vm.prepare()
        for each in many:
            vm.restore()
            ...

It stands still where it would restart or switch off; its disks are read as they are then.
"""

from machine import PORTS, Filesystem, Machine

# where it would restart or switch off
HOLD_STILL = ("-action", "reboot=shutdown,shutdown=pause")

LANDED, HOME = "landed", "came home"


class SnapshotMachine(Machine):
    def __init__(self, **options):
        super().__init__(**options)
        self.marks = {}  # where in each log the present run begins

    def _log(self, name):
        with open(self.folder / f"{name}.log", "rb") as log:
            log.seek(self.marks.get(name, 0))
            text = log.read().decode(errors="replace")
        return self._plain(text)

    def prepare(self):
        """Boot, and take the snapshot."""
        self.boot()
        # as a user's machine has it: nothing but what we write brings home after a panic
        self.run("sysctl -qw kernel.panic=0")
        self.prepare_more()
        self.save(self.folder / "snapshot")
        self.saved = self.folder / "snapshot"
        self.options["extra"] = (*self.options["extra"], *HOLD_STILL)

    def prepare_more(self):
        """For what is to be so, or known, at the snapshot."""

    def restore(self):
        self.kill()
        (self.folder / "qmp").unlink(missing_ok=True)
        self._take_saved()
        self.marks = {port: (self.saved / f"{port}.log").stat().st_size for port in PORTS}
        self._start()

    def go_on(self):
        """Restart, from where it was held; not again, because the firmware may restart, too."""
        self.qmp.command("set-action", reboot="reset")
        self.qmp.command("system_reset")
        self._wait("restart", 20, lambda: self.status() != "shutdown")
        self.qmp.command("cont")

    # How it ends

    def is_reset(self):
        return self.status() == "shutdown" and any(
            event["event"] == "SHUTDOWN" and event["data"]["reason"] == "guest-reset"
            for event in self.qmp.events)

    def wait_outcome(self, nonce, timeout=240):
        """Where it ends: it has landed, or was reset and so comes home."""
        def seen():
            if f"\nnonce={nonce}\n" in self._log("verdict"):
                return LANDED
            return HOME if self.is_reset() else None
        return self._wait("target, or reset", timeout, seen)

    # Its disks, while it stands still

    def _root_partition(self):
        return Filesystem(self.folder / "root.ext4")

    def _copy_disks(self):
        self.qmp.command("stop")  # nothing is left in QEMU's own buffers
        self._copy_root_partition(self.folder / "root.ext4")
        for name in ("events.db", "events.db-wal", "loop.img"):
            (self.folder / name).unlink(missing_ok=True)

    def disk_problems(self):
        self._copy_disks()
        return super().disk_problems()

    def problems_after_recovery(self):
        """What is still wrong once the distro's boot has replayed the journals."""
        root = self._root_partition()
        root.recover()
        found = [f"root: {problem}" for problem in root.problems()]
        # e2fsck replays no journal behind an offset
        (self.folder / "lvm.ext4").write_bytes(
            (self.folder / "data.raw").read_bytes()[1 << 20:])
        volume = Filesystem(self.folder / "lvm.ext4")
        volume.recover()
        found += [f"LVM volume: {problem}" for problem in volume.problems()]
        loop = self._loop_image()
        loop.recover()
        found += [f"loop mount: {problem}" for problem in loop.problems()]
        return found + self.database_problems()
