"""A recipe small enough to step hundreds of times: an embedding, a linear layer, a token loss and a pooled contrast."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from space_jax.config import (
    DataConfig,
    MeshConfig,
    ModelConfig,
    OptimiserConfig,
    PretrainConfig,
    Space2Config,
    TrainConfig,
    Vocabulary,
)
from space_jax.features.batch import Batch, Tokens
from space_jax.features.grid import GridShape
from space_jax.losses.sums import Sum
from space_jax.models.recipe import Partial
from space_jax.training.evaluate import Evaluator
from space_jax.training.facts import run_facts
from space_jax.training.loop import Job, Measure, Pace
from space_jax.training.mesh import make_mesh
from space_jax.training.optimiser import learning_rate_schedule, make_optimiser

VOCABULARY, LENGTH, SLOTS, HIDDEN = 16, 6, 1, 8


def _named(init, *names):
    return nn.with_logical_partitioning(init, names)


class ToyModel(nn.Module):
    """ids [R, L] -> hidden [R, L, H]."""

    @nn.compact
    def __call__(self, ids, dropout_key=None):
        table = self.param("table", _named(nn.initializers.normal(0.5), "vocab", "embed"), (VOCABULARY, HIDDEN))
        kernel = self.param("kernel", _named(nn.initializers.normal(0.5), "embed", "mlp"), (HIDDEN, HIDDEN))
        bias = self.param("bias", _named(nn.initializers.zeros, "mlp"), (HIDDEN,))
        scale = self.param("norm_scale", _named(nn.initializers.ones, "mlp"), (HIDDEN,))
        x = nn.with_logical_constraint(jnp.asarray(table)[ids], ("batch", "length", None))
        hidden = jnp.tanh(jnp.einsum("RLH,HM->RLM", x, kernel) + bias[None, None]) * scale[None, None]
        if dropout_key is not None:
            hidden = hidden * jax.random.bernoulli(dropout_key, 0.8, hidden.shape) / 0.8
        return hidden


class ToyRecipe:
    """Token loss on the unlabelled and the labelled, contrast over the pool, acts of the labelled."""

    coefficients = {"response": 1.0, "contrast": 0.5, "acts": 0.2}
    view_terms = ()
    generation_terms = ("response",)
    accuracies = ()

    def __init__(self, dropout=True):
        self.model = ToyModel()
        self.dropout = dropout

    def init(self, key, batch):
        return self.model.init(key, batch.context.ids)["params"]

    def _hidden(self, params, batch, keys):
        key = keys.get("dropout_view_1") if self.dropout else None
        return self.model.apply({"params": params}, batch.context.ids, key)

    def _pooled(self, hidden, batch):
        seen = (batch.context.segments > 0)[..., None].astype(jnp.float32)
        rows = (hidden * seen).sum(1) / jnp.maximum(seen.sum(1), 1.0)
        return rows[batch.slot // SLOTS]

    def forward(self, params, batch, keys):
        hidden = self._hidden(params, batch, keys)
        logits = jnp.einsum("RLH,VH->RLV", hidden, params["table"])
        real = (batch.context.segments > 0).astype(jnp.float32)
        nll = -jnp.take_along_axis(jax.nn.log_softmax(logits), batch.context.ids[..., None], -1)[..., 0]
        pooled = self._pooled(hidden, batch)
        known = (batch.acts_known & batch.valid).astype(jnp.float32)
        act_loss = jnp.square(pooled[:, :1] - batch.acts[:, :1]).sum(-1)
        terms = {"response": Sum((nll * real).sum(), real.sum()), "acts": Sum((act_loss * known).sum(), known.sum())}
        return Partial(terms, {"pooled": pooled, "valid": batch.valid, "label": batch.acts[:, 0]})

    def finish(self, terms, features):
        flat = jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), features)
        valid = flat["valid"].astype(jnp.float32)
        same = (flat["label"][:, None] == flat["label"][None, :]).astype(jnp.float32) * valid[None, :]
        log_p = jax.nn.log_softmax(flat["pooled"] @ flat["pooled"].T, -1)
        per_example = -(same * log_p).sum(-1) / jnp.maximum(same.sum(-1), 1.0)
        return {**terms, "contrast": Sum((per_example * valid).sum(), valid.sum())}

    def represent(self, params, batch):
        return {"understanding": self._pooled(self._hidden(params, batch, {}), batch)}


def toy_batch(seed, examples=8, accumulate=1, rows=None):
    """A batch [A, ...] of `examples` examples in all, one example a row."""
    rng = np.random.default_rng(seed)
    count = examples // accumulate
    rows = count if rows is None else rows
    lengths = rng.integers(2, LENGTH + 1, (examples,)).reshape(accumulate, count)
    ids = rng.integers(1, VOCABULARY, (examples, LENGTH)).reshape(accumulate, count, LENGTH).astype(np.int32)
    real = np.arange(LENGTH)[None, None] < lengths[..., None]

    def grid(values):
        return np.pad(values * real, ((0, 0), (0, rows - count), (0, 0))).astype(np.int32)

    context = Tokens(
        ids=grid(ids), positions=grid(ids * 0), roles=grid(ids * 0), turns=grid(ids * 0), segments=grid(ids * 0 + 1)
    )
    response = jax.tree.map(lambda array: array[..., :2], context)
    first_act = rng.integers(0, 2, (examples,)).reshape(accumulate, count)
    acts = np.zeros((accumulate, count, 20), np.float32)
    acts[..., 0], acts[..., 1] = first_act, 1 - first_act
    tree = np.zeros((accumulate, count, 10, 2), np.int32)
    tree[..., 0] = (first_act + 1)[..., None]
    known = (rng.random(examples) < 0.6).reshape(accumulate, count)
    return Batch(
        context=context,
        response=response,
        negative=response,
        masked_ids=context.ids,
        masked_positions=context.ids[..., :1] * 0,
        masked_targets=context.ids[..., :1],
        masked_weights=np.ones((accumulate, rows, 1), np.float32),
        moved=np.zeros((accumulate, rows, 1), bool),
        occupied=np.pad(np.ones((accumulate, count, 1), bool), ((0, 0), (0, rows - count), (0, 0))),
        slot=np.tile(np.arange(count, dtype=np.int32), (accumulate, 1)),
        valid=np.ones((accumulate, count), bool),
        acts_known=known,
        user_tree_known=known,
        system_tree_known=known,
        user_words=np.zeros((accumulate, count, 2), np.int32),
        response_words=np.zeros((accumulate, count, 2), np.int32),
        user_tree=tree,
        system_tree=tree,
        acts=acts,
        dialogue=(1000 * seed + np.arange(examples, dtype=np.int32)).reshape(accumulate, count),
        variant=np.zeros((accumulate, count), np.int32),
        response_masked_ids=np.zeros((accumulate, rows, 0), np.int32),
        response_masked_weights=np.zeros((accumulate, rows, 0), np.float32),
    )


def micro(batch):
    """The first micro-batch, without its axis."""
    return jax.tree.map(lambda array: array[0], batch)


def split_batch(batch, accumulate):
    """The same examples as `accumulate` micro-batches: [1, B, ...] -> [A, B / A, ...]."""
    parts = jax.tree.map(lambda array: array.reshape(accumulate, array.shape[1] // accumulate, *array.shape[2:]), batch)
    return parts.replace(slot=parts.slot % parts.slot.shape[1])


class ToyIterator:
    """Batch n is a function of n; `before_batch` sees every n first, so that a test can disturb the run there."""

    def __init__(self, examples=8, accumulate=1, before_batch=lambda n: None, change=lambda n, batch: batch):
        self.examples, self.accumulate = examples, accumulate
        self.before_batch, self.change = before_batch, change
        self.n = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.before_batch(self.n)
        batch = self.change(self.n, toy_batch(self.n, self.examples, self.accumulate))
        self.n += 1
        return batch

    def seek(self, step):
        self.n = step

    def offers(self, batch):
        return list(batch.shape)

    def agreed(self, batch, offers):
        return batch.grown(GridShape(*offers.max(axis=0).tolist()))


def toy_job(config, source, held_out, bank=(), initial=None):
    """What pre-training the toy is."""
    recipe, mesh, steps = ToyRecipe(), make_mesh(config.mesh), config.train.steps
    evaluator = Evaluator(recipe, config.mesh.rules, mesh, held_out, bank)
    every = config.train
    return Job(
        objective=recipe,
        optimiser=make_optimiser(config.optimiser, steps),
        schedule=learning_rate_schedule(config.optimiser, steps),
        source=source,
        shape=micro(held_out[0]),
        mesh=mesh,
        rules=config.mesh.rules,
        model=config.model,
        seed=every.seed,
        pace=Pace(steps, every.log_every, every.eval_every, every.checkpoint_every, keep_last=every.keep_last),
        facts=run_facts(config),
        evaluate=lambda params, best: evaluator(params),
        measure=Measure("loss", falling=True),
        initial=initial,
    )


def toy_config(accumulate=1, mesh=None, **train):
    """A run of the toy: 6 steps over 8 examples, unless `train` says otherwise."""
    fields = {"steps": 6, "log_every": 1, "eval_every": 3, "checkpoint_every": 2, **train}
    return PretrainConfig(
        recipe=Space2Config(),
        model=ModelConfig(layers=1, hidden=HIDDEN, heads=1, mlp=HIDDEN, vocabulary=Vocabulary(size=VOCABULARY)),
        data=DataConfig(batch_size=8, examples_per_row=SLOTS, context_length=LENGTH),
        optimiser=OptimiserConfig(learning_rate=0.05, warmup_share=0.0, accumulate=accumulate, weight_decay=0.01),
        mesh=mesh or MeshConfig(),
        train=TrainConfig(**fields),
    )
