"""One process of a distributed run of the toy; started by `test_two_processes.py`.

Arguments: "pretraining" or "finetuning", the workdir, and the batch that process 0 draws when it sends itself SIGTERM
(-1: never).
"""

import os
import signal
import sys

import jax

from space_jax.training.joining import initialise_distributed
from space_jax.training.processes import ending_together

initialise_distributed()

from space_jax.config import MeshConfig  # noqa: E402
from space_jax.training.loop import train  # noqa: E402
from space_jax.training.workdir import Workdir  # noqa: E402
from tests.training.toy import ToyIterator, toy_batch, toy_config, toy_job  # noqa: E402 - jax must know of the others first
from tests.training.toy_task import task_job  # noqa: E402


def share(batch):
    """What this process holds of a batch of eight examples, one a row."""
    count = 8 // jax.process_count()
    first = count * jax.process_index()
    part = jax.tree.map(lambda array: array[:, first : first + count], batch)
    return part.replace(slot=part.slot - first)


def main():
    kind, workdir, stop_at = sys.argv[1], sys.argv[2], int(sys.argv[3])

    def disturb(n):
        if n == stop_at and jax.process_index() == 0:
            os.kill(os.getpid(), signal.SIGTERM)

    mesh = MeshConfig(fsdp=2)
    with ending_together():
        if kind == "pretraining":
            held_out = [share(toy_batch(seed)) for seed in (100, 101)]
            source = ToyIterator(before_batch=disturb, change=lambda n, batch: share(batch))
            job = toy_job(toy_config(mesh=mesh), source, held_out, [share(toy_batch(200))])
        else:  # nothing random, which would follow the rows that each process packs for itself
            job = task_job({"checkpoint_every": 2}, mesh, before_batch=disturb, random=False)
        result = train(job, Workdir(workdir))
    print(f"step {result.step} stopped {result.stopped}")


if __name__ == "__main__":
    main()
