"""SentencePiece (Kudo and Richardson, 2018): a lossless tokenizer with a vocabulary learned from the user's texts.

Decoding gives back every text character by character, because of these rules:

- no normalisation, and characters outside the vocabulary fall back to their UTF-8 bytes;
- SentencePiece represents a blank as U+2581, so U+2581 itself is encoded here as its three bytes, never passed to it;
- one blank is put before every text and removed again, so that a word has the same piece at the start of a turn as
  inside it;
- special tokens are user-defined symbols, which SentencePiece would match in text; a text that contains such a name
  is split within the name and encoded in parts, so that special tokens can be inserted only by id.

A lone surrogate has no UTF-8 form; it becomes U+FFFD, one for one, because half an emoji in a corpus must not stop a
long run.
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import sentencepiece

from space_jax.config import Vocabulary
from space_jax.errors import UserError
from space_jax.features.sentencepiece_training import SYMBOLS, train_model
from space_jax.features.special_tokens import CONTROL_TOKENS, PAD, SPECIAL_TOKENS, UNK, make_vocabulary
from space_jax.features.tokenizer_folder import fingerprint, write_folder
from space_jax.reading.text import read_bytes

KIND = "sentencepiece"
FILE_NAME = "tokenizer.model"

BLANK = "\u2581"  # how SentencePiece represents a blank
_SYMBOL = re.compile("|".join(map(re.escape, SYMBOLS)))  # every name is one bracketed word, so none overlap
_SURROGATE = re.compile("[\ud800-\udfff]")
_PROBE = " \u00c5\ufb01  A\u030a\t\n "  # changes under every normalisation that SentencePiece offers


class SentencePieceTokenizer:
    """A trained SentencePiece model with byte fallback and the special tokens of the SPACE models.

    Args:
      content: a serialised model made by `train_sentencepiece`.
      source: its origin, for messages.

    Raises:
      UserError: `content` is not such a model.
    """

    def __init__(self, content: bytes, source: str = "SentencePiece model"):
        self._content = content
        self._model = _load_model(content, source)
        self._ids = _special_ids(self._model, source)
        self._text = [_text_bytes(self._model, token_id) for token_id in range(self._model.vocab_size())]
        for name in SYMBOLS:
            self._text[self._ids[name]] = b""  # omitted from text
        self._lengths = [len(text) for text in self._text]
        self._blank_bytes = [self._model.piece_to_id(f"<0x{byte:02X}>") for byte in BLANK.encode()]
        if self.decode(self.encode(_PROBE)) != _PROBE:
            raise UserError(f"{source}: normalises its text; train the model with train_sentencepiece, which does not")

    def __reduce__(self):
        return SentencePieceTokenizer, (self._content,)  # how data workers get their copy

    @classmethod
    def from_file(cls, path: Path) -> "SentencePieceTokenizer":
        """Loads a `.model` file."""
        return cls(read_bytes(path), str(path))

    @property
    def fingerprint(self) -> str:
        """See `Tokenizer.fingerprint`."""
        return fingerprint(self._content)

    def vocabulary(self) -> Vocabulary:
        """See `Tokenizer.vocabulary`; byte pieces count as text."""
        return make_vocabulary(len(self._text), self.id_of)

    def encode(self, text: str) -> list[int]:
        """See `Tokenizer.encode`."""
        if not text:
            return []
        if text.isascii():
            return self._encode_segment(" " + text)
        first, *rest = (" " + _SURROGATE.sub("\ufffd", text)).split(BLANK)
        ids = self._encode_segment(first)
        for segment in rest:
            ids += self._blank_bytes
            ids += self._encode_segment(segment)
        return ids

    def _encode_segment(self, segment: str) -> list[int]:
        """The ids of text without U+2581; each name of a symbol is split after its bracket and so never matched."""
        if not _SYMBOL.search(segment):
            return self._model.encode(segment)
        cuts = [0, *(match.start() + 1 for match in _SYMBOL.finditer(segment)), len(segment)]
        return [token_id for start, end in pairwise(cuts) for token_id in self._model.encode(segment[start:end])]

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """See `Tokenizer.encode_with_offsets`.

        The spans cover the text without gaps; a blank belongs to the piece that starts with it. Every byte piece of one
        character has that character's span. A first piece that is only the added blank has the span (0, 0).
        """
        ids = self.encode(text)
        character = range(len(text)) if text.isascii() else _character_of_byte(text)
        offsets = []
        start = -1  # in bytes; the added blank comes before the text
        for token_id in ids:
            end = start + self._lengths[token_id]
            offsets.append((character[max(start, 0)] if end > 0 else 0, character[end - 1] + 1 if end > 0 else 0))
            start = end
        return ids, offsets

    def decode(self, ids: list[int]) -> str:
        """See `Tokenizer.decode`; bytes that are not UTF-8, which a model may generate, become U+FFFD.

        The result is that of the text ids alone, even if a special token separates the bytes of a character.
        """
        if len(ids) and min(ids) < 0:
            raise IndexError(f"token id {min(ids)} is negative")
        text = b"".join([self._text[token_id] for token_id in ids])
        return text.removeprefix(b" ").decode("utf-8", "replace")

    def token(self, token_id: int) -> str:
        """See `Tokenizer.token`."""
        return self._model.id_to_piece(int(token_id))

    def id_of(self, special_name: str) -> int:
        """See `Tokenizer.id_of`."""
        return self._ids[special_name]

    def save(self, folder: Path) -> None:
        """See `Tokenizer.save`."""
        write_folder(Path(folder), KIND, FILE_NAME, self._content)


def _load_model(content: bytes, source: str) -> sentencepiece.SentencePieceProcessor:
    try:
        model = sentencepiece.SentencePieceProcessor(model_proto=content) if content else None
    except RuntimeError as error:
        raise UserError(f"{source}: not a SentencePiece model, or a damaged one") from error
    if model is None:  # the library treats empty content as a missing argument and logs at every later call
        raise UserError(f"{source}: empty, where a SentencePiece model should be")
    return model


def _special_ids(model: sentencepiece.SentencePieceProcessor, source: str) -> dict[str, int]:
    ids = {name: model.piece_to_id(name) for name in (*CONTROL_TOKENS, *SPECIAL_TOKENS)}
    for name, token_id in ids.items():
        # A control symbol would be as safe, but the plain `sentencepiece` library would not recognise it in a text.
        kind = (model.is_control(token_id), model.is_unknown(token_id))
        if model.id_to_piece(token_id) != name or kind != (name == PAD, name == UNK):
            expected = {PAD: "control symbol", UNK: "unknown piece"}.get(name, "user-defined symbol")
            raise UserError(f"{source}: has no {expected} {name}; make the model with train_sentencepiece")
    if not all(model.is_byte(model.piece_to_id(f"<0x{byte:02X}>")) for byte in range(256)):
        raise UserError(f"{source}: has no byte pieces; make the model with train_sentencepiece")
    return ids


def _text_bytes(model: sentencepiece.SentencePieceProcessor, token_id: int) -> bytes:
    piece = model.id_to_piece(token_id)
    if model.is_byte(token_id):
        return bytes([int(piece[1:-1], 16)])
    if model.is_control(token_id):
        return b""
    if model.is_unknown(token_id):
        return "\u2047".encode()  # never from `encode`, but a model may generate it
    return piece.replace(BLANK, " ").encode()


def _character_of_byte(text: str) -> list[int]:
    """The index of the character to which each byte of the UTF-8 form belongs."""
    return [
        index for index, character in enumerate(text) for _ in range(len(character.encode("utf-8", "surrogatepass")))
    ]


def train_sentencepiece(
    texts: Iterable[str],
    vocab_size: int,
    out: Path,
    model_type: str = "unigram",
    max_texts: int = 1_000_000,
    seed: int = 0,
) -> SentencePieceTokenizer:
    """Trains a model, saves it, and returns it. See `sentencepiece_training.train_model`.

    Args:
      texts: the corpus, read once.
      vocab_size: the most ids: special tokens, 256 bytes and pieces; a short text gives fewer.
      out: the folder to save the tokenizer in.
      model_type: "unigram" or "bpe".
      max_texts: size of the uniform sample of texts kept in memory and trained on.
      seed: of the sample.

    Returns:
      The tokenizer; equal arguments give equal content.

    Raises:
      UserError: no text, or an impossible `vocab_size` or `model_type`.
    """
    tokenizer = SentencePieceTokenizer(train_model(texts, vocab_size, model_type, max_texts, seed))
    tokenizer.save(Path(out))
    return tokenizer
