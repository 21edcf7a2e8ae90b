# SPDX-License-Identifier: GPL-2.0-or-later
"""A pytest plugin: where it must work (CI, MUST_WORK=1), a skip is a failure."""

import os

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    must_work = any(os.environ.get(name) in ("1", "true") for name in ("MUST_WORK", "CI"))
    if must_work and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped where it must work: {report.longrepr[-1]}"
