"""The domains and slots that an agent learns: of its belief states, and of the placeholders in its responses."""

from collections.abc import Sequence

from space_jax.tasks.dialogue.records import DialogueRecord
from space_jax.world.placeholders import ANY_DOMAIN, COUNTS, PLACEHOLDER, REFERENCES, meaning
from space_jax.world.spelling import plain_name


def known_slots(records: Sequence[DialogueRecord]) -> dict[str, list[str]]:
    """Domain -> slots, in plain names and in alphabetical order."""
    found: dict[str, set[str]] = {}
    for record in records:
        for domain, slots in (record.target.state or {}).items():
            found.setdefault(plain_name(domain), set()).update(map(plain_name, slots))
    spoken = {plain_name(act.domain) for record in records for act in record.target.acts or ()}
    domains = ({*found, *spoken} | ANY_DOMAIN) - {""}
    names = {match[1] for record in records for match in PLACEHOLDER.finditer(record.target.response)}
    for name in names:
        meant = meaning(name, domains, "", ())
        if meant is not None and meant.slot not in COUNTS | REFERENCES:
            found.setdefault(meant.domain, set()).add(meant.slot)
    return {domain: sorted(found[domain]) for domain in sorted(found) if domain and domain not in ANY_DOMAIN}
