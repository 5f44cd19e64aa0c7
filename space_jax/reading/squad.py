"""The JSON of SQuAD 1.1 and 2.0: articles of paragraphs with questions, as rows of one question each."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import opened, read_bytes

_BEGINNING = 2**16  # bytes in which the first article begins
_PARAGRAPHS = re.compile(rb'"paragraphs"\s*:\s*\[')


def is_squad(path: Path) -> bool:
    """Whether a file begins as SQuAD's do: an object in which articles have paragraphs.

    Raises:
      UserError: it cannot be read.
    """
    with opened(path) as file:
        beginning = file.read(_BEGINNING)
    return _PARAGRAPHS.search(beginning) is not None and beginning.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")


def squad_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The questions of a file.

    Yields:
      The place of a question, and its row: `id`, `question`, `context`, and `answers`, objects with `text` and `start`,
      unless the file says nothing of answers. `is_impossible` (2.0) means that there are none, whatever is listed.

    Raises:
      UserError: a damaged file, or a field of another form; with its place.
    """
    whole = parse_json(read_bytes(path), str(path))
    for a, article in enumerate(_list(whole, "data", str(path)), start=1):
        for p, paragraph in enumerate(_list(article, "paragraphs", f"{path}: article {a}"), start=1):
            where = f"{path}: article {a}, paragraph {p}"
            context = _text(paragraph, "context", where)
            for q, asked in enumerate(_list(paragraph, "qas", where), start=1):
                yield f"{where}, question {q}", _row(asked, context, f"{where}, question {q}")


def _row(asked: Any, context: str, where: str) -> dict[str, Any]:
    row: dict[str, Any] = {"question": _text(asked, "question", where), "context": context}
    if "id" in asked:
        row["id"] = asked["id"]
    if asked.get("is_impossible") is True:
        row["answers"] = []
    elif "answers" in asked:
        row["answers"] = [_answer(one, where) for one in _list(asked, "answers", where)]
    return row


def _answer(answer: Any, where: str) -> dict[str, Any]:
    match answer:
        case {"text": str(text), "answer_start": int(start)}:
            return {"text": text, "start": start}
    raise UserError(f"{where}: field answers: expected text and answer_start, found {shown(answer)}")


def _list(record: Any, name: str, where: str) -> list[Any]:
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, list):
        raise UserError(f"{where}: field {name}: expected a list, found {_found(value)}")
    return value


def _text(record: Any, name: str, where: str) -> str:
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, str):
        raise UserError(f"{where}: field {name}: expected a text, found {_found(value)}")
    return value


def _found(value: Any) -> str:
    return "nothing" if value is None else shown(value)
