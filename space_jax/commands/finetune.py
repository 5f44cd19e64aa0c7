"""`space-jax finetune`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from space_jax.commands.configs import add_config_argument
from space_jax.commands.numbers import seeds
from space_jax.commands.outputs import print_result
from space_jax.commands.sweeping import Measures, add_sweep_argument, configs_of, sweep
from space_jax.config_files import load_config, parse_overrides
from space_jax.remote import as_path


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "finetune",
        help="fine-tune a pre-trained model for a task; the same command continues a run that stopped",
        epilog="Any field of the configuration can be set: --config.train.epochs=5 --config.data.source=DIR",
    )
    add_config_argument(parser, "finetune/banking77")
    parser.add_argument(
        "--workdir", type=as_path, required=True, help="folder of the run: checkpoints, metrics, results"
    )
    parser.add_argument(
        "--init",
        metavar="DIR",
        help="start from a run, what 'space-jax convert' wrote, a Hugging Face folder, or 'minilm'",
    )
    parser.add_argument(
        "--graft",
        action="append",
        default=[],
        metavar="DIR:MODULE",
        help="put a module of another run into these weights, such as runs/other:pooler; may be given again",
    )
    parser.add_argument(
        "--shots", default="", metavar="N|N%|FILE", help="training records per class, a share, or a file with their ids"
    )
    parser.add_argument(
        "--seeds",
        type=seeds("--seeds"),
        default=[],
        metavar="S,S,...",
        help="one run per seed, in WORKDIR/seed-S; reports mean and spread",
    )
    add_sweep_argument(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, not a table, in a terminal too")
    parser.set_defaults(run=_run, takes_config=True)


def _run(given: argparse.Namespace, rest: list[str]) -> None:
    from space_jax.tasks.config import FinetuneConfig

    overrides = parse_overrides(rest)
    if given.sweep:
        _sweep(given, configs_of(given, overrides, FinetuneConfig))
        return
    config = load_config(given.config, overrides, FinetuneConfig)
    from space_jax.api.runs import finetune  # JAX is imported by the verbs that compute, not by --help

    results = finetune(config, given.workdir, given.init, given.shots, given.seeds, given.graft)
    if results is not None:  # not asked to stop
        print_result(results, given.json, f"{given.workdir}, on validation")


def _sweep(given: argparse.Namespace, configs: dict[str, Any]) -> None:
    from space_jax.api.runs import finetune
    from space_jax.tasks.registry import task_class

    def train(config: Any, folder: Path) -> Measures | None:
        results = finetune(config, folder, given.init, given.shots, given.seeds, given.graft)
        if results is None:
            return None
        measure = task_class(config.task.name).measure
        scores = {name: value for name, value in results.items() if isinstance(value, float | dict)}
        scores.pop("seconds_of_the_last_call", None)
        return {"step": results.get("step", "-"), measure: results[measure], **scores}

    sweep(configs, given.workdir, train, as_json=given.json or not sys.stdout.isatty())
