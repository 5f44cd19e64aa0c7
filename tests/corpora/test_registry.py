"""The registry: names, splits, options, and the disjoint splits of the simulated corpus."""

import pytest

from space_jax.corpora import CORPORA, SPLITS, corpus
from space_jax.errors import UserError


def test_every_corpus_says_what_it_is():
    assert len(CORPORA) == 26
    for name, entry in CORPORA.items():
        assert entry.name == name
        assert entry.description
        assert entry.licence
        assert entry.citation
        assert set(entry.splits) <= set(SPLITS)


def test_an_unknown_corpus_is_answered_with_the_nearest():
    with pytest.raises(UserError, match=r"'sgdd' is not known; expected one of sgd$"):
        corpus("sgdd")
    with pytest.raises(UserError, match="simulated, sgd, multiwoz21"):
        corpus("???")


def test_wrong_calls_name_what_would_be_right(tmp_path):
    with pytest.raises(UserError, match="split 'dev' is not one of train, validation, test"):
        corpus("sgd").load(tmp_path, "dev")
    with pytest.raises(UserError, match="option 'seed' is not one of those it has: none"):
        corpus("sgd").load(tmp_path, "train", seed=1)
    with pytest.raises(UserError, match="expected a source"):
        corpus("sgd").load(None, "train")
    with pytest.raises(UserError, match="missing does not exist"):
        corpus("sgd").load(tmp_path / "missing", "train")
    with pytest.raises(UserError, match="expected no source"):
        corpus("simulated").load(tmp_path, "train")
    with pytest.raises(UserError, match="option dialogues is 0"):
        corpus("simulated").load(None, "train", dialogues=0)
    with pytest.raises(UserError, match="option seed is -1"):
        corpus("simulated").load(None, "train", seed=-1)
    with pytest.raises(UserError, match=r"option domains: expected all or some of .*, found 'casino'"):
        corpus("simulated").load(None, "train", domains="hotel,casino")


@pytest.fixture(scope="module")
def simulated() -> dict[str, list]:
    return {split: list(corpus("simulated").load(None, split, dialogues=20, seed=3)) for split in SPLITS}


def test_simulated_splits_have_their_sizes_and_share_no_id(simulated):
    assert {split: len(dialogues) for split, dialogues in simulated.items()} == {
        "train": 20,
        "validation": 2,
        "test": 2,
    }
    ids = [dialogue.id for dialogues in simulated.values() for dialogue in dialogues]
    assert len(set(ids)) == len(ids)
    assert corpus("simulated").available_splits(None) == SPLITS


def test_simulated_splits_are_different_dialogues(simulated):
    said = {split: [[turn.text for turn in d.turns] for d in dialogues] for split, dialogues in simulated.items()}
    assert said["train"][:2] != said["validation"] != said["test"]


def test_a_larger_simulated_train_begins_with_the_smaller(simulated):
    larger = corpus("simulated").load(None, "train", dialogues=30, seed=3)
    assert [next(larger) for _ in range(20)] == simulated["train"]
