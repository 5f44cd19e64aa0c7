"""The loader of NLU++, on small made-up files in its format and on the real ones."""

import json
import zipfile

import pytest

from space_jax.corpora import nlupp
from space_jax.dialogue import dialogue_from_json, dialogue_to_json
from space_jax.dialogue.record import Dialogue, Frame, Slot, Turn, Value
from space_jax.errors import UserError

ONTOLOGY = {
    "intents": {name: {"description": "?", "domain": ["general"]} for name in ("affirm", "new", "card")},
    "slots": {name: {"description": "?", "domain": ["general"]} for name in ("number", "time", "person_name")},
}
FULL = {
    "text": "yes 2 new cards for Bo at half 9",
    "intents": ["affirm", "new", "card", "new"],
    "slots": {
        "time": {"text": "half 9", "span": [26, 32], "value": {"minute": 30, "hour": 9}},
        "number": {"text": "2", "span": [4, 5], "value": 2},
        "person_name": {"text": "Bo", "span": [20, 22], "value": "bo"},
    },
}
PERIOD = {"text": "nights", "slots": {"time": {"text": "nights", "span": [0, 6], "values": {"type": "periodic"}}}}


def files() -> dict[str, str]:
    made = {f"{domain}/fold{fold}.json": "[]" for domain in nlupp.DOMAINS for fold in range(20)}
    made["banking/fold0.json"] = json.dumps([FULL, {"text": "so"}])
    made["banking/fold3.json"] = json.dumps([{"text": "a card", "intents": ["card"]}])
    made["hotels/fold0.json"] = json.dumps([PERIOD])
    return {**made, "ontology.json": json.dumps(ONTOLOGY)}


@pytest.fixture(params=["folder", "zip"])
def source(tmp_path, request):
    for name, content in files().items():
        if request.param == "zip":
            with zipfile.ZipFile(tmp_path / "nlupp.zip", "a") as archive:
                archive.writestr(f"data/{name}", content)
        else:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(content)
    return tmp_path


def test_each_intent_is_a_frame_and_slots_are_in_one_without_intent(source):
    frames = (
        Frame("banking", "affirm"),
        Frame("banking", "new"),
        Frame("banking", "card"),
        Frame(
            "banking",
            "default_intent",
            (
                Slot("time", (Value("half 9", 26, 32), Value('{"hour": 9, "minute": 30}'))),
                Slot("number", (Value("2", 4, 5),)),
                Slot("person_name", (Value("Bo", 20, 22),)),
            ),
        ),
    )
    first, second, *_ = nlupp.load(source, "train")
    assert first == Dialogue("train-banking-fold0-0", (Turn("user", FULL["text"], frames),))
    assert second == Dialogue("train-banking-fold0-1", (Turn("user", "so", ()),))


def test_a_period_keeps_its_values(source):
    (dialogue,) = nlupp.load(source, "train", domain="hotels")
    (frame,) = dialogue.turns[0].frames
    assert frame == Frame(
        "hotels", "default_intent", (Slot("time", (Value("nights", 0, 6), Value('{"type": "periodic"}'))),)
    )


def test_folds_are_train_and_the_others_test(source):
    def ids(split: str, **options) -> list[str]:
        return [one.id for one in nlupp.CORPUS.load(source, split, **options)]

    assert ids("train") == [f"train-{at}" for at in ("banking-fold0-0", "banking-fold0-1", "banking-fold3-0",
                                                     "hotels-fold0-0")]  # fmt: skip
    assert ids("train", folds="3,4") == ["train-banking-fold3-0"]
    assert ids("test", folds="3,4") == ["test-banking-fold0-0", "test-banking-fold0-1", "test-hotels-fold0-0"]
    assert ids("test", folds="0", domain="banking") == ["test-banking-fold3-0"]
    assert nlupp.CORPUS.available_splits(source) == ("train",)


def test_what_is_not_there_is_said(source, tmp_path_factory):
    with pytest.raises(UserError, match=r"option folds: .* leaves no test"):
        list(nlupp.load(source, "test"))
    with pytest.raises(UserError, match=r"option folds: expected all or some of 0, 1, .*, found '20'"):
        list(nlupp.load(source, "train", folds="20"))
    with pytest.raises(UserError, match="option domain: expected all or some of banking, hotels, found 'shop'"):
        list(nlupp.load(source, "train", domain="shop"))
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(UserError, match=r"expected ontology\.json, or nlupp\.zip with ontology\.json in it"):
        list(nlupp.load(empty, "train"))
    assert nlupp.find_splits(empty) == ()


SLOT = {"text": "so", "span": [0, 2], "value": "so"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"text": "so"', r"fold0\.json: expected JSON, found it damaged"),
        ('[{"intents": []}]', "record 0: field text: expected str, found nothing"),
        (
            '[{"text": "a"}, {"text": "so", "intents": ["sing", "new", "dance"]}]',
            r"record 1: field intents: expected intents of ontology\.json, found sing, dance$",
        ),
        (json.dumps([{"text": "so", "slots": {"size": SLOT}}]), r"field slots: expected slots of .*, found size$"),
        (
            json.dumps([{"text": "so", "slots": {"time": {**SLOT, "span": [0, 3]}}}]),
            r"slots\.time: expected a text at its span within 2 characters",
        ),
        (
            json.dumps([{"text": "oh so", "slots": {"time": SLOT}}]),
            r"slots\.time: expected a text at its span within 5 characters",
        ),
        (json.dumps([{"text": "so", "slots": {"time": "so"}}]), r"slots\.time: expected a text at its span"),
        (json.dumps([{"text": "so", "intents": "new"}]), "field intents: expected list, found str"),
    ],
)
def test_damaged_files_are_named(tmp_path, content, message):
    (tmp_path / "banking").mkdir()
    (tmp_path / "banking" / "fold0.json").write_text(content)
    (tmp_path / "ontology.json").write_text(json.dumps(ONTOLOGY))
    with pytest.raises(UserError, match=message):
        list(nlupp.load(tmp_path, "train", domain="banking", folds="0"))


def test_another_encoding_is_named(tmp_path):
    (tmp_path / "ontology.json").write_bytes('{"intents": {"für": {}}, "slots": {}}'.encode("latin-1"))
    with pytest.raises(UserError, match=r"ontology\.json: expected JSON, found it damaged"):
        list(nlupp.load(tmp_path, "train"))


def test_the_real_files_are_read_whole(shared_data):
    real = shared_data / "data" / "nlupp"
    if not real.is_dir():
        pytest.skip(f"no NLU++ at {real}")
    known = nlupp.ontology(real)
    assert (len(known["intents"]), len(known["slots"])) == (62, 17)
    intents, slots, unlabelled, count = set(), set(), 0, {}
    for domain in nlupp.DOMAINS:
        dialogues = list(nlupp.load(real, "train", domain=domain))
        count[domain] = len({one.id for one in dialogues})
        for turn in (one.turns[0] for one in dialogues):
            unlabelled += turn.frames == ()
            intents.update(frame.intent for frame in turn.frames)
            for slot in (slot for frame in turn.frames for slot in frame.slots):
                slots.add(slot.name)
                assert turn.text[slot.values[0].start : slot.values[0].end] == slot.values[0].text
        assert all(dialogue_from_json(dialogue_to_json(one)) == one for one in dialogues[:300])
    assert count == {"banking": 2071, "hotels": 1009}
    assert (intents, slots) == ({*known["intents"], "default_intent"}, set(known["slots"]))
    assert unlabelled == 42
    parts = [len(list(nlupp.load(real, split, domain="hotels", folds="0,1"))) for split in ("train", "test")]
    assert sum(parts) == 1009
    assert parts[0] < parts[1] / 5
