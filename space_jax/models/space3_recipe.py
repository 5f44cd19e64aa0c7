"""The SPACE-3 recipe (SIGIR 2022, section 3.4): understanding, policy and generation losses over two streams."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp

from space_jax.config import ModelConfig, Space3Config
from space_jax.features.batch import Batch, Tokens
from space_jax.losses import Sum, bag_of_words, policy_distance, shifted_targets
from space_jax.models.heads import has_tokens, per_example, per_token, responded
from space_jax.models.kv_cache import KVCache
from space_jax.models.pool import Pool, by_whole_trees, contrast, contrast_terms
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.models.space3 import Space3Model, View
from space_jax.models.views import (
    by_stream,
    first_view,
    masked_tokens,
    rngs,
    stream_coefficients,
    stream_flags,
    two_views,
)

SIDES = ("user", "system")


class Space3Recipe:
    """The sum of the losses of the labelled stream (user or system tree known) and of the unlabelled stream.

    Each side's contrast uses the trees of that side: see `pool.contrast_terms`.
    """

    view_terms = tuple(f"contrast_{side}/{stream}" for side in SIDES for stream in ("labelled", "unlabelled"))
    generation_terms = ("response/labelled", "response/unlabelled")
    accuracies = ()

    def __init__(self, model: ModelConfig, recipe: Space3Config) -> None:
        self.model = Space3Model(model, recipe.copying)
        self.config = recipe
        self.policy_sides = SIDES if recipe.policy_side == "both" else (recipe.policy_side,)
        policies = {f"policy_{side}": recipe.policy_weight for side in self.policy_sides}
        self.coefficients = stream_coefficients(
            masked=recipe.mlm_weight,
            contrast_user=1.0,
            contrast_system=1.0,
            words_user=1.0,
            words_system=1.0,
            response=1.0,
            **policies,
        )

    def init(self, key: jax.Array, batch: Batch) -> dict:
        """See `Recipe.init`."""
        return self.model.init(key, batch, method="initialise")["params"]

    def forward(self, params: dict, batch: Batch, keys: Keys) -> Partial:
        """See `Recipe.forward`. Only the first view goes through the policy and response decoders."""
        variables = {"params": params}
        views = two_views(lambda keys: self.model.apply(variables, batch, rngs=keys, method="view"), keys)
        first = first_view(views)
        terms = self._masked(variables, batch, keys)
        terms |= self._words(variables, batch, first)
        terms |= self._decoders(variables, batch, first, keys)
        pools = {
            "user": Pool.of_users(batch, views.user_pooled),
            "system": Pool.of_responses(batch, views.system_pooled),
        }
        return Partial(terms, pools)

    def finish(self, terms: Terms, features: dict) -> Terms:
        """See `Recipe.finish`. On the system's side, only examples with a response are contrasted."""
        loss = functools.partial(by_whole_trees, self.config.pool)
        for side in SIDES:
            terms = terms | contrast_terms(f"contrast_{side}", contrast(features[side], loss), features[side])
        return terms

    def represent(self, params: dict, batch: Batch) -> dict[str, jax.Array]:
        """See `Recipe.represent`; the understanding vector is the last prompt's, before the pooler."""
        variables = {"params": params}
        view = self.model.apply(variables, batch, method="view")
        policy, _ = self.model.apply(variables, view.memory, batch.occupied, method="decide")
        return {"understanding": view.user, "policy": per_example(policy, batch)}

    def prompt(self, params: dict, batch: Batch) -> KVCache:
        """See `Generator.prompt`."""
        variables = {"params": params}
        view = self.model.apply(variables, batch, method="view")
        _, memory = self.model.apply(variables, view.memory, batch.occupied, method="decide")
        return memory.top(self.config.decoder_layers)

    def next_token(self, params: dict, tokens: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """See `Generator.next_token`."""
        return self.model.apply({"params": params}, tokens, memory, method="respond")

    def _streams(self, batch: Batch) -> dict[str, jax.Array]:
        return stream_flags(batch, self.config.annotation)

    def _masked(self, variables: dict, batch: Batch, keys: Keys) -> Terms:
        losses = self.model.apply(variables, batch, rngs=rngs(keys, "dropout_masked"), method="masked_losses")
        return by_stream("masked", self._streams(batch), lambda flags: masked_tokens(losses, batch, flags))

    def _words(self, variables: dict, batch: Batch, view: View) -> Terms:
        def term(vectors: jax.Array, words: jax.Array) -> Callable[[jax.Array], Sum]:
            logits = self.model.apply(variables, vectors, method="score_words")
            return lambda flags: bag_of_words(logits, words, flags)

        user, system = term(view.user, batch.user_words), term(view.system, batch.response_words)
        streams = self._streams(batch)
        return by_stream("words_user", streams, user) | by_stream("words_system", streams, system)

    def _decoders(self, variables: dict, batch: Batch, view: View, keys: Keys) -> Terms:
        """Policy and response decoders on the first view's memory."""
        drop = rngs(keys, "dropout_policy")
        policy, memory = self.model.apply(variables, view.memory, batch.occupied, rngs=drop, method="decide")
        targets, weights = shifted_targets(batch.response.ids, batch.response.segments)
        drop, memory = rngs(keys, "dropout_response"), memory.top(self.config.decoder_layers)
        losses = self.model.apply(
            variables, batch.response, memory, targets, weights > 0, rngs=drop, method="response_losses"
        )

        def generation(flags: jax.Array) -> Sum:
            of_stream = per_token(flags, batch.response.segments, batch)
            return Sum.of(losses, weights * of_stream)

        streams = self._streams(batch)
        terms = by_stream("response", streams, generation)
        if "system" in self.policy_sides:
            distance = policy_distance(per_example(policy, batch), view.system)
            counts = responded(batch)
            terms |= by_stream("policy_system", streams, lambda flags: Sum.of(distance, flags * counts))
        if "user" in self.policy_sides:
            terms |= self._policy_before_user(variables, batch, view, keys)
        return terms

    def _policy_before_user(self, variables: dict, batch: Batch, view: View, keys: Keys) -> Terms:
        """The mirror image: the policy after the system's turn against the understanding of the user's next turn.

        An example whose context is the user's first turn has nothing before it and does not count.
        """
        drop = rngs(keys, "dropout_policy_before_user")
        before = self.model.apply(variables, batch, rngs=drop, method="policy_before_user")
        distance = policy_distance(before, view.user)
        earlier = jnp.where(batch.context.turns > 1, batch.context.segments, 0)
        counts = has_tokens(earlier, batch)
        return by_stream("policy_user", self._streams(batch), lambda flags: Sum.of(distance, flags * counts))
