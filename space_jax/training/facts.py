"""The facts of a run saved in its checkpoints, so that another run does not resume from them by mistake."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from space_jax.errors import UserError
from space_jax.reading.json_text import parse_json

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


def _flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for name, part in value.items() for k, v in _flatten(part, f"{prefix}{name}.").items()}
    return {prefix.rstrip("."): value}


def run_facts(config: Any, corpora: Sequence[str] = ()) -> dict[str, Any]:
    """The facts of a run: seed, fingerprint and the fields that affect the computation, as a JSON value.

    Args:
      config: the run's configuration, a frozen dataclass with `train.seed`.
      corpora: identifies each corpus, so that one rebuilt in the same folder is noticed.
    """
    fields = parse_json(json.dumps(_flatten(dataclasses.asdict(config))), "the configuration")
    fields = {name: value for name, value in fields.items() if not name.startswith(_FREE)}
    fields |= {f"corpus {index}": identity for index, identity in enumerate(corpora)}
    text = json.dumps(fields, sort_keys=True)
    return {"seed": config.train.seed, "fingerprint": hashlib.sha256(text.encode()).hexdigest(), "fields": fields}


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
