"""MultiWOZ 2.1 (Eric et al., LREC 2020) as ConvLab distributes it, with acts of both speakers: raw files -> `Dialogue`.

What becomes what:
  domain, intent  `Domain-Act` of `dialog_act` in lower case (`Hotel-Inform` -> `hotel`, `inform`); Booking and general
                  are domains of the source and stay so
  slots           in lower case, `multiwoz.SLOTS_OF` unites the names of acts and state
  spans           `span_info` counts tokens between blanks, last included; ours are characters. Of several places of one
                  value the first is kept. A last token before the first is an empty span (4 in validation and
                  test): that value is searched for in the text, as are those without a span
  acts            `multiwoz.ACTS_OF`, both sides; None where `dialog_act` is empty (691 turns in validation, 653 in
                  test), with frames None, because annotators missed those turns rather than finding them empty
  state           `metadata` of a system turn is the state after the preceding user turn, and is attached to that turn
  text            runs of white space collapsed, which leaves the numbers of the tokens as they are
  id              the split and the source's id
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.corpora import multiwoz
from space_jax.corpora.act_annotation import ActItem
from space_jax.corpora.archives import one_file
from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, field
from space_jax.dialogue.record import SYSTEM, USER, BeliefState, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.reading.json_text import parse_json

ACTS_OF = multiwoz.ACTS_OF
FILES = {"train": "train.json", "validation": "val.json", "test": "test.json"}


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of a split in the source's order; a split is one file, which is in memory while it is read.

    Args:
      source: a folder with `train.json`, `val.json`, `test.json`, each as it is or as `<name>.zip`.
      split: "train", "validation" (the source's val) or "test".

    Raises:
      UserError: files that are missing or damaged, a span outside its text, an act that `ACTS_OF` lacks; with the
        file, the dialogue and the turn.
    """
    where, content = one_file(source, FILES[split], f"{FILES[split]}.zip")
    records = parse_json(content, where)
    del content
    if not isinstance(records, dict):
        raise UserError(f"{where}: expected a JSON object of dialogues by id, found something else")
    for name, record in records.items():
        yield _dialogue(name.removesuffix(".json"), record, split, f"{where}: dialogue {name}")


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds."""
    return tuple(
        split for split, name in FILES.items() if (source / name).is_file() or (source / f"{name}.zip").is_file()
    )


def _dialogue(name: str, record: Any, split: str, where: str) -> Dialogue:
    log = field(record, "log", list, where)
    if not log:
        raise UserError(f"{where}: field log: expected at least one turn, found none")
    places = [f"{where}, turn {number}" for number in range(len(log))]
    after = [_state(entry, place) for entry, place in zip(log[1:], places[1:], strict=True)] + [None]
    turns = [
        _turn(entry, SYSTEM if number % 2 else USER, after[number], places[number]) for number, entry in enumerate(log)
    ]
    return Dialogue(f"{split}-{name}", tuple(turns))


def _state(entry: Any, where: str) -> BeliefState | None:
    metadata = field(entry, "metadata", dict, where)
    return multiwoz.belief_state(metadata, where) if metadata else None


def _turn(entry: Any, role: str, state: BeliefState | None, where: str) -> Turn:
    text = collapsed(field(entry, "text", str, where))
    annotation = field(entry, "dialog_act", dict, where)
    spans = _spans(field(entry, "span_info", list, where), text, where)
    things = _placed(multiwoz.said_of(annotation, where), spans)
    return multiwoz.turn(role, text, annotation, things, state if role == USER else None, where)


def _spans(records: list[Any], text: str, where: str) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(Domain-Act, slot, value) -> the first place in the text, in characters."""
    ends = [0]
    for token in text.split(" "):
        ends.append(ends[-1] + len(token) + 1)  # ends[n] is where token n begins, ends[n + 1] - 1 where it ends
    spans: dict[tuple[str, str, str], tuple[int, int]] = {}
    for record in records:
        match record:
            case [str(act), str(slot), str(value), int(first), int(last)] if 0 <= first <= last + 1 < len(ends):
                if first <= last:
                    spans.setdefault((act, slot, value), (ends[first], ends[last + 1] - 1))
            case _:
                raise UserError(
                    f"{where}: field span_info: expected [act, slot, value, first token, last token] within "
                    f"{len(ends) - 1} tokens, found {record!r}"
                )
    return spans


def _placed(
    things: list[tuple[tuple[str, str, str], ActItem]], spans: dict[tuple[str, str, str], tuple[int, int]]
) -> list[ActItem]:
    """The items with their spans; a span whose value is spelt differently is matched by act and slot."""
    keys = {key for key, _ in things}
    loose = {key[:2]: span for key, span in spans.items() if key not in keys}
    return [
        dataclasses.replace(one, span=spans.get(key) or loose.get(key[:2]) if one.slot and one.value else None)
        for key, one in things
    ]


CORPUS = Corpus(
    name="multiwoz21",
    description="MultiWOZ 2.1 with acts of both speakers: 8,434 / 999 / 1,000 dialogues over seven domains",
    licence="CC BY 4.0 as ConvLab-2 states for this data (the repository: Apache-2.0)",
    citation="Eric et al., LREC 2020, arXiv 1907.01669; Budzianowski et al., EMNLP 2018, arXiv 1810.00278; "
    "https://github.com/ConvLab/ConvLab-3, data/multiwoz",
    needs_source=True,
    options={},
    read=load,
    find_splits=find_splits,
)
