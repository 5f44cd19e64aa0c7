"""`space-jax info`: devices, versions, the state of a workdir."""

import argparse
import importlib.metadata
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

import space_jax
from space_jax.config import ModelConfig, PretrainConfig
from space_jax.config_files import read_config
from space_jax.remote import as_path
from space_jax.terminal import Console

if TYPE_CHECKING:
    from space_jax.tasks.config import FinetuneConfig

_MEBIBYTES = 4 / 2**20  # of a float32 number
PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "grain", "tensorflow-datasets", "sentencepiece", "tokenizers")


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser("info", help="show devices, versions, and the state of a run")
    parser.add_argument("--workdir", type=as_path, help="folder of a run of any kind")
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
    from space_jax.models.modules import module_sizes
    from space_jax.tasks.config import FinetuneConfig, is_finetuned
    from space_jax.training.checkpoint import find_checkpoints, parameter_shapes
    from space_jax.training.workdir import CHECKPOINTS

    finetuned = is_finetuned(workdir)
    rows = _of_finetuning(read_config(workdir, FinetuneConfig)) if finetuned else _of_pretraining(read_config(workdir))
    steps, best = find_checkpoints(workdir / CHECKPOINTS)
    table.add_row("workdir", str(workdir))
    for name, value in rows.items():
        table.add_row(name, value)
    table.add_row("checkpoints", ", ".join(map(str, steps)) or "none")
    table.add_row("best", "none" if best is None else str(best))
    if steps:
        shapes = parameter_shapes(workdir / CHECKPOINTS, steps[-1])
        for module, size in module_sizes(shapes).items():
            table.add_row(f"module {module}", f"{size:,} parameters, {_MEBIBYTES * size:.1f} MiB")


def _of_pretraining(config: PretrainConfig) -> dict[str, str]:
    from space_jax.features.workers import worker_sentence

    return {
        "recipe": f"{config.recipe.name}, {_sizes(config.model)}",
        "corpora": ", ".join(config.data.prepared),
        "steps wanted": str(config.train.steps),
        "input": worker_sentence(config.data.workers),
    }


def _of_finetuning(config: "FinetuneConfig") -> dict[str, str]:
    data, train = config.data, config.train
    files = {split: getattr(data, split) for split in ("train", "validation", "test")}
    own = ", ".join(f"{split} {file}" for split, file in files.items() if file)
    return {
        "task": config.task.name,
        "weights": f"{config.recipe or 'of no recipe'}, {_sizes(config.model)}",
        "data": own or ", ".join(part for part in (data.corpus, data.source, *data.options) if part),
        "passes wanted": f"{train.epochs}{f', until {train.patience} are no better' if train.patience else ''}",
    }


def _sizes(model: ModelConfig) -> str:
    return f"{model.layers} layers x {model.hidden}, {model.heads} heads"
