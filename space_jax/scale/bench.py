"""Speed and memory of the training step on this machine, measured as training runs it."""

import os
import platform
import resource
import statistics
import time
from datetime import date
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from space_jax.config import PretrainConfig
from space_jax.features.batch import Batch, micro_batches
from space_jax.features.grid import GridShape
from space_jax.features.workers import worker_count
from space_jax.scale.chips import CHIPS
from space_jax.scale.compare import table_of
from space_jax.scale.program import MODEL_FIELDS, Program, StepPlan, compile_step, plan_step
from space_jax.scale.report import Report
from space_jax.terminal.progress import Told, untold
from space_jax.training.feed import Delivery, Feed
from space_jax.training.least_memory import GIB, require_sizes_fit
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import make_optimiser
from space_jax.training.setup import Setup
from space_jax.training.state import init_state

_SQUARE, _PRODUCTS = 2048, 5  # the matrix product that measures a CPU's peak


class Timed(NamedTuple):
    """A step without compilation; `waited` are the seconds in which the devices may have waited for the next batch."""

    seconds: float
    waited: float
    tokens: int
    padding: float
    shape: GridShape


def bench(config: PretrainConfig, steps: int = 10, told: Told = untold) -> Report:
    """Measures `steps` steps of a configuration on this machine, not counting the first of each grid, which compiles.

    Times cover the whole step as in training: the next batch, its transfer, the step, its metrics. `input_wait_share`
    is the part of them that went by until a batch came for which the devices had nothing else left to do: they may have
    waited for so long, not longer.

    Args:
      config: of a run; its corpora are read.
      steps: number of steps to time.
      told: hears how many steps are timed.

    Returns:
      What `space-jax bench --json` prints; a notebook shows it as a table.

    Raises:
      UserError: a corpus is missing or does not fit the configuration.
    """
    setup = Setup(config)
    mesh, config = make_mesh(setup.config.mesh), setup.config
    require_sizes_fit(config, mesh)
    iterator = setup.train_batches()
    shape = micro_batches(next(iterator))[0]
    plan = plan_step(config, mesh, jax.tree.map(lambda array: array[None], shape))
    before = memory_peak()
    timed, programs = _run(plan, shape, Feed(setup.train_batches(), mesh), steps, told)
    median = statistics.median(step.seconds for step in timed)
    peak, source = matmul_peak(config.model.dtype)
    needed = statistics.mean(programs[step.shape].needed for step in timed)
    flops = needed / median
    measured = {
        "date": date.today().isoformat(),
        "jax": jax.__version__,
        "python": platform.python_version(),
        "device": f"{jax.devices()[0].device_kind} x {jax.device_count()}",
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores",
        "mesh": dict(mesh.shape),
        "recipe": config.recipe.name,
        "model": {name: getattr(plan.config.model, name) for name in MODEL_FIELDS},
        "batch_size": config.data.batch_size,
        "accumulate": config.optimiser.accumulate,
        "steps": steps,
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(plan.abstract.params)),
        "compile_seconds": sum(program.seconds for program in programs.values()),
        "programs": len(programs),
        "seconds_per_step": median,
        "seconds_fastest": min(step.seconds for step in timed),
        "seconds_slowest": max(step.seconds for step in timed),
        "input_wait_share": sum(step.waited for step in timed) / sum(step.seconds for step in timed),
        "workers": worker_count(config.data.workers),
        "examples_per_second": config.data.batch_size / median,
        "tokens_per_second": statistics.mean(step.tokens for step in timed) / median,
        "padding_share": statistics.mean(step.padding for step in timed),
        "flops_needed_per_step": needed,
        "flops_xla_per_step": statistics.mean(programs[step.shape].flops for step in timed) * mesh.size,
        "flops_per_second": flops,
        "peak_flops_per_second": peak,
        "peak_from": source,
        "mfu": None if peak is None else flops / peak,
        "compiler_memory_gib": max(program.peak for program in programs.values()) / GIB,
        "peak_memory_gib": memory_peak(),
        "peak_memory_before_steps_gib": before,
        "peak_memory_of": "device" if _device_peak() is not None else "process",
    }
    return Report(measured, table_of)


def _run(
    plan: StepPlan, shape: Any, feed: Feed[Batch], steps: int, told: Told
) -> tuple[list[Timed], dict[GridShape, Program]]:
    config, mesh = plan.config, plan.mesh
    optimiser = make_optimiser(config.optimiser, config.train.steps)
    state = init_state(plan.recipe, optimiser, shape, config.train.seed, config.mesh.rules, mesh)
    compiled: dict[GridShape, Any] = {}
    programs: dict[GridShape, Program] = {}
    timed: list[Timed] = []
    started: list[tuple[jax.Array, Delivery[Batch]]] = []  # the step whose metrics have not been read yet

    def draw() -> float:
        """Draws the next batch; returns the seconds of it if the devices had nothing left to do when it was there."""
        since = time.perf_counter()
        feed.draw()
        busy = any(not metrics.is_ready() for metrics, _ in started)  # type: ignore[attr-defined]  # of concrete arrays
        return 0.0 if busy else time.perf_counter() - since

    def read(since: float, waited: float) -> float:
        """Waits for that step and times it, as the loop does; returns the time."""
        for metrics, one in started:
            jax.device_get(metrics)
            timed.append(Timed(time.perf_counter() - since, waited, one.tokens, one.padding, one.batch.shape))
            told(len(timed), steps)
        started.clear()
        return time.perf_counter()

    feed.draw()
    delivery, began = _take(feed), time.perf_counter()
    while len(timed) < steps:
        shape = delivery.batch.shape
        new = shape not in compiled
        if new:
            read(began, 0.0)
            compiled[shape], programs[shape] = compile_step(plan, delivery.batch)
        waited = draw()
        state, metrics = compiled[shape](state, delivery.batch)
        if new:  # the first run of a program also loads it, and is not timed
            jax.device_get(metrics)
            began = time.perf_counter()
        else:
            began = read(began, waited)
            started.append((metrics, delivery))
        delivery = _take(feed)
    return timed, programs


def _take(feed: Feed[Batch]) -> Delivery[Batch]:
    delivery = feed.take()
    assert delivery is not None, "nobody asked to stop"
    return delivery


def _device_peak() -> float | None:
    peaks = [(device.memory_stats() or {}).get("peak_bytes_in_use") for device in jax.local_devices()]
    known = [peak for peak in peaks if peak]
    return max(known) / GIB if known else None


def memory_peak() -> float:
    """Peak memory of one device so far in GiB; if devices do not report it, of this process including the compiler."""
    device = _device_peak()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20 if device is None else device


def matmul_peak(dtype: str) -> tuple[float | None, str]:
    """Peak FLOP/s of all devices together, and the source of the number.

    For a known accelerator, the maker's figure. For a CPU, the fastest of a few large float32 products measured now;
    its devices share the cores, so the number covers all of them. For anything else, None.
    """
    kind = jax.devices()[0].device_kind
    if kind in CHIPS:
        return CHIPS[kind].peak(dtype) * jax.device_count(), f"data sheet, {dtype}"
    if jax.default_backend() != "cpu":
        return None, f"unknown device {kind}"
    square = jnp.full((_SQUARE, _SQUARE), 0.5, jnp.float32)
    multiply = jax.jit(lambda a: a @ a)
    multiply(square).block_until_ready()
    seconds = []
    for _ in range(_PRODUCTS):
        began = time.perf_counter()
        multiply(square).block_until_ready()
        seconds.append(time.perf_counter() - began)
    return 2 * _SQUARE**3 / min(seconds), f"measured, float32 product of {_SQUARE}"
