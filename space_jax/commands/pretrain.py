"""`space-jax pretrain`."""

import argparse
from pathlib import Path
from typing import Any

from space_jax.commands.configs import add_config_argument
from space_jax.commands.sweeping import Measures, add_sweep_argument, configs_of, sweep
from space_jax.config import PretrainConfig
from space_jax.config_files import load_config, parse_overrides
from space_jax.remote import as_path


def add_parser(verbs: Any) -> None:
    """Declares the verb."""
    parser = verbs.add_parser(
        "pretrain",
        help="pre-train SPACE-1, -2 or -3; the same command continues a run that stopped",
        epilog="Any field of the configuration can be set: --config.train.steps=100 --config.model.dtype=bfloat16",
    )
    add_config_argument(parser, "space3_sgd")
    parser.add_argument(
        "--workdir", type=as_path, required=True, help="folder of the run: checkpoints, metrics, curves"
    )
    parser.add_argument(
        "--init",
        metavar="DIR",
        help="start from another run, what 'space-jax convert' wrote, a Hugging Face folder, or 'minilm'",
    )
    parser.add_argument(
        "--graft",
        action="append",
        default=[],
        metavar="DIR:MODULE",
        help="put a module of another run into these weights, such as runs/other:pooler; may be given again",
    )
    add_sweep_argument(parser)
    parser.set_defaults(run=_run, takes_config=True)


def _run(given: argparse.Namespace, rest: list[str]) -> None:
    overrides = parse_overrides(rest)
    if given.sweep:
        _sweep(given, configs_of(given, overrides, PretrainConfig))
        return
    config = load_config(given.config, overrides, PretrainConfig)
    from space_jax.training.pretrain import pretrain  # JAX is imported by the verbs that compute, not by --help

    pretrain(config, given.workdir, given.init, grafts=given.graft)


def _sweep(given: argparse.Namespace, configs: dict[str, PretrainConfig]) -> None:
    from space_jax.training.pretrain import best_measure, pretrain

    def train(config: PretrainConfig, folder: Path) -> Measures | None:
        stopped = pretrain(config, folder, given.init, grafts=given.graft).stopped
        return None if stopped else _measures(config, folder)

    falling = {best_measure(config).falling for config in configs.values()} == {True}
    sweep(configs, given.workdir, train, falling)


def _measures(config: PretrainConfig, folder: Path) -> Measures:
    """The best checkpoint's step and measures, without loss terms that do not decide."""
    from space_jax.training.checkpoint import find_checkpoints
    from space_jax.training.run_report import evaluations
    from space_jax.training.workdir import CHECKPOINTS

    best, measure = find_checkpoints(folder / CHECKPOINTS).best, config.train.best_by
    found = evaluations(folder)
    measured = found[max(found) if best is None else best]
    others = {name: value for name, value in measured.items() if "/" not in name}
    return {"step": best, measure: measured[measure], **others}
