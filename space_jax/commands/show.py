"""`space-jax show`: what a run has learnt: measures before and after, and examples with predictions."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from space_jax.config_files import apply_overrides, parse_overrides, read_config
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.terminal import Console


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "show",
        help="show what a run learnt: measures before and after, predictions beside the truth",
        epilog="For example: space-jax show --workdir runs/quickstart/agent --n 1. Where the data has moved: "
        "--config.data.prepared=DIR, --config.data.source=DIR",
    )
    parser.add_argument("--workdir", type=as_path, required=True, help="folder of a run of any kind")
    parser.add_argument(
        "--n", type=int, default=3, help="held-out turns, of an agent dialogues; 0 for the table alone (%(default)s)"
    )
    parser.set_defaults(run=_run, takes_config=True)


def _run(given: argparse.Namespace, rest: list[str]) -> None:
    if given.n < 0:
        raise UserError(f"--n: {given.n} is negative")
    from space_jax.tasks.config import is_finetuned

    console, overrides = Console(), parse_overrides(rest)
    shown = _finetuned if is_finetuned(given.workdir) else _pretrained
    for part in shown(given.workdir, given.n, overrides):
        console.print(part)
    console.print(f"curves: {given.workdir / 'curves.png'}")


def _pretrained(workdir: Path, count: int, overrides: dict[str, str]) -> Iterable[RenderableType]:
    config = apply_overrides(read_config(workdir), overrides)
    from space_jax.training.run_report import before_and_after, predictions

    yield before_and_after(workdir)
    yield from predictions(config, workdir, count) if count else ()


def _finetuned(workdir: Path, count: int, overrides: dict[str, str]) -> Iterable[RenderableType]:
    from space_jax.tasks.config import FinetuneConfig

    config = apply_overrides(read_config(workdir, FinetuneConfig), overrides)
    from space_jax.tasks.run_report import examples, measures

    yield measures(workdir)
    if not count:
        return
    if config.task.name == "dialogue":
        from space_jax.agent.run_report import answered

        yield from answered(config, workdir, count)
    else:
        yield from examples(workdir, count, overrides)
