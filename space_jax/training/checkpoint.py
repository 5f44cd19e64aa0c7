"""Checkpoints: state, run facts and held-out results of one step, written together. The only module that uses Orbax."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orbax.checkpoint.experimental.v1 as ocp

from space_jax.errors import UserError
from space_jax.models.weights import by_path, nested
from space_jax.reading.json_text import read_json
from space_jax.remote import as_path, is_remote
from space_jax.training.checkpoint_notes import CHECKSUMS, FACTS, RANK, RESULTS, Notes, checked, verified
from space_jax.training.facts import require_same_run
from space_jax.training.processes import Exchange
from space_jax.writing import refusal

_STATE = "state"
_ITEMS = {_STATE, FACTS, RESULTS, CHECKSUMS}
_METRIC = "loss"  # the name of the rank on disk, whatever the measure of the run
# Orbax's files in the folder of a checkpoint; `_JSON_FILE` is in that of an item.
_METADATA_FILE, _METRICS_FILE, _COMMITTED, _JSON_FILE = (
    "_CHECKPOINT_METADATA",
    "metrics/metrics",
    "commit_success.txt",
    "data.json",
)

# Raised by Orbax and its storage for files that are missing, truncated or of another shape.
_READ_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,  # RecursionError among them
    ocp.errors.InvalidLayoutError,
)


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
      notes: what was saved beside it.
    """

    state: Any
    notes: Notes


def _context() -> ocp.Context:
    registry = ocp.handlers.local_registry()
    for name in (FACTS, RESULTS, CHECKSUMS):
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
def _reading(path: Path, part: str) -> Iterator[None]:
    """Names a part of the checkpoint at `path` that cannot be read."""
    try:
        yield
    except _READ_ERRORS as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UserError(f"{_named(path)}: its {part} cannot be read ({reason}); {_way_out(path)}") from error


def _named(path: Path) -> str:
    return f"checkpoint {path}"


def _way_out(damaged: Path) -> str:
    """How a run goes on without a damaged checkpoint: only its user can say that it shall."""
    for step in sorted(_listed(damaged.parent), reverse=True):
        if step != int(damaged.name):
            with suppress(UserError):
                _stored_notes(damaged.parent / str(step))
                return f"delete that folder to go on from step {step}, the last whole one beside it"
    return "delete that folder to begin the run anew"


class Checkpoints:
    """The checkpoints of one run: the last `keep_last` and the best one, by the measure of the run.

    Every method must be called by every process.
    """

    def __init__(self, directory: Path, keep_last: int):
        self._directory = _absolute(directory)
        self._saving: int | None = None  # the step whose files may still be being written
        find_checkpoints(directory)  # a damaged one is named, where Orbax would fail or forget the best
        self._orbax = ocp.training.Checkpointer(
            self._directory,
            context=_context(),
            preservation_policy=_preservation(keep_last),
            cleanup_tmp_directories=True,  # left half-written by a killed run
        )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: object) -> None:
        with self._writing():
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
        items = {_STATE: state, **checked(step, Notes(facts, results, rank))}
        metrics = None if rank is None else {_METRIC: rank}
        with self._writing(step):
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
            raise UserError(f"{_named(where)}: does not exist; there are {list(self.steps()) or 'none'}")
        notes = _notes(where)
        require_same_run(notes.facts, facts, str(where))
        with _reading(where, "arrays"):
            state = self._orbax.load_checkpointables(step, {_STATE: abstract})[_STATE]
        return Restored(state, notes)

    def wait(self) -> None:
        """Waits until everything saved so far is on disk.

        Raises:
          UserError: the disk is full or read-only; the message names the last checkpoint that is whole.
        """
        with self._writing():
            self._orbax.wait()

    @contextmanager
    def _writing(self, step: int | None = None) -> Iterator[None]:
        """Names the last step given, whose files are written in the background, if the disk refuses it.

        Orbax tells of a failure when it is next called, perhaps to save the next step.
        """
        self._saving = self._saving if step is None else step
        try:
            yield
        except Exception as error:
            reason = refusal(error)
            if reason is None:
                raise
            whole = max((one for one in _listed(self._directory) if one != self._saving), default=None)
            kept = "there is none before it" if whole is None else f"that of step {whole} is whole"
            where = _named(self._directory / str(self._saving))
            raise UserError(
                f"{where}: cannot be written ({reason}); {kept}; make room, and the same command continues"
            ) from error


def _absolute(directory: Path) -> Path:
    """The absolute path that Orbax requires; a path in a bucket already is absolute."""
    return as_path(directory) if is_remote(directory) else Path(directory).absolute()


def find_checkpoints(directory: Path) -> Found:
    """Lists the checkpoints in a folder, even while a run is writing there; none if the folder is missing.

    Raises:
      UserError: the facts, results or rank of one are damaged.
    """
    where = _absolute(directory)
    ranks = {}
    for step in sorted(_listed(where)):
        try:
            ranks[step] = _notes(where / str(step)).rank
        except UserError:
            if (where / str(step)).is_dir():  # else the run has deleted it meanwhile
                raise
    best = min(((rank, step) for step, rank in ranks.items() if rank is not None), default=None)
    return Found(tuple(ranks), None if best is None else best[1])


def _listed(directory: Path) -> list[int]:
    """The steps in a folder by name; Orbax gives a folder its name when it is whole, in a bucket it adds a file."""
    if not directory.is_dir():
        return []
    found = [entry for entry in directory.iterdir() if entry.name.isdecimal() and entry.is_dir()]
    return [int(one.name) for one in found if not is_remote(directory) or (one / _COMMITTED).exists()]


def _notes(where: Path) -> Notes:
    """The notes of a checkpoint; UserError, with the way to go on, if they are damaged."""
    try:
        return _stored_notes(where)
    except UserError as error:
        raise UserError(f"{error}; {_way_out(where)}") from error


def _stored_notes(where: Path) -> Notes:
    """The same; the message names what is damaged alone."""
    if not _small_part(where, "metadata", _METADATA_FILE, "item_handlers").keys() >= _ITEMS:
        raise UserError(f"{_named(where)}: its metadata cannot be read (expected {', '.join(sorted(_ITEMS))})")
    parts = {name: _small_part(where, name, f"{name}/{_JSON_FILE}") for name in (FACTS, RESULTS, CHECKSUMS)}
    rank = _small_part(where, RANK, _METRICS_FILE).get(_METRIC) if (where / _METRICS_FILE).exists() else None
    return verified(int(where.name), parts | {RANK: rank}, _named(where))


def _small_part(where: Path, name: str, file: str, *fields: str) -> dict[str, Any]:
    """The object in a file of a checkpoint, or in a field of it."""
    try:
        found = read_json(where / file)
        for field in fields:
            found = found.get(field)
        return dict(found)
    except (TypeError, ValueError, AttributeError):
        raise UserError(f"{_named(where)}: its {name} cannot be read ({file}: expected an object)") from None
    except UserError as error:
        raise UserError(f"{_named(where)}: its {name} cannot be read ({error})") from error


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


def read_notes(directory: Path, step: int) -> Notes:
    """The run facts and held-out metrics saved with a step.

    Raises:
      UserError: they are damaged; the message says how to go on.
    """
    return _notes(_absolute(directory) / str(step))


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


def parameter_shapes(directory: Path, step: int) -> dict[str, tuple[int, ...]]:
    """Path -> shape of every parameter of a checkpoint; no array is read.

    Raises:
      UserError: the checkpoint cannot be read.
    """
    return {path: tuple(leaf.shape) for path, leaf in _saved_params(directory, step).items()}


def _saved_params(directory: Path, step: int) -> dict[str, Any]:
    """Shape and dtype of every parameter of a checkpoint."""
    directory = _absolute(directory)
    with ocp.training.Checkpointer(directory, context=_context()) as orbax, _reading(directory / str(step), "arrays"):
        return by_path(orbax.checkpointables_metadata(step).metadata[_STATE]["params"])


def _load_tree(where: Path, tree: Any) -> Any:
    context = _context()
    context.pytree.loading.partial_load = True  # the optimiser's state stays on disk
    with _reading(where, "arrays"), context:
        return ocp.load_checkpointables(where, {_STATE: {"params": tree}})[_STATE]["params"]
