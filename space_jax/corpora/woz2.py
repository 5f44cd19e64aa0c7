"""WOZ 2.0 in English (Wen et al., EACL 2017; Mrksic et al., ACL 2017): its raw files -> `Dialogue`.

What becomes what:
  turns     a turn of the source is a system utterance and the user's answer; the system's part is left out where it
            is empty, as in the first turn of every dialogue
  domain    `restaurant`, the only one
  intent    a user's `turn_label` [slot, value] is an inform, [request, slot] a request; of `system_acts` a slot is a
            request and [slot, value] a confirm
  slots     in lower case, words joined by "_"; `SLOTS_OF` corrects names that occur once or twice
  spans     the source has none; values are searched for in the text (misspelt ones are not found)
  acts      `ACTS_OF`. The label sets have no social acts, and the system's not even inform: where there is no label
            acts are None. A user's frames are empty there, a system's are None
  state     the informs of `belief_state`, cumulative; requests in it last for one turn and are left out
  text      `transcript`, runs of white space collapsed; `asr` is not read
  id        the split and the source's number
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora import act_annotation
from space_jax.corpora.act_annotation import ActItem
from space_jax.corpora.archives import one_file
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, field, json_list
from space_jax.corpora.splits import SPLITS
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue, Turn
from space_jax.errors import UserError

ACTS_OF = {
    "inform": "inform",
    "request": "request",
    "confirm": "expl_confirm",
}
"""The source's acts -> the unified ones. A system's [slot, value] asks whether the user wants that value. An inform
that a slot does not matter stays inform, as in MultiWOZ and SGD, though not_sure would say more."""

SLOTS_OF = {"areas": "area", "number": "phone", "phone_number": "phone"}
"""Spellings of slots that occur once or twice -> the usual ones."""

FILES = {"train": "woz_train_en.json", "validation": "woz_validate_en.json", "test": "woz_test_en.json"}
ARCHIVE = "woz_en.zip"
DOMAIN = "restaurant"


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split in the source's order.

    Args:
      source: a folder with `woz_en.zip`, or with the files `woz_train_en.json` and so on.
      split: "train", "validation" (the source's validate) or "test".

    Raises:
      UserError: files that are missing or damaged, an act that `ACTS_OF` lacks; with the file, the dialogue and the
        turn.
    """
    where, content = one_file(source, FILES[split], ARCHIVE)
    for index, record in enumerate(json_list(content, where)):
        place = f"{where}: dialogue {index}"
        yield _dialogue(record, f"{split}-{field(record, 'dialogue_idx', int, place)}", place)


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds; the archive has them all."""
    if (source / ARCHIVE).is_file():
        return SPLITS
    return tuple(split for split, name in FILES.items() if (source / name).is_file())


def _dialogue(record: Any, identity: str, where: str) -> Dialogue:
    turns: list[Turn] = []
    for number, pair in enumerate(field(record, "dialogue", list, where)):
        place = f"{where}, turn {number}"
        if field(pair, "system_transcript", str, place).strip():
            turns.append(_system(pair, place))
        turns.append(_user(pair, place))
    if not turns:
        raise UserError(f"{where}: field dialogue: expected at least one turn, found none")
    return Dialogue(identity, tuple(turns))


def _system(record: Any, where: str) -> Turn:
    text = collapsed(record["system_transcript"])
    things = []
    for act in field(record, "system_acts", list, where):
        match act:
            case str(slot):
                things.append(ActItem(DOMAIN, "request", _slot(slot)))
            case [str(slot), str(value)]:
                things.append(ActItem(DOMAIN, "confirm", _slot(slot), value.strip()))
            case _:
                raise UserError(f"{where}: field system_acts: expected a slot or [slot, value], found {act!r}")
    if not things:
        return Turn(SYSTEM, text)
    things = act_annotation.locate(text, things)
    return Turn(SYSTEM, text, act_annotation.frames(text, things), _acts(things, where))


def _user(record: Any, where: str) -> Turn:
    text = collapsed(field(record, "transcript", str, where))
    things = []
    for name, value in _pairs(field(record, "turn_label", list, where), f"{where}: field turn_label"):
        asks = name == "request"
        things.append(
            ActItem(DOMAIN, name, _slot(value)) if asks else ActItem(DOMAIN, "inform", _slot(name), value.strip())
        )
    things = act_annotation.locate(text, things)
    return Turn(USER, text, act_annotation.frames(text, things), _acts(things, where), _state(record, where))


def _acts(things: list[ActItem], where: str) -> tuple[str, ...] | None:
    return act_annotation.acts((one.intent for one in things), ACTS_OF, f"{__name__}.ACTS_OF", where) or None


def _state(record: Any, where: str) -> BeliefState:
    slots: dict[str, tuple[str, ...]] = {}
    for label in field(record, "belief_state", list, where):
        act = field(label, "act", str, f"{where}: field belief_state")
        act_annotation.acts([act], ACTS_OF, f"{__name__}.ACTS_OF", f"{where}: field belief_state")
        for name, value in _pairs(field(label, "slots", list, where), f"{where}: field belief_state"):
            if act == "inform" and value.strip():
                slots[_slot(name)] = (*slots.get(_slot(name), ()), value.strip())
    return {DOMAIN: {slot: tuple(dict.fromkeys(values)) for slot, values in slots.items()}} if slots else {}


def _pairs(record: list[Any], where: str) -> list[tuple[str, str]]:
    for pair in record:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise UserError(f"{where}: expected [slot, value], found {pair!r}")
    return [(slot, value) for slot, value in record]


def _slot(name: str) -> str:
    joined = "_".join(name.lower().split())
    return SLOTS_OF.get(joined, joined)


CORPUS = Corpus(
    name="woz2",
    description="WOZ 2.0 in English: 600 / 200 / 400 dialogues about restaurants in Cambridge",
    licence="Apache-2.0, as ConvLab-3 states",
    citation="Wen et al., EACL 2017, arXiv 1604.04562; Mrksic et al., ACL 2017, arXiv 1606.03777; "
    "https://github.com/SKTBrain/SUMBT, data/woz/original",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
)
