"""The claim's benchmark: what is in the plan, and its statistics."""

import numpy as np
import pytest

from benchmarks.claim import plan, tables
from benchmarks.claim.running import MIXTURE
from space_jax.corpora.mixtures.files import read_mixture


def record(arm, seed, task, score):
    return {"start": "random", "arm": arm, "seed": seed, "task": task, "finetuned": score}


def test_every_target_has_few_labels_in_the_mixture_and_is_guarded():
    mixture = read_mixture(MIXTURE)
    assert {mixture.few[task] for task in plan.TASKS} == {str(plan.SHOTS)}
    assert set(plan.TASKS) <= set(mixture.guard.benchmarks)


def test_arms_make_the_same_steps_and_differ_in_what_is_labelled():
    start = plan.STARTS["random"]
    made = {arm: plan.pretraining(start, arm, 3, "corpus") for arm in plan.ARMS}
    assert {made[arm].train.steps for arm in ("self", "supervised", "semi")} == {start.steps}
    assert {made[arm].train.seed for arm in made} == {3}
    assert [made[arm].data.labelled_share for arm in ("self", "supervised", "semi")] == [0.0, 1.0, 0.5]


def test_a_seed_counts_once_all_of_its_targets_were_run():
    records = [record("semi", 1, task, 50.0) for task in plan.TASKS]
    records += [record("semi", 2, task, 60.0) for task in plan.TASKS[:-1]]
    records += [record("semi", 0, task, 70.0) for task in plan.TASKS]  # for trying out
    assert tables.by_arm(records, "random", "finetuned") == {"semi": {1: [50.0] * len(plan.TASKS)}}


def test_differences_are_paired_by_seed():
    ours, other = {0: [10.0, 20.0], 1: [30.0, 40.0], 2: [99.0, 99.0]}, {1: [29.0, 39.0], 0: [8.0, 18.0]}
    assert tables.gain(ours, other) == "+1.5 (+1.0 to +2.0)"
    assert tables.gain({}, other) == ""


def test_the_interval_is_that_of_a_mean():
    assert tables.interval(np.full(5, 3.0)) == (3.0, 3.0)
    values = np.random.default_rng(1).normal(size=400)
    low, high = tables.interval(values)
    # For many values it is the normal approximation's.
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)


def test_the_picture_shows_what_is_complete(tmp_path):
    path = tmp_path / "claim.png"
    assert not tables.draw([record("semi", 1, plan.TASKS[0], 50.0)], path)
    assert not path.exists()
    assert tables.draw([record(arm, 1, task, 50.0) for arm in ("self", "semi") for task in plan.TASKS], path)
    assert path.read_bytes().startswith(b"\x89PNG")
