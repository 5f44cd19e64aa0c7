"""What the parameters of a run began as: `start.json` in its workdir, and what is refused of a run without a step.

    {"initial": "minilm", "new": ["head/bias", "head/kernel"]}

`initial` names the weights that the run started from, null where there were none; `new` are the parameters that no
weights gave. Runs of earlier versions have no such file.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from space_jax.convert.key_map import part_of
from space_jax.errors import UserError
from space_jax.reading.json_text import read_json
from space_jax.remote import as_path
from space_jax.terminal import say

START = "start.json"


@dataclasses.dataclass(frozen=True)
class Start:
    """How a run began.

    Attributes:
      initial: the weights that it started from, by the name that was given; None where there were none.
      new: the paths of the parameters that they lack, or of all.
    """

    initial: str | None
    new: tuple[str, ...]

    def save(self, folder: Path) -> None:
        """Writes `start.json`."""
        (folder / START).write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", encoding="utf-8")


def read_start(workdir: Path) -> Start | None:
    """What `Start.save` wrote; None if there is no such file.

    Raises:
      UserError: it is damaged.
    """
    path = workdir / START
    if not path.is_file():
        return None
    said = read_json(path)
    try:
        initial, new = said["initial"], said["new"]
        if not (initial is None or isinstance(initial, str)) or not all(isinstance(name, str) for name in new):
            raise TypeError("names must be texts")
    except (KeyError, TypeError) as error:
        raise UserError(f"{path}: not the beginning of a run ({error})") from error
    return Start(initial, tuple(new))


def require_steps(
    workdir: str | os.PathLike[str],
    step: int,
    wanted: str,
    fitted: bool = False,
    if_asked: bool = True,
) -> None:
    """Refuses the checkpoint before the first step, whose new parameters nothing has trained.

    What is new is said on standard error where it is used all the same: for it was asked for by its number, or its head
    was fitted.

    Args:
      workdir: of the run.
      step: of the checkpoint.
      wanted: as the user named the step: "best", "latest" or a number.
      fitted: whether the head needs no step, because it was fitted to the training records.
      if_asked: whether it may be used where its number was given.

    Raises:
      UserError: the checkpoint is that of step 0, nobody asked for it, and it has no fitted head.
    """
    if step:
        return
    start = read_start(as_path(workdir))
    new = _parts(start.new if start else (), fitted)
    said = f"newly initialised and never trained: {', '.join(new)}" if new else "never trained"
    if fitted or (if_asked and wanted == str(step)):
        if new:
            say(f"{workdir}: {said}", sys.stderr)
        return
    way_out = "name the checkpoint with --step to use it all the same" if if_asked else "name a later one with --step"
    raise UserError(
        f"{workdir}: the checkpoint that --step {wanted} names is that of step 0, before training ({said}); train the "
        f"run, or {way_out}"
    )


def _parts(new: Iterable[str], fitted: bool) -> tuple[str, ...]:
    """The new parameters for reading: a table by its path, all else by its part."""
    names = [path if path.startswith("backbone/embedding/") else part_of(path) for path in new]
    if any(part_of(path) == "backbone" and not path.startswith("backbone/embedding/") for path in new):
        return ("all parameters",)  # no weights lack a layer only
    return tuple(sorted({name for name in names if not (fitted and name == "head")}))
