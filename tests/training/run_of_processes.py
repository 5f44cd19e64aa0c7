"""One process of a distributed run of the toy; started by `test_processes.py`.

Arguments: the workdir, and the batch that process 0 draws when it sends itself SIGTERM (-1: never).
"""

import os
import signal
import sys

import jax

from space_jax.training.processes import ending_together, initialise_distributed

initialise_distributed()

from space_jax.config import MeshConfig  # noqa: E402
from space_jax.training.loop import train  # noqa: E402
from space_jax.training.workdir import Workdir  # noqa: E402
from tests.training.toy import ToyIterator, toy_batch, toy_config, toy_job  # noqa: E402 - jax must know of the others first


def share(batch):
    """What this process holds of a batch of eight examples, one a row."""
    count = 8 // jax.process_count()
    first = count * jax.process_index()
    part = jax.tree.map(lambda array: array[:, first : first + count], batch)
    return part.replace(slot=part.slot - first)


def main():
    stop_at = int(sys.argv[2])

    def disturb(n):
        if n == stop_at and jax.process_index() == 0:
            os.kill(os.getpid(), signal.SIGTERM)

    held_out = [share(toy_batch(seed)) for seed in (100, 101)]
    iterator = ToyIterator(before_batch=disturb, change=lambda n, batch: share(batch))
    config = toy_config(mesh=MeshConfig(fsdp=2))
    with ending_together():
        result = train(toy_job(config, iterator, held_out, [share(toy_batch(200))]), Workdir(sys.argv[1]))
    print(f"step {result.step} stopped {result.stopped}")


if __name__ == "__main__":
    main()
