"""The SPACE-2 recipe: tree contrast in ten subspaces + 0.1 * masked language model (SPACE-2, section 3.3)."""

import dataclasses

import jax
import jax.numpy as jnp

from space_jax.config import ModelConfig, Space2Config
from space_jax.dialogue.trees import VIEWS
from space_jax.features.batch import Batch
from space_jax.losses import multi_view_contrast, view_similarities
from space_jax.losses.contrast import subspace_features
from space_jax.models.pool import Pool, by_whole_trees, contrast, contrast_terms
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.models.space2 import Space2Model
from space_jax.models.views import by_stream, masked_tokens, rngs, stream_coefficients, stream_flags, two_views


class Space2Recipe:
    """The sum of the losses of the labelled stream (known user trees) and of the unlabelled stream."""

    view_terms = ("contrast/labelled", "contrast/unlabelled")
    generation_terms = ()
    accuracies = ()

    def __init__(self, model: ModelConfig, recipe: Space2Config) -> None:
        self.model = Space2Model(model, recipe.subspace, recipe.vector)
        self.config = recipe
        self.coefficients = stream_coefficients(contrast=1.0, masked=recipe.mlm_weight)

    def init(self, key: jax.Array, batch: Batch) -> dict:
        """See `Recipe.init`."""
        return self.model.init(key, batch, method="initialise")["params"]

    def forward(self, params: dict, batch: Batch, keys: Keys) -> Partial:
        """See `Recipe.forward`."""
        variables = {"params": params}
        summaries = two_views(lambda keys: self.model.apply(variables, batch, rngs=keys, method="summarise"), keys)
        losses = self.model.apply(variables, batch, rngs=rngs(keys, "dropout_masked"), method="masked_losses")
        streams = stream_flags(batch, self.config.annotation)
        terms = by_stream("masked", streams, lambda flags: masked_tokens(losses, batch, flags))
        features = {"user": Pool.of_users(batch, summaries)}
        if self.config.subspace:
            features["kernels"], features["biases"] = self.model.apply(variables, method="projections")
        return Partial(terms, features)

    def finish(self, terms: Terms, features: dict) -> Terms:
        """See `Recipe.finish`."""
        pool = features["user"]
        if self.config.subspace:
            losses = contrast(pool, self._contrast, features["kernels"][0], features["biases"][0])
        else:
            losses = contrast(pool, self._contrast_whole)
        return terms | contrast_terms("contrast", losses, pool)

    def _contrast_whole(self, pool: Pool, anchors: jax.Array | None) -> jax.Array:
        """See `pool.by_whole_trees`: of trees with the chosen views alone."""
        trees = jnp.where(self._chosen[:, None], pool.trees, 0)
        return by_whole_trees(self.config.pool, dataclasses.replace(pool, trees=trees), anchors)

    @property
    def _chosen(self) -> jax.Array:
        """Which views of the tree are contrasted, bool `[W]`."""
        return jnp.array([view in self.config.views for view in VIEWS])

    def _contrast(self, pool: Pool, anchors: jax.Array | None, kernels: jax.Array, biases: jax.Array) -> jax.Array:
        """See `pool.Contrast`."""
        return multi_view_contrast(
            pool.views(),
            kernels,
            biases,
            pool.weights(view_similarities(pool.trees, anchors), anchors),
            pool.groups(self.config.pool.group),
            self._takes_part(pool),
            self.config.pool.temperature,
            anchors,
        )

    def _takes_part(self, pool: Pool) -> jax.Array:
        """In which views each example is contrasted: bool `[W, B]`. Without a known tree it is in all of them."""
        parts = self._chosen[:, None] & pool.valid[None]
        if self.config.empty_views == "unlike":
            return parts
        return parts & (jnp.any(pool.trees != 0, axis=-1).T | ~pool.known[None])

    def project(self, params: dict, vectors: jax.Array) -> jax.Array:
        """Understanding vectors `[N, H]` in the subspace of every view, where they are contrasted: `[W, N, D]`."""
        kernels, biases = self.model.apply({"params": params}, method="projections")
        return subspace_features(vectors[None], kernels, biases)[:, 0]

    def represent(self, params: dict, batch: Batch) -> dict[str, jax.Array]:
        """See `Recipe.represent`; the understanding vector is the summary, or the mean."""
        return {"understanding": self.model.apply({"params": params}, batch, method="summarise")}
