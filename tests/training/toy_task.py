"""A task of fine-tuning small enough to step hundreds of times: a number a text, learnt from the mean of its tokens."""

import jax.numpy as jnp
import numpy as np

from space_jax.config import MeshConfig
from space_jax.losses.sums import Sum
from space_jax.models.recipe import Partial
from space_jax.tasks.batches import EpochBatches, steps_per_epoch
from space_jax.tasks.inference import Inference
from space_jax.tasks.text_packing import Encoded, Shape, pack
from space_jax.training.facts import run_facts
from space_jax.training.feed import part_of
from space_jax.training.loop import Job, Measure, Pace
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import learning_rate_schedule, make_optimiser
from tests.training.toy import LENGTH, VOCABULARY, ToyModel, toy_config

BATCH, EXAMPLES = 8, 20  # so that the last of three batches is half empty


class TextExample:
    """Some tokens and a number."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        ids = rng.integers(1, VOCABULARY, rng.integers(2, LENGTH + 1)).astype(np.int32)
        self.encoded = Encoded(ids, *(np.zeros(len(ids), np.int32) for _ in range(3)))
        self.number = np.float32(ids[0] / VOCABULARY)


class ToyTask:
    """One example a row; in training there is dropout, and the numbers are noisy."""

    coefficients = {"number": 1.0}

    def __init__(self, random=True):
        self.model, self.random = ToyModel(), random

    def collate(self, examples, size, rng):
        """See `Task.collate`; as many rows as places, so that one program does."""
        batch = pack([one.encoded for one in examples], size, Shape(LENGTH, 1))
        numbers = np.zeros(size, np.float32)
        numbers[: len(examples)] = [one.number for one in examples]
        if rng is not None and self.random:
            numbers += 0.01 * rng.standard_normal(size).astype(np.float32)
        return batch.grown(batch.shape._replace(rows=size)).replace(examples={"number": numbers})

    def init(self, key, batch):
        return self.model.init(key, batch.context.ids)["params"]

    def _predicted(self, params, batch, keys):
        hidden = self.model.apply({"params": params}, batch.context.ids, keys.get("dropout_view_1"))
        seen = (batch.context.segments > 0)[..., None].astype(jnp.float32)
        return ((hidden * seen).sum(1) / jnp.maximum(seen.sum(1), 1.0))[batch.slot, 0]

    def forward(self, params, batch, keys):
        error = jnp.square(self._predicted(params, batch, keys if self.random else {}) - batch.examples["number"])
        valid = batch.valid.astype(jnp.float32)
        return Partial({"number": Sum((error * valid).sum(), valid.sum())}, jnp.zeros(()))

    def finish(self, terms, features):
        return terms

    def infer(self, params, batch):
        return {"number": self._predicted(params, batch, {})}


def task_job(train, mesh=None, change=lambda n, batch: batch, before_batch=lambda n: None, patience=0, random=True):
    """What fine-tuning the toy is.

    Args:
      train: fields of `TrainConfig`.
      mesh: its configuration.
      change: from the number of a batch and the batch to the one that is trained on.
      before_batch: sees the number of every batch before it is made.
      patience: see `Pace`.
      random: whether there is anything random in training but the order.
    """
    config = toy_config(mesh=mesh or MeshConfig(), **train)
    task, on, every = ToyTask(random), make_mesh(config.mesh), config.train
    examples, held_out = [TextExample(n) for n in range(EXAMPLES)], [TextExample(100 + n) for n in range(10)]
    inference = Inference(task, config.mesh.rules, on, BATCH)
    truth = np.array([one.number for one in held_out])

    class Source(EpochBatches):
        def __next__(self):
            n = self._step
            before_batch(n)
            return change(n, super().__next__())

    per_epoch = steps_per_epoch(EXAMPLES, BATCH)
    return Job(
        objective=task,
        optimiser=make_optimiser(config.optimiser, every.steps),
        schedule=learning_rate_schedule(config.optimiser, every.steps),
        source=Source(task, examples, BATCH, 1, every.seed, part_of(on)),
        shape=task.collate([], BATCH, None),
        mesh=on,
        rules=config.mesh.rules,
        model=config.model,
        seed=every.seed,
        pace=Pace(every.steps, every.log_every, per_epoch, every.checkpoint_every, patience, every.keep_last),
        facts=run_facts(config),
        evaluate=lambda params, best: {"error": float(np.square(inference(params, held_out)["number"] - truth).mean())},
        measure=Measure("error", falling=True),
    )
