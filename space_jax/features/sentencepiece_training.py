"""Trains the SentencePiece model of `SentencePieceTokenizer` on a sample of the texts."""

import io
import random
import re
from collections.abc import Iterable, Iterator

import sentencepiece

from space_jax.errors import UserError
from space_jax.features.special_tokens import CONTROL_TOKENS, PAD, SPECIAL_TOKENS, UNK

_LONGEST = 1000  # characters; SentencePiece silently skips sentences above 4192 bytes
_LARGEST = 10**6  # pieces, several times what any published model has; the trainer makes room for all before it looks
_THREADS = 4  # constant, because EM's rounding depends on the number of threads

SYMBOLS: tuple[str, ...] = tuple(name for name in (*CONTROL_TOKENS, *SPECIAL_TOKENS) if name not in (PAD, UNK))
"""The first user-defined symbols of a model, in the order of their ids, which start at 2 after `[PAD]` and `[UNK]`."""

# A text is split where SentencePiece would reject it (line ends, its own marks U+2581, U+2585, U+2047, lone surrogates)
# or could learn a piece with the name of one of our symbols or of a byte piece.
_BREAK = "\x1f"
_CUT = re.compile(
    "[\0\n\r\x1f\u2581\u2585\u2047\ud800-\udfff]|<0x[0-9A-Fa-f]{2}>|"
    + "|".join(map(re.escape, (*CONTROL_TOKENS, *SPECIAL_TOKENS)))
)
_MINUTES = re.compile(r"(?<=\d)(?=:\d)")
_PLACEHOLDER = re.compile(r"\[\w+_\w+\]")  # of a delexicalised value, such as [hotel_name]


def train_model(texts: Iterable[str], vocab_size: int, model_type: str, max_texts: int, seed: int) -> bytes:
    """Trains a model with byte fallback, without normalisation, with the special tokens as user-defined symbols.

    Every placeholder of a delexicalised value in the texts is one, too; an agent would otherwise need five or more
    pieces to write it. No piece spans hours and minutes, as "20:30" might where it is frequent: a model then shares the
    minutes with "8:30 pm" and learns from all times.

    The plain `sentencepiece` library therefore reads `<sos_u>` in a text as one id; `SentencePieceTokenizer` does not.

    Args:
      texts: the corpus, read once.
      vocab_size: the most ids: special tokens, 256 bytes and pieces; a short text gives fewer.
      model_type: "unigram" (Kudo, 2018) or "bpe" (Sennrich et al., 2016).
      max_texts: size of the uniform sample of texts kept in memory.
      seed: of the sample.

    Returns:
      The serialised model; equal bytes for equal arguments.

    Raises:
      UserError: no text, or an impossible `vocab_size` or `model_type`.
    """
    if model_type not in ("unigram", "bpe"):
        raise UserError(f"tokenizer model type {model_type!r} is not one of 'unigram', 'bpe'")
    if max_texts < 1:
        raise UserError(f"{max_texts} texts to train a tokenizer on is not positive")
    least = len(CONTROL_TOKENS) + len(SPECIAL_TOKENS) + 256
    if vocab_size <= least:
        raise UserError(f"vocabulary size {vocab_size} is too small: bytes and special tokens alone need {least}")
    if vocab_size > _LARGEST:
        raise UserError(f"vocabulary size {vocab_size} is too large: {_LARGEST} pieces are the most")
    sentences = [piece for text in sample(texts, max_texts, seed) for piece in sentences_of(text)]
    if not sentences:
        raise UserError("there is no text to train a tokenizer on")
    placeholders = sorted({name for sentence in sentences for name in _PLACEHOLDER.findall(sentence)})
    symbols = [*SYMBOLS, *placeholders]
    try:
        return _trained(sentences, vocab_size, model_type, symbols)
    except RuntimeError as error:
        most = re.search(r"Vocabulary size too high .*<= (\d+)", str(error))
        if most is None:
            _explain(error, vocab_size)
            raise
    return _trained(sentences, int(most[1]), model_type, symbols)


def _trained(sentences: list[str], vocab_size: int, model_type: str, symbols: list[str]) -> bytes:
    """Trains with exactly `vocab_size` ids; RuntimeError where that is impossible."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        model_type=model_type,
        vocab_size=vocab_size,
        byte_fallback=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        pad_piece=PAD,
        unk_piece=UNK,
        pretokenization_delimiter=_BREAK,
        user_defined_symbols=symbols,
        num_threads=_THREADS,
        minloglevel=2,
    )
    return model.getvalue()


def sample(texts: Iterable[str], count: int, seed: int) -> list[str]:
    """At most `count` of the texts, drawn uniformly (reservoir sampling: Vitter, 1985, algorithm R)."""
    generator = random.Random(seed)
    kept: list[str] = []
    for index, text in enumerate(texts):
        if index < count:
            kept.append(text)
        elif (slot := generator.randrange(index + 1)) < count:
            kept[slot] = text
    return kept


def sentences_of(text: str) -> Iterator[str]:
    """The parts of a text that SentencePiece can learn from, each with the blank that `encode` puts before a text.

    A break marks a point that no piece may cross.
    """
    for part in _CUT.split(text):
        for start in range(0, len(part), _LONGEST):
            if piece := part[start : start + _LONGEST].strip():
                yield " " + _MINUTES.sub(_BREAK, piece)


def _explain(error: RuntimeError, vocab_size: int) -> None:
    """Raises the trainer's error about too small a vocabulary as `UserError`; ignores all others."""
    if too_small := re.search(r"smaller than required_chars\. \d+ vs (\d+)", str(error)):
        limit = f"characters, bytes, special tokens and placeholders alone need {too_small[1]}"
        raise UserError(f"vocabulary size {vocab_size} is too small for this corpus: {limit}") from error
