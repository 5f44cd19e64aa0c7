"""The PALM recipe: masked words of the context + the response, of equal weight (EMNLP 2020, section 3).

No labels: every example counts alike.
"""

import jax
import jax.numpy as jnp

from space_jax.config import ModelConfig, PalmConfig
from space_jax.features.batch import Batch, Tokens
from space_jax.losses import Sum, shifted_targets
from space_jax.models.heads import per_token
from space_jax.models.kv_cache import KVCache
from space_jax.models.palm import PalmModel
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.models.views import masked_tokens, rngs


class PalmRecipe:
    """Restores the context and continues it; with copying, also measures the response without it."""

    view_terms = ()
    generation_terms = ("response",)
    accuracies = ("masked_accuracy",)

    def __init__(self, model: ModelConfig, recipe: PalmConfig) -> None:
        self.model = PalmModel(model, recipe.copying, recipe.as_released, recipe.decoder_layers)
        self.config = recipe
        self.coefficients = {"masked": recipe.mlm_weight, "response": 1.0, "masked_accuracy": 0.0}
        if recipe.copying:
            self.coefficients["response_generated"] = 0.0

    def init(self, key: jax.Array, batch: Batch) -> dict:
        """See `Recipe.init`."""
        return self.model.init(key, batch, method="initialise")["params"]

    def forward(self, params: dict, batch: Batch, keys: Keys) -> Partial:
        """See `Recipe.forward`."""
        found = self.model.apply({"params": params}, batch, rngs=rngs(keys, "dropout_response"), method="predict")
        valid = batch.valid.astype(jnp.float32)
        _, weights = shifted_targets(batch.response.ids, batch.response.segments)
        weights = weights * per_token(valid, batch.response.segments, batch)
        terms = {
            "masked": masked_tokens(found.masked, batch, valid),
            "response": Sum.of(found.response, weights),
            "masked_accuracy": masked_tokens(found.right.astype(jnp.float32), batch, valid),
        }
        if self.config.copying:
            terms["response_generated"] = Sum.of(found.generated, weights)
        return Partial(terms, ())

    def finish(self, terms: Terms, features: tuple) -> Terms:
        """See `Recipe.finish`: nothing compares examples."""
        return terms

    def represent(self, params: dict, batch: Batch) -> dict[str, jax.Array]:
        """See `Recipe.represent`; the understanding vector is the mean of the context's tokens."""
        return {"understanding": self.model.apply({"params": params}, batch, method="summarise")}

    def prompt(self, params: dict, batch: Batch) -> KVCache:
        """See `Generator.prompt`."""
        return self.model.apply({"params": params}, batch.context, method="encode")[1]

    def next_token(self, params: dict, tokens: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """See `Generator.next_token`."""
        return self.model.apply({"params": params}, tokens, memory, method="respond")
