"""Plain spellings of names and values, and when two spellings must not be taken for one another."""

import difflib
import functools
import re
import unicodedata
from collections.abc import Sequence

_ARTICLE = re.compile(r"^(?:the|an?) (?=.)")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_NEGATIONS = frozenset({"no", "not", "non", "none", "without", "never", "except", "isnt", "doesnt", "dont"})
_PREFIXES = ("in", "un", "im", "il", "ir", "dis", "non", "anti", "fe", "wo")
"""Two letters and more that turn a word into its opposite."""


@functools.lru_cache(maxsize=1 << 12)
def plain_name(name: str) -> str:
    """The name of a domain or a slot in the form that tables use: "Price range" is `price_range`.

    Accents are left out, since tokenizers of lower-cased vocabularies leave them out.
    """
    return "_".join(re.findall(r"\w+", _without_accents(name.lower())))


@functools.lru_cache(maxsize=1 << 16)  # a query spells out whole columns
def normal(value: str) -> str:
    """A value in its plain spelling: lower case, no article in front, no accents, no punctuation but : and . inside."""
    text = _without_accents(value.lower().replace("&", " and ").replace("\u2019", "'"))
    text = "".join(c if c.isalnum() or c in ":.'" else " " for c in text)
    text = " ".join(text.replace("'", "").split()).strip(" .:")
    return _ARTICLE.sub("", text)


def figures(text: str) -> str:
    """The words with digits in them, joined: of two spellings of one value they are the same.

    >>> figures("march 4th"), figures("march 4"), figures("room ab21 cd")
    ('4', '4', 'ab21')
    """
    return "".join(word for word in _ORDINAL.sub("", text).split() if any(map(str.isdigit, word)))


def opposite(one: str, other: str) -> bool:
    """Whether one plain spelling may deny the other: "no parking" and "parking", "inexpensive" and "expensive".

    A negation that only one has, or more letters in front of a word than a slip of the finger adds.
    """
    words, others = set(one.split()), set(other.split())
    if _NEGATIONS & words != _NEGATIONS & others:
        return True
    pairs = [(a, b) for a in words - others for b in others - words if a.isalpha() and b.isalpha()]
    return any(_denies(a, b) or _denies(b, a) for a, b in pairs)


def alike_name(name: str, known: Sequence[str]) -> str:
    """The known name that holds a name or is held by it, else the most similar one; "" if none is similar.

    >>> alike_name("price", ("area", "price_range")), alike_name("hotels", ("taxi",))
    ('price_range', '')
    """
    holding = [one for one in known if one in name or name in one]
    return next(iter(holding or difflib.get_close_matches(name, known, n=1)), "")


def similarity(one: str, other: str, least: float = 0.0) -> float:
    """The share of characters that two spellings have in common, 0 to 1; 0 if it is below `least`."""
    matcher = difflib.SequenceMatcher(None, other, one)
    bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)  # the first two are cheap upper bounds
    return 0.0 if any(share() < least for share in bounds) else matcher.ratio()


def _denies(longer: str, word: str) -> bool:
    """Whether a word is the other with something in front, misspelt or not."""
    if len(word) >= 3 and len(longer) >= len(word) + 2 and longer.endswith(word):
        return True
    begun = [prefix for prefix in _PREFIXES if longer.startswith(prefix) and not word.startswith(prefix)]
    bare = [longer.removeprefix(prefix) for prefix in begun]
    return any(len(one) >= 3 and similarity(one, word) > max(0.8, similarity(longer, word)) for one in bare)


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
