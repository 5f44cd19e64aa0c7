"""The recipe of YuYan's denoising: the cross-entropy of the text that was corrupted. No labels."""

import jax
import jax.numpy as jnp

from space_jax.config import ModelConfig, YuYanConfig
from space_jax.features.batch import Batch, Tokens
from space_jax.features.denoise import CORRUPTIONS
from space_jax.losses import Sum, shifted_targets
from space_jax.models.heads import all_of_example, context_means, per_token, responded
from space_jax.models.kv_cache import KVCache
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.models.views import rngs
from space_jax.models.yuyan import YuYanModel


class YuYanRecipe:
    """Restores texts, and counts by corruption how many are restored word for word.

    A text whose every token is the likeliest given the true ones before it is what greedy search writes, so that the
    share of texts restored is measured without writing any.
    """

    view_terms = ()
    generation_terms = ("restoring",)
    accuracies = tuple(f"restored_{name}" for name in CORRUPTIONS)

    def __init__(self, model: ModelConfig, recipe: YuYanConfig) -> None:
        self.model = YuYanModel(model, recipe.decoder_layers, recipe.copying)
        self.config = recipe
        self.coefficients = {"restoring": 1.0} | dict.fromkeys(self.accuracies, 0.0)

    def init(self, key: jax.Array, batch: Batch) -> dict:
        """See `Recipe.init`."""
        return self.model.init(key, batch, method="initialise")["params"]

    def forward(self, params: dict, batch: Batch, keys: Keys) -> Partial:
        """See `Recipe.forward`."""
        segments, valid = batch.response.segments, batch.valid.astype(jnp.float32)
        targets, weights = shifted_targets(batch.response.ids, segments)
        losses, right = self.model.apply(
            {"params": params}, batch, targets, weights > 0, rngs=rngs(keys, "dropout_response"), method="restore"
        )
        whole = all_of_example(right | (weights == 0), segments, batch)
        terms = {"restoring": Sum.of(losses, weights * per_token(valid, segments, batch))}
        counted = valid * responded(batch)
        for number, name in enumerate(self.accuracies):
            terms[name] = Sum.of(whole, counted * (batch.variant == number))
        return Partial(terms, ())

    def finish(self, terms: Terms, features: tuple) -> Terms:
        """See `Recipe.finish`: nothing compares examples."""
        return terms

    def represent(self, params: dict, batch: Batch) -> dict[str, jax.Array]:
        """See `Recipe.represent`; the mean of the encoder's outputs, of the corrupted text that the batch holds."""
        x, _ = self.model.apply({"params": params}, batch.context, method="encode")
        return {"understanding": context_means(x, batch)}

    def prompt(self, params: dict, batch: Batch) -> KVCache:
        """See `Generator.prompt`."""
        return self.model.apply({"params": params}, batch.context, method="encode")[1]

    def next_token(self, params: dict, tokens: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """See `Generator.next_token`."""
        return self.model.apply({"params": params}, tokens, memory, method="write")
