"""What becomes of logits and distances in each way, by hand."""

import numpy as np
import pytest

from space_jax.tasks.intent.decision import Decision

CLASSES = ["ask", "book", "oos"]
LOGITS = np.log([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.3, 0.6, 0.1]]).astype(np.float32)


def raw(logits, distances):
    return [{"logits": row, "distance": far} for row, far in zip(logits, distances, strict=True)]


def test_a_class_of_its_own_wins_or_not():
    said = Decision(CLASSES, "class", "oos", 0.01).labelled([{"logits": row} for row in LOGITS], {})
    assert [one["label"] for one in said] == ["ask", "oos", "book"]
    assert said[1] == {
        "label": "oos",
        "score": pytest.approx(0.6, abs=1e-6),
        "next": [{"label": "book", "score": 0.3}, {"label": "ask", "score": 0.1}],
    }


def test_the_distance_decides_and_the_class_is_only_doubt():
    way = Decision(CLASSES, "distance", "oos", 0.01)
    said = way.labelled(raw(LOGITS, [0.1, 0.1, 0.9]), {"threshold": 0.5})
    assert [one["label"] for one in said] == ["ask", "book", "oos"]
    assert said[1]["outside"] == pytest.approx(0.1 - 0.1 * np.log(0.3), abs=1e-6)
    assert said[1]["next"] == [{"label": "ask", "score": pytest.approx(0.1, abs=1e-6)}]
    assert (said[2]["nearest"], said[2]["score"]) == ("book", pytest.approx(0.6, abs=1e-6))
    without = way.labelled(raw(LOGITS, [0.1, 0.1, 0.9]), {})  # a checkpoint without a threshold
    assert [one["label"] for one in without] == ["ask", "book", "book"]


def test_a_low_probability_decides():
    way = Decision(CLASSES[:2], "threshold", "oos", 0.01)
    said = way.labelled([{"logits": np.log([p, 1 - p])} for p in (0.6, 0.9)], {"threshold": 0.7})
    assert said[0] == {"label": "oos", "score": 0.6, "next": [{"label": "book", "score": 0.4}], "nearest": "ask"}
    assert said[1]["label"] == "ask"


def test_the_temperature_changes_scores_and_no_label():
    way, rows = Decision(CLASSES[:2], "class", "oos", 0.01), [{"logits": np.log([0.8, 0.2])}]
    (warm,), (cold,) = way.labelled(rows, {"temperature": 2.0}), way.labelled(rows, {})
    assert (warm["label"], warm["score"], cold["score"]) == ("ask", pytest.approx(2 / 3, abs=1e-6), 0.8)


@pytest.fixture
def world():
    """200 utterances of two intents, a tenth of them wrong, and 40 outside, further away and less certain."""
    rng = np.random.default_rng(0)
    truths = ["ask", "book"] * 100 + ["oos"] * 40
    sign = np.array([1, -1] * 100 + [0] * 40) * np.where(np.arange(240) % 10, 1, -1)
    logits = np.stack([sign, -sign, [-1] * 200 + [0.3] * 40], 1) * 3 + rng.normal(size=(240, 3))
    return truths, raw(logits, rng.uniform(0.0, 0.3, 240) + np.array([0.0] * 200 + [0.2] * 40))


@pytest.mark.parametrize(("way", "names"), [("class", 1), ("threshold", 2), ("distance", 2)])
def test_calibration_is_chosen_and_measured(world, way, names):
    truths, rows = world
    decision = Decision(CLASSES, way, "oos", 0.02)
    calibration = decision.calibrate(truths, rows)
    assert tuple(calibration) == decision.calibrated
    assert len(calibration) == names
    measures = decision.reliability(truths, rows, calibration)
    assert measures["calibration_error"] < measures["calibration_error_before"]
    assert measures["out_of_scope_auroc"] > 0.9
    if way == "distance":
        said = decision.labelled(rows, calibration)
        kept = [one.get("nearest", one["label"]) for one in said[:200]]
        lost = [one["label"] == "oos" and near == truth for one, near, truth in zip(said, kept, truths, strict=False)]
        assert sum(lost) == 4  # of 200, all that a cost of 0.02 allows
        recall = np.mean([one["label"] == "oos" for one in said[200:]])
        assert recall == pytest.approx(measures["out_of_scope_recall_at_cost"])


def test_without_anything_outside_there_is_nothing_to_tell(world):
    truths, rows = world
    measures = Decision(CLASSES[:2], "class", "oos", 0.01).reliability(
        truths[:200], [{"logits": one["logits"][:2]} for one in rows[:200]], {"temperature": 1.0}
    )
    assert not [name for name in measures if name.startswith("out_of_scope")]
    assert measures["calibration_error"] == measures["calibration_error_before"] > 0
