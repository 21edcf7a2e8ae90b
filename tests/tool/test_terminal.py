# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tool says to who sits at a terminal, and what not."""

import os
import pty
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TOOL = TOP / "build/pivot-kexec"
ESCAPE = "\x1b"
CLEAR = "\r\x1b[K"


def at_terminal(*arguments, **environment):
    """Standard output and error, which are one."""
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", **environment}
    process = subprocess.Popen([TOOL, *arguments], stdin=subprocess.DEVNULL, stdout=theirs,
                               stderr=theirs, env=environment)
    os.close(theirs)
    text = b""
    try:
        while data := os.read(ours, 65536):
            text += data
    except OSError:  # nobody has the other side any more
        pass
    os.close(ours)
    process.wait(timeout=60)
    return text.decode()


def test_errors_are_red():
    assert at_terminal("build", "./nothing") .startswith(f"{ESCAPE}[31mpivot-kexec: ")
    assert at_terminal("./nothing").count(f"{ESCAPE}[0m\r\n") >= 2


def test_warnings_are_yellow():
    text = at_terminal("plan", "--quirk", "driver:no-such-driver=keep")
    assert f"{ESCAPE}[33mpivot-kexec: " in text and f"{ESCAPE}[31m" not in text


def test_the_verdict_of_a_check_has_a_colour():
    assert f"{ESCAPE}[31mthe jump is refused" in at_terminal("check", "./nothing")


def test_the_titles_of_a_plan_are_bold():
    assert f"{ESCAPE}[1m[1/10] end processes{ESCAPE}[0m\r\n" in at_terminal("plan")


@pytest.mark.parametrize("environment", [
    {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""},
], ids=lambda environment: "=".join(*environment.items()))
def test_there_are_no_colours_where_they_are_not_wanted(environment):
    for arguments in (["check", "./nothing"], ["plan"]):
        assert ESCAPE not in at_terminal(*arguments, **environment)


def test_an_empty_no_color_is_none():
    assert ESCAPE in at_terminal("plan", NO_COLOR="")


def test_there_are_no_escapes_where_it_is_no_terminal():
    result = subprocess.run([TOOL, "check", "./nothing"], capture_output=True, text=True,
                            env={**os.environ, "TERM": "xterm"})
    assert ESCAPE not in result.stdout + result.stderr


@pytest.fixture(scope="module")
def tarball(tmp_path_factory):
    """One that takes its time, and is no tree."""
    folder = tmp_path_factory.mktemp("large")
    block = os.urandom(1 << 20)
    with open(folder / "initrd", "wb") as file:
        for _ in range(48):
            file.write(block)
    with tarfile.open(folder / "large.tar.bz2", "w:bz2", compresslevel=1) as tar:
        tar.add(folder / "initrd", "initrd")
    (folder / "initrd").unlink()
    return folder / "large.tar.bz2"


def test_unpacking_tells_how_far_it_is(tarball):
    text = at_terminal("check", tarball)
    lines = re.findall(r"\x1b\[\?7lunpacking: (.*?)\x1b\[\?7h", text)
    assert len(lines) >= 3
    for line in lines:
        assert re.fullmatch(r"[\d.]+ [KM]iB of [\d.]+ MiB, \d+ %, [\d.]+ [KM]iB/s, \d+ s left",
                            line), line
    last = text.rindex("unpacking: ")
    assert CLEAR in text[last:], "the line stays"


@pytest.mark.parametrize("arguments, environment", [
    (["-q"], {}), ([], {"TERM": "dumb"}),
], ids=["quiet", "dumb"])
def test_unpacking_tells_nothing_where_it_is_not_wanted(tarball, arguments, environment):
    assert "unpacking" not in at_terminal("check", tarball, *arguments, **environment)


def test_quiet_leaves_warnings_and_errors_alone():
    result = subprocess.run([TOOL, "check", "-q", "./nothing"], capture_output=True, text=True)
    assert result.returncode == 1
    assert "note:" not in result.stdout and "'./nothing' does not exist" in result.stderr


def test_verbose_says_why_a_loader_is_not_tried():
    result = subprocess.run([TOOL, "check", "-v", "--loader=file", "./nothing"],
                            capture_output=True, text=True)
    assert "not tried     gather, load, kexec-tools: --loader names another\n" in result.stdout
