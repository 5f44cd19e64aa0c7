"""`--sweep` of `pretrain` and `finetune`: a run for each value of a setting, in folders of one workdir."""

import argparse
import itertools
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from space_jax.commands.outputs import cell
from space_jax.config_files import OVERRIDE, load_config
from space_jax.errors import UserError
from space_jax.terminal import Console, say

SUMMARY, FAILED = "sweep.json", "failed"
MOST_COLUMNS = 5  # of the step and measures
Measures = dict[str, Any]
Train = Callable[[Any, Path], Measures | None]
"""Trains in a folder; gives the best checkpoint's step and measures, that which decides first; None if stopped."""


def add_sweep_argument(parser: argparse.ArgumentParser) -> None:
    """Declares `--sweep`."""
    parser.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="FIELD=V,V,...",
        help="a run for each value, in WORKDIR/FIELD=V; given several times, for each combination: "
        "--sweep optimiser.learning_rate=1e-4,3e-4",
    )


def configs_of(given: argparse.Namespace, overrides: Mapping[str, str], kind: type) -> dict[str, Any]:
    """Name of a folder -> configuration, for each combination of values; all are made before anything runs.

    Raises:
      UserError: a `--sweep` that is none, a field that does not exist or is set twice, a value out of its range.
    """
    fields: dict[str, list[str]] = {}
    for text in given.sweep:
        name, _, values = text.removeprefix(OVERRIDE).partition("=")
        listed = [value.strip() for value in values.split(",") if value.strip()]
        if not name or not listed:
            raise UserError(f"--sweep {text}: expected FIELD=V,V,..., as optimiser.learning_rate=1e-4,3e-4")
        if name in overrides or name in fields:
            raise UserError(f"--sweep {text}: {name} is set elsewhere on the command line, too")
        if len(set(listed)) < len(listed):
            raise UserError(f"--sweep {text}: names a value twice")
        fields[name] = listed
    grid = [dict(zip(fields, values, strict=True)) for values in itertools.product(*fields.values())]
    return {_folder(chosen): load_config(given.config, {**overrides, **chosen}, kind) for chosen in grid}


def sweep(
    configs: Mapping[str, Any], workdir: Path, train: Train, falling: bool = False, as_json: bool = False
) -> None:
    """Trains each in its folder and prints a table; one that fails is named at the end, and the others go on.

    The same call goes on where it was stopped: a run that has ended is only looked at again.

    Args:
      configs: of `configs_of`.
      workdir: gets the folders, and `sweep.json`.
      train: trains one.
      falling: whether a run is better for a lower measure.
      as_json: print JSON, not a table.

    Raises:
      UserError: some runs failed; the table of the others is printed before.
    """
    measured: dict[str, Measures] = {}
    failed: dict[str, str] = {}
    for number, (name, config) in enumerate(configs.items(), start=1):
        say(f"run {number} of {len(configs)}: {name}", sys.stderr, flush=True)
        try:
            result = train(config, workdir / name)
        except UserError as error:
            failed[name] = str(error)
            say(f"failed: {error}", sys.stderr, flush=True)
            continue
        if result is None:
            say(f"stopped in {name}; the same command continues from here", sys.stderr)
            return
        measured[name] = result
    every = {name: measured.get(name) or {FAILED: failed[name]} for name in configs}
    _report(workdir, every, falling, as_json)
    if failed:
        name, reason = next(iter(failed.items()))
        raise UserError(f"{len(failed)} of {len(configs)} runs failed, of which the first is {name}: {reason}")


def _folder(chosen: Mapping[str, str]) -> str:
    return ",".join(f"{name}={re.sub(r'[^A-Za-z0-9_.+-]', '_', value)}" for name, value in chosen.items())


def _report(workdir: Path, every: Mapping[str, Measures], falling: bool, as_json: bool) -> None:
    import jax

    from space_jax.tasks.workdir import write_json
    from space_jax.training.workdir import Workdir

    if jax.process_index():
        return
    place = Workdir(workdir)
    place.fetch()
    place.local.mkdir(parents=True, exist_ok=True)
    write_json(place.local / SUMMARY, every)
    place.publish()
    if as_json:
        print(json.dumps(every, indent=1))
    else:
        Console().print(table_of(every, str(workdir), falling))


def table_of(every: Mapping[str, Measures], title: str, falling: bool) -> Table:
    """One row for each run, in the order of the values; the best is marked."""
    names = list(dict.fromkeys(name for one in every.values() for name in one if name != FAILED))[:MOST_COLUMNS]
    best = _best({run: one for run, one in every.items() if FAILED not in one}, falling)
    table = Table(title=Text(title))
    for field in _values(next(iter(every))):
        table.add_column(Text(field.rpartition(".")[2].replace("_", " ")), overflow="fold")
    for name in names:
        table.add_column(Text(name.replace("_", " ")), overflow="fold")
    table.add_column("")
    for run, one in every.items():
        cells = [cell(one[name]) if name in one else "-" for name in names]
        mark = FAILED if FAILED in one else "best" if run == best else ""
        table.add_row(*map(Text, [*_values(run).values(), *cells, mark]), style="bold" if run == best else "")
    return table


def _values(folder: str) -> dict[str, str]:
    """Field -> value, of the name of a run's folder."""
    return {name: value for name, _, value in (part.partition("=") for part in folder.split(","))}


def _best(measured: Mapping[str, Measures], falling: bool) -> str | None:
    """The run whose first measure behind its step is the best; None where nothing can be compared."""

    def score(run: str) -> float:
        value = list(measured[run].values())[1]
        number = float(value["mean"] if isinstance(value, dict) else value)
        return -number if falling else number

    return max(measured, key=score) if len(measured) > 1 else None
