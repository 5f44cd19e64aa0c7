"""`space-jax multiwoz-eval`: the standardised MultiWOZ evaluation of a file of predictions."""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from space_jax.commands.outputs import require_writable
from space_jax.errors import UserError
from space_jax.printable import printable
from space_jax.terminal import Console

if TYPE_CHECKING:
    from space_jax.evaluation.multiwoz import Report

_SHOWN = 5  # shown of each kind of unresolved things; --json lists all
_DOMAIN_SOURCES = {
    "given": "as the predictions have them",
    "placeholders": "read off placeholders such as [hotel_phone]",
    "states": "estimated from the states",
}


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "multiwoz-eval", help="compute Inform, Success, BLEU and richness of predictions on MultiWOZ"
    )
    parser.add_argument(
        "predictions",
        type=Path,
        nargs="?",
        metavar="PREDICTIONS",
        help="JSON, gzipped or not: {id: [{response, state (optional), active_domains (optional)}, ...]}",
    )
    parser.add_argument(
        "--source",
        type=Path,
        required=True,
        metavar="DIR",
        help="holds multiwoz21/test.json.zip and multiwoz_eval/ with the database and the turns of bookings; or what "
        "--prepare made of them",
    )
    parser.add_argument(
        "--prepare",
        type=Path,
        metavar="OUT",
        help="instead of evaluating, write all that this needs of DIR to the folder OUT, in one file of a megabyte; "
        "`--source OUT` gives the same figures where the corpus is not",
    )
    parser.add_argument(
        "--active-domains",
        choices=("placeholders", "states"),
        help="where active domains are from (default: those given; without them the placeholders, if these name "
        "domains; else the states)",
    )
    parser.add_argument("--json", action="store_true", help="as JSON instead of tables")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON here, too")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    from space_jax.evaluation.multiwoz import evaluate, read_benchmark, read_predictions, write_prepared

    if (given.predictions is None) == (given.prepare is None):
        raise UserError("multiwoz-eval: expected either a file of predictions or --prepare OUT")
    if given.prepare is not None:
        print(write_prepared(given.source, given.prepare))
        return
    if given.out is not None:
        require_writable(given.out, "--out")
    predictions = read_predictions(given.predictions)
    report = evaluate(predictions, read_benchmark(given.source), given.active_domains)
    text = json.dumps(report.to_json(), indent=1)
    if given.out is not None:
        temporary = given.out.with_name(f".{given.out.name}.{os.getpid()}")
        temporary.write_text(text + "\n", encoding="utf-8")
        os.replace(temporary, given.out)
    if given.json:
        print(text)
    else:
        _show(report, str(given.predictions))


def _show(report: "Report", title: str) -> None:
    figures = report.to_json()
    console = Console()
    console.print(title, markup=False, highlight=False, soft_wrap=True)
    console.print(_table("", {name: figures[name] for name in ("inform", "success", "bleu", "combined")}))
    domains = Table("domain", "inform", "success")
    for domain, rate in figures["inform_by_domain"].items():
        domains.add_row(domain, str(rate), str(figures["success_by_domain"][domain]))
    console.print(domains)
    console.print(_table("richness", figures["richness"]))
    for line in _remarks(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(title: str, rows: Mapping[str, Any]) -> Table:
    table = Table(show_header=False, title=title or None)
    for name, value in rows.items():
        table.add_row(name.replace("_", " "), str(value))
    return table


def _remarks(report: "Report") -> list[str]:
    """How the figures were computed, and what could not be used."""
    figures = report.to_json()
    lines = [
        f"multiwoz-eval {figures['version']}: {report.dialogues} dialogues, {report.turns} system turns",
        f"active domains: {_DOMAIN_SOURCES[report.domain_source]}",
    ]
    if report.turns_without_state:
        lines.append(f"states: the annotated ones for all turns, since {report.turns_without_state} have none")
    else:
        lines.append("states: as predicted")
    if report.missing:
        some = ", ".join(report.missing[:_SHOWN])
        lines.append(f"missing: {len(report.missing)} test dialogues, left out of every figure: {some}")
    for kind, count in (("fewer", report.shorter), ("more", report.longer)):
        if count:
            lines.append(f"{count} dialogues have {kind} turns than the reference: scored over the turns of both")
    for kind, counts in report.unresolved.items():
        if counts:
            some = ", ".join(f"{printable(name)} ({count})" for name, count in list(counts.items())[:_SHOWN])
            lines.append(f"not resolved, {kind}: {len(counts)} different, {sum(counts.values())} times: {some}")
    return lines
