"""CamRest676 (Wen et al., EACL 2017): the original file, or ConvLab's with acts of both speakers, -> `Dialogue`.

What becomes what:
  files     `train|val|test.json`, as ConvLab divides and annotates them; without them the original `CamRest676.json`,
            divided at the same places (dialogues 0 to 405, 406 to 540, 541 to 675)
  domain    `restaurant`, the only one
  intent    the acts of `dialog_act`: inform, request, nooffer. In the original file a user turn informs of what is new
            in its state and requests what `slu` requests; of a system turn's `DA` a slot is a request and [slot, value]
            a confirm
  slots     words joined by "_"; the source has no spans, so values are searched for in the text
  acts      `ACTS_OF`. The label set has no social acts, so a turn without a label (a third of the users', a quarter of
            the system's) may thank or greet: its acts are None, its frames empty. In the original file a system turn
            without `DA` may inform, so its frames are None too
  state     the pairs of `slu`, cumulative. The slot `slot` marks a request, whatever the act beside it is (2 inform);
            every other slot is a wish (2 stand beside request)
  delexicalised  values that a turn informs of and those of the state; None in the original file, which does not
            annotate the system's informs
  text      runs of white space collapsed
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
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError

ACTS_OF = {
    "inform": "inform",
    "request": "request",
    "nooffer": "notify_failure",
    "confirm": "expl_confirm",
}
"""The source's acts -> the unified ones. nooffer reports that nothing matches, as MultiWOZ's NoOffer does. An inform
that a slot does not matter stays inform, as in MultiWOZ and SGD, though not_sure would say more."""

SLOTS_OF = {"phone_number": "phone"}
"""A spelling that occurs once -> the usual one."""

FILES = {"train": "train.json", "validation": "val.json", "test": "test.json"}
ORIGINAL = "CamRest676.json"
PARTS = {"train": range(406), "validation": range(406, 541), "test": range(541, 676)}
DOMAIN = "restaurant"

Pairs = list[tuple[str, str, str]]
"""(act, slot, value); slot and value may be empty."""


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split in the source's order.

    Args:
      source: a folder with `train.json`, `val.json`, `test.json`, or with `CamRest676.json`, as they are or zipped.
      split: "train", "validation" (the source's val) or "test".

    Raises:
      UserError: files that are missing or damaged, an act that `ACTS_OF` lacks; with the file, the dialogue and the
        turn.
    """
    original = split not in _divided(source) and _holds(source, ORIGINAL)
    name = ORIGINAL if original else FILES[split]
    where, content = one_file(source, name, f"{name}.zip")
    for index, record in enumerate(json_list(_without_comments(content), where)):
        place = f"{where}: dialogue {index}"
        number = field(record, "dialogue_id", int, place)
        if not original or number in PARTS[split]:
            yield _dialogue(record, f"{split}-{number}", place)


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds."""
    return _divided(source) or (SPLITS if _holds(source, ORIGINAL) else ())


def _divided(source: Path) -> tuple[str, ...]:
    return tuple(split for split, name in FILES.items() if _holds(source, name))


def _holds(source: Path, name: str) -> bool:
    return (source / name).is_file() or (source / f"{name}.zip").is_file()


def _without_comments(content: bytes) -> bytes:
    """The file from its first line that is no comment; the original begins with some."""
    while content.startswith(b"#"):
        content = content.partition(b"\n")[2]
    return content


def _dialogue(record: Any, identity: str, where: str) -> Dialogue:
    turns: list[Turn] = []
    before: dict[str, tuple[str, ...]] = {}
    for number, pair in enumerate(field(record, "dial", list, where)):
        place = f"{where}, turn {number}"
        user, system = field(pair, "usr", dict, place), field(pair, "sys", dict, place)
        stated, requested = _slu(user, place)
        turns.append(_user(user, stated, before, requested, place))
        turns.append(_system(system, stated, place))
        before = stated
    if not turns:
        raise UserError(f"{where}: field dial: expected at least one turn, found none")
    return Dialogue(identity, tuple(turns))


def _slu(user: dict[str, Any], where: str) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The state and the requested slots."""
    state: dict[str, tuple[str, ...]] = {}
    requested: list[str] = []
    for label in field(user, "slu", list, where):
        for slot, value in _pairs(field(label, "slots", list, f"{where}: field slu"), f"{where}: field slu"):
            if slot == "slot":
                requested.append(_slot(value))
            elif value and value not in state.get(slot, ()):
                state[slot] = (*state.get(slot, ()), value)
    return state, requested


def _user(
    record: dict[str, Any],
    state: dict[str, tuple[str, ...]],
    before: dict[str, tuple[str, ...]],
    requested: list[str],
    where: str,
) -> Turn:
    text = collapsed(field(record, "transcript", str, where))
    if "dialog_act" in record:
        pairs = _annotated(record, where)
    else:
        new = [(slot, values) for slot, values in state.items() if before.get(slot) != values]
        pairs = [("inform", slot, value) for slot, values in new for value in values]
        pairs += [("request", slot, "") for slot in requested]
    things, acts = _things(text, pairs, where)
    return Turn(USER, text, act_annotation.frames(text, things), acts, {DOMAIN: state} if state else {})


def _system(record: dict[str, Any], state: dict[str, tuple[str, ...]], where: str) -> Turn:
    text = collapsed(field(record, "sent", str, where))
    if "dialog_act" not in record:
        pairs = _asked(field(record, "DA", list, where), f"{where}: field DA")
        things, acts = _things(text, pairs, where)
        return Turn(SYSTEM, text, act_annotation.frames(text, things) if pairs else None, acts)
    things, acts = _things(text, _annotated(record, where), where)
    known = [ActItem(DOMAIN, "", slot, value) for slot, values in state.items() for value in values]
    delexicalised = act_annotation.delexicalised(text, act_annotation.locate(text, [*things, *known]))
    return Turn(SYSTEM, text, act_annotation.frames(text, things), acts, delexicalised=delexicalised)


def _asked(record: list[Any], where: str) -> Pairs:
    """The items of `DA`: a requested slot, or [slot, value] to be confirmed (once spelt ["slot, value"])."""
    asked = [("request", _slot(slot), "") for slot in record if isinstance(slot, str)]
    pairs = [
        one[0].split(", ", 1) if isinstance(one, list) and len(one) == 1 and isinstance(one[0], str) else one
        for one in record
        if not isinstance(one, str)
    ]
    return asked + [("confirm", slot, value) for slot, value in _pairs(pairs, where)]


def _annotated(record: dict[str, Any], where: str) -> Pairs:
    """The items of `dialog_act`: act -> list of [slot, value], with "none" and "?" for what is not there."""
    found: Pairs = []
    for act, pairs in field(record, "dialog_act", dict, where).items():
        for slot, value in _pairs(pairs, f"{where}: field dialog_act.{act}"):
            found.append((act, "" if slot == "none" else slot, "" if value in ("none", "?") else value))
    return found


def _pairs(record: Any, where: str) -> list[tuple[str, str]]:
    match record:
        case list() if all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in record
        ):
            return [(_slot(slot), value.strip()) for slot, value in record]
        case _:
            raise UserError(f"{where}: expected a list of [slot, value], found {record!r}")


def _slot(name: str) -> str:
    joined = "_".join(name.lower().split())
    return SLOTS_OF.get(joined, joined)


def _things(text: str, pairs: Pairs, where: str) -> tuple[list[ActItem], tuple[str, ...] | None]:
    """The items with spans, and the unified acts; no acts where there is no label."""
    acts = act_annotation.acts((act for act, _, _ in pairs), ACTS_OF, f"{__name__}.ACTS_OF", where)
    return act_annotation.locate(text, [ActItem(DOMAIN, act, slot, value) for act, slot, value in pairs]), acts or None


CORPUS = Corpus(
    name="camrest676",
    description="CamRest676: 406 / 135 / 135 dialogues about restaurants in Cambridge",
    licence="CC BY 4.0 (the original's repository: Apache-2.0)",
    citation="Wen et al., EACL 2017, arXiv 1604.04562; https://github.com/ConvLab/ConvLab-3, data/camrest, and "
    "https://github.com/shawnwun/NNDIAL",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
)
