# SPDX-License-Identifier: GPL-2.0-or-later
"""The built binary as a user calls it, on this machine, with nothing to jump into."""

import json
import os
import re
import resource
import shutil
import stat
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TOOL = TOP / "build/pivot-kexec"
COMMAND_LINE = "init=/nix/store/abc-nixos-system-x/init loglevel=4"


def fake_kernel(release=b"6.12.0-test (somebody) #1"):
    """The header of an x86-64 bzImage, as Documentation/arch/x86/boot.rst lays it out."""
    image = bytearray(5 * 512 + 4096)
    image[0x1F1] = 4  # setup_sects
    struct.pack_into("<I", image, 0x1F4, 4096 // 16)  # syssize
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x020F)
    struct.pack_into("<H", image, 0x20E, 0x400 - 0x200)  # kernel_version
    image[0x400:0x400 + len(release)] = release
    image[0x211] = 1  # loaded high
    struct.pack_into("<B", image, 0x234, 1)  # relocatable
    struct.pack_into("<H", image, 0x236, 0x3F)  # 64-bit, above 4 GiB
    struct.pack_into("<I", image, 0x238, 2047)  # cmdline_size
    struct.pack_into("<I", image, 0x260, 1 << 25)  # init_size
    return bytes(image)


@pytest.fixture
def tree(tmp_path):
    tree = tmp_path / "result"
    tree.mkdir()
    (tree / "bzImage").write_bytes(fake_kernel())
    (tree / "initrd.gz").write_bytes(b"\x1f\x8b" + b"initrd" * 1000)
    (tree / "kexec-boot").write_text(
        "#!/usr/bin/env bash\n"
        'SCRIPT_DIR=$( cd -- "$( dirname -- "${BASH_SOURCE[0]}" )" &> /dev/null && pwd )\n'
        "kexec --load ${SCRIPT_DIR}/bzImage \\\n"
        "  --initrd=${SCRIPT_DIR}/initrd.gz \\\n"
        f'  --command-line "{COMMAND_LINE}"\n'
        "kexec -e\n")
    return tree


def pivot(*arguments, **options):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=20, **options)


def build(tree, output):
    result = pivot("build", tree, "-o", output)
    assert result.returncode == 0, result.stderr
    return output.read_bytes()


def expected_listing():
    """image.list as names and modes."""
    for line in (TOP / "initramfs/image.list").read_text().splitlines():
        words = line.split()
        if not words or words[0] == "#" or line.startswith("#"):
            continue
        mode = words[2] if words[0] in ("dir", "nod") else words[3]
        yield words[1].lstrip("/"), words[0], int(mode, 8)


def test_is_one_static_binary_of_at_most_5_mb():
    headers = subprocess.run(["readelf", "-lW", TOOL], capture_output=True, text=True, check=True)
    assert "INTERP" not in headers.stdout and "DYNAMIC" not in headers.stdout
    assert TOOL.stat().st_size <= 5_000_000


def test_carries_a_static_kexec():
    kexec = TOP / "build/kexec"
    headers = subprocess.run(["readelf", "-lW", kexec], capture_output=True, text=True, check=True)
    assert "INTERP" not in headers.stdout and "DYNAMIC" not in headers.stdout
    assert kexec.stat().st_size <= 300_000
    said = subprocess.run([kexec, "--help"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("kexec-tools 2.")
    for option in ("--kexec-file-syscall", "--kexec-syscall", "--no-checks", "bzImage64"):
        assert option in said
    assert kexec.read_bytes() in TOOL.read_bytes()


@pytest.mark.parametrize("apt_get, text", [
    ("exit 0", "apt here knows no Debian 12"),
    ('case "$*" in *indextargets*) echo "Debian bookworm deb http://x bookworm main";; '
     '*) echo "E: no such source"; exit 100;; esac', "gives no source package of kexec-tools"),
], ids=["another distro", "no sources"])
def test_says_where_another_kexec_may_come_from(apt_get, text, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/apt-get").write_text(f"#!/bin/sh\n{apt_get}\n")
    (tmp_path / "bin/apt-get").chmod(0o755)
    (tmp_path / "tmp").mkdir()
    result = subprocess.run([TOP / "scripts/kexec-tools"], capture_output=True, text=True,
                            env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
                                 "TMPDIR": str(tmp_path / "tmp"),
                                 "PIVOT_CACHE": str(tmp_path / "cache")})
    assert result.returncode == 1 and result.stdout == ""
    assert text in result.stderr and "make KEXEC=" in result.stderr
    assert not list((tmp_path / "tmp").iterdir())
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["kexec.lock"]


def test_the_init_is_at_most_100_kib():
    assert (TOP / "build/init").stat().st_size <= 100 * 1024


def test_the_image_without_busybox_is_at_most_128_kib(tree, tmp_path):
    image = build(tree, tmp_path / "x.cpio")
    assert len(image) - (TOP / "build/busybox").stat().st_size <= 128 * 1024


def test_the_same_input_makes_the_same_bytes(tree, tmp_path):
    first = build(tree, tmp_path / "a.cpio")
    time.sleep(1.1)  # another second, another time stamp
    assert build(tree, tmp_path / "b.cpio") == first


def test_the_image_holds_what_image_list_says(tree, tmp_path):
    build(tree, tmp_path / "x.cpio")
    listing = subprocess.run(["bsdtar", "-tvf", tmp_path / "x.cpio"], capture_output=True,
                             text=True, check=True).stdout
    letters = {"dir": "d", "file": "-", "slink": "l", "nod": "c"}
    names = [re.sub(r" -> .*", "", line.split(None, 8)[8]) for line in listing.splitlines()]
    types = [line[0] for line in listing.splitlines()]
    expected = list(expected_listing())
    assert names == [name for name, _, _ in expected]
    assert types == [letters[kind] for _, kind, _ in expected]


def test_a_build_that_fails_leaves_the_old_file(tree, tmp_path):
    output = tmp_path / "x.cpio"
    output.write_text("precious")
    (tree / "bzImage").write_text("no kernel")
    assert pivot("build", tree, "-o", output).returncode == 1
    assert output.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result", "x.cpio"]


def kind_and_target(path):
    mode = path.lstat().st_mode
    return stat.S_IFMT(mode), os.readlink(path) if stat.S_ISLNK(mode) else None


@pytest.mark.parametrize("make", [
    os.mkfifo,
    os.mkdir,
    lambda path: os.symlink("elsewhere", path),
    lambda path: os.symlink("/dev/null", path),
    pytest.param(lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
                 marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")),
], ids=["fifo", "folder", "dangling link", "link to a device", "device"])
def test_a_build_replaces_nothing_but_a_file(make, tree, tmp_path):
    output = tmp_path / "output"
    make(output)
    before = kind_and_target(output)
    result = pivot("build", tree, "-o", output)
    assert result.returncode == 1, result.stdout
    assert str(output) in result.stderr
    assert kind_and_target(output) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["output", "result"]


def handover(image):
    return subprocess.run(["bsdtar", "-xOf", image, "handover"], capture_output=True, text=True,
                          check=True).stdout


def test_the_deadline_travels_to_the_init(tree, tmp_path):
    build(tree, tmp_path / "x.cpio")
    assert "\ndeadline_ms 180000\n" in handover(tmp_path / "x.cpio")
    assert pivot("build", tree, "--deadline", "77", "-o", tmp_path / "y.cpio").returncode == 0
    assert "\ndeadline_ms 77000\n" in handover(tmp_path / "y.cpio")


def test_plan_shows_the_tree_and_every_stage(tree):
    result = pivot("plan", tree)
    assert result.returncode == 0, result.stderr
    assert f"panic=30 {COMMAND_LINE}" in result.stdout
    assert "6.12.0-test" in result.stdout
    for title in ("[1/10] end processes", "[3/10] enter the stage", "[10/10] verify"):
        assert title in result.stdout


@pytest.fixture
def unified(tree, tmp_path):
    """The same tree as one unified kernel image: objcopy puts it into a stub."""
    (tree / "line").write_text(COMMAND_LINE + "\n")
    (tmp_path / "stub.c").write_text("void _start(void) {}\n")
    stub, image = tmp_path / "stub", tmp_path / "foo.efi"
    subprocess.run(["gcc", "-nostdlib", "-static", "-o", stub, tmp_path / "stub.c"], check=True)
    subprocess.run(["objcopy", "-O", "efi-app-x86_64", "--only-section=.text", stub,
                    stub.with_suffix(".efi")], check=True)
    arguments = []
    for i, (name, path) in enumerate({".cmdline": "line", ".initrd": "initrd.gz",
                                      ".linux": "bzImage"}.items()):
        arguments += ["--add-section", f"{name}={tree / path}",
                      "--change-section-vma", f"{name}={(i + 1) << 24:#x}"]
    subprocess.run(["objcopy", *arguments, stub.with_suffix(".efi"), image], check=True)
    return image


@pytest.mark.parametrize("option", [[], ["--kernel"]], ids=["as the tree", "as the kernel"])
def test_takes_a_unified_kernel_image(option, unified, tree):
    plan = json.loads(pivot("plan", "--json", *option, unified).stdout)["tree"]
    assert plan == {
        "form": "unified kernel image",
        "kernel": f"{unified} (.linux)",
        "kernel_bytes": (tree / "bzImage").stat().st_size,
        "release": plan["release"],
        "initrd": f"{unified} (.initrd)",
        "initrd_bytes": (tree / "initrd.gz").stat().st_size,
        "command_line": f"panic=30 {COMMAND_LINE}",
    }
    assert plan["release"].startswith("6.12.0-test")
    text = pivot("plan", *option, unified)
    assert text.returncode == 0 and text.stderr == ""
    assert re.search(r"^tree +unified kernel image$", text.stdout, re.MULTILINE)


def test_plan_needs_no_tree():
    result = pivot("plan")
    assert result.returncode == 0, result.stderr
    assert "[7/10] unbind drivers" in result.stdout
    assert "command line" not in result.stdout


def operations_of(text):
    """The plan as printed: {stage: [(operation, object)]}."""
    stages = {}
    for line in text.splitlines():
        if match := re.match(r"\[\d+/\d+\] (.*)", line):
            stage = stages.setdefault(match[1], [])
        elif match := re.match(r"  (\S+) +(\S+) +\S", line):
            if stages and line.strip() != "nothing at present":
                stage.append((match[1], match[2]))
    return stages


def test_json_says_what_the_text_says(tree):
    text = pivot("plan", tree)
    result = pivot("plan", tree, "--json")
    assert result.returncode == 0, result.stderr
    plan = json.loads(result.stdout)
    assert plan["tree"]["command_line"] == f"panic=30 {COMMAND_LINE}"
    assert {stage["title"]: [(op["operation"], op["object"]) for op in stage["operations"]]
            for stage in plan["stages"]} == operations_of(text.stdout)
    assert json.loads(pivot("plan", "--json").stdout)["tree"] is None


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def appended(*arguments, **options):
    result = pivot("plan", "--json", *arguments, **options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["appended"]


@pytest.fixture
def machine(tmp_path):
    """A root where this much is known, for --root."""
    root = tmp_path / "machine"
    shutil.copytree(TOP / "tests/fixtures/cloud-virtio", root, symlinks=True)
    files = {
        "root/.ssh/authorized_keys": f'command="echo \\"no\\", no" {KEY} me@home\nnonsense\n',
        "etc/passwd": "me:x:1000:1000::/people/me:/bin/sh\n",
        "people/me/.ssh/authorized_keys": f"{KEY} the same\n",
        "etc/ssh/ssh_host_ed25519_key": "secret\n",
        "etc/ssh/ssh_host_ed25519_key.pub": "public\n",
        "etc/machine-id": "0123456789abcdef" * 2 + "\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "etc/ssh/ssh_host_ed25519_key").chmod(0o640)
    return root


def test_plan_shows_what_travels(machine, tree):
    plan = appended("--root", machine, tree, env={"SUDO_USER": "me"})
    assert plan["searched"] == [
        {"file": "/root/.ssh/authorized_keys", "error": None, "keys": 1, "new": 1,
         "without_options": 1, "no_keys": 1},
        {"file": "/people/me/.ssh/authorized_keys", "error": None, "keys": 1, "new": 0,
         "without_options": 0, "no_keys": 0},
    ]
    assert [(file["path"], file["kind"], file["mode"], file["bytes"]) for file in plan["files"]] == [
        ("ssh", "folder", "0700", 0),
        ("ssh/authorized_keys", "file", "0600", len(f"{KEY} me@home\n")),
        ("ssh/ssh_host_ed25519_key", "file", "0600", 7),
        ("ssh/ssh_host_ed25519_key.pub", "file", "0644", 7),
        ("machine-id", "file", "0444", 33),
    ]
    text = pivot("plan", "--root", machine, tree, env={"SUDO_USER": "me"})
    assert "secret" not in text.stdout
    for file in plan["files"]:
        assert re.search(rf"^  {file['mode']} +/{re.escape(file['path'])} ", text.stdout, re.MULTILINE)
    assert "1 key, 1 without options, 1 of the lines no keys" in text.stdout


def test_what_travels_can_be_switched_off(machine, tree):
    def paths(*arguments):
        return [file["path"] for file in appended("--root", machine, *arguments, tree)["files"]]

    assert paths("--no-keep-ssh") == ["machine-id"]
    assert "machine-id" not in paths("--no-keep-network")
    nothing = appended("--root", machine, "--no-keep-ssh", "--no-keep-network", tree)
    assert nothing == {"bytes": 0, "searched": [], "files": []}
    assert "appended      nothing\n" in pivot("plan", "--root", machine, "--no-keep-ssh",
                                              "--no-keep-network", tree).stdout


def test_named_keys_and_extra_files_travel(machine, tree, tmp_path):
    key, extra = tmp_path / "id.pub", tmp_path / "extra"
    key.write_text(f"{KEY} mine\n")
    (extra / "etc").mkdir(parents=True)
    (extra / "etc/run").write_text("#!/bin/sh\n")
    (extra / "etc/run").chmod(0o750)
    (extra / "link").symlink_to("etc/run")
    plan = appended("--root", machine, "--no-keep-ssh", "--no-keep-network", "--ssh-key", key,
                    "--extra-files", extra, tree)
    assert [(file["path"], file["mode"], file["target"]) for file in plan["files"]] == [
        ("ssh", "0700", None), ("ssh/authorized_keys", "0600", None), ("etc", "0755", None),
        ("etc/run", "0750", None), ("link", "0777", "etc/run")]
    # newc: a header of 110 bytes, the name with a NUL, the content, each to a multiple of 4
    sizes = [(file["path"], file["bytes"]) for file in plan["files"]] + [("TRAILER!!!", 0)]
    assert plan["bytes"] == sum((110 + len(name) + 1 + 3) // 4 * 4 + (size + 3) // 4 * 4
                                for name, size in sizes)


def test_without_an_initrd_nothing_travels(machine, tree):
    plan = appended("--root", machine, "--kernel", tree / "bzImage", "--command-line", "quiet")
    assert plan == {"bytes": 0, "searched": [], "files": []}
    check = json.loads(pivot("check", "--json", "--kernel", tree / "bzImage", "--command-line",
                             "quiet").stdout)
    assert "no-initrd" in [finding["id"] for finding in check["findings"]]
    assert json.loads(pivot("plan", "--json").stdout)["appended"] is None


def test_rules_travel_to_the_init(tree, tmp_path):
    result = pivot("build", tree, "-o", tmp_path / "x.cpio", "--quirk",
                   "driver:igb=reset:never", "--on-hang=jump", "--display=unbind")
    assert result.returncode == 0, result.stderr
    lines = handover(tmp_path / "x.cpio").splitlines()
    for line in ("rule driver:igb=reset:never", "on-hang jump", "display unbind", "reset auto"):
        assert line in lines


@pytest.fixture
def open_folder():
    """Where every user may read and write, whatever TMPDIR and the checkout allow."""
    with tempfile.TemporaryDirectory(prefix="pivot-kexec-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("verb", ["plan", "build"])
def test_works_for_an_ordinary_user(verb, tree, open_folder):
    copy = open_folder / "pivot-kexec"
    shutil.copy(TOOL, copy)
    shutil.copytree(tree, open_folder / "result")
    arguments = [copy, verb, open_folder / "result"]
    if verb == "build":
        arguments += ["-o", open_folder / "x.cpio"]
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=20, user=65534,
                            group=65534, extra_groups=[])
    assert result.returncode == 0, result.stderr


def test_check_names_every_reason_at_once(tree, tmp_path):
    tmp_path.chmod(0o755)
    (tree / "bzImage").write_bytes(b"\x7fELF" + bytes(4096))
    (tree / "initrd.gz").unlink()
    result = pivot("check", tree)
    assert result.returncode == 1
    assert "bzImage" in result.stdout and "initrd.gz" in result.stderr
    lines = result.stdout.splitlines()
    assert all(line.startswith(("refused: ", "warning: ", "note: ")) for line in lines[:-1])
    assert lines[-1] == "the jump is refused, for what is said above; nothing was changed"


def assert_is_a_check(result):
    """
    One object on standard output, whose verdict is the exit code's.
    """
    check = json.loads(result.stdout)
    assert set(check) == {"verdict", "target", "takeover", "findings", "dropped"}
    assert check["takeover"] in ("systemd", "seize")
    for finding in check["findings"]:
        assert set(finding) == {"severity", "id", "text"}
        assert finding["severity"] in ("refuse", "warn", "note")
        assert finding["text"]
    refused = any(finding["severity"] == "refuse" for finding in check["findings"])
    assert check["verdict"] == ("refused" if refused else "clear")
    assert result.returncode == (1 if refused else 0)
    return check


def test_plan_has_no_control_characters_of_anybody_s(tree, tmp_path):
    key = tmp_path / "a\x1b[2Jkey.pub"
    key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n")
    (tree / "bzImage").rename(tree / "bz\x1bImage")
    result = pivot("plan", "--ssh-key", key, "--kernel", tree / "bz\x1bImage", tree)
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout
    assert "bz?Image" in result.stdout and "a?[2Jkey.pub" in result.stdout


WORDS = {"refuse": "refused", "warn": "warning", "note": "note"}


def test_plan_says_that_its_jump_would_be_refused(tree):
    check = assert_is_a_check(pivot("check", "--json", tree))
    refused = [finding["id"] for finding in check["findings"]
               if finding["severity"] == "refuse" and finding["id"] != "not-root"]
    result = pivot("plan", tree)
    assert result.returncode == 0
    last = result.stdout.splitlines()[-1]
    if refused:
        count = f"{len(refused)} reason{'s' if len(refused) > 1 else ''}"
        assert last == f"but at present this is refused, for {count}: see 'pivot-kexec check'"
    else:
        assert last.startswith("then: report, jump")


def test_check_as_json_says_what_the_text_says(tree):
    text = pivot("check", tree)
    result = pivot("check", "--json", tree)
    check = assert_is_a_check(result)
    assert check["target"].startswith("Linux 6.12.0-test")
    assert result.stderr == ""
    for finding in check["findings"]:
        # what there is of memory changes from one moment to the next
        words = finding["text"].split(" needed, ")[0]
        assert f"{WORDS[finding['severity']]}: {words}" in text.stdout


def test_check_as_json_is_json_without_a_tree_that_can_be_read():
    for tree in ("/nonexistent", "/dev/null"):
        result = pivot("check", "--json", tree)
        check = assert_is_a_check(result)
        assert check["target"] is None
        assert "tree" in [finding["id"] for finding in check["findings"]]
        assert result.stderr.startswith("pivot-kexec: ")


def test_check_as_json_says_what_the_kernel_is_instead(tree):
    (tree / "bzImage").write_bytes(b"\x7fELF" + bytes(4096))
    check = assert_is_a_check(pivot("check", "--json", tree))
    assert ["bzImage" in finding["text"] for finding in check["findings"]
            if finding["id"] == "kernel"] == [True]


def test_check_as_json_is_utf8_whatever_the_files_are_called(tree):
    kernel = tree / "b\udcffd"
    kernel.write_bytes(b"\x7fELF" + bytes(4096))
    check = assert_is_a_check(pivot("check", "--json", "--kernel", kernel, tree,
                                    errors="surrogateescape"))
    assert ["b?d" in finding["text"] for finding in check["findings"]
            if finding["id"] == "kernel"] == [True]


def test_the_manual_names_every_finding():
    sources = [*(TOP / "pivot/preflight").glob("*.c"), *(TOP / "pivot").glob("journey*.c")]
    calls = "|".join(("find_refusal", "find_warning", "find_note", "findings_add_said"))
    used = set()
    for source in sources:
        text = source.read_text()
        for call in re.finditer(rf"\b(?:{calls})\(\s*&?[\w>-]+,([^;]*?),\s", text):
            used.update(re.findall(r'"([a-z0-9-]+)"', call[1]))
    manual = (TOP / "docs/pivot-kexec.8").read_text()
    section = manual.split(".Ss Findings")[1].split(".Ss ")[0].split(".Sh ")[0]
    named = {name for line in re.findall(r"^\.It Cm (.*)$", section, re.MULTILINE)
             for name in line.split(" , ")}
    assert len(used) > 40
    assert used == named


@pytest.mark.parametrize("arguments, code, text", [
    (["--help"], 0, "Usage: pivot-kexec"),
    (["plan", "--help"], 0, "Usage: pivot-kexec"),
    (["--version"], 0, "pivot-kexec 0."),
    ([], 2, "name a tree"),
    (["--nonsense"], 2, "nonsense"),
    (["--takeover=magic", "x"], 2, "magic"),
    (["--delay=-1", "x"], 2, "-1"),
    (["--delay=86401", "x"], 2, "86401"),
    (["--deadline=0", "x"], 2, "'0'"),
    (["--deadline=-1", "x"], 2, "-1"),
    (["--deadline=3m", "x"], 2, "3m"),
    (["--deadline=86401", "x"], 2, "86401"),
    (["--deadline", "x"], 2, "'x'"),
    (["--help"], 0, "--deadline SECONDS"),
    (["build", "x"], 2, "-o"),
    (["--quirk", "driver:igb", "x"], 2, "MATCH=POLICY"),
    (["--quirk", "driver:igb=hope", "x"], 2, "'hope'"),
    (["--quirk", "class:zz=keep", "x"], 2, "class:zz"),
    (["--on-hang=hope", "x"], 2, "reboot or jump"),
    (["--reset=hard", "x"], 2, "auto or never"),
    (["--root", "/nonexistent", "x"], 2, "--root is for 'plan'"),
    (["build", "--json", "x"], 2, "--json is for 'run', 'plan', 'check' and 'network'"),
    (["--ssh-key", "x"], 2, "name a tree"),
    (["paln"], 2, "'paln' is neither a verb (run, plan, check, "),
    (["plna", "./result"], 2, "'plna' is neither a verb (run, plan, check, "),
    (["--watchdog", "300", "./result"], 2, "write --watchdog=300"),
    (["check", "--two-stage", "abrupt", "./result"], 2, "write --two-stage=abrupt"),
    (["plan", "--yes", "x"], 2, "--yes is for 'run'"),
    (["--help"], 0, "--extra-files DIR"),
    (["plan", "--root", "/nonexistent"], 1, "cannot read"),
    (["plan", "--skip", "no-such-driver"], 1, "no-such-driver"),
    (["plan", "/nonexistent/tree"], 1, "/nonexistent/tree"),
])
def test_answers_as_people_expect(arguments, code, text):
    result = pivot(*arguments)
    assert result.returncode == code
    assert text in result.stdout + result.stderr


@pytest.mark.parametrize("arguments, text", [
    (["--ssh-key", "/nonexistent"], "--ssh-key: cannot read '/nonexistent'"),
    (["--ssh-key", "/etc/passwd"], "--ssh-key: '/etc/passwd' holds no public key"),
    (["--hook", "/nonexistent"], "--hook: cannot read '/nonexistent'"),
    (["--hook", "/etc"], "--hook: cannot read '/etc'"),
    (["--hook", "/bin/true"], "--hook: '/bin/true' is no shell script"),
    (["--hook", TOP / "scripts/strip-sections"], "strip-sections' is no shell script"),
    (["--extra-files", "/nonexistent"], "--extra-files: cannot read '/nonexistent'"),
    (["--extra-files", "/etc/passwd"], "--extra-files: '/etc/passwd' is no folder"),
])
def test_says_what_cannot_travel(arguments, text, tree):
    result = pivot("check", *arguments, tree)
    assert result.returncode == 1
    assert text in result.stderr


def test_writes_the_image_within_20_ms(tree, tmp_path):
    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for _ in range(15):
        start = spent()  # not by the clock: the machine may have other things to do
        build(tree, tmp_path / "x.cpio")
        times.append(spent() - start)
    assert min(times) < 0.020, f"{min(times) * 1000:.1f} ms"


def test_runs_without_an_environment(tree):
    assert pivot("plan", tree, env={}).returncode == 0
    assert os.access(TOOL, os.X_OK)
