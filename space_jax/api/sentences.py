"""Weights without a recipe, such as MiniLM's: each text's sentence vector, whatever stands around it."""

import dataclasses
from collections.abc import Iterable, Sequence

import jax
import numpy as np

from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.features.tokenizer import Tokenizer
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer
from space_jax.models.weights import Weights, nested, pad_vocabulary
from space_jax.tasks.encoder import Encoder
from space_jax.tasks.text_packing import Encoded, Shape, pack, sentence_layout
from space_jax.training.initial_weights import read_weights

LONGEST = 126  # words and pieces of words of a text; [CLS] and [SEP] are added
_BATCH, _SLOTS = 64, 8


class Sentences:
    """A BERT as it is: the mean over the outputs of `[CLS] text [SEP]`, as MiniLM was trained to compare.

    Attributes:
      views: none, see `Pretrained.views`.
    """

    views: tuple[str, ...] = ()

    def __init__(self, weights: Weights, tokenizer: Tokenizer) -> None:
        """Prepares; `load` reads the weights."""
        self._tokenizer = tokenizer
        self._longest = min(LONGEST, weights.model.positions - 2)
        self._hidden = weights.model.hidden
        vocabulary = tokenizer.vocabulary()
        encoder = Encoder(dataclasses.replace(weights.model, vocabulary=vocabulary), "sentence", None)
        unread = {"backbone/embedding/turn": np.zeros((weights.model.turns, weights.model.hidden), np.float32)}
        self._params = nested(unread | pad_vocabulary(weights.arrays, vocabulary.padded_size))
        self._mean = jax.jit(lambda params, batch: encoder.apply({"params": params}, batch, method="vectors"))

    @classmethod
    def load(cls, name: str) -> "Sentences":
        """The weights that `--init` names.

        Args:
          name: "minilm", or a folder as `--init` takes it.

        Raises:
          UserError: see `read_weights`; weights without BERT's tokenizer.
        """
        weights = read_weights(name)
        if not isinstance(weights.tokenizer, WordPieceTokenizer):
            raise UserError(f"{name}: has no tokenizer of BERT's kind, which sentence vectors need")
        return cls(weights, weights.tokenizer)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """The vector of each text, float32 `[N, H]`."""
        encoded = [sentence_layout(self._tokenizer, self._tokenizer.encode(text)[: self._longest]) for text in texts]
        order = sorted(range(len(encoded)), key=lambda index: -len(encoded[index]))
        vectors = np.zeros((len(encoded), self._hidden), np.float32)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            vectors[chosen] = self._batch([encoded[index] for index in chosen])
        return vectors

    def embed_turns(self, dialogues: Iterable[Dialogue]) -> np.ndarray:
        """The vector of every turn with words, float32 `[N, H]`; equal texts have equal vectors."""
        texts = [turn.text for dialogue in dialogues for turn in dialogue.turns if turn.text.strip()]
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        return self.embed(list(places))[[places[text] for text in texts]]

    def _batch(self, encoded: Sequence[Encoded]) -> np.ndarray:
        packed = pack(encoded, _BATCH, Shape(self._longest + 2, _SLOTS))
        return np.asarray(self._mean(self._params, packed))[: len(encoded)]
