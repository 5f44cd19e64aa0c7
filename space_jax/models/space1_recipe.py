"""The SPACE-1 recipe: selection + generation + dialog act + 5 * consistency (GALAXY, section 4.4)."""

import jax
import jax.numpy as jnp

from space_jax.config import ModelConfig, Space1Config
from space_jax.features.batch import Batch, Tokens
from space_jax.losses import (
    Sum,
    dialog_act,
    entropy_gate,
    response_selection,
    shifted_targets,
    symmetric_kl,
)
from space_jax.models.heads import has_tokens, per_token, responded
from space_jax.models.kv_cache import KVCache
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.models.space1 import Reading, Space1Model
from space_jax.models.views import first_view, rngs, two_views


class Space1Recipe:
    """Mixes labelled examples (known acts) and unlabelled ones in one batch; terms are means over the whole batch."""

    view_terms = ("consistency",)
    generation_terms = ("generation",)
    accuracies = ()

    def __init__(self, model: ModelConfig, recipe: Space1Config) -> None:
        self.model = Space1Model(model, recipe.copying)
        self.config = recipe
        self.coefficients = {"generation": 1.0, "dialog_act": 1.0, "consistency": recipe.consistency_weight}
        if not recipe.as_released:
            self.coefficients["selection"] = 1.0

    def init(self, key: jax.Array, batch: Batch) -> dict:
        """See `Recipe.init`."""
        return self.model.init(key, batch, method="initialise")["params"]

    def forward(self, params: dict, batch: Batch, keys: Keys) -> Partial:
        """See `Recipe.forward`."""
        variables = {"params": params}
        views = two_views(lambda keys: self.model.apply(variables, batch, rngs=keys, method="read"), keys)
        terms = {
            "generation": self._generation(variables, batch, first_view(views), keys),
            "dialog_act": self._dialog_act(views.act_logits, batch),
            "consistency": self._consistency(views.act_logits, batch),
        }
        if not self.config.as_released:
            terms["selection"] = self._selection(variables, batch, keys)
        return Partial(terms, {"acts_known": self._acts_known(batch) & batch.valid})

    def finish(self, terms: Terms, features: dict) -> Terms:
        """See `Recipe.finish`. SPACE-1 compares no examples; as released, the act term counts if any acts are known."""
        if self.config.as_released:
            any_known = jnp.any(features["acts_known"]).astype(jnp.float32)
            acts = terms["dialog_act"]
            terms = terms | {"dialog_act": Sum(acts.total * any_known, acts.weight * any_known)}
        return terms

    def represent(self, params: dict, batch: Batch) -> dict[str, jax.Array]:
        """See `Recipe.represent`; the understanding vector is the summary."""
        reading = self.model.apply({"params": params}, batch, method="read")
        return {"understanding": reading.summary, "act_logits": reading.act_logits}

    def prompt(self, params: dict, batch: Batch) -> KVCache:
        """See `Generator.prompt`."""
        return self._decoded_on(self.model.apply({"params": params}, batch, method="read"))

    def next_token(self, params: dict, tokens: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """See `Generator.next_token`."""
        return self.model.apply({"params": params}, tokens, memory, method="respond")

    def _decoded_on(self, reading: Reading) -> KVCache:
        return reading.memory.top(self.config.decoder_layers)

    def _acts_known(self, batch: Batch) -> jax.Array:
        return batch.acts_known & (responded(batch) > 0)

    def _generation(self, variables: dict, batch: Batch, reading: Reading, keys: Keys) -> Sum:
        targets, weights = shifted_targets(batch.response.ids, batch.response.segments)
        drop = rngs(keys, "dropout_response")
        losses = self.model.apply(
            variables,
            batch.response,
            self._decoded_on(reading),
            targets,
            weights > 0,
            rngs=drop,
            method="response_losses",
        )
        valid = per_token(batch.valid.astype(jnp.float32), batch.response.segments, batch)
        return Sum.of(losses, weights * valid)

    def _dialog_act(self, act_logits: jax.Array, batch: Batch) -> Sum:
        """Over both views of the examples whose acts are known, or of all as released. Acts belong to a response."""
        weights = (responded(batch) > 0 if self.config.as_released else self._acts_known(batch)) & batch.valid
        both = dialog_act(act_logits.reshape(-1, act_logits.shape[-1]), jnp.tile(batch.acts, (2, 1)))
        return Sum.of(both, jnp.tile(weights.astype(jnp.float32), 2))

    def _consistency(self, act_logits: jax.Array, batch: Batch) -> Sum:
        gate = jnp.where(self._acts_known(batch), 1.0, entropy_gate(act_logits[0]))
        return Sum.of(symmetric_kl(act_logits[0], act_logits[1]) * gate, batch.valid.astype(jnp.float32))

    def _selection(self, variables: dict, batch: Batch, keys: Keys) -> Sum:
        true, negative = (
            self.model.apply(variables, batch, response, rngs=rngs(keys, purpose), method="select")
            for response, purpose in (
                (batch.response, "dropout_selection_true"),
                (batch.negative, "dropout_selection_negative"),
            )
        )
        both = responded(batch) * has_tokens(batch.negative.segments, batch)
        return Sum.of(response_selection(true, negative), batch.valid.astype(jnp.float32) * both)
