"""Records of reading: a question, a passage, and where the passage answers it."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.tasks.record_sources import place_of

Place = tuple[int, int]
"""First character of an answer in its passage, character after its last."""


@dataclasses.dataclass(frozen=True)
class ReadingRecord:
    """A question about a passage.

    Attributes:
      id: unique.
      question: as written.
      passage: as written.
      answers: places of the right answers, the first is learnt; () where the passage has none, None if not annotated.
      before: what was said just before the passage; it is read, but no answer lies there.
      slot: what the question asks for, of records that are made from slots; "" for others.
      asked_of: the utterance, or whatever several such records are about; "" for others.
      where: file and place, for people; "" if the record is not from a file.
    """

    id: str
    question: str
    passage: str
    answers: tuple[Place, ...] | None = None
    before: str = ""
    slot: str = ""
    asked_of: str = ""
    where: str = dataclasses.field(default="", compare=False)

    @property
    def texts(self) -> list[str]:
        """The right answers in words."""
        return [self.passage[start:end] for start, end in self.answers or ()]


def of_row(row: Mapping[str, Any], where: str, number: int) -> ReadingRecord:
    """The record of a JSON object or a row: `question`, `passage`, perhaps `answer`, `start` and `before`.

    `context` and `answers` are other names, SQuAD's, of `passage` and `answer`. An answer is a text, or a list of texts
    or of objects with `text` and perhaps `start`; an empty text or list says that there is none. `start` is the first
    character of an answer; without it the answer is where its text first occurs.

    Raises:
      UserError: no question or passage, or an answer that the passage does not have.
    """
    passage_field, field = _field(row, "passage", "context"), _field(row, "answer", "answers")
    question, passage = _text(row, "question", where), _text(row, passage_field, where)
    before = row.get("before") or ""
    if not isinstance(before, str):
        raise UserError(f"{where}: field before: expected a text, found {shown(before)}")
    answers: tuple[Place, ...] | None = None
    if row.get(field) is not None:
        given = [(text, start) for text, start in _answers(row, field, where) if text.strip()]
        answers = tuple(dict.fromkeys(_place(text, start, passage, f"{where}: field {field}") for text, start in given))
    return ReadingRecord(str(row.get("id", number)), question, passage, answers, before, where=place_of(row, where))


def _field(row: Mapping[str, Any], ours: str, theirs: str) -> str:
    return theirs if theirs in row and ours not in row else ours


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    text = row.get(name)
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"{where}: field {name}: expected a text, found {'nothing' if text is None else shown(text)}")
    return text


def _answers(row: Mapping[str, Any], field: str, where: str) -> list[tuple[str, int | None]]:
    """The texts that a row gives, and where each begins, if it says so."""
    match row[field]:
        case str(text):
            return [(text, _start(row.get("start"), where))]
        case {"text": list(texts), "answer_start": list(starts)} if len(texts) == len(starts):  # SQuAD as columns
            return [_pair(one, start, field, where) for one, start in zip(texts, starts, strict=True)]
        case list(several):
            return [
                _pair(one.get("text"), one.get("start", one.get("answer_start")), field, where)
                if isinstance(one, Mapping)
                else _pair(one, None, field, where)
                for one in several
            ]
    raise UserError(f"{where}: field {field}: expected a text or a list of answers, found {shown(row[field])}")


def _pair(text: Any, start: Any, field: str, where: str) -> tuple[str, int | None]:
    if not isinstance(text, str):
        raise UserError(f"{where}: field {field}: expected the text of each answer, found {shown(text)}")
    return text, _start(start, where)


def _start(given: Any, where: str) -> int | None:
    """A whole number, also as a cell of a table has it; None where there is none."""
    if given is None or given == "":
        return None
    if isinstance(given, str) and given.strip().isdecimal():
        return int(given)
    if isinstance(given, bool) or not isinstance(given, int):
        raise UserError(f"{where}: field start: expected the number of a character, found {shown(given)}")
    return given


def _place(text: str, start: int | None, passage: str, where: str) -> Place:
    """Where an answer is in its passage, without blanks at its ends; the case of letters is not compared."""
    if start is None:
        text = text.strip()
        found = re.search(re.escape(text), passage) or re.search(re.escape(text), passage, re.IGNORECASE)
        if found is None:
            raise UserError(f"{where}: expected words of the passage, found {shown(text)}")
        return found.span()
    end = start + len(text)
    said = passage[start:end] if start >= 0 else ""
    if said.casefold() != text.casefold():
        raise UserError(f"{where}: expected {shown(text)} at character {start} of the passage, found {shown(said)}")
    return start + len(said) - len(said.lstrip()), end - len(said) + len(said.rstrip())
