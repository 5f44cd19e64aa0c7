"""Dialogue -> words -> hashes, by which dialogues are compared without their texts.

Words are runs of letters and digits, in one case and one Unicode form, so that casing, spaces, punctuation and the
tokenisation of a source ("i 'm") make no difference.
"""

import dataclasses
import functools
import hashlib
import re
import unicodedata

import numpy as np

from space_jax.dialogue.record import USER, Dialogue

HASHES = 64
"""Values of a signature. The share in which two agree has a standard deviation of 0.05 at an overlap of 0.8."""

SHINGLE = 3
"""Words of a shingle."""

NEAR_WORDS = 30
"""Words that a text needs to be compared by its signature: one changed word of 30 leaves an overlap of 0.8, and in
single utterances the word that differs is what they are about ("set an alarm for six", "for seven")."""

_WORD = re.compile(r"[^\W_]+")
_COMMON_WORDS = (
    "a about all also am an and any are as at be been but by can could d did do does for from get had has have he her "
    "here him his how i if in is it its just know let like ll m may me might more must my need no not of ok okay on or "
    "our please re s shall she should so some t thank thanks that the their them there these they this those to us ve "
    "want was we were what when where which who will with would yes you your "
    # courtesies, and common beginnings of requests
    "anything appreciate bye day else everything find fine good goodbye great hello help helpful hey hi look looking "
    "much nice nothing now perfect really something sounds sure tell then too very welcome"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_ORDER = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)  # odd: one a word's place
_MULTIPLIERS, _SUMMANDS = np.random.default_rng(20).integers(0, 2**64, (2, HASHES, 1), np.uint64)
_MULTIPLIERS |= np.uint64(1)


@dataclasses.dataclass(frozen=True)
class Wording:
    """The wording of a dialogue, in hashes.

    Attributes:
      text: of the words of all turns, with the borders of the turns.
      words: how many there are.
      utterances: of the words of each user turn that has enough content words.
      signature: `[HASHES]` uint32, a MinHash signature of the shingles (Broder, 1997).
    """

    text: int
    words: int
    utterances: tuple[int, ...]
    signature: np.ndarray


def wording(dialogue: Dialogue, content_words: int) -> Wording:
    """The hashes of a dialogue.

    Args:
      dialogue: the dialogue.
      content_words: the least number of different content words that an utterance needs to be distinctive; shorter ones
        are too common.
    """
    turns = [words_of(turn.text) for turn in dialogue.turns]
    long = (
        words
        for words, turn in zip(turns, dialogue.turns, strict=True)
        if turn.role == USER and len(set(words) - _COMMON) >= content_words
    )
    every = [word for words in turns for word in words]
    return Wording(
        text=hash64("|".join(" ".join(words) for words in turns)),
        words=len(every),
        utterances=tuple(hash64(" ".join(words)) for words in long),
        signature=_signature(every),
    )


def words_of(text: str) -> list[str]:
    """The words of a text."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.casefold())


def hash64(text: str) -> int:
    """A hash in [0, 2^64), the same in every process and release."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def agreement(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The share in which signatures agree: an estimate of |A & B| / |A | B| of their shingles.

    Args:
      a: `[..., HASHES]`.
      b: `[..., HASHES]`.

    Returns:
      `[...]` float.
    """
    return (a == b).mean(axis=-1)


_word_hash = functools.lru_cache(maxsize=1 << 17)(hash64)


def _signature(words: list[str]) -> np.ndarray:
    if len(words) < NEAR_WORDS:
        return np.zeros(HASHES, np.uint32)
    hashes = np.fromiter(map(_word_hash, words), np.uint64, len(words))
    windows = np.lib.stride_tricks.sliding_window_view(hashes, SHINGLE)
    shingles = _mixed((windows * _ORDER).sum(axis=1, dtype=np.uint64))
    return ((_MULTIPLIERS * shingles + _SUMMANDS) >> np.uint64(32)).min(axis=1).astype(np.uint32)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Every bit depends on every bit, which the products above alone do not give."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
