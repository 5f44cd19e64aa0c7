"""Tracking by copying as a task of the framework (see `tasks.task`)."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.config import ModelConfig
from space_jax.evaluation.joint_goal import goal_score
from space_jax.features.tokenizer import Tokenizer
from space_jax.losses import Sum, token_cross_entropy
from space_jax.models.recipe import Keys, Partial
from space_jax.models.views import rngs
from space_jax.tasks.adversarial.term import Predictions, Scored, adversarial_coefficients, adversarial_terms, noisy
from space_jax.tasks.encoder import resolve_vector
from space_jax.tasks.task import Arrays, Json
from space_jax.tasks.text_packing import Encoded, Shape, TaskBatch, first_fit, pack
from space_jax.tasks.token_offsets import Located, locate, token_places, with_examples, with_places
from space_jax.tasks.track.config import TrackConfig
from space_jax.tasks.track.gates import (
    DONTCARE_GATE,
    GATES,
    INFORM,
    NO,
    NONE_GATE,
    REFER,
    SPAN,
    UNREACHABLE,
    YES,
    decisions,
    informed_slots,
)
from space_jax.tasks.track.model import SlotScores, TrackModel, best_spans
from space_jax.tasks.track.records import TrackRecord
from space_jax.tasks.track.state_text import name_in_words
from space_jax.tasks.track.states import carried, carried_copies, updated
from space_jax.tasks.track.tracker import Tracker, scores

SLOTS_OF_ROW = 4
LONGEST = 16  # tokens of a span
PREDICTED = ("gates", "starts", "ends", "others")
FIXED = {DONTCARE_GATE: "dontcare", YES: "yes", NO: "no"}


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class TrackExample:
    """A user turn in numbers. S slots.

    Attributes:
      located: its tokens, the user's turn being the last text.
      gates: `[S]` int32, `gates.UNREACHABLE` where there is no target.
      spans: `[S, 2]` int32, first and last token of the user's turn; -1 without a span.
      others: `[S]` int32, the slot referred to; -1 for none.
      ages: `[S]` float32, see `model.SlotHead`.
      informed: what the system gave, by slot.
      record: where it comes from.
    """

    located: Located
    gates: np.ndarray
    spans: np.ndarray
    others: np.ndarray
    ages: np.ndarray
    informed: dict[str, str]
    record: TrackRecord

    @property
    def encoded(self) -> Encoded:
        return self.located.encoded


class TrackTask(Tracker):
    """A gate for each slot and turn; values are copied, and states carried on from the model's own decisions."""

    name = "track"

    def __init__(
        self, config: TrackConfig, labels: Json, tokenizer: Tokenizer, model: ModelConfig, recipe: str | None
    ) -> None:
        super().__init__(config, labels, tokenizer, model, recipe)
        self.slots = list(labels["slots"])
        self.row_length = config.context
        # The loss of a turn is the sum over its slots, however many there are.
        self.coefficients = {"gates": 1.0, "spans": 1.0, "others": 1.0}
        self.coefficients |= adversarial_coefficients(config.adversarial, PREDICTED)
        names = tuple(tuple(tokenizer.encode(name_in_words(slot))) or (model.vocabulary.mask,) for slot in self.slots)
        self.net = TrackModel(model, resolve_vector("auto", recipe), recipe, names, config.head_dropout)

    def example(self, record: TrackRecord) -> TrackExample:
        """See `Task.example`."""
        turns = record.turns[-self.config.turns :]
        located = locate(self.tokenizer, turns, self.config.max_tokens, self.row_length, self.recipe)
        said = informed_slots(record.informed, self.slots)
        count = len(self.slots)
        gates, others = np.full(count, NONE_GATE, np.int32), np.full(count, -1, np.int32)
        spans = np.full((count, 2), -1, np.int32)
        for slot, decision in (decisions(record, self.slots) if record.after is not None else {}).items():
            number = self.slots.index(slot)
            gates[number] = decision.gate
            if decision.gate == SPAN:
                inside = np.flatnonzero((located.starts < decision.end) & (located.ends > decision.start))
                if len(inside):
                    spans[number] = inside[0], inside[-1]
                else:  # words that were cut off
                    gates[number] = UNREACHABLE
            elif decision.gate == REFER and decision.other in self.slots:
                others[number] = self.slots.index(decision.other)
            elif decision.gate == REFER:
                gates[number] = UNREACHABLE
        ages = np.array([1 / said[slot][1] if slot in said else 0.0 for slot in self.slots], np.float32)
        informed = {slot: value for slot, (value, _) in said.items()}
        return TrackExample(located, gates, spans, others, ages, informed, record)

    def collate(self, examples: Sequence[TrackExample], size: int, rng: np.random.Generator | None) -> TaskBatch:
        """See `Task.collate`; adds the places of all tokens and of the user's, and the targets of each slot."""
        encoded = [example.encoded for example in examples]
        placed = first_fit(np.array([[len(one)] for one in encoded]).reshape(-1, 1), [self.row_length], SLOTS_OF_ROW)
        columns = [np.arange(len(one)) for one in encoded]
        tokens, there = token_places(columns, encoded, placed, self.row_length, size, self.row_length)
        columns = [one.located.first + np.arange(len(one.located.starts)) for one in examples]
        words, spoken = token_places(columns, encoded, placed, self.row_length, size, self.config.max_tokens)
        count = len(self.slots)
        gates, others = np.full((size, count), -1, np.int32), np.full((size, count), -1, np.int32)
        spans, ages = np.full((size, count, 2), -1, np.int32), np.zeros((size, count), np.float32)
        for number, example in enumerate(examples):
            gates[number], others[number] = example.gates, example.others
            spans[number], ages[number] = example.spans, example.ages
        batch = pack(encoded, size, Shape(self.row_length, SLOTS_OF_ROW), placed)
        truth = {"gates": gates, "spans": spans, "others": others}
        batch = with_places(batch, tokens=tokens, words=words)
        return with_examples(batch, there=there, spoken=spoken, informed=ages, **truth)

    def init(self, key: jax.Array, batch: TaskBatch) -> Any:
        """See `Task.init`."""
        return self.net.init(key, batch)["params"]

    def forward(self, params: Any, batch: TaskBatch, keys: Keys) -> Partial:
        """See `Task.forward`: cross-entropies of gates, of both ends of spans, of references; means over turns."""
        found = self.net.apply({"params": params}, batch, rngs=rngs(keys, "dropout_view_1"))
        truth = batch.examples

        def loss(logits: jax.Array, targets: jax.Array) -> Sum:
            """A target of -1 does not count."""
            total = token_cross_entropy(logits, targets, jnp.ones(targets.shape, jnp.float32))
            return dataclasses.replace(total, weight=batch.valid.sum().astype(jnp.float32))

        ends = loss(found.starts, truth["spans"][..., 0]), loss(found.ends, truth["spans"][..., 1])
        both = dataclasses.replace(ends[0], total=ends[0].total + ends[1].total)
        terms = {
            "gates": loss(found.gates, truth["gates"]),
            "spans": both,
            "others": loss(found.others, truth["others"]),
        }

        def predict(params: Any, noise: jax.Array) -> Predictions:
            drop = rngs(keys, "dropout_view_1")
            return _predictions(self.net.apply(noisy(params, noise), batch, rngs=drop), truth)

        given = predict, params, _predictions(found, truth), batch.context.segments, self.model.hidden, keys
        return Partial(terms | adversarial_terms(self.config.adversarial, *given), ())

    def infer(self, params: Any, batch: TaskBatch) -> dict[str, jax.Array]:
        """See `Task.infer`: probabilities of `gates` `[B, S, gates]`, `spans` `[B, S, 2]` and `others` `[B, S]`."""
        found = self.net.apply({"params": params}, batch)
        return {
            "gates": jax.nn.softmax(found.gates, axis=-1),
            "spans": best_spans(found.starts, found.ends, LONGEST),
            "others": found.others.argmax(axis=-1).astype(jnp.int32),
        }

    def predictions(self, outputs: Arrays, examples: Sequence[TrackExample], support: Arrays) -> list[Json]:
        """See `Task.predictions`: `update`, the changes, and `state`, the record's state after them."""
        return [
            self._prediction(example, gates, spans, others)
            for example, gates, spans, others in zip(
                examples, outputs["gates"], outputs["spans"], outputs["others"], strict=True
            )
        ]

    def _prediction(self, example: TrackExample, gates: np.ndarray, spans: np.ndarray, others: np.ndarray) -> Json:
        update: dict[str, Json] = {}
        for number, slot in enumerate(self.slots):
            gate = int(gates[number].argmax())
            copied = self._copied(example, slot, gate, spans[number], int(others[number]))
            if copied:
                update[slot] = {"gate": GATES[gate], "score": round(float(gates[number, gate]), 4), **copied}
        state = updated(example.record.before, update)
        cut = {"cut_to_tokens": self.config.max_tokens} if example.located.cut else {}
        return {"update": update, "state": {slot: list(values) for slot, values in state.items()}, **cut}

    def _copied(self, example: TrackExample, slot: str, gate: int, span: np.ndarray, other: int) -> Json | None:
        """The value that a gate gives a slot; None where it changes nothing."""
        if gate in FIXED:
            return {"value": FIXED[gate]}
        if gate == INFORM and slot in example.informed:
            return {"value": example.informed[slot]}
        if gate == REFER and self.slots[other] != slot:
            return {"refer": self.slots[other]}
        located = example.located
        if gate == SPAN and span[1] < len(located.starts):
            start, end = int(located.starts[span[0]]), int(located.ends[span[1]])
            return {"value": example.record.turns[-1][1][start:end], "start": start, "end": end}
        return None

    def score(self, records: Sequence[TrackRecord], predictions: Sequence[Json]) -> dict[str, float]:
        """See `Task.score`: the states are carried from the predicted updates; `joint_goal_trippy` is the laxer one."""
        dialogues = [record.dialogue for record in records]
        updates = [prediction["update"] for prediction in predictions]
        states, copies = carried(dialogues, updates), carried_copies(dialogues, updates)
        known = [number for number, record in enumerate(records) if record.after is not None]
        lax = goal_score(
            [states[n] for n in known], [records[n].after or {} for n in known], copied=[copies[n] for n in known]
        )
        return {**scores(records, states, self.slots), "joint_goal_trippy": lax.joint}


def _predictions(found: SlotScores, truth: Mapping[str, Any]) -> Predictions:
    """The predictions that have a target, of -1 where there is none."""
    targets = truth["gates"], truth["spans"][..., 0], truth["spans"][..., 1], truth["others"]
    scores = found.gates, found.starts, found.ends, found.others
    return {
        name: Scored(logits, (target >= 0).astype(jnp.float32))
        for name, logits, target in zip(PREDICTED, scores, targets, strict=True)
    }
