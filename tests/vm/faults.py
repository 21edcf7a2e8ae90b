# SPDX-License-Identifier: GPL-2.0-or-later
"""
A fault at any act of the tool or of the init, in a machine, and what came of it.

The tool is build/faulty/pivot-kexec: the same with tests/faults/acts-faulty.c between it
and its acts. A machine is booted once; each fault starts from the same snapshot of it.

A fault is written in one line, SCENARIO PROGRAM TIME KIND ACT:

    seize init 1 EBUSY umount /srv/lvm 8
    systemd tool 0 hang kill pid-1 40

PROGRAM is tool, init, or middle: the init in a middle kernel. TIME says which of the same
acts it is, 0 each of them. ACT is as the program lists it.
"""

import errno
import random
import re
import subprocess
import time
from collections import Counter, namedtuple

from machine import MachineError
from payload import SOURCE, make_payload
from snapshots import HOME, LANDED, SnapshotMachine
from untouched import assert_undone, state

BINARY = SOURCE / "build" / "faulty" / "pivot-kexec"
TOOL = "/mnt/payload/pivot-kexec"
TREE = "/mnt/payload/result"

DEADLINE_S = 30   # of the init: what hangs comes home so fast
TOOL_ENDS_S = 360  # it gives each step of loading 300
ALL_ENDS_S = 500  # that, or: deadline, guardian, the reboot's own

# A whole boot takes longer than all the rest; its disks are known to be whole by then.
FULL_BOOT_EVERY = 10

# What each act may plausibly fail with, the likeliest first; by the manual pages, and by
# what drivers return from their attributes.
ERRNOS = {
    "mount": "EBUSY ENOMEM EPERM ENODEV EINVAL",
    "umount": "EBUSY EINVAL EIO EPERM",
    "mkdir": "EROFS ENOSPC EACCES",
    "rmdir": "EBUSY EROFS",
    "pivot_root": "EINVAL EBUSY EPERM",
    "enter_mounts": "EPERM EINVAL",
    "write": "EIO ENOENT EPERM ENODEV ETIMEDOUT EINVAL",
    "pci_command": "EPERM EIO ENOENT",
    "sysrq_open": "ENOENT EACCES",
    "kill": "EPERM ESRCH",
    "swapoff": "ENOMEM EPERM EINVAL",
    "dm_remove": "EBUSY ENXIO ENODEV",
    "dm_resume": "EINVAL ENXIO EIO",
    "md_stop": "EBUSY ENODEV",
    "loop_detach": "EBUSY ENXIO",
    "unload_module": "EBUSY EWOULDBLOCK",
    "load_module": "ENOEXEC ENODEV ENOMEM ETIMEDOUT",
    "link_down": "ENODEV ETIMEDOUT EPERM",
    "link_delete": "EOPNOTSUPP ENODEV",
    "watchdog_stop": "EBUSY EIO",
    "watchdog_arm": "EBUSY EIO",
    "watchdog_open": "EBUSY ENODEV",
    "symlink": "ENOSPC EEXIST",
    "create": "ENOSPC EEXIST EROFS",
    "copy": "ENOSPC EIO ENODATA",
    "unlink": "ENOENT EROFS",
    "kexec_file_load": "ENOMEM EPERM ENOEXEC EBUSY EKEYREJECTED",
    "kexec_load": "ENOMEM EPERM EADDRNOTAVAIL EBUSY",
    "kexec_unload_crash": "EBUSY",
    "kexec_unload": "EBUSY EPERM",
    "reboot": "EPERM EINVAL",
    "execute": "EACCES ENOEXEC ENOMEM",
    "make_exec": "EPERM ETIMEDOUT ENOEXEC EACCES",
    "can_make_exec": "EPERM ETIMEDOUT",
}
LOST = ("sync", "sysrq", "watchdog_feed")  # acts that give nothing back
ALWAYS = ("hang", "kill", "slow")
CORRUPT = ("init", "reboot kexec")  # after the last look at the target's pages

REFUSED, STRANDED = "refused", "stranded"

# Each way into the next kernel; the way home and the way back, which begin with a fault.
SCENARIOS = {
    "systemd": ("--takeover=systemd", None, LANDED),
    "seize": ("--takeover=seize", None, LANDED),
    # a module's load has 30 s of its own
    "two-stage": ("--takeover=seize --two-stage --deadline 60", None, LANDED),
    "home": ("--takeover=seize", "home init 1 EIO reboot kexec", HOME),
    "undone": ("--takeover=seize", "undone tool 1 EPERM make_exec pid-1 /run/initramfs/init",
               REFUSED),
}

OUTCOMES = (REFUSED, LANDED, HOME, STRANDED)
REPLAYED = "with a journal to replay"

Result = namedtuple("Result", "fault outcome why seconds")


def fnv1a(text):
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


class Fault(namedtuple("Fault", "scenario program time kind act")):
    @classmethod
    def parse(cls, line):
        scenario, program, when, kind, act = line.split(maxsplit=4)
        return cls(scenario, program, int(when), kind, act)

    def __str__(self):
        return " ".join(map(str, self))

    def verb(self):
        return self.act.split()[0]

    def word(self):
        """As tests/faults/acts-faulty.c reads it."""
        kind = getattr(errno, self.kind, self.kind)
        return f"{self.program}:{fnv1a(self.act):x}:{self.time}:{kind}"

    def words(self):
        first = SCENARIOS[self.scenario][1]
        return " ".join([*([Fault.parse(first).word()] if first else []), self.word()])


def kinds_of(program, act):
    verb = act.split()[0]
    errors = ("lost",) if verb in LOST else tuple(ERRNOS[verb].split())
    return (*errors, *ALWAYS, *(["corrupt"] if (program, act) == CORRUPT else []))


def possible(scenario, acts):
    """acts -- how often the program does each, {(program, act): times}"""
    for (program, act), times in acts.items():
        whens = (1, 0) if times > 1 else (1,)
        for when in whens:
            for kind in kinds_of(program, act):
                yield Fault(scenario, program, when, kind, act)


def chosen(faults, seed):
    """
    All of them, in an order drawn from the seed, in which every sort of act with every kind
    of fault comes before any comes again.
    """
    draw = random.Random(seed)
    faults = sorted(faults)
    draw.shuffle(faults)
    seen = Counter()
    ranked = []
    for fault in faults:
        sort = (fault.program, fault.verb(), fault.kind)
        ranked.append((seen[sort], fault))
        seen[sort] += 1
    return [fault for rank, fault in sorted(ranked, key=lambda pair: pair[0])]


class FaultyMachine(SnapshotMachine):
    def __init__(self, nonce, **options):
        super().__init__(**options)
        self.nonce = nonce
        self.homes = 0

    def prepare_more(self):
        self.before = state(self)

    # One run

    def start_tool(self, scenario, words):
        options = SCENARIOS[scenario][0]
        command = (f"echo 'faults {words}' > /proc/sys/kernel/domainname; {TOOL} --delay 1 "
                   f"--deadline {DEADLINE_S} {options} {TREE}; echo exit=$?")
        self.said = open(self.folder / "tool.log", "wb")
        self.tool = subprocess.Popen([*self._ssh_command(), command], stdin=subprocess.DEVNULL,
                                     stdout=self.said, stderr=subprocess.STDOUT)

    def stop_tool(self):
        self.tool.kill()
        self.tool.wait()
        self.said.close()

    def exit_code(self):
        found = re.search(r"^exit=(\d+)$", (self.folder / "tool.log").read_text(errors="replace"),
                          re.M)
        return int(found[1]) if found else None

    def has_landed(self):
        return f"\nnonce={self.nonce}\n" in self._log("verdict")

    def first_sign(self):
        """What became of it: a sort of end, or nothing yet."""
        if self.has_landed():
            return LANDED
        if self.status() == "shutdown":
            return HOME if self.is_reset() else STRANDED
        if re.search("pivot-kexec: (nothing was changed|not everything could be undone)",
                     self.console_text()):
            return REFUSED  # or not: what differs is looked at
        if self.exit_code() not in (None, 0):
            return REFUSED
        return None

    def wait_first_sign(self):
        started = time.monotonic()
        while True:
            sign = self.first_sign()
            if sign:
                return sign
            waited = time.monotonic() - started
            if waited > ALL_ENDS_S or (waited > TOOL_ENDS_S and self.exit_code() is None
                                       and "in control as PID 1" not in self.console_text()):
                return STRANDED
            time.sleep(0.1)

    def listed(self):
        return Counter(re.findall(r"pivot-fault: act (\w+) (.*)$", self.console_text(), re.M))

    def is_hit(self, fault):
        kind = getattr(errno, fault.kind, fault.kind)
        return f"pivot-fault: hit {kind} {fault.program} {fault.act}\n" in self.console_text()


def why_not_refused(vm):
    """What differs from the machine it was before; "" where nothing does."""
    if vm.exit_code() not in (0, 1):
        return f"the tool ended with {vm.exit_code()}; {changes(vm)}"
    try:
        assert_undone(vm, vm.before)
    except (AssertionError, MachineError) as error:
        return f"refused, but changed: {changes(vm) or error}"
    return ""


def changes(vm):
    try:
        after = state(vm)
    except MachineError:
        return "it does not answer"
    return "; ".join(f"{name}: '{vm.before[name]}' is '{after[name]}'"
                     if "\n" not in vm.before[name] + after[name] else
                     f"{name}: {set(vm.before[name].splitlines()) ^ set(after[name].splitlines())}"
                     for name in vm.before if vm.before[name] != after[name])


def come_home(vm):
    """From the reset on: the disks as they were left, then the distro up again."""
    why = ""
    problems = vm.disk_problems()
    if problems:
        left = vm.problems_after_recovery()
        if left:
            return STRANDED, f"at the reset: {left}"
        why = REPLAYED
    start = len(vm.console_text())
    vm.marks["rows"] = (vm.folder / "rows.log").stat().st_size
    vm.go_on()
    vm.wait_console("Linux version", timeout=400, start=start)
    if vm.homes % FULL_BOOT_EVERY == 0:
        vm._wait("running database", 400, lambda: vm.rows_acknowledged() > 0)
    vm.homes += 1
    return HOME, why


def outcome(vm):
    """Which of the ends it came to, and what is to be said about it."""
    sign = vm.wait_first_sign()
    if sign == LANDED:
        problems = vm.disk_problems()
        return (STRANDED, f"landed, but: {problems}") if problems else (LANDED, "")
    if sign == HOME:
        return come_home(vm)
    if sign == REFUSED:
        why = why_not_refused(vm)
        return (STRANDED, why) if why else (REFUSED, "")
    taken = "in control as PID 1" in vm.console_text()
    return STRANDED, ("no end after the takeover" if taken else
                      f"the tool does not come to an end (exit code {vm.exit_code()}); "
                      f"{changes(vm) or 'nothing is changed'}")


def run_fault(vm, fault):
    """Its Result; None where the fault was not hit."""
    started = time.monotonic()
    vm.restore()
    try:
        vm.start_tool(fault.scenario, fault.words())
        ended, why = outcome(vm)
    except MachineError as error:
        ended, why = STRANDED, str(error).splitlines()[0]
    finally:
        vm.stop_tool()
    if not vm.is_hit(fault) and ended != STRANDED:
        return None
    return Result(fault, ended, why, time.monotonic() - started)


def list_acts(vm, scenario):
    """What each program does in this scenario, without a fault of ours."""
    vm.restore()
    _, first, end = SCENARIOS[scenario]
    try:
        vm.start_tool(scenario, " ".join(["list", *([Fault.parse(first).word()] if first else [])]))
        sign = vm.wait_first_sign()
    finally:
        vm.stop_tool()
    if sign != end:
        raise MachineError(f"without a fault: {sign}\n{vm._tail()}")
    return vm.listed()


def catalogue(vm):
    """Every fault there is."""
    seen = Counter()
    for scenario, (_, first, _) in SCENARIOS.items():
        acts = list_acts(vm, scenario)
        if first:  # only what comes after it
            acts = Counter({act: n for act, n in acts.items() if n > seen[act]})
            acts.pop((Fault.parse(first).program, Fault.parse(first).act), None)
        else:
            seen |= acts
        yield from possible(scenario, acts)


def make_faulty_payload(folder):
    return make_payload(folder, append="target.stay=3600", binary=BINARY)
