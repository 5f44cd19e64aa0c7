"""Scores of an agent on dialogues and tables of any kind, as far as these are annotated.

  state_accuracy  the share of turns whose belief state is right in every slot: joint goal accuracy
  match           the share of dialogues whose last belief state finds the same rows as the true one, in every domain
                  that has a table. Dialogues in which no such domain is spoken of are left out.
  success         the share of dialogues in which, besides, every slot is told that the true responses tell, by its
                  placeholder. Dialogues that tell none are left out.
  bleu            BLEU-4 of the delexicalised responses (`evaluation.end_to_end.marked_bleu`)

All are 0..100. A measure for which nothing is annotated is left out. Values are compared in plain spelling; each right
spelling of a slot counts, and for a name that only the system has given, any name.
"""

from collections.abc import Sequence

from space_jax.agent.respond import AnsweredDialogue
from space_jax.dialogue.dont_care import DONT_CARE, is_dont_care, is_unset
from space_jax.dialogue.record import BeliefState
from space_jax.evaluation.end_to_end import marked_bleu
from space_jax.world.backend import NAME, Backend
from space_jax.world.corpus_worlds import Worlds
from space_jax.world.lookup import OFFERED
from space_jax.world.placeholders import ANY_DOMAIN, COUNTS, PLACEHOLDER, Placeholder, meaning
from space_jax.world.spelling import normal, plain_name

Slots = dict[tuple[str, str], tuple[str, ...]]
"""(domain, slot) -> the spellings of its value, any of which is right."""


def own_scores(answered: Sequence[AnsweredDialogue], worlds: Worlds) -> dict[str, float]:
    """The measures that the dialogues are annotated for; see the module.

    Args:
      answered: true dialogues with the agent's turns.
      worlds: their tables.
    """
    right = [
        _same(_slots(reply.state), _slots(record.target.state))
        for one in answered
        for record, reply in zip(one.records, one.replies, strict=True)
        if record.target.state is not None
    ]
    matches = [_matches(one, worlds.of(one.dialogue.id)) for one in answered]
    told = [_told(one) for one in answered]
    scores = {
        "state_accuracy": right,
        "match": [match for match in matches if match is not None],
        "success": [
            match is not False and all_told
            for match, all_told in zip(matches, told, strict=True)
            if all_told is not None
        ],
    }
    found = {name: 100 * sum(values) / len(values) for name, values in scores.items() if values}
    references = [record.target.response for one in answered for record in one.records]
    responses = [reply.response for one in answered for reply in one.replies]
    return found | ({"bleu": marked_bleu(responses, references)} if references else {})


def _slots(state: BeliefState) -> Slots:
    return {
        (plain_name(domain), plain_name(slot)): tuple(map(_plain, values))
        for domain, slots in state.items()
        for slot, values in slots.items()
        if values and not all(map(is_unset, values))
    }


def _plain(value: str) -> str:
    return DONT_CARE if is_dont_care(value) else normal(value)


def _same(given: Slots, true: Slots) -> bool:
    return given.keys() == true.keys() and all(
        given[key][0] in values or (key[1] == NAME and OFFERED in values) for key, values in true.items()
    )


def _matches(one: AnsweredDialogue, backend: Backend) -> bool | None:
    """Whether the last states find the same rows; None if no table is spoken of."""
    if not one.records or one.records[-1].target.state is None:
        return None
    true, given = one.records[-1].target.state, one.replies[-1].state
    domains = [domain for domain in true if backend.database.columns(domain)]
    rows = [[backend.database.query(domain, _search(state, domain)) for domain in domains] for state in (true, given)]
    return rows[0] == rows[1] if domains else None


def _search(state: BeliefState, domain: str) -> dict[str, tuple[str, ...]]:
    """The constraints of a domain but its name, which may have been offered only."""
    slots = {plain_name(name): slots for name, slots in state.items()}.get(plain_name(domain), {})
    return {slot: values for slot, values in slots.items() if plain_name(slot) != NAME}


def _told(one: AnsweredDialogue) -> bool | None:
    """Whether the responses tell all that the true ones tell; None if these tell nothing."""
    domains = {plain_name(domain) for record in one.records for domain in record.target.state or {}}
    domains |= {plain_name(act.domain) for record in one.records for act in record.target.acts or ()} | ANY_DOMAIN
    true = _placeholders([record.target.response for record in one.records], domains)
    return true <= _placeholders([reply.response for reply in one.replies], domains) if true else None


def _placeholders(responses: Sequence[str], domains: set[str]) -> set[Placeholder]:
    found = {meaning(match[1], domains, "", ()) for text in responses for match in PLACEHOLDER.finditer(text)}
    return {one for one in found if one is not None and one.slot not in COUNTS}
