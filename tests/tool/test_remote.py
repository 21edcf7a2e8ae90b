# SPDX-License-Identifier: GPL-2.0-or-later
"""
--to, with an ssh that leads to a folder of this machine: its commands run here, with that
folder as their home, in the shells that machines have. Real ones: tests/vm/test_remote.py.
"""

import hashlib
import os
import pty
import re
import signal
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

import pytest

from test_binary import COMMAND_LINE, TOOL, tree  # noqa: F401

USER = 12345  # nobody's

# The connection that lasts is a cat(1). What goes by none of ours asks whether the target
# is there. The tool itself is run for what changes nothing, and never to jump.
SSH = r"""#!/bin/sh
printf '%s\n' "$*" >>"$FAKE/log"
way=
while [ $# -gt 0 ]; do
	case $1 in
	-oControlMaster=yes) way=master ;;
	-oControlPath=none) way=poll ;;
	-p | -l) shift ;;
	--) shift; break ;;
	esac
	shift
done
shift
if [ -e "$FAKE/down" ]; then
	echo 'ssh: connect to host there port 22: Connection refused' >&2
	exit 255
fi
case $way in
master) exec cat ;;
poll) exec "$FAKE/poll" ;;
esac
export HOME="$FAKE/home" PATH="$FAKE/bin:$PATH"
as=$(cat "$FAKE/as" 2>/dev/null)
case $* in
'sh -s')
	sed -e "s|^\t\$become \"\$folder/pivot-kexec\"|\t\$become \"$FAKE/tool\" \"\$folder/pivot-kexec\"|" \
		-e "s|/var/tmp/|$FAKE/var/|" >"$FAKE/script"
	exec $as sh -s <"$FAKE/script"
	;;
'cat >>'*)
	if [ -e "$FAKE/break" ]; then
		head -c "$(cat "$FAKE/break")" >>"${*#cat >>}"
		exit 255
	fi
	;;
esac
exec $as sh -c "$*"
"""

# Runs the tool that was copied, but for a jump.
TOOL_OVER_THERE = r"""#!/bin/sh
printf '%s\n' "$@" >"$FAKE/words"
ls -lR "$(dirname "$1")" >"$FAKE/listing"
if [ "$2" = check ] && [ -e "$FAKE/checked" ]; then
	echo 'nothing stands against it'
	exit 0
fi
if [ "$2" != run ]; then
	exec "$@"
fi
exit "$(cat "$FAKE/code" 2>/dev/null || echo 0)"
"""

TARGET = """#!/bin/sh
cat <<'END'
Welcome!
11111111-2222-3333-4444-555555555555
{loader}
6.12.1
panic=30 {line}
PRETTY_NAME="A target"
END
"""


class There:
    """The other machine."""

    def __init__(self, folder, shell):
        self.folder = folder
        for name in ("here", "bin", "home"):
            (folder / name).mkdir()
        (folder / "bin/sh").symlink_to(shell)
        self.script("here/ssh", SSH)
        self.script("tool", TOOL_OVER_THERE)
        self.answer()

    def script(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def answer(self, loader=0xd0, line=COMMAND_LINE):
        """What answers after the jump."""
        self.script("poll", TARGET.format(loader=loader, line=line))

    def environment(self):
        return {**os.environ, "FAKE": str(self.folder), "TMPDIR": str(self.folder),
                "PATH": f"{self.folder}/here:{os.environ['PATH']}"}

    def run(self, verb, *arguments, to="ssh://there", **options):
        words = [TOOL, verb, "--to", to, *arguments]
        return subprocess.run(words, env=self.environment(), capture_output=True, text=True,
                              timeout=60, **options)

    @property
    def cache(self):
        return self.folder / "home/.cache/pivot-kexec-to"

    def files(self):
        """name without its checksum: content"""
        return {re.sub("-[0-9a-f]{64}", "", path.name): path.read_bytes()
                for path in self.cache.iterdir() if not path.is_symlink()}

    def words(self):
        return (self.folder / "words").read_text().splitlines()

    def log(self):
        return (self.folder / "log").read_text()

    def sent(self):
        """The names of the files that were copied."""
        return sorted(re.findall(r"cat >>\S*/([a-z-]+)-[0-9a-f]{64}\.part", self.log()))


@pytest.fixture(params=["/bin/dash", "/bin/busybox", "/bin/bash"])
def any_there(tmp_path, request):
    folder = tmp_path / "there"
    folder.mkdir()
    return There(folder, request.param)


@pytest.fixture
def there(tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    return There(folder, "/bin/dash")


@pytest.fixture
def user_there():
    """To log in as a user, whom a sudo gives all that the user has already."""
    with tempfile.TemporaryDirectory(prefix="pivot-there-") as name:
        there = There(Path(name), "/bin/dash")
        there.script("bin/sudo", '#!/bin/sh\nprintf "%s\\n" "$*" >>"$FAKE/sudo"\nshift\nexec "$@"\n')
        there.folder.chmod(0o755)
        subprocess.run(["chown", "-R", f"{USER}:{USER}", name], check=True)
        (there.folder / "as").write_text(
            f"setpriv --reuid={USER} --regid={USER} --clear-groups")
        yield there


def test_a_user_becomes_root_for_what_takes_it(user_there, tree, tmp_path):
    there = user_there
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra/file").touch()
    result = there.run("plan", "--extra-files", tmp_path / "extra", tree)
    assert result.returncode == 0, result.stderr
    assert "/file " in result.stdout
    asked = (there.folder / "sudo").read_text()
    assert f"-n {there.cache}/pivot-kexec plan --extra-files=" in asked.replace(
        f"{there.folder}/tool ", "")
    assert "-n tar -xpf " in asked
    assert there.cache.stat().st_uid == USER
    assert not list(there.cache.glob("extra-files*"))


def test_copies_the_program_and_the_tree_and_plans_over_there(any_there, tree):
    there = any_there
    result = there.run("plan", tree)
    assert result.returncode == 0, result.stderr
    assert f"command line  panic=30 {COMMAND_LINE}" in result.stdout
    assert there.files() == {"pivot-kexec": TOOL.read_bytes(),
                             "kernel": (tree / "bzImage").read_bytes(),
                             "initrd": (tree / "initrd.gz").read_bytes()}
    assert there.cache.stat().st_mode & 0o7777 == 0o700
    for path in there.cache.iterdir():
        if not path.is_symlink():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name.split("-")[-1]
            assert path.stat().st_mode & 0o077 == 0
    (socket,) = set(re.findall(r"ControlPath=(\S*)", there.log()))
    assert not Path(socket).parent.exists()


def test_a_question_is_asked_once(there, tree):
    assert there.run("plan", tree, to="ssh://me@there:2222").returncode == 0
    masters = [line for line in there.log().splitlines() if "ControlMaster=yes" in line]
    assert len(masters) == 1 and "ControlPersist=no" in masters[0]
    assert masters[0].endswith("-p 2222 -l me -- there cat")
    assert "BatchMode" not in there.log() and "StrictHostKeyChecking" not in there.log()


def test_copies_only_what_changed_and_removes_what_is_of_no_use(any_there, tree):
    there = any_there
    assert there.run("plan", tree).returncode == 0
    (there.folder / "log").unlink()
    (tree / "initrd.gz").write_bytes(b"\x1f\x8b" + b"another" * 1000)
    assert there.run("plan", tree).returncode == 0
    assert there.sent() == ["initrd"]
    assert there.files()["initrd"] == (tree / "initrd.gz").read_bytes()
    assert len(there.files()) == len(list(there.cache.iterdir())) - 3  # links


def test_goes_on_where_a_copy_broke_off(any_there, tree):
    there = any_there
    (tree / "initrd.gz").write_bytes(b"\x1f\x8b" + os.urandom(3_000_000))
    assert there.run("plan").returncode == 0  # the program
    (there.folder / "break").write_text("1000000")
    for _ in range(2):
        result = there.run("run", tree)
        assert result.returncode == 1
        assert "broke off" in result.stderr and "nothing was changed" in result.stderr
        assert "initrd" not in there.files()
    (there.folder / "break").unlink()
    (part,) = there.cache.glob("initrd-*.part")
    assert part.stat().st_size >= 1_000_000
    part.write_bytes(part.read_bytes()[:999_999])  # what did not get to the disk
    result = there.run("plan", tree)
    assert result.returncode == 0, result.stderr
    assert there.files()["initrd"] == (tree / "initrd.gz").read_bytes()


def test_a_part_of_something_else_is_not_taken_for_its_beginning(any_there, tree):
    there = any_there
    name = "initrd-" + hashlib.sha256((tree / "initrd.gz").read_bytes()).hexdigest()
    there.cache.mkdir(parents=True, mode=0o700)
    (there.cache / f"{name}.part").write_bytes(b"something else")
    result = there.run("plan", tree)
    assert result.returncode == 0, result.stderr
    assert there.files()["initrd"] == (tree / "initrd.gz").read_bytes()
    assert there.sent().count("initrd") == 2


def test_a_file_that_the_disk_has_lost_is_copied_again(there, tree):
    assert there.run("plan", tree).returncode == 0
    (initrd,) = there.cache.glob("initrd-*")
    initrd.write_bytes(bytes(initrd.stat().st_size))
    assert there.run("plan", tree).returncode == 0
    assert there.files()["initrd"] == (tree / "initrd.gz").read_bytes()


def test_what_is_refused_over_there_is_refused_here(there, tree):
    before = sorted(Path("/run").iterdir())
    result = there.run("check", "--json", tree)
    assert result.returncode == 1
    assert '"refusals"' in result.stdout or '"refuse"' in result.stdout
    assert sorted(Path("/run").iterdir()) == before


def test_cancels_over_there(there):
    result = there.run("cancel")
    assert result.returncode == 1
    assert "no jump waits" in result.stderr


def test_options_arrive_as_they_were_given(any_there, tree, tmp_path):
    there = any_there
    (tmp_path / "key.pub").write_text("ssh-ed25519 AAAA you\n")
    extra = tmp_path / "extra"
    (extra / "etc").mkdir(parents=True)
    (extra / "etc/secret").write_text("secret")
    (extra / "etc/link").symlink_to("secret")
    odd = "x=\"$HOME\" 'y' \\z `id` -n"
    result = there.run("run", "--append", odd, "--ssh-key", tmp_path / "key.pub", "--delay=7",
                       "--extra-files", extra, "--two-stage", "--middle-kernel", "target",
                       "-v", "--wait=0", tree)
    assert result.returncode == 0, result.stderr
    words = there.words()
    (key,) = there.cache.glob("ssh-key-*")
    assert words[0] == str(there.cache / "pivot-kexec")
    assert words[1] == "run"
    assert words[2:] == [f"--ssh-key={key}", "--delay=7", words[4], "--two-stage",
                         "--middle-kernel=target", "--verbose", f"--kernel={there.cache}/kernel",
                         f"--initrd={there.cache}/initrd", f"--command-line={COMMAND_LINE} {odd}"]
    assert re.fullmatch(rf"--extra-files={there.cache}/extra-files-[0-9a-f]*\.d/files", words[4])
    assert "link -> secret" in (there.folder / "listing").read_text()
    # they may be secret, and are not left
    assert not list(there.cache.glob("extra-files*"))


def test_what_cannot_be_unpacked_is_not_left(there, tree, tmp_path):
    (tmp_path / "extra").mkdir()
    there.script("bin/tar", "#!/bin/sh\nexit 2\n")
    result = there.run("run", "--wait=0", "--extra-files", tmp_path / "extra", tree)
    assert result.returncode == 1, result.stderr
    assert not (there.folder / "words").exists()
    assert not list(there.cache.glob("extra-files*"))


def test_a_folder_travels_as_it_is(there, tree, tmp_path):
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / ("n" * 200)).write_text("long")
    (modules / "hole").touch()
    os.truncate(modules / "hole", 100_000)
    result = there.run("run", "--two-stage", "--middle-modules", modules, "--wait=0", tree)
    assert result.returncode == 0, result.stderr
    (tarball,) = there.cache.glob("middle-modules-*")
    with tarfile.open(tarball) as tar:
        assert sorted(tar.getnames()) == ["files", "files/hole", "files/" + "n" * 200]
        assert tar.getmember("files/hole").size == 100_000


def test_of_a_root_the_modules_travel_alone(there, tree, tmp_path):
    (tmp_path / "root/lib/modules/6.1").mkdir(parents=True)
    (tmp_path / "root/home").mkdir()
    result = there.run("run", "--two-stage", "--middle-modules", tmp_path / "root", "--wait=0",
                       tree)
    assert result.returncode == 0, result.stderr
    (tarball,) = there.cache.glob("middle-modules-*")
    with tarfile.open(tarball) as tar:
        assert sorted(tar.getnames()) == ["files", "files/lib", "files/lib/modules",
                                          "files/lib/modules/6.1"]


@pytest.mark.parametrize("scripts, text", [
    ({"uname": "case $1 in -s) echo Linux;; *) echo aarch64;; esac"},
     "that machine is 'Linux aarch64'"),
    ({"id": "echo 1000", "sudo": "exit 1", "doas": "exit 1"}, "ssh://root@HOST"),
    ({"df": "echo Filesystem; echo /dev/x 9 8 1000 90% /"}, "has room for 1000 KiB"),
    ({"chmod": ":"}, "nothing may be executed"),
], ids=["architecture", "no root", "no room", "noexec"])
def test_says_why_a_machine_will_not_do(there, tree, scripts, text):
    for name, script in scripts.items():
        there.script(f"bin/{name}", f"#!/bin/sh\n{script}\n")
    result = there.run("run", tree)
    assert result.returncode == 1
    assert text in result.stderr and "nothing was changed" in result.stderr
    assert not there.sent()


def test_only_what_it_has_left_itself_is_removed(there, tree):
    there.cache.mkdir(parents=True, mode=0o700)
    (there.cache / "notes-2026").write_text("mine")
    (there.cache / f"kernel-{'0' * 64}").write_text("old")
    (there.cache / f"extra-files-{'0' * 64}.d").mkdir()
    assert there.run("run", "--wait=0", tree).returncode == 0
    assert (there.cache / "notes-2026").read_text() == "mine"
    assert not list(there.cache.glob("*-0000*"))


def test_a_folder_that_others_may_write_to_is_not_taken(there, tree):
    (there.folder / "elsewhere").mkdir(mode=0o700)
    there.cache.parent.mkdir()
    there.cache.symlink_to(there.folder / "elsewhere")
    other = there.folder / "var/pivot-kexec-0"
    other.mkdir(parents=True)
    other.chmod(0o770)
    result = there.run("run", tree)
    assert result.returncode == 1
    assert result.stderr.count("not a folder of this user alone") == 2
    assert not list((there.folder / "elsewhere").iterdir()) and not list(other.iterdir())
    other.chmod(0o700)
    assert there.run("plan", tree).returncode == 0
    assert list(other.glob("initrd-*"))


def test_a_machine_that_is_down_is_said_so(there, tree):
    (there.folder / "down").touch()
    result = there.run("run", tree)
    assert result.returncode == 1
    assert "Connection refused" in result.stderr and "does not get to" in result.stderr


def test_a_tree_that_cannot_be_read_asks_nobody(there, tmp_path):
    assert there.run("run", tmp_path / "none").returncode == 1
    assert not (there.folder / "log").exists()


def test_says_how_long_the_machine_was_away(there, tree):
    result = there.run("run", tree)
    assert result.returncode == 0, result.stderr
    assert re.search(r"away for \d+ s; the target answers: A target, Linux 6\.12\.1\n",
                     result.stdout)
    polls = [line for line in there.log().splitlines() if "ControlPath=none" in line]
    assert polls and all("ConnectTimeout=5" in line for line in polls)


def ask(there, tree, answer, *options):
    """At a terminal; gives the exit code and what was said."""
    ours, theirs = pty.openpty()
    extra = there.folder / "extra"
    extra.mkdir(exist_ok=True)
    process = subprocess.Popen([TOOL, "run", "--to", "ssh://there", "--delay=9",
                                "--extra-files", extra, *options, tree],
                               env=there.environment(), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while data := os.read(ours, 65536):
            said += data
            if said.endswith(b"to go on: "):
                os.write(ours, answer)
    except OSError:  # nobody has the other side any more
        pass
    os.close(ours)
    return process.wait(timeout=60), said.decode()


def test_who_sits_at_a_terminal_is_asked_when_it_was_checked(there, tree):
    (there.folder / "checked").touch()
    code, said = ask(there, tree, b"no\n")
    assert code == 1 and "nothing was changed" in said
    assert said.index("nothing stands against it") < said.index("Type 'yes' to go on: ")
    assert there.words()[1] == "check" and "--delay=9" in there.words()
    assert not list(there.cache.glob("extra-files*"))
    code, said = ask(there, tree, b"yes\n")
    assert code == 0 and "the target answers" in said
    assert there.words()[1] == "run"
    assert ".d:" in (there.folder / "listing").read_text()
    assert not list(there.cache.glob("extra-files*"))


def test_who_wants_json_is_asked_in_words(there, tree):
    (there.folder / "checked").touch()
    code, said = ask(there, tree, b"no\n", "--json")
    assert code == 1 and "nothing stands against it" in said
    assert there.words()[1] == "check" and "--json" not in there.words()


def test_what_is_refused_is_not_asked(there, tree):
    code, said = ask(there, tree, b"yes\n")
    assert code == 1 and "Type 'yes'" not in said and "nothing was changed" in said
    assert there.words()[1] == "check"


def test_standard_output_is_for_json_alone_and_quiet_is_quiet(there, tree):
    assert there.run("run", "--json", tree).stdout == ""
    assert "--json" in there.words()
    result = there.run("run", "--quiet", "--yes", tree)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert "--quiet" in there.words() and "--yes" not in there.words()


def test_a_way_home_is_no_success(there, tree):
    there.answer(loader=0x72, line="BOOT_IMAGE=/vmlinuz")
    result = there.run("run", tree)
    assert result.returncode == 3
    assert "the jump did not happen" in result.stderr


def test_a_machine_that_stays_away_is_no_success(there, tree):
    there.script("poll", "#!/bin/sh\nexit 255\n")
    result = there.run("run", "--wait=3", tree)
    assert result.returncode == 3
    assert "nobody has answered" in result.stderr


def test_a_target_that_does_not_let_us_in_is_told_apart(there, tree):
    there.script("poll", "#!/bin/sh\necho 'me@there: Permission denied (publickey).' >&2\nexit 255\n")
    result = there.run("run", "--wait=2", tree)
    assert result.returncode == 4
    assert "give ssh-agent the key" in result.stderr
    assert "does not let us in: me@there: Permission denied (publickey)." in result.stderr


def test_where_it_is_refused_nobody_waits(there, tree):
    (there.folder / "code").write_text("1")
    result = there.run("run", tree)
    assert result.returncode == 1
    assert "waiting" not in result.stderr


def test_a_signal_does_not_wait_for_what_was_asked(there, tree):
    there.script("bin/sha256sum", '#!/bin/sh\ntouch "$FAKE/began"\nexec sleep 30\n')
    process = subprocess.Popen([TOOL, "check", "--to", "ssh://there", tree], env=there.environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        time.sleep(0.1)
        if (there.folder / "began").exists():
            break
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 1


def test_ctrl_c_while_it_waits_says_that_the_jump_goes_on(there, tree):
    there.script("poll", "#!/bin/sh\nexit 255\n")
    process = subprocess.Popen([TOOL, "run", "--to", "ssh://there", tree], env=there.environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(200):
        time.sleep(0.1)
        if (there.folder / "log").exists() and there.log().count("ControlPath=none") > 1:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "goes on regardless" in said


@pytest.mark.parametrize("words, text", [
    (("run", "--to", "there", "x"), "ssh://[user@]host[:port]"),
    (("run", "--to", "ssh://-oProxyCommand=id", "x"), "ssh://[user@]host[:port]"),
    (("run", "--wait=1", "x"), "--wait is for --to"),
    (("plan", "--root", "x", "--to", "ssh://there"), "two machines"),
    (("build", "--to", "ssh://there", "x"), "--to is for 'run'"),
])
def test_words_that_make_no_sense(words, text):
    result = subprocess.run([TOOL, *words], capture_output=True, text=True, timeout=20)
    assert result.returncode == 2
    assert text in result.stderr
