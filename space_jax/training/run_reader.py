"""Reads a trained model from the workdir of its run."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

from space_jax.config import PretrainConfig
from space_jax.config_files import CONFIG_FILE, read_config
from space_jax.errors import UserError
from space_jax.features.batch import Batch, micro_batches
from space_jax.features.tokenizer import load_tokenizer
from space_jax.models.attention_path import anywhere
from space_jax.terminal.progress import Told, untold
from space_jax.training.beginning import require_steps
from space_jax.training.checkpoint import find_checkpoints, load_params, read_notes
from space_jax.training.evaluate import Evaluator
from space_jax.training.facts import require_as_trained
from space_jax.training.mesh import make_mesh
from space_jax.training.setup import Setup
from space_jax.training.state import abstract_placed_params
from space_jax.training.workdir import CHECKPOINTS, TOKENIZER

BEST, LATEST = "best", "latest"


def find_step(workdir: Path, wanted: str) -> int:
    """The step named by `wanted`: "best", "latest" or a number.

    Raises:
      UserError: there is no such checkpoint.
    """
    steps, best = find_checkpoints(workdir / CHECKPOINTS)
    if not steps:
        raise UserError(f"{workdir}: no checkpoints; is it the workdir of a run?")
    listed = ", ".join(map(str, steps))
    if wanted == BEST and best is None:
        raise UserError(f"--step: {workdir} has no best checkpoint; use {LATEST} or one of {listed}")
    named = {BEST: best, LATEST: steps[-1], **{str(step): step for step in steps}}
    step = named.get(wanted)
    if step is None:
        raise UserError(f"--step: {wanted!r} is not one of {BEST}, {LATEST}, {listed}")
    return step


def require_same_tokenizer(setup: Setup, workdir: Path) -> None:
    """Checks that the corpora were not rebuilt with another tokenizer, whose ids mean other tokens.

    Raises:
      UserError: the tokenizer differs; the message names the corpus.
    """
    corpus = setup.corpora[0]
    if load_tokenizer(workdir / TOKENIZER).fingerprint != corpus.metadata.tokenizer:
        raise UserError(f"{corpus.folder}: was built with another tokenizer than the run's, {workdir / TOKENIZER}")


def require_config_as_trained(workdir: Path, step: int) -> None:
    """Checks that `config.json` of a pre-training run still says what a checkpoint was trained with.

    Raises:
      UserError: it says something else, or the checkpoint is damaged.
    """
    facts = read_notes(workdir / CHECKPOINTS, step).facts
    require_as_trained(facts, read_config(workdir), workdir / CONFIG_FILE)


def read_params(setup: Setup, workdir: Path, step: int, batch: Batch) -> Any:
    """The parameters of a checkpoint on this machine's mesh, without the optimiser's state.

    Args:
      setup: the run's setup.
      workdir: the run's workdir.
      step: a step with a checkpoint.
      batch: any batch of the run, without the axis of micro-batches; only its shapes are used.

    Raises:
      UserError: the checkpoint cannot be read or does not fit the configuration.
    """
    require_config_as_trained(workdir, step)
    config = setup.config
    abstract = abstract_placed_params(setup.recipe, batch, config.mesh.rules, make_mesh(config.mesh))
    return load_params(workdir / CHECKPOINTS, abstract, step)


def evaluate_run(
    config: PretrainConfig, workdir: Path, wanted: str, split: str, told: Told = untold
) -> tuple[int, dict[str, float]]:
    """Evaluates a checkpoint of a run.

    Args:
      config: the run's configuration.
      workdir: the run's workdir.
      wanted: "best", "latest" or a step.
      split: "validation" or "test".
      told: hears how many held-out batches are done.

    Returns:
      The step and the metrics, as during training.

    Raises:
      UserError: there is no such checkpoint or split, or a corpus has another tokenizer.
    """
    step = find_step(workdir, wanted)
    require_steps(workdir, step, wanted)
    setup = Setup(dataclasses.replace(config, model=anywhere(config.model)))
    require_same_tokenizer(setup, workdir)
    batches, bank = setup.held_out_and_bank(split)
    unmeasured = setup.unmeasured(split)
    if unmeasured:
        print(unmeasured, file=sys.stderr)
    params = read_params(setup, workdir, step, micro_batches(batches[0])[0])
    mesh = make_mesh(config.mesh)
    evaluator = Evaluator(setup.recipe, config.mesh.rules, mesh, batches, bank)
    return step, evaluator(params, told)
