"""The loader of CLINC150, on small made-up files in its format and on the real ones."""

import json

import pytest

from space_jax.corpora import clinc150
from space_jax.dialogue.record import Dialogue, Frame, Turn
from space_jax.errors import UserError

DATA = {
    "train": [["is the  oven on", "oven_state"], ["who made you", "maker"]],
    "val": [["oven please", "oven_state"]],
    "oos_train": [["how tall is that tower", "oos"]],
    "oos_val": [["why is the sea salty", "oos"]],
}
DOMAINS = {"home": ["oven_state"], "Small talk": ["maker"]}


@pytest.fixture
def source(tmp_path):
    (tmp_path / "data_full.json").write_text(json.dumps(DATA))
    (tmp_path / "domains.json").write_text(json.dumps(DOMAINS))
    folder = tmp_path / "few_shot" / "train_5"
    folder.mkdir(parents=True)
    (folder / "seq.in").write_text("who made you\n")
    (folder / "label").write_text("maker\n")
    return tmp_path


def said(name: str, text: str, domain: str, intent: str) -> Dialogue:
    return Dialogue(name, (Turn("user", text, (Frame(domain, intent),)),))


def test_the_domain_is_that_of_the_intent_and_out_of_scope_has_none(source):
    assert list(clinc150.load(source, "train")) == [
        said("train-0", "is the oven on", "home", "oven_state"),
        said("train-1", "who made you", "small_talk", "maker"),
        said("train-oos-0", "how tall is that tower", "default_domain", "oos"),
    ]
    assert list(clinc150.load(source, "validation", out_of_scope=False)) == [
        said("validation-0", "oven please", "home", "oven_state")
    ]


def test_a_small_subset_changes_the_in_scope_part_of_train_alone(source):
    assert list(clinc150.load(source, "train", subset="train_5")) == [
        said("train-train_5-0", "who made you", "small_talk", "maker"),
        said("train-oos-0", "how tall is that tower", "default_domain", "oos"),
    ]
    assert list(clinc150.load(source, "validation", subset="train_5")) == list(clinc150.load(source, "validation"))


def test_a_test_split_is_read_where_a_user_has_it(source):
    assert clinc150.find_splits(source) == ("train", "validation")
    (source / "data_full.json").write_text(json.dumps({**DATA, "test": DATA["val"], "oos_test": []}))
    assert clinc150.find_splits(source) == ("train", "validation", "test")
    assert [one.id for one in clinc150.load(source, "test")] == ["test-0"]


def test_what_is_not_there_is_said(source):
    with pytest.raises(UserError, match=r"data_full\.json: field test: expected list, found nothing"):
        list(clinc150.load(source, "test"))
    with pytest.raises(UserError, match="option subset: expected one of full, train_10, train_5, found 'tiny'"):
        list(clinc150.load(source, "train", subset="tiny"))
    (source / "data_full.json").unlink()
    assert clinc150.find_splits(source) == ()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data_full.json", '{"train": [["a", "oven', r"data_full\.json: expected JSON, found it damaged"),
        ("data_full.json", "[]", r"data_full\.json: expected an object"),
        ("data_full.json", '{"train": [["a", "maker"], ["b"]]}', r"train\[1\]: expected an utterance and its intent"),
        (
            "data_full.json",
            '{"train": [["a", "sing"]]}',
            r"train\[0\]: expected intents of domains\.json, found 'sing'$",
        ),
        ("data_full.json", '{"train": [], "oos_train": [["a", "maker"]]}', r"oos_train\[0\]: expected oos, found 'mak"),
        ("domains.json", "[]", r"domains\.json: expected an object"),
        ("domains.json", '{"home": "oven"}', r"domains\.json: home: expected a list of strings"),
    ],
)
def test_damaged_files_are_named(source, name, content, message):
    (source / name).write_text(content)
    with pytest.raises(UserError, match=message):
        list(clinc150.load(source, "train"))


def test_another_encoding_is_named(source):
    (source / "data_full.json").write_bytes('{"train": [["ofen für", "maker"]]}'.encode("latin-1"))
    with pytest.raises(UserError, match=r"data_full\.json: expected JSON, found it damaged"):
        list(clinc150.load(source, "train"))


def test_the_real_files_are_read_whole(shared_data):
    real = shared_data / "data" / "clinc150"
    if not real.is_dir():
        pytest.skip(f"no CLINC150 at {real}")
    assert clinc150.find_splits(real) == ("train", "validation")
    counts = {"train": (15000, 100), "validation": (3000, 100)}
    for split, (inside, outside) in counts.items():
        frames = [one.turns[0].frames[0] for one in clinc150.load(real, split)]
        within = {(frame.domain, frame.intent) for frame in frames if frame.intent != "oos"}
        assert len(frames) == inside + outside
        assert sum(frame == Frame("default_domain", "oos") for frame in frames) == outside
        assert len(within) == 150
        assert len({domain for domain, _ in within}) == 10
    small = [len(list(clinc150.load(real, "train", subset=name, out_of_scope=False))) for name in clinc150.SUBSETS]
    assert small == [15000, 1500, 750]
