"""The one list of spellings for "any value is right" and for "no value yet".

Corpora spell these in words that users said ("does n't matter") and in words that annotators made up (`dontcare`, `not
mentioned`). Loaders, the tracker's scores and the tables all ask here. Capitals, apostrophes of any kind, the blank in
"do n't", hyphens, and marks at either end make no difference.

The standardised evaluation of MultiWOZ has a list of its own (`evaluation.multiwoz.spellings`), which is part of its
definition.
"""

import functools
import re

DONT_CARE = "dontcare"
"""The spelling that belief states use."""

_APOSTROPHES = re.compile("['\u2019\u2018\u02bc\u00b4`]")
_SPLIT_NOT = re.compile(r"(?<=\w) ?n ?t\b")  # "do nt", "don t", "does n t"
_ENDS = re.compile(r"^\W+|\W+$")

_ANY = frozenset(
    (
        *("dontcare", "dont care", "do not care", "doesnt care", "does not care", "i dont care", "i do not care"),
        *("dont mind", "do not mind", "doesnt mind", "i dont mind", "i do not mind", "no matter", "not important"),
        *("doesnt matter", "does not matter", "it doesnt matter", "it does not matter", "dont matter"),
        *("no preference", "no preferences", "no particular preference", "i have no preference"),
        *("any", "any of them", "any is fine", "any will do", "anything", "anything is fine", "anything will do"),
        *("anywhere", "any time", "anytime", "anyone", "either", "whatever", "whichever", "all the same"),
    )
)
_UNSET = frozenset({"none", "not mentioned", "not given", "unmentioned"})


def is_dont_care(value: str) -> bool:
    """Whether a value says that any is right.

    >>> is_dont_care("Doesn’t matter."), is_dont_care("anywhere but here")
    (True, False)
    """
    return _plain(value) in _ANY


def is_unset(value: str) -> bool:
    """Whether a value says that there is none yet."""
    return not value.strip() or _plain(value) in _UNSET


@functools.lru_cache(maxsize=1 << 12)
def _plain(value: str) -> str:
    words = " ".join(re.split(r"[\s_-]+", _APOSTROPHES.sub("", value.lower()))).strip()
    return _ENDS.sub("", _SPLIT_NOT.sub("nt", words))
