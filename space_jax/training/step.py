"""One optimiser step: forward over micro-batches, loss over the whole pool, gradient, update.

`accumulate` and `train_step` are pure functions; `jit_train_step` and `make_train_step` jit them.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from jax.sharding import Mesh
from jax.typing import ArrayLike

from space_jax.models.recipe import B, Keys, Objective, Terms, total_loss
from space_jax.models.replicas import REPLICA, with_copies
from space_jax.training.memory_use import return_memory_after_compiling
from space_jax.training.random_keys import step_keys
from space_jax.training.sharding import Rules, flax_rules, replicated
from space_jax.training.state import TrainState, shardings_of

Metrics = dict[str, jax.Array]


def accumulate(
    objective: Objective[B], params: Any, batch: B, keys_of: Callable[[ArrayLike], Keys]
) -> tuple[Terms, Any]:
    """Runs the objective's forward part over the A micro-batches of a batch.

    With more than one micro-batch the activations of each are discarded and recomputed in the backward pass; only the
    sums, and the features that the contrastive terms need from the whole pool, are stored.

    Args:
      objective: the model and its loss terms.
      params: the parameters, without axis names.
      batch: arrays `[A, ...]`.
      keys_of: maps the index of a micro-batch to its random keys.

    Returns:
      (terms, features): the terms added over micro-batches, the features stacked `[A, ...]`.
    """
    count = batch.valid.shape[0]

    def forward(params: Any, micro: B, index: Any) -> tuple[Terms, Any]:
        partial = objective.forward(params, micro, keys_of(index))
        return partial.terms, partial.features

    if count == 1:
        terms, features = forward(params, jax.tree.map(lambda array: array[0], batch), 0)
        return terms, jax.tree.map(lambda array: array[None], features)

    def body(carry: None, inputs: tuple[B, jax.Array]) -> tuple[None, tuple[Terms, Any]]:
        return carry, jax.checkpoint(forward)(params, *inputs)

    _, (terms, features) = jax.lax.scan(body, None, (batch, jnp.arange(count)))
    return jax.tree.map(lambda array: array.sum(0), terms), features


def train_step(
    objective: Objective[B],
    optimiser: optax.GradientTransformation,
    schedule: optax.Schedule,
    seed: int,
    state: TrainState,
    batch: B,
) -> tuple[TrainState, Metrics]:
    """One step as a pure function of (state, batch).

    A step whose loss or gradient is not finite leaves the state unchanged, so that it stays usable.

    Returns:
      (state, metrics): metrics are scalars: `<term>/total`, `<term>/weight`, `loss`, `grad_norm`, `learning_rate` and
      `finite` (bool).
    """

    def loss_of(params: Any) -> tuple[jax.Array, Terms]:
        keys_of = functools.partial(step_keys, seed, state.step)
        terms, features = accumulate(objective, with_copies(params), batch, keys_of)
        terms = objective.finish(terms, features)
        return total_loss(terms, objective.coefficients), terms

    (loss, terms), grads = jax.value_and_grad(loss_of, has_aux=True)(state.params)
    grad_norm = optax.tree.norm(grads)
    finite = jnp.isfinite(loss) & jnp.isfinite(grad_norm)
    updates, opt_state = optimiser.update(grads, state.opt_state, state.params)
    stepped = TrainState(state.step + 1, optax.apply_updates(state.params, updates), opt_state)
    state_after = jax.tree.map(lambda new, old: jnp.where(finite, new, old), stepped, state)
    metrics = {"loss": loss, "grad_norm": grad_norm, "learning_rate": schedule(state.step), "finite": finite}
    for name, term in terms.items():
        metrics[f"{name}/total"], metrics[f"{name}/weight"] = term.total, term.weight
    return state_after, metrics


def metric_names(objective: Objective[B]) -> tuple[str, ...]:
    """The names of a step's metrics, in the order in which `jit_train_step` stacks them."""
    terms = (f"{name}/{part}" for name in objective.coefficients for part in ("total", "weight"))
    return "loss", "grad_norm", "learning_rate", "finite", *terms


def jit_train_step(
    objective: Objective[B],
    optimiser: optax.GradientTransformation,
    schedule: optax.Schedule,
    seed: int,
    abstract: TrainState,
    rules: Rules,
    mesh: Mesh,
) -> Any:
    """`train_step` as a jitted function, to be called, traced or compiled under `jax.set_mesh(mesh)`.

    The input state is donated and must not be used again. The metrics are one float32 vector in the order of
    `metric_names`, so that reading them takes one transfer.

    Args:
      abstract: from `state.abstract_state`; the output state has these shardings.
    """
    names = metric_names(objective)

    def traced(state: TrainState, batch: B) -> tuple[TrainState, jax.Array]:
        with nn.logical_axis_rules((*flax_rules(rules), (REPLICA, ("data",)))):
            after, metrics = train_step(objective, optimiser, schedule, seed, state, batch)
        assert metrics.keys() == set(names), f"metrics {sorted(metrics)}, expected {sorted(names)}"
        return after, jnp.stack([jnp.asarray(metrics[name], jnp.float32) for name in names])

    return jax.jit(traced, donate_argnums=0, out_shardings=(shardings_of(abstract), replicated(mesh)))


def make_train_step(
    objective: Objective[B],
    optimiser: optax.GradientTransformation,
    schedule: optax.Schedule,
    seed: int,
    abstract: TrainState,
    rules: Rules,
    mesh: Mesh,
) -> Callable[[TrainState, B], tuple[TrainState, jax.Array]]:
    """`jit_train_step` with the mesh set during every call."""
    return_memory_after_compiling()
    jitted = jit_train_step(objective, optimiser, schedule, seed, abstract, rules, mesh)

    def step(state: TrainState, batch: B) -> tuple[TrainState, jax.Array]:
        with jax.set_mesh(mesh):
            return jitted(state, batch)

    return step
