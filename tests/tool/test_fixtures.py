# SPDX-License-Identifier: GPL-2.0-or-later
"""Recorded machines: what is planned for them, and how they are recorded."""

import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TOOL = TOP / "build/pivot-kexec"
RECORDER = TOP / "scripts/record-machine"
FIXTURES = TOP / "tests/fixtures"
MACHINES = sorted(path.name for path in FIXTURES.iterdir()
                  if path.is_dir() and path.name != "hostile")
SHELLS = [["bash"], ["dash"], ["busybox", "sh"]]

MAC = re.compile(r"(?<![0-9a-f])[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?![0-9a-f])", re.I)
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
HEX = re.compile(r"[0-9a-f]{12,}", re.I)  # a MAC address or an id, without its colons
ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")


def plan(*arguments):
    return subprocess.run([TOOL, "plan", *arguments], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def read_json(*arguments):
    return json.loads(plan("--json", *arguments))


def stages_as_text(stages):
    """What the text plan says, out of the JSON one."""
    lines = []
    for number, stage in enumerate(stages, 1):
        lines.append(f"[{number}/{len(stages)}] {stage['title']}")
        lines += [f"  {op['operation']:<8} {op['object']:<24} {op['reason']}"
                  for op in stage["operations"]] or ["  nothing at present"]
        lines.append("")
    return "\n".join(lines) + "\n"


def entries(folder):
    """(path, what is in it) of all that is no folder; a link's content is its target."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            yield name, os.readlink(path)
        elif path.is_file():
            yield name, path.read_bytes().decode("latin-1")


def telling(folder):
    """What may name a machine, its people or its servers: (path, what)."""
    found = []
    for name, text in entries(folder):
        if name.endswith(("/config", "/modalias")):  # numbers of what it is, not of which
            continue
        for what in (name, text):
            found += [(name, match) for expression in (MAC, UUID, HEX, ADDRESS)
                      for match in expression.findall(what)
                      # our own numbers have few digits
                      if re.search(r"[1-9a-f].*[1-9a-f].*[1-9a-f]", match, re.I)]
    return found


# --- what is planned ---


@pytest.mark.parametrize("machine", MACHINES)
def test_plans_as_written_down(machine):
    golden = FIXTURES / f"{machine}.plan"
    assert plan("--root", FIXTURES / machine) == golden.read_text()


@pytest.mark.parametrize("machine", MACHINES)
def test_json_is_the_same_plan(machine):
    text = plan("--root", FIXTURES / machine)
    value = read_json("--root", FIXTURES / machine)
    assert text[text.index("[1/"):text.index("then: ")] == stages_as_text(value["stages"])
    assert value["dropped"] == 0
    names = {device["name"] for device in value["devices"]}
    for stage in value["stages"]:
        if stage["title"] in ("unbind drivers", "clear bus mastering", "reset devices"):
            assert {op["object"] for op in stage["operations"]} <= names
            assert all((op["deadline_s"] is None) == (op["operation"] == "keep")
                       for op in stage["operations"])
            for op in stage["operations"]:
                said = re.search(r"; deadline (\d+) s", op["reason"])
                assert not said or int(said[1]) == op["deadline_s"]
        else:
            assert all(op["deadline_s"] is None for op in stage["operations"])


def members(value):
    """Every name in a JSON value."""
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from members(inner)
    if isinstance(value, dict):
        yield from value


def test_the_manual_names_every_member_of_a_plan():
    manual = (TOP / "docs/pivot-kexec.8").read_text()
    section = manual.split(".Ss The plan as JSON")[1].split(".Ss ")[0]
    named = {name for line in re.findall(r"^\.(?:It |Pq )?Cm (.*)$", section,
                                              re.MULTILINE)
             for name in re.findall(r"[a-z_]+", line)} - {"plan", "json"}
    used = set()
    for machine in MACHINES:
        used |= set(members(read_json("--root", FIXTURES / machine, "--quirk",
                                      "driver:*=append:quiet")))
    used |= {"form", "kernel", "kernel_bytes", "release", "initrd", "initrd_bytes",
             "command_line"}  # of a tree, which is not here
    used |= {"appended", "bytes", "searched", "file", "error", "keys", "new", "without_options",
             "no_keys", "files", "path", "kind", "mode", "source", "target"}  # test_binary.py
    used |= {"modules", "firmware", "bytes", "options", "out_of_tree"}  # test_two_stages.py
    assert named == used


@pytest.mark.parametrize("machine", MACHINES)
def test_every_function_of_the_recording_is_in_the_plan(machine):
    functions = {path.name for path in (FIXTURES / machine / "sys/bus/pci/devices").glob("*:*")}
    devices = read_json("--root", FIXTURES / machine)["devices"]
    assert {device["name"] for device in devices if device["bus"] == "pci"} == functions


def copy_in_order(source, target, backwards):
    """On a tmpfs the order of a folder is that in which it was filled."""
    target.mkdir()
    for path in sorted(source.iterdir(), reverse=backwards):
        if path.is_symlink():
            (target / path.name).symlink_to(os.readlink(path))
        elif path.is_dir():
            copy_in_order(path, target / path.name, backwards)
        else:
            shutil.copy(path, target / path.name)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_plan_does_not_depend_on_the_order_of_folders(machine):
    golden = (FIXTURES / f"{machine}.plan").read_text()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as shm:
        for backwards in (False, True):
            copy = Path(shm) / str(backwards)
            copy_in_order(FIXTURES / machine, copy, backwards)
            assert plan("--root", copy) == golden


def test_every_machine_has_a_plan_and_is_described():
    plans = {path.stem for path in FIXTURES.glob("*.plan")}
    readme = (FIXTURES / "README").read_text()
    assert plans == set(MACHINES)
    assert len(MACHINES) >= 6
    for machine in MACHINES:
        assert f"\n{machine}\n" in readme, machine


@pytest.mark.parametrize("machine", MACHINES)
def test_fixtures_name_nobody(machine):
    assert telling(FIXTURES / machine) == []


@pytest.mark.parametrize("machine", MACHINES)
def test_fixtures_survive_git(machine):
    """No folder is empty, no link leads out."""
    top = FIXTURES / machine
    for folder, folders, files in os.walk(top):
        assert folders or files, folder
    for path in top.rglob("*"):
        if path.is_symlink():
            assert not os.readlink(path).startswith("/"), path
            there = os.path.normpath(path.parent / os.readlink(path))
            assert there.startswith(str(top) + os.sep), path


# --- how they are recorded ---


def record(*arguments, shell=("sh",), path=None, check=True):
    environment = os.environ | ({"PATH": str(path)} if path else {})
    shell = [shutil.which(shell[0]), *shell[1:]]
    return subprocess.run([*shell, RECORDER, *arguments], check=check, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    if os.geteuid() != 0:  # config space beyond its header; CI is root, and fails on a skip
        pytest.skip("only root can record this machine")
    folder = tmp_path_factory.mktemp("recorded") / "machine"
    record(folder)
    return folder


def lasting(value):
    """The devices, without what changes from one moment to the next."""
    for device in value["devices"]:
        if "state" in device:
            del device["state"]["pending"], device["state"]["power"]
    return value["devices"]


def test_a_recording_plans_as_its_machine(recorded):
    here, there = read_json(), read_json("--root", recorded)
    assert lasting(here) == lasting(there)
    titles = [stage["title"] for stage in here["stages"]]
    for title in ("quiet the watchdogs", "take the network apart", "keep disks spinning",
                  "unbind drivers", "clear bus mastering", "reset devices"):
        assert here["stages"][titles.index(title)] == there["stages"][titles.index(title)]
    assert here["takeover"] == there["takeover"]


def test_a_recording_names_nobody(recorded):
    assert telling(recorded) == []


def secrets_of_this_machine():
    for path in Path("/sys/class/net").glob("*/address"):
        mac = path.read_text().strip()
        if mac.strip("0:"):
            yield from (mac, mac.replace(":", ""))
    for path in ("/etc/machine-id", "/sys/class/dmi/id/product_uuid",
                 "/sys/class/dmi/id/product_serial", "/sys/class/dmi/id/board_serial"):
        if os.access(path, os.R_OK) and len(text := Path(path).read_text().strip()) > 3:
            yield text


def test_a_recording_has_none_of_the_machines_own_numbers(recorded):
    for secret in secrets_of_this_machine():
        for name, text in entries(recorded):
            assert secret not in name + text, name


def test_a_recording_can_be_recorded(tmp_path, recorded):
    """Nothing more is taken away by another turn, so that fixtures can be made anew."""
    record("--from", recorded, tmp_path / "again")
    assert dict(entries(tmp_path / "again")) == dict(entries(recorded))


@pytest.mark.parametrize("machine", MACHINES)
def test_fixtures_are_what_the_script_records(machine, tmp_path):
    record("--from", FIXTURES / machine, tmp_path / machine)
    assert dict(entries(tmp_path / machine)) == dict(entries(FIXTURES / machine))


def test_an_archive_is_the_same(tmp_path, recorded):
    record("--from", recorded, tmp_path / "here.tar.gz")
    with tarfile.open(tmp_path / "here.tar.gz") as archive:
        archive.extractall(tmp_path / "there")
    assert dict(entries(tmp_path / "there/here")) == dict(entries(recorded))


# A machine with everything that must not get out.

USER = "miller"

FILES = {
    "proc/1/comm": "systemd\n",
    "proc/sys/kernel/hostname": "miller-laptop\n",
    "proc/sys/kernel/osrelease": "6.1.0-test\n",
    "proc/consoles": "ttyS0                -W- (EC p a)    4:64\n",
    "proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                  "/dev/dm-1                               partition\t999420\t\t0\t\t-2\n"
                  f"/home/{USER}/swap                       file\t\t1024\t\t0\t\t-3\n",
    "proc/self/mountinfo":
        "22 1 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw,seclabel\n"
        "25 1 254:1 / / rw,relatime shared:1 - ext4 /dev/mapper/miller--laptop-root"
        " rw,errors=remount-ro\n"
        "26 25 8:1 /@miller /boot ro shared:2 - btrfs /dev/sda1 ro,subvol=/@miller\n"
        f"30 25 0:44 / /home/{USER}/My\\040Files rw - fuse.sshfs miller@10.1.2.3:/x rw\n"
        "31 25 0:45 / /srv/acme/project rw - nfs4 nas.acme.test:/project rw,addr=10.1.2.3\n"
        "32 25 0:46 / /mnt rw - cifs //nas/miller rw,username=miller\n"
        "33 25 0:47 / /empty rw - 9p  rw\n"
        "34 25 8:2 / /var/lib/kubelet/pods/0f0e0d0c-1111-2222-3333-0123456789ab/x rw"
        " - ext4 /dev/disk/by-uuid/0f0e0d0c-1111-2222-3333-0123456789ab rw\n"
        "35 25 0:48 / /var/lib/docker/overlay2/8a5edab282632443219e051e4ade2d1d/merged rw"
        " - overlay overlay rw,lowerdir=/home/miller\n"
        "35 25 0:49 / /srv/backup rw - zfs miller-laptop/backup rw\n"
        "35 25 0:50 / /home rw - zfs rpool/USERDATA/miller_1a2b3c rw,xattr\n"
        "36 25 8:3 / /run/media/miller/Miller-Photos rw - vfat /dev/sdb1 rw\n",
    "run/systemd/system/miller.service": "secret\n",
    "sys/class/dmi/id/sys_vendor": "Vendor\n",
    "sys/class/dmi/id/product_name": "Product\n",
    "sys/class/dmi/id/product_serial": "MILLER01\n",
    "sys/class/dmi/id/board_serial": "MILLER02\n",
    "sys/module/softdog/parameters/nowayout": "0\n",
}
USB = "sys/devices/pci0000:00/0000:00:14.0/usb1"
FUNCTION = "sys/devices/pci0000:00/0000:00:14.0"
GUID = "000d3a6b-1234-000d-3a6b-1234000d3a6b"
SECRET = b"\xc0\xff\xee"


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def link(root, path, target):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / target).mkdir(parents=True, exist_ok=True)
    (root / path).symlink_to(os.path.relpath(root / target, (root / path).parent))


def add_interface(root, name, index, folder, **more):
    link(root, f"sys/class/net/{name}", f"{folder}/net/{name}")
    more = {"flags": "0x1003\n", "ifindex": f"{index}\n", "address": "00:11:22:33:44:55\n",
            "uevent": f"DEVTYPE=wlan\nINTERFACE={name}\n"} | more
    for file, text in more.items():
        write(root, f"{folder}/net/{name}/{file}", text)


def config_space():
    """Power management, VPD with a serial number in its window, MSI-X enabled."""
    config = bytearray(256)
    config[0:8] = b"\x86\x80\x31\xa3\x06\x04\x10\x00"
    config[0x34] = 0x40
    config[0x40:0x48] = b"\x01\x48\x03\x00\x03\x00\x00\x00"
    config[0x48:0x50] = b"\x03\x50\x08\x80" + SECRET + b"\x01"
    config[0x50:0x5c] = b"\x11\x00\x07\x80" + bytes(8)
    config[0x80:0x83] = SECRET
    return bytes(config)


@pytest.fixture
def miller(tmp_path):
    """Of no real machine."""
    root = tmp_path / "miller"
    for path, text in FILES.items():
        write(root, path, text)
    for name, value in (("vendor", "0x8086"), ("device", "0xa331"), ("class", "0x0c0330"),
                        ("enable", "1"), ("reset_method", "pm")):
        write(root, f"{FUNCTION}/{name}", f"{value}\n")
    (root / FUNCTION / "config").write_bytes(config_space() + SECRET)
    link(root, "sys/bus/pci/devices/0000:00:14.0", FUNCTION)
    link(root, f"{FUNCTION}/driver", "sys/bus/pci/drivers/xhci_hcd")
    link(root, "sys/bus/pci/drivers/xhci_hcd/module", "sys/module/xhci_hcd")
    link(root, "sys/bus/usb/devices/usb1", USB)
    write(root, f"{USB}/serial", "0000:00:14.0\n")
    add_interface(root, "enx001122334455", 3, f"{USB}/1-1/1-1:1.0")
    add_interface(root, "wlan0", 4, "sys/devices/virtual")
    add_interface(root, "bond0", 5, "sys/devices/virtual", uevent="DEVTYPE=bond\n")
    link(root, "sys/devices/virtual/net/bond0/lower_enx001122334455",
         f"{USB}/1-1/1-1:1.0/net/enx001122334455")
    link(root, f"sys/bus/vmbus/devices/{GUID}", f"sys/devices/LNXSYSTM:00/{GUID}")
    link(root, f"sys/devices/LNXSYSTM:00/{GUID}/driver", "sys/bus/vmbus/drivers/hv_netvsc")
    add_interface(root, "eth0", 6, f"sys/devices/LNXSYSTM:00/{GUID}", uevent="INTERFACE=eth0\n")
    for name, attribute, text in (
            ("dm-0", "dm/name", "miller--laptop-root"),
            ("dm-1", "dm/name", "luks-0f0e0d0c-1111-2222-3333-0123456789ab"),
            ("loop0", "loop/backing_file", f"/home/{USER}/secret.img"),
            ("loop1", "size", "0")):
        link(root, f"sys/class/block/{name}", f"sys/devices/virtual/block/{name}")
        link(root, f"sys/block/{name}", f"sys/devices/virtual/block/{name}")
        write(root, f"sys/devices/virtual/block/{name}/{attribute}", f"{text}\n")
    watchdog = "sys/devices/virtual/watchdog/watchdog0"
    link(root, "sys/class/watchdog/watchdog0", watchdog)
    for name, text in (("state", "active"), ("nowayout", "0"), ("identity", "Software Watchdog")):
        write(root, f"{watchdog}/{name}", f"{text}\n")
    return root


@pytest.fixture(scope="session")
def busybox_only(tmp_path_factory):
    """A PATH with nothing but what busybox has."""
    folder = tmp_path_factory.mktemp("busybox")
    busybox = shutil.which("busybox")
    for name in subprocess.run([busybox, "--list"], check=True, stdout=subprocess.PIPE,
                               text=True).stdout.split():
        (folder / name).symlink_to(busybox)
    return folder


@pytest.fixture(params=SHELLS, ids=" ".join)
def anonymous(request, miller, tmp_path, busybox_only):
    """Its recording, made by each of several shells."""
    path = busybox_only if request.param[0] == "busybox" else None
    record("--from", miller, tmp_path / "out", shell=request.param, path=path)
    return tmp_path / "out"


def test_names_no_machine_and_no_people(anonymous):
    assert telling(anonymous) == []
    for name, text in entries(anonymous):
        for word in ("miller", "Miller", "acme", "MILLER", "secret", "001122334455", "10.1.2.3",
                     "000d3a6b", "nas", "8a5eda"):
            assert word not in name + text, name


def test_keeps_of_a_config_space_what_is_read(anonymous):
    config = (anonymous / FUNCTION / "config").read_bytes()
    expected = bytearray(config_space())
    expected[0x4a:0x50] = bytes(6)  # address and data of VPD
    expected[0x80:0x83] = bytes(3)
    assert config == bytes(expected)
    assert SECRET not in config


def test_plans_for_what_has_lost_its_name(anonymous):
    found = read_json("--root", anonymous)
    holds = {device["name"]: device["holds"] for device in found["devices"]}
    assert holds == {"0000:00:14.0": "enx000000000003 usb1",
                     "00000000-0000-0000-0000-000000000001": "eth0"}
    objects = {stage["title"]: [(op["operation"], op["object"], op["reason"])
                                for op in stage["operations"]] for stage in found["stages"]}
    assert objects["let go of storage"] == [
        ("swapoff", "/dev/dm-1", "swap"),
        ("swapoff", "/home/user1", "swap"),
        ("unmount", "/run/media/user1", "vfat on /dev/sdb1"),
        ("unmount", "/home", "zfs on rpool/dataset2"),
        ("unmount", "/srv/backup", "zfs on host/dataset1"),
        ("unmount", "/var/lib/docker/overlay2/000000000000/merged", "overlay on overlay"),
        ("unmount", "/var/lib/kubelet/pods/00000000-0000-0000-0000-000000000000/x",
         "ext4 on /dev/disk/by-uuid/00000000-0000-0000-0000-000000000000"),
        ("unmount", "/empty", "9p on 9p"),
        ("unmount", "/mnt", "cifs on server:/"),
        ("unmount", "/srv/mount2", "nfs4 on server:/"),
        ("unmount", "/home/mount1", "fuse.sshfs on server:/"),
        ("unmount", "/boot", "btrfs on /dev/sda1, read-only"),
        ("unmount", "/", "ext4 on /dev/mapper/host-root"),
        ("release", "dm-0", "host-root"),
        ("release", "dm-1", "luks-00000000-0000-0000-0000-000000000000"),
        ("release", "loop0", "/home/user1"),
    ]
    assert [op[1:] for op in objects["take the network apart"] if op[0] == "delete"] == [
        ("bond0", "bond on enx000000000003"), ("wlan0", "wlan")]
    assert objects["quiet the watchdogs"] == [("disarm", "watchdog0", "Software Watchdog")]
    assert found["takeover"] == "systemd"


def test_finds_what_names_somebody(miller):
    """The check itself fails where it should."""
    found = {what for _name, what in telling(miller)}
    assert {"00:11:22:33:44:55", GUID, "10.1.2.3", "001122334455"} <= found


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_records_a_machine_with_almost_nothing(shell, tmp_path, busybox_only):
    write(tmp_path / "bare", "proc/self/mountinfo", "1 0 0:1 / / rw - rootfs none rw\n")
    (tmp_path / "bare/sys/class/net").mkdir(parents=True)
    said = record("--from", tmp_path / "bare", tmp_path / "out", shell=shell,
                  path=busybox_only if shell[0] == "busybox" else None)
    assert said.stderr == ""
    assert "0 PCI functions" in said.stdout
    (tmp_path / "out/sys/class/net").mkdir(parents=True)  # every Linux has it, with lo
    assert read_json("--root", tmp_path / "out")["devices"] == []


def test_remembers_a_watchdog_that_is_not_the_cores(tmp_path, miller):
    """IPMI's is nothing but a device in /dev and a module."""
    (miller / "sys/class/watchdog/watchdog0").unlink()
    link(miller, "sys/class/misc/watchdog", "sys/devices/virtual/misc/watchdog")
    write(miller, "sys/module/ipmi_watchdog/parameters/nowayout", "N\n")
    record("--from", miller, tmp_path / "out")
    assert "  disarm   watchdog                 ipmi_watchdog\n" in plan("--root", tmp_path / "out")


@pytest.mark.parametrize("target, why", [
    ("taken", "is there already"),
    ("missing/folder", "cannot write"),
    ("missing/file.tar.gz", "cannot write"),
])
def test_says_why_it_cannot_write(target, why, tmp_path, miller):
    (tmp_path / "taken").mkdir()
    result = record("--from", miller, tmp_path / target, check=False)
    assert result.returncode == 1
    assert why in result.stderr.splitlines()[-1]
    assert not (tmp_path / "missing").exists()


def test_a_full_disk_is_a_failure(tmp_path, miller):
    """Its files may not grow: the same error comes from write(2) as on a full disk."""
    result = subprocess.run(["bash", "-c", "trap '' XFSZ; ulimit -f 0; exec sh \"$@\"", "bash",
                             RECORDER, "--from", miller, tmp_path / "out"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert "cannot write" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"], ["--from"], ["--from", "x"]])
def test_explains_its_use(arguments):
    result = record(*arguments, check=False)
    assert result.returncode in (1, 2)
    assert result.stderr


def test_says_what_to_look_through(tmp_path, miller):
    said = record("--from", miller, tmp_path / "out").stdout
    assert "1 PCI functions" in said
    for name in ("proc/self/mountinfo", "proc/swaps", "Look through it"):
        assert name in said
