"""The recipe after STAR: replaced words + slot states + dependency between turns, each under a weight that is learnt.

sum over the three tasks of L / (2 a^2) + log(1 + a^2); the first is the generator's loss + 5 times the discriminator's
(Cai et al., EMNLP Findings 2022, arXiv 2210.11888, section 3.4; its released code). There are slots where there is SQL:
a dialogue has slots with roles instead of columns, and its turns are as similar as their semantic trees. The role that
a slot had in the user's turn before stands behind its name. Only examples with a known tree have slots and similar
turns; the others are read for replaced words.

The two passes of the discriminator are of the text as written and of the generator's; slots are predicted in both, and
a turn in one is compared with turns in the other.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.config import ModelConfig, StarConfig
from space_jax.dialogue.slot_roles import SLOT_ROLES, UNUSED
from space_jax.features.batch import Batch
from space_jax.losses import (
    Sum,
    combined_similarity,
    dependency_contrast,
    replaced_tokens,
    slot_state,
    task_penalty,
    task_weighted,
)
from space_jax.losses.anchors import of_anchors, with_itself
from space_jax.models.electra import generator_sizes
from space_jax.models.heads import per_token
from space_jax.models.pool import Pool, contrast
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.models.star import Read, StarModel, of_unused_slots, slots_of
from space_jax.models.views import masked_tokens, rngs

TASKS = {"generator": 0, "replaced": 0, "roles": 1, "dependency": 2}
"""Loss -> the number of its task."""


@struct.dataclass
class TurnPool(Pool):
    """A pool of turns, whose two views are the text as written and the generator's.

    Attributes:
      dialogue: `[B]` int32, a hash of the dialogue's id.
      task_weight: `[B]` float32, the weight of the task, the same for all.
    """

    dialogue: jax.Array
    task_weight: jax.Array


class StarRecipe:
    """Fills words in, finds them, and says of the last turn what it does with each slot."""

    view_terms = ()
    generation_terms = ()
    accuracies = ("replaced_accuracy", "role_accuracy", "unused_accuracy")

    def __init__(self, model: ModelConfig, recipe: StarConfig) -> None:
        generator = generator_sizes(model, recipe.generator_heads)
        self.model = StarModel(model, generator, len(SLOT_ROLES), weighted=not recipe.as_released)
        self.config = recipe
        factors = dict.fromkeys(TASKS, 1.0) | {"replaced": recipe.replaced_weight}
        measured = (*TASKS, *self.accuracies)
        self.coefficients = dict.fromkeys(measured, 0.0) | {"task_weights": 1.0}
        self.coefficients |= {f"weighted/{name}": factor for name, factor in factors.items()}

    def init(self, key: jax.Array, batch: Batch) -> dict:
        """See `Recipe.init`."""
        return self.model.init(key, batch, method="initialise")["params"]

    def forward(self, params: dict, batch: Batch, keys: Keys) -> Partial:
        """See `Recipe.forward`; without keys the generator writes the likeliest words."""

        def run(method: str, purpose: str, *arguments: Any) -> Any:
            return self.model.apply({"params": params}, *arguments, rngs=rngs(keys, purpose), method=method)

        losses, ids = run("fill_in", "dropout_masked", batch, keys["generated_words"] if keys else None)
        written, corrupted = (
            run("read_contexts", purpose, given, batch)
            for purpose, given in (("dropout_written", batch.context.ids), ("dropout_generated", ids))
        )
        weights = self.model.apply({"params": params}, method="weights")
        valid = batch.valid.astype(jnp.float32)
        terms = {"generator": masked_tokens(losses, batch, valid)}
        terms |= self._replaced(batch, corrupted, ids != batch.context.ids)
        terms |= self._roles(batch, written, corrupted)
        terms |= {f"weighted/{name}": task_weighted(terms[name], weights[TASKS[name]]) for name in list(TASKS)[:3]}
        terms["task_weights"] = Sum.of(jnp.broadcast_to(task_penalty(weights), valid.shape), valid)
        return Partial(terms, {"turns": _pool(batch, written, corrupted, weights[TASKS["dependency"]])})

    def _replaced(self, batch: Batch, corrupted: Read, changed: jax.Array) -> Terms:
        """Which tokens the generator has changed; as released, those of unused slots count as changed."""
        if self.config.as_released:
            changed |= of_unused_slots(batch)
        weights = per_token(batch.valid.astype(jnp.float32), batch.context.segments, batch)
        right = ((corrupted.replaced > 0) == changed).astype(jnp.float32)
        return {
            "replaced": Sum.of(replaced_tokens(corrupted.replaced, changed), weights),
            "replaced_accuracy": Sum.of(right, weights),
        }

    def _roles(self, batch: Batch, written: Read, corrupted: Read) -> Terms:
        """The roles of slots, in the mean of both passes; accuracies are those of the text as written."""
        slots = slots_of(batch)
        known = slots.there & _slots_count(batch)
        passes = [
            slot_state(read.roles, slots.roles, known, self.config.unused_weight) for read in (written, corrupted)
        ]
        right = (written.roles.argmax(axis=-1) == slots.roles).astype(jnp.float32)
        used = slots.roles != UNUSED
        return {
            "roles": Sum((passes[0].total + passes[1].total) / 2, passes[0].weight),
            "role_accuracy": Sum.of(right, known & used),
            "unused_accuracy": Sum.of(right, known & ~used),
        }

    def finish(self, terms: Terms, features: dict[str, TurnPool]) -> Terms:
        """See `Recipe.finish`: turns are compared over the whole batch."""
        pool = features["turns"]
        losses = contrast(pool, functools.partial(_dependency, self.config))
        own = Sum.of(losses, pool.known)
        # The mean of equal numbers, since only features get here.
        return {**terms, "dependency": own, "weighted/dependency": task_weighted(own, pool.task_weight.mean())}

    def represent(self, params: dict, batch: Batch) -> dict[str, jax.Array]:
        """See `Recipe.represent`; the understanding vector is that of the turn."""
        return {"understanding": self.model.apply({"params": params}, batch, method="summarise")}


def _slots_count(batch: Batch) -> jax.Array:
    """Whether the slots of each row's examples count: `[R, C]` bool, by the example of their tokens.

    An example whose tree is hidden from a held-out loss has its slots hidden as well.
    """
    slots = slots_of(batch)
    known = per_token((batch.user_tree_known & batch.valid).astype(jnp.float32), batch.context.segments, batch)
    row = jnp.broadcast_to(jnp.arange(slots.numbers.shape[0])[:, None], slots.numbers.shape)
    counts = jnp.zeros((slots.roles.shape[0], slots.roles.shape[1] + 1)).at[row, slots.numbers].max(known)
    return counts[:, 1:] > 0


def _pool(batch: Batch, written: Read, corrupted: Read, weight: jax.Array) -> TurnPool:
    """The turns of one micro-batch."""
    return TurnPool(
        valid=batch.valid,
        known=batch.user_tree_known & batch.valid,
        trees=batch.user_tree,
        vectors=jnp.stack([written.turns, corrupted.turns], axis=1),
        dialogue=batch.dialogue,
        task_weight=jnp.broadcast_to(weight, batch.valid.shape),
    )


def _dependency(config: StarConfig, pool: TurnPool, anchors: jax.Array | None) -> jax.Array:
    """The loss `[b]` of the anchors: their turns as written against all turns as the generator has them."""
    ours = of_anchors(pool.known, anchors)
    known = ours[:, None] & pool.known[None, :]
    same = of_anchors(pool.dialogue, anchors)[:, None] == pool.dialogue[None, :]
    itself = with_itself(pool.valid.size, anchors)
    similarity = jnp.where(known & (same | itself), combined_similarity(pool.trees, anchors), 0.0)
    rows = of_anchors(pool.vectors[:, 0], anchors)
    compared = known & config.whole_batch
    return dependency_contrast(rows, pool.vectors[:, 1], similarity, compared, config.temperature, config.sharpness)
