"""Checkpoints: state, run facts and held-out results of one step, written together. The only module that uses Orbax."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orbax.checkpoint.experimental.v1 as ocp

from space_jax.errors import UserError
from space_jax.models.weights import by_path, nested
from space_jax.remote import as_path, is_remote
from space_jax.training.facts import require_same_run
from space_jax.training.processes import Exchange

_STATE, _FACTS, _RESULTS = "state", "facts", "results"
_METRIC = "loss"  # its name on disk, whatever the measure of the run

# Raised by Orbax and its storage for files that are missing, truncated or of another shape.
_READ_ERRORS = (OSError, ValueError, KeyError, TypeError, RuntimeError, ocp.errors.InvalidLayoutError)


def _not_orbax(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR or "orbax" not in record.pathname


logging.getLogger("absl").addFilter(_not_orbax)


class Found(NamedTuple):
    """The checkpoints of a run.

    Attributes:
      steps: those that have a checkpoint, rising.
      best: the one with the lowest rank, the earlier of equals; None where no checkpoint has one.
    """

    steps: tuple[int, ...]
    best: int | None


class Restored(NamedTuple):
    """A checkpoint that was read.

    Attributes:
      state: the state on the requested mesh.
      results: held-out metrics known when it was saved.
    """

    state: Any
    results: dict[str, float]


def _context() -> ocp.Context:
    registry = ocp.handlers.local_registry()
    for name in (_FACTS, _RESULTS):
        registry.add(ocp.handlers.JsonHandler, checkpointable_name=name)  # otherwise a dictionary becomes arrays
    context = ocp.Context()
    context.checkpointables.registry = registry
    return context


def _preservation(keep_last: int) -> Any:
    policies = ocp.training.preservation_policies
    best = policies.BestN(
        get_metric_fn=lambda metrics: metrics[_METRIC],
        reverse=True,  # the lowest rank is the best
        n=1,
        keep_checkpoints_without_metrics=False,
    )
    return policies.AnyPreservationPolicy([policies.LatestN(keep_last), best])


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except _READ_ERRORS as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UserError(
            f"checkpoint {path}: cannot be read ({reason}); delete that folder to continue from an earlier one"
        ) from error


class Checkpoints:
    """The checkpoints of one run: the last `keep_last` and the best one, by the measure of the run.

    Every method must be called by every process.
    """

    def __init__(self, directory: Path, keep_last: int):
        self._directory = _absolute(directory)
        self._orbax = ocp.training.Checkpointer(
            self._directory,
            context=_context(),
            preservation_policy=_preservation(keep_last),
            cleanup_tmp_directories=True,  # left half-written by a killed run
        )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: object) -> None:
        self._orbax.close()

    def steps(self) -> tuple[int, ...]:
        """The steps with a checkpoint, ascending."""
        return _found(self._orbax).steps

    def latest(self) -> int | None:
        """The last saved step, or None."""
        return max(self.steps(), default=None)

    def best(self) -> int | None:
        """The step with the lowest rank, the earlier of equals; None where no checkpoint has one."""
        return _found(self._orbax).best

    def save(self, step: int, state: Any, facts: dict[str, Any], results: dict[str, float], rank: float | None) -> None:
        """Saves one step; returns when the state may be donated, while the files are still being written.

        Args:
          step: steps done.
          state: arrays on the mesh.
          facts: from `facts.run_facts`.
          results: the last held-out metrics.
          rank: of exactly this state among the evaluated ones, less is better; None where it was not the best so far.
        """
        items = {_STATE: state, _FACTS: facts, _RESULTS: results}
        metrics = None if rank is None else {_METRIC: rank}
        self._orbax.save_checkpointables_async(step, items, metrics=metrics, force=True)

    def restore(self, step: int, abstract: Any, facts: dict[str, Any]) -> Restored:
        """Reads one step onto the mesh of `abstract`, which may differ from the mesh it was saved from.

        Args:
          step: one of `steps`.
          abstract: the state as `jax.ShapeDtypeStruct` with shardings.
          facts: the facts of this run; must equal the checkpoint's.

        Raises:
          UserError: the checkpoint does not exist, cannot be read, or belongs to another configuration.
        """
        where = self._directory / str(step)
        if step not in self.steps():
            raise UserError(f"checkpoint {where}: does not exist; there are {list(self.steps()) or 'none'}")
        with _reading(where):
            saved = self._orbax.load_checkpointables(step, {_FACTS: None, _RESULTS: None})
        require_same_run(saved[_FACTS], facts, str(where))
        with _reading(where):
            state = self._orbax.load_checkpointables(step, {_STATE: abstract})[_STATE]
        return Restored(state, saved[_RESULTS])

    def wait(self) -> None:
        """Waits until everything saved so far is on disk."""
        self._orbax.wait()


def _absolute(directory: Path) -> Path:
    """The absolute path that Orbax requires; a path in a bucket already is absolute."""
    return as_path(directory) if is_remote(directory) else Path(directory).absolute()


def find_checkpoints(directory: Path) -> Found:
    """Lists the checkpoints in a folder, even while a run is writing there; none if the folder is missing."""
    if not _absolute(directory).is_dir():
        return Found((), None)
    with ocp.training.Checkpointer(_absolute(directory), context=_context()) as orbax:
        return _found(orbax)


def agreed_checkpoints(directory: Path) -> tuple[int, ...]:
    """The steps that have a checkpoint, once every process has looked; every process must call it.

    The run that follows creates the folder, and a process that looked later would find one where the others had none.
    """
    steps = find_checkpoints(directory).steps
    Exchange([len(steps)]).read()
    return steps


def _found(orbax: ocp.training.Checkpointer) -> Found:
    scored = [(info.metrics[_METRIC], info.step) for info in orbax.checkpoints if info.metrics]
    return Found(tuple(info.step for info in orbax.checkpoints), min(scored)[1] if scored else None)


def load_params(directory: Path, abstract: Any, step: int) -> Any:
    """The parameters of a checkpoint without the optimiser's state.

    Args:
      directory: the folder with the checkpoints of a run.
      abstract: the parameters as `jax.ShapeDtypeStruct` with shardings.
      step: a step with a checkpoint.

    Raises:
      UserError: the checkpoint cannot be read, lacks parameters or has them in other shapes.
    """
    where = _absolute(directory) / str(step)
    saved, wanted = _saved_params(directory, step), by_path(abstract)
    missing = sorted(wanted.keys() - saved.keys())
    if missing:
        raise UserError(f"checkpoint {where}: lacks {', '.join(missing)}")
    for name, leaf in wanted.items():
        if tuple(saved[name].shape) != tuple(leaf.shape):
            raise UserError(
                f"checkpoint {where}: parameter {name} has shape {tuple(saved[name].shape)}, this model needs "
                f"{tuple(leaf.shape)}"
            )
    return _load_tree(where, abstract)


def read_notes(directory: Path, step: int) -> tuple[dict[str, Any], dict[str, float]]:
    """The run facts and held-out metrics saved with a step.

    Raises:
      UserError: they cannot be read.
    """
    where = _absolute(directory)
    with ocp.training.Checkpointer(where, context=_context()) as orbax, _reading(where / str(step)):
        saved = orbax.load_checkpointables(step, {_FACTS: None, _RESULTS: None})
    return saved[_FACTS], saved[_RESULTS]


def read_arrays(directory: Path, step: int | None = None) -> dict[str, np.ndarray]:
    """The parameters of a checkpoint on the host, for any model.

    Args:
      directory: the folder with the checkpoints of a run.
      step: the checkpoint; if None the best one where one has a rank, else the latest.

    Returns:
      path -> array.

    Raises:
      UserError: there is no checkpoint, or it cannot be read.
    """
    if step is None:
        found = find_checkpoints(directory)
        if not found.steps:
            raise UserError(f"checkpoint {directory}: no checkpoints")
        step = found.steps[-1] if found.best is None else found.best
    saved = _saved_params(directory, step)
    tree = nested({name: np.empty(leaf.shape, leaf.dtype) for name, leaf in saved.items()})
    return by_path(_load_tree(_absolute(directory) / str(step), tree))


def _saved_params(directory: Path, step: int) -> dict[str, Any]:
    """Shape and dtype of every parameter of a checkpoint."""
    directory = _absolute(directory)
    with ocp.training.Checkpointer(directory, context=_context()) as orbax, _reading(directory / str(step)):
        return by_path(orbax.checkpointables_metadata(step).metadata[_STATE]["params"])


def _load_tree(where: Path, tree: Any) -> Any:
    context = _context()
    context.pytree.loading.partial_load = True  # the optimiser's state stays on disk
    with _reading(where), context:
        return ocp.load_checkpointables(where, {_STATE: {"params": tree}})[_STATE]["params"]
