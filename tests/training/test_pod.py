"""A simulated pod: eight processes of one device each over all shapes of a ladder; one is killed, four go on."""

import json
import time

import pytest

from space_jax.features.example import Limits
from space_jax.features.grid import ladder
from space_jax.training.metrics import read_records
from tests.training.run_of_pod import pod_config
from tests.training.test_two_processes import finish, prepare_corpus, start

STEPS, STEPS_CUT_SHORT, SECONDS = 200, 60, 1500
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Contexts of one to eight turns: how many tokens eight examples have varies."""
    limits = Limits(max_turns=8, max_turn_tokens=20, tree_elements=8)
    return prepare_corpus(tmp_path_factory.mktemp("corpus"), limits)


def steps_done(workdir):
    path = workdir / "metrics.jsonl"
    return max((r["step"] for r in read_records(path) if r["kind"] == "train"), default=0) if path.exists() else 0


def test_no_process_compiles_after_the_first_use_of_each_shape(corpus, tmp_path):
    processes = 8
    told = [json.loads(line) for line in finish(start("run_of_pod", [corpus, tmp_path, STEPS], processes), SECONDS)]
    assert all(one == told[0] for one in told)
    assert told[0]["again"] == []
    assert len(told[0]["shapes"]) == STEPS
    data = pod_config(corpus, STEPS).data
    assert {tuple(shape) for shape in told[0]["shapes"]} == set(ladder(data, data.batch_size // processes))


def test_one_is_killed_all_end_and_four_go_on(corpus, tmp_path):
    started = start("run_of_pod", [corpus, tmp_path, STEPS_CUT_SHORT], 8)
    try:
        while steps_done(tmp_path) < STEPS_CUT_SHORT // 3:
            assert all(process.poll() is None for process in started)
            time.sleep(0.2)
        started[5].kill()
        for process in started:
            process.communicate(timeout=120)
    finally:
        for process in started:
            process.kill()
            process.communicate()
    assert all(process.returncode != 0 for process in started)
    saved = steps_done(tmp_path)
    assert STEPS_CUT_SHORT // 3 <= saved < STEPS_CUT_SHORT
    told = [json.loads(line) for line in finish(start("run_of_pod", [corpus, tmp_path, STEPS_CUT_SHORT], 4), SECONDS)]
    assert all(one["again"] == [] for one in told)
    assert 0 < len(told[0]["shapes"]) < STEPS_CUT_SHORT  # it went on
    assert steps_done(tmp_path) == STEPS_CUT_SHORT
