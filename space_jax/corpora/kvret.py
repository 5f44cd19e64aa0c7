"""KVRET, the Stanford in-car assistant (Eric et al., SIGDIAL 2017): its raw files -> `Dialogue`.

What becomes what:
  turns     driver is the user, assistant the system. Two turns of one speaker in a row and empty texts are kept; one
            train dialogue has no turns at all and is left out
  domain    the task: navigate, schedule, weather
  intent    the source annotates no acts. An assistant's turn holds `slots`, what the driver has just said, and
            `requested`, the slots that the driver mentions or asks for; so the driver's turn before informs of `slots`
            and requests what is `requested` without being in them. A slot that repeats the state and is not in the text
            was carried over by the annotator and is no inform
  slots     as they are; the source has no spans, so values are searched for in the text (others are paraphrased)
  acts      `ACTS_OF` of the intents above, the user's only. A turn that neither informs nor requests (thanks, mostly)
            has none of them annotated: acts None, frames empty. Of two driver's turns in a row the last is annotated,
            the first is not; the annotations of two assistant's turns in a row are merged
  state     the `slots`, accumulated over the dialogue, because the source holds those of one turn; it is on the
            driver's turn
  delexicalised  assistant's turns: values of the state and cells of the dialogue's knowledge base; a cell of the
            weather counts piece by piece ("snow, low of 60F")
  text      runs of white space collapsed
  id        the split and the source's uuid
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora import act_annotation
from space_jax.corpora.act_annotation import ActItem
from space_jax.corpora.archives import one_file
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, field, json_list
from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError

ACTS_OF = {
    "inform": "inform",
    "request": "request",
}
"""The acts that follow from the source's annotation -> the unified ones."""

FILES = {
    "train": "kvret_train_public.json",
    "validation": "kvret_dev_public.json",
    "test": "kvret_test_public.json",
}
ARCHIVE = "kvret_dataset_public.zip"
DOMAINS = ("navigate", "schedule", "weather")
_ROLES = {"driver": USER, "assistant": SYSTEM}
_DAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
_COLUMNS: dict[str, str] = {"today": "date"}  # other columns are named as their slots

Slots = dict[str, str]


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split in the source's order.

    Args:
      source: a folder with `kvret_dataset_public.zip`, or with the files `kvret_train_public.json` and so on.
      split: "train", "validation" (the source's dev) or "test".

    Raises:
      UserError: files that are missing or damaged, a task or a speaker that is not known; with the file, the dialogue
        and the turn.
    """
    where, content = one_file(source, FILES[split], ARCHIVE)
    for index, record in enumerate(json_list(content, where)):
        place = f"{where}: dialogue {index}"
        if field(record, "dialogue", list, place):
            yield _dialogue(record, split, place)


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds; the archive has them all."""
    if (source / ARCHIVE).is_file():
        return SPLITS
    return tuple(split for split, name in FILES.items() if (source / name).is_file())


def _dialogue(record: Any, split: str, where: str) -> Dialogue:
    scenario = field(record, "scenario", dict, where)
    domain = field(field(scenario, "task", dict, where), "intent", str, where)
    if domain not in DOMAINS:
        raise UserError(f"{where}: field intent: expected one of {', '.join(DOMAINS)}, found {domain!r}")
    identity = field(scenario, "uuid", str, where)
    read = [_read(turn, f"{where} ({identity}), turn {number}") for number, turn in enumerate(record["dialogue"])]
    cells = _cells(field(scenario, "kb", dict, where), domain, where)
    turns: list[Turn] = []
    state: Slots = {}
    for number, turn in enumerate(read):
        if turn.role == USER:
            answer = _answer(read, number)
            turns.append(_user(turn.text, domain, state, answer, f"{where} ({identity}), turn {number}"))
            state = {**state, **answer.slots} if answer else state
        else:
            known = [ActItem(domain, "", slot, value) for slot, value in state.items()]
            turns.append(
                Turn(
                    SYSTEM,
                    turn.text,
                    delexicalised=act_annotation.delexicalised(
                        turn.text, act_annotation.locate(turn.text, known + cells)
                    ),
                )
            )
    return Dialogue(f"{split}-{identity}", tuple(turns))


@dataclasses.dataclass(frozen=True, slots=True)
class _Read:
    """A turn of the source; the assistant's annotates the driver's turn before."""

    role: str
    text: str
    slots: Slots
    requested: tuple[str, ...]


def _read(record: Any, where: str) -> _Read:
    speaker = field(record, "turn", str, where)
    if speaker not in _ROLES:
        raise UserError(f"{where}: field turn: expected driver or assistant, found {speaker!r}")
    data = field(record, "data", dict, where)
    text = collapsed(field(data, "utterance", str, where))
    if _ROLES[speaker] == USER:
        return _Read(USER, text, {}, ())
    slots = field(data, "slots", dict, where)
    if not all(isinstance(value, str) for value in slots.values()):
        raise UserError(f"{where}: field slots: expected strings, found {slots}")
    requested = field(data, "requested", dict, where)
    return _Read(
        SYSTEM,
        text,
        {slot: collapsed(value) for slot, value in slots.items() if value.strip()},
        tuple(slot for slot, asked in requested.items() if asked),
    )


def _answer(read: list[_Read], number: int) -> _Read | None:
    """The annotations of the assistant's turns right after a driver's, merged; None where there are none."""
    answers = []
    for turn in read[number + 1 :]:
        if turn.role == USER:
            break
        answers.append(turn)
    if not answers:
        return None
    slots = {slot: value for turn in answers for slot, value in turn.slots.items()}
    return _Read(SYSTEM, "", slots, tuple(dict.fromkeys(slot for turn in answers for slot in turn.requested)))


def _user(text: str, domain: str, before: Slots, answer: _Read | None, where: str) -> Turn:
    if answer is None:
        return Turn(USER, text)
    informs = [ActItem(domain, "inform", slot, value) for slot, value in answer.slots.items()]
    informs = [one for one in act_annotation.locate(text, informs) if one.span or before.get(one.slot) != one.value]
    requests = [ActItem(domain, "request", slot) for slot in answer.requested if slot not in answer.slots]
    things = [*informs, *requests]
    acts = act_annotation.acts((one.intent for one in things), ACTS_OF, f"{__name__}.ACTS_OF", where)
    now: dict[str, tuple[str, ...]] = {slot: (value,) for slot, value in {**before, **answer.slots}.items()}
    return Turn(USER, text, act_annotation.frames(text, things), acts or None, {domain: now} if now else {})


def _cells(kb: dict[str, Any], domain: str, where: str) -> list[ActItem]:
    """The values of the dialogue's knowledge base, which may be null."""
    items = kb.get("items") or []
    if not isinstance(items, list):
        raise UserError(f"{where}: field kb.items: expected list, found {type(items).__name__}")
    found: dict[ActItem, None] = {}
    for item in items:
        if not isinstance(item, dict):
            raise UserError(f"{where}: field kb.items: expected a dictionary an item, found {item!r}")
        for column, cell in item.items():
            slot = "weather_attribute" if column in _DAYS else _COLUMNS.get(str(column), str(column))
            for value in str(cell).split(", ") if column in _DAYS else [str(cell)]:
                found[ActItem(domain, "", slot, collapsed(value))] = None
    return list(found)


CORPUS = Corpus(
    name="kvret",
    description="KVRET, in-car assistant: 2,424 / 302 / 304 dialogues about navigation, schedule and weather",
    licence="not stated by its authors; research use",
    citation="Eric et al., SIGDIAL 2017, arXiv 1705.05414; https://github.com/thu-spmi/LABES, data/kvret",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
)
