"""SParC (Yu et al., ACL 2019) and CoSQL (Yu et al., EMNLP 2019): conversations about a database, with their SQL.

What becomes what:
  turns   the utterances, all the user's; CoSQL's hold a question of the system and its answer between "|"
  domain  the database
  intent  the clause of the parsed query (`select`, `where`, `group_by`, ...), a frame for each
  slots   the columns in it, `table.column`; the values that they are compared with, without spans
  acts, state, delexicalised: None. `final`, the summary of a conversation, is not read
  id      the split and the number of the conversation
"""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from space_jax.corpora.corpus import Corpus
from space_jax.corpora.reading import collapsed, field, json_list, strings
from space_jax.corpora.sql_uses import Use, frames, roles, uses
from space_jax.dialogue.record import USER, Dialogue, Turn
from space_jax.errors import UserError
from space_jax.reading.text import read_bytes

TABLES = "tables.json"
_NAMES = {"train": "train.json", "validation": "dev.json"}
FOLDERS = ("", "sql_state_tracking/")
"""Where the files of a split lie in a release: SParC's beside the tables, CoSQL's with `cosql_` before their names."""


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column: its table ("" for "*"), its name and its type, in words."""

    table: str
    name: str
    kind: str

    @property
    def full_name(self) -> str:
        """`table.column`."""
        return f"{self.table}.{self.name}" if self.table else self.name


@dataclasses.dataclass(frozen=True, slots=True)
class SqlTurn:
    """An utterance and the uses of columns in its query."""

    text: str
    uses: tuple[Use, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation; `columns` are those of its database, of which a turn's query uses some."""

    id: str
    database: str
    columns: tuple[Column, ...]
    turns: tuple[SqlTurn, ...]

    def roles(self, turn: int) -> tuple[str, ...]:
        """The role of every column in a turn, "" for those that it does not use."""
        return roles(self.turns[turn].uses, len(self.columns))


def conversations(source: Path, split: str) -> Iterator[Conversation]:
    """The conversations of a split in the source's order.

    Args:
      source: the folder with `tables.json`, and `train.json` and `dev.json` or CoSQL's names for them.
      split: "train" or "validation" (the source's dev).

    Raises:
      UserError: files that are missing or damaged, a database or a column that there is not; with the file, the
        conversation and the turn.
    """
    path = _file_of(source, split)
    if path is None:
        raise UserError(f"{source}: expected {_NAMES[split]} or cosql_{_NAMES[split]}, found neither")
    if not (source / TABLES).is_file():
        raise UserError(f"{source}: expected {TABLES}, the databases of all splits, found no such file")
    databases = _databases(source / TABLES)
    for index, record in enumerate(json_list(read_bytes(path), str(path))):
        where = f"{path}: dialogue {index}"
        name = field(record, "database_id", str, where)
        if name not in databases:
            raise UserError(f"{where}: field database_id: expected a database of {TABLES}, found {name!r}")
        columns = databases[name]
        said = [
            SqlTurn(
                collapsed(field(turn, "utterance", str, f"{where}, turn {number}")),
                tuple(
                    uses(field(turn, "sql", dict, f"{where}, turn {number}"), len(columns), f"{where}, turn {number}")
                ),
            )
            for number, turn in enumerate(field(record, "interaction", list, where))
        ]
        if not said:
            raise UserError(f"{where}: field interaction: expected at least one turn, found none")
        yield Conversation(f"{split}-{index}", name, columns, tuple(said))


def load(source: Path, split: str) -> Iterator[Dialogue]:
    """The conversations of a split as dialogues, see the module; arguments and errors as for `conversations`."""
    for one in conversations(source, split):
        names = [column.full_name.lower() for column in one.columns]
        turns = (Turn(USER, turn.text, frames(turn.uses, names, one.database)) for turn in one.turns)
        yield Dialogue(one.id, tuple(turns))


def find_splits(source: Path) -> tuple[str, ...]:
    """The splits that `source` holds."""
    return tuple(split for split in _NAMES if _file_of(source, split) is not None)


def _file_of(source: Path, split: str) -> Path | None:
    names = (f"{folder}{before}{_NAMES[split]}" for folder in FOLDERS for before in ("", "cosql_"))
    return next((source / name for name in names if (source / name).is_file()), None)


def _databases(path: Path) -> Mapping[str, tuple[Column, ...]]:
    databases = {}
    for index, record in enumerate(json_list(read_bytes(path), str(path))):
        where = f"{path}: database {index}"
        databases[field(record, "db_id", str, where)] = tuple(_columns(record, where))
    return databases


def _columns(record: Any, where: str) -> Iterator[Column]:
    tables = strings(field(record, "table_names", list, where), f"{where}: field table_names")
    kinds = strings(field(record, "column_types", list, where), f"{where}: field column_types")
    named = field(record, "column_names", list, where)
    if len(named) != len(kinds):
        raise UserError(f"{where}: expected a type for each of {len(named)} columns, found {len(kinds)}")
    for number, (pair, kind) in enumerate(zip(named, kinds, strict=True)):
        match pair:
            case [int(table), str(name)] if -1 <= table < len(tables):
                yield Column(tables[table] if table >= 0 else "", name, kind)
            case _:
                raise UserError(f"{where}: column {number}: expected [table, name], found {pair!r}")


def _corpus(name: str, description: str, citation: str) -> Corpus:
    return Corpus(
        name=name,
        description=description,
        licence="CC BY-SA 4.0",
        citation=citation,
        needs_source=True,
        options={},
        read=load,
        find_splits=find_splits,
        splits=("train", "validation"),
    )


SPARC = _corpus(
    "sparc",
    "SParC: sequences of questions about a database, with their SQL; 3,034 / 422 conversations",
    "Yu et al., ACL 2019, arXiv 1906.02285; https://yale-lily.github.io/sparc",
)
COSQL = _corpus(
    "cosql",
    "CoSQL: conversations about a database, with the SQL of the user's turns; 2,164 / 293 conversations",
    "Yu et al., EMNLP 2019, arXiv 1909.05378; https://yale-lily.github.io/cosql",
)
