"""`space-jax finetune`."""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from space_jax.commands.configs import add_config_argument
from space_jax.config_files import load_config, parse_overrides
from space_jax.errors import UserError


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "finetune",
        help="fine-tune a pre-trained model for a task; the same command goes on with a run that stopped",
        epilog="Any field of the configuration can be set: --config.train.epochs=5 --config.data.source=DIR",
    )
    add_config_argument(parser, "finetune/banking77")
    parser.add_argument("--workdir", type=Path, required=True, help="folder of the run: checkpoints, metrics, results")
    parser.add_argument(
        "--init",
        metavar="DIR",
        help="start from a run, what 'space-jax convert' wrote, a Hugging Face folder, or 'minilm'",
    )
    parser.add_argument(
        "--shots", default="", metavar="N|N%|FILE", help="training records a class, a share, or a file with their ids"
    )
    parser.add_argument(
        "--seeds",
        default="",
        metavar="S,S,...",
        help="a run for each seed, in WORKDIR/seed-S; mean and spread of all",
    )
    parser.set_defaults(run=_run, takes_config=True)


def _run(given: argparse.Namespace, rest: list[str]) -> None:
    from space_jax.tasks.config import FinetuneConfig

    config = load_config(given.config, parse_overrides(rest), FinetuneConfig)
    seeds = _seeds(given.seeds)
    from space_jax.tasks.finetune import Subset, finetune  # JAX is imported by the verbs that compute, not by --help
    from space_jax.tasks.several import summarise

    if not seeds:
        results = finetune(config, given.workdir, given.init, Subset(given.shots, config.train.seed))
        _show(results)
        return
    runs = {}
    for seed in seeds:
        seeded = dataclasses.replace(config, train=dataclasses.replace(config.train, seed=seed))
        results = finetune(seeded, given.workdir / f"seed-{seed}", given.init, Subset(given.shots, seed))
        if results is None:  # asked to stop
            return
        runs[seed] = results
    _show(summarise(given.workdir, runs))


def _seeds(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise UserError(f"--seeds: {text!r} is not a list of whole numbers such as 0,1,2")
    if len(set(parts)) != len(parts):
        raise UserError(f"--seeds: {text!r} names a seed twice")
    return [int(part) for part in parts]


def _show(results: dict[str, Any] | None) -> None:
    if results is not None:
        print(json.dumps(results, indent=1))
