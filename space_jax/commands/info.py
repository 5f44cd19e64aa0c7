"""`space-jax info`: devices, versions, the state of a workdir."""

import argparse
import importlib.metadata
import platform
from pathlib import Path
from typing import Any

from rich.table import Table

import space_jax
from space_jax.config_files import read_config
from space_jax.remote import as_path
from space_jax.terminal import Console

PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "grain", "tensorflow-datasets", "sentencepiece", "tokenizers")


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("info", help="show devices, versions, and the state of a run")
    parser.add_argument("--workdir", type=as_path, help="folder of a pre-training run")
    parser.set_defaults(run=_run, takes_config=False)


def _run(given: argparse.Namespace, _: list[str]) -> None:
    import jax

    table = Table(show_header=False, title="space-jax")
    table.add_row("space-jax", space_jax.__version__)
    table.add_row("python", platform.python_version())
    for package in PACKAGES:
        table.add_row(package, importlib.metadata.version(package))
    table.add_row("devices", ", ".join(str(device) for device in jax.devices()))
    if given.workdir is not None:
        _add_workdir(table, given.workdir)
    Console().print(table)


def _add_workdir(table: Table, workdir: Path) -> None:
    from space_jax.training.checkpoint import find_checkpoints
    from space_jax.training.run_reader import CHECKPOINTS

    config = read_config(workdir)
    model, recipe = config.model, config.recipe
    steps, best = find_checkpoints(workdir / CHECKPOINTS)
    table.add_row("workdir", str(workdir))
    table.add_row("recipe", f"{recipe.name}, {model.layers} layers x {model.hidden}, {model.heads} heads")
    table.add_row("corpora", ", ".join(config.data.prepared))
    table.add_row("steps wanted", str(config.train.steps))
    table.add_row("checkpoints", ", ".join(map(str, steps)) or "none")
    table.add_row("best", "none" if best is None else str(best))
