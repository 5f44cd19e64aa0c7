"""The training records nearest to others: which, how many, and where they come from."""

import json
import types

import numpy as np
import pytest

from space_jax.errors import UserError
from space_jax.tasks import nearest_training as module
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.nearest_training import nearest_training, training_of


class Trained:
    """A model whose vectors are written in the texts of the records."""

    config = types.SimpleNamespace(task=None, data=None)

    def __init__(self, split=()):
        def read_split(config, data, name):
            if isinstance(split, UserError):
                raise split
            return list(split)

        kind = type("Kind", (), {"example": lambda self, record: record, "read_split": staticmethod(read_split)})
        self.task, self.asked = kind(), []

    def outputs(self, examples):
        self.asked.append(len(examples))
        return {"vector": np.array([json.loads(one.text) for one in examples], np.float32)}


def record(name, vector, label):
    return IntentRecord(name, json.dumps(vector), label)


TRAINING = [
    record("east", [1, 0], "a"),
    record("far east", [9, 1], "b"),
    record("north", [0, 3], "c"),
    record("west", [-1, 0], "c"),
    record("nowhere", [0, 0], "c"),
]


def test_the_nearest_by_cosine_and_the_nearest_with_the_same_label():
    find = nearest_training(Trained(), lambda: TRAINING)
    east, other, unheard = find([record("x", [2, 0], "a"), record("y", [2, 0], "c"), record("z", [0, 1], "new")])
    assert [near.record.id for near in east] == ["east", "far east"]
    assert [near.cosine for near in east] == pytest.approx([1.0, 9 / 82**0.5], abs=1e-6)
    assert [near.record.id for near in other] == ["east", "far east", "north"]
    assert [near.record.id for near in unheard] == ["north", "far east"]


def test_nothing_is_read_for_nothing():
    trained = Trained()
    assert nearest_training(trained, lambda: pytest.fail("read"))([]) == []
    assert nearest_training(trained, lambda: [])([record("x", [1, 0], "a")] * 2) == [[], []]
    assert trained.asked == []


def test_of_many_training_records_evenly_many_are_compared(monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    trained = Trained()
    ((first, second, *_),) = nearest_training(trained, lambda: TRAINING)([record("x", [0, 1], "b")])
    assert trained.asked == [1, 3]  # east, north, nowhere
    assert (first.record.id, second.record.id) == ("north", "east")


def test_the_records_of_a_run(tmp_path):
    assert training_of(Trained(TRAINING), tmp_path) == TRAINING
    (tmp_path / "shots.json").write_text('{"ids": ["north", "east"]}')
    assert [one.id for one in training_of(Trained(TRAINING), tmp_path)] == ["east", "north"]
    assert training_of(Trained(UserError("data/train.csv: no such file")), tmp_path) == []
