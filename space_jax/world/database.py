"""The tables that an agent searches, kept in SQLite and queried by belief states.

No user's text enters the text of a query: tables and columns have numbers there, and a wanted value is first looked up
among the values of its column and then bound as a parameter.
"""

import functools
import sqlite3
import weakref
from collections.abc import Iterable, Mapping, Sequence

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.world.cells import UNKNOWN, Row
from space_jax.world.numbers import as_minutes, time_limit
from space_jax.world.spelling import plain_name
from space_jax.world.values import nearest, restricts_nothing


class Database:
    """A table for each domain, in memory. Slots without a column restrict nothing.

    Domains and columns may be written in any way that `plain_name` makes the same.

    Args:
      tables: domain -> rows; a column that a row lacks is not known there.
      lenient: whether a value that no spelling rule finds in its column restricts nothing, instead of matching no row.
        For tables as small as a dialogue's own, where users ask for values that are not in the table ("the nearest").

    Raises:
      UserError: a table without columns, or with two of one name.
    """

    def __init__(self, tables: Mapping[str, Sequence[Mapping[str, str]]], lenient: bool = False) -> None:
        self.lenient = lenient
        self._columns: dict[str, tuple[str, ...]] = {}
        self._tables: dict[str, str] = {}
        # The agent answers one turn at a time, though a web server may use a different thread each time.
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._connection.close)  # Python 3.13 warns of one that is left to the collector
        self._connection.create_function("minutes", 1, lambda cell: as_minutes(cell or ""), deterministic=True)
        for number, (domain, rows) in enumerate(tables.items()):
            self._add(plain_name(domain), f"t{number}", rows)
        self._known = functools.lru_cache(maxsize=None)(self._distinct)

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains that have a table."""
        return tuple(self._columns)

    def columns(self, domain: str) -> tuple[str, ...]:
        """The columns of a domain's table, () if it has none."""
        return self._columns.get(plain_name(domain), ())

    def spellings(self, domain: str, slot: str, value: str) -> tuple[str, ...]:
        """The values of a column that `value` means (`world.values.nearest`)."""
        domain, slot = plain_name(domain), plain_name(slot)
        return nearest(value, self._known(domain, slot)) if slot in self.columns(domain) else ()

    def query(self, domain: str, constraints: Mapping[str, str | Sequence[str]]) -> list[Row]:
        """The rows that satisfy every constraint, in the order of the table, those first that are known to.

        Args:
          domain: of the table; one that has none gives no rows.
          constraints: slot -> value, or several values of which one must hold. See `world.values` for what a value
            means, and the class for slots without a column.

        Returns:
          Rows with all columns.
        """
        domain = plain_name(domain)
        if domain not in self._columns:
            return []
        clauses, parameters, unknown = ["1"], [], ["FALSE"]
        for slot, given in ((plain_name(slot), given) for slot, given in constraints.items()):
            values = (given,) if isinstance(given, str) else tuple(given)
            if slot not in self._columns[domain] or not values or any(map(restricts_nothing, values)):
                continue
            clause, bound = self._clause(domain, slot, values)
            if clause:
                clauses.append(clause)
                parameters += bound
                unknown.append(self._unknown(domain, slot))
        columns = self._columns[domain]
        order = f"({' + '.join(unknown)}), rowid"  # in brackets, or a constant would be the number of a column
        chosen = f"SELECT * FROM {self._tables[domain]} WHERE {' AND '.join(clauses)} ORDER BY {order}"
        return [dict(zip(columns, row, strict=True)) for row in self._connection.execute(chosen, parameters)]

    def _add(self, domain: str, table: str, rows: Sequence[Mapping[str, str]]) -> None:
        names = dict.fromkeys(column for row in rows for column in row)
        columns = tuple(map(plain_name, names))
        if not columns:
            raise UserError(f"table {domain!r}: expected rows with at least one column, found none")
        if "" in columns or len(set(columns)) < len(columns):
            raise UserError(f"table {domain!r}: expected different names for the columns, found {shown(list(names))}")
        most = self._connection.getlimit(sqlite3.SQLITE_LIMIT_COLUMN)
        if len(columns) > most:
            raise UserError(f"table {domain!r}: expected at most {most:,} columns, found {len(columns):,}")
        self._columns[domain], self._tables[domain] = columns, table
        self._connection.execute(f"CREATE TABLE {table} ({', '.join(f'c{n} TEXT' for n in range(len(columns)))})")
        places = ", ".join("?" for _ in columns)
        cells = ([str(row.get(column, "")) for column in names] for row in rows)
        self._connection.executemany(f"INSERT INTO {table} VALUES ({places})", cells)

    def _column(self, domain: str, name: str) -> str:
        return f"c{self._columns[domain].index(name)}"

    def _unknown(self, domain: str, name: str) -> str:
        return f"({self._column(domain, name)} IN ('', '?'))"

    def _distinct(self, domain: str, column: str) -> tuple[str, ...]:
        name = self._column(domain, column)
        cells = self._connection.execute(f"SELECT DISTINCT {name} FROM {self._tables[domain]} ORDER BY {name}")
        return tuple(cell for (cell,) in cells if cell not in UNKNOWN)

    def _clause(self, domain: str, slot: str, values: Iterable[str]) -> tuple[str, list[str | int]]:
        """One condition with its parameters; none where the value matches nothing and the database is lenient."""
        column, conditions, bound = self._column(domain, slot), [], list[str | int]()
        for value in values:
            limit = time_limit(slot, value)
            if limit is not None and all(as_minutes(cell) is not None for cell in self._known(domain, slot)):
                conditions.append(f"minutes({column}) {'<=' if limit[0] == 'before' else '>='} ?")
                bound.append(limit[1])
            else:
                meant = self.spellings(domain, slot, value)
                conditions += [f"{column} = ?"] * len(meant)
                bound += meant
        if not conditions and self.lenient:
            return "", []
        return f"({' OR '.join([self._unknown(domain, slot), *conditions])})", bound
