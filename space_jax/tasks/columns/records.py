"""Records of roles of columns: the utterances so far, the columns of the database, and their roles."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from space_jax.corpora.sql_conversations import Column, Conversation
from space_jax.corpora.sql_uses import UNUSED
from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.tasks.record_sources import place_of


@dataclasses.dataclass(frozen=True)
class ColumnsRecord:
    """A turn of a conversation about a database.

    Attributes:
      id: unique.
      utterances: up to this turn, the oldest first.
      columns: of the database.
      before: the role of each in the turn before, "" for unused.
      roles: the role of each in this turn; None if not annotated.
      where: file and line, for people; "" if the record is not from a line of a file.
    """

    id: str
    utterances: tuple[str, ...]
    columns: tuple[Column, ...]
    before: tuple[str, ...]
    roles: tuple[str, ...] | None = None
    where: str = dataclasses.field(default="", compare=False)


def of_conversation(conversation: Conversation) -> Iterator[ColumnsRecord]:
    """The turns of a conversation."""
    before = (UNUSED,) * len(conversation.columns)
    for number in range(len(conversation.turns)):
        said = tuple(turn.text for turn in conversation.turns[: number + 1])
        roles = conversation.roles(number)
        yield ColumnsRecord(f"{conversation.id}-{number}", said, conversation.columns, before, roles)
        before = roles


def of_row(row: Mapping[str, Any], where: str, number: int) -> ColumnsRecord:
    """The record of a JSON object.

    It has `utterances`, a list of texts, the last one being this turn; `columns`, a list of objects with `table` and
    `name`, perhaps `type` and `before`, the role in the turn before; and perhaps `roles`, a list of texts.

    Raises:
      UserError: a field that is missing or of another form.
    """
    said, columns = row.get("utterances"), row.get("columns")
    if not isinstance(said, list) or not said or not all(isinstance(text, str) for text in said):
        raise UserError(f"{where}: field utterances: expected a list of texts, found {shown(said)}")
    if not isinstance(columns, list) or not columns:
        raise UserError(f"{where}: field columns: expected a list of columns, found {shown(columns)}")
    read = [_column(column, f"{where}: field columns: {place}") for place, column in enumerate(columns)]
    roles = row.get("roles")
    if roles is not None:
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            raise UserError(f"{where}: field roles: expected a list of texts, found {shown(roles)}")
        if len(roles) != len(columns):
            raise UserError(
                f"{where}: field roles: expected one for each of {len(columns)} columns, found {len(roles)}"
            )
    return ColumnsRecord(
        str(row.get("id", number)),
        tuple(said),
        tuple(column for column, _ in read),
        tuple(before for _, before in read),
        None if roles is None else tuple(roles),
        place_of(row, where),
    )


def _column(record: Any, where: str) -> tuple[Column, str]:
    """A column and its role in the turn before."""
    match record:
        case {"table": str(table), "name": str(name)}:
            kind, before = record.get("type", ""), record.get("before", UNUSED)
            if isinstance(kind, str) and isinstance(before, str):
                return Column(table, name, kind), before
    raise UserError(f"{where}: expected an object with the texts table and name, found {shown(record)}")
