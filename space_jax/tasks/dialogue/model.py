"""The model of end-to-end dialogue: a SPACE model's encoder and decoders, with acts scored before decoding.

SPACE-3: context -> understanding prompts -> policy prompts -> target; the acts are scored on the policy vector.
SPACE-1: summary vector and context -> target; the acts are scored on the summary vector, as in its pre-training.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.dialogue.acts import ACTS
from space_jax.features.batch import Tokens
from space_jax.models.backbone import Backbone, Dense
from space_jax.models.copy_head import CopyHead, next_words, word_predictions
from space_jax.models.heads import encode_summarised, last_prompts, learned_summaries, prompt_grid, summary_init
from space_jax.models.kv_cache import KVCache


class DialogueModel(nn.Module):
    """Backbone and act classifier.

    Attributes:
      recipe: "space1" for the summary vector, "space3" for prompts.
      decoder_layers: top layers that targets are decoded in; 0 for all.
      copying: whether words of the context can be copied (`models.copy_head`).
    """

    config: ModelConfig
    recipe: str
    decoder_layers: int = 0
    copying: bool = False

    def setup(self) -> None:
        config = self.config
        self.backbone = Backbone(config)
        self.copy_head = CopyHead(config) if self.copying else None
        self.act_classifier = Dense(config, len(ACTS), ("embed", None), output_dtype=jnp.float32)
        if self.recipe == "space1":
            self.summary = self.param("summary", summary_init(config), (config.hidden,))

    def read(self, context: Tokens, occupied: jax.Array) -> tuple[jax.Array, KVCache]:
        """Reads contexts.

        Args:
          context: `[R, L]`.
          occupied: `[R, S]` bool.

        Returns:
          Logits of the acts of the coming response, float32 `[R, S, 20]`, and the memory to decode it on.
        """
        x = self.backbone.embed(context)
        if self.recipe == "space1":
            summaries = learned_summaries(self.summary, self.backbone.embedding, occupied)
            vectors, _, memory = encode_summarised(self.backbone, summaries, x, context.segments, occupied, context.ids)
        else:
            _, memory = self.backbone.encode(x, context.segments, context.ids)
            for prompts in (self.config.vocabulary.understand, self.config.vocabulary.policy):
                ids, segments = prompt_grid(prompts, occupied)
                x, memory = self.backbone.decode(self.backbone.embedding(ids), segments, memory)
                vectors = last_prompts(x, len(prompts))
        return self.act_classifier(vectors), memory.top(self.decoder_layers)

    def write(self, target: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """Scores of each next token, float32 `[R, Q, padded V]`, and the memory grown."""
        x, grown = self.backbone.decode(self.backbone.embed(target), target.segments, memory)
        return next_words(self.backbone, self.copy_head, x, target.segments, memory), grown

    def predict(
        self, context: Tokens, occupied: jax.Array, target: Tokens, following: jax.Array, counts: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Predicts the tokens of targets.

        Args:
          context: `[R, L]`.
          occupied: `[R, S]` bool.
          target: `[R, Q]`.
          following: `[R, Q]` int32, the token after each of the target's.
          counts: `[R, Q]` bool, whether there is one.

        Returns:
          Act logits `[R, S, 20]`; of each following token the cross-entropy, float32 `[R, Q]`, and whether it is the
          likeliest, `[R, Q]` bool.
        """
        act_logits, memory = self.read(context, occupied)
        x, _ = self.backbone.decode(self.backbone.embed(target), target.segments, memory)
        given = self.backbone, self.copy_head, x, target.segments, memory, following, counts
        return act_logits, *word_predictions(*given)
