# SPDX-License-Identifier: GPL-2.0-or-later
"""Trees by nobody sane: each is refused in a sentence, at bounded cost, and nothing else
happens. tests/fixtures/hostile holds those that git can hold (tests/hostile.py makes them);
the others are made here."""

import os
import socket
import stat
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))
import hostile  # noqa: E402

TOOL = TOP / "build/pivot-kexec"
FIXTURES = sorted((TOP / "tests/fixtures/hostile").iterdir())
KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
MEMORY_MAX = 64 * MIB
SECONDS_MAX = 5


# In a process of its own: what a child inherits counts as its peak, and pytest is large.
MEASURE = """
import os, sys, time
start = time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
status, usage = os.wait4(pid, 0)[1:]
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, time.monotonic() - start)
"""


def check(tree, tmpdir, **stdin):
    """(exit code, what was said against the jump, peak memory in bytes, seconds)."""
    result = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, "timeout",
                             str(SECONDS_MAX), TOOL, "check", tree],
                            capture_output=True, text=True, errors="replace",
                            env={**os.environ, "TMPDIR": str(tmpdir)}, check=True, **stdin)
    *lines, last = result.stdout.splitlines()
    code, memory, seconds = last.split()
    said = result.stderr.splitlines() + [line for line in lines if line.startswith("refused: ")
                                         and "standard error says" not in line]
    return int(code), "\n".join(said), int(memory) * KIB, float(seconds)


@pytest.fixture(scope="module")
def about_the_machine(tmp_path_factory):
    """What this machine has against any jump."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "tmp").mkdir()
    hostile.tree(folder / "tree")
    return set(check(folder / "tree", folder / "tmp")[1].splitlines())


def entry(path):
    """What a file is, without following it or changing when it was read."""
    status = path.lstat()
    return (path.name, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns,
            status.st_ino)


def listing(*folders):
    return {str(path): entry(path) for folder in folders
            for path in (folder, *folder.rglob("*"))}


@pytest.fixture
def refused(tmp_path, about_the_machine):
    """Checks a tree, and that it is refused as all of them must be. Gives what was said."""
    tmpdir = tmp_path / "tmpdir"
    tmpdir.mkdir()
    (tmp_path / "beside").write_text("precious")

    def refused(tree, **stdin):
        folders = [tmp_path, TOP / "tests/fixtures/hostile"]
        before = listing(*folders), set(os.listdir("/tmp")), set(os.listdir("/var/tmp"))
        code, text, memory, seconds = check(tree, tmpdir, **stdin)
        assert code == 1, text
        said = [line for line in text.splitlines()
                if line not in about_the_machine and "is not in the tree: taking" not in line]
        assert said, "nothing was said about the tree"
        assert all(line.startswith(("pivot-kexec: ", "refused: ")) and line.isprintable()
                   for line in said), text
        assert memory < MEMORY_MAX, f"{memory / MIB:.1f} MiB"
        assert seconds < SECONDS_MAX, f"{seconds:.1f} s"
        assert listing(*folders) == before[0]
        assert list(tmpdir.iterdir()) == []
        # others may work there at the same time, but not under the names in our tarballs
        for folder, names in (("/tmp", before[1]), ("/var/tmp", before[2])):
            assert not (set(os.listdir(folder)) - names) & {"x", "kexec", "bzImage", "initrd"}
        return "\n".join(said)

    return refused


@pytest.mark.parametrize("tree", FIXTURES, ids=lambda path: path.name)
def test_refuses_what_git_can_hold(tree, refused):
    refused(tree)


def test_the_fixtures_are_those_that_are_made(tmp_path):
    hostile.make(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in FIXTURES]


# --- what git cannot hold: each maker gets a path, and makes a tree of it ---


def put_sparse(path, size, head=b""):
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(size)


def fifo(path):
    os.mkfifo(path)  # opening it would wait for ever


def fifo_for_a_kernel(path):
    hostile.tree(path, bzImage=None)
    os.mkfifo(path / "bzImage")


def fifo_for_a_script(path):
    hostile.tree(path, kexec__boot=None)
    os.mkfifo(path / "kexec-boot")


def socket_for_an_initrd(path):
    hostile.tree(path, initrd=None)
    here = os.getcwd()
    os.chdir(path)  # its address has room for a short path only
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("initrd")
    os.chdir(here)


def folder_for_a_kernel(path):
    hostile.tree(path, bzImage=None)
    (path / "bzImage").mkdir()


def link_to_an_endless_device(path):
    path.symlink_to("/dev/zero")


def link_to_zeros_for_a_kernel(path):
    hostile.tree(path, bzImage=Path("/dev/zero"))


def link_to_a_terminal_for_a_script(path):
    hostile.tree(path, kexec__boot=Path("/dev/tty"))


def link_to_memory_for_an_initrd(path):
    hostile.tree(path, initrd=Path("/proc/kcore"))


def device_for_a_kernel(path):
    hostile.tree(path, bzImage=None)
    os.mknod(path / "bzImage", 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # zeros for ever


def device_for_a_script(path):
    hostile.tree(path, kexec__boot=None)
    os.mknod(path / "kexec-boot", 0o600 | stat.S_IFCHR, os.makedev(1, 5))


def kernel_of_1_tib(path):
    hostile.tree(path, bzImage=None)
    put_sparse(path / "bzImage", TIB, hostile.kernel())


def kernel_of_4_gib_that_says_so(path):
    hostile.tree(path, bzImage=None)
    put_sparse(path / "bzImage", 15 * TIB, hostile.kernel(syssize=(1 << 28) - 200,
                                                          init_size=0xFFFFFFFF))


def unified_of_4_gib(path):
    """Whose kernel is as large as a section can say, and larger than what it says itself."""
    size = (4 << 30) - 1
    put_sparse(path, size + MIB, hostile.unified(
        [(".cmdline", b"init=/i"), (".linux", b"", (size, 4096))]).ljust(4096, b"\0")
        + hostile.kernel())


def unified_initrd_of_4_gib(path):
    size = (4 << 30) - 1
    put_sparse(path, size + MIB, hostile.unified(
        [(".cmdline", b"init=/i"), (".linux", hostile.kernel()),
         (".initrd", b"", (size, 8192))]).ljust(8192, b"\0") + b"404 not found")


def initrd_of_15_tib(path):
    hostile.tree(path, initrd=None)
    put_sparse(path / "initrd", 15 * TIB, hostile.cpio())


def initrd_of_a_million_entries_and_1_tib(path):
    """Looking at all of it takes too long."""
    hostile.tree(path, initrd=None)
    put_sparse(path / "initrd", TIB, hostile.cpio(data=b"") * 100000)


def initrds_to_be_copied(path):
    hostile.tree(path, kexec__boot=None, initrd=None, **{
        "netboot.ipxe": "#!ipxe\nkernel bzImage a\n" + "initrd i\n" * 8})
    put_sparse(path / "i", TIB, hostile.cpio())


def script_of_1_gib(path):
    hostile.tree(path, kexec__boot=None)
    put_sparse(path / "kexec-boot", GIB, hostile.SCRIPT.encode())


def script_that_expands(path):
    text = "a='" + "x" * 100000 + "'\n" + 'b="$a"\necho "$b"\n' * 40000
    hostile.tree(path, kexec__boot=text)


def script_of_open_braces(path):
    hostile.tree(path, bzImage=None, kexec__boot=None, **{
        "netboot.ipxe": "#!ipxe\nkernel " + "${" * 500000 + "\n"})


def script_of_open_quotes(path):
    hostile.tree(path, kexec__boot="`\"$(" * 250000)


def script_of_heredocs(path):
    hostile.tree(path, kexec__boot="cat <<A\n" * 120000)


def script_of_one_word(path):
    hostile.tree(path, kexec__boot=hostile.SCRIPT.replace("init=/i", "x" * (MIB - 200)))


def script_of_assignments(path):
    hostile.tree(path, kexec__boot="".join(f"v{i % 250}=$v{i * 7 % 250}x\n" for i in range(60000)))


def folder_of_10000_folders(path):
    path.mkdir()
    for i in range(10000):
        (path / f"many{i}").mkdir()


def tarball_of_1_tib(path):
    put_sparse(path, TIB, hostile.member("kexec/initrd", size=TIB - MIB))


def tarball_of_1_tib_of_nothing(path):
    """A member that is not kept, all of it."""
    put_sparse(path, TIB, hostile.member("x", type_=tarfile.DIRTYPE, size=TIB - MIB))


def tarball_of_zeros(path):
    put_sparse(path, TIB)


MAKERS = [fifo, fifo_for_a_kernel, fifo_for_a_script, socket_for_an_initrd, folder_for_a_kernel,
          link_to_an_endless_device, link_to_zeros_for_a_kernel,
          link_to_a_terminal_for_a_script, link_to_memory_for_an_initrd, kernel_of_1_tib, kernel_of_4_gib_that_says_so,
          unified_of_4_gib, unified_initrd_of_4_gib,
          initrd_of_15_tib, initrd_of_a_million_entries_and_1_tib, initrds_to_be_copied,
          script_of_1_gib, script_that_expands, script_of_open_braces, script_of_open_quotes,
          script_of_heredocs, script_of_one_word, script_of_assignments, folder_of_10000_folders,
          tarball_of_1_tib, tarball_of_1_tib_of_nothing, tarball_of_zeros]
ROOTS_MAKERS = [device_for_a_kernel, device_for_a_script]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_refuses_what_git_cannot_hold(make, refused, tmp_path):
    make(tmp_path / "tree")
    refused(tmp_path / "tree")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
@pytest.mark.parametrize("make", ROOTS_MAKERS, ids=lambda make: make.__name__)
def test_refuses_devices(make, refused, tmp_path):
    make(tmp_path / "tree")
    refused(tmp_path / "tree")


def test_refuses_what_comes_without_end_on_standard_input(refused):
    for command in (["cat", "/dev/zero"], ["yes"], ["cat", "/dev/urandom"],
                    ["sh", "-c", "yes | gzip"], ["sh", "-c", "gzip </dev/zero"]):
        with subprocess.Popen(command, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as endless:
            try:
                refused("-", stdin=endless.stdout)
            finally:
                endless.stdout.close()  # SIGPIPE ends it
                endless.terminate()


def test_a_file_that_shrinks_or_goes_is_no_crash(tmp_path, about_the_machine):
    """Somebody writes to the tree while it is read."""
    hostile.tree(tmp_path / "tree")
    (tmp_path / "tmp").mkdir()
    kernel = tmp_path / "tree/bzImage"
    content = kernel.read_bytes()
    for i in range(0, 40):
        process = subprocess.Popen([TOOL, "check", tmp_path / "tree"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.0005 * i)
        os.truncate(kernel, 600)
        assert process.wait(timeout=SECONDS_MAX) in (0, 1)
        kernel.write_bytes(content)
