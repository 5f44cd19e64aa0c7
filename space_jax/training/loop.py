"""The training loop.

What happens in which order is a contract; resumption depends on it:

1. The state comes from the last checkpoint of `workdir`; else its parameters from `initial`; else from scratch.
2. A run from the beginning is evaluated before its first step.
3. For each step: take the batch, start the step, draw the next batch while the devices compute, write metrics. Then,
   where due, evaluate the new state, and after that save it together with the iterator's state after its batch. So a
   checkpoint at step k follows everything step k was to do, and a resumed run goes on with step k + 1.
4. At the end: evaluate, save, draw the curves. A run that was asked to stop saves and draws only.
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console

from space_jax.config import PretrainConfig
from space_jax.config_files import save_config
from space_jax.errors import UserError
from space_jax.features.batch import Batch, micro_batches
from space_jax.features.padding import shape_of
from space_jax.models.recipe import Recipe
from space_jax.models.weights import Weights, graft
from space_jax.training.checkpoint import Checkpoints
from space_jax.training.clock import Clock
from space_jax.training.curves import draw_curves
from space_jax.training.evaluate import Evaluator
from space_jax.training.facts import run_facts
from space_jax.training.feed import BatchIterator, Delivery, Feed
from space_jax.training.memory import require_state_fits
from space_jax.training.mesh import make_mesh
from space_jax.training.metrics import Writers
from space_jax.training.optimiser import learning_rate_schedule, make_optimiser
from space_jax.training.progress import RunProgress
from space_jax.training.state import TrainState, abstract_state, init_state
from space_jax.training.step import make_train_step
from space_jax.training.stop import StopSignal
from space_jax.training.targets import LostTargets
from space_jax.training.workdir import Workdir

Numbers = dict[str, Any]


class TrainingDiverged(UserError):  # noqa: N818 - names what happened, as a person would say it
    """The loss or the gradient of a step was not finite."""


@dataclasses.dataclass(frozen=True)
class Result:
    """How a call of `train` ended.

    Attributes:
      step: steps done in all.
      stopped: whether the run was asked to stop before its last step.
      metrics: the last held-out metrics.
      compile_seconds: time of the first step of this call, compilation included; 0.0 where no step was left.
    """

    step: int
    stopped: bool
    metrics: dict[str, float]
    compile_seconds: float


@dataclasses.dataclass
class _Run:
    """What the loop holds on to, and where it is."""

    config: PretrainConfig
    place: Workdir
    checkpoints: Checkpoints
    writers: Writers
    progress: RunProgress
    feed: Feed
    evaluator: Evaluator
    facts: dict[str, Any]
    state: TrainState
    position: Any  # of the data iterator after the batch of the last step
    step: int
    results: dict[str, float]  # of the last evaluation
    clock: Clock = dataclasses.field(default_factory=Clock)
    targets: LostTargets = dataclasses.field(default_factory=LostTargets)
    compiled: set[tuple[int, ...]] = dataclasses.field(default_factory=set)
    compile_seconds: float = 0.0


def train(
    recipe: Recipe,
    config: PretrainConfig,
    workdir: Path,
    train_iterator: BatchIterator,
    eval_batches: Sequence[Batch],
    bank_batches: Sequence[Batch] = (),
    initial: Weights | None = None,
    console: Console | None = None,
    corpora: Sequence[str] = (),
) -> Result:
    """Trains until `config.train.steps`, going on from the last checkpoint of `workdir` where there is one.

    Args:
      recipe: the model and its loss terms.
      config: of the run.
      workdir: gets `config.json`, `checkpoints/`, `metrics.jsonl`, `tensorboard/` and `curves.png`; may be in a bucket.
      train_iterator: endless NumPy batches `[A, ...]`, this process's share.
      eval_batches: held-out NumPy batches `[A, ...]`, as many on each process.
      bank_batches: training batches of the same kind, for retrieval.
      initial: what the parameters of a run from the beginning start from.
      console: where progress is shown.
      corpora: fingerprints of the data; a run does not go on with others.

    Raises:
      UserError: for a mesh, batch or checkpoint that does not fit.
      TrainingDiverged: when a loss or gradient is not finite; the last good checkpoint stays.
    """
    mesh, rules, steps = make_mesh(config.mesh), config.mesh.rules, config.train.steps
    evaluator = Evaluator(recipe, rules, mesh, eval_batches, bank_batches)
    optimiser, schedule = make_optimiser(config.optimiser, steps), learning_rate_schedule(config.optimiser, steps)
    shape = micro_batches(eval_batches[0])[0]
    abstract = abstract_state(recipe, optimiser, shape, rules, mesh)
    require_state_fits(abstract, list(mesh.devices.flat))
    step = make_train_step(recipe, optimiser, schedule, config.train.seed, abstract, rules, mesh)
    place, feed, facts = Workdir(workdir), Feed(train_iterator, mesh), run_facts(config, corpora)
    place.fetch()

    with StopSignal() as stop, Checkpoints(place.checkpoints, config.train.keep_last) as checkpoints:
        latest = checkpoints.latest()
        if latest is not None:
            state, position, results = checkpoints.restore(latest, abstract, facts)
            train_iterator.set_state(position)
        else:
            state = init_state(recipe, optimiser, shape, config.train.seed, rules, mesh)
            position, results = feed.position(), {}
        if jax.process_index() == 0:
            # Also when a run goes on: fields that do not change its numbers may be others than before.
            save_config(config, place.local)
        last_step, start = (-1, 0) if latest is None else (latest, latest)
        with Writers(place.local, last_step) as writers, RunProgress(steps, start, console) as progress:
            run = _Run(
                config, place, checkpoints, writers, progress, feed, evaluator, facts, state, position, start, results
            )
            if latest is None:
                _start_from(run, initial)
                _evaluate(run)
            else:
                progress.say(f"going on from step {latest}")
            _steps(run, step, stop)
            result = _finish(run)
    if jax.process_index() == 0:
        draw_curves(place.local)
    place.publish()
    return result


def _start_from(run: _Run, initial: Weights | None) -> None:
    if initial is None:
        return
    params, grafted = graft(run.state.params, initial, run.config.model)
    run.state = dataclasses.replace(run.state, params=params)
    run.progress.say(f"parameters from {initial.source}" + (f"; {grafted}" if str(grafted) else ""))


def _steps(run: _Run, step: Any, stop: StopSignal) -> None:
    """Steps until the end or until a process is asked to stop."""
    train = run.config.train
    while run.step < train.steps:
        began = time.monotonic()
        delivery = run.feed.take(stop.requested)
        if delivery is None:
            return
        run.state, on_device = step(run.state, delivery.batch)
        if run.step + 1 < train.steps:
            run.feed.prepare()  # while the devices compute
        # Reading the metrics waits for the device. That costs a moment a step, and no later step starts from a bad one.
        numbers = jax.device_get(on_device)
        _require_finite(run, numbers)
        run.step, run.position = run.step + 1, delivery.position
        _account(run, delivery, time.monotonic() - began)
        _log(run, numbers)
        if run.step % train.eval_every == 0 or run.step == train.steps:
            _evaluate(run)
        if run.step % train.checkpoint_every == 0 or run.step == train.steps:
            _save(run)


def _require_finite(run: _Run, numbers: Numbers) -> None:
    if numbers["finite"]:
        return
    bad = [name for name, mean in _term_means(numbers).items() if not np.isfinite(mean)]
    what = f"the loss terms {', '.join(bad)} are" if bad else "the gradient is"
    last = run.checkpoints.latest()
    kept = "there is no checkpoint yet" if last is None else f"the last good checkpoint is of step {last}"
    raise TrainingDiverged(
        f"training step {run.step + 1}: {what} not finite; {kept}; a lower optimiser.learning_rate or "
        "optimiser.clip_norm may help"
    )


def _term_means(numbers: Numbers) -> dict[str, float]:
    names = [name.removesuffix("/total") for name in numbers if name.endswith("/total")]
    pairs = {name: (float(numbers[f"{name}/total"]), float(numbers[f"{name}/weight"])) for name in names}
    return {name: total / weight if weight else 0.0 for name, (total, weight) in pairs.items()}


def _account(run: _Run, delivery: Delivery, seconds: float) -> None:
    """Times the step; one that met a new shape was compiled and is timed apart."""
    run.targets.add(delivery.lost, delivery.masked)
    shape = shape_of(delivery.batch)
    if shape in run.compiled:
        run.clock.add(seconds, delivery.tokens, delivery.padding)
        return
    run.compiled.add(shape)
    run.compile_seconds = run.compile_seconds or seconds
    run.writers.write("compile", run.step, {"seconds": seconds, "rows": shape.rows})
    run.progress.say(
        f"step {run.step} compiled in {seconds:.1f} s: {shape.rows} rows of {shape.context} + {shape.response} tokens"
    )


def _log(run: _Run, numbers: Numbers) -> None:
    run.progress.advance(run.step)
    if run.step % run.config.train.log_every and run.step != run.config.train.steps:
        return
    rates = run.clock.look()
    speed = rates._asdict() if rates.seconds_per_step else {}  # a first step that compiled says nothing about speed
    values: Mapping[str, Any] = {name: float(numbers[name]) for name in ("loss", "grad_norm", "learning_rate")}
    terms = {f"term/{name}": mean for name, mean in _term_means(numbers).items()}
    weights = {
        f"weight/{name.removesuffix('/weight')}": float(n) for name, n in numbers.items() if name.endswith("/weight")
    }
    lost, complaint = run.targets.look()
    counts = {"lost_targets": lost, "programs": len(run.compiled)}
    run.writers.write("train", run.step, {**values, **terms, **weights, **speed, **counts})
    if complaint:
        run.progress.say(complaint)
    run.progress.report(run.step, float(numbers["loss"]), rates)


def _evaluate(run: _Run) -> None:
    run.results = run.evaluator(run.state.params)
    run.writers.write("eval", run.step, run.results)
    shown = "  ".join(f"{name} {value:.4f}" for name, value in run.results.items() if "/" not in name)
    run.progress.say(f"held out at step {run.step}: {shown}")


def _save(run: _Run) -> None:
    train = run.config.train
    evaluated = run.step % train.eval_every == 0 or run.step in (0, train.steps)
    loss = run.results["loss"] if evaluated and np.isfinite(run.results["loss"]) else None
    run.checkpoints.save(run.step, run.state, run.position, run.facts, run.results, loss)
    run.place.publish()


def _finish(run: _Run) -> Result:
    stopped = run.step < run.config.train.steps
    if stopped:
        if run.checkpoints.latest() != run.step:
            _save(run)
        run.progress.say(f"stopped after step {run.step}; the same command goes on from here")
    return Result(run.step, stopped, run.results, run.compile_seconds)
