"""`space-jax data check`: what a task would make of data, before anything is trained."""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.terminal import Console, say

if TYPE_CHECKING:
    from space_jax.api.data_check import DataCheck
    from space_jax.tasks.checking.duplicates import Item
    from space_jax.tasks.checking.places import Places

_NAMED = 3  # of each finding
_LONGEST = 70  # characters of a text that is shown
_EPILOG = """
examples:
  space-jax data check train.csv --for intent --label-field category
  space-jax data check my_dialogues --for agent --database tables

A folder holds train, validation and test files (.jsonl, .csv, .tsv). Warnings end with status 0; status 2 means that
nothing can be used.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the action."""
    parser.epilog, parser.formatter_class = _EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("source", type=Path, metavar="FILE|FOLDER", help="dialogues, or rows of the task")
    parser.add_argument("--for", dest="task", required=True, choices=("intent", "slots", "track", "agent"))
    parser.add_argument("--database", default="", metavar="DIR", help="agent: its tables, a file or a folder")
    parser.add_argument("--text-field", metavar="NAME", help="of rows (text)")
    parser.add_argument("--label-field", metavar="NAME", help="intent: of rows (label)")
    parser.add_argument("--json", action="store_true", help="as JSON, with all labels and more places")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.api.data_check import check_data  # with JAX, for which --help need not wait

    found = check_data(given.source, given.task, given.database, given.text_field, given.label_field)
    if given.json:
        print(json.dumps(found.as_json(), indent=1))
    else:
        Console().print(_table(found, given))
        for line in _lines(found, given):
            say(line)
    if not found.records.usable:
        raise UserError(f"{given.source}: nothing in it can be used for {given.task}{_why(found)}")


def _why(found: "DataCheck") -> str:
    selections = found.records.splits.values()
    reasons = [*(error for one in selections for error in one.stops[:1])]
    reasons += [f"{what} ({count})" for one in selections for what, count, _ in one.left_out.ranked()[:1]]
    return f": {reasons[0]}" if reasons else ", which holds no turns"


def _table(found: "DataCheck", given: argparse.Namespace) -> Table:
    table = Table("split", "file", "read", "usable", "left out", title=f"for {given.task}")
    for split, one in found.records.splits.items():
        row = f"{one.read} {one.kind}", str(len(one.records)), str(one.left_out.total)
        table.add_row(escape(split), escape(one.file.name), *row)
    return table


def _lines(found: "DataCheck", given: argparse.Namespace) -> Iterator[str]:
    """One line for each kind of finding, the gravest first."""
    records = found.records
    for error in records.stops[:_NAMED]:
        yield f"fine-tuning stops: {error}"
    if len(records.stops) > _NAMED:
        yield f"fine-tuning stops: {len(records.stops) - _NAMED} more errors"
    for split, one in records.splits.items():
        for what, count, places in one.left_out.ranked():
            yield f"left out of {split}, {count}: {what} ({_some(places, count)})"
    train = records.labels.get("train", {})
    if train:
        yield f"labels of train, {len(train)}: {_some([f'{label} {count}' for label, count in train.items()])}"
    if len(train) == 1 and given.task == "intent":
        yield "a single label: there is nothing to tell apart"
    if records.rare:
        from space_jax.tasks.checking.findings import RARE

        yield f"rare labels, fewer than {RARE} in train: {_some([f'{name} {n}' for name, n in records.rare.items()])}"
    for split in records.splits:
        alone = [label for label, only in records.one_split.items() if only == split]
        if alone:
            yield f"labels that occur in {split} only: {_some(alone)}"
    for what, groups, named in (
        ("near duplicates with different labels", records.conflicts, "label"),
        ("near duplicates in different splits", records.across_splits, "split"),
    ):
        if groups:
            yield f"{what}, {len(groups)}: {'; '.join(_group(group, named) for group in groups[:_NAMED])}"
    if found.tables is not None:
        yield from _of_agent(found, given)


def _of_agent(found: "DataCheck", given: argparse.Namespace) -> Iterator[str]:
    tables = found.tables
    assert tables is not None
    states, system = tables.states, tables.system_turns
    yield f"user turns of train with a belief state: {states['with a state']} of {states['all']}"
    for what in ("with frames", "with delexicalised", "with a placeholder"):
        yield f"system turns of train {what}: {system[what]} of {system['all']}"
    if not states["with a state"]:
        yield "no belief state is annotated: the agent will search nothing"
    if not system["with a placeholder"]:
        yield "no system turn has a placeholder: the agent would repeat the values of the logs; see data delexicalise"
    if not given.database:
        yield "no --database: belief states were not compared with tables"
    yield from _counted("domains of belief states without a table", tables.domains, found.nearest)
    if tables.tables:
        yield f"tables that no belief state mentions: {_some(tables.tables)}"
    yield from _counted("slots without a column, which restrict no search", tables.slots, found.nearest)
    yield from _counted("values that no row has", tables.values)
    yield from _counted("placeholders that no column and no belief state fills", tables.placeholders)


def _counted(what: str, places: "Places", nearest: dict[str, str] | None = None) -> Iterator[str]:
    named = []
    for name, count, first in places.ranked():
        near = (nearest or {}).get(name, "")
        named.append(f"{name} ({count}{f', nearest {near}' if near else ''}; {first[0]})")
    if named:
        yield f"{what}: {_some(named)}"


def _some(names: Iterable[str], count: int | None = None) -> str:
    listed = list(names)
    count = len(listed) if count is None else count
    more = count - min(len(listed), _NAMED)
    return ", ".join(listed[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _group(items: "list[Item]", named: str) -> str:
    """The words of near duplicates, and the place of the first two, each by its label or its split."""
    text = items[0].text
    said = shown(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
    places = " and ".join(f"{getattr(one, named)} ({one.where})" for one in items[:2])
    return f"{said}: {places}"
