"""WordPiece (BERT; Devlin et al., 2019) from an existing vocabulary, so that published weights can be used.

Special tokens take the rows of `[unusedN]`, see `special_tokens`. They and BERT's own control tokens are never matched
in text: their rows are reached only by id, and the pre-tokenizer separates brackets from words before the vocabulary is
searched. Decoded text is as BERT normalises it: lower-cased (if so set), accents dropped, blanks guessed.
"""

import json
import re
from pathlib import Path
from typing import Any

import tokenizers

from space_jax.config import Vocabulary
from space_jax.errors import UserError
from space_jax.features.special_tokens import CONTROL_TOKENS, SPECIAL_TOKENS, UNK, make_vocabulary
from space_jax.features.tokenizer_folder import fingerprint, write_folder
from space_jax.reading.json_text import read_json
from space_jax.reading.text import lines, read_bytes

KIND = "wordpiece"
FILE_NAME = "tokenizer.json"

_CONTINUES = "##"
_UNKNOWN_TEXT = "\u2047"  # stands for an unknown word; in no BERT vocabulary, so it is encoded as unknown again
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNUSED = re.compile(r"\[unused(\d+)\]")

# Blanks are removed only next to ASCII punctuation, which the pre-tokenizer separates anyway: the ids stay the same.
_TIGHTEN = (
    (re.compile(r" ([.,!?;:%)\]}])"), r"\1"),
    (re.compile(r"([(\[{$]) "), r"\1"),
    (re.compile(r" ?_ ?"), "_"),
    (re.compile(r" ' (?=(?:s|t|m|d|re|ve|ll)\b)", re.IGNORECASE), "'"),
    (re.compile(r"(?<=\d)([:.]) (?=\d)"), r"\1"),
)


class WordPieceTokenizer:
    """A WordPiece vocabulary with the special tokens of the SPACE models.

    Args:
      description: a `tokenizer.json` of the `tokenizers` library, parsed.
      source: its origin, for messages.

    Raises:
      UserError: not WordPiece, a missing control token, or fewer `[unusedN]` than there are special tokens.
    """

    def __init__(self, description: dict[str, Any], source: str = "tokenizer.json"):
        plain = self._description = _without_extras(description, source)
        self._content = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(self._content)
        except Exception as error:  # the library raises nothing narrower
            raise UserError(f"{source}: not a tokenizer.json that can be read ({error})") from error
        vocabulary = plain["model"]["vocab"]
        self._pieces = _pieces(vocabulary, source)
        self._ids, self._spare = _special_ids(vocabulary, source)
        self._names = {token_id: name for name, token_id in self._ids.items()}
        self._special = {*self._spare, *self._ids.values()} - {self._ids[UNK]}
        self._refuse_forgery(source)

    def __reduce__(self):
        return WordPieceTokenizer, (self._description,)  # how data workers get their copy

    @classmethod
    def from_vocabulary(cls, path: Path, lower_case: bool = True) -> "WordPieceTokenizer":
        """Loads a BERT `vocab.txt`: one piece per line, ids in order. The file does not record whether it is cased."""
        vocabulary: dict[str, int] = {}
        for number, piece in enumerate(lines(read_bytes(path), str(path)) or [""]):
            if not piece or piece in vocabulary:
                problem = f"repeats {piece!r}" if piece else "is empty"
                raise UserError(f"{path}:{number + 1}: {problem}, but every line must be a piece of its own")
            vocabulary[piece] = number
        return cls(_bert_description(vocabulary, lower_case), str(path))

    @classmethod
    def from_json(cls, path: Path) -> "WordPieceTokenizer":
        """Loads a `tokenizer.json`, which records whether it is cased."""
        return cls(read_json(path), str(path))

    @property
    def fingerprint(self) -> str:
        """See `Tokenizer.fingerprint`."""
        return fingerprint(self._content.encode())

    @property
    def pieces(self) -> tuple[str, ...]:
        """The pieces in the order of their ids, as in a `vocab.txt`."""
        return tuple(self._pieces)

    @property
    def lower_case(self) -> bool:
        """Whether text is lower-cased before encoding."""
        return bool((self._description.get("normalizer") or {}).get("lowercase", False))

    def description(self) -> dict[str, Any]:
        """A copy of its `tokenizer.json`, without added tokens, template, truncation and decoder."""
        return dict(self._description)

    def vocabulary(self) -> Vocabulary:
        """See `Tokenizer.vocabulary`; the remaining `[unusedN]` count as special."""
        return make_vocabulary(len(self._pieces), self.id_of, self._spare)

    def encode(self, text: str) -> list[int]:
        """See `Tokenizer.encode`."""
        return self._encode(text).ids

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """See `Tokenizer.encode_with_offsets`; blanks are outside the spans."""
        encoding = self._encode(text)
        return encoding.ids, encoding.offsets

    def _encode(self, text: str) -> tokenizers.Encoding:
        if not text.isascii():
            text = _SURROGATE.sub("\ufffd", text)  # one for one, so that offsets stay; BERT then drops it
        return self._tokenizer.encode(text, add_special_tokens=False)

    def decode(self, ids: list[int]) -> str:
        """See `Tokenizer.decode`. Unknown words become U+2047; encoding the text again gives the same ids."""
        words: list[str] = []
        for token_id in map(int, ids):
            if token_id in self._special:
                continue
            piece = self.token(token_id)
            if piece.startswith(_CONTINUES) and len(piece) > len(_CONTINUES):
                words.append((words.pop() if words else "") + piece.removeprefix(_CONTINUES))
            else:
                words.append(_UNKNOWN_TEXT if token_id == self._ids[UNK] else piece)
        text = " ".join(words)
        for pattern, replacement in _TIGHTEN:
            text = pattern.sub(replacement, text)
        return text

    def token(self, token_id: int) -> str:
        """See `Tokenizer.token`; for a row taken over by a special token, that token's name."""
        if not 0 <= token_id < len(self._pieces):
            raise IndexError(f"token id {token_id} is not between 0 and {len(self._pieces) - 1}")
        return self._names.get(int(token_id), self._pieces[token_id])

    def id_of(self, special_name: str) -> int:
        """See `Tokenizer.id_of`."""
        return self._ids[special_name]

    def save(self, folder: Path) -> None:
        """See `Tokenizer.save`."""
        write_folder(Path(folder), KIND, FILE_NAME, self._content.encode())

    def _refuse_forgery(self, source: str) -> None:
        """Rejects a pre-tokenizer that keeps brackets on words, so that text could become a special token."""
        for token_id in self._special:
            for name in {self.token(token_id), self._pieces[token_id]}:
                if token_id in self.encode(name):
                    raise UserError(f"{source}: its pre-tokenizer lets the text {name!r} become a special token")


def _bert_description(vocabulary: dict[str, int], lower_case: bool) -> dict[str, Any]:
    return {
        "version": "1.0",
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": lower_case,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {
            "type": "WordPiece",
            "unk_token": UNK,
            "continuing_subword_prefix": _CONTINUES,
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }


def _without_extras(description: dict[str, Any], source: str) -> dict[str, Any]:
    """Removes the parts that would match special tokens in text, add tokens, truncate or pad."""
    model = description.get("model") if isinstance(description, dict) else None
    if not isinstance(model, dict) or model.get("type", "WordPiece") != "WordPiece":
        raise UserError(f"{source}: not a WordPiece tokenizer.json (field model.type must be 'WordPiece')")
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, dict) or not all(type(token_id) is int for token_id in vocabulary.values()):
        raise UserError(f"{source}: field model.vocab must map each piece to its id")
    for field, expected in (("unk_token", UNK), ("continuing_subword_prefix", _CONTINUES)):
        if model.get(field, expected) != expected:
            raise UserError(f"{source}: field model.{field} is {model[field]!r}, but must be {expected!r}")
    for added in description.get("added_tokens") or ():
        name = added.get("content") if isinstance(added, dict) else added
        if not isinstance(name, str) or name not in vocabulary:
            raise UserError(f"{source}: field added_tokens has {name!r}, which is not in model.vocab as it should be")
    extras: dict[str, Any] = {
        "added_tokens": [],
        "post_processor": None,
        "truncation": None,
        "padding": None,
        "decoder": None,
    }
    return {**description, **extras, "model": {**model, "type": "WordPiece"}}


def _pieces(vocabulary: dict[str, int], source: str) -> list[str]:
    """The piece of each id."""
    pieces = sorted(vocabulary, key=vocabulary.__getitem__)
    if [vocabulary[piece] for piece in pieces] != list(range(len(pieces))):
        raise UserError(f"{source}: the ids of its {len(pieces)} pieces are not 0 to {len(pieces) - 1}")
    return pieces


def _special_ids(vocabulary: dict[str, int], source: str) -> tuple[dict[str, int], list[int]]:
    """The id of each special name, and the ids of the remaining `[unusedN]`."""
    for name in CONTROL_TOKENS:
        if not isinstance(name, str) or name not in vocabulary:
            raise UserError(f"{source}: the vocabulary lacks {name}, which every BERT vocabulary has")
    numbered = sorted((int(match[1]), piece) for piece in vocabulary if (match := _UNUSED.fullmatch(piece)))
    if len(numbered) < len(SPECIAL_TOKENS):
        raise UserError(
            f"{source}: the vocabulary has {len(numbered)} [unusedN] pieces, "
            f"but {len(SPECIAL_TOKENS)} are needed for the special tokens"
        )
    rows = [vocabulary[piece] for _, piece in numbered]
    ids = {name: vocabulary[name] for name in CONTROL_TOKENS}
    ids.update(zip(SPECIAL_TOKENS, rows, strict=False))
    return ids, rows[len(SPECIAL_TOKENS) :]
