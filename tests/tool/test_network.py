# SPDX-License-Identifier: GPL-2.0-or-later
"""
How this machine is connected, beside Debian's own ip, in namespaces that are gone when
their script ends. tests/vm has what this kernel may not be built with.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

import networks

TOP = Path(__file__).resolve().parents[2]
TOOL = TOP / "build/pivot-kexec"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for namespaces")


def run(script, **options):
    result = subprocess.run(["bash", "-ec", script], capture_output=True, text=True,
                            timeout=60, **options)
    assert result.returncode == 0 and not result.stderr, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", networks.ANYWHERE)
def test_prints_what_ip_prints(name):
    output = run(networks.script(name, TOOL))
    assert networks.compare(output) == []
    if name != "nothing":
        assert any(len(json.loads(line)) > 3 for line in output.splitlines())


@pytest.mark.parametrize("view", networks.VIEWS)
def test_is_no_other_for_jq(view):
    """As anybody may see on his machine."""
    run(f"diff <(ip --json {view} | jq -S .) <({TOOL} network --json {view} | jq -S .)")


def test_sees_a_difference():
    """Else the others would prove nothing."""
    lines = run(networks.script("routes-v4", TOOL)).splitlines()
    lines[3] = lines[3].replace('"metric":100,', "")
    assert networks.compare("\n".join(lines)) == ["-4 route[1].metric: 100 and None"]
