"""The facts of a run saved in its checkpoints, so that another run does not resume from them by mistake."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from space_jax.config import ModelConfig
from space_jax.errors import UserError
from space_jax.models.attention_path import attention_path
from space_jax.printable import shown
from space_jax.reading.json_text import parse_json

_LABELS = "labels"  # of the facts

# Fields that may change when a run resumes: machine, data workers, reports, and kept checkpoints.
_FREE = (
    "mesh.",
    "data.workers",
    "train.log_every",
    "train.eval_every",
    "train.checkpoint_every",
    "train.keep_last",
    "data.eval_",
)
_PATH = "model.attention"  # of the machine, too: its results are equal but for the last bits


def _flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for name, part in value.items() for k, v in _flatten(part, f"{prefix}{name}.").items()}
    return {prefix.rstrip("."): value}


def _fields(config: Any, prefix: str = "") -> dict[str, Any]:
    """The fields of a configuration that may not change, by dotted name, as JSON holds them."""
    fields = parse_json(json.dumps(_flatten(dataclasses.asdict(config), prefix)), "the configuration")
    return {name: value for name, value in fields.items() if not name.startswith(_FREE) and name != _PATH}


def run_facts(config: Any, corpora: Sequence[str] = (), labels: Any = None) -> dict[str, Any]:
    """The facts of a run: seed, fingerprint and the fields that affect the computation, and the machine.

    Args:
      config: the run's configuration, a frozen dataclass with `train.seed`.
      corpora: identifies each corpus, so that one rebuilt in the same folder is noticed.
      labels: of a task, a JSON value; None in pre-training.

    Returns:
      A JSON value; `computed_on`, see there, is not in the fingerprint, so that a run may go on elsewhere.
    """
    fields = _fields(config) | {f"corpus {index}": identity for index, identity in enumerate(corpora)}
    if labels is not None:
        fields[_LABELS] = _digest(labels)
    fingerprint = _digest(fields)
    return {
        "seed": config.train.seed,
        "fingerprint": fingerprint,
        "fields": fields,
        "computed_on": computed_on(config.model),
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def require_as_trained(saved: dict[str, Any], config: Any, file: Path, prefix: str = "") -> None:
    """Checks that a file of a run still says what its checkpoint was trained with.

    Args:
      saved: facts saved in the checkpoint.
      config: what the file says: the run's configuration, or a part of it.
      file: for the message.
      prefix: of the part's fields, such as "model.".

    Raises:
      UserError: it says something else; the message names the first field.
    """
    trained = saved["fields"]
    for name, value in _fields(config, prefix).items():
        if name not in trained or trained[name] != value:
            raise UserError(
                f"{file}: field {name} is {shown(value)}, and the run was trained with {shown(trained.get(name))}; put "
                "back the file that the run wrote"
            )


def require_labels_as_trained(saved: dict[str, Any], labels: Any, file: Path) -> None:
    """Checks that the labels of a run are those that its checkpoint was trained with.

    Raises:
      UserError: they are others, or in another order.
    """
    if saved["fields"].get(_LABELS) != _digest(labels):
        raise UserError(
            f"{file}: holds other labels than the run was trained with; put back the file that the run wrote, or give "
            "its `finetune` command again, which writes it"
        )


def computed_on(model: ModelConfig) -> dict[str, Any]:
    """What the last bits of a result depend on besides the configuration: devices, attention's path, XLA's threads."""
    device = jax.devices()[0]
    found: dict[str, Any] = {
        "device": device.device_kind,
        "devices": jax.device_count(),
        "attention": attention_path(model),
    }
    return {**found, "threads": _threads()} if device.platform == "cpu" else found


def _threads() -> int:
    """The threads among which XLA divides an operation on a CPU; it creates as many as there are devices at least."""
    allowed = os.environ.get("NPROC", "")
    usable = int(allowed) if allowed.isdecimal() else len(os.sched_getaffinity(0))
    return max(usable, jax.local_device_count())


def other_machine(saved: dict[str, Any], current: dict[str, Any]) -> str:
    """A remark on a run that goes on where its last bits will differ; "" where they will not.

    Args:
      saved: facts saved in the checkpoint.
      current: facts of this run.
    """
    old, new = saved["computed_on"], current["computed_on"]
    differ = [
        f"{name} {old.get(name)} before, {new.get(name)} now" for name in old | new if old.get(name) != new.get(name)
    ]
    return f" (the last bits may differ from those of a run that never stopped: {'; '.join(differ)})" if differ else ""


def require_same_run(saved: dict[str, Any], current: dict[str, Any], where: str) -> None:
    """Checks that a checkpoint belongs to this run.

    Args:
      saved: facts saved in the checkpoint.
      current: facts of this run.
      where: the checkpoint, for the message.

    Raises:
      UserError: facts differ; the message names the first fields that do.
    """
    if saved.get("fingerprint") == current["fingerprint"]:
        return
    old, new = saved.get("fields", {}), current["fields"]
    differ = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    shown = "; ".join(f"{name} was {old.get(name)!r} and is {new.get(name)!r}" for name in differ[:3])
    more = f" and {len(differ) - 3} more" if len(differ) > 3 else ""
    raise UserError(
        f"checkpoint {where}: belongs to another configuration ({shown}{more}); use another workdir, or start from it "
        "with --init"
    )
