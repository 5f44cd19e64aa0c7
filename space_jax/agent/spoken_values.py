"""Where a text says a value of a table or of a belief state, in whichever spelling."""

import dataclasses
import functools
import re
from collections import defaultdict
from collections.abc import Iterator

from space_jax.world.numbers import as_minutes, as_number
from space_jax.world.spelling import normal, plain_name
from space_jax.world.values import restricts_nothing

LONGEST_VALUE = 12
"""Words of a value; longer cells are descriptions."""

_WORD = re.compile(r"[^\W_]+(?:[.:'’][^\W_]+)*|&")
_LONE_MARK = re.compile(r"(?<!\d)[.:]|[.:](?!\d)")
_EDGES = re.compile(r"^\s*((?:the|an?)(?= )|[£$€¥])?.*?([£$€¥%])?\s*$", re.IGNORECASE | re.DOTALL)
_SIGN_BEFORE, _SIGN_BEHIND = re.compile(r"[£$€¥] ?$"), re.compile(r"^ ?[£$€¥%]")
_TRUTHS = frozenset({"yes", "no", "true", "false", "?"})
_SHORTEST_CODE = 5  # characters of a telephone number or a postcode, whose blanks do not count


@dataclasses.dataclass(frozen=True, slots=True)
class Meaning:
    """What a value may stand for: a column of a table, or a slot of a belief state; both names plain."""

    domain: str
    slot: str


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """A value in a text.

    Attributes:
      start, end: its characters.
      key: the value, whatever its spelling.
      meanings: what it may stand for.
    """

    start: int
    end: int
    key: str
    meanings: frozenset[Meaning]

    @property
    def is_number(self) -> bool:
        """Whether it is a number alone, which says little about what it counts."""
        return self.key.startswith("#")


class Values:
    """Values with what they stand for."""

    def __init__(self) -> None:
        self._meant: dict[str, set[Meaning]] = defaultdict(set)
        self._edges: set[tuple[str, Meaning, str, str]] = set()
        self.longest = 1  # words

    def add(self, domain: str, slot: str, value: str) -> None:
        """Adds a value; truth values, those that restrict nothing, and a domain's own name say nothing in a text."""
        meaning = Meaning(plain_name(domain), plain_name(slot))
        if restricts_nothing(value) or value.strip().lower() in _TRUTHS or plain_name(value) == meaning.domain:
            return
        length = len(_WORD.findall(value))
        if not 0 < length <= LONGEST_VALUE:
            return
        for key in keys_of(value):
            self._meant[key].add(meaning)
            self._edges.add((key, meaning, *_edges(value)))
        self.longest = max(self.longest, length + 1)  # one more for "pm", or a postcode in two parts

    def meanings(self, key: str, edges: tuple[str, str]) -> set[Meaning]:
        """What a key stands for; between edges, an article or a currency, only where the value is written with them."""
        meant = self._meant.get(key, set())
        return {one for one in meant if (key, one, *edges) in self._edges} if any(edges) else meant


def said_in(text: str, *sources: Values) -> list[Said]:
    """The values in a text, in their order; of overlapping ones the longest, of equally long ones the first.

    A value begins and ends with whole words.
    """
    kept: list[Said] = []
    for one in sorted(_all_in(text, sources), key=lambda one: (one.start - one.end, one.start)):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def _all_in(text: str, sources: tuple[Values, ...]) -> Iterator[Said]:
    words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    longest = max(one.longest for one in sources)
    for first, (start, _) in enumerate(words):
        for _, end in words[first : first + longest]:
            before, behind = _SIGN_BEFORE.search(text[:start]), _SIGN_BEHIND.search(text[end:])
            wide = (before.start() if before else start, end + len(behind[0]) if behind else end)
            for place in dict.fromkeys((wide, (start, end))):
                piece = text[slice(*place)]
                meant = {
                    (key, one)
                    for key in keys_of(piece)
                    for source in sources
                    for one in source.meanings(key, _edges(piece))
                }
                if meant:
                    yield Said(*place, min(key for key, _ in meant), frozenset(one for _, one in meant))


def _edges(value: str) -> tuple[str, str]:
    """The article or the sign of a currency in front of a value, and the sign behind it; "" for none."""
    match = _EDGES.match(value)
    assert match is not None, "everything in it may be missing"
    return (match[1] or "").lower(), match[2] or ""


@functools.lru_cache(maxsize=1 << 16)
def keys_of(value: str) -> tuple[str, ...]:
    """What a value means, in a form that all its spellings share; several forms where it can be read in several ways.

    >>> keys_of("7:15 pm"), keys_of("Two"), keys_of("CB2 1AB"), keys_of("The Gonville")
    (('@1155',), ('#2',), ('cb2 1ab', '=cb21ab'), ('gonville',))
    """
    plain = " ".join(_LONE_MARK.sub("", normal(value)).split())
    if not plain:
        return ()
    minutes = as_minutes(value)
    if minutes is not None:
        return (f"@{minutes}",)
    number = as_number(value) if plain.isalnum() else None
    if number is not None:
        return (f"#{number}",)
    code = plain.replace(" ", "")
    has_digit = any(letter.isdigit() for letter in code)
    return (plain, f"={code}") if has_digit and len(code) >= _SHORTEST_CODE else (plain,)
