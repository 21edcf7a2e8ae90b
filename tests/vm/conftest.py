# SPDX-License-Identifier: GPL-2.0-or-later
import os
import shutil

import pytest

from payload import BINARY, make_payload


@pytest.fixture
def payload(tmp_path):
    """A folder for /mnt/payload, and the nonce its target prints."""
    nonce = make_payload(tmp_path, append="target.stay=1")
    return tmp_path, nonce


def pytest_collection_modifyitems(items):
    reasons = []
    if not shutil.which("qemu-system-x86_64"):
        reasons.append("no QEMU: scripts/install-deps vm")
    if not BINARY.exists():
        reasons.append(f"no {BINARY.name}: make")
    for item in items:
        for reason in reasons:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Where it must work, a skip is a failure."""
    report = (yield).get_result()
    must_work = any(os.environ.get(name) in ("1", "true") for name in ("MUST_WORK", "CI"))
    if must_work and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped where it must work: {report.longrepr[-1]}"
