# SPDX-License-Identifier: GPL-2.0-or-later
"""bash, zsh and fish offer the words that pivot-kexec takes, and all of them."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TOOL = TOP / "build/pivot-kexec"
COMPLETIONS = TOP / "docs/completions"

BASH = f"""
source {COMPLETIONS}/pivot-kexec.bash
COMP_LINE=$1 COMP_POINT=${{#1}}
_pivot_kexec
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

# compadd, in which every completion ends, prints what fits of what it is given. What is typed may
# be echoed until stty has run: it must not look like an answer.
ZSH = f"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "stty -echo; PS1= PS2= TERM=dumb; unsetopt zle_bracketed_paste; fpath=({COMPLETIONS} \\$fpath)"
zpty -w shell 'autoload -Uz compinit; compinit -u -D'
zpty -w shell 'compadd() {{
	[[ ${{@[1,(i)(-|--)]}} == *-(O|A|D)\\ * ]] && {{ builtin compadd "$@"; return }}
	local -a hits; builtin compadd -A hits "$@"
	print -rl -- "<${{^hits[@]}}>"
	builtin compadd "$@"
}}
finish() {{ print -r -- "<end>" }}
compprefuncs=(); comppostfuncs=(finish)
bindkey "^I" complete-word; print rea""dy'
zpty -r shell text '*ready*'
zpty -w -n shell "$1"$'\\t'
zpty -r shell text '*<end>*'
print -r -- "$text"
zpty -d shell
"""

FISH = f"""
source {COMPLETIONS}/pivot-kexec.fish
complete -C $argv[1]
"""


def run(*command):
    with tempfile.TemporaryDirectory() as home:  # fish writes there
        environment = {**os.environ, "PATH": f"{TOP}/build:{os.environ['PATH']}", "HOME": home}
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=TOP,
                                env=environment, stdin=subprocess.DEVNULL)
    assert result.stderr == "", result.stderr
    return result.stdout


def bash(line):
    # what is behind a "=" or ":" alone: readline has the rest
    before = re.match(r".*[=:]|", line.split(" ")[-1])[0]
    return {before + word for word in run("bash", "-c", BASH, "bash", line).split()}


def zsh(line):
    return set(re.findall(r"<(.*)>", run("zsh", "-f", "-c", ZSH, "zsh", line))) - {"end"}


def fish(line):
    return {word.split("\t")[0]
            for word in run("fish", "--no-config", "-c", FISH, line).splitlines()}


@pytest.fixture(scope="module")
def help_text():
    return subprocess.run([TOOL, "--help"], capture_output=True, text=True, check=True).stdout


def verbs_of(text):
    return set(re.findall(r"^  ([a-z]+) ", text.split("Verbs:")[1].split("Options:")[0], re.M))


SHELLS = pytest.mark.parametrize("offered", [bash, zsh, fish])


def options_of(text):
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z][a-z-]*)", text, re.M))


@SHELLS
@pytest.mark.parametrize("line, words", [
    ("pivot-kexec pla", {"plan"}),
    ("pivot-kexec plan --lo", {"--loader"}),
    ("pivot-kexec --loader ", {"auto", "gather", "load", "file", "kexec-tools"}),
    ("pivot-kexec check --takeover=s", {"--takeover=systemd", "--takeover=seize"}),
    ("pivot-kexec --two", {"--two-stage", "--two-stage=clean", "--two-stage=abrupt"}),
    ("pivot-kexec --two-stage=a", {"--two-stage=abrupt"}),
    ("pivot-kexec --on-hang ", {"reboot", "jump"}),
    ("pivot-kexec --reset ", {"auto", "never"}),
    ("pivot-kexec --display ", {"auto", "keep", "unbind"}),
    ("pivot-kexec --parallel ", {"auto", "never"}),
    ("pivot-kexec --middle-kernel=tar", {"--middle-kernel=target"}),
    ("pivot-kexec network ", {"addr", "route"}),
    ("pivot-kexec network --netw", {"--networkd"}),
    ("pivot-kexec network --del", set()),
    ("pivot-kexec cancel --del", set()),
])
def test_offers_the_right_words(offered, line, words):
    assert offered(line) == words


@SHELLS
def test_offers_every_verb(offered, help_text):
    verbs = verbs_of(help_text)
    assert {"run", "plan"} < verbs <= offered("pivot-kexec ")


@SHELLS
@pytest.mark.parametrize("line", ["pivot-kexec --kernel READ", "pivot-kexec plan READ"])
def test_offers_files(offered, line):
    assert offered(line) == {"README.md"}


@SHELLS
def test_offers_files_behind_an_equals_sign(offered):
    found = offered("pivot-kexec --initrd=READ")
    assert {word.removeprefix("--initrd=") for word in found} == {"README.md"}


@SHELLS
def test_offers_folders_alone_where_it_takes_one(offered):
    found = {word.rstrip("/") for word in offered("pivot-kexec --extra-files ./")}
    found = {word.removeprefix("./") for word in found}
    assert {"docs", "pivot"} <= found and "README.md" not in found


@SHELLS
def test_offers_the_devices_to_skip(offered):
    devices = set(os.listdir("/sys/bus/pci/devices"))
    if not devices:  # some containers have none; in CI a skip is a failure
        pytest.skip("no PCI devices here")
    found = offered("pivot-kexec --skip ")
    assert found & devices or not found


@SHELLS
def test_offers_every_option_of_the_help(offered, help_text):
    found = set().union(*(offered(f"pivot-kexec {verb} --") for verb in verbs_of(help_text)))
    assert options_of(help_text) == {word for word in found if "=" not in word}


def test_the_man_page_has_every_option_of_the_help(help_text):
    page = (TOP / "docs/pivot-kexec.8").read_text()
    options = page[page.index(".Ss Options"):page.index(".Ss What travels")]
    items = re.findall(r"^\.It Fl (.*)$", options, re.M)
    found = {"-" + word for item in items for word in re.findall(r"(?<!\w)-[a-z][a-z-]*", item)}
    assert options_of(help_text) == found


def test_a_word_that_is_not_known_gets_none():
    result = subprocess.run([TOOL, "complete", "--no-such-option="], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
