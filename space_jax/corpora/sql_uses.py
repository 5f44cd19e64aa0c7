"""What a parsed SQL query does with each column, as words: STAR's roles of columns, and frames of the same.

The parse is that of Spider, SParC and CoSQL (the field `sql` of their files): clauses of numbers, where a column is its
number in the database's list, 0 being "*".
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.errors import UserError

AGGREGATES = ("", "MAX", "MIN", "COUNT", "SUM", "AVG")
OPERATORS = ("NOT", "BETWEEN", "=", ">", "<", ">=", "<=", "!=", "IN", "LIKE", "IS", "EXISTS")
SETS = ("intersect", "except", "union")
NESTED = "OP_SEL"
UNUSED = ""
"""The role of a column that a query does not use."""


class Use(NamedTuple):
    """One place where a query names a column.

    Attributes:
      column: its number.
      clause: "SELECT", "FROM", "WHERE", "GROUP_BY", "HAVING" or "ORDER_BY".
      words: the clause with all that stands around the column.
      value: what it is compared with, "" for nothing or for another column.
    """

    column: int
    clause: str
    words: tuple[str, ...]
    value: str = ""


def uses(sql: Mapping[str, Any], columns: int, where: str) -> list[Use]:
    """Every use of a column in a query, clause by clause, nested queries where they stand.

    Args:
      sql: the parse.
      columns: how many the database has.
      where: the file and the turn, for the message.

    Raises:
      UserError: it is no parse of a query, or names a column that there is not.
    """
    try:
        found = list(_query(sql, ()))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UserError(
            f"{where}: field sql: expected a parsed query as in Spider, found another form ({error!r})"
        ) from None
    wrong = next((use.column for use in found if type(use.column) is not int or not 0 <= use.column < columns), None)
    if wrong is not None:
        raise UserError(f"{where}: field sql: expected columns from 0 to {columns - 1}, found {wrong!r}")
    return found


def roles(found: Iterable[Use], columns: int) -> tuple[str, ...]:
    """The role of every column: the words of its uses, each word once.

    >>> roles([Use(1, "SELECT", ("SELECT",)), Use(1, "ORDER_BY", ("ORDER_BY", "DESC", "LIMIT"))], 3)
    ('', 'SELECT ORDER_BY DESC LIMIT', '')

    Args:
      found: from `uses`.
      columns: how many the database has.

    Source: Cai et al., "STAR", EMNLP Findings 2022 (arXiv 2210.11888), schema state tracking; words after its released
      code: those of a nested query begin with OP_SEL, here those of a set operation's second query with its name.
    """
    words: list[dict[str, None]] = [{} for _ in range(columns)]
    for use in found:
        words[use.column].update(dict.fromkeys(use.words))
    return tuple(" ".join(one) for one in words)


def frames(found: Iterable[Use], names: Sequence[str], database: str) -> tuple[Frame, ...]:
    """The query as a semantic tree: database, clause, column, the value that it is compared with.

    Args:
      found: from `uses`.
      names: of the columns.
      database: its name, the domain.
    """
    trees: dict[str, dict[str, dict[str, None]]] = {}
    for use in found:
        values = trees.setdefault(use.clause.lower(), {}).setdefault(names[use.column], {})
        values.update({use.value: None} if use.value else {})
    return tuple(
        Frame(database, clause, tuple(Slot(name, tuple(Value(v) for v in values)) for name, values in slots.items()))
        for clause, slots in trees.items()
    )


def _query(sql: Mapping[str, Any], outer: tuple[str, ...]) -> Iterator[Use]:
    _, selected = sql["select"]
    for aggregate, unit in selected:
        yield from _of_unit(unit, "SELECT", outer, AGGREGATES[aggregate])
    for kind, table in sql["from"]["table_units"]:
        if kind == "sql":
            yield from _query(table, (*outer, NESTED))
    yield from _conditions(sql["from"]["conds"], "FROM", outer)
    yield from _conditions(sql["where"], "WHERE", outer)
    for aggregate, column, _ in sql["groupBy"]:
        yield _use(column, "GROUP_BY", outer, AGGREGATES[aggregate])
    yield from _conditions(sql["having"], "HAVING", outer)
    if sql["orderBy"]:
        direction, units = sql["orderBy"]
        after = (direction.upper(), "LIMIT" if sql["limit"] is not None else "")
        for unit in units:
            yield from _of_unit(unit, "ORDER_BY", outer, after=after)
    for name in SETS:
        if sql[name] is not None:
            yield from _query(sql[name], (*outer, name.upper()))


def _conditions(conditions: Sequence[Any], clause: str, outer: tuple[str, ...]) -> Iterator[Use]:
    """Those of FROM, WHERE or HAVING; "and" and "or" stand between them."""
    for condition in itertools.islice(conditions, 0, None, 2):
        negated, operator, unit, *values = condition
        after = ("NOT" if negated else "", OPERATORS[operator])
        literals = [str(value).strip("'\"") for value in values if isinstance(value, str | int | float)]
        yield from _of_unit(unit, clause, outer, after=after, value=" ".join(literals))
        for value in values:
            if isinstance(value, dict):
                yield from _query(value, (*outer, NESTED))
            elif isinstance(value, list):  # another column
                aggregate, column, _ = value
                yield _use(column, clause, outer, AGGREGATES[aggregate], after)


def _of_unit(
    unit: Any, clause: str, outer: tuple[str, ...], before: str = "", after: tuple[str, ...] = (), value: str = ""
) -> Iterator[Use]:
    """The one or two columns of an arithmetic unit."""
    _, *parts = unit
    for aggregate, column, _ in (part for part in parts if part is not None):
        yield _use(column, clause, outer, before or AGGREGATES[aggregate], after, value)


def _use(
    column: Any, clause: str, outer: tuple[str, ...], aggregate: str = "", after: tuple[str, ...] = (), value: str = ""
) -> Use:
    return Use(column, clause, tuple(word for word in (*outer, clause, aggregate, *after) if word), value)
