"""The loader of STAR, on a small made-up archive in its format and on the real one."""

import collections
import copy
import io
import itertools
import json
import tarfile

import pytest

from space_jax.corpora import star
from space_jax.dialogue import ACT_INDEX
from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError


def event(agent: str, action: str, text: str = "", **more: str) -> dict:
    return {"Agent": agent, "Action": action, "Text": text, "UnixTime": 0, **more}


EVENTS = [
    event("UserGuide", "instruct", "Ask for money."),
    event("User", "utter", "hi  there "),
    event("Wizard", "request_suggestions", "hey"),
    event("Wizard", "pick_suggestion", "Hello!", ActionLabel="hello"),
    event("User", "utter", "my balance"),
    event("Wizard", "pick_suggestion", "Your PIN?", ActionLabel="bank_ask_pin"),
    event("Wizard", "select_task", Task="weather_report"),
    {"Agent": "Wizard", "Action": "query", "APIName": "bank", "Constraints": [{"A": '"b"'}], "UnixTime": 0},
    event("Wizard", "pick_suggestion", "You have 7 in credit,\nAnn.", ActionLabel="bank_inform_balance"),
    event("Wizard", "utter", "Anything else?", ActionLabel="anything_else"),
    event("Wizard", "utter", "Take care."),
    event("Wizard", "pick_suggestion", "Nice day.", ActionLabel="custom"),
    event("Wizard", "pick_suggestion", "It was 7.", ActionLabel="bank_inform_balance"),
]

TURNS = (
    Turn("user", "hi there"),
    Turn("system", "Hello!", (Frame("bank", "hello"),), ("hi",)),
    Turn("user", "my balance"),
    Turn("system", "Your PIN?", (Frame("bank", "ask", (Slot("pin"),)),), ("request",)),
    Turn(
        "system",
        "You have 7 in credit, Ann.",
        (
            Frame(
                "bank", "inform_balance", (Slot("balance", (Value("7", 9, 10),)), Slot("name", (Value("Ann", 22, 25),)))
            ),
        ),
        ("inform",),
    ),
    Turn("system", "Anything else?", (Frame("weather", "anything_else"),), ("direct",)),
    Turn("system", "Take care."),
    Turn("system", "Nice day."),
    Turn("system", "It was 7.", (Frame("bank", "inform_balance"),), ("inform",)),
)

RESPONSES = {"hello": "Hello!", "bank_inform_balance": "You have {balance:d} in credit,\n {name:s}."}


def record(number: int, events: list[dict] = EVENTS, tasks: tuple[str, ...] = ("bank_balance", "bank_fraud")) -> dict:
    capabilities = [{"Domain": None, "Task": task} for task in tasks]
    return {"DialogueID": number, "Scenario": {"WizardCapabilities": capabilities}, "Events": events}


def of(split: str) -> int:
    """The first number that falls into a split."""
    return next(number for number in range(1000) if star.split_of(number) == split)


@pytest.fixture
def archive(tmp_path):
    """Writes files as the source's archive and returns its folder."""

    def write(**files: dict | bytes):
        files = {"tasks/bank_balance/responses": RESPONSES, "apis/dbs/bank": {}, **files}
        with tarfile.open(tmp_path / "star.tar.bz2", "w:bz2") as opened:
            for name, content in sorted(files.items()):
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                info = tarfile.TarInfo(f"STAR/{name}.json")
                info.size = len(data)
                opened.addfile(info, io.BytesIO(data))
        return tmp_path

    return write


def test_what_is_said_becomes_turns_with_the_frames_and_acts_of_the_labels(archive):
    number = of("train")
    source = archive(**{"dialogues/5": record(number)})
    assert list(star.load(source, "train")) == [Dialogue(f"train-{number}", TURNS)]
    assert star.find_splits(source) == ("train", "validation", "test")


def test_a_label_without_a_domain_in_a_scenario_of_several_is_general(archive):
    events = [event("Wizard", "pick_suggestion", "Hello!", ActionLabel="hello")]
    source = archive(**{"dialogues/5": record(of("test"), events, ("bank_balance", "trip_directions"))})
    (dialogue,) = star.load(source, "test")
    assert dialogue.turns == (Turn("system", "Hello!", (Frame("general", "hello"),), ("hi",)),)


def test_dialogues_are_split_by_their_id_and_silent_ones_left_out(archive):
    records = {number: record(number, EVENTS[:2]) for number in range(60)}
    silent = next(number for number in range(60, 99) if star.split_of(number) == "train")
    records[silent] = record(silent, EVENTS[:1])
    source = archive(**{f"dialogues/{number}": one for number, one in records.items()})
    read = {split: [dialogue.id for dialogue in star.load(source, split)] for split in star.SPLITS}
    assert sorted(itertools.chain(*read.values())) == sorted(
        f"{star.split_of(number)}-{number}" for number in range(60)
    )
    assert 40 <= len(read["train"]) <= 56
    assert all(len(ids) == len(set(ids)) > 0 for ids in read.values())


def test_the_unpacked_folder_is_read_too(tmp_path):
    assert star.find_splits(tmp_path) == ()
    for name, content in {
        "dialogues/5.json": record(of("train")),
        "tasks/bank_balance/responses.json": RESPONSES,
    }.items():
        path = tmp_path / "STAR" / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))
    assert [dialogue.turns for dialogue in star.load(tmp_path, "train")] == [TURNS]
    assert star.find_splits(tmp_path) == ("train", "validation", "test")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda one: one["Events"][3].update(ActionLabel="sing"), "event 3: field ActionLabel: .*ACTS_OF, found sing$"),
        (lambda one: one["Events"][1].pop("Text"), "event 1: field Text: expected str, found nothing"),
        (lambda one: one["Events"][0].pop("Agent"), "event 0: field Agent: expected str, found nothing"),
        (lambda one: one.pop("Events"), "field Events: expected list, found nothing"),
        (lambda one: one.update(DialogueID="5"), "field DialogueID: expected int, found str"),
    ],
)
def test_a_damaged_dialogue_is_named(archive, spoil, message):
    damaged = copy.deepcopy(record(of("train")))
    spoil(damaged)
    with pytest.raises(UserError, match=rf"star\.tar\.bz2/STAR/dialogues/5\.json: {message}"):
        list(star.load(archive(**{"dialogues/5": damaged}), "train"))


def test_damaged_files_are_named(archive, tmp_path):
    with pytest.raises(UserError, match=r"expected dialogues/<n>\.json, packed in star\.tar\.bz2 or unpacked"):
        list(star.load(tmp_path, "train"))
    for content in (b'{"DialogueID": ', b'{"a": "\xe9"}'):
        with pytest.raises(UserError, match=r"dialogues/7\.json: expected JSON, found it damaged"):
            list(star.load(archive(**{"dialogues/7": content}), "train"))
    packed = archive(**{"dialogues/7": record(of("train"))}) / "star.tar.bz2"
    for content in (packed.read_bytes()[:200], b"no archive"):
        packed.write_bytes(content)
        with pytest.raises(UserError, match=r"star\.tar\.bz2: expected a tar archive, found a damaged one"):
            list(star.load(tmp_path, "train"))


@pytest.mark.slow
def test_the_real_archive_is_read_whole(shared_data):
    ids, turns, labelled, placed = set(), collections.Counter(), 0, 0
    sizes = {}
    for split in star.SPLITS:
        before = len(ids)
        for dialogue in star.load(shared_data / "data" / "star", split):
            ids.add(dialogue.id)
            for turn in dialogue.turns:
                turns[turn.role] += 1
                assert (turn.acts is None) == (turn.frames is None)
                assert set(turn.acts or ()) <= set(ACT_INDEX)
                labelled += turn.acts is not None
                for value in (value for frame in turn.frames or () for slot in frame.slots for value in slot.values):
                    assert turn.text[value.start : value.end] == value.text
                    placed += 1
        sizes[split] = len(ids) - before
    assert len(ids) == 6652 - 447
    assert turns == {"user": 54214, "system": 46640 + 7283}
    assert labelled == 46640 - 668 + 49  # all suggestions but the wizard's own words, and 49 labelled free turns
    assert sizes == {"train": 4944, "validation": 616, "test": 645}
    assert placed > 10_000
