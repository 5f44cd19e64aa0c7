"""Placeholders of delexicalised responses: `[domain_slot]`, or `[slot]` of the domain that is spoken of.

Domains and slots may be any names, with "_" in them too: where a placeholder is cut depends on the domains there are.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from space_jax.world.spelling import plain_name

PLACEHOLDER = re.compile(r"\[ ?(\w[\w -]*?) ?\]")
"""A placeholder; a tokenizer may have put blanks in it."""

COUNTS, REFERENCES = frozenset({"count", "choice"}), frozenset({"reference", "ref"})
"""Slots that are no columns: how many rows match, and the reference of a booking."""

ALIASES = {"ticket": "price", "fee": "entrance_fee", "addr": "address", "post": "postcode", "id": "train_id"}
"""Slots of MultiWOZ's acts -> columns."""

ANY_DOMAIN = frozenset({"booking", "general"})
"""Domains of MultiWOZ's acts that stand for the current domain."""

_UNFINISHED = re.compile(r"\[[\w -]*$")
_JOINED = re.compile(r"\s*_\s*")


class Placeholder(NamedTuple):
    """The meaning of a placeholder, in plain names."""

    domain: str
    slot: str


def meaning(name: str, domains: Collection[str], current: str, slots: Collection[str]) -> Placeholder | None:
    """The meaning of the words between the brackets.

    >>> meaning("bike_shop_opening_hours", ("bike", "bike_shop"), "", ())
    Placeholder(domain='bike_shop', slot='opening_hours')

    Args:
      name: as written.
      domains: those there are, in plain names; of several that the name begins with the longest counts.
      current: the domain that is spoken of.
      slots: its slots, which need no domain in front.

    Returns:
      Domain and slot; a name that begins with no known domain is cut at its first "_". None for a single word in
      brackets that is no slot: "[laughs]".
    """
    whole = plain_name(_JOINED.sub("_", name))
    begun = [domain for domain in domains if domain and whole.startswith(f"{domain}_")]
    if begun:
        domain = max(begun, key=len)
        return Placeholder(domain, whole.removeprefix(f"{domain}_"))
    if whole in slots:
        return Placeholder(current, whole)
    domain, cut, slot = whole.partition("_")
    return Placeholder(domain, slot) if "_" in name and cut and domain and slot else None


def without_unfinished(text: str) -> str:
    """A text without the beginning of a placeholder at its end."""
    return _UNFINISHED.sub("", text)
