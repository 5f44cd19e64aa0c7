"""The copying tracker: every slot attends to the dialogue with its own query, all slots in one pass.

A slot's query is made of its name's word embeddings and of how recently the system gave it a value. It attends over the
outputs of all tokens; the result decides its gate, the start and end of its span in the user's words, and which other
slot it refers to. No parameter belongs to a single slot, so slots with few examples learn from the others.

Source: the gates and copy mechanisms of Heck et al., "TripPy", SIGDIAL 2020, section 3. There each slot has its own
linear heads on a vector of the whole turn; shared heads with attention should need less data.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax import struct

from space_jax.config import ModelConfig
from space_jax.models.backbone import NEGATIVE, Dense, LayerNorm, masked_softmax
from space_jax.models.dropout import Dropout
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.text_packing import TaskBatch
from space_jax.tasks.token_offsets import take_tokens
from space_jax.tasks.track.gates import GATES


@struct.dataclass
class SlotScores:
    """What the tracker scores, float32. B turns, S slots, T tokens of the user's words.

    Attributes:
      gates: `[B, S, gates]`.
      starts, ends: `[B, S, T]`, `NEGATIVE` where there is no token.
      others: `[B, S, S]`, of the slots to refer to; `NEGATIVE` for the slot itself.
    """

    gates: jax.Array
    starts: jax.Array
    ends: jax.Array
    others: jax.Array


class SlotHead(nn.Module):
    """Attention of the slots, gates and pointers."""

    config: ModelConfig
    rate: float

    @nn.compact
    def __call__(
        self, names: jax.Array, informed: jax.Array, x: jax.Array, there: jax.Array, words: jax.Array, spoken: jax.Array
    ) -> SlotScores:
        """Scores.

        Args:
          names: `[S, H]`, mean word embedding of each slot's name.
          informed: `[B, S]`, 1 / age of the value that the system gave, 0 for none.
          x: `[B, L, H]`, the outputs of all tokens of the context.
          there: `[B, L]` bool.
          words: `[B, T, H]`, those of the user's words.
          spoken: `[B, T]` bool.
        """
        x, words = Dropout(self.rate)(x), Dropout(self.rate)(words)
        given = self._dense(self.config.hidden, "informed")(informed[:, :, None])
        query = self._dense(self.config.hidden, "name")(names)
        query = jnp.broadcast_to(query[None], given.shape) + given
        found = query + self._attend(query, x, there)
        found = LayerNorm(self.config, name="found_norm")(found)
        inner = nn.gelu(self._dense(2 * self.config.hidden, "inner")(found))
        outer = self._dense(self.config.hidden, "outer")(Dropout(self.rate)(inner))
        slots = LayerNorm(self.config, name="slot_norm")(found + outer)
        itself = jnp.broadcast_to(jnp.eye(slots.shape[1], dtype=bool)[None], (*slots.shape[:2], slots.shape[1]))
        return SlotScores(
            gates=self._dense(len(GATES), "gates", jnp.float32)(slots),
            starts=self._point("start", slots, words, spoken[:, None, :]),
            ends=self._point("end", slots, words, spoken[:, None, :]),
            others=self._point("other", slots, slots, ~itself),
        )

    def _dense(self, features: int, name: str, output_dtype: Any = None) -> Dense:
        return Dense(self.config, features, ("embed", None), output_dtype=output_dtype, name=name)

    def _attend(self, query: jax.Array, x: jax.Array, there: jax.Array) -> jax.Array:
        """Attention with the backbone's number of heads: `[B, S, H]` over `[B, L, H]`."""
        heads, width = self.config.heads, self.config.hidden // self.config.heads
        q, k, v = (
            self._dense(self.config.hidden, name)(of).reshape(*of.shape[:2], heads, width)
            for name, of in (("query", query), ("key", x), ("value", x))
        )
        scores = jnp.einsum("BSND,BLND->BNSL", q * width**-0.5, k, preferred_element_type=jnp.float32)
        seen = jnp.broadcast_to(there[:, None, :], (there.shape[0], query.shape[1], there.shape[1]))
        mixed = jnp.einsum("BNSL,BLND->BSND", masked_softmax(scores, seen).astype(v.dtype), v)
        return self._dense(self.config.hidden, "mixed")(mixed.reshape(query.shape))

    def _point(self, name: str, slots: jax.Array, at: jax.Array, allowed: jax.Array) -> jax.Array:
        """Scores of places: `[B, S, H]` at `[B, T, H]` -> `[B, S, T]`."""
        query = self._dense(self.config.hidden, f"{name}_query", jnp.float32)(slots)
        keys = self._dense(self.config.hidden, f"{name}_key", jnp.float32)(at)
        # Accelerators round the inputs of a float32 product by default.
        scores = jnp.einsum("BSH,BTH->BST", query, keys, precision=jax.lax.Precision.HIGHEST)
        scores = scores * self.config.hidden**-0.5
        return jnp.where(jnp.broadcast_to(allowed, scores.shape), scores, NEGATIVE)


class TrackModel(Encoder):
    """Encoder and slot head.

    Attributes:
      names: token ids of each slot's name.
    """

    names: tuple[tuple[int, ...], ...]
    rate: float

    def setup(self) -> None:
        super().setup()
        self.head = SlotHead(self.config, self.rate)

    def __call__(self, batch: TaskBatch) -> SlotScores:
        """Scores all slots of every turn."""
        x = self.tokens(batch)
        names = self._names()
        extra = batch.examples
        everything, words = (take_tokens(x, batch.places[name]) for name in ("tokens", "words"))
        return self.head(names.astype(x.dtype), extra["informed"], everything, extra["there"], words, extra["spoken"])

    def _names(self) -> jax.Array:
        """The mean word embedding of each slot's name, `[S, H]`."""
        width = max(map(len, self.names))
        ids = np.array([[*name, *[0] * (width - len(name))] for name in self.names], np.int32)
        weights = np.array([[1 / len(name)] * len(name) + [0.0] * (width - len(name)) for name in self.names])
        table = self.backbone.embedding.token
        return jnp.einsum("SW,SWH->SH", weights.astype(np.float32), table[ids])


def best_spans(starts: jax.Array, ends: jax.Array, longest: int) -> jax.Array:
    """The likeliest span of at most `longest` tokens.

    Args:
      starts: `[B, S, T]`, and `ends` likewise.
      ends: see `starts`.
      longest: tokens.

    Returns:
      `[B, S, 2]` int32, its first and its last token.
    """
    width = starts.shape[-1]
    length = jnp.arange(width)[None, :] - jnp.arange(width)[:, None]
    scores = starts[..., :, None] + ends[..., None, :]
    scores = jnp.where(jnp.broadcast_to((length >= 0) & (length < longest), scores.shape), scores, -jnp.inf)
    best = scores.reshape(*scores.shape[:-2], -1).argmax(axis=-1)
    return jnp.stack([best // width, best % width], axis=-1).astype(jnp.int32)
