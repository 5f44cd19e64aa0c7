import types

import pytest

from space_jax.dialogue.record import Dialogue, Turn
from space_jax.tasks import validation_split
from space_jax.tasks.config import DataSource

IDS = {split: [f"{split}-{n}" for n in range(400)] for split in ("train", "validation", "test")}


@pytest.fixture
def read(monkeypatch):
    def read(splits, split, train="train"):
        monkeypatch.setattr(validation_split, "corpus", lambda name: types.SimpleNamespace(splits=splits))
        monkeypatch.setattr(
            validation_split,
            "dialogues_of",
            lambda source, split: (Dialogue(name, (Turn("user", "hi"),)) for name in IDS[split]),
        )
        return [one.id for one in validation_split.split_dialogues(DataSource(corpus="any"), split, train)]

    return read


def test_splits_that_the_corpus_has_are_taken_as_they_are(read):
    for split in IDS:
        assert read(("train", "validation", "test"), split) == IDS[split]


@pytest.mark.parametrize(("splits", "train"), [(("train", "test"), "train"), (("validation", "test"), "validation")])
def test_a_tenth_of_train_is_validation(read, splits, train):
    ours, validation = read(splits, "train", train), read(splits, "validation", train)
    assert sorted([*ours, *validation]) == sorted(IDS[train])
    assert 20 <= len(validation) <= 60
    assert read(splits, "test", train) == IDS["test"]
