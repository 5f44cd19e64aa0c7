r"""Belief states as text that a model writes: `restaurant food: italian, area: north; hotel stars: 4`.

A domain with its slots, domains separated by ";", slots by ",", a slot from its value by the first ":". The current
domain comes last, so that the text says which table to search; a domain without slots is its name alone. A "\" escapes
";", "," and "\", and ":" in a name.
"""

import re

from space_jax.dialogue.record import BeliefState

_MARKS = re.compile(r"([\\;,])")
_NAME_MARKS = re.compile(r"([\\;,:])")
_ESCAPED = re.compile(r"\\\s*(.|\Z)", re.DOTALL)  # a tokenizer may have inserted a blank after the backslash


def write_belief(state: BeliefState) -> str:
    """The text of a belief state; of several spellings of a value the first, blanks collapsed.

    Args:
      state: domain -> slot -> spellings. Slots without a spelling, or whose first is blank, are left out.
    """
    return "; ".join(_block(domain, slots) for domain, slots in state.items() if domain.strip())


def parse_belief(text: str) -> BeliefState:
    """The belief state in a text, as far as it can be read; never raises.

    Text other than `slot: value` is skipped; of a repeated slot the last value counts; a repeated domain is merged at
    its last place.
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
    """The pieces between unescaped marks."""
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
