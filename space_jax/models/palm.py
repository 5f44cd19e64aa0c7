"""PALM on our backbone: the encoder reads a masked context, the decoder continues it.

Source: Bi et al., "PALM", EMNLP 2020 (arXiv 2004.07159), masked words and continuation trained together. The decoder
attends to the memory of the MASKED context, and may copy the words that are left of it. `models.released`
has the encoder-decoders as they were published.
"""

import dataclasses

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct

from space_jax.config import ModelConfig
from space_jax.features.batch import Batch, Tokens
from space_jax.losses import shifted_targets
from space_jax.models.backbone import Backbone
from space_jax.models.copy_head import CopyHead, next_words
from space_jax.models.heads import MaskedTokenHead, context_means
from space_jax.models.kv_cache import KVCache


@struct.dataclass
class Continued:
    """What PALM predicts of a batch.

    Attributes:
      masked: `[R, M]` float32, the cross-entropy of each masked word of the context.
      right: `[R, M]` bool, whether it is the likeliest word.
      response: `[R, Lr]` float32, the cross-entropy of each next token of the response.
      generated: `[R, Lr]` float32, the same without copying.
    """

    masked: jax.Array
    right: jax.Array
    response: jax.Array
    generated: jax.Array


class PalmModel(nn.Module):
    """Encoder and decoder, which are the same backbone, with the masked-word head and the copy head.

    Attributes:
      copying: whether there is a copy head.
      released: whether it mixes as the published code does.
      decoder_layers: top layers that responses are decoded in; 0 for all.
    """

    config: ModelConfig
    copying: bool = True
    released: bool = False
    decoder_layers: int = 0

    def setup(self) -> None:
        config = self.config
        self.backbone = Backbone(config)
        self.masked_head = MaskedTokenHead(config)
        self.copy_head = CopyHead(config, self.released) if self.copying else None

    def encode(self, context: Tokens) -> tuple[jax.Array, KVCache]:
        """Reads contexts `[R, L]`: outputs `[R, L, H]` and the memory to decode on. `[MASK]` cannot be copied."""
        ids = jnp.where(context.ids == self.config.vocabulary.mask, -1, context.ids)
        x, memory = self.backbone.encode(self.backbone.embed(context), context.segments, ids)
        return x, memory.top(self.decoder_layers)

    def respond(self, response: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
        """The decoder: scores of each next token, float32 `[R, Lr, padded V]`, and the extended memory."""
        x, grown = self.backbone.decode(self.backbone.embed(response), response.segments, memory)
        return next_words(self.backbone, self.copy_head, x, response.segments, memory), grown

    def summarise(self, batch: Batch) -> jax.Array:
        """The mean of the tokens of each unmasked context, float32 `[B, H]`."""
        x, _ = self.encode(batch.context)
        return context_means(x, batch)

    def predict(self, batch: Batch) -> Continued:
        """Restores the masked words of the contexts and continues them."""
        read, memory = self.encode(dataclasses.replace(batch.context, ids=batch.masked_ids))
        embedding, response = self.backbone.embedding, batch.response
        masked, right = self.masked_head.predictions(
            read, batch.masked_positions, embedding, batch.masked_targets, batch.masked_weights > 0
        )
        targets, weights = shifted_targets(response.ids, response.segments)
        x, _ = self.backbone.decode(self.backbone.embed(response), response.segments, memory)
        if self.copy_head is None:
            generated = embedding.cross_entropy(x, targets, weights > 0)
            return Continued(masked, right, generated, generated)
        given = x, response.segments, memory, embedding, targets, weights > 0
        return Continued(masked, right, *self.copy_head.predictions(*given))

    def initialise(self, batch: Batch) -> None:
        """Creates every parameter by using it."""
        self.predict(batch)
