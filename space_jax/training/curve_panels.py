"""The panels of the curves of a run: what people look at first, then the loss terms, those of a kind side by side."""

import dataclasses
from collections.abc import Iterable, Sequence

from space_jax.training.measure_names import (
    FAMILIES,
    MEASURES,
    TERM,
    Words,
    direction,
    kind_of,
    measure_words,
    term_words,
)
from space_jax.training.metrics import EVALUATION_SECONDS, Record

COLUMNS = 4
HELD_OUT, TRAINING = "eval", "train"
LOSS = "loss"


@dataclasses.dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
      names: of the measure in `metrics.jsonl`; several for a family, such as the F1 of each slot.
      words: what is drawn.
      better: the direction, see `direction`; "" where it need not be said.
      scale: panels with the same one, in one row, share their vertical axis; "" for an axis of its own.
    """

    names: tuple[str, ...]
    words: Words
    better: str
    scale: str = ""


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the picture: rows of at most `COLUMNS` panels under a heading."""

    heading: str
    rows: tuple[tuple[Panel, ...], ...]


def sections(records: Iterable[Record], families: bool = True) -> list[Section]:
    """The picture of some records; sections without panels are left out.

    Args:
      records: of one or several runs.
      families: whether to show measures of which there is one for each slot, in one panel for all slots.
    """
    seen = {
        name
        for record in records
        for name, value in record.items()
        if isinstance(value, float) and (record["kind"] == HELD_OUT or name.startswith(TERM) or name == LOSS)
    } - {EVALUATION_SECONDS}
    terms = sorted(name for name in seen if name.startswith(TERM))
    measures = [_measure(name) for name in _in_order(seen - set(terms))]
    if families:
        measures += _families(seen)
    kinds = dict.fromkeys(map(kind_of, terms)) if len(terms) > 1 else ()  # the only term is the loss
    of_kind = [[_term(name) for name in terms if kind_of(name) == kind] for kind in kinds]
    found = [
        Section("Measures", _divided(measures)),
        Section("Loss terms: lower is better; those of a kind share their scale", _rows(of_kind)),
    ]
    return [section for section in found if section.rows]


def _in_order(names: Iterable[str]) -> list[str]:
    """The measures that are listed in their order, then others by name; the members of families are left out."""
    alone = sorted(name for name in names if not name.startswith(tuple(FAMILIES)))
    known = list(MEASURES)
    return sorted(alone, key=lambda name: known.index(name) if name in MEASURES else len(known))


def _measure(name: str) -> Panel:
    return Panel((name,), measure_words(name), direction(name))


def _term(name: str) -> Panel:
    return Panel((name,), term_words(name), "", kind_of(name))  # the heading has the direction


def _families(names: Iterable[str]) -> list[Panel]:
    by_prefix = {prefix: tuple(sorted(n for n in names if n.startswith(prefix))) for prefix in FAMILIES}
    return [Panel(members, FAMILIES[p], direction(p)) for p, members in by_prefix.items() if members]


def _divided(panels: Sequence[Panel]) -> tuple[tuple[Panel, ...], ...]:
    """Rows of as equal a number of panels as may be."""
    count = -(-len(panels) // COLUMNS)
    each = -(-len(panels) // count) if count else 1
    return tuple(tuple(panels[start : start + each]) for start in range(0, len(panels), each))


def _rows(kinds: Sequence[Sequence[Panel]]) -> tuple[tuple[Panel, ...], ...]:
    """Rows in which a kind stays together if it fits into one, beside others where there is room."""
    rows: list[list[Panel]] = []
    for kind in kinds:
        for start in range(0, len(kind), COLUMNS):
            part = kind[start : start + COLUMNS]
            room = next((row for row in rows if len(row) + len(part) <= COLUMNS), None)
            if room is None:
                rows.append(list(part))
            else:
                room.extend(part)
    return tuple(map(tuple, rows))
