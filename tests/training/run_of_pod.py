"""One process of a simulated pod, started by `test_pod.py`: pre-training on a ladder of several shapes.

Arguments: the prepared corpus, the workdir, the number of steps. Its last line is JSON: the shapes of all steps in
their order, and the numbers of the steps that compiled something although their shape had been used before.
"""

import dataclasses
import itertools
import json
import sys

import jax

from space_jax.config import MeshConfig
from space_jax.features.pipeline import TrainBatches
from space_jax.training.pretrain import pretrain
from tests.training.run_of_pretraining import real_config

_COMPILED = "/jax/core/compile/backend_compile_duration"


def pod_config(prepared, steps):
    """Sixty-four examples a step; two shapes have half the rows of the last and more columns."""
    config = real_config("space2", prepared)
    return dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, layers=1, turns=10),
        data=dataclasses.replace(
            config.data,
            batch_size=64,
            context_length=176,
            examples_per_row=4,
            row_ladder=(1.0,),
            grids=((0.5, 316, 72), (0.5, 332, 72)),
            eval_examples=32,
        ),
        mesh=MeshConfig(fsdp=2),
        train=dataclasses.replace(config.train, steps=steps, eval_every=steps, checkpoint_every=10),
    )


class Watch:
    """Counts what is compiled during each step."""

    def __init__(self):
        self.count, self.noted = 0, []
        jax.monitoring.register_event_duration_secs_listener(self._on_event)
        TrainBatches.agreed = self._noting(TrainBatches.agreed)

    def _on_event(self, event, _, **__):
        self.count += event == _COMPILED

    def _noting(self, agreed):
        def noting(source, batch, offers):
            common = agreed(source, batch, offers)
            self.noted.append((tuple(common.shape), self.count))
            return common

        return noting

    def result(self):
        """The shapes, and the steps that compiled again: what is compiled before the next batch belongs to a step."""
        shapes, counts = zip(*self.noted, strict=True)
        again = [
            step
            for step, (before, after) in enumerate(itertools.pairwise(counts))
            if after > before and shapes[step] in shapes[:step]
        ]
        return {"shapes": shapes, "again": again}


if __name__ == "__main__":
    prepared, workdir, steps = sys.argv[1:]
    watch = Watch()
    pretrain(pod_config(prepared, int(steps)), workdir)
    print(json.dumps(watch.result()))
