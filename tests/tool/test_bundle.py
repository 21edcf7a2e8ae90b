# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles: what is in them, and what their kexec/run hands on. A jump: tests/vm."""

import os
import stat
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from test_binary import TOP, TOOL, fake_kernel, pivot

KINDS = {"tar": None, "tar.gz": "--gzip", "tar.xz": "--xz", "tar.zst": "--zstd"}
LINE = "init=/nix/store/abc-nixos-system-x/init it's \"$HOME\""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f you"
SENTENCE = "machine will boot into nixos"
NOBODY = 65534


@pytest.fixture
def tree(tmp_path):
    tree = tmp_path / "result"
    tree.mkdir()
    (tree / "kernel").write_bytes(fake_kernel())
    (tree / "initrd").write_bytes(b"\x1f\x8b" + os.urandom(3 << 20))
    (tree / "cmdline").write_text(f"{LINE}\n")
    return tree


def bundle(tree, output, *options, **more):
    result = pivot("bundle", tree, "-o", output, *options, **more)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"wrote '{output}' (") and result.stderr == ""
    return output


def unpack(tarball, folder, *options):
    folder.mkdir()
    result = subprocess.run(["tar", "-x", "-C", folder, *options, "-f", tarball],
                            capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    return folder / "kexec"


def listing(tarball):
    text = subprocess.run(["bsdtar", "-tvf", tarball], capture_output=True, text=True,
                          check=True).stdout
    return {line.split(None, 8)[8]: line.split()[0] for line in text.splitlines()}


def run_words(kexec, *arguments, shell=()):
    """What kexec/run hands on, as the words that a program gets; the last is its folder."""
    (kexec / "pivot-kexec").write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    text = subprocess.run([*shell, kexec / "run", *arguments], capture_output=True, check=True,
                          text=True).stdout
    words = text.split("\0")[:-1]
    assert words[:2] == ["run", "--yes"] and words[-1] == str(kexec.resolve())
    return words[2:-1]


@pytest.mark.parametrize("kind", KINDS)
def test_is_a_tarball_in_each_format(kind, tree, tmp_path):
    tarball = bundle(tree, tmp_path / f"x.{kind}")
    # nixos-anywhere names the compression by the file's name, and reads from a pipe
    kexec = tmp_path / "kexec"
    subprocess.run(f"tar -xv {KINDS[kind] or ''} -C {tmp_path} <{tarball}", shell=True, check=True,
                   capture_output=True)
    assert (kexec / "bzImage").read_bytes() == (tree / "kernel").read_bytes()
    assert (kexec / "initrd").read_bytes() == (tree / "initrd").read_bytes()
    assert (kexec / "pivot-kexec").read_bytes() == TOOL.read_bytes()
    assert (kexec / "command-line").read_text() == f"{LINE}\n"
    assert listing(tarball) == {
        "kexec/": "drwxr-xr-x", "kexec/run": "-rwxr-xr-x", "kexec/pivot-kexec": "-rwxr-xr-x",
        "kexec/command-line": "-rw-r--r--", "kexec/bzImage": "-rw-r--r--",
        "kexec/initrd": "-rw-r--r--"}
    assert stat.S_IMODE(tarball.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_input_makes_the_same_bytes(kind, tree, tmp_path):
    first = bundle(tree, tmp_path / f"a.{kind}").read_bytes()
    time.sleep(1.1)  # another second, another time stamp
    alone = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]  # another number of processors
    subprocess.run([*alone, TOOL, "bundle", tree, "-o", tmp_path / f"b.{kind}"], check=True,
                   capture_output=True)
    assert (tmp_path / f"b.{kind}").read_bytes() == first


def test_names_nobody_of_the_machine_it_was_made_on(tree, tmp_path):
    with tarfile.open(bundle(tree, tmp_path / "x.tar")) as tar:
        for member in tar:
            assert (member.uid, member.gid, member.uname, member.gname,
                    member.mtime) == (0, 0, "root", "root", 1)


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.xz"])
def test_busybox_unpacks_it(kind, tree, tmp_path):
    odd = [b"cmdline", b"n" * 250, b"\xc3\xbc", b"\xff\xfe", b"a b'c\nd"]
    (tmp_path / "extra").mkdir()
    for name in odd:
        Path(os.fsdecode(bytes(tmp_path / "extra") + b"/" + name)).write_text(f"{LINE}\n")
    tarball = bundle(tree, tmp_path / f"x.{kind}", "--extra-files", tmp_path / "extra")
    (tmp_path / "out").mkdir()
    letter = {"tar": "", "tar.gz": "z", "tar.xz": "J"}[kind]
    result = subprocess.run([TOP / "build/busybox", "tar", f"x{letter}f", tarball, "-C",
                             tmp_path / "out"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    kexec = tmp_path / "out/kexec"
    assert os.access(kexec / "run", os.X_OK) and os.access(kexec / "pivot-kexec", os.X_OK)
    files = kexec / "files/extra-files-2"
    assert sorted(os.listdir(bytes(files))) == sorted(odd)
    assert (files / "cmdline").read_text() == f"{LINE}\n"
    assert sorted(os.listdir(bytes(unpack(tarball, tmp_path / "gnu") / files.relative_to(kexec)))
                  ) == sorted(odd)


# --- it is a tree ---

@pytest.mark.parametrize("form", ["kexec-boot", "manual", "profile", "nixos-images",
                                  "generators", "netboot"])
def test_is_made_of_each_form_of_tree_and_is_one(form, tmp_path):
    (tmp_path / "kernel").write_bytes(fake_kernel())
    subprocess.run([TOP / "scripts/make-tree", "--form", form, "--kernel", tmp_path / "kernel",
                    tmp_path / "tree"], check=True)
    options = ["--command-line", "init=/x loglevel=4"] if form == "profile" else []
    tarball = bundle(tmp_path / "tree", tmp_path / "x.tar.gz", *options)
    kexec = unpack(tarball, tmp_path / "out")
    for named in (tarball, kexec, kexec.parent):
        plan = pivot("plan", named, "--no-panic-timeout", "--no-tune").stdout
        assert "pivot-kexec bundle" in plan.splitlines()[0], plan
        assert (kexec / "command-line").read_text().strip() in plan
    assert "loglevel=4" in (kexec / "command-line").read_text()
    again = pivot("bundle", tarball, "-o", tmp_path / "y.tar.gz")
    assert again.stderr == (f"pivot-kexec: '{tarball}' is a bundle itself: what was baked into it "
                            "is not taken over\n")
    assert (tmp_path / "y.tar.gz").read_bytes() == tarball.read_bytes()


def test_is_made_of_a_tarball_on_standard_input(tree, tmp_path):
    tar = subprocess.run(["tar", "-cz", "-C", tmp_path, "result"], check=True,
                         stdout=subprocess.PIPE).stdout
    result = subprocess.run([TOOL, "bundle", "-", "-o", tmp_path / "x.tar.gz"], input=tar,
                            capture_output=True)
    assert result.returncode == 0, result.stderr
    kexec = unpack(tmp_path / "x.tar.gz", tmp_path / "out")
    assert (kexec / "initrd").read_bytes() == (tree / "initrd").read_bytes()


def test_holds_what_options_put_in_the_place_of_the_trees(tree, tmp_path):
    (tmp_path / "a").write_bytes(b"\x1f\x8b" + b"a" * 62)
    (tmp_path / "b").write_bytes(b"\x1f\x8b" + b"b" * 62)
    (tmp_path / "k").write_bytes(fake_kernel(b"7.7.7-other (x) #1"))
    kexec = unpack(bundle(tree, tmp_path / "x.tar", "--kernel", tmp_path / "k", "--initrd",
                          tmp_path / "a", "--initrd", tmp_path / "b", "--command-line", "one",
                          "--append", "two"), tmp_path / "out")
    assert (kexec / "command-line").read_text() == "one two\n"
    assert b"7.7.7-other" in (kexec / "bzImage").read_bytes()
    assert (kexec / "initrd").read_bytes() == b"\x1f\x8b" + b"a" * 62 + b"\x1f\x8b" + b"b" * 62
    assert run_words(kexec) == ["--delay=6", f"--announce={SENTENCE} in 6s..."]


# --- what is baked in ---

@pytest.mark.parametrize("shell", [[], ["bash"], [TOP / "build/busybox", "sh"]],
                         ids=["sh", "bash", "busybox"])
def test_every_shell_makes_of_the_script_the_words_that_were_given(shell, tree, tmp_path):
    odd = ["", "'", "''", "a'b", '"', "$HOME", "$(id)", "`id`", "\\", "a\nb", "* ?", "-x", "=",
           "\t", "!", "#", "~", "ü", "\x7f"]
    given = [f"--skip={text}" for text in odd]
    kexec = unpack(bundle(tree, tmp_path / "x.tar", *given, "--force", "--delay", "9"),
                   tmp_path / "out")
    assert run_words(kexec, shell=shell) == [f"--announce={SENTENCE} in 9s...", *given, "--force",
                                             "--delay=9"]


def test_hands_on_what_nixos_anywhere_adds(tree, tmp_path):
    kexec = unpack(bundle(tree, tmp_path / "x.tar"), tmp_path / "a folder")
    assert run_words(kexec, "--kexec-extra-flags", "")[2:] == ["--kexec-extra-flags", ""]
    words = ["--kexec-extra-flags", "--no-sync '--append=a b'"]
    assert run_words(kexec, *words)[2:] == words
    (tmp_path / "link").symlink_to(kexec / "run")
    shown = subprocess.run([tmp_path / "link"], capture_output=True, text=True, check=True).stdout
    assert shown.split("\0")[-2] == str(kexec)


def test_takes_the_files_along_that_options_name(tree, tmp_path):
    (tmp_path / "id's.pub").write_text(f"{KEY}\n")
    (tmp_path / "id's.pub").chmod(0o640)
    (tmp_path / "hook").write_text("#!/bin/sh\n")
    (tmp_path / "hook").chmod(0o755)
    (tmp_path / "middle").write_bytes(fake_kernel(b"6.6.6-middle (x) #1"))
    modules = tmp_path / "root/lib/modules/6.6.6-middle"
    modules.mkdir(parents=True)
    (modules / "modules.dep.bin").write_text("x")
    (modules / "build").symlink_to("/usr/src/nowhere")
    (tmp_path / "root/secret").write_text("not to be taken")
    extra = tmp_path / "extra"
    (extra / "etc/deep").mkdir(parents=True)
    (extra / "etc/deep").chmod(0o700)
    (extra / "etc/key").write_text("secret")
    (extra / "etc/key").chmod(0o600)
    (extra / "tool").write_text("#!/bin/sh\n")
    (extra / "tool").chmod(0o4755)
    (extra / "link").symlink_to("etc/key")
    (extra / ("l" * 200)).mkdir()
    (extra / ("l" * 200) / ("n" * 200)).write_text("long")
    tarball = bundle(tree, tmp_path / "x.tar.zst", "--ssh-key", tmp_path / "id's.pub",
                     "--extra-files", f"{extra}/", "--middle-kernel", tmp_path / "middle",
                     "--middle-modules", tmp_path / "root", "--hook", tmp_path / "hook")
    files = unpack(tarball, tmp_path / "out") / "files"

    def mode(name):
        return stat.S_IMODE((files / name).lstat().st_mode)

    assert sorted(path.name for path in files.iterdir()) == [
        "extra-files-3", "hook-6", "middle-kernel-4", "middle-modules-5", "ssh-key-2"]
    assert (files / "hook-6").read_text() == "#!/bin/sh\n" and mode("hook-6") == 0o755
    assert mode("") == 0o700 and mode("extra-files-3") == 0o700
    assert (files / "ssh-key-2").read_text() == f"{KEY}\n" and mode("ssh-key-2") == 0o640
    assert (files / "middle-kernel-4").read_bytes() == (tmp_path / "middle").read_bytes()
    assert sorted(path.name for path in (files / "middle-modules-5").iterdir()) == [
        "build", "modules.dep.bin"]
    assert os.readlink(files / "middle-modules-5/build") == "/usr/src/nowhere"
    assert (files / "extra-files-3/etc/key").read_text() == "secret"
    assert mode("extra-files-3/etc/key") == 0o600 and mode("extra-files-3/etc/deep") == 0o700
    assert mode("extra-files-3/tool") == (0o4755 if os.getuid() == 0 else 0o755)
    assert os.readlink(files / "extra-files-3/link") == "etc/key"
    assert (files / "extra-files-3" / ("l" * 200) / ("n" * 200)).read_text() == "long"
    assert run_words(files.parent)[2:] == [
        f"--ssh-key={files}/ssh-key-2", f"--extra-files={files}/extra-files-3",
        f"--middle-kernel={files}/middle-kernel-4", f"--middle-modules={files}/middle-modules-5",
        f"--hook={files}/hook-6"]


def test_takes_modules_of_every_release_along_where_the_kernel_is_not_known(tree, tmp_path):
    for release in ("6.1", "6.12"):
        (tmp_path / f"root/lib/modules/{release}").mkdir(parents=True)
    (tmp_path / "root/etc").mkdir()
    tarball = bundle(tree, tmp_path / "x.tar", "--middle-modules", tmp_path / "root")
    names = [name for name in listing(tarball) if "middle-modules" in name]
    assert names == [f"kexec/files/middle-modules-2/{rest}"
                     for rest in ("", "lib/", "lib/modules/", "lib/modules/6.1/",
                                  "lib/modules/6.12/")]


def test_the_set_id_bits_of_other_users_do_not_become_roots(tree, tmp_path):
    if os.getuid() != 0:
        pytest.fail("needs root, to make files of others")
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra/tool").write_text("x")
    os.chown(tmp_path / "extra/tool", NOBODY, NOBODY)
    (tmp_path / "extra/tool").chmod(0o6755)
    tarball = bundle(tree, tmp_path / "x.tar", "--extra-files", tmp_path / "extra")
    assert listing(tarball)["kexec/files/extra-files-2/tool"] == "-rwxr-xr-x"


# --- what is refused ---

def refused(tmp_path, *arguments, code=1):
    before = sorted(tmp_path.iterdir())
    result = pivot("bundle", *arguments)
    assert result.returncode == code, result.stderr
    assert sorted(tmp_path.iterdir()) == before
    return result.stderr


def test_says_what_the_name_is_for(tree, tmp_path):
    said = refused(tmp_path, tree, code=2)
    assert "name the file to write with -o" in said
    said = refused(tmp_path, tree, "-o", tmp_path / "x.zip", code=2)
    assert ".tar.gz, .tar.xz, .tar.zst or .tar" in said
    (tmp_path / "f.tar").mkdir()
    assert "is no regular file" in refused(tmp_path, tree, "-o", tmp_path / "f.tar")


def test_refuses_here_what_would_be_refused_there(tree, tmp_path):
    output = tmp_path / "x.tar"
    (tmp_path / "none").write_text("hello\n")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes/fifo")
    for options, text in [
            (["--delay=soon"], "--delay takes seconds"),
            (["--json"], "--json is for"),
            (["--kexec-extra-flags=-s"], "--kexec-extra-flags is for 'run'"),
            (["--ssh-key", tmp_path / "none"], "holds no public key"),
            (["--ssh-key", tmp_path / "gone"], "cannot read"),
            (["--ssh-key", tmp_path / "fifo"], "cannot read"),
            (["--extra-files", tmp_path / "none"], "is no folder"),
            (["--extra-files", tmp_path / "pipes"], "neither a file nor a folder nor a link"),
            (["--middle-kernel", tmp_path / "none"], "--middle-kernel:"),
            (["--middle-modules", tmp_path / "none"], "--middle-modules:"),
            (["--hook", tmp_path / "gone"], "gone'"),
            (["--kernel", tmp_path / "none"], "none'"),
            (["--append", "x" * 3000], "the command line has")]:
        code = 2 if str(options[0]).startswith(("--delay", "--json", "--kexec")) else 1
        said = refused(tmp_path, tree, "-o", output, *options, code=code)
        assert text in said, said
    (tree / "cmdline").unlink()
    assert "give it with --command-line" in refused(tmp_path, tree, "-o", output)


def test_a_failure_leaves_the_old_file(tree, tmp_path):
    (tmp_path / "x.tar.xz").write_text("precious")
    (tree / "kernel").write_text("no kernel")
    refused(tmp_path, tree, "-o", tmp_path / "x.tar.xz")
    assert (tmp_path / "x.tar.xz").read_text() == "precious"


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_told(kind, tree, tmp_path):
    if os.getuid() != 0:
        pytest.fail("needs root, to mount a small filesystem")
    script = (f"mount -t tmpfs -o size=1m none {tmp_path}/small && "
              f"{TOOL} bundle {tree} -o {tmp_path}/small/x.{kind}; code=$?; "
              f"ls -A {tmp_path}/small; exit $code")
    (tmp_path / "small").mkdir()
    result = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr == (f"pivot-kexec: cannot write '{tmp_path}/small/x.{kind}': "
                             "No space left on device\n")


def test_a_killed_bundle_leaves_nothing(tree, tmp_path):
    with open(tree / "initrd", "ab") as initrd:
        initrd.write(os.urandom(20 << 20))
    before = sorted(tmp_path.iterdir())
    tool = subprocess.Popen([TOOL, "bundle", tree, "-o", tmp_path / "x.tar.xz"])
    time.sleep(0.3)
    assert tool.poll() is None
    tool.terminate()
    assert tool.wait() != 0
    assert sorted(tmp_path.iterdir()) == before


# --- the contract ---

def as_nixos_anywhere(kexec, flags, **more):
    return subprocess.run(["setsid", "--wait", kexec / "run", "--kexec-extra-flags", flags],
                          env={**os.environ, "TMPDIR": str(kexec.parent)}, capture_output=True,
                          text=True, timeout=60, **more)


def test_run_refuses_with_a_clear_word_and_without_the_sentence(tree, tmp_path):
    tmp_path.chmod(0o755)
    kexec = unpack(bundle(tree, tmp_path / "x.tar.gz"), tmp_path / "out")
    for parent in (tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    more = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    result = as_nixos_anywhere(kexec, "--no-sync", **more)
    assert result.returncode == 1, result.stderr
    assert "'--no-sync' has nothing to do here" in result.stderr
    assert "root" in result.stderr and "nothing was changed" in result.stderr
    assert SENTENCE not in result.stdout + result.stderr


@pytest.mark.parametrize("flags, text", [
    ("--mem-max=1", "unrecognized option '--mem-max=1'"), ("-l", "invalid option -- 'l'"),
    ("hello", "'hello' is no option"), ("--delay=x", "--delay takes seconds"),
    ("$(id)", "takes words"), ("'", "takes words"),
])
def test_run_says_what_an_extra_flag_is_not(flags, text, tree, tmp_path):
    kexec = unpack(bundle(tree, tmp_path / "x.tar.gz"), tmp_path / "out")
    result = as_nixos_anywhere(kexec, flags)
    assert result.returncode == 2 and text in result.stderr and result.stdout == ""
    assert "--kexec-extra-flags takes" in result.stderr


def test_run_prints_help(tree, tmp_path):
    kexec = unpack(bundle(tree, tmp_path / "x.tar.gz"), tmp_path / "out")
    result = subprocess.run([kexec / "run", "--help"], capture_output=True, text=True)
    assert result.returncode == 0 and result.stdout.startswith("Usage: pivot-kexec")
    assert SENTENCE not in result.stdout


def test_the_script_is_clean(tree, tmp_path):
    kexec = unpack(bundle(tree, tmp_path / "x.tar", "--skip=it's $x"), tmp_path / "out")
    subprocess.run(["shellcheck", "--exclude=SC2016", kexec / "run"], check=True)
