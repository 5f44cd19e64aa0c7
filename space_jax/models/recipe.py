"""What training knows of a model: a recipe turns parameters and a batch into terms of a loss.

A recipe is split where gradient accumulation needs the seam. `forward` sees one micro-batch; its sums add up, its
features are collected. `finish` sees the features of all micro-batches, so that a contrastive loss has the whole batch
for its pool. The loss is then divided once. Accumulating over micro-batches is thereby equal to one big batch.
"""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

import jax
import jax.numpy as jnp
from flax import struct

from space_jax.features.batch import Batch, PackedBatch, Tokens
from space_jax.losses.sums import Sum
from space_jax.models.kv_cache import KVCache

Terms = dict[str, Sum]
Keys = Mapping[str, jax.Array]
"""Purpose -> random key; `DROPOUT_VIEWS` are the two views. Empty: no dropout, both views are equal."""

DROPOUT_VIEWS = ("dropout_view_1", "dropout_view_2")
KEY_PURPOSES = (
    *DROPOUT_VIEWS,
    "dropout_masked",
    "dropout_policy",
    "dropout_policy_before_user",
    "dropout_response",
    "dropout_selection_true",
    "dropout_selection_negative",
)
"""One for each application of a model in a step: two that shared a key would draw the same masks."""


@struct.dataclass
class Partial:
    """What one micro-batch contributes.

    Attributes:
      terms: loss terms as sums with their weights.
      features: what `Recipe.finish` needs of every example, a tree of arrays `[B, ...]`.
    """

    terms: Terms
    features: Any


B = TypeVar("B", bound=PackedBatch)
B_contra = TypeVar("B_contra", bound=PackedBatch, contravariant=True)


class Objective(Protocol[B_contra]):
    """What a training step minimises: a recipe of pre-training, or a task of fine-tuning.

    Attributes:
      coefficients: term -> its factor in the loss; total = sum of factor * term.mean(). `finish` gives these terms.
    """

    @property
    def coefficients(self) -> Mapping[str, float]: ...

    def init(self, key: jax.Array, batch: B_contra) -> Any:
        """Makes the parameters, boxed with their logical axis names; of `batch` only the shapes matter."""
        ...

    def forward(self, params: Any, batch: B_contra, keys: Keys) -> Partial:
        """Runs the model on one micro-batch."""
        ...

    def finish(self, terms: Terms, features: Any) -> Terms:
        """Adds the terms that compare examples; `features` has a leading axis of micro-batches, `[A, B, ...]`."""
        ...


class Recipe(Objective[Batch], Protocol):
    """SPACE-1, SPACE-2 or SPACE-3, as pre-training sees it.

    Attributes:
      view_terms: the terms that compare two dropout views, and mean nothing without dropout.
      generation_terms: the token-level negative log-likelihoods of responses, for the perplexity.
    """

    @property
    def view_terms(self) -> tuple[str, ...]: ...

    @property
    def generation_terms(self) -> tuple[str, ...]: ...

    def represent(self, params: Any, batch: Batch) -> dict[str, jax.Array]:
        """Vectors of each example without dropout, for evaluation.

        Returns:
          `understanding` [B, H] always; `policy` [B, H] and `act_logits` [B, 20] where the recipe has them.
        """
        ...


@runtime_checkable
class Generator(Protocol):
    """A recipe that writes responses: SPACE-1 and SPACE-3."""

    def prompt(self, params: Any, batch: Batch) -> KVCache:
        """Everything that a response is written on."""
        ...

    def next_token(self, params: Any, tokens: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """Scores of the token after each of `tokens` `[R, L]`, float32 `[R, L, padded V]`, and the memory grown."""
        ...


def total_loss(terms: Terms, coefficients: Mapping[str, float]) -> jax.Array:
    """The weighted sum of the terms' means, a scalar."""
    return sum((coefficients[name] * term.mean() for name, term in terms.items()), start=jnp.zeros(()))
