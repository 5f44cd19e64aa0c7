"""A pre-trained model as a task sees it: outputs of the tokens, one vector an example, losses of masked tokens.

The vector of an example is a choice:

  prompt     the output of the last understanding prompt, what SPACE-3 trained
  summary    the output of a summary before the context, what SPACE-1 trained, whose summary is a learned vector, and
             SPACE-2 and StructBERT, where it is a `[CLS]`
  mean       the mean of the outputs of the context's tokens, in the layout of a dialogue
  sentence   the mean over `[CLS] text [SEP]` in BERT's layout without turn ids, as in MiniLM's sentence vectors

The parameters have the paths of the SPACE models, so that weights of any of them can initialise them.
"""

import dataclasses

import jax
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.features.batch import Tokens
from space_jax.models.backbone import Backbone
from space_jax.models.heads import (
    MaskedTokenHead,
    Pooler,
    context_means,
    encode_summarised,
    last_prompts,
    learned_summaries,
    per_example,
    prompt_grid,
    summary_init,
)
from space_jax.models.kv_cache import KVCache
from space_jax.tasks.text_packing import TaskBatch

TRAINED: dict[str | None, str] = {
    "space1": "summary",
    "space2": "summary",
    "space3": "prompt",
    "structbert": "summary",
    "yuyan": "mean",
    "palm": "mean",
    "veco": "mean",
    "star": "mean",
    None: "sentence",
}


def resolve_vector(wanted: str, recipe: str | None) -> str:
    """The vector that "auto" means for weights of a recipe, else the requested one."""
    return TRAINED[recipe] if wanted == "auto" else wanted


class Encoder(nn.Module):
    """Backbone, masked-token head and pooler of a SPACE model.

    Attributes:
      vector: "prompt", "summary", "mean" or "sentence".
      recipe: of the weights, None where there was none. Those of SPACE-1 never saw a dialogue without its summary, so
        it precedes every context, whatever the vector.
    """

    config: ModelConfig
    vector: str
    recipe: str | None

    def setup(self) -> None:
        self.backbone = Backbone(self.config)
        self.masked_head = MaskedTokenHead(self.config)
        self.pooler = Pooler(self.config)
        if self._has_summary:
            self.summary = self.param("summary", summary_init(self.config), (self.config.hidden,))

    @property
    def _has_summary(self) -> bool:
        return self.recipe == "space1" and self.vector != "sentence"

    def embed(self, tokens: Tokens) -> jax.Array:
        """Embeds `[R, L]` tokens; a sentence has no turn ids. The collection "noise" has what `adversarial` adds."""
        turns = None if self.vector == "sentence" else tokens.turns
        noise = self.get_variable("noise", "words") if self.has_variable("noise", "words") else None
        return self.backbone.embedding(tokens.ids, tokens.positions, tokens.roles, turns, noise)

    def encode(self, context: Tokens, occupied: jax.Array) -> tuple[jax.Array, jax.Array, KVCache]:
        """Encodes contexts as the weights' pre-training did.

        Args:
          context: `[R, L]`.
          occupied: `[R, S]` bool.

        Returns:
          The outputs of SPACE-1's summaries `[R, S, H]`, of which others have none `[R, 0, H]`, and of the tokens
          `[R, L, H]`; the memory of both.
        """
        x = self.embed(context)
        if not self._has_summary:
            x, memory = self.backbone.encode(x, context.segments, context.ids)
            return x[:, :0], x, memory
        summaries = learned_summaries(self.summary, self.backbone.embedding, occupied)
        return encode_summarised(self.backbone, summaries, x, context.segments, occupied, context.ids)

    def tokens(self, batch: TaskBatch) -> jax.Array:
        """The outputs of the context's tokens, `[R, L, H]`."""
        return self.encode(batch.context, batch.occupied)[1]

    def vectors(self, batch: TaskBatch) -> jax.Array:
        """One vector an example, float32 `[B, H]`, zeros where there is none."""
        context, occupied = batch.context, batch.occupied
        if self.vector == "prompt":
            memory = self.encode(context, occupied)[2]
            prompts = self.config.vocabulary.understand
            ids, segments = prompt_grid(prompts, occupied)
            x, _ = self.backbone.decode(self.backbone.embedding(ids), segments, memory)
            return per_example(last_prompts(x, len(prompts)), batch)
        if self.vector == "summary" and self._has_summary:
            return per_example(self.encode(context, occupied)[0], batch)
        if self.vector == "summary":
            ids, _ = prompt_grid((self.config.vocabulary.summary,), occupied)
            summaries, x = self.backbone.embedding(ids), self.embed(context)
            return per_example(encode_summarised(self.backbone, summaries, x, context.segments, occupied)[0], batch)
        return context_means(self.tokens(batch), batch)

    def pooled(self, batch: TaskBatch) -> jax.Array:
        """`vectors` through the pooler (dense + tanh), float32 `[B, H]`."""
        return self.pooler(self.vectors(batch))

    def masked_losses(self, batch: TaskBatch) -> jax.Array:
        """The cross-entropy of each masked token, float32 `[R, M]`.

        `batch.rows` must have the arrays of `masked_language_model.masked_rows`.
        """
        context = dataclasses.replace(batch.context, ids=batch.rows["masked_ids"])
        x = self.encode(context, batch.occupied)[1]
        positions, targets, weights = (batch.rows[f"masked_{name}"] for name in ("positions", "targets", "weights"))
        return self.masked_head.losses(x, positions, self.backbone.embedding, targets, weights > 0)
