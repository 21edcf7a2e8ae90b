# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine that boots its distro from a disk, as a rented server does.

    with Machine(image="systemd", firmware="uefi") as vm:
        vm.boot()
        vm.run("pivot-kexec /mnt/payload/result")
        vm.wait_verdict(nonce)

Serial ports: the first is the console, the second belongs to the target alone
(its verdict cannot be faked by console noise), the third tells which database
rows the distro has promised to keep, and altogether that the distro still runs.
Every wait has a deadline; a failed one shows the end of the console. PIVOT_PATIENCE=3
makes each deadline three times as long, for a host that is busy with other things.
"""

import contextlib
import json
import mmap
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
OVMF = Path("/usr/share/OVMF")
# Code, variables, and what else QEMU is told: of the last, nobody but SMM writes variables.
FIRMWARE = {
    "bios": None,
    "uefi": ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd", []),
    "secure": ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.ms.fd",
               ["-global", "driver=cfi.pflash01,property=secure,value=on",
                "-global", "ICH9-LPC.disable_s3=1"]),
}
ROOT_PARTITION = 3
SECTOR = 512

ESCAPES = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|c)")

# Nothing but SIGKILL ends it. Where its name begins with '@' systemd spares it, too, since
# it is in no service's cgroup: then it beats until our init kills it.
HEART = r"""
test -w /sys/fs/cgroup/cgroup.procs && echo 0 > /sys/fs/cgroup/cgroup.procs
cd / && exec setsid -f perl -MIO::Handle -e '
	$SIG{TERM} = $SIG{HUP} = $SIG{INT} = "IGNORE";
	$0 = q({name});
	open(my $port, ">", "/dev/ttyS2") or die;
	$port->autoflush(1);
	while (1) {
		print $port "beat\n";
		select(undef, undef, undef, 0.2);
	}' < /dev/null > /dev/null 2>&1
"""

PATIENCE = float(os.environ.get("PIVOT_PATIENCE", "1"))

IN_THE_WIRE = 3  # lines a serial port may still owe for a process that is gone

# The same for every machine: one that goes on from where another was saved finds another
# payload on a disk that has not changed its size.
PAYLOAD_DISK_BYTES = 1 << 30

PORTS = ("console", "verdict", "rows")  # serial, each with a log
SAVED = ("data.raw", "vars.fd", *(f"{port}.log" for port in PORTS))

# The first can do what the second can, but says that it is an Atom (Cedarview), of which Linux
# knows that it speculates nothing. So it isolates no page tables, for which an emulated
# processor forgets all translations at each entry into the kernel and at each way out.
QUICK_CPU = "Nehalem,model=54"
ISOLATING_CPU = "Nehalem"

DISK_DEVICES = {
    "virtio": "virtio-blk-pci,id={id}-disk,drive={id},serial={id}",
    "nvme": "nvme,id={id}-disk,drive={id},serial={id}",
    "ahci": "ide-hd,id={id}-disk,drive={id},serial={id},bus=ide.{index}",
}


class MachineError(AssertionError):
    """The machine did not do what was waited for."""


class CommandFailed(MachineError):
    """A command inside the machine failed."""


def image_path(variant):
    """The cached disk image of a variant, built when there is none."""
    script = SCRIPTS / "vm-image"
    result = subprocess.run([script, variant], check=True, stdout=subprocess.PIPE, text=True)
    return Path(result.stdout.strip())


def root_sectors(image):
    """Where on the disk the root's partition begins, and how long it is."""
    table = subprocess.run(["sgdisk", "-i", str(ROOT_PARTITION), image], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    return (int(re.search(r"First sector: (\d+)", table)[1]),
            int(re.search(r"Partition size: (\d+)", table)[1]))


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Qmp:
    """QEMU's monitor: commands, and the events seen so far."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(path))
        self.stream = self.sock.makefile("rw")
        self.events = []
        self._next()
        self.command("qmp_capabilities")

    def _next(self):
        line = self.stream.readline()
        if not line:
            raise ConnectionError("QEMU has closed its monitor")
        return json.loads(line)

    def command(self, name, **arguments):
        message = {"execute": name}
        if arguments:
            message["arguments"] = arguments
        self.stream.write(json.dumps(message) + "\n")
        self.stream.flush()
        while True:
            reply = self._next()
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise MachineError(f"{name}: {reply['error']['desc']}")
            else:
                return reply["return"]

    def drain(self):
        """Take in the events QEMU has left behind; only once it has ended."""
        with contextlib.suppress(OSError):
            while True:
                message = self._next()
                if "event" in message:
                    self.events.append(message)

    def close(self):
        self.stream.close()
        self.sock.close()


class Filesystem:
    """What an ext4 file system looks like from outside, its machine switched off."""

    def __init__(self, path, offset=0):
        self.device = f"{path}?offset={offset}"

    def _tool(self, *command):
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def problems(self):
        """Why it was not cleanly unmounted: sentences, none when it was."""
        header = self._tool("dumpe2fs", "-h", self.device).stdout
        found = []
        if not re.search(r"^Filesystem state:\s+clean$", header, re.M):
            found.append("its state is not clean")
        if re.search(r"^Filesystem features:.*\bneeds_recovery\b", header, re.M):
            found.append("its journal has to be replayed")
        check = self._tool("e2fsck", "-fn", self.device)
        if check.returncode:
            found.append(f"e2fsck is not content: {check.stdout.strip()}")
        return found

    def recover(self):
        """What the distro does when it boots: replay the journal, put the harmless right."""
        self._tool("e2fsck", "-fp", self.device)

    def dump(self, source, destination):
        """Copy one file out; gives whether there was one."""
        self._tool("debugfs", "-R", f"dump {source} {destination}", self.device)
        return destination.exists() and destination.stat().st_size > 0

    def list(self, folder):
        """The names in one."""
        listing = self._tool("debugfs", "-R", f"ls -p {folder}", self.device).stdout
        names = [line.split("/")[5] for line in listing.splitlines() if line.count("/") > 5]
        return sorted(set(names) - {".", ".."})


class Machine:
    def __init__(self, image="systemd", firmware="bios", memory_mib=1024, cpus=1,
                 cpu=QUICK_CPU, disk="virtio", nic="virtio-net-pci", reboot=True, payload=None,
                 extra=(), saved=None):
        """
        firmware -- bios, uefi, or secure: UEFI with Secure Boot on, by Microsoft's keys
        cpu      -- a model of QEMU's
        reboot   -- False makes QEMU end where the machine would reboot
        payload  -- a folder, read-only at /mnt/payload inside
        extra    -- more arguments for QEMU
        saved    -- a folder of save(): where a machine with these options goes on from
        """
        self.image = image_path(image)
        self.options = dict(firmware=firmware, memory_mib=memory_mib, cpus=cpus, cpu=cpu,
                            disk=disk, nic=nic, reboot=reboot, payload=payload, extra=extra)
        self.saved = saved
        self.port = None
        self.qmp = None
        self.qemu = None
        self.host_keys = "no"  # StrictHostKeyChecking of ssh_config(5)
        self.events = []  # of machines that have ended
        self.last_row = 0  # of the database, once disk_problems() has read it

    # Life

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pivot-vm-"))
        try:
            self._make_disks()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception):
        self.kill()
        keep = os.environ.get("PIVOT_KEEP_LOGS")
        if keep:
            target = Path(keep) / self.folder.name
            target.mkdir(parents=True)
            for log in self.folder.glob("*.log"):
                shutil.copy(log, target)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_disks(self):
        self._make_payload()
        if self.saved:
            self._take_saved()
            return
        self._make_root(self.image, "raw")
        (self.folder / "data.raw").touch()
        os.truncate(self.folder / "data.raw", 64 << 20)
        firmware = FIRMWARE[self.options["firmware"]]
        if firmware:
            shutil.copy(OVMF / firmware[1], self.folder / "vars.fd")

    def _make_root(self, base, form):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", form, "-b", base,
                        self.folder / "root.qcow2"], check=True)

    def _take_saved(self):
        """The disks and logs as they were then."""
        for name in SAVED:
            if (self.saved / name).exists():
                shutil.copy(self.saved / name, self.folder)
        self._make_root(self.saved / "root.qcow2", "qcow2")

    def _make_payload(self):
        disk = self.folder / "payload.raw"
        disk.touch()
        source = self.options["payload"]
        if source:
            size = sum(path.stat().st_size for path in Path(source).rglob("*") if path.is_file())
            subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", "-L", "payload", "-d", source,
                            disk, f"{size * 5 // 4 // 1024 + 4096}k"],
                           check=True, stdout=subprocess.DEVNULL)
        assert disk.stat().st_size <= PAYLOAD_DISK_BYTES
        os.truncate(disk, PAYLOAD_DISK_BYTES)

    def _disk_arguments(self):
        disks = [("root", "root.qcow2", "qcow2"), ("data", "data.raw", "raw"),
                 ("payload", "payload.raw", "raw")]
        for index, (name, file, form) in enumerate(disks):
            # The payload is read-only, which an AHCI disk cannot be.
            bus = "virtio" if name == "payload" else self.options["disk"]
            device = DISK_DEVICES[bus].format(id=name, index=index)
            readonly = ",readonly=on" if name == "payload" else ""
            boot = ",bootindex=0" if name == "root" else ""
            yield "-drive"
            yield (f"if=none,id={name},file={self.folder / file},format={form}"
                   f",cache=unsafe,discard=unmap{readonly}")
            yield "-device"
            yield device + boot

    def _firmware_arguments(self):
        firmware = FIRMWARE[self.options["firmware"]]
        if not firmware:
            return []
        code, _, more = firmware
        return ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF / code}",
                "-drive", f"if=pflash,format=raw,file={self.folder / 'vars.fd'}", *more]

    def _serial_arguments(self):
        # The first and third port share an interrupt on a real PC: the third
        # gets its own here.
        for index, (name, more) in enumerate(zip(PORTS, ("", "", ",irq=5"), strict=True)):
            (self.folder / f"{name}.log").touch()
            yield "-chardev"
            yield f"file,id={name},path={self.folder / name}.log,append=on"
            yield "-device"
            yield f"isa-serial,chardev={name},index={index}{more}"

    def _start(self):
        options = self.options
        self.port = free_port()
        command = [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config",
            "-machine", "q35", "-accel", os.environ.get("PIVOT_ACCEL", "tcg"),
            "-cpu", options["cpu"], "-smp", str(options["cpus"]), "-m", f"{options['memory_mib']}M",
            "-display", "none", "-vga", "std",
            "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off",
            "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:22",
            "-device", f"{options['nic']},id=nic,netdev=net",
            "-object", "rng-random,id=rng,filename=/dev/urandom",
            "-device", "virtio-rng-pci,id=rng-device,rng=rng",
            *self._firmware_arguments(), *self._disk_arguments(), *self._serial_arguments(),
            *([] if options["reboot"] else ["-no-reboot"]), *options["extra"],
            *(["-incoming", f"file:{self.saved}/state"] if self.saved else []),
        ]
        self.qemu_log = open(self.folder / "qemu.log", "w")
        self.qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                     stdout=self.qemu_log, stderr=subprocess.STDOUT)
        self.qmp = self._wait("QEMU's monitor", 10, self._connect_monitor)
        if self.saved:
            self._wait("saved machine", 60, lambda: self.status() != "inmigrate")
            self.qmp.command("cont")

    def _connect_monitor(self):
        """Nothing where QEMU does not listen yet, though its socket may be there."""
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return Qmp(self.folder / "qmp")
        return None

    def save(self, folder):
        """
        Leave it in a folder as it is at this moment, for others to go on from there. This
        one ends here: of the time in between, none of them sees anything.
        """
        self._forget_ssh()
        self.qmp.command("stop")
        self.qmp.command("migrate-set-parameters", **{"max-bandwidth": 0})  # no limit
        self.qmp.command("migrate", uri=f"file:{self.folder}/state")
        self._wait("saved machine", 60, self._has_left)
        self.kill()
        folder.mkdir()
        for name in ("state", "root.qcow2", *SAVED):
            if (self.folder / name).exists():
                shutil.move(self.folder / name, folder)

    def _has_left(self):
        progress = self.qmp.command("query-migrate")
        if progress["status"] == "failed":
            raise MachineError(f"it cannot be saved: {progress['error-desc']}")
        return progress["status"] == "completed"

    def status(self):
        return self.qmp.command("query-status")["status"]

    def is_running(self):
        return self.qemu is not None and self.qemu.poll() is None

    def kill(self):
        """Pull the plug."""
        self._forget_ssh()
        if self.qmp:
            self.events = self.qmp.events
            self.qmp.close()
            self.qmp = None
        if self.qemu:
            self.qemu.kill()
            self.qemu.wait()
            self.qemu = None
            self.qemu_log.close()

    def resets(self):
        """How often the machine was reset from inside: a reboot, never a kexec."""
        if self.qmp:
            self.qmp.command("query-status")
            self.events = self.qmp.events
        return sum(event["event"] == "RESET" and event["data"]["guest"]
                   for event in self.events)

    def monitor(self, command):
        """What QEMU's monitor for people answers."""
        return self.qmp.command("human-monitor-command", **{"command-line": command})

    def memory_holds(self, data):
        """Whether the bytes are somewhere in the memory; seen from outside, as it is now."""
        size = self.options["memory_mib"] << 20
        with tempfile.NamedTemporaryFile(dir=self.folder) as file:
            self.qmp.command("stop")
            self.qmp.command("pmemsave", val=0, size=size, filename=file.name)
            self.qmp.command("cont")
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as memory:
                return memory.find(data) >= 0

    # Waiting

    def _tail(self):
        qemu = (self.folder / "qemu.log").read_text(errors="replace")
        console = "\n".join(self.console_text().splitlines()[-60:])
        return f"{qemu}\n--- end of the console ---\n{console}"

    def _wait(self, what, timeout, found, need_qemu=True, every=0.1):
        timeout *= PATIENCE
        deadline = time.monotonic() + timeout
        while True:
            result = found()
            if result:
                return result
            if need_qemu and not self.is_running():
                raise MachineError(f"QEMU ended while waiting for {what}\n{self._tail()}")
            if time.monotonic() > deadline:
                raise MachineError(f"no {what} within {timeout:.0f} s\n{self._tail()}")
            time.sleep(every)

    def wait_console(self, pattern, timeout=60, start=0, every=0.1):
        """Wait for a regular expression on the console, from a position on."""
        expression = re.compile(pattern, re.M)
        return self._wait(f"'{pattern}' on the console", timeout,
                          lambda: expression.search(self.console_text()[start:]),
                          need_qemu=False, every=every)

    def wait_verdict(self, nonce, timeout=120):
        """Wait for the target's own words; gives its facts as a dictionary."""
        text = self._wait(
            f"verdict '{nonce}' from the target", timeout,
            lambda: f"\nnonce={nonce}\n" in self._log("verdict") and self._log("verdict"),
            need_qemu=False)
        return dict(re.findall(r"^(\w+)=(.*)$", text, re.M))

    def wait_end(self, timeout=60):
        """Wait until the machine has switched itself off."""
        self._wait("end of the machine", timeout, lambda: not self.is_running(), need_qemu=False)
        self.qmp.drain()
        self.kill()

    # What it says

    def _log(self, name):
        return self._plain((self.folder / f"{name}.log").read_text(errors="replace"))

    @staticmethod
    def _plain(text):
        return ESCAPES.sub("", text.replace("\r", ""))

    def console_text(self):
        return self._log("console")

    def verdict_text(self):
        return self._log("verdict")

    def rows_acknowledged(self):
        """The last database row the distro has reported as committed."""
        rows = re.findall(r"^row (\d+)\n", self._log("rows"), re.M)
        return int(rows[-1]) if rows else 0

    def signs_of_life(self):
        """How many lines the distro has written to the third port."""
        return self._log("rows").count("\n")

    # Inside

    def _ssh_command(self, user="root"):
        key = self.image.parent / "key"
        options = {
            "BatchMode": "yes", "ConnectTimeout": int(20 * PATIENCE), "ServerAliveInterval": 5,
            "ServerAliveCountMax": 6, "StrictHostKeyChecking": self.host_keys, "LogLevel": "ERROR",
            "UserKnownHostsFile": self.folder / "known_hosts", "IdentitiesOnly": "yes",
            "ControlMaster": "auto", "ControlPersist": 600, "ControlPath": self.folder / f"ssh-{user}",
        }
        arguments = [f"-o{name}={value}" for name, value in options.items()]
        return ["ssh", "-F", "none", "-i", key, "-p", str(self.port), *arguments,
                f"{user}@127.0.0.1"]

    def expect_these_host_keys(self, user="root"):
        """From now on ssh takes the host keys that the distro has now, and no others."""
        keys = self.run("cat /etc/ssh/ssh_host_*_key.pub", user=user).stdout.splitlines()
        (self.folder / "known_hosts").write_text(
            "".join(f"[127.0.0.1]:{self.port} {key}\n" for key in keys))
        self.host_keys = "yes"

    def ssh_hint(self):
        key = self.image.parent / "key"
        return (f"ssh -i {key} -p {self.port} -o StrictHostKeyChecking=no "
                "-o UserKnownHostsFile=/dev/null root@127.0.0.1")

    def _forget_ssh(self):
        """Drop the shared connections: what they led to is gone."""
        for path in self.folder.glob("ssh-*"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run([*self._ssh_command(path.name[4:]), "-O", "exit"], timeout=10,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self, command, check=True, input=None, timeout=60, user="root"):
        """Run a shell command inside; gives the CompletedProcess."""
        timeout *= PATIENCE
        try:
            result = subprocess.run([*self._ssh_command(user), command], timeout=timeout,
                                    input=input if isinstance(input, (bytes, type(None))) else input.encode(),
                                    stdin=subprocess.DEVNULL if input is None else None,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except subprocess.TimeoutExpired:
            raise MachineError(f"'{command}' did not end in {timeout:.0f} s\n{self._tail()}") from None
        result.stdout = result.stdout.decode(errors="replace")
        result.stderr = result.stderr.decode(errors="replace")
        if check and result.returncode:
            raise CommandFailed(f"'{command}' ended with {result.returncode}\n"
                                f"{result.stdout}{result.stderr}")
        return result

    def read(self, command, **options):
        """What a command prints, without the end of the line."""
        return self.run(command, **options).stdout.rstrip("\n")

    def answers(self):
        """Whether root can log in."""
        try:
            return self.run("true", check=False, timeout=30).returncode == 0
        except MachineError:
            return False

    def wait_ssh(self, timeout=180):
        self._forget_ssh()
        self._wait("answer over ssh", timeout, self.answers)

    def wait_unreachable(self, timeout=120):
        """Wait until who was logged in is not any more, and nobody can."""
        def is_gone():
            self._forget_ssh()
            return not self.answers()

        self._wait("end of ssh", timeout, is_gone, need_qemu=False)

    def boot(self, timeout=180):
        """Wait until the distro is up with all its services."""
        row = self.rows_acknowledged()
        self.wait_ssh(timeout)
        self._wait("running database", 60, lambda: self.rows_acknowledged() > row)
        self.wait_until("data volume", "mountpoint -q /srv/lvm")
        if self.options["payload"]:
            # by its name: its contents are not what udev has seen of a saved machine's
            self.run("mkdir -p /mnt/payload && "
                     "mount -r /dev/disk/by-id/virtio-payload /mnt/payload")

    def wait_until(self, what, command, timeout=60):
        """Wait until a command inside succeeds."""
        self._wait(what, timeout, lambda: self.run(command, check=False).returncode == 0)

    def wait_life(self):
        """Wait until the distro has shown that it still runs."""
        signs = self.signs_of_life()
        self._wait("sign of life", 60,
                   lambda: self.signs_of_life() > signs + IN_THE_WIRE)

    def start_heart(self, name="heart"):
        """Start a process that beats on the third port and cannot be told to end."""
        self.run(HEART.replace("{name}", name))
        self._wait("beating heart", 30, lambda: "\nbeat\n" in self._log("rows"))

    def copy_in(self, source, destination):
        """Copy a small file in; larger ones travel as the payload."""
        source = Path(source)
        self.run(f"cat > {destination} && chmod {source.stat().st_mode & 0o777:o} {destination}",
                 input=source.read_bytes())

    def power_off(self, timeout=90):
        """The distro's own orderly end."""
        self.run("poweroff", check=False)
        self.wait_end(timeout)

    # The disks afterwards

    def _root_partition(self):
        """The root file system as a file of its own."""
        assert not self.is_running(), "the machine still writes to its disks"
        target = self.folder / "root.ext4"
        if not target.exists():
            self._copy_root_partition(target)
        return Filesystem(target)

    def _copy_root_partition(self, target):
        first, count = root_sectors(self.image)
        view = (f"driver=raw,offset={first * SECTOR},size={count * SECTOR},file.driver=qcow2"
                f",file.file.driver=file,file.file.filename={self.folder / 'root.qcow2'}")
        subprocess.run(["qemu-img", "convert", "-U", "--image-opts", view, "-O", "raw", target],
                       check=True)

    def _loop_image(self):
        """What was mounted on /srv/loop, out of the root file system."""
        target = self.folder / "loop.img"
        if not self.read_file("/srv/loop.img", target):
            raise MachineError("there is no /srv/loop.img on the disk")
        return Filesystem(target)

    def read_file(self, source, destination):
        """Copy a file out of the root file system; gives whether there was one."""
        return self._root_partition().dump(source, destination)

    def disk_problems(self):
        """Everything about the disks that a clean end would not have left."""
        root = self._root_partition()
        found = [f"root: {problem}" for problem in root.problems()]
        if found:
            root.recover()  # what is only in its journal cannot be read otherwise
        volumes = {
            # A plain vgcreate puts the first extent 1 MiB into the disk.
            "LVM volume": Filesystem(self.folder / "data.raw", offset=1 << 20),
            "loop mount": self._loop_image(),
        }
        found += [f"{name}: {problem}"
                  for name, volume in volumes.items() for problem in volume.problems()]
        return found + self.database_problems()

    def database_problems(self):
        database = self.folder / "events.db"
        if not self.read_file("/srv/database/events.db", database):
            return ["database: it is not there"]
        self.read_file("/srv/database/events.db-wal", self.folder / "events.db-wal")
        with contextlib.closing(sqlite3.connect(database)) as connection:
            integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
            self.last_row = connection.execute("SELECT max(id) FROM events").fetchone()[0] or 0
        found = []
        if integrity != "ok":
            found.append(f"database: {integrity}")
        if self.last_row < self.rows_acknowledged():
            found.append(f"database: it ends at row {self.last_row}, "
                         f"row {self.rows_acknowledged()} was acknowledged")
        return found
