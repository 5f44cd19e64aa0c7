"""Pre-training as the command runs it: set up, record the configuration, train."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from typing import Any

import jax
from rich.console import Console

from space_jax.config import PretrainConfig
from space_jax.config_files import save_config
from space_jax.errors import UserError
from space_jax.features.batch import Batch, micro_batches
from space_jax.models.weights import by_path, require_fit
from space_jax.training.checkpoint import agreed_checkpoints
from space_jax.training.evaluate import Evaluator
from space_jax.training.facts import run_facts
from space_jax.training.initial_weights import (
    for_dialogues,
    grafted,
    read_weights,
    require_init,
    require_same_tokens,
)
from space_jax.training.joining import initialise_distributed
from space_jax.training.least_memory import require_sizes_fit
from space_jax.training.loop import Job, Measure, Pace, Result, Results, train
from space_jax.training.measure_names import FALLING
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import learning_rate_schedule, make_optimiser, require_frozen
from space_jax.training.processes import ending_together
from space_jax.training.run_reader import require_same_tokenizer
from space_jax.training.setup import Setup
from space_jax.training.sharding import unbox
from space_jax.training.state import abstract_params
from space_jax.training.workdir import TOKENIZER, Workdir


def pretrain(
    config: PretrainConfig,
    workdir: str | os.PathLike[str],
    init: str | None = None,
    console: Console | None = None,
    grafts: Sequence[str] = (),
) -> Result:
    """Pre-trains, resuming from the last checkpoint of `workdir` if there is one.

    Args:
      config: the run's configuration; the vocabulary comes from the corpora.
      workdir: gets `config.json`, `tokenizer/`, `limits.json`, `checkpoints/`, `metrics.jsonl`, `tensorboard/`,
        `curves.png`; may be in a bucket (`gs://...`).
      init: initial weights of a new run, see `training.initial_weights.read_weights`.
      console: shows progress; standard error by default.
      grafts: modules of other runs in the place of those of `init`, see `training.initial_weights.grafted`.

    Raises:
      UserError: a configuration, corpus or checkpoint does not fit, a loss is not finite, another run is writing the
        workdir, or the disk or the memory does not suffice.
    """
    initialise_distributed()
    place = Workdir(workdir)
    with ending_together(), place.held():
        return _pretrain(config, place, init, console, grafts)


def _pretrain(
    config: PretrainConfig, place: Workdir, init: str | None, console: Console | None, grafts: Sequence[str]
) -> Result:
    require_init(init, grafts)
    setup = Setup(config)
    # All checks come before the workdir is touched.
    require_sizes_fit(setup.config, make_mesh(config.mesh))
    job = pretraining_job(setup)
    if config.optimiser.freeze:
        require_frozen(config.optimiser, unbox(abstract_params(setup.recipe, job.shape)))
    tokenizer = setup.tokenizer
    if agreed_checkpoints(place.checkpoints):
        require_same_tokenizer(setup, place.folder)
        if init is not None and jax.process_index() == 0:
            print(f"--init {init}: not read, because {place.folder} has checkpoints to continue from", file=sys.stderr)
    elif init is not None:
        initial = grafted(for_dialogues(read_weights(init)), grafts)
        require_same_tokens(initial, tokenizer)
        require_fit(by_path(unbox(abstract_params(setup.recipe, job.shape))), initial, setup.config.model)
        job = dataclasses.replace(job, initial=initial)

    def write_down() -> None:
        save_config(setup.config, place.local)
        tokenizer.save(place.local / TOKENIZER)
        setup.limits.save(place.local)
        said = (setup.seen(), setup.assembled(), setup.attention(), setup.unmeasured("validation"))
        print("\n".join(filter(None, said)), file=sys.stderr)

    return train(job, place, write_down, console)


def best_measure(config: PretrainConfig) -> Measure:
    """The measure that decides a run's best checkpoint."""
    return Measure(config.train.best_by, falling=config.train.best_by.startswith(FALLING))


def pretraining_job(setup: Setup) -> Job[Batch]:
    """The training job of a pre-training configuration.

    Raises:
      UserError: the corpora have no batch to evaluate on, or the mesh does not fit the devices.
    """
    config = setup.config
    mesh, rules, steps = make_mesh(config.mesh), config.mesh.rules, config.train.steps
    held_out, bank = setup.held_out_and_bank("validation")
    evaluator = Evaluator(setup.recipe, rules, mesh, held_out, bank)
    told: list[str] = []

    def evaluate(params: Any, _is_best: Any) -> Results:
        results = evaluator(params)
        if evaluator.constant != told and jax.process_index() == 0:
            told[:] = evaluator.constant
            print(f"not measured, because all annotated turns are alike in it: {', '.join(told)}", file=sys.stderr)
        if config.train.best_by not in results:
            raise UserError(
                f"config field train.best_by: {config.train.best_by!r} is not measured on these corpora; measures are "
                f"{', '.join(results)}"
            )
        return results

    return Job(
        objective=setup.recipe,
        optimiser=make_optimiser(config.optimiser, steps),
        schedule=learning_rate_schedule(config.optimiser, steps),
        source=setup.train_batches(),
        shape=micro_batches(held_out[0])[0],
        mesh=mesh,
        rules=rules,
        model=config.model,
        seed=config.train.seed,
        pace=Pace(
            steps,
            config.train.log_every,
            config.train.eval_every,
            config.train.checkpoint_every,
            config.train.patience,
            keep_last=config.train.keep_last,
        ),
        facts=run_facts(config, [corpus.metadata.fingerprint for corpus in setup.corpora]),
        evaluate=evaluate,
        measure=best_measure(config),
    )
