"""The same dialogues in every form of MultiWOZ; which form a folder or an archive holds."""

import copy
import dataclasses
import json
import shutil

import pytest

from space_jax.corpora import multiwoz21
from space_jax.corpora.archives import one_file
from space_jax.corpora.registry import corpus
from space_jax.corpora.splits import SPLITS
from space_jax.errors import UserError
from tests.corpora.multiwoz_forms import written
from tests.corpora.multiwoz_forms.small import CONTENT

LIKE_2_1 = "2.1"
APART = "2.0"
LIKE_2_2 = "2.2"
UNIFIED = "unified"


def write(form, folder, content):
    """Writes the dialogues in a form.

    Returns:
      What a user would give as the source.
    """
    folder.mkdir()
    if form == LIKE_2_1:
        written.data_json(folder / "MultiWOZ_2.1", content)
        (folder / "__MACOSX").mkdir()
        (folder / "__MACOSX" / "._data.json").write_text("noise")
        return folder
    if form == APART:
        written.data_json(folder, content, apart="dialogue_acts.json", lists=".json")
        return folder
    if form == LIKE_2_2:
        written.schema_guided(folder, content)
        return folder
    written.unified(folder / "data.zip", content)
    return folder / "data.zip"


FORMS = (LIKE_2_1, APART, LIKE_2_2, UNIFIED)


def representable(content, form):
    """What a form can say of the dialogues, in `multiwoz21`'s own form."""
    content = copy.deepcopy(content)
    for number, entry in (
        (n, entry) for part in content.values() for one in part.values() for n, entry in enumerate(one["log"])
    ):
        if form == APART:  # no spans, and no acts of users
            entry["span_info"] = []
            if number % 2 == 0:
                entry["dialog_act"] = {}
        if form in (LIKE_2_2, UNIFIED):  # one name for what an attraction costs
            acts = entry["dialog_act"].items()
            entry["dialog_act"] = {act: [[_fee(act, slot), value] for slot, value in pairs] for act, pairs in acts}
            entry["span_info"] = [[act, _fee(act, slot), *rest] for act, slot, *rest in entry["span_info"]]
        if form == UNIFIED:  # states of five domains, no spans of categorical slots
            entry["metadata"] = {name: one for name, one in entry["metadata"].items() if name in written.STATED}
            entry["span_info"] = [span for span in entry["span_info"] if not _categorical(*span[:2])]
    return content


def _fee(act, slot):
    return "Fee" if (act.partition("-")[0], slot) == ("Attraction", "Price") else slot


def _categorical(act, slot):
    return written.schema_slot(act.partition("-")[0], slot) in written.CATEGORICAL


def order_free(dialogue):
    """A dialogue whose frames, slots and acts are in an order of their own: ConvLab-3 sorts acts by kind."""
    turns = (
        dataclasses.replace(
            turn,
            frames=turn.frames and tuple(sorted(map(_sorted, turn.frames), key=repr)),
            acts=turn.acts and tuple(sorted(turn.acts)),
        )
        for turn in dialogue.turns
    )
    return dataclasses.replace(dialogue, turns=tuple(turns))


def _sorted(frame):
    slots = (dataclasses.replace(slot, values=tuple(sorted(slot.values, key=repr))) for slot in frame.slots)
    return dataclasses.replace(frame, slots=tuple(sorted(slots, key=repr)))


def same(form, folder, content):
    """Asserts that the dialogues are those of `multiwoz21`'s own form; returns them by split."""
    written.split_files(folder / "own", representable(content, form))
    source = write(form, folder / "other", content if form in (LIKE_2_1, APART) else representable(content, form))
    found = {}
    for split in multiwoz21.find_splits(folder / "own"):
        found[split] = list(multiwoz21.load(source, split))
        own = list(multiwoz21.load(folder / "own", split))
        if form == UNIFIED:
            assert list(map(order_free, found[split])) == list(map(order_free, own))
        else:
            assert found[split] == own
    assert set(multiwoz21.find_splits(source)) >= set(found)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_dialogues(form, tmp_path):
    found = same(form, tmp_path, CONTENT)
    assert {split: [one.id for one in found[split]] for split in SPLITS} == {
        "train": ["train-MUL1", "train-SNG2", "train-PMUL3"],
        "validation": ["validation-MUL4"],
        "test": ["test-MUL5"],
    }
    hotel, train, taxi = found["train"]
    assert hotel.turns[0].state == {
        "hotel": {"area": ("centre",), "stars": ("dontcare",), "stay": ("2",), "day": ("monday",)}
    }
    assert hotel.turns[1].acts is not None
    assert set(hotel.turns[1].acts) == {"propose", "inform", "direct"}
    assert hotel.turns[1].delexicalised.startswith("[hotel_name] and ")
    assert hotel.turns[3].delexicalised == "[hotel_postcode] . It is booked , reference [booking_reference] ."
    assert train.turns[0].state["train"] == {"destination": ("ely",), "leave_at": ("09:15", "09:30"), "people": ("3",)}
    assert train.turns[1].delexicalised.startswith("[train_train_id] takes [train_time] and costs [train_ticket] ,")
    assert taxi.turns[1].delexicalised == "A [taxi_car] comes , call [taxi_phone] ."
    assert taxi.turns[2].state is None  # nothing follows


@pytest.fixture(scope="module")
def real(shared_data):
    """The validation dialogues as they are in the file."""
    folder = shared_data / "data" / "multiwoz21"
    if not folder.is_dir():
        pytest.skip(f"no MultiWOZ 2.1 at {folder}")
    return json.loads(one_file(folder, "val.json", "val.json.zip")[1])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", [50, pytest.param(1, marks=pytest.mark.slow)])
def test_the_real_dialogues_are_the_same_in_every_form(step, form, tmp_path, real):
    chosen = dict(list(real.items())[::step])
    assert len(same(form, tmp_path, {"val": chosen})["validation"]) == len(chosen)


@pytest.mark.parametrize("form", FORMS)
def test_the_names_of_every_form_are_known(form, tmp_path):
    from space_jax.corpora.unify import unified

    # An unknown name would be refused.
    source = write(form, tmp_path / "it", CONTENT)
    dialogues = [unified(dialogue, "multiwoz21") for dialogue in multiwoz21.load(source, "train")]
    assert sum(len(turn.acts or ()) for dialogue in dialogues for turn in dialogue.turns) > 0


def test_the_form_is_said_once_and_what_it_lacks(tmp_path, capfd):
    written.schema_guided(tmp_path, CONTENT, acts=False)
    for split in SPLITS:
        assert list(multiwoz21.load(tmp_path, split))
    form = "train/, dev/ and test/ with dialogues_NNN.json (2.2), without dialog_acts.json: no acts"
    assert capfd.readouterr().err == f"{tmp_path}: MultiWOZ as {form}\n"


def test_an_archive_is_found_in_its_folder_and_below_other_folders(tmp_path):
    written.data_json(tmp_path / "clone" / "data" / "MultiWOZ_2.4", CONTENT)
    expected = list(multiwoz21.load(tmp_path / "clone", "train"))
    (tmp_path / "packed").mkdir()
    shutil.make_archive(str(tmp_path / "packed" / "MULTIWOZ2.4"), "zip", tmp_path / "clone" / "data")
    assert list(multiwoz21.load(tmp_path / "packed", "train")) == expected
    assert list(multiwoz21.load(tmp_path / "packed" / "MULTIWOZ2.4.zip", "train")) == expected


def test_a_folder_of_no_form_is_told_all(tmp_path):
    (tmp_path / "notes.txt").write_text("data.json is elsewhere")
    (tmp_path / "a" / "b" / "c" / "d" / "e").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c" / "d" / "e" / "data.json").write_text("{}")  # too deep to be meant
    with pytest.raises(UserError) as caught:
        list(corpus("multiwoz21").load(tmp_path, "train"))
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}: expected MultiWOZ in one of its forms, found none: train.json,")
    for name in ("data.json with valListFile", "dialogues_NNN.json (2.2)", "ConvLab-3's unified format", "zip archive"):
        assert name in said
    with pytest.raises(UserError, match=r"holds none of the splits .*; expected train\.json, .*\(2\.2\)"):
        corpus("multiwoz21").available_splits(tmp_path)
    with pytest.raises(UserError, match=r"notes\.txt: expected MultiWOZ in one of its forms"):
        list(corpus("multiwoz21").load(tmp_path / "notes.txt", "train"))


def test_what_could_be_either_is_refused(tmp_path):
    written.data_json(tmp_path / "a", CONTENT)
    written.schema_guided(tmp_path / "b", CONTENT)
    with pytest.raises(
        UserError, match=r"found several: .*/a has data\.json .*/b has train/, .*; name the one to read"
    ):
        list(multiwoz21.load(tmp_path, "train"))
    shutil.rmtree(tmp_path / "b")
    written.data_json(tmp_path / "b", CONTENT)
    with pytest.raises(UserError, match=r"/a/ and .*/b/: both hold data\.json|/a and .*/b: both hold data\.json"):
        list(multiwoz21.load(tmp_path, "train"))
    written.data_json(tmp_path, CONTENT)  # nearer to the top
    assert list(multiwoz21.load(tmp_path, "test"))


def test_damaged_archives_are_named(tmp_path):
    (tmp_path / "MultiWOZ_2.1.zip").write_bytes(b"PK not a zip")
    with pytest.raises(UserError, match=r"MultiWOZ_2\.1\.zip: expected a zip archive, found a damaged one"):
        list(multiwoz21.load(tmp_path, "train"))
