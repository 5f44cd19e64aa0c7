"""Goals, references and annotated states rebuilt from a MultiWOZ file."""

import gzip
import json
import zipfile

import pytest

from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.goals import Goal
from space_jax.evaluation.multiwoz.references import reference
from space_jax.evaluation.multiwoz.source import read_raw


def test_goals(source):
    dialogues = read_raw(source).dialogues
    assert list(dialogues) == ["sng0001", "mul0002"]
    restaurant = Goal({"food": "indian", "area": "north"}, frozenset({"PHONE", "REFERENCE"}))
    assert dialogues["sng0001"].goals == {"restaurant": restaurant}
    train = Goal({"departure": "cambridge", "destination": "ely", "arrive": "10:00"}, frozenset({"TRAINID"}))
    assert dialogues["mul0002"].goals == {"train": train, "taxi": Goal({"departure": "ely"}, frozenset({"PHONE"}))}


def test_references_states_and_bookings(source):
    dialogues = read_raw(source).dialogues
    assert dialogues["sng0001"].references == ("the NAME is in the AREA.", "it is booked, reference REFERENCE.")
    assert dialogues["sng0001"].states == ({}, {"restaurant": {"food": "indian", "area": "north"}})
    assert dialogues["sng0001"].booked == (frozenset(), frozenset({"restaurant"}))
    to_ely = {"departure": "cambridge", "destination": "ely", "arriveBy": "10:00"}
    assert dialogues["mul0002"].states[1] == {"train": to_ely}
    assert list(dialogues["mul0002"].states[2]) == ["taxi", "train"]


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        ("I do n't know , it 's late .", [], "i don't know, it's late."),
        ("call 1 , 2 , 3", [("Phone", 1, 1), ("Phone", 3, 3), ("Phone", 5, 5)], "call PHONE"),
        ("at a , b", [("Addr", 1, 1), ("Post", 3, 3)], "at ADDRESS, POST"),
        ("the old mill", [("Name", 1, 2), ("Type", 2, 2)], "the NAME"),  # begins inside another
        ("in june", [("Day", 1, 1)], "in DAY"),
        ("the last words", [("Area", 2, 2), ("Food", 1, 1)], "the FOOD AREA"),  # in any order
        ("four words are here", [("Name", 2, 1), ("Other", 0, 0)], "four words are here"),
    ],
)
def test_reference(text, spans, expected):
    assert reference(text, [["X", slot, "v", first, last] for slot, first, last in spans], "here") == expected


def test_dontcare_stays():
    assert reference("any area", [["X", "Area", "dontcare", 0, 0]], "here") == "any area"


def test_packed_files(source):
    expected = read_raw(source).dialogues
    test, booked = source / "multiwoz21" / "test.json", source / "multiwoz_eval" / "booked_domains.json"
    with zipfile.ZipFile(source / "multiwoz21" / "test.json.zip", "w") as archive:
        archive.write(test, "test.json")
    booked.with_suffix(".json.gz").write_bytes(gzip.compress(booked.read_bytes()))
    test.unlink()
    booked.unlink()
    assert read_raw(source).dialogues == expected
    booked.with_suffix(".json.gz").write_bytes(b"\x1f\x8b\x08 damaged")
    with pytest.raises(UserError, match=r"booked_domains\.json\.gz: expected a gzip file"):
        read_raw(source)


def test_a_damaged_lzma_member(source):
    test = source / "multiwoz21" / "test.json"
    packed = test.with_name("test.json.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.write(test, "test.json")
    test.unlink()
    content = bytearray(packed.read_bytes())
    content[100:140] = b"\xff" * 40
    packed.write_bytes(bytes(content))
    with pytest.raises(UserError, match=r"test\.json\.zip/test\.json: expected a member of a zip archive, .* damaged"):
        read_raw(source)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("multiwoz21/test.json", None, r"expected multiwoz21/test\.json, .* found none"),
        ("multiwoz_eval/database/hotel_db.json", None, r"expected multiwoz_eval/database/hotel_db\.json, found none"),
        ("multiwoz_eval/database/hotel_db.json", [{"name": "x"}], r"hotel_db\.json: entry 0: field id: expected str"),
        ("multiwoz_eval/database/hotel_db.json", {"id": "x"}, r"hotel_db\.json: expected a JSON list"),
        ("multiwoz_eval/booked_domains.json", {"sng0001": [[]]}, "SNG0001: expected 2 lists of domains"),
        ("multiwoz_eval/booked_domains.json", [], "expected a JSON object"),
        ("multiwoz21/test.json", {"A": {"log": []}}, "dialogue A: field goal: expected dict, found nothing"),
        ("multiwoz21/test.json", {"A": {"log": [], "goal": {"taxi": {"reqt": []}}}}, "goal: taxi: field info"),
    ],
)
def test_what_is_wrong_is_named(source, name, content, message):
    if content is None:
        (source / name).unlink()
    else:
        (source / name).write_text(json.dumps(content))
    with pytest.raises(UserError, match=message):
        read_raw(source)


def test_a_span_outside_the_text():
    with pytest.raises(UserError, match="here: span Name of tokens 1 to 2 lies outside the 2 tokens"):
        reference("two words", [["X", "Name", "v", 1, 2]], "here")
    with pytest.raises(UserError, match="here: field span_info"):
        reference("two words", [["X", "Name", "v", "1", "2"]], "here")
