# SPDX-License-Identifier: GPL-2.0-or-later
"""
More than thirty devices in use, and what still moves at the instant of the jump, read from
outside the machine. What the other ways leave proves that it can be seen.
"""

import functools

import pytest

from matrix import MODELS
from variants import PARALLEL, SERIAL, TIMED, VARIANTS, measure, unbind_ms

AT_LEAST = 30

# Of what every kernel's shutdown leaves with the interfaces up or down.
KNOWN_TO_STAY = {"e1000": "RX", "mptsas1068": "OPERATIONAL", "nvme": "CC.EN",
                 "vmxnet3": "MSI-X", "intel-hda": "MSI"}

SOME = [model for model in MODELS if model.name in KNOWN_TO_STAY]


@functools.cache
def measured(kernel, variant):
    # where a few suffice, a quicker machine
    models = MODELS if variant.startswith("pivot") and "stages" not in variant else SOME
    return measure(kernel, VARIANTS[variant], models)


def on(kernel, variant):
    """A machine of its own, and a worker of its own for each kernel."""
    return pytest.param(kernel, variant, marks=pytest.mark.xdist_group(f"evidence-{kernel}"))


DIRECT = [on("6.1", "kexec -e"), on("6.12", "bare system call")]
PIVOT = [on("6.1", "pivot-kexec, systemd"), on("6.12", "pivot-kexec, seize")]
TWO_STAGES = [on("6.1", "pivot-kexec, two stages, abrupt")]


@pytest.mark.parametrize("kernel, variant", DIRECT)
def test_sees_what_the_kernels_own_shutdown_leaves(kernel, variant):
    result = measured(kernel, variant)
    for name, word in KNOWN_TO_STAY.items():
        assert word in result.in_use[name]
        assert word in result.left[name], result.still_running()


@pytest.mark.parametrize("kernel, variant", DIRECT)
def test_sees_bus_mastering_of_devices_nobody_bound(kernel, variant):
    result = measured(kernel, variant)
    assert set(result.unbound_before) == set(result.unbound_left)
    for name, before in result.unbound_before.items():
        assert before == ["BME"], f"the firmware has not used {name}"
        assert result.unbound_left[name] == ["BME"]


@pytest.mark.parametrize("kernel, variant", PIVOT)
def test_leaves_nothing_running(kernel, variant):
    result = measured(kernel, variant)
    assert sum(bool(what) for what in result.in_use.values()) >= AT_LEAST
    assert result.still_running() == {}
    assert " 0 left running" in result.console


@pytest.mark.parametrize("kernel, variant", TWO_STAGES)
def test_a_middle_kernel_puts_to_rest_what_the_first_one_left(kernel, variant):
    result = measured(kernel, variant)
    for name, word in KNOWN_TO_STAY.items():
        assert word in result.in_use[name]
    assert "of the middle kernel" in result.console
    assert result.still_running() == {}
    assert not any(result.unbound_left.values())


@pytest.mark.parametrize("kernel, variant", PIVOT)
def test_clears_bus_mastering_of_devices_nobody_bound(kernel, variant):
    result = measured(kernel, variant)
    assert len(result.unbound_before) >= 5
    for name, before in result.unbound_before.items():
        assert before == ["BME"], f"the firmware has not used {name}"
        assert result.unbound_left[name] == []


@pytest.mark.xdist_group("evidence-gain")
def test_unbinds_faster_in_parallel(record_property):
    serial, parallel = unbind_ms("6.1", [SERIAL, PARALLEL])
    record_property("ratio", serial / parallel)
    print(f"one after another {serial} ms, in parallel {parallel} ms: {serial / parallel:.2f}")
    assert len(TIMED) >= AT_LEAST
    assert serial > 1.2 * parallel
