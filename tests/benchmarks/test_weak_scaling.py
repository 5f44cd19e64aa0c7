"""The roofline, days and cost of a compile report, worked out by hand."""

import runpy
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
REPORT = {
    "topology": "v5e:2x2",
    "device": "TPU v5 lite",
    "devices": 4,
    "mesh": {"data": 2, "fsdp": 2, "tensor": 1},
    "model": {"dtype": "float32"},
    "batch": {"examples": 64, "rows_of_a_micro_batch": 20, "context_length": 384},
    "memory_per_chip": {"peak": 2**31},
    "flops": {"products": 4 * 197e12 * 0.02},
    "memory_traffic_per_chip": 0.819e12 * 0.03,
    "collectives_per_chip": {"all-reduce": {"bytes": 200e9 * 0.004}, "all-gather": {"bytes": 200e9 * 0.002}},
}


@pytest.fixture
def weak_scaling(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    return runpy.run_path(str(BENCHMARKS / "weak_scaling.py"))


def test_the_longest_of_three_times_is_the_step(weak_scaling):
    assert weak_scaling["times"](REPORT) == pytest.approx({"computing": 0.02, "memory": 0.03, "sending": 0.01})
    cells = [cell.strip() for cell in weak_scaling["row"](REPORT, efficiency=0.5, price=1.0).strip("| ").split("|")]
    # A step takes 0.06 s; 60 passes of 3 million turns, 32 a step, are 5,625,000 steps: 3.91 days of four chips.
    expected = ["v5e:2x2", "4", "64", "5 x 384", "2.00", "20.0", "30.0", "10.0", "memory"]
    assert cells == [*expected, "1,067", "5,625,000", "3.91", "375"]
