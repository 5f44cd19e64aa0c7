r"""Belief states as text that a model writes: `restaurant food: italian, area: north; hotel stars: 4`.

A domain with its slots, domains separated by ";", slots by ",", a slot from its value by the first ":". The domain
spoken of last stands last, so that the text says which table is asked; a domain without slots is its name alone. What
";", "," and "\" mean is taken from them by a "\" in front; so it is with ":" in a name.
"""

import re

from space_jax.dialogue.record import BeliefState

_MARKS = re.compile(r"([\\;,])")
_NAME_MARKS = re.compile(r"([\\;,:])")
_ESCAPED = re.compile(r"\\\s*(.|\Z)", re.DOTALL)  # a tokenizer may have put a blank behind the backslash


def write_belief(state: BeliefState) -> str:
    """The text of a belief state; of several spellings of a value the first, blanks collapsed.

    Args:
      state: domain -> slot -> spellings. Slots without a spelling, or whose first is blank, are left out.
    """
    return "; ".join(_block(domain, slots) for domain, slots in state.items() if domain.strip())


def parse_belief(text: str) -> BeliefState:
    """The belief state in a text, as far as there is one; never raises.

    What is no `slot: value` is skipped; of a slot that comes twice the last value counts; a domain that comes twice is
    one, and stands where it came last.
    """
    state: BeliefState = {}
    for block in _split(text, ";"):
        parts = _split(block, ",")
        words = parts[0].split(None, 1)
        domain = _plain(words[0]) if words else ""
        if not domain:
            continue
        slots = state.pop(domain, {})
        for part in (words[1] if len(words) > 1 else "", *parts[1:]):
            slot, value = _pair(part)
            if slot and value:
                slots[slot] = (value,)
        state[domain] = slots
    return state


def _block(domain: str, slots: dict[str, tuple[str, ...]]) -> str:
    given = [(slot, " ".join(values[0].split())) for slot, values in slots.items() if values]
    pairs = [f"{_name(slot)}: {_escaped(value)}" for slot, value in given if value and slot.strip()]
    return " ".join([_name(domain), ", ".join(pairs)]).strip()


def _name(name: str) -> str:
    return _NAME_MARKS.sub(r"\\\1", "_".join(name.split()))


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def _split(text: str, mark: str) -> list[str]:
    """The pieces between marks that no backslash stands in front of."""
    pieces, start = [], 0
    for match in re.finditer(rf"\\\s*.|{re.escape(mark)}", text, re.DOTALL):
        if match.group() == mark:
            pieces.append(text[start : match.start()])
            start = match.end()
    return [*pieces, text[start:]]


def _pair(part: str) -> tuple[str, str]:
    pieces = _split(part, ":")
    return ("", "") if len(pieces) < 2 else (_plain(pieces[0]), _plain(":".join(pieces[1:])))


def _plain(text: str) -> str:
    return " ".join(_ESCAPED.sub(r"\1", text).split())
