"""YuYan's denoising: a corrupted text is encoded, and the decoder writes it as it was.

The encoder and the decoder are one backbone, as in SPACE-1 and -3. YuYan is described with a deep encoder and a shallow
decoder: `recipe.decoder_layers` top layers write, on the memory of those layers.
"""

import jax
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.features.batch import Batch, Tokens
from space_jax.models.backbone import Backbone
from space_jax.models.copy_head import CopyHead, next_words, word_predictions
from space_jax.models.kv_cache import KVCache


class YuYanModel(nn.Module):
    """The backbone.

    Attributes:
      decoder_layers: top layers that write; 0 for all.
      copying: whether words of the corrupted text can be copied.
    """

    config: ModelConfig
    decoder_layers: int = 0
    copying: bool = False

    def setup(self) -> None:
        self.backbone = Backbone(self.config)
        self.copy_head = CopyHead(self.config) if self.copying else None

    def encode(self, tokens: Tokens) -> tuple[jax.Array, KVCache]:
        """`[R, L]` tokens to `[R, L, H]`, and the memory to write on."""
        x, memory = self.backbone.encode(self.backbone.embed(tokens), tokens.segments, tokens.ids)
        return x, memory.top(self.decoder_layers)

    def write(self, text: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """Scores of each next token, float32 `[R, Lr, padded V]`, and the extended memory."""
        x, grown = self.backbone.decode(self.backbone.embed(text), text.segments, memory)
        return next_words(self.backbone, self.copy_head, x, text.segments, memory), grown

    def restore(self, batch: Batch, targets: jax.Array, counts: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Writes the texts of a batch.

        Args:
          batch: the corrupted texts as contexts, the whole ones as responses.
          targets: `[R, Lr]` int32, the token after each of the whole text.
          counts: `[R, Lr]` bool, whether there is one.

        Returns:
          The cross-entropy of each next token, float32 `[R, Lr]`, and whether it is the likeliest, bool.
        """
        _, memory = self.encode(batch.context)
        x, _ = self.backbone.decode(self.backbone.embed(batch.response), batch.response.segments, memory)
        given = self.backbone, self.copy_head, x, batch.response.segments, memory, targets, counts
        return word_predictions(*given)

    def initialise(self, batch: Batch) -> None:
        """Creates every parameter by using it."""
        self.write(batch.response, self.encode(batch.context)[1])
