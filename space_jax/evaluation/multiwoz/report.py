"""The standardised evaluation of responses on MultiWOZ: everything together.

Combined = BLEU + (Inform + Success) / 2 (Mehri et al., "Structured Fusion Networks for Dialog", SIGDIAL 2019).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.active_domains import (
    domains_from_states,
    domains_in_placeholders,
    placeholders_name_domains,
)
from space_jax.evaluation.multiwoz.bleu import corpus_bleu
from space_jax.evaluation.multiwoz.goals import DOMAINS
from space_jax.evaluation.multiwoz.placeholders import normalise_response
from space_jax.evaluation.multiwoz.predictions import Predictions, Turn
from space_jax.evaluation.multiwoz.richness import richness
from space_jax.evaluation.multiwoz.source import Benchmark
from space_jax.evaluation.multiwoz.success import Outcome, SystemTurn, judge
from space_jax.evaluation.multiwoz.unresolved import unresolved
from space_jax.evaluation.multiwoz.values import State, normalise_state

VERSION = "1.0"
"""Changes whenever the same predictions would get different figures."""

DomainSource = Literal["given", "placeholders", "states"]


@dataclass(frozen=True)
class Report:
    """The figures of one system, in percent and BLEU points, unrounded.

    Attributes:
      inform: share of dialogues with a fitting offer for every domain of the goal.
      success: share of those that also provided every requested slot.
      bleu: of all responses against one reference each.
      inform_by_domain: over the dialogues whose goal has the domain.
      success_by_domain: the same; a dialogue that failed to inform counts as failed in each of its domains.
      richness: see `richness.richness`.
      dialogues: how many were evaluated.
      turns: system turns of these.
      missing: ids of test dialogues without predictions; they are left out of every figure.
      shorter, longer: dialogues with fewer or more system turns than the reference has; they are scored over the turns
        that both have, as the published script does it.
      turns_without_state: if there are any, the annotated states were used for all turns.
      domain_source: the source of the active domains.
      unresolved: see `unresolved.unresolved`.
    """

    inform: float
    success: float
    bleu: float
    inform_by_domain: Mapping[str, float]
    success_by_domain: Mapping[str, float]
    richness: Mapping[str, float]
    dialogues: int
    turns: int
    missing: tuple[str, ...]
    shorter: int
    longer: int
    turns_without_state: int
    domain_source: DomainSource
    unresolved: Mapping[str, Mapping[str, int]]

    @property
    def combined(self) -> float:
        """BLEU + (Inform + Success) / 2."""
        return self.bleu + (self.inform + self.success) / 2

    def to_json(self) -> dict[str, Any]:
        """The report for JSON: rates to one decimal, as the benchmark reports them, the rest to more."""
        return {
            "inform": round(self.inform, 1),
            "success": round(self.success, 1),
            "bleu": round(self.bleu, 2),
            "combined": round(self.combined, 2),
            "inform_by_domain": {domain: round(rate, 1) for domain, rate in self.inform_by_domain.items()},
            "success_by_domain": {domain: round(rate, 1) for domain, rate in self.success_by_domain.items()},
            "richness": {name: round(value, 4) for name, value in self.richness.items()},
            "version": VERSION,
            "dialogues": self.dialogues,
            "turns": self.turns,
            "missing_dialogues": list(self.missing),
            "shorter_dialogues": self.shorter,
            "longer_dialogues": self.longer,
            "states": "annotated" if self.turns_without_state else "predicted",
            "turns_without_state": self.turns_without_state,
            "active_domains": self.domain_source,
            "unresolved": {kind: dict(counts) for kind, counts in self.unresolved.items()},
        }


def evaluate(predictions: Predictions, benchmark: Benchmark, domain_source: DomainSource | None = None) -> Report:
    """Evaluates the responses of one system.

    Args:
      predictions: as `read_predictions` gives them.
      benchmark: as `read_benchmark` gives it.
      domain_source: where active domains are from. If None: those given, if every turn has them; else read from the
        placeholders, if these name domains (`[hotel_phone]`); else estimated from the states.

    Raises:
      UserError: a dialogue that the test set does not have.
    """
    _check(predictions, benchmark)
    without_state = sum(turn.state is None for turns in predictions.dialogues.values() for turn in turns)
    domain_source = domain_source or find_domain_source(predictions)
    responses: list[str] = []
    references: list[str] = []
    states: list[State] = []
    outcomes: list[Outcome] = []
    surplus = [len(turns) - len(benchmark.dialogues[name].references) for name, turns in predictions.dialogues.items()]
    for name, written in predictions.dialogues.items():
        dialogue = benchmark.dialogues[name]
        turns = written[: len(dialogue.references)]
        used = dialogue.states[: len(turns)] if without_state else [turn.state or {} for turn in turns]
        system = _system_turns(turns, [normalise_state(state) for state in used], domain_source)
        outcomes.append(judge(system, dialogue, benchmark.database))
        responses += (turn.response for turn in system)
        references += dialogue.references[: len(turns)]
        states += (turn.state for turn in system)
    return Report(
        inform=_percent(outcome.inform for outcome in outcomes),
        success=_percent(outcome.success for outcome in outcomes),
        bleu=corpus_bleu(responses, references),
        inform_by_domain=_by_domain(outcomes, lambda outcome, domain: outcome.informed[domain]),
        success_by_domain=_by_domain(outcomes, Outcome.domain_success),
        richness=richness(responses),
        dialogues=len(outcomes),
        turns=len(responses),
        missing=tuple(name for name in benchmark.dialogues if name not in predictions.dialogues),
        shorter=sum(turns < 0 for turns in surplus),
        longer=sum(turns > 0 for turns in surplus),
        turns_without_state=without_state,
        domain_source=domain_source,
        unresolved=unresolved(predictions, states, benchmark.database),
    )


def find_domain_source(predictions: Predictions) -> DomainSource:
    """The best source of a system's active domains; see `evaluate`."""
    turns = [turn for dialogue in predictions.dialogues.values() for turn in dialogue]
    if all(turn.active_domains is not None for turn in turns):
        return "given"
    return "placeholders" if placeholders_name_domains(turn.response for turn in turns) else "states"


def _check(predictions: Predictions, benchmark: Benchmark) -> None:
    unknown = [name for name in predictions.dialogues if name not in benchmark.dialogues]
    if unknown:
        raise UserError(
            f"{predictions.where}: dialogue {unknown[0]} is not one of the {len(benchmark.dialogues)} test dialogues "
            f"({len(unknown)} such ids); expected ids like {next(iter(benchmark.dialogues), 'sng0073')}"
        )


def _system_turns(turns: Sequence[Turn], states: Sequence[State], domain_source: DomainSource) -> list[SystemTurn]:
    if domain_source == "states":
        domains = domains_from_states(states)
    elif domain_source == "placeholders":
        domains = [domains_in_placeholders(turn.response) for turn in turns]
    else:
        domains = [turn.active_domains or () for turn in turns]
    return [
        SystemTurn(normalise_response(turn.response), state, frozenset(active))
        for turn, state, active in zip(turns, states, domains, strict=True)
    ]


def _by_domain(outcomes: Sequence[Outcome], reached: Callable[[Outcome, str], bool]) -> dict[str, float]:
    concerned = {domain: [outcome for outcome in outcomes if domain in outcome.informed] for domain in sorted(DOMAINS)}
    return {
        domain: _percent(reached(outcome, domain) for outcome in those) for domain, those in concerned.items() if those
    }


def _percent(reached: Iterable[bool]) -> float:
    results = list(reached)
    return 100 * sum(results) / len(results)
