"""The annotated belief states of MultiWOZ, for systems that use them instead of predicting their own."""

from collections.abc import Iterator, Mapping
from typing import Any

from space_jax.corpora.reading import field
from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.spellings import DONT_CARE
from space_jax.evaluation.multiwoz.values import State

_UNSET = DONT_CARE | {"", "none"}


def read_state(metadata: Mapping[str, Any], where: str) -> State:
    """The state after one user turn, from `metadata` of the system turn that follows.

    Args:
      metadata: per domain `semi` and `book`.
      where: begins the message of an error.

    Returns:
      Domain to slot to value, without unset and irrelevant slots; of several values the first; slots of bookings
      begin with `book`; domains without a slot are left out.

    Raises:
      UserError: an entry that is not in MultiWOZ's form.
    """
    state = {}
    for domain, entry in metadata.items():
        slots = {
            slot: value for slot, value in _values(entry, f"{where}: metadata.{domain}") if value.lower() not in _UNSET
        }
        if slots:
            state[domain] = slots
    return state


def _values(entry: Any, where: str) -> Iterator[tuple[str, str]]:
    for part, prefix in (("semi", ""), ("book", "book")):
        for slot, value in field(entry, part, dict, where).items():
            if slot == "booked":
                continue
            if isinstance(value, list):
                value = value[0] if value else ""
            if not isinstance(value, str):
                raise UserError(f"{where}.{part}.{slot}: expected a string or a list of strings, found {value!r}")
            yield prefix + slot, value
