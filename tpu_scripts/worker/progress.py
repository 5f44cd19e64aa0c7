"""How far a run is: prints `300 of 1000`, the step of its last checkpoint and the steps it is to do.

Usage: progress.py WORKDIR

This is how "finished" is told from "stopped": `pretrain` ends with exit status 0 in both cases, but only a finished run
has a checkpoint at its last step. It is read by the same function that a resumed run uses.
"""

import os
import sys
from pathlib import Path

os.environ["JAX_PLATFORMS"] = "cpu"  # the chips belong to the run

from space_jax.config_files import read_config
from space_jax.errors import UserError
from space_jax.training.checkpoint import find_checkpoints
from space_jax.training.run_reader import CHECKPOINTS


def progress(workdir: Path) -> str:
    """The line that is printed; a step is `-` where there is none yet."""
    try:
        wanted = read_config(workdir).train.steps
    except UserError:
        return "- of -"
    steps = find_checkpoints(workdir / CHECKPOINTS).steps
    return f"{steps[-1] if steps else '-'} of {wanted}"


if __name__ == "__main__":
    print(progress(Path(sys.argv[1])))
