"""Delexicalised responses in one spelling: a system's placeholders become those of the benchmark.

Systems write `[value_phone]`, `[hotel_phone]` or `[phone]`; all of them become `PHONE`. What is left is lower case, so
that a placeholder is found by a plain substring test. The accepted names are those of the standardised evaluation
(Nekvinda and Dušek, "Shades of BLEU, Flavours of Success: The Case of MultiWOZ", GEM 2021).
"""

import re
from collections import Counter

from space_jax.evaluation.multiwoz.moses import respace

_VENUES = "attraction hospital hotel police restaurant value"
# The placeholder, the names without a domain, and the prefixes that go with each base.
_ACCEPTED: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "ADDRESS": (("address",), {"address": _VENUES}),
    "AREA": (("area",), {"area": "value attraction restaurant hotel"}),
    "TIME": (
        ("booktime", "time", "duration", "arriveby", "arrive by", "leaveat", "leave at"),
        {
            "time": "value",
            "duration": "value train",
            "arriveby": "taxi train",
            "arrive": "value train",
            "leaveat": "train taxi",
            "leave": "value train",
        },
    ),
    "DAY": (("day", "bookday"), {"day": "value train"}),
    "PLACE": (
        ("destination", "departure"),
        {"destination": "value train taxi", "departure": "value train taxi", "place": "value"},
    ),
    "FOOD": (("food",), {"food": "value restaurant"}),
    "NAME": (("name",), {"name": _VENUES}),
    "PHONE": (("phone",), {"phone": f"{_VENUES} taxi"}),
    "POST": (("postcode",), {"postcode": _VENUES}),
    "PRICE": (
        ("price", "pricerange", "price range", "entrancefee", "entrance fee"),
        {
            "price": "value train attraction",
            "pricerange": "value restaurant hotel attraction",
            "entrancefee": "attraction",
        },
    ),
    "REFERENCE": (("ref", "reference"), {"reference": "attraction hotel restaurant train value"}),
    "COUNT": (
        ("stars", "stay", "people", "choice", "bookstay", "bookpeople"),
        {
            "stars": "value hotel",
            "stay": "value",
            "people": "value",
            "count": "value",
            "choice": "value attraction hotel restaurant train",
        },
    ),
    "TYPE": (("type", "car"), {"type": "value restaurant hotel attraction taxi", "car": "value taxi"}),
    "TRAINID": (("trainid", "id", "train"), {"id": "train value", "trainid": "train"}),
    "INTERNET": (("internet",), {"internet": "hotel"}),
    "PARKING": (("parking",), {"parking": "hotel"}),
    "ID": ((), {"id": "hospital attraction restaurant"}),
    "DEPARTMENT": (("department",), {"department": "value hospital"}),
    "OPEN": (("openhours",), {}),
}

PLACEHOLDERS: dict[str, str] = {
    name: placeholder
    for placeholder, (bare, prefixed) in _ACCEPTED.items()
    for name in (*bare, *(f"{prefix}_{base}" for base, prefixes in prefixed.items() for prefix in prefixes.split()))
}
"""From a name between brackets to its placeholder."""

_BRACKETED = re.compile(r"\[([\w\s]+)\](?:es|s|-s|-es)?")


def normalise_response(response: str) -> str:
    """A response in lower case, with upper-case placeholders and uniform spacing.

    Args:
      response: delexicalised text.

    Returns:
      The text. A plural ending after a placeholder is part of it, an unknown name is removed with its brackets, and the
      endings `-s` and `-ly` of delexicalised words are dropped.
    """
    text = _BRACKETED.sub(lambda found: PLACEHOLDERS.get(found[1], ""), response.lower())
    return respace(text.replace("-s", "").replace("-ly", ""))


def bracketed_names(response: str) -> list[str]:
    """The names between brackets, in lower case, known or not, in their order."""
    return _BRACKETED.findall(response.lower())


def unknown_names(responses: list[str]) -> Counter[str]:
    """Counts the names that no placeholder has."""
    return Counter(name for text in responses for name in bracketed_names(text) if name not in PLACEHOLDERS)
