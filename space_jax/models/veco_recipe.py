"""The VECO recipe: masked words of context and response, each alone and each beside the other, all of weight 1.

-log P(x | x') - log P(y | y') - log P(x | y', x') - log P(y | x', y'), where x' and y' are masked and what is beside is
the last layer of the other sequence, read alone (Luo et al., ACL 2021, section 3). No labels: all examples count alike.
"""

from typing import Any

import jax
import jax.numpy as jnp

from space_jax.config import ModelConfig, VecoConfig
from space_jax.features.batch import Batch
from space_jax.losses import Sum
from space_jax.models.heads import per_token, responded
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.models.veco import VecoModel, masked
from space_jax.models.views import masked_tokens, rngs


class VecoRecipe:
    """Reads two sequences, plugged out and, unless the configuration says so, plugged in."""

    view_terms = ()
    generation_terms = ()

    def __init__(self, model: ModelConfig, recipe: VecoConfig) -> None:
        plugged = recipe.plug == "in"
        self.model = VecoModel(model, plugged)
        self.config = recipe
        terms = ("context", "response", *(("context_beside", "response_beside") if plugged else ()))
        self.accuracies = tuple(f"{name}_accuracy" for name in terms)
        self.coefficients = dict.fromkeys(terms, 1.0) | dict.fromkeys(self.accuracies, 0.0)

    def init(self, key: jax.Array, batch: Batch) -> dict:
        """See `Recipe.init`."""
        return self.model.init(key, batch, method="initialise")["params"]

    def forward(self, params: dict, batch: Batch, keys: Keys) -> Partial:
        """See `Recipe.forward`."""

        def run(method: str, purpose: str, *arguments: Any) -> jax.Array:
            return self.model.apply({"params": params}, *arguments, rngs=rngs(keys, purpose), method=method)

        context, response = masked(batch)
        x, y = run("encode", "dropout_masked", context), run("encode", "dropout_masked_response", response)
        terms = self._terms(params, batch, x, y, batch.valid.astype(jnp.float32), "")
        if self.config.plug == "in":
            x, y = (
                run("encode_beside", "dropout_crossed_context", context, y, response.segments),
                run("encode_beside", "dropout_crossed_response", response, x, context.segments),
            )
            terms |= self._terms(params, batch, x, y, batch.valid * responded(batch), "_beside")
        return Partial(terms, ())

    def _terms(self, params: dict, batch: Batch, x: jax.Array, y: jax.Array, flags: jax.Array, suffix: str) -> Terms:
        """Losses and accuracies of the masked words, from the outputs of the contexts and of the responses."""
        losses, right = self.model.apply({"params": params}, x, batch, method="of_context")
        terms = {
            f"context{suffix}": masked_tokens(losses, batch, flags),
            f"context{suffix}_accuracy": masked_tokens(right.astype(jnp.float32), batch, flags),
        }
        losses, right = self.model.apply({"params": params}, y, batch, method="of_response")
        weights = per_token(flags, batch.response.segments, batch) * batch.response_masked_weights
        terms[f"response{suffix}"] = Sum.of(losses, weights)
        terms[f"response{suffix}_accuracy"] = Sum.of(right.astype(jnp.float32), weights)
        return terms

    def finish(self, terms: Terms, features: tuple) -> Terms:
        """See `Recipe.finish`: nothing compares examples."""
        return terms

    def represent(self, params: dict, batch: Batch) -> dict[str, jax.Array]:
        """See `Recipe.represent`; the understanding vector is the mean of the context's tokens, read alone."""
        return {"understanding": self.model.apply({"params": params}, batch, method="summarise")}
