"""Match, Success F1 and BLEU for CamRest676 and KVRET, as the field computes them on these two sets.

The metrics are those of Sequicity (Lei et al., ACL 2018), in the form that LABES (Zhang et al., EMNLP 2020, arXiv
2009.08115) gave them and SPACE-1 and SPACE-3 report. Per dialogue:

  Match       the constraints of the belief state at the last turn whose response gives a value, predicted against true.
              Without such a turn the prediction is its last state. Only informable slots count, a value only if the
              ontology knows it, and `dontcare` not at all. Dialogues whose true constraints are empty are left out.
  Success F1  the slots, other than the name, whose placeholder occurs in some response of the dialogue: F1 of the
              predicted set, with counts summed over all dialogues.
  BLEU        BLEU-4 over all responses, one reference each, words between blanks, lower case. As in the published
              scorer, every response is wrapped in an opening and a closing mark, which count as words.
  Combined    (Match + Success F1) / 2 + BLEU.

Values of the ontology that a response writes out become placeholders first, on both sides. All results are 0..100.
"""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence

from space_jax.dialogue.record import BeliefState
from space_jax.evaluation.multiwoz.bleu import MAX_ORDER, ngrams

_PLACEHOLDER = re.compile(r"\[ ?(?:[a-z]+ ?_ ?)?([a-z_]+?) ?\]")
_VALUE = re.compile(r"\[value_([a-z_]+)\]")
_OPEN, _CLOSE = "<go_r>", "<eos_r>"
_NAMES = frozenset({"name"})
_TINY = 1e-10  # keeps the logarithm of a precision of zero finite, as in the published scorer


@dataclasses.dataclass(frozen=True, slots=True)
class Answered:
    """One system turn: the belief state it answers, its delexicalised response, and the parts cut at a limit."""

    state: BeliefState
    response: str
    cut: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Ontology:
    """The ontology of a corpus for the metrics, in lower case.

    Attributes:
      informable: domain -> slots whose values are constraints.
      values: value -> slot, for every value that is known.
      junk: words that are removed from a constraint before it is looked up.
    """

    informable: Mapping[str, tuple[str, ...]]
    values: Mapping[str, str]
    junk: tuple[str, ...] = ()


def end_to_end_scores(
    predicted: Sequence[Sequence[Answered]], true: Sequence[Sequence[Answered]], ontology: Ontology
) -> dict[str, float]:
    """All measures; `predicted` and `true` are dialogues with the same turns.

    Raises:
      ValueError: the dialogues or turns differ in number.
    """
    if [len(one) for one in predicted] != [len(one) for one in true]:
        raise ValueError("predicted and true dialogues differ in number or in their turns")
    given, wanted = ([_cleaned(turns, ontology) for turns in side] for side in (predicted, true))
    match, success = match_rate(given, wanted, ontology), success_f1(given, wanted)
    responses, references = ([turn.response for turns in side for turn in turns] for side in (given, wanted))
    bleu = marked_bleu(responses, references)
    return {"match": match, "success_f1": success, "bleu": bleu, "combined": (match + success) / 2 + bleu}


def match_rate(
    predicted: Sequence[Sequence[Answered]], true: Sequence[Sequence[Answered]], ontology: Ontology
) -> float:
    """The share of dialogues whose constraints are right; see the module. Responses have `[value_slot]`."""
    right = count = 0
    for given, wanted in zip(predicted, true, strict=True):
        truth = _constraints_at(wanted, ontology)
        if truth:  # None, or nothing set: left out
            count += 1
            found = _constraints_at(given, ontology)
            right += (constraints(given[-1].state, ontology) if found is None else found) == truth
    return 100 * right / max(count, 1)


def success_f1(predicted: Sequence[Sequence[Answered]], true: Sequence[Sequence[Answered]]) -> float:
    """F1 of the provided slots; see the module. Responses have `[value_slot]`."""
    hits = given_count = wanted_count = 0
    for given, wanted in zip(predicted, true, strict=True):
        found, expected = _slots_given(given), _slots_given(wanted)
        hits += len(found & expected)
        given_count += len(found)
        wanted_count += len(expected)
    return 200 * hits / max(given_count + wanted_count, 1)


def marked_bleu(responses: Sequence[str], references: Sequence[str]) -> float:
    """BLEU-4 with the marks around every response; see the module.

    BP exp(1/4 sum_n log(matches_n / total_n + 1e-10)), BP = 1 if the responses are longer than the references, else
    exp(1 - reference length / length).
    """
    matches, totals = [0] * MAX_ORDER, [0] * MAX_ORDER
    length = expected = 0
    for response, reference in zip(responses, references, strict=True):
        given, wanted = ([_OPEN, *text.lower().split(), _CLOSE] for text in (response, reference))
        length, expected = length + len(given), expected + len(wanted)
        for order in range(1, MAX_ORDER + 1):
            found = ngrams(given, order)
            matches[order - 1] += (found & ngrams(wanted, order)).total()
            totals[order - 1] += found.total()
    if not length:
        return 0.0
    penalty = 1.0 if length > expected else math.exp(1 - expected / length)
    precisions = [hits / max(count, 1) + _TINY for hits, count in zip(matches, totals, strict=True)]
    return 100 * penalty * math.exp(math.fsum(map(math.log, precisions)) / MAX_ORDER)


def constraints(state: BeliefState, ontology: Ontology) -> dict[tuple[str, str], str]:
    """The constraints of a belief state that count: (domain, slot) -> value."""
    found = {}
    for domain, slots in ontology.informable.items():
        for slot in slots:
            value = state.get(domain, {}).get(slot, ("",))[0].lower()
            for word in ontology.junk:
                value = value.replace(word, "")
            value = " ".join(value.split())
            if value in ontology.values:
                found[domain, slot] = value
    return found


def with_values_marked(response: str, ontology: Ontology) -> str:
    """The response in lower case with `[value_slot]` for every placeholder, and for every known value in words."""
    text = _PLACEHOLDER.sub(lambda match: f" [value_{match[1]}] ", " ".join(response.lower().split()))
    for value in sorted(ontology.values, key=len, reverse=True):
        if value in text:
            text = re.sub(rf"(?<![\w\[]){re.escape(value)}(?![\w\]])", f"[value_{ontology.values[value]}]", text)
    return " ".join(text.split())


def _cleaned(turns: Sequence[Answered], ontology: Ontology) -> list[Answered]:
    return [Answered(turn.state, with_values_marked(turn.response, ontology)) for turn in turns]


def _constraints_at(turns: Sequence[Answered], ontology: Ontology) -> dict[tuple[str, str], str] | None:
    """Those at the last turn that gives a value; None if no turn does."""
    states = [turn.state for turn in turns if _VALUE.search(turn.response)]
    return constraints(states[-1], ontology) if states else None


def _slots_given(turns: Sequence[Answered]) -> set[str]:
    return {slot for turn in turns for slot in _VALUE.findall(turn.response)} - _NAMES
