"""Text that others wrote, made fit for a terminal and for a message.

A terminal obeys escape sequences: a name in a table can clear the screen, set the window's title, or, with the marks
that reverse the direction of writing, show other words than a program reads.
"""

import re
import reprlib
from typing import Any

LONGEST = 1000
"""Characters of a message of `one_sentence`; what is cut off is in its middle."""

# C0 and C1 control characters but tab and line feed, the marks that override or isolate the direction of writing, line
# and paragraph separators, halves of surrogate pairs, which no output can encode.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
_LAYOUT = re.compile("[\t\n]+")

_short = reprlib.Repr()
_short.maxlevel, _short.maxlist, _short.maxtuple, _short.maxdict, _short.maxset = 3, 4, 4, 4, 4
_short.maxlong, _short.maxstring, _short.maxother = 40, 120, 120


def printable(text: str) -> str:
    r"""A text whose control characters are spelled out, so that a terminal shows them and does not obey them.

    >>> printable("\x1b[2JIvy")
    '\\u001b[2JIvy'

    Tabs and line feeds stay, and so do all letters, marks and emoji. Of a JSON text the result has the same value.
    """
    return _UNPRINTABLE.sub(lambda found: _spelled(found[0]), text)


def _spelled(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < 1 << 16 else f"\\U{ord(letter):08x}"


def one_sentence(text: str) -> str:
    r"""A message in one line of at most `LONGEST` characters; its beginning (where) and its end (the fix) stay.

    What cannot be seen is spelled out as well: a byte order mark within a column's name is why it is another name.

    >>> one_sentence("expected the column text, found te\ufeffxt")
    'expected the column text, found te\\ufeffxt'
    """
    line = "".join(one if one.isprintable() else _spelled(one) for one in _LAYOUT.sub(" ", text))
    if len(line) <= LONGEST:
        return line
    half = (LONGEST - 5) // 2
    return f"{line[:half]} ... {line[-half:]}"


def shown(value: Any) -> str:
    """A user's value for a message: `repr`, cut to about a hundred characters and to three levels."""
    try:
        return printable(_short.repr(value))
    except ValueError:  # a whole number with so many digits that Python does not write it
        return f"a {type(value).__name__} of very many digits"
