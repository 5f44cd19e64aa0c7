"""The loop of fine-tuning.

What happens in which order is a contract; resumption depends on it:

1. The state comes from the last checkpoint of the workdir; else its parameters from the weights.
2. A run from the beginning is evaluated before its first step.
3. After the last step of every `eval_every`-th epoch: evaluate, then save. The best score so far and how long ago it
   was are saved with it. In between a checkpoint is saved every `checkpoint_every` steps. What a step computes is a
   function of the state and the step's number, so a resumed run does what the whole one would have done.
4. The run ends after the last epoch, or after `patience` evaluations without a better score. A run that was asked to
   stop saves first.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import jax
import numpy as np
from rich.console import Console

from space_jax.errors import UserError
from space_jax.features.batch import Batch
from space_jax.models.recipe import Recipe
from space_jax.models.weights import Weights, graft
from space_jax.tasks.batches import on_mesh, steps_per_epoch, tokens_and_padding, train_batch
from space_jax.tasks.config import FinetuneConfig
from space_jax.tasks.rates import make_finetune_optimiser
from space_jax.tasks.task import Task
from space_jax.training.agreement import gather_numbers
from space_jax.training.checkpoint import Checkpoints
from space_jax.training.clock import Clock
from space_jax.training.mesh import batch_shards
from space_jax.training.metrics import Writers
from space_jax.training.optimiser import learning_rate_schedule
from space_jax.training.progress import RunProgress
from space_jax.training.state import TrainState, abstract_state, init_state
from space_jax.training.step import make_train_step
from space_jax.training.stop import StopSignal
from space_jax.training.trained import CHECKPOINTS

BEST, SINCE_BEST = "best", "since_best"
Results = dict[str, float]


@dataclasses.dataclass
class _Fit:
    """What the loop holds on to, and where it is."""

    task: Task
    config: FinetuneConfig
    examples: Sequence[Any]
    mesh: jax.sharding.Mesh
    steps: int
    checkpoints: Checkpoints
    writers: Writers
    progress: RunProgress
    evaluate: Callable[[Any, float], Results]
    facts: dict[str, Any]
    state: TrainState
    step: int
    results: Results
    clock: Clock = dataclasses.field(default_factory=Clock)
    compiled: set[int] = dataclasses.field(default_factory=set)

    @property
    def finished(self) -> bool:
        patience = self.config.train.patience
        return self.step >= self.steps or 0 < patience <= self.results[SINCE_BEST]


def total_steps(config: FinetuneConfig, examples: int) -> int:
    """Steps of a whole run."""
    return config.train.epochs * steps_per_epoch(examples, config.train.batch_size)


def fit(
    task: Task,
    config: FinetuneConfig,
    workdir: Path,
    examples: Sequence[Any],
    evaluate: Callable[[Any, float], Results],
    mesh: jax.sharding.Mesh,
    facts: dict[str, Any],
    initial: Weights | None,
    prepare: Callable[[Any], Any],
    console: Console | None = None,
) -> bool:
    """Trains until the end, going on from the last checkpoint of `workdir` where there is one.

    Args:
      task: what is trained.
      config: of the run.
      workdir: gets `checkpoints/`, `metrics.jsonl` and `tensorboard/`.
      examples: of training.
      evaluate: from (parameters, best score so far) to scores, of which `task.measure` decides.
      mesh: the device mesh.
      facts: of the run, see `training.facts`.
      initial: what the parameters of a new run start from.
      prepare: what is done to them after that, `Task.prepare`.
      console: where progress is shown.

    Returns:
      Whether the run is finished; False when it was asked to stop.

    Raises:
      UserError: a checkpoint that does not fit, a loss that is not finite.
    """
    rules, steps = config.mesh.rules, total_steps(config, len(examples))
    optimiser = make_finetune_optimiser(config.optimiser, steps, config.model.layers)
    recipe = cast(Recipe, task)  # the step asks for no more of it than a task has
    shape = cast(Batch, task.collate([], config.train.batch_size // config.optimiser.accumulate, None))
    abstract = abstract_state(recipe, optimiser, shape, rules, mesh)
    schedule = learning_rate_schedule(config.optimiser, max(steps, 1))
    step = make_train_step(recipe, optimiser, schedule, config.train.seed, abstract, rules, mesh)
    with StopSignal() as stop, Checkpoints(workdir / CHECKPOINTS, config.train.keep_last) as checkpoints:
        latest = checkpoints.latest()
        if latest is not None:
            state, _, results = checkpoints.restore(latest, abstract, facts)
        else:
            state, results = init_state(recipe, optimiser, shape, config.train.seed, rules, mesh), {}
        start = latest or 0
        last_step = -1 if latest is None else latest
        with Writers(workdir, last_step) as writers, RunProgress(max(steps, 1), start, console) as progress:
            where = (checkpoints, writers, progress)
            run = _Fit(task, config, examples, mesh, steps, *where, evaluate, facts, state, start, results)
            if latest is None:
                _start_from(run, initial)
                run.state = dataclasses.replace(run.state, params=prepare(run.state.params))
                _evaluate(run)
            else:
                progress.say(f"going on from step {latest}")
            _steps(run, step, stop)
            if not run.finished:
                _save(run, None)
                progress.say(f"stopped after step {run.step}; the same command goes on from here")
            return run.finished


def _start_from(run: _Fit, initial: Weights | None) -> None:
    if initial is None:
        return
    params, grafted = graft(run.state.params, initial, run.config.model)
    run.state = dataclasses.replace(run.state, params=params)
    run.progress.say(f"parameters from {initial.source}" + (f"; {grafted}" if str(grafted) else ""))


def _steps(run: _Fit, step: Any, stop: StopSignal) -> None:
    train, optimiser = run.config.train, run.config.optimiser
    per_epoch = steps_per_epoch(len(run.examples), train.batch_size)
    while not run.finished:
        if gather_numbers([int(stop.requested)]).any():
            return
        began = time.monotonic()
        batch = train_batch(
            run.task,
            run.examples,
            train.batch_size,
            optimiser.accumulate,
            train.seed,
            run.step,
            batch_shards(run.mesh),
        )
        run.state, on_device = step(run.state, on_mesh(batch, run.mesh))
        numbers = jax.device_get(on_device)
        if not numbers["finite"]:
            raise UserError(
                f"training step {run.step + 1}: the loss or the gradient is not finite; a lower "
                "optimiser.learning_rate may help"
            )
        run.step += 1
        _log(run, numbers, batch.context.ids.shape[1], time.monotonic() - began, tokens_and_padding(batch))
        epochs, rest = divmod(run.step, per_epoch)
        if rest == 0 and (epochs % train.eval_every == 0 or run.step == run.steps):
            _evaluate(run)
        elif run.step % train.checkpoint_every == 0:
            _save(run, None)


def _log(run: _Fit, numbers: dict[str, Any], rows: int, seconds: float, counted: tuple[int, float]) -> None:
    """Times the step, unless it met a new shape and was compiled, and writes its metrics where due."""
    if rows in run.compiled:
        run.clock.add(seconds, *counted)
    else:
        run.compiled.add(rows)
        run.writers.write("compile", run.step, {"seconds": seconds, "rows": rows})
    run.progress.advance(run.step)
    if run.step % run.config.train.log_every and run.step != run.steps:
        return
    rates = run.clock.look()
    speed = rates._asdict() if rates.seconds_per_step else {}
    values = {name: float(numbers[name]) for name in ("loss", "grad_norm", "learning_rate")}
    terms = {}
    for name in run.task.coefficients:
        weight = float(numbers[f"{name}/weight"])
        terms[f"term/{name}"] = float(numbers[f"{name}/total"]) / weight if weight else 0.0
    run.writers.write("train", run.step, {**values, **terms, **speed, "programs": len(run.compiled)})
    run.progress.report(run.step, float(numbers["loss"]), rates)


def _evaluate(run: _Fit) -> None:
    """Evaluates and saves; a new best score is the checkpoint's "loss", with its sign turned.

    Another one is saved without a score, since of equal ones Orbax would keep the later.
    """
    best = run.results.get(BEST, -math.inf)
    began = time.monotonic()
    scores = run.evaluate(run.state.params, best)
    score = scores[run.task.measure]
    assert np.isfinite(score), f"{run.task.measure} is {score}"
    since = 0 if score > best else int(run.results[SINCE_BEST]) + 1
    run.results = {**scores, BEST: max(score, best), SINCE_BEST: since}
    run.writers.write("eval", run.step, {**scores, "evaluation_seconds": time.monotonic() - began})
    shown = "  ".join(f"{name} {value:.4f}" for name, value in scores.items())
    run.progress.say(f"validation at step {run.step}: {shown}" + ("" if since else "  (best)"))
    _save(run, None if since else -score)


def _save(run: _Fit, loss: float | None) -> None:
    if run.checkpoints.latest() != run.step:
        run.checkpoints.save(run.step, run.state, {"step": run.step}, run.facts, run.results, loss)
