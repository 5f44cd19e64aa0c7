"""The spacing of the Moses scripts for English: text is split into tokens and joined again.

Only the spacing around punctuation and apostrophes changes, so that `great !` and `great!` become one. The rules are
those of the tokeniser and detokeniser scripts of Moses (Koehn et al., "Moses: Open Source Toolkit for Statistical
Machine Translation", ACL 2007 demonstrations). Two of them are absent because joining undoes them or because the
benchmark is English: full stops after abbreviations, and Chinese, Japanese and Korean words.
"""

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x1f]")
_SYMBOL = re.compile(r"([^\w\s.'`,\-]|_)")
_DOTS = re.compile(r"(\.{2,})")
_COMMA = re.compile(r"(?<!\d),|,(?!\d)")
_FINAL_STOP_AND_APOSTROPHE = re.compile(r"\.'$")

_LETTER, _OTHER = r"[^\W\d_]", r"[\W\d_]"
# The contexts of an apostrophe, and its replacement; each rule works on the result of the one before.
_APOSTROPHES = tuple(
    (re.compile(f"({left})'({right})"), rf"\1{apostrophe}\2")
    for left, right, apostrophe in (
        (_OTHER, _OTHER, " ' "),
        (r"[\W_]", _LETTER, " ' "),
        (_LETTER, _OTHER, " ' "),
        (_LETTER, _LETTER, " '"),
        (r"\d", "s", " '"),
    )
)

_CLOSING = re.compile(r"[,.?!:;\\%}\])]+")
_QUOTES = re.compile(r"['\"„“`]+")
_CONTRACTION = re.compile(rf"'{_LETTER}")
_OPENING = frozenset("([{¿¡")


def respace(text: str) -> str:
    """Splits a text into tokens and joins them again."""
    return join_tokens(split_tokens(text))


def split_tokens(text: str) -> list[str]:
    """The Moses tokens of a text, without its escapes for XML."""
    text = _CONTROL.sub("", " ".join(text.split()))
    text = _SYMBOL.sub(r" \1 ", text.strip())
    text = _DOTS.sub(r" \1 ", text)
    text = _COMMA.sub(" , ", text)
    for pattern, replacement in _APOSTROPHES:
        text = pattern.sub(replacement, text)
    return _FINAL_STOP_AND_APOSTROPHE.sub(" . '", " ".join(text.split())).split()


def join_tokens(tokens: list[str]) -> str:
    """Joins Moses tokens: punctuation is attached to its word."""
    text, blank = "", " "
    quotes: dict[str, int] = {}
    for place, token in enumerate(tokens):
        before, after = " ", " "
        if token.isalnum():
            pass
        elif all(_is_opening(character) for character in token):
            after = ""
        elif _CLOSING.fullmatch(token) or (place and _CONTRACTION.match(token)):
            before = ""
        elif _QUOTES.fullmatch(token):
            before, after = _around_quote(token, tokens[place - 1] if place else "", quotes)
        text += (blank if before else "") + token
        blank = after
    return text.strip()


def _is_opening(character: str) -> bool:
    return character in _OPENING or unicodedata.category(character) == "Sc"  # a currency sign


def _around_quote(token: str, previous: str, quotes: dict[str, int]) -> tuple[str, str]:
    """The space before and after a quotation mark; `quotes` counts those that opened or closed."""
    kind = '"' if token.strip("„“") == "" else token
    opens = quotes.get(kind, 0) % 2 == 0
    if opens and token == "'" and previous.endswith("s"):
        return "", " "  # the guests' rooms: neither opens nor closes
    quotes[kind] = quotes.get(kind, 0) + 1
    return (" ", "") if opens else ("", " ")
