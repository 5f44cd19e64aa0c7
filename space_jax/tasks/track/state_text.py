"""A belief state as text, and back: `hotel area north , hotel price range cheap`."""

from collections.abc import Iterable, Mapping

from space_jax.evaluation.joint_goal import FlatState

SEPARATOR = " , "
EMPTY = "none"  # a decoder must write something


def name_in_words(slot: str) -> str:
    """`hotel price range` for `hotel-price_range`."""
    return slot.replace("-", " ").replace("_", " ")


def to_text(state: Mapping[str, tuple[str, ...]]) -> str:
    """The text of a state, its slots in alphabetical order; of several right values the first."""
    parts = [f"{name_in_words(slot)} {values[0]}" for slot, values in sorted(state.items()) if values]
    return SEPARATOR.join(parts) or EMPTY


def to_state(text: str, slots: Iterable[str]) -> FlatState:
    """The state in a text; a piece that does not begin with a slot's name belongs to the value before it.

    >>> to_state("hotel area north , hotel name a , b", ["hotel-area", "hotel-name"])
    {'hotel-area': ('north',), 'hotel-name': ('a , b',)}

    Args:
      text: as a decoder wrote it, well-formed or not.
      slots: those that are known.
    """
    names = sorted(((name_in_words(slot), slot) for slot in slots), key=lambda pair: -len(pair[0]))
    state: dict[str, str] = {}
    latest = ""
    for part in text.replace(",", SEPARATOR).split(","):
        words = " ".join(part.split())
        slot = next((slot for name, slot in names if words.startswith(f"{name} ")), "")
        if slot:
            latest = slot
            state[slot] = words[len(name_in_words(slot)) + 1 :]
        elif latest and words and not any(words == name for name, _ in names):
            state[latest] += SEPARATOR + words
    return {slot: (value,) for slot, value in state.items()}
