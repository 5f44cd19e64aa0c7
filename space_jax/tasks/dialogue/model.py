"""The model of end-to-end dialogue: a SPACE model's encoder and decoders, with acts scored before anything is written.

SPACE-3: context -> understanding prompts -> policy prompts -> target; the acts are scored on the policy vector.
SPACE-1: summary vector and context -> target; the acts are scored on the summary vector, as in its pre-training.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.dialogue.acts import ACTS
from space_jax.features.batch import Tokens
from space_jax.models.backbone import Backbone, Dense, mask_vocabulary, weight_init
from space_jax.models.heads import last_prompts, prompt_grid, slot_segments
from space_jax.models.memory import Memory

_CHUNK = 1024  # positions whose scores over the vocabulary exist at one time


class DialogueModel(nn.Module):
    """Backbone and act classifier.

    Attributes:
      recipe: "space1" for the summary vector, "space3" for prompts.
    """

    config: ModelConfig
    recipe: str

    def setup(self) -> None:
        config = self.config
        self.backbone = Backbone(config)
        self.act_classifier = Dense(config, len(ACTS), ("embed", None), output_dtype=jnp.float32)
        if self.recipe == "space1":
            init = nn.with_logical_partitioning(weight_init(config), ("embed",))
            self.summary = self.param("summary", init, (config.hidden,))

    def read(self, context: Tokens, occupied: jax.Array) -> tuple[jax.Array, Memory]:
        """Reads contexts.

        Args:
          context: `[R, L]`.
          occupied: `[R, S]` bool.

        Returns:
          Logits of the acts of the coming response, float32 `[R, S, 20]`, and the memory to write it on.
        """
        x = self.backbone.embed(context)
        if self.recipe == "space1":
            rows, slots = occupied.shape
            summary = jnp.broadcast_to(self.backbone.embedding.norm(self.summary), (rows, slots, self.config.hidden))
            segments = jnp.concatenate([slot_segments(occupied), context.segments], axis=1)
            x, memory = self.backbone.encode(jnp.concatenate([summary, x], axis=1), segments)
            vectors = x[:, :slots]
        else:
            _, memory = self.backbone.encode(x, context.segments)
            for prompts in (self.config.vocabulary.understand, self.config.vocabulary.policy):
                ids, segments = prompt_grid(prompts, occupied)
                x, memory = self.backbone.decode(self.backbone.embedding(ids), segments, memory)
                vectors = last_prompts(x, len(prompts))
        return self.act_classifier(vectors), memory

    def write(self, target: Tokens, memory: Memory) -> tuple[jax.Array, Memory]:
        """Scores of each next token, float32 `[R, Q, padded V]`, and the memory grown."""
        x, memory = self.backbone.decode(self.backbone.embed(target), target.segments, memory)
        return self.backbone.embedding.logits(x), memory

    def outputs(self, context: Tokens, occupied: jax.Array, target: Tokens) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Act logits `[R, S, 20]`, outputs of the target's tokens `[R, Q, H]`, and the token table that scores them."""
        act_logits, memory = self.read(context, occupied)
        x, _ = self.backbone.decode(self.backbone.embed(target), target.segments, memory)
        return act_logits, x, self.backbone.embedding.token


def token_losses(
    x: jax.Array, table: jax.Array, targets: jax.Array, config: ModelConfig
) -> tuple[jax.Array, jax.Array]:
    """Cross-entropy of every token, and whether it is the likeliest; scores exist for a chunk of tokens at a time.

    Args:
      x: `[T, H]`.
      table: `[padded V, H]`.
      targets: `[T]` int32.
      config: of the model.

    Returns:
      float32 `[T]` and bool `[T]`.
    """
    count = len(targets)
    chunks = -(-count // _CHUNK)
    padded = -(-count // chunks) * chunks

    def losses(chunk: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        states, wanted = chunk
        scores = jnp.einsum(
            "TH,VH->TV",
            states.astype(config.dtype),
            table.astype(config.dtype),
            preferred_element_type=jnp.float32,
        )
        scores = mask_vocabulary(scores, config)
        true = jnp.take_along_axis(scores, wanted[:, None], axis=1)[:, 0]
        return jax.nn.logsumexp(scores, axis=1) - true, scores.argmax(axis=1) == wanted

    split = (
        jnp.pad(x, ((0, padded - count), (0, 0))).reshape(chunks, -1, x.shape[-1]),
        jnp.pad(targets, (0, padded - count)).reshape(chunks, -1),
    )
    values, right = jax.lax.map(jax.checkpoint(losses), split)
    return values.reshape(-1)[:count], right.reshape(-1)[:count]
