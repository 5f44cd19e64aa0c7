"""A mixture of small files: what enters, what is left out and why, in which shares, and the same whoever reads it."""

import dataclasses
import json
import pickle
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from space_jax.corpora.mixtures import sketches
from space_jax.corpora.mixtures.description import Guard, Mixture, MixtureSource
from space_jax.corpora.mixtures.report import summary
from space_jax.corpora.mixtures.selection import _HELD_OUT, _times, select
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Turn
from space_jax.errors import UserError
from space_jax.features.runners import Processes

WORDS = [f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "lmnrst"]


def text(seed, words=20):
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def dialogue(number):
    frames = (Frame("hotel", "inform"),)
    turns = (Turn(USER, text(2 * number), frames), Turn(SYSTEM, text(2 * number + 1), frames, ("inform",)))
    return Dialogue(f"d{number}", turns)


def source(name, **fields):
    return MixtureSource("jsonl", name, f"{name}.jsonl", **fields)


def write(root, **files):
    for name, dialogues in files.items():
        write_jsonl(root / f"{name}.jsonl", dialogues)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def chosen(mixture, root, folder, **arguments):
    selection = select(mixture, root, folder, **arguments)
    return selection, {split: list(stream) for split, stream in selection.splits.items()}


def test_every_dialogue_enters_once_with_the_name_of_its_source(root, tmp_path):
    write(root, a=map(dialogue, range(40)), b=map(dialogue, range(35, 60)))
    mixture = Mixture("m", "", (source("a"), source("b", annotation="hidden")), held_out=0.2)
    selection, splits = chosen(mixture, root, tmp_path / "s")
    ids = [one.id for dialogues in splits.values() for one in dialogues]
    assert sorted(ids) == sorted([f"a/d{n}" for n in range(40)] + [f"b/d{n}" for n in range(40, 60)])
    assert 3 < len(splits["validation"]) < 24
    assert [len(selection.splits[split]) for split in splits] == [len(dialogues) for dialogues in splits.values()]
    for one in (one for dialogues in splits.values() for one in dialogues):
        assert all((turn.frames is None) == one.id.startswith("b/") for turn in one.turns)
    part = selection.report["sources"]["b/train"]
    assert (part["read"], part["exact duplicates"], part["near duplicates"]) == (25, 5, 0)
    assert part["kept"] + part["held out"] == 20
    assert "b/train: 25 read, 0 dropped by the guard, 5 exact duplicates" in "\n".join(summary(selection.report))


def test_what_is_tested_with_is_dropped_and_listed(root, tmp_path):
    kvret = root / "kvret"
    kvret.mkdir()
    said = [("driver", text(0)), ("assistant", text(1))]
    record = {
        "dialogue": [{"turn": turn, "data": {"utterance": words, "end_dialogue": False}} for turn, words in said],
        "scenario": {
            "kb": {"items": None, "column_names": [], "kb_title": ""},
            "task": {"intent": "navigate"},
            "uuid": "u",
        },
    }
    for turn in record["dialogue"]:
        turn["data"] |= {"requested": {}, "slots": {}} if turn["turn"] == "assistant" else {}
    (kvret / "kvret_test_public.json").write_text(json.dumps([record]))
    planted = Dialogue("planted", (Turn(USER, f"  {text(0).upper()}"), Turn(SYSTEM, text(1).replace(" ", "  "))))
    within = Dialogue("within", (Turn(USER, "hi"), Turn(SYSTEM, "hello"), Turn(USER, text(0)), Turn(SYSTEM, "ok")))
    write(root, a=[*map(dialogue, range(1, 9)), planted, within])
    mixture = Mixture("m", "", (source("a"),), 0.0, guard=Guard(("kvret", "woz2")))
    selection, splits = chosen(mixture, root, tmp_path / "s")
    assert {one.id for one in splits["train"]} == {f"a/d{n}" for n in range(1, 9)}
    assert selection.report["guarded"] == ["kvret/test"]
    assert selection.report["not at hand, not guarded"] == ["woz2"]
    assert selection.report["sources"]["a/train"]["dropped"] == [
        {"id": "planted", "reason": "text", "benchmark": "kvret/test"},
        {"id": "within", "reason": "utterance", "benchmark": "kvret/test"},
    ]
    assert "not guarded, because no files of them are there: woz2" in list(summary(selection.report))


def test_of_a_source_with_a_few_shot_subset_only_that_keeps_its_labels(root, tmp_path, monkeypatch):
    """Also where duplicates of it come first, where others are held out or not drawn, and whoever reads it."""
    monkeypatch.setattr(sketches, "DIALOGUES", 7)
    copies = [dataclasses.replace(dialogue(n), id=f"copy{n}") for n in (2, 3)]
    write(root, a=map(dialogue, (2, 50)), b=[*map(dialogue, range(40)), *copies])
    subset = ["d2", "d17", "d30", "copy2"]
    mixture = Mixture("m", "", (source("a"), source("b", proportion=0.5)), 0.3, few={"b": "10%"}, few_seed=4)
    selection, splits = chosen(mixture, root, tmp_path / "s", few={"b": subset})
    labelled = {one.id for dialogues in splits.values() for one in dialogues if one.turns[0].frames is not None}
    assert labelled == {"a/d50", *(f"b/{name}" for name in subset)}
    assert {f"b/{name}" for name in subset} <= {one.id for one in splits["train"]}
    assert "a/d2" not in {one.id for one in splits["train"]}  # what is in the subset is kept there
    hidden = [one for dialogues in splits.values() for one in dialogues if one.id not in labelled]
    assert {"train", "validation"} == {split for split, dialogues in splits.items() if set(dialogues) & set(hidden)}
    assert all(turn.frames is None and turn.acts is None for one in hidden for turn in one.turns)
    part = selection.report["sources"]["b/train"]
    assert part["few"] == {"shots": "10%", "seed": 4, "drawn": 4, "kept": 4}
    lines = "\n".join(summary(selection.report))
    assert "few: 10%, seed 4: 4 of the 4 dialogues drawn keep their labels" in lines
    assert chosen(mixture, root, tmp_path / "two", few={"b": subset}, runner=Processes(2))[1] == splits
    other = {**mixture.few, "b": "20%"}
    again, _ = chosen(dataclasses.replace(mixture, few=other), root, tmp_path / "s", few={"b": subset[:2]})
    assert again.inputs != selection.inputs


def test_the_guard_goes_before_a_few_shot_subset(root, tmp_path):
    write(root, a=map(dialogue, range(4)))
    tested = MixtureSource("jsonl", "jsonl", "a.jsonl")
    (root / "jsonl").mkdir()
    write_jsonl(root / "jsonl" / "test.jsonl", [dialogue(1)])
    mixture = Mixture("m", "", (tested,), 0.0, guard=Guard(("jsonl",)), few={"jsonl": "1"})
    selection, splits = chosen(mixture, root, tmp_path / "s", few={"jsonl": ["d1", "d2"]})
    assert {one.id for one in splits["train"]} == {f"jsonl/d{n}" for n in (0, 2, 3)}
    assert selection.report["sources"]["jsonl/train"]["few"] == {"shots": "1", "seed": 0, "drawn": 2, "kept": 1}


def test_a_few_shot_subset_must_be_of_the_source(root, tmp_path):
    write(root, a=map(dialogue, range(4)))
    mixture = Mixture("m", "", (source("a"),), few={"a": "1"})
    with pytest.raises(UserError, match="few: the subset of a has 2 training records, and 1 of them are dialogues"):
        select(mixture, root, tmp_path / "s", few={"a": ["d1", "d9"]})
    with pytest.raises(ValueError, match=r"few has \[\], but the mixture asks for subsets of \['a'\]"):
        select(mixture, root, tmp_path / "s")
    assert mixture.with_few({"a": "5"}, 3).few == {"a": "5"}
    assert mixture.with_few({}, None) == mixture
    with pytest.raises(UserError, match="--few b: not a source of m, which has a"):
        mixture.with_few({"b": "5"}, None)


def test_a_corpus_that_is_left_out_is_neither_source_nor_quoted(root, tmp_path):
    write(root, a=map(dialogue, range(4)))
    both = Mixture("m", "", (source("a"), MixtureSource("simulated", "simulated", options={"dialogues": 3})), 0.0)
    selection, splits = chosen(both.leaving_out(("simulated",)), root, tmp_path / "s")
    assert {one.id.split("/")[0] for one in splits["train"]} == {"a"}
    assert "simulated/train" in selection.report["guarded"]


@given(
    st.floats(0.05, 3.0),
    st.one_of(st.none(), st.integers(1, 500)),
    st.one_of(st.none(), st.integers(1, 5000)),
    st.integers(0, 9),
)
def test_proportions_and_caps_hold(proportion, cap_dialogues, cap_turns, seed):
    rng = np.random.default_rng(seed)
    draw, turns = rng.integers(0, 2**64, 800, np.uint64), rng.integers(1, 9, 800).astype(np.uint32)
    left = rng.random(800) < 0.9
    one = source("a", proportion=proportion, cap_dialogues=cap_dialogues, cap_turns=cap_turns)
    none = np.zeros(800, bool)
    times = _times(draw, turns, left, one, 0.1, none)
    out = times == _HELD_OUT
    assert not times[~left].any()
    assert abs(out.sum() / left.sum() - 0.1) < 0.06
    entries = np.where(out, 0, times).astype(int)
    assert entries.sum() <= (cap_dialogues or 2400)
    assert (entries * turns).sum() <= (cap_turns or 10**9)
    uncapped = _times(draw, turns, left, dataclasses.replace(one, cap_dialogues=None, cap_turns=None), 0.1, none)
    assert abs(np.where(out, 0, uncapped).sum() / (left & ~out).sum() - proportion) < 0.1
    assert (entries <= np.where(out, 0, uncapped)).all()
    if cap_dialogues and not cap_turns:
        assert entries.sum() > min(cap_dialogues, int(uncapped[~out].sum())) - np.ceil(proportion)
    smaller = _times(draw, turns, left, dataclasses.replace(one, proportion=proportion / 2), 0.1, none)
    assert (smaller[~out] <= uncapped[~out]).all()
    few = rng.random(800) < 0.1
    with_few = _times(draw, turns, left, one, 0.1, few)
    assert ((with_few[few & left] > 0) & (with_few[few & left] < _HELD_OUT)).all()
    np.testing.assert_array_equal(with_few[~few & out], times[~few & out])


def test_the_order_in_a_file_and_the_workers_change_nothing(root, tmp_path, monkeypatch):
    monkeypatch.setattr(sketches, "DIALOGUES", 7)
    dialogues = [*map(dialogue, range(30)), *map(dialogue, range(0, 30, 4))]
    dialogues = [dataclasses.replace(one, id=f"{n}-{one.id}") for n, one in enumerate(dialogues)]
    mixture = Mixture("m", "", (source("a", proportion=0.7), source("b")), 0.1)
    write(root, a=dialogues, b=map(dialogue, range(28, 40)))
    plain, splits = chosen(mixture, root, tmp_path / "s")
    pickled = pickle.loads(pickle.dumps(plain.splits["train"]))
    assert list(pickled) == splits["train"]
    _, two = chosen(mixture, root, tmp_path / "two", runner=Processes(2))
    assert two == splits
    write(root, a=random.Random(1).sample(dialogues, len(dialogues)))
    _, shuffled = chosen(dataclasses.replace(mixture, sources=(source("a"), source("b"))), root, tmp_path / "3")
    texts = {one.turns for dialogues in shuffled.values() for one in dialogues}
    assert len(texts) == 40 == sum(map(len, shuffled.values()))


def test_an_interrupted_selection_goes_on_and_other_files_start_anew(root, tmp_path, monkeypatch):
    monkeypatch.setattr(sketches, "DIALOGUES", 4)
    write(root, a=map(dialogue, range(10)))
    mixture = Mixture("m", "", (source("a"),), 0.0)

    def broken(name, done):
        if done > 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        select(mixture, root, tmp_path / "s", tick=broken)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "s").glob("000-*.npy")}
    assert before
    _, splits = chosen(mixture, root, tmp_path / "s")
    assert len(splits["train"]) == 10
    assert {name: (tmp_path / "s" / name).stat().st_mtime_ns for name in before} == before
    write(root, a=map(dialogue, range(10, 15)))
    _, splits = chosen(mixture, root, tmp_path / "s")
    assert [one.id for one in splits["train"]] == [f"a/d{n}" for n in range(10, 15)]


def test_missing_files_are_said_together(root, tmp_path):
    mixture = Mixture("m", "", (MixtureSource("kvret", "kvret"), MixtureSource("woz2", "woz2"), source("a")))
    with pytest.raises(UserError) as caught:
        select(mixture, root, tmp_path / "s")
    message = str(caught.value)
    assert "--without kvret --without woz2" in message
    assert f"train of kvret in {root / 'kvret'}" in message
    write(root, a=map(dialogue, range(3)))
    assert len(chosen(mixture.without(("kvret", "woz2")), root, tmp_path / "s")[1]["train"]) == 3
    with pytest.raises(UserError, match="--data-root: expected the folder that holds the folders"):
        select(mixture, None, tmp_path / "s")
    with pytest.raises(UserError, match="no such folder"):
        select(mixture, root / "nowhere", tmp_path / "s")
    write(root, a=[])
    with pytest.raises(UserError, match="no dialogue is left for training"):
        select(Mixture("m", "", (source("a"),)), root, tmp_path / "s")
