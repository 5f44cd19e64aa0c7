"""Active domains for systems that do not give them: read from placeholders or estimated from the states.

Source: the standardised MultiWOZ evaluation (Nekvinda and Dušek, GEM 2021), section on active domains.
"""

from collections.abc import Iterable, Sequence

from space_jax.evaluation.multiwoz.goals import DOMAINS
from space_jax.evaluation.multiwoz.placeholders import PLACEHOLDERS, bracketed_names
from space_jax.evaluation.multiwoz.values import State

_DECISIVE = frozenset({"NAME", "PHONE", "ADDRESS", "POST", "REFERENCE", "TRAINID"})


def domains_in_placeholders(response: str) -> tuple[str, ...]:
    """The domains that a response names: `[hotel_phone]` names the hotel."""
    prefixes = (name.split("_")[0] for name in bracketed_names(response) if "_" in name)
    return tuple(dict.fromkeys(prefix for prefix in prefixes if prefix in DOMAINS))


def placeholders_name_domains(responses: Iterable[str]) -> bool:
    """Whether a system writes `[hotel_phone]` rather than `[value_phone]` or `[phone]`.

    Most of the placeholders that Inform and Success look for have to name a domain, so that one stray placeholder does
    not decide it.
    """
    named = found = 0
    for response in responses:
        for name in bracketed_names(response):
            if PLACEHOLDERS.get(name) in _DECISIVE:
                found += 1
                named += name.split("_")[0] in DOMAINS and "_" in name
    return 2 * named > found


def domains_from_states(states: Sequence[State]) -> list[tuple[str, ...]]:
    """Estimates one active domain per turn from the changes in the state.

    Args:
      states: of the turns of one dialogue, normalised.

    Returns:
      At most one domain for each turn: the one whose slots changed last. Removed slots do not count.
    """
    current: str | None = None
    previous: State = {}
    changed_before: list[str] = []
    active: list[tuple[str, ...]] = []
    for state in states:
        changed = _changed(state, previous)
        if not changed and current is None:
            active.append(())
            continue
        if changed and current not in changed:
            current = max(changed, key=lambda domain: len(state[domain]))  # the first of those with equally many slots
        elif not changed and len(changed_before) > 1:
            others = [domain for domain in changed_before if domain != current and domain in state]
            current = others[0] if others else current
        previous, changed_before = state, changed
        active.append((current,) if current else ())
    return active


def _changed(state: State, previous: State) -> list[str]:
    return [domain for domain, slots in state.items() if slots.items() - previous.get(domain, {}).items()]
