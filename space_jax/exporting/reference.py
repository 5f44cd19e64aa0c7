"""Our own vectors of texts, in float32, which an exported encoder is held against."""

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np

from space_jax.errors import UserError
from space_jax.exporting.text_layout import TextLayout
from space_jax.features.tokenizer import Tokenizer
from space_jax.models.weights import Weights, nested, pad_vocabulary
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.text_packing import USER_ROLE, Encoded, Shape, TaskBatch, dialogue_layout, pack, sentence_layout

_BATCH, _SLOTS = 64, 8
_TURN = "backbone/embedding/turn"


class EncoderVectors:
    """The vectors of an `Encoder` with given weights."""

    def __init__(self, weights: Weights, tokenizer: Tokenizer, vector: str, layout: TextLayout) -> None:
        """Prepares.

        Args:
          weights: of our model.
          tokenizer: of the weights.
          vector: "mean", "summary" or "sentence".
          layout: says which tokens of a text are read.
        """
        vocabulary = tokenizer.vocabulary()
        model = dataclasses.replace(weights.model, vocabulary=vocabulary, dtype="float32")
        encoder = Encoder(model, vector, weights.recipe)
        unread = {_TURN: np.zeros((model.turns, model.hidden), np.float32)}
        self._params = nested(unread | pad_vocabulary(weights.arrays, vocabulary.padded_size))
        self._tokenizer, self._layout, self._hidden = tokenizer, layout, model.hidden
        self._sentence, self._recipe = vector == "sentence", weights.recipe
        self._run = jax.jit(lambda params, batch: encoder.apply({"params": params}, batch, method="vectors"))

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The vector of each text, float32 `[N, H]`."""
        encoded = [self._encoded(text) for text in texts]
        order = sorted(range(len(encoded)), key=lambda index: -len(encoded[index]))
        vectors = np.zeros((len(encoded), self._hidden), np.float32)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            batch = self._batch([encoded[index] for index in chosen])
            vectors[chosen] = np.asarray(self._run(self._params, batch))[: len(chosen)]
        return vectors

    def _encoded(self, text: str) -> Encoded:
        kept = self._layout.cut(self._tokenizer.encode(text))
        if self._sentence:
            return sentence_layout(self._tokenizer, kept)
        return dialogue_layout(self._tokenizer, [(USER_ROLE, kept)], self._layout.length, self._recipe)

    def _batch(self, encoded: Sequence[Encoded]) -> TaskBatch:
        return pack(encoded, _BATCH, Shape(self._layout.length, _SLOTS))


def unit(vectors: np.ndarray, what: str) -> np.ndarray:
    """Vectors of length 1.

    Raises:
      UserError: one is zero, and has no direction.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(lengths > 0):
        raise UserError(f"{what}: a vector is zero and has no direction")
    return vectors / lengths
