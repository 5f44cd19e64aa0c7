"""Files of dialogues (JSONL) and of sentences (CSV, TSV, JSONL) parted into splits, their rows as they were.

Rows stay together that belong to one dialogue, and those of the same words, whatever their case and punctuation.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from space_jax.corpora.division import Group, divide
from space_jax.corpora.importing.columns import columns_of
from space_jax.corpora.mixtures.wording import words_of
from space_jax.corpora.utterances import NO_DOMAIN
from space_jax.dialogue.from_json import dialogue_from_json
from space_jax.dialogue.record import USER, Dialogue
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.archives import gzipped, packed_lines
from space_jax.reading.delimited import CSV, TSV, row_text, table
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import opened

FORMS = {".csv": CSV, ".tsv": TSV}
_JSONL = re.compile(r"\.jsonl(\.gz)?$")


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A row of a file.

    Attributes:
      text: of all its turns.
      labels: that it has; each part should have its share of every one.
      dialogue: to which it belongs, "" for one of its own.
      content: as it is written, with its line end.
    """

    text: str
    labels: tuple[str, ...]
    dialogue: str
    content: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """A file.

    Attributes:
      suffix: of its name.
      head: what each part begins with.
      rows: all others.
      what: they are, in the plural.
    """

    suffix: str
    head: bytes
    rows: list[Row]
    what: str


def read_table(path: Path, columns: dict[str, str]) -> Table:
    """Reads a file whole.

    Args:
      path: of the file.
      columns: of CSV and TSV: role -> name, see `importing.columns`; others are guessed.

    Raises:
      UserError: another kind of file, or a row that cannot be read; with its line.
    """
    if not path.is_file():
        raise UserError(f"{path}: expected a file of dialogues or sentences, found no file of that name")
    if path.suffix in FORMS:
        return _delimited(path, columns)
    if columns:
        raise UserError(f"--column: {path.name} has no columns")
    found = _JSONL.search(path.name)
    if not found:
        raise UserError(f"{path}: expected a name that ends in .jsonl, .jsonl.gz, .csv or .tsv")
    rows, kinds = [], set()
    for number, line in packed_lines(path):
        value = parse_json(line, f"{path}:{number}")
        kind, row = _of_json(value, line.rstrip(b"\r\n") + b"\n", f"{path}:{number}")
        rows.append(row)
        kinds.add(kind)
        if len(kinds) > 1:
            raise UserError(f"{path}:{number}: expected {' or '.join(sorted(kinds))} alone, found both")
    return Table(found[0], b"", rows, next(iter(kinds), "rows"))


def parted(table: Table, shares: Sequence[Fraction], seed: int) -> list[list[Row]]:
    """The rows of each split, in the order of the file."""
    names = _names(table.rows)
    members: dict[str, list[Row]] = {}
    for name, row in zip(names, table.rows, strict=True):
        members.setdefault(name, []).append(row)
    groups = [
        Group(name, len(rows), Counter(label for row in rows for label in dict.fromkeys(row.labels)))
        for name, rows in members.items()
    ]
    split_of = dict(zip(members, divide(groups, shares, seed), strict=True))
    return [
        [row for name, row in zip(names, table.rows, strict=True) if split_of[name] == split]
        for split in range(len(shares))
    ]


def written(table: Table, rows: Iterable[Row]) -> bytes:
    """The content of a part of a file."""
    content = table.head + b"".join(row.content for row in rows)
    return gzipped(content) if table.suffix.endswith(".gz") else content


def same_words(text: str) -> str:
    """What two texts have in common that are the same but for case, blanks and punctuation."""
    return " ".join(words_of(text)) or text.strip()


def _names(rows: Sequence[Row]) -> list[str]:
    """Of each row the name of its group: the least of the words of its members."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for row in rows:
        words = root(f"text {same_words(row.text)}")
        if row.dialogue:
            first, second = sorted((words, root(f"dialogue {row.dialogue}")))
            parent[first] = second  # the root of a group is one of its texts
    return [root(f"text {same_words(row.text)}") for row in rows]


def _of_json(value: Any, line: bytes, where: str) -> tuple[str, Row]:
    if isinstance(value, dict) and "turns" in value:
        try:
            return "dialogues", _of_dialogue(dialogue_from_json(value), line)
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
    match value:
        case {"text": str(text)}:
            pass
        case _:
            found = f"the fields {', '.join(map(shown, value))}" if isinstance(value, dict) else shown(value)
            raise UserError(f"{where}: expected a dialogue with turns, or a sentence with text, found {found}")
    label, intents, spans = value.get("label"), value.get("intents"), value.get("spans")
    labels: list[str] = [label] if isinstance(label, str) and label else []
    labels = labels or [one for one in _list(intents) if isinstance(one, str)]
    labels = labels or [
        one["slot"] for one in _list(spans) if isinstance(one, dict) and isinstance(one.get("slot"), str)
    ]
    dialogue = value.get("dialogue")
    return "sentences", Row(text, tuple(labels), dialogue if isinstance(dialogue, str) else "", line)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _of_dialogue(dialogue: Dialogue, line: bytes) -> Row:
    """The labels of a dialogue are the intents of its users, or the domains of its states where it has none."""
    turns = [turn for turn in dialogue.turns if turn.role == USER]
    frames = [frame for turn in turns for frame in turn.frames or ()]
    intents = [one.intent if one.domain == NO_DOMAIN else f"{one.domain} {one.intent}" for one in frames]
    labels = intents or [domain for turn in turns for domain in turn.state or {}]
    text = "\n".join(turn.text for turn in dialogue.turns)
    return Row(text, tuple(dict.fromkeys(labels)), f"{dialogue.id}", line)


def _delimited(path: Path, given: dict[str, str]) -> Table:
    form = FORMS[path.suffix]
    with opened(path) as file:
        header, lines = table(file, form, str(path))
        read = list(lines)
    for line in read:
        if line.error:
            raise UserError(line.error)
    found, _ = columns_of(header, [line.cells for line in read], given, str(path))
    rows = []
    for line in read:
        cell = {role: line.cells[index].strip() for role, index in found.items()}
        labels = (cell["label"],) if cell.get("label") else ()
        content = row_text(line.cells, form).encode()
        rows.append(Row(cell["text"], labels, cell.get("dialogue", ""), content))
    return Table(path.suffix, row_text(header, form).encode(), rows, "sentences")
