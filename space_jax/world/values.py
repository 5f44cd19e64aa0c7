"""What a value means, however it is spelt: the rules by which a belief state finds rows of a table.

Rules, in this order; the first that finds something decides:
  don't care    `dontcare`, "any", "do n't care", ... (`dialogue.dont_care`) restrict nothing
  same          equal in lower case, without "the ", "a ", "an " in front, punctuation and surplus blanks; "&" is "and"
  number        "two", "2 people" and "2.0" are "2"; a column of numbers only
  time          "7:15 pm" and "19:15:00" are "19:15", "noon" is "12:00"; a column of times only
  truth         "yes" is "true" or "1", "no" is "false" or "0"; a column of truth values only
  part          the words of the value stand in a row in exactly one value of the column ("golden dragon" finds "golden
                dragon restaurant")
  typo          the most similar value of the column, if `difflib` finds them alike in 80% of their characters and no
                other is as similar; a value shorter than four characters must be spelt right

A cell may list several values, with ";", "|" or commas between them: one of them is enough for the first four rules. By
the last two rules no value finds another number or code (`figures`) nor its opposite (`opposite`).
"""

import functools
import re
from collections.abc import Callable, Sequence

from space_jax.dialogue.dont_care import is_dont_care, is_unset
from space_jax.world.numbers import as_minutes, as_number, as_truth, cell_truth, lone_number
from space_jax.world.spelling import figures, normal, opposite, similarity

TYPO_SIMILARITY = 0.8
SHORTEST_TYPO = 4

_BETWEEN = re.compile(r"[;|]|,(?![0-9])|(?<![0-9]),")

_READINGS: tuple[tuple[Callable[[str], object], Callable[[str], object]], ...] = (
    (as_number, lone_number),
    (as_minutes, as_minutes),
    (as_truth, cell_truth),
)
"""How a value is read, and how the cells of a column that has only such values."""


def restricts_nothing(value: str) -> bool:
    """Whether a value of a belief state says that any is right, or that there is none."""
    return is_dont_care(value) or is_unset(value)


@functools.lru_cache(maxsize=1 << 16)
def listed(cell: str) -> tuple[str, ...]:
    """The values that a cell lists, the cell itself if it is one value.

    >>> listed("Thai, Chinese"), listed("12,50")
    (('Thai', 'Chinese'), ('12,50',))
    """
    parts = tuple(part.strip() for part in _BETWEEN.split(cell) if normal(part))
    return parts if len(parts) > 1 else (cell,)


def nearest(value: str, known: Sequence[str]) -> tuple[str, ...]:
    """The values of a column that a value means, by the rules of this module; empty if it means none of them."""
    wanted = normal(value)
    same = tuple(one for one in known if one == value or any(_same(value, part) for part in (one, *listed(one))))
    if same or not wanted:
        return same
    for of_value, of_cell in _READINGS:
        meant = of_value(value)
        if meant is not None and known and all(of_cell(part) is not None for one in known for part in listed(one)):
            return tuple(one for one in known if meant in map(of_cell, listed(one)))
    return _part(wanted, known) or _typo(wanted, known)


def _same(value: str, cell: str) -> bool:
    plain = normal(value)  # without a minus sign
    return bool(plain) and plain == normal(cell) and lone_number(value) == lone_number(cell)


def _part(wanted: str, known: Sequence[str]) -> tuple[str, ...]:
    held = tuple(one for one in known if f" {wanted} " in f" {normal(one)} ")
    return held if len(set(map(normal, held))) == 1 and not opposite(wanted, normal(held[0])) else ()


def _typo(wanted: str, known: Sequence[str]) -> tuple[str, ...]:
    if len(wanted) < SHORTEST_TYPO:
        return ()
    plain = dict.fromkeys(map(normal, known))
    alike = {one: share for one in plain if (share := similarity(wanted, one, TYPO_SIMILARITY))}
    best = [one for one in alike if alike[one] == max(alike.values())]
    if len(best) != 1 or figures(wanted) != figures(best[0]) or opposite(wanted, best[0]):
        return ()
    return tuple(one for one in known if normal(one) == best[0])
