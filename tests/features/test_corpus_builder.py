"""Preparing: what is written comes back, hidden labels are gone, and a half-built folder is never taken for a whole."""

import dataclasses
import itertools
import json
import os
import pickle
import sys

import numpy as np
import pytest

from space_jax.corpora.registry import CORPORA
from space_jax.corpora.stream import stream
from space_jax.dialogue.labels import Known
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError
from space_jax.features import build_units
from space_jax.features.build_units import keeps_labels
from space_jax.features.corpus_builder import prepare
from space_jax.features.example import Example, Limits, dialogue_examples, without_labels
from space_jax.features.prepared_corpus import METADATA_FILE, Counts, open_prepared, train_split
from space_jax.features.runners import Processes, serial
from space_jax.features.storage import RecordFile, from_record, to_record

ALL = train_split(Known(True, True, True))
LIMITS = Limits(max_turns=4, max_turn_tokens=8, tree_elements=3)


def dialogue(number, annotated=True):
    text = f"number {number} please"
    frames = (Frame("hotel", "inform", (Slot("area", (Value(str(number), 7, 7 + len(str(number))),)),)),)
    whole = Dialogue(
        f"d{number}",
        (
            Turn(USER, text, frames),
            Turn(SYSTEM, f"answer {number}", frames[:1], ("inform",)),
            Turn(USER, "", ()),
            Turn(SYSTEM, "bye now", (), ("bye",)),
        ),
    )
    return whole if annotated else without_labels(whole)


def assert_same(a: Example, b: Example):
    for field in dataclasses.fields(Example):
        left, right = getattr(a, field.name), getattr(b, field.name)
        np.testing.assert_array_equal(left, right, err_msg=field.name)
        assert getattr(left, "dtype", type(left)) == getattr(right, "dtype", type(right)), field.name


@pytest.fixture(scope="module")
def train():
    return [dialogue(number, annotated=number % 4 != 0) for number in range(40)]


@pytest.fixture(scope="module")
def corpus(train, word_tokenizer, tmp_path_factory):
    splits = {"train": iter(train), "validation": (dialogue(n) for n in range(100, 103))}
    out = tmp_path_factory.mktemp("prepared") / "corpus"
    return prepare(splits, word_tokenizer, out, LIMITS, labelled_share=0.5, name="toy", seed=3)


def test_every_example_comes_back_in_order(corpus, train, word_tokenizer):
    kept = [d for d in train if keeps_labels(d.id, 0.5, 3)]
    assert 8 < len(kept) < 32
    expected = [e for d in kept for e in dialogue_examples(d, word_tokenizer, LIMITS) if all(e.known)]
    source = corpus.split(ALL)
    assert len(source) == len(expected)
    for n, example in enumerate(expected):
        assert_same(source[n], example)
    unlabelled = corpus.split("train_nothing")
    assert len(unlabelled) == 2 * len(train) - len(expected)
    texts = [without_labels(d) for d in train if d not in kept or d.turns[0].frames is None]
    expected = [e for d in texts for e in dialogue_examples(d, word_tokenizer, LIMITS)]
    for n, example in enumerate(expected):
        assert_same(unlabelled[n], example)


@pytest.mark.parametrize("words", ["", "one", "word " * 8, "word " * 9])
def test_what_a_record_says_of_its_response_comes_back(word_tokenizer, words):
    turns = Turn(USER, "number 7 please"), Turn(SYSTEM, words)
    for kept in (turns, turns[:1]):
        (example,) = dialogue_examples(Dialogue("d", kept), word_tokenizer, LIMITS)
        assert example.response_cut == (len(kept) == 2 and len(words.split()) > LIMITS.max_turn_tokens)
        assert_same(from_record(to_record(example)), example)


def test_hidden_labels_are_not_on_the_disk(corpus):
    unlabelled = corpus.split("train_nothing")
    for n in range(len(unlabelled)):
        example = unlabelled[n]
        assert not any(example.known)
        for array in (example.user_tree, example.system_tree, example.acts, example.span_mask):
            assert not array.any()
    assert all(all(corpus.split(ALL)[n].known) for n in range(len(corpus.split(ALL))))


def test_metadata_tells_how_it_was_made(corpus, word_tokenizer):
    metadata = open_prepared(corpus.folder).metadata
    assert metadata == corpus.metadata
    assert (metadata.name, metadata.labelled_share, metadata.seed) == ("toy", 0.5, 3)
    assert metadata.tokenizer == word_tokenizer.fingerprint
    assert metadata.vocabulary == word_tokenizer.vocabulary()
    assert metadata.limits == LIMITS
    # "number n please" / "answer n" and "number n please answer n" + "" / "bye now", three times.
    assert metadata.splits["validation"] == Counts(3, 6, acts=6, user_tree=6, system_tree=6, tokens=3 * (5 + 7))
    assert metadata.splits[ALL].examples + metadata.splits["train_nothing"].examples == 80
    assert (corpus.folder / "tokenizer" / "words.json").is_file()
    assert len(corpus.split("test")) == 0


def test_a_larger_share_keeps_what_a_smaller_one_kept():
    ids = [f"d{n}" for n in range(2000)]
    shares = [{i for i in ids if keeps_labels(i, share, 0)} for share in (0.0, 0.01, 0.1, 0.5, 1.0)]
    assert [len(kept) for kept in (shares[0], shares[-1])] == [0, 2000]
    for smaller, larger in itertools.pairwise(shares):
        assert smaller <= larger
    assert len(shares[2]) == pytest.approx(200, abs=45)
    assert shares[3] != {i for i in ids if keeps_labels(i, 0.5, 1)}


def test_sources_are_copied_to_workers_and_tensorflow_stays_out(corpus):
    source = pickle.loads(pickle.dumps(corpus.split("validation")))
    assert_same(source[2], corpus.split("validation")[2])
    assert "tensorflow" not in sys.modules


def test_shards_lose_nothing(word_tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(build_units, "DIALOGUES", 3)
    dialogues = [dialogue(n) for n in range(12)]
    corpus = prepare({"train": dialogues}, word_tokenizer, tmp_path / "c", LIMITS, name="toy")
    source = corpus.split(ALL)
    expected = [e for d in dialogues for e in dialogue_examples(d, word_tokenizer, LIMITS)]
    assert len(source) == len(expected) == 24
    for n, example in enumerate(expected):
        assert_same(source[n], example)
    assert len(list((tmp_path / "c" / "examples").glob(f"*{ALL}.array_record*"))) == 4


def test_progress_hears_of_every_dialogue(word_tokenizer, tmp_path):
    heard = []
    splits = {"train": [dialogue(1), dialogue(2)], "test": [dialogue(3)]}
    prepare(splits, word_tokenizer, tmp_path / "c", LIMITS, name="toy", progress=lambda *told: heard.append(told))
    assert heard == [("train", 1), ("train", 2), ("test", 1)]


def broken():
    yield dialogue(1)
    raise RuntimeError("the source broke")


def test_a_failure_leaves_nothing_behind(word_tokenizer, tmp_path):
    with pytest.raises(RuntimeError, match="the source broke"):
        prepare({"train": broken()}, word_tokenizer, tmp_path / "c", LIMITS, name="toy")
    assert os.listdir(tmp_path) == []


def test_a_failure_leaves_the_corpus_that_was_there(word_tokenizer, tmp_path):
    prepare({"train": [dialogue(1)]}, word_tokenizer, tmp_path / "c", LIMITS, name="old")
    with pytest.raises(RuntimeError, match="the source broke"):
        prepare({"train": broken()}, word_tokenizer, tmp_path / "c", LIMITS, name="new", overwrite=True)
    assert open_prepared(tmp_path / "c").metadata.name == "old"
    assert os.listdir(tmp_path) == ["c"]


def test_a_corpus_is_overwritten_only_when_asked(word_tokenizer, tmp_path):
    prepare({"train": [dialogue(1)]}, word_tokenizer, tmp_path / "c", LIMITS, name="old")
    with pytest.raises(UserError, match="already holds a prepared corpus"):
        prepare({"train": [dialogue(1)]}, word_tokenizer, tmp_path / "c", LIMITS, name="new")
    prepare({"train": [dialogue(1)]}, word_tokenizer, tmp_path / "c", LIMITS, name="new", overwrite=True)
    assert open_prepared(tmp_path / "c").metadata.name == "new"
    assert os.listdir(tmp_path) == ["c"]


def test_other_folders_are_never_overwritten(word_tokenizer, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(UserError, match="holds something that is not a prepared corpus"):
        prepare({"train": [dialogue(1)]}, word_tokenizer, tmp_path, LIMITS, name="toy", overwrite=True)
    with pytest.raises(UserError, match="is a file"):
        prepare({"train": [dialogue(1)]}, word_tokenizer, tmp_path / "thesis.tex", LIMITS, name="toy")


def test_an_empty_folder_is_filled(word_tokenizer, tmp_path):
    (tmp_path / "c").mkdir()
    prepare({"train": [dialogue(1)]}, word_tokenizer, tmp_path / "c", LIMITS, name="toy")
    assert open_prepared(tmp_path / "c").metadata.splits[ALL].examples == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"splits": {"dev": []}}, "'dev' is not one of train, validation, test"),
        ({"splits": {"train": []}}, "no example in train"),
        ({"labelled_share": 1.5}, "labelled share 1.5 is not between 0 and 1"),
    ],
)
def test_wrong_arguments(word_tokenizer, tmp_path, arguments, message):
    arguments = {"splits": {"train": [dialogue(1)]}, "name": "toy", **arguments}
    splits = arguments.pop("splits")
    with pytest.raises(UserError, match=message):
        prepare(splits, word_tokenizer, tmp_path / "c", LIMITS, **arguments)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def small(word_tokenizer, tmp_path):
    return prepare({"train": [dialogue(1)]}, word_tokenizer, tmp_path / "c", LIMITS, name="toy").folder


def test_missing_and_half_folders_are_refused(small, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        open_prepared(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"has no corpus\.json"):
        open_prepared(tmp_path)
    shard = next((small / "examples").glob("*.array_record*"))
    shard.rename(tmp_path / "moved")
    with pytest.raises(UserError, match=f"not whole, {shard.name} is missing"):
        open_prepared(small)


def test_a_list_in_place_of_the_splits_is_refused(small):
    text = (small / METADATA_FILE).read_text()
    (small / METADATA_FILE).write_text(text.replace('"splits": {', '"splits": [], "x": {'))
    with pytest.raises(UserError, match=r"corpus\.json: .*build it again"):
        open_prepared(small)


def test_a_missing_description_of_the_examples_is_named(small):
    (small / "examples" / "dataset_info.json").unlink()
    with pytest.raises(UserError, match=r"not whole, dataset_info\.json is missing"):
        open_prepared(small)


def test_the_tokenizer_travels_with_the_corpus(tokenizer, tmp_path):
    corpus = prepare({"train": [dialogue(1)]}, tokenizer, tmp_path / "c", LIMITS, name="toy")
    copy = corpus.tokenizer()
    assert copy.fingerprint == corpus.metadata.tokenizer
    assert copy.vocabulary() == corpus.metadata.vocabulary


def test_spans_of_real_dialogues_hold_the_annotated_values(shared_data, tokenizer, tmp_path):
    dialogues = list(itertools.islice(CORPORA["sgd"].load(shared_data / "data" / "sgd", "train"), 8))
    values = {
        value.text.lower()
        for turn in (turn for d in dialogues for turn in d.turns)
        for value in (value for frame in turn.frames for slot in frame.slots for value in slot.values)
    }
    uncut = Limits(max_turn_tokens=1000)
    corpus = prepare({"train": dialogues}, tokenizer, tmp_path / "c", uncut, name="sgd")
    source = corpus.split(ALL)
    assert len(source) > 40
    spans = 0
    for n in range(len(source)):
        example = source[n]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], example.span_mask.astype(int), [0]])))
        for start, end in edges.reshape(-1, 2).tolist():
            text = tokenizer.decode(example.turn_tokens[start:end].tolist())
            assert any(value in text.lower() for value in values), text
            spans += 1
        assert example.acts.any()
    assert spans > 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "found it damaged .*build it again"),
        ("null", "not the description"),
        ('{"format": 3}', "not the description"),
        ('{"format": 99}', "not the description"),
    ],
)
def test_foreign_descriptions_are_refused(small, text, message):
    (small / METADATA_FILE).write_text(text)
    with pytest.raises(UserError, match=message):
        open_prepared(small)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "sgd", "format": 2}, "sgd --source DIR (of a mixture --data-root DIR)"),
        (
            {"name": "unida", "format": 1, "labelled_share": 0.5, "seed": 3},
            "unida --source DIR (of a mixture --data-root DIR) --labelled-share 0.5 --seed 3",
        ),
        ({"format": 4, "command": "jsonl --source '/my files'"}, "jsonl --source '/my files'"),
    ],
)
def test_another_format_is_refused_with_the_command_that_builds_the_corpus_again(small, change, words):
    raw = json.loads((small / METADATA_FILE).read_text())
    if change["format"] < 3:
        del raw["command"]
    raw["limits"]["max_turn_tokens"] = 40
    (small / METADATA_FILE).write_text(json.dumps({**raw, **change}))
    with pytest.raises(UserError) as refused:
        open_prepared(small)
    limits = f"--max-turns {raw['limits']['max_turns']} --max-turn-tokens 40"
    places = f"--tokenizer {small}/tokenizer --out {small} --overwrite"
    assert str(refused.value) == (
        f"{small}/corpus.json: format {change['format']} is not 3, the one this release reads; build it again: "
        f"space-jax data build {words} {limits} {places}"
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("splits",), []),
        (("splits",), {"labelled": {"examples": 1}}),
        (("splits", ALL, "examples"), "2"),
        (("splits", ALL, "tokens"), -1),
        (("limits", "max_turns"), 2.5),
        (("limits", "tree_elements"), None),
        (("limits",), 5),
        (("vocabulary", "size"), "x"),
        (("vocabulary",), []),
        (("seed",), "x"),
        (("name",), None),
        (("tokenizer",), 5),
    ],
)
def test_a_description_of_other_types_is_refused(small, path, value):
    raw = json.loads((small / METADATA_FILE).read_text())
    part = raw
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    (small / METADATA_FILE).write_text(json.dumps(raw))
    with pytest.raises(UserError, match=r"corpus.json: not the description of a prepared corpus \(.*; build it again"):
        open_prepared(small)


@pytest.mark.parametrize(("limit", "less"), [("max_turns", 1), ("max_turn_tokens", 1), ("tree_elements", 5)])
def test_examples_beyond_the_limits_that_are_said_are_refused_when_they_are_read(small, limit, less):
    raw = json.loads((small / METADATA_FILE).read_text())
    raw["limits"][limit] = less
    (small / METADATA_FILE).write_text(json.dumps(raw))
    with pytest.raises(UserError, match=r"an example needs .* tree elements, and corpus.json says .*; build"):
        list(open_prepared(small).split(ALL))


def test_where_the_sources_lay_is_no_part_of_the_fingerprint(small):
    metadata = open_prepared(small).metadata
    assert dataclasses.replace(metadata, command="sgd --source elsewhere").fingerprint == metadata.fingerprint
    assert dataclasses.replace(metadata, seed=9).fingerprint != metadata.fingerprint


def test_counts_must_agree(small):
    raw = json.loads((small / METADATA_FILE).read_text())
    raw["splits"][ALL]["examples"] = 5
    (small / METADATA_FILE).write_text(json.dumps(raw))
    with pytest.raises(UserError, match=r"holds 2 examples and corpus\.json says 5"):
        open_prepared(small).split(ALL)
    with pytest.raises(UserError, match="'labelled' is not one of the splits"):
        open_prepared(small).split("labelled")


def content(folder):
    """All bytes of a prepared corpus."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclasses.dataclass(frozen=True)
class Numbered:
    """A stream that can be read anew and in other processes; reading past `broken_at` fails."""

    count: int
    broken_at: int | None = None

    def __iter__(self):
        for number in range(self.count):
            if number == self.broken_at:
                raise RuntimeError("killed")
            yield dialogue(number)


@pytest.fixture
def undisturbed(word_tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(build_units, "DIALOGUES", 4)
    splits = {"train": Numbered(14), "test": Numbered(3)}
    return prepare(splits, word_tokenizer, tmp_path / "whole" / "c", LIMITS, name="toy", labelled_share=0.5).folder


def resumed(word_tokenizer, folder, broken_at=None, inputs="same", **arguments):
    splits = {"train": Numbered(14, broken_at), "test": Numbered(3)}
    settings = {"name": "toy", "labelled_share": 0.5, "inputs": inputs, **arguments}
    return prepare(splits, word_tokenizer, folder, LIMITS, **settings).folder


@pytest.mark.parametrize("broken_at", [3, 4, 9, 13])
def test_a_killed_build_goes_on_and_is_the_same_to_the_bit(undisturbed, word_tokenizer, tmp_path, broken_at):
    with pytest.raises(RuntimeError, match="killed"):
        resumed(word_tokenizer, tmp_path / "c", broken_at)
    assert not (tmp_path / "c").exists()
    left = sorted(path.name for path in (tmp_path / ".c.building" / "units").glob("*.json"))
    assert len(left) == broken_at // 4
    told = []
    folder = resumed(word_tokenizer, tmp_path / "c", progress=lambda *step: told.append(step))
    assert content(folder) == content(undisturbed)
    assert len(told) == len(left) + 14 - 4 * len(left) + 3  # one for each unit that was there, then for each dialogue
    assert sorted(os.listdir(tmp_path)) == ["c", "whole"]


def test_units_that_are_damaged_are_made_again(undisturbed, word_tokenizer, tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        resumed(word_tokenizer, tmp_path / "c", broken_at=13)
    first, second, third = sorted((tmp_path / ".c.building" / "units").glob(f"*.{ALL}.array_record"))
    first.write_bytes(first.read_bytes()[:-1])
    second.unlink()
    third.with_name(f"train-000003.{ALL}.999.partial").write_bytes(b"of a process that was killed")
    assert content(resumed(word_tokenizer, tmp_path / "c")) == content(undisturbed)


@pytest.mark.parametrize("change", [{"inputs": "other"}, {"labelled_share": 0.4}, {"inputs": None}])
def test_other_inputs_start_anew(undisturbed, word_tokenizer, tmp_path, change):
    with pytest.raises(RuntimeError, match="killed"):
        resumed(word_tokenizer, tmp_path / "c", broken_at=9)
    told = []
    resumed(word_tokenizer, tmp_path / "c", progress=lambda *step: told.append(step), **change)
    assert len(told) == 14 + 3


def test_a_build_killed_while_it_was_assembled_goes_on(undisturbed, word_tokenizer, tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("space_jax.features.building_folder.write_description", killed)
        with pytest.raises(KeyboardInterrupt):
            resumed(word_tokenizer, tmp_path / "c")
    assert list((tmp_path / ".c.building" / "examples").iterdir())
    told = []
    folder = resumed(word_tokenizer, tmp_path / "c", progress=lambda *step: told.append(step))
    assert told == [("train", 4), ("train", 8), ("train", 12), ("train", 14), ("test", 3)]
    assert content(folder) == content(undisturbed)


@pytest.mark.parametrize(("place", "change"), [("tokenizer", "0" * 16), ("vocabulary", None)])
def test_a_tokenizer_that_is_not_the_one_of_the_examples_is_refused(tokenizer, tmp_path, place, change):
    folder = prepare({"train": [dialogue(1)]}, tokenizer, tmp_path / "c", LIMITS, name="small").folder
    assert open_prepared(folder).tokenizer().fingerprint == tokenizer.fingerprint
    raw = json.loads((folder / METADATA_FILE).read_text())
    raw[place] = change or raw[place] | {"mask": raw[place]["mask"] + 1}
    (folder / METADATA_FILE).write_text(json.dumps(raw))
    with pytest.raises(UserError, match=r"corpus.json: names another tokenizer, or other tokens, than the folder"):
        open_prepared(folder).tokenizer()


def test_a_disk_that_is_full_leaves_what_is_finished_and_says_how_to_continue(word_tokenizer, tmp_path, monkeypatch):
    """ArrayRecord tells of a full disk by a RuntimeError with the system's words."""
    add, done = RecordFile.add, []

    def full(file, example):
        done.append(example)
        if len(done) == 20:
            raise RuntimeError("write() failed: No space left on device; writing x.partial")
        add(file, example)

    monkeypatch.setattr(build_units, "DIALOGUES", 4)
    arguments = ({"train": [dialogue(n) for n in range(40)]}, word_tokenizer, tmp_path / "c", LIMITS)
    with monkeypatch.context() as disk:
        disk.setattr(RecordFile, "add", full)
        with pytest.raises(UserError, match=r"c: cannot be written \(No space left on device\); what is finished is"):
            prepare(*arguments, name="c", inputs="same")
    told = []
    prepare(*arguments, name="c", inputs="same", progress=lambda *step: told.append(step))
    assert told[0][1] > 1  # not the first dialogue
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_two_builds_of_one_folder_exclude_each_other(word_tokenizer, tmp_path):
    def second():
        yield dialogue(1)
        prepare({"train": [dialogue(1)]}, word_tokenizer, tmp_path / "c", LIMITS, name="second")

    with pytest.raises(
        UserError,
        match=rf"c: another process is writing it \(process {os.getpid()} on .*, since .*\); wait until it ends",
    ):
        prepare({"train": second()}, word_tokenizer, tmp_path / "c", LIMITS, name="first")
    assert os.listdir(tmp_path) == []


def backwards(work, tick, look):
    """A runner with two lanes, the second of which is done before the first."""
    for lane in (1, 0):
        work(lane, 2)


def test_workers_write_the_same_bytes(tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(build_units, "DIALOGUES", 6)
    splits = {split: stream("simulated", None, split, {"dialogues": 20}) for split in ("train", "test")}
    made = [
        prepare(splits, tokenizer, tmp_path / str(n), LIMITS, name="simulated", runner=runner, attached={"a.txt": "b"})
        for n, runner in enumerate((serial, backwards))
    ]
    assert content(made[0].folder) == content(made[1].folder)
    assert (made[1].folder / "a.txt").read_text() == "b"


def test_a_mistake_that_a_worker_finds_is_told_here(tokenizer, tmp_path):
    broken = {"train": stream("jsonl", tmp_path / "no.jsonl", "train", {})}
    with pytest.raises(UserError, match=r"no\.jsonl"):
        prepare(broken, tokenizer, tmp_path / "c", LIMITS, name="broken", runner=Processes(2))
    with pytest.raises(UserError, match="workers: 0 is not at least 1"):
        Processes(0)


def test_a_stream_that_can_begin_anywhere_is_cut_where_it_is_read():
    whole = stream("simulated", None, "train", {"dialogues": 7})
    assert list(whole.starting_at(4)) == list(whole)[4:]
    assert list(stream("simulated", None, "test", {"dialogues": 40}).starting_at(4)) == []
