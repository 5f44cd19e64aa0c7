"""What every loader does with files that are damaged or unusual: an error with file and place, or a documented reading.

Each format is written small, by a function of the user's text; the ways to spoil it are the same for all. What is
particular to one format is tested beside its loader.
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from space_jax.corpora.multidogo import COLUMNS
from space_jax.corpora.registry import CORPORA, corpus
from space_jax.dialogue.record import SYSTEM, USER
from space_jax.errors import UserError
from space_jax.features.example import Limits, dialogue_examples
from tests.features.conftest import WordTokenizer

TEXT = "four of us"
Files = dict[str, str]


@dataclasses.dataclass(frozen=True)
class Format:
    """A corpus with one dialogue of the user's text.

    Attributes:
      files: from the user's text to path -> content; the first is the one that is spoilt.
      split: in which it lies.
      options: of the corpus.
      spoilt_span: (from, to): a replacement in the first file that moves a span out of its text; None without spans.
      system_first: (from, to) to make the system begin; None where the format cannot say it.
    """

    files: Callable[[str], Files]
    split: str = "train"
    options: dict | None = None
    spoilt_span: tuple[str, str] | None = None
    system_first: tuple[str, str] | None = None


def as_json(value) -> str:
    return json.dumps(value)


def sgd(text: str) -> Files:
    spans = [{"slot": "party_size", "start": 0, "exclusive_end": 4}] if text else []
    state = {"active_intent": "X", "requested_slots": [], "slot_values": {}}
    actions = [{"act": "INFORM", "slot": "party_size", "values": ["four"] if text else [], "canonical_values": []}]
    frame = {"service": "Restaurants_1", "actions": actions, "slots": spans, "state": state}
    turn = {"speaker": "USER", "utterance": text, "frames": [frame]}
    return {"train/dialogues_001.json": as_json([{"dialogue_id": "1", "services": [], "turns": [turn]}])}


def multiwoz21(text: str) -> Files:
    acts = {"Restaurant-Inform": [["People", "four"]]}
    spans = [["Restaurant-Inform", "People", "four", 0, 0]] if text else []
    turn = {"text": text, "metadata": {}, "dialog_act": acts, "span_info": spans}
    return {"train.json": as_json({"MUL1": {"goal": {}, "log": [turn]}})}


def multiwoz20_single(text: str) -> Files:
    acts = {"Restaurant-Inform": [["People", "four"]]}
    record = {"id": "SNG1", "domain": "restaurant", "turns": ["Yes?", text], "annotations": [{}, acts]}
    return {"dialogues/restaurant.txt": as_json(record) + "\n"}


def camrest676(text: str) -> Files:
    user = {"transcript": text, "slu": [], "dialog_act": {"inform": [["food", "thai"]]}}
    system = {"sent": "fine", "DA": [], "dialog_act": {}}
    return {"train.json": as_json([{"dialogue_id": 1, "goal": {}, "dial": [{"turn": 0, "usr": user, "sys": system}]}])}


def kvret(text: str) -> Files:
    turn = {"turn": "driver", "data": {"utterance": text, "end_dialogue": False}}
    scenario = {"uuid": "u", "task": {"intent": "navigate"}, "kb": {"items": None}}
    return {"kvret_train_public.json": as_json([{"scenario": scenario, "dialogue": [turn]}])}


def woz2(text: str) -> Files:
    turn = {"turn_idx": 0, "system_transcript": "", "system_acts": [], "transcript": text}
    turn |= {"turn_label": [], "belief_state": []}
    return {"woz_train_en.json": as_json([{"dialogue_idx": 0, "dialogue": [turn]}])}


def sim_m(text: str) -> Files:
    slots = [{"slot": "num_tickets", "start": 0, "exclusive_end": 1}] if text else []
    said = {"text": text, "tokens": text.split(), "slots": slots}
    turn = {"user_utterance": said, "user_acts": [{"type": "INFORM"}], "dialogue_state": []}
    return {"sim-M/train.json": as_json([{"dialogue_id": "1", "turns": [turn]}])}


def star(text: str) -> Files:
    events = [{"Agent": "User", "Action": "utter", "Text": text}]
    scenario = {"WizardCapabilities": [{"Domain": "bank", "Task": "bank_balance"}]}
    record = {"DialogueID": 1, "Scenario": scenario, "Events": events}
    return {"STAR/dialogues/1.json": as_json(record), "STAR/tasks/bank_balance/responses.json": "{}"}


def multidogo(text: str) -> Files:
    labels = " ".join(["O"] * max(1, len(text.split())))
    row = "\t".join(("c1", "0", "<CONV>c1<TURN>0", text, labels, "contentonly"))
    header = "\t".join(COLUMNS)
    return {"splits_annotated_at_turn_level/airline/train.tsv": f"{header}\n{row}\n"}


def babi5(text: str) -> Files:
    return {"dialog-babi-task5trn.txt": f"1 {text}\tfine\n"}


def banking77(text: str) -> Files:
    files = {"few_shot/train/seq.in": f"{text}\n", "few_shot/train/label": "card_arrival\n"}
    return files | {"categories.json": '["card_arrival"]'}


def clinc150(text: str) -> Files:
    data = {"train": [[text, "balance"]], "val": [], "oos_train": [], "oos_val": []}
    return {"data_full.json": as_json(data), "domains.json": '{"banking": ["balance"]}'}


def hwu64(text: str) -> Files:
    return {"train/seq.in": f"{text}\n", "train/label": "alarm_set\n"}


def restaurant8k(text: str) -> Files:
    labels = [{"slot": "people", "valueSpan": {"startIndex": 0, "endIndex": 4}}] if text else []
    return {"test.json": as_json([{"userInput": {"text": text}, "labels": labels}])}


def dstc8_span(text: str) -> Files:
    labels = [{"slot": "travelers", "valueSpan": {"startIndex": 0, "endIndex": 4}}] if text else []
    return {"Buses_1/test.json": as_json([{"id": "1", "userInput": {"text": text}, "labels": labels}])}


def nlupp(text: str) -> Files:
    slots = {"people": {"text": "four", "span": [0, 4], "value": 4}} if text else {}
    described = {"description": "?", "domain": ["general"]}
    ontology = {"intents": {"booking": described}, "slots": {"people": described}}
    folds = {f"{domain}/fold{n}.json": "[]" for domain in ("banking", "hotels") for n in range(20)}
    first = {"hotels/fold0.json": as_json([{"text": text, "intents": ["booking"], "slots": slots}])}
    return {**first, **{path: content for path, content in folds.items() if path not in first}} | {
        "ontology.json": as_json(ontology)
    }


def topv2(text: str) -> Files:
    tree = f"[IN:GET_ALARM [SL:AMOUNT {text.split()[0]} ] {' '.join(text.split()[1:])} ]" if text else "[IN:GET_ALARM ]"
    return {"alarm_train.tsv": f"domain\tutterance\tsemantic_parse\nalarm\t{text}\t{tree}\n"}


def dailydialog(text: str) -> Files:
    turn = {"speaker": "user", "utterance": text, "utt_idx": 0, "dialogue_acts": {}}
    record = {"dataset": "dailydialog", "data_split": "train", "original_id": "train-1", "turns": [turn]}
    return {"data/dialogues.json": as_json([record])}


def taskmaster4(text: str) -> Files:
    turns = [{"index": 0, "speaker": "user", "text": text}]
    return {"data/data_00.json": as_json([{"conversation_id": "1", "utterances": turns}])}


def taskmaster3_part(text: str) -> Files:
    return {"train-bc.tsv": f"<U>{text}<C>\t[A] fine\t1\n"}


def jsonl(text: str) -> Files:
    value = [{"value": "four", "start": 0, "end": 4}] if text else []
    frames = [{"domain": "restaurant", "intent": "inform", "slots": [{"name": "people", "values": value}]}]
    return {"train.jsonl": as_json({"id": "1", "turns": [{"role": "user", "text": text, "frames": frames}]}) + "\n"}


def sparc(text: str) -> Files:
    nothing = {"groupBy": [], "having": [], "orderBy": [], "limit": None, "intersect": None, "union": None}
    nothing |= {"except": None, "where": [], "from": {"table_units": [["table_unit", 0]], "conds": []}}
    sql = {"select": [False, [[0, [0, [0, 1, False], None]]]], **nothing}
    table = {"db_id": "shop", "table_names": ["table"], "column_names": [[-1, "*"], [0, "seats"]]}
    record = {"database_id": "shop", "interaction": [{"utterance": text, "sql": sql}], "final": {}}
    return {"train.json": as_json([record]), "tables.json": as_json([table | {"column_types": ["text", "number"]}])}


FORMATS = {
    "sgd": Format(sgd, spoilt_span=('"exclusive_end": 4', '"exclusive_end": 40')),
    "multiwoz21": Format(multiwoz21, spoilt_span=('"four", 0, 0]', '"four", 0, 7]')),
    "multiwoz20_single": Format(multiwoz20_single),
    "camrest676": Format(camrest676),
    "kvret": Format(kvret, system_first=('"turn": "driver"', '"turn": "assistant"')),
    "woz2": Format(woz2, system_first=('"system_transcript": ""', '"system_transcript": "hello"')),
    "sim_m": Format(sim_m, spoilt_span=('"exclusive_end": 1', '"exclusive_end": 9')),
    "star": Format(star, split="from the number", system_first=('"User"', '"Wizard"')),
    "multidogo": Format(multidogo, spoilt_span=("O O O", "O O O O")),
    "babi5": Format(babi5, system_first=(TEXT, "<SILENCE>")),
    "banking77": Format(banking77),
    "clinc150": Format(clinc150),
    "hwu64": Format(hwu64),
    "restaurant8k": Format(restaurant8k, "test", spoilt_span=('"endIndex": 4', '"endIndex": 40')),
    "dstc8_span": Format(dstc8_span, "test", {"domain": "buses"}, spoilt_span=('"endIndex": 4', '"endIndex": 40')),
    "nlupp": Format(nlupp, spoilt_span=("[0, 4]", "[0, 40]")),
    "topv2": Format(topv2, options={"domain": "alarm"}, spoilt_span=("AMOUNT four", "AMOUNT five")),
    "dailydialog": Format(dailydialog, system_first=('"speaker": "user"', '"speaker": "system"')),
    "taskmaster4": Format(taskmaster4, system_first=('"speaker": "user"', '"speaker": "assistant"')),
    "taskmaster3_part": Format(taskmaster3_part, system_first=("<U>", "<A>")),
    "sparc": Format(sparc),
    "jsonl": Format(jsonl, spoilt_span=('"end": 4', '"end": 40'), system_first=('"role": "user"', '"role": "system"')),
}


def read(name: str, folder: Path, files: Files, encoding: str = "utf-8") -> list:
    """Writes the files and loads them."""
    for path, content in files.items():
        (folder / "it" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "it" / path).write_bytes(content.encode(encoding))
    if name == "multiwoz20_single":
        (folder / "lists").mkdir(exist_ok=True)
        for split, ids in (("train", "SNG1"), ("val", ""), ("test", "")):
            (folder / "lists" / f"{split}ListFile").write_text(ids)
    return load(name, folder)


def load(name: str, folder: Path) -> list:
    """Loads the files that `read` wrote, or what stands in their places now."""
    kind = FORMATS[name]
    options = dict(kind.options or {})
    if name == "multiwoz20_single":
        options["lists"] = str(folder / "lists")
    split = kind.split
    if name == "star":
        from space_jax.corpora.star import split_of

        split = split_of(1)
    return list(corpus(name).load(folder / "it", split, **options))


def first(files: Files) -> str:
    return next(iter(files))


def test_every_corpus_of_files_is_here():
    same_loader = {"sim_r", "babi6", "cosql"}
    assert set(FORMATS) == set(CORPORA) - {"simulated"} - same_loader


@pytest.mark.parametrize("name", FORMATS)
def test_the_small_files_are_read(name, tmp_path):
    (dialogue,) = read(name, tmp_path, FORMATS[name].files(TEXT))
    assert [turn.text for turn in dialogue.turns if turn.role == USER] == [TEXT]


@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_file_is_named(name, tmp_path):
    files = FORMATS[name].files(TEXT)
    path = first(files)
    content = files[path].rstrip()
    if path.endswith(".in"):
        files[path] = content + "\nmore\n"  # one more utterance than labels: the label file was cut
    else:
        files[path] = content[: len(content) * 2 // 3]
    with pytest.raises(UserError, match=Path(path).name.replace("seq.in", "(seq.in|label)")):
        read(name, tmp_path, files)


@pytest.mark.parametrize("name", FORMATS)
def test_another_encoding_is_named_with_its_place(name, tmp_path):
    files = FORMATS[name].files("four für us")
    path = first(files)
    files[path] = files[path].replace("\\u00fc", "ü")
    with pytest.raises(UserError, match=rf"{Path(path).name}.*(:\d|position \d|line \d|byte)"):
        read(name, tmp_path, files, "latin-1")


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_split_is_named(name, tmp_path):
    files = FORMATS[name].files(TEXT)
    del files[first(files)]
    (tmp_path / "it").mkdir()
    with pytest.raises(UserError, match=r"expected .*found n|neither|no "):
        read(name, tmp_path, files)


@pytest.mark.parametrize("name", [name for name, kind in FORMATS.items() if kind.spoilt_span])
def test_a_span_that_does_not_match_its_text_is_named(name, tmp_path):
    files = FORMATS[name].files(TEXT)
    path = first(files)
    assert files[path].count(FORMATS[name].spoilt_span[0]) == 1
    files[path] = files[path].replace(*FORMATS[name].spoilt_span)
    with pytest.raises(UserError, match=rf"{Path(path).name}.*\d"):
        read(name, tmp_path, files)


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_turn_is_kept_through_to_its_example(name, tmp_path):
    files = FORMATS[name].files("")
    (dialogue,) = read(name, tmp_path, files)
    assert "" in [turn.text for turn in dialogue.turns if turn.role == USER]
    for example in dialogue_examples(dialogue, WordTokenizer(), Limits()):
        assert 0 in example.turn_lengths
        assert len(example.span_mask) == example.turn_lengths.sum()
        assert np.isfinite(example.acts).all()


@pytest.mark.parametrize("name", [name for name, kind in FORMATS.items() if kind.system_first])
def test_a_dialogue_that_begins_with_the_system_is_read_as_it_is(name, tmp_path):
    files = FORMATS[name].files(TEXT)
    path = first(files)
    assert FORMATS[name].system_first[0] in files[path]
    files[path] = files[path].replace(*FORMATS[name].system_first)
    if name == "kvret":
        files[path] = files[path].replace(
            '"end_dialogue": false', '"end_dialogue": false, "slots": {}, "requested": {}'
        )
    (dialogue,) = read(name, tmp_path, files)
    assert dialogue.turns[0].role == SYSTEM
