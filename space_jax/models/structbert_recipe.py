"""The StructBERT recipe: words in their places + turns in their order, of equal weight (ICLR 2020, section 2).

No labels: every example counts alike. Words are one mean over hidden and moved words together, as published.
"""

import dataclasses

import jax
import jax.numpy as jnp

from space_jax.config import ModelConfig, StructBertConfig
from space_jax.features.batch import Batch
from space_jax.losses import Sum, class_cross_entropy
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.models.structbert import StructBertModel, Structure, orderable
from space_jax.models.views import masked_tokens, rngs


class StructBertRecipe:
    """Predicts the words of the context and the order of its last turn and the response."""

    view_terms = ()
    generation_terms = ()
    accuracies = ("masked_accuracy", "word_order_accuracy", "order_accuracy")

    def __init__(self, model: ModelConfig, recipe: StructBertConfig) -> None:
        self.model = StructBertModel(model)
        self.config = recipe
        self.coefficients = {"words": 1.0, "order": 1.0} | dict.fromkeys(self.accuracies, 0.0)

    def init(self, key: jax.Array, batch: Batch) -> dict:
        """See `Recipe.init`."""
        return self.model.init(key, batch, method="initialise")["params"]

    def forward(self, params: dict, batch: Batch, keys: Keys) -> Partial:
        """See `Recipe.forward`."""
        found = self.model.apply({"params": params}, batch, rngs=rngs(keys, "dropout_masked"), method="predict")
        return Partial(structure_terms(found, batch), ())

    def finish(self, terms: Terms, features: tuple) -> Terms:
        """See `Recipe.finish`: nothing compares examples."""
        return terms

    def represent(self, params: dict, batch: Batch) -> dict[str, jax.Array]:
        """See `Recipe.represent`; the understanding vector is the summary of the unmasked context."""
        return {"understanding": self.model.apply({"params": params}, batch, method="summarise")}


def structure_terms(found: Structure, batch: Batch) -> Terms:
    """The two losses of a batch, and three accuracies: of masked words, of moved words, of the order."""
    valid = batch.valid.astype(jnp.float32)
    right = found.right.astype(jnp.float32)
    pairs = valid * orderable(batch)
    chosen = found.order_logits.argmax(axis=-1)
    return {
        "words": masked_tokens(found.losses, batch, valid),
        "order": Sum.of(class_cross_entropy(found.order_logits, batch.variant), pairs),
        "masked_accuracy": masked_tokens(right, _only(batch, ~batch.moved), valid),
        "word_order_accuracy": masked_tokens(right, _only(batch, batch.moved), valid),
        "order_accuracy": Sum.of((chosen == batch.variant).astype(jnp.float32), pairs),
    }


def _only(batch: Batch, places: jax.Array) -> Batch:
    """The batch with the predictions at some places only, bool `[R, M]`."""
    return dataclasses.replace(batch, masked_weights=batch.masked_weights * places)
