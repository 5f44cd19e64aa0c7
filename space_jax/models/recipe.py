"""The interface between training and a model: a recipe turns parameters and a batch into terms of a loss.

A recipe has two stages for the sake of gradient accumulation. `forward` sees one micro-batch; its sums are added and
its features collected. `finish` sees the features of all micro-batches, so that a contrastive loss can pool the whole
batch. The sums are then divided once. Accumulating over micro-batches therefore equals one big batch.
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
"""Purpose -> random key; `DROPOUT_VIEWS` are the two views. Empty means no dropout and two equal views."""

DROPOUT_VIEWS = ("dropout_view_1", "dropout_view_2")
KEY_PURPOSES = (
    *DROPOUT_VIEWS,
    "dropout_masked",
    "dropout_masked_response",
    "dropout_crossed_context",
    "dropout_crossed_response",
    "dropout_policy",
    "dropout_policy_before_user",
    "dropout_response",
    "dropout_selection_true",
    "dropout_selection_negative",
    "dropout_written",
    "dropout_generated",
    "adversarial_noise",
    "generated_words",
)
"""One for each application of a model in a step, for sharing a key would give the same dropout masks; for noise, and
for words that are drawn."""


@struct.dataclass
class Partial:
    """The contribution of one micro-batch.

    Attributes:
      terms: loss terms as sums with their weights.
      features: the input of `Recipe.finish` from every example, a tree of arrays `[B, ...]`.
    """

    terms: Terms
    features: Any


B = TypeVar("B", bound=PackedBatch)
B_contra = TypeVar("B_contra", bound=PackedBatch, contravariant=True)


class Objective(Protocol[B_contra]):
    """The objective of a training step: a recipe in pre-training, a task in fine-tuning.

    Attributes:
      coefficients: term -> its factor in the loss; total = sum of factor * term.mean(). `finish` returns these terms.
    """

    @property
    def coefficients(self) -> Mapping[str, float]: ...

    def init(self, key: jax.Array, batch: B_contra) -> Any:
        """Creates the parameters, boxed with their logical axis names; only the shapes of `batch` matter."""
        ...

    def forward(self, params: Any, batch: B_contra, keys: Keys) -> Partial:
        """Runs the model on one micro-batch."""
        ...

    def finish(self, terms: Terms, features: Any) -> Terms:
        """Adds the terms that compare examples; `features` has a leading axis of micro-batches, `[A, B, ...]`."""
        ...


class Recipe(Objective[Batch], Protocol):
    """The interface of SPACE-1, SPACE-2, SPACE-3 and their neighbours to pre-training.

    Attributes:
      view_terms: the terms that compare two dropout views; they are meaningless without dropout.
      generation_terms: the token-level negative log-likelihoods of responses, for the perplexity.
      accuracies: the terms that are shares of right predictions, of coefficient 0: measured, not trained.
    """

    @property
    def view_terms(self) -> tuple[str, ...]: ...

    @property
    def generation_terms(self) -> tuple[str, ...]: ...

    @property
    def accuracies(self) -> tuple[str, ...]: ...

    def represent(self, params: Any, batch: Batch) -> dict[str, jax.Array]:
        """Vectors for each example, computed without dropout, for evaluation.

        Returns:
          `understanding` [B, H] always; `policy` [B, H] and `act_logits` [B, 20] where the recipe has them.
        """
        ...


@runtime_checkable
class Generator(Protocol):
    """A recipe that generates responses: SPACE-1 and SPACE-3."""

    def prompt(self, params: Any, batch: Batch) -> KVCache:
        """The memory that a response is conditioned on."""
        ...

    def next_token(self, params: Any, tokens: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """Scores of the token after each of `tokens` `[R, L]`, float32 `[R, L, padded V]`, and the extended memory."""
        ...


def total_loss(terms: Terms, coefficients: Mapping[str, float]) -> jax.Array:
    """The weighted sum of the terms' means, a scalar."""
    return sum((coefficients[name] * term.mean() for name, term in terms.items()), start=jnp.zeros(()))
