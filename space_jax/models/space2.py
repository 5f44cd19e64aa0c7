"""SPACE-2: a summary token over the context, seen in ten subspaces (He et al., COLING 2022, arXiv 2209.06638, 3.2)."""

import dataclasses

import jax
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.dialogue.trees import VIEWS
from space_jax.features.batch import Batch
from space_jax.models.backbone import Backbone
from space_jax.models.heads import (
    MaskedTokenHead,
    Subspaces,
    context_means,
    encode_summarised,
    per_example,
    prompt_grid,
)


class Space2Model(nn.Module):
    """The encoder with the bare `[CLS]` embedding before each context.

    Attributes:
      subspace: D, the width of one subspace; 0 for no subspaces.
      vector: what represents a context, see `config.Space2Config`.
    """

    config: ModelConfig
    subspace: int
    vector: str = "summary"

    def setup(self) -> None:
        self.backbone = Backbone(self.config)
        self.masked_head = MaskedTokenHead(self.config)
        if self.subspace:
            self.subspaces = Subspaces(self.config, len(VIEWS), self.subspace)

    def summarise(self, batch: Batch) -> jax.Array:
        """The dialogue representation of each example, float32 `[B, H]`: the summary, or the mean of the tokens."""
        if self.vector == "mean":
            x, _ = self.backbone.encode(self.backbone.embed(batch.context), batch.context.segments)
            return context_means(x, batch)
        ids, _ = prompt_grid((self.config.vocabulary.summary,), batch.occupied)
        summaries, x = self.backbone.embedding(ids), self.backbone.embed(batch.context)
        grid, _, _ = encode_summarised(self.backbone, summaries, x, batch.context.segments, batch.occupied)
        return per_example(grid, batch)

    def score_masked(self, batch: Batch) -> jax.Array:
        """Scores the masked tokens, float32 `[R, M, padded V]`; here the context has no summary tokens."""
        return self.masked_head(self._masked(batch), batch.masked_positions, self.backbone.embedding)

    def masked_losses(self, batch: Batch) -> jax.Array:
        """The cross-entropy of each masked token, float32 `[R, M]`."""
        x, embedding, counts = self._masked(batch), self.backbone.embedding, batch.masked_weights > 0
        return self.masked_head.losses(x, batch.masked_positions, embedding, batch.masked_targets, counts)

    def _masked(self, batch: Batch) -> jax.Array:
        context = dataclasses.replace(batch.context, ids=batch.masked_ids)
        return self.backbone.encode(self.backbone.embed(context), context.segments)[0]

    def projections(self) -> tuple[jax.Array, jax.Array]:
        """The projection matrices `[W, H, D]` and biases `[W, D]`."""
        return self.subspaces()

    def initialise(self, batch: Batch) -> None:
        """Creates every parameter by using it."""
        self.summarise(batch)
        self.score_masked(batch)
        if self.subspace:
            self.projections()
