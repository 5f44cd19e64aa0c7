"""Training of the SentencePiece model behind `SentencePieceTokenizer`: a sample of the texts in, a model out."""

import io
import random
import re
from collections.abc import Iterable, Iterator

import sentencepiece

from space_jax.errors import UserError
from space_jax.features.special_tokens import CONTROL_TOKENS, PAD, SPECIAL_TOKENS, UNK

_LONGEST = 1000  # characters; SentencePiece silently leaves out sentences above 4192 bytes
_THREADS = 4  # a constant: the sums of EM are rounded differently for another number of threads

SYMBOLS: tuple[str, ...] = tuple(name for name in (*CONTROL_TOKENS, *SPECIAL_TOKENS) if name not in (PAD, UNK))
"""The first user-defined symbols of a model, in the order of their ids, which start at 2 after `[PAD]` and `[UNK]`."""

# A text is cut where SentencePiece would refuse it (line ends, its own marks U+2581, U+2585, U+2047, lone surrogates)
# or could learn a piece that is named like a symbol of ours or like a byte piece.
_BREAK = "\x1f"
_CUT = re.compile(
    "[\0\n\r\x1f\u2581\u2585\u2047\ud800-\udfff]|<0x[0-9A-Fa-f]{2}>|"
    + "|".join(map(re.escape, (*CONTROL_TOKENS, *SPECIAL_TOKENS)))
)
_MINUTES = re.compile(r"(?<=\d)(?=:\d)")
_PLACEHOLDER = re.compile(r"\[[A-Za-z]+_\w+\]")  # of a delexicalised value, such as [hotel_name]


def train_model(texts: Iterable[str], vocab_size: int, model_type: str, max_texts: int, seed: int) -> bytes:
    """Trains a model with byte fallback, without normalisation, with the special tokens as user-defined symbols.

    So is every placeholder of a delexicalised value that the texts hold: as a word of brackets and letters it would
    take an agent five or more pieces to write. No piece holds hours and minutes, as "20:30" would be one where that is
    said often: a model then sees the minutes of "8:30 pm" in it, and learns times from all times.

    The plain `sentencepiece` library therefore reads `<sos_u>` in a text as one id; `SentencePieceTokenizer` does not.

    Args:
      texts: the corpus, read once.
      vocab_size: all ids together: special tokens, 256 bytes, pieces.
      model_type: "unigram" (Kudo, 2018) or "bpe" (Sennrich et al., 2016).
      max_texts: texts kept in memory, a uniform sample of the corpus.
      seed: of the sample.

    Returns:
      The serialised model; equal bytes for equal arguments.

    Raises:
      UserError: no text, or a `vocab_size` or `model_type` that is not possible.
    """
    if model_type not in ("unigram", "bpe"):
        raise UserError(f"tokenizer model type {model_type!r} is not one of 'unigram', 'bpe'")
    if max_texts < 1:
        raise UserError(f"{max_texts} texts to train a tokenizer on is not positive")
    least = len(CONTROL_TOKENS) + len(SPECIAL_TOKENS) + 256
    if vocab_size <= least:
        raise UserError(f"vocabulary size {vocab_size} is too small: bytes and special tokens alone need {least}")
    sentences = [piece for text in sample(texts, max_texts, seed) for piece in sentences_of(text)]
    if not sentences:
        raise UserError("there is no text to train a tokenizer on")
    placeholders = sorted({name for sentence in sentences for name in _PLACEHOLDER.findall(sentence)})
    model = io.BytesIO()
    try:
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
            user_defined_symbols=[*SYMBOLS, *placeholders],
            num_threads=_THREADS,
            minloglevel=2,
        )
    except RuntimeError as error:
        _explain(error, vocab_size)
        raise
    return model.getvalue()


def sample(texts: Iterable[str], count: int, seed: int) -> list[str]:
    """At most `count` of the texts, each with equal chance (reservoir sampling: Vitter, 1985, algorithm R)."""
    generator = random.Random(seed)
    kept: list[str] = []
    for index, text in enumerate(texts):
        if index < count:
            kept.append(text)
        elif (place := generator.randrange(index + 1)) < count:
            kept[place] = text
    return kept


def sentences_of(text: str) -> Iterator[str]:
    """The parts of a text that SentencePiece can learn from, each with the blank that `encode` puts before a text.

    A break stands where no piece may go on.
    """
    for part in _CUT.split(text):
        for start in range(0, len(part), _LONGEST):
            if piece := part[start : start + _LONGEST].strip():
                yield " " + _MINUTES.sub(_BREAK, piece)


def _explain(error: RuntimeError, vocab_size: int) -> None:
    """Raises the trainer's two complaints about a size as a user's mistake; does nothing for anything else."""
    message = str(error)
    if too_large := re.search(r"Vocabulary size too high .*<= (\d+)", message):
        limit = f"the largest possible is {too_large[1]}"
        raise UserError(f"vocabulary size {vocab_size} is too large for this corpus: {limit}") from error
    if too_small := re.search(r"smaller than required_chars\. \d+ vs (\d+)", message):
        limit = f"characters, bytes, special tokens and placeholders alone need {too_small[1]}"
        raise UserError(f"vocabulary size {vocab_size} is too small for this corpus: {limit}") from error
