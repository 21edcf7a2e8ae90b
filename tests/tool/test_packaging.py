# SPDX-License-Identifier: GPL-2.0-or-later
"""The release, the Debian package, and what make install puts where."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
VERSION = re.search(r"^VERSION := (.*)$", (TOP / "Makefile").read_text(), re.M)[1]
RELEASE = f"pivot-kexec-{VERSION}-x86_64-linux"
COMPLETIONS = {"pivot-kexec.bash": "bash-completion/completions/pivot-kexec",
               "_pivot-kexec": "zsh/{zsh}/_pivot-kexec",
               "pivot-kexec.fish": "fish/vendor_completions.d/pivot-kexec.fish"}


def run(*command, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **options)
    assert result.returncode == 0, result.stdout
    return result.stdout


def environment(**more):
    """Without what the make that has called us tells others."""
    inherited = {name: value for name, value in os.environ.items()
                 if not name.startswith(("MAKE", "MFLAGS", "GIT_"))}
    return {**inherited, **more}


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def completions(zsh):
    return {f"usr/share/{place.format(zsh=zsh)}" for name, place in COMPLETIONS.items()
            if (TOP / "docs/completions" / name).exists()}


# --- make install ---

def test_install_puts_all_in_its_place(tmp_path):
    run("make", "-s", "-C", TOP, "install", f"DESTDIR={tmp_path}", "prefix=/usr",
        env=environment())
    assert files_below(tmp_path) == {"usr/sbin/pivot-kexec", "usr/share/man/man8/pivot-kexec.8",
                                     *completions("site-functions")}


# --- the release ---

def commit_sources(folder):
    """The files that git tracks, as they are, in a repository of their own."""
    folder.mkdir(parents=True)
    files = subprocess.run(["git", "-C", TOP, "ls-files", "-z"], check=True,
                           stdout=subprocess.PIPE).stdout
    present = b"\0".join(name for name in files.split(b"\0")
                         if name and os.path.lexists(TOP / os.fsdecode(name)))
    tar = subprocess.Popen(["tar", "-C", TOP, "--null", "-T", "-", "-cf", "-"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    unpack = subprocess.Popen(["tar", "-C", folder, "-xf", "-"], stdin=tar.stdout)
    tar.stdin.write(present)
    tar.stdin.close()
    assert unpack.wait() == 0 and tar.wait() == 0
    date = "2026-01-02T03:04:05Z"
    who = environment(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    name = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    run("git", "-C", folder, "init", "-q", env=who)
    run("git", "-C", folder, "add", "-Af", env=who)
    run("git", "-C", folder, *name, "commit", "-qm", "all of it", env=who)
    return folder


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    """Two of the same commit, by different people in different places."""
    top = tmp_path_factory.mktemp("release")
    one, other = commit_sources(top / "one"), commit_sources(top / "another/of them")
    run("make", "-s", "dist", cwd=one, env=environment())
    time.sleep(1.1)  # another second, another time stamp
    (other / "README.md").write_text("what nobody has committed")
    run("make", "-s", "dist", "CFLAGS=-O0", "VERSION=7", cwd=other, umask=0o077,
        env=environment(TZ="Asia/Tokyo", LC_ALL="C.UTF-8", CPPFLAGS="-DNDEBUG",
                        LDFLAGS="-Wl,--build-id=none", GZIP="-1"))
    return one / "build/dist", other / "build/dist"


@pytest.fixture(scope="module")
def release(releases, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    run("tar", "-C", folder, "-xf", releases[0] / f"{RELEASE}.tar.gz")
    return folder / RELEASE


def test_a_release_is_the_same_bytes_wherever_it_is_made(releases):
    one, other = ({path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                   for path in folder.iterdir()} for folder in releases)
    assert set(one) == {f"{RELEASE}.tar.gz", f"pivot-kexec-{VERSION}.tar.gz", "SHA256SUMS"}
    assert one == other


def test_a_release_has_the_time_and_nobodys_name(releases):
    for name in (f"{RELEASE}.tar.gz", f"pivot-kexec-{VERSION}.tar.gz"):
        with tarfile.open(releases[0] / name) as tar:
            members = tar.getmembers()
        assert {member.mtime for member in members} == {1767323045}
        assert {(member.uid, member.gid) for member in members} == {(0, 0)}
        assert {member.mode & 0o022 for member in members if not member.issym()} == {0}


def test_a_releases_checksums_are_those_of_its_files(releases, release):
    run("sha256sum", "-c", "--strict", "SHA256SUMS", cwd=releases[0])
    run("sha256sum", "-c", "--strict", "SHA256SUMS", cwd=release)
    summed = {line.split("  ", 1)[1] for line in (release / "SHA256SUMS").read_text().splitlines()}
    assert summed == files_below(release) - {"SHA256SUMS"}


def test_a_release_holds_what_a_user_wants(release):
    assert run(release / "pivot-kexec", "--version").split()[-1] == VERSION
    assert {"pivot-kexec", "README.md", "LICENSE", "NOTICES", "docs/pivot-kexec.8",
            *(f"docs/completions/{path.name}" for path in (TOP / "docs/completions").glob("*"))
            } <= files_below(release)
    for page in release.glob("*.md"):
        for link in re.findall(r"\]\(([^):#]+)[^):]*\)", page.read_text()):
            assert (release / link).exists(), link


def test_the_source_of_a_release_builds(releases, tmp_path):
    run("tar", "-C", tmp_path, "-xf", releases[0] / f"pivot-kexec-{VERSION}.tar.gz")
    source = tmp_path / f"pivot-kexec-{VERSION}"
    assert run("make", "-n", "all", cwd=source, env=environment())
    assert not (source / ".git").exists()


def test_a_release_is_not_made_outside_of_git(tmp_path):
    (tmp_path / "scripts").mkdir()
    shutil.copy(TOP / "scripts/dist", tmp_path / "scripts")
    result = subprocess.run([tmp_path / "scripts/dist"], capture_output=True, text=True,
                            env=environment(GIT_CEILING_DIRECTORIES=str(tmp_path.parent)))
    assert result.returncode == 1 and "no git repository" in result.stderr
    assert not (tmp_path / "build").exists()


# --- what is linked ---

def static_libraries():
    """Those that the linker opens for the tool."""
    command = re.search(r"^.* -o build/pivot-kexec\.debug .*$",
                        run("make", "-nB", "-C", TOP, "build/pivot-kexec", env=environment()), re.M)
    words = command[0].replace("-o build/pivot-kexec.debug", "-o /dev/null -Wl,--trace").split()
    return {line for line in run(*words, cwd=TOP).splitlines() if re.match(r"/.*\.a$", line)}


def test_every_library_that_is_linked_is_in_the_notices(release):
    notices = (release / "NOTICES").read_text()
    libraries = static_libraries()
    assert len(libraries) > 8, libraries
    for library in libraries:
        package = run("dpkg", "-S", os.path.realpath(library)).split(":")[0]
        source, version = run("dpkg-query", "-W", "-f", "${source:Package} ${source:Version}",
                              package).split()
        assert re.search(rf"^{source} +{re.escape(version)} ", notices, re.M), library
        assert f"======== {package} ========" in notices


def test_what_is_carried_as_a_file_is_in_the_notices(release):
    notices = (release / "NOTICES").read_text()
    for source, licence in (("busybox", "GPL-2.0-only"), ("kexec-tools", "GPL-2.0-only"),
                            ("kmod", "LGPL-2.1-or-later"), ("musl", "MIT")):
        assert re.search(rf"^{source} +[0-9]\S+ +{licence}: ", notices, re.M), source


@pytest.mark.parametrize("place", [0, 1, 2], ids=["busybox", "kexec", "kmod"])
def test_no_notice_is_made_up_for_parts_of_the_users_own(place, tmp_path):
    kexec, kmod = (run(TOP / "scripts" / name).split()[-1] for name in ("kexec-tools", "libkmod"))
    parts = ["/bin/busybox", kexec, kmod]
    parts[place] = tmp_path / "own"
    result = subprocess.run([TOP / "scripts/notices", *parts], capture_output=True, text=True)
    assert result.returncode == 1 and "one of his own" in result.stderr


# --- the Debian package ---

@pytest.fixture(scope="module")
def package():
    if not shutil.which("lintian"):  # in CI it is installed, and a skip is a failure
        pytest.skip("no lintian: scripts/install-deps package")
    run("make", "-s", "-C", TOP, "deb", env=environment())
    return TOP / f"build/deb/pivot-kexec_{VERSION}_amd64.deb"


def test_lintian_has_nothing_to_say_and_each_override_is_needed(package):
    said = run("lintian", "--allow-root", "--fail-on", "error,warning", "--display-info",
               "--pedantic", package.with_suffix(".changes"), env=environment())
    # in busybox and glibc
    assert set(re.findall(r"^\w: \S+: (\S+)", said, re.M)) <= {"spelling-error-in-binary"}, said


def test_the_package_needs_nothing_and_says_what_it_is_built_of(package):
    fields = run("dpkg-deb", "-f", package)
    assert not re.search(r"^(Pre-)?Depends:", fields, re.M)
    for field, sources in (("Built-Using", ("busybox", "glibc", "kexec-tools", "kmod", "acl")),
                           ("Static-Built-Using", ("libarchive", "musl", "jansson"))):
        line = re.search(rf"^{field}: (.*)$", fields, re.M)[1]
        for source in sources:
            assert re.search(rf"(^|, ){source} \(= \S+\)", line), line


def test_the_package_puts_all_in_its_place(package, tmp_path):
    run("dpkg-deb", "-x", package, tmp_path)
    files = files_below(tmp_path)
    assert {name for name in files if not name.startswith("usr/share/doc/")} == {
        "usr/sbin/pivot-kexec", "usr/share/man/man8/pivot-kexec.8.gz",
        "usr/share/lintian/overrides/pivot-kexec", *completions("vendor-completions")}
    assert {f"usr/share/doc/pivot-kexec/{name}" for name in
            ("README.md", "NOTICES.gz", "copyright", "changelog.gz", "docs/hardware.md")} <= files
