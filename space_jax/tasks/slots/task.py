"""Slot filling as a task of the framework (see `tasks.task`)."""

import collections
import dataclasses
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from space_jax.config import ModelConfig
from space_jax.errors import UserError
from space_jax.evaluation.span_f1 import Span, span_score
from space_jax.features.tokenizer import Tokenizer
from space_jax.losses import Sum, token_cross_entropy
from space_jax.models.recipe import Keys, Partial
from space_jax.models.views import rngs
from space_jax.tasks.adversarial.term import (
    Predictions,
    Scored,
    adversarial_coefficients,
    adversarial_terms,
    binary,
    noisy,
)
from space_jax.tasks.config import DataSource
from space_jax.tasks.encoder import resolve_vector
from space_jax.tasks.error_list import error_list
from space_jax.tasks.record_sources import Truth, file_of, records_of
from space_jax.tasks.slots.config import SlotsConfig
from space_jax.tasks.slots.model import SlotModel
from space_jax.tasks.slots.records import SlotRecord, of_dialogue, of_row
from space_jax.tasks.slots.tags import to_spans, to_tags
from space_jax.tasks.task import Arrays, Json, Nearest, Task
from space_jax.tasks.text_packing import Encoded, Shape, TaskBatch, first_fit, pack
from space_jax.tasks.token_offsets import Located, locate, token_places, with_examples, with_places
from space_jax.tasks.validation_split import split_dialogues

ROOM = 34  # tokens of a row beside the utterance: the requested slots and their wrappers
SLOTS_OF_ROW = 12


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class SlotExample:
    """An utterance in numbers.

    Attributes:
      located: its tokens.
      tags: `[t, S]` int32.
      intents: `[I]` float32, 0 or 1.
      text: as written.
    """

    located: Located
    tags: np.ndarray
    intents: np.ndarray
    text: str

    @property
    def encoded(self) -> Encoded:
        return self.located.encoded


class SlotsTask(Task):
    """Values with their spans, by tags; the requested slots are read as words of the system before the utterance."""

    name = "slots"
    measure = "macro_f1"

    @classmethod
    def read_split(cls, config: SlotsConfig, source: DataSource, split: str) -> list[SlotRecord]:
        """See `Task.read_split`."""
        if source.corpus:
            return [record for one in split_dialogues(source, split) for record in of_dialogue(one)]
        truth = Truth("spans", "a list of spans", cls.has_truth)
        return records_of(file_of(source, split), functools.partial(cls.read_row, config), truth)

    @classmethod
    def read_row(cls, config: SlotsConfig, row: Mapping[str, Any], where: str, number: int) -> SlotRecord:
        """See `Task.read_row` and `records.of_row`."""
        return of_row(row, config.text_field, where, number)

    @classmethod
    def strata(cls, record: SlotRecord) -> tuple[str, ...]:
        """See `Task.strata`: the slots, and the intents where there are some."""
        return tuple(dict.fromkeys([*(slot for slot, _, _ in record.spans or ()), *(record.intents or ())]))

    @classmethod
    def has_truth(cls, record: SlotRecord) -> bool:
        """See `Task.has_truth`."""
        return record.spans is not None

    @classmethod
    def measured_parts(cls, record: SlotRecord) -> tuple[str, ...]:
        """See `Task.measured_parts`: F1 is of slots."""
        return ("spans",) if record.spans else ()

    @classmethod
    def known_labels(cls, config: SlotsConfig, labels: Json) -> Collection[str]:
        """See `Task.known_labels`."""
        return {*labels["slots"], *labels["intents"]}

    @classmethod
    def make_labels(cls, config: SlotsConfig, records: Sequence[SlotRecord]) -> Json:
        """See `Task.make_labels`: `slots` and `intents` with their numbers.

        Raises:
          UserError: no record has a span.
        """
        slots = collections.Counter(slot for record in records for slot, _, _ in record.spans or ())
        intents = collections.Counter(intent for record in records for intent in record.intents or ())
        if not slots:
            raise UserError("training records: expected some with spans, found none")
        return {"slots": dict(sorted(slots.items())), "intents": dict(sorted(intents.items()))}

    def __init__(
        self, config: SlotsConfig, labels: Json, tokenizer: Tokenizer, model: ModelConfig, recipe: str | None
    ) -> None:
        super().__init__(config, labels, tokenizer, model, recipe)
        self.slots, self.intents = list(labels["slots"]), list(labels["intents"])
        self.row_length = config.max_tokens + ROOM
        # A token's loss is the sum over the slots, however many there are.
        self.coefficients = {"tags": float(len(self.slots)), "intents": float(len(self.intents))}
        self.coefficients |= adversarial_coefficients(config.adversarial, ("tags", "intents"))
        vector = resolve_vector("auto", recipe)
        self.net = SlotModel(model, vector, recipe, len(self.slots), len(self.intents), config.head_dropout)

    def example(self, record: SlotRecord) -> SlotExample:
        """See `Task.example`. Labels that training lacks are left out here, but count in the score."""
        turns = [(1, record.text)]
        if self.config.requested and record.requested:
            turns.insert(0, (0, " ".join(record.requested).replace("_", " ")))
        # Roles of a single utterance are the user's in a dialogue.
        located = locate(self.tokenizer, turns, self.config.max_tokens, self.row_length, self.recipe)
        tags = to_tags(record.spans or (), self.slots, located.starts, located.ends)
        held = set(record.intents or ())
        return SlotExample(located, tags, np.array([name in held for name in self.intents], np.float32), record.text)

    def collate(self, examples: Sequence[SlotExample], size: int, rng: np.random.Generator | None) -> TaskBatch:
        """See `Task.collate`; adds `tokens` and `there` `[B, T]`, `tags` `[B, T, S]` and `intents` `[B, I]`."""
        encoded = [example.encoded for example in examples]
        placed = first_fit(np.array([[len(one)] for one in encoded]).reshape(-1, 1), [self.row_length], SLOTS_OF_ROW)
        columns = [example.located.first + np.arange(len(example.tags)) for example in examples]
        width = self.config.max_tokens
        index, there = token_places(columns, encoded, placed, self.row_length, size, width)
        tags = np.zeros((size, width, len(self.slots)), np.int32)
        intents = np.zeros((size, len(self.intents)), np.float32)
        for number, example in enumerate(examples):
            tags[number, : len(example.tags)] = example.tags
            intents[number] = example.intents
        batch = pack(encoded, size, Shape(self.row_length, SLOTS_OF_ROW), placed)
        return with_examples(with_places(batch, tokens=index), there=there, tags=tags, intents=intents)

    def init(self, key: jax.Array, batch: TaskBatch) -> Any:
        """See `Task.init`."""
        return self.net.init(key, batch)["params"]

    def forward(self, params: Any, batch: TaskBatch, keys: Keys) -> Partial:
        """See `Task.forward`: cross-entropy of the tags of each slot; binary cross-entropy of each intent."""
        tags, intents = self.net.apply({"params": params}, batch, rngs=rngs(keys, "dropout_view_1"))
        weights = jnp.broadcast_to(batch.examples["there"][:, :, None], tags.shape[:3])
        terms = {"tags": token_cross_entropy(tags, batch.examples["tags"], weights)}
        valid = jnp.broadcast_to(batch.valid[:, None], intents.shape)
        loss = optax.sigmoid_binary_cross_entropy(intents, batch.examples["intents"])
        terms["intents"] = Sum.of(loss, valid)

        def predict(params: Any, noise: jax.Array) -> Predictions:
            tags, intents = self.net.apply(noisy(params, noise), batch, rngs=rngs(keys, "dropout_view_1"))
            return {"tags": Scored(tags, weights), "intents": binary(intents, valid)}

        clean = {"tags": Scored(tags, weights), "intents": binary(intents, valid)}
        given = predict, params, clean, batch.context.segments, self.model.hidden, keys
        return Partial(terms | adversarial_terms(self.config.adversarial, *given), ())

    def infer(self, params: Any, batch: TaskBatch) -> dict[str, jax.Array]:
        """See `Task.infer`: probabilities `tags` `[B, T, S, 3]` and `intents` `[B, I]`."""
        tags, intents = self.net.apply({"params": params}, batch)
        return {"tags": jax.nn.softmax(tags, axis=-1), "intents": jax.nn.sigmoid(intents)}

    def predictions(self, outputs: Arrays, examples: Sequence[SlotExample], support: Arrays) -> list[Json]:
        """See `Task.predictions`: `spans` in their order, and `intents` with their scores."""
        return [
            self._prediction(tags[: len(example.tags)], intents, example)
            for tags, intents, example in zip(outputs["tags"], outputs["intents"], examples, strict=True)
        ]

    def _prediction(self, tags: np.ndarray, intents: np.ndarray, example: SlotExample) -> Json:
        spans, located = [], example.located
        best = tags.argmax(axis=-1)
        for number, slot in enumerate(self.slots):
            for start, end, first, last in to_spans(best[:, number], located.starts, located.ends):
                score = round(float(tags[first:last, number].max(axis=-1).mean()), 4)
                words = example.text[start:end]
                spans.append({"slot": slot, "text": words, "start": start, "end": end, "score": score})
        answer: Json = {"spans": sorted(spans, key=lambda span: (span["start"], span["end"], span["slot"]))}
        if located.cut:
            answer["cut_to_tokens"] = self.config.max_tokens
        if self.intents:
            scored = sorted(zip(intents.tolist(), self.intents, strict=True), reverse=True)
            answer["intents"] = [
                {"intent": name, "score": round(score, 4)}
                for score, name in scored
                if score > self.config.intent_threshold
            ]
        return answer

    def score(self, records: Sequence[SlotRecord], predictions: Sequence[Json]) -> dict[str, float]:
        """See `Task.score`: DialoGLUE's `macro_f1`, `micro_f1`, `exact`, F1 of each slot, and `intent_f1` (micro)."""
        known = [(r, one) for r, one in zip(records, predictions, strict=True) if r.spans is not None]
        score = span_score([_spans_of(one) for _, one in known], [r.spans or () for r, _ in known])
        named = {"macro_f1": score.macro_f1, "micro_f1": score.micro_f1, "exact": score.exact}
        named |= {f"f1/{slot}": one.f1 for slot, one in score.slots.items()}
        if self.intents:
            named["intent_f1"] = _intent_f1(records, predictions)
        return named

    def side_by_side(self, record: SlotRecord, prediction: Json) -> tuple[str, str, str]:
        """See `Task.side_by_side`."""
        true = "" if record.spans is None else _in_words(record.spans, record.text) or "no span"
        return record.text, true, _in_words(_spans_of(prediction), record.text) or "no span"

    def error_page(
        self, records: Sequence[SlotRecord], predictions: Sequence[Json], title: str, nearest: Nearest | None = None
    ) -> str:
        """See `Task.error_page`: the utterances with a span too many or too few."""
        known = [(r, one) for r, one in zip(records, predictions, strict=True) if r.spans is not None]
        wrong = [
            (r.where or r.id, r.text, _in_words(r.spans or (), r.text), _in_words(_spans_of(one), r.text))
            for r, one in known
            if set(r.spans or ()) != set(_spans_of(one))
        ]
        return error_list(wrong, len(known), title)


def _spans_of(prediction: Json) -> list[Span]:
    return [(span["slot"], span["start"], span["end"]) for span in prediction["spans"]]


def _in_words(spans: Iterable[Span], text: str) -> str:
    return ", ".join(f"{slot} [{text[start:end]}]" for slot, start, end in sorted(spans, key=lambda span: span[1:]))


def _intent_f1(records: Sequence[SlotRecord], predictions: Sequence[Json]) -> float:
    """F1 over all decisions (utterance, intent) of the utterances whose intents are known."""
    pairs = [
        ({said["intent"] for said in one["intents"]}, set(r.intents))
        for r, one in zip(records, predictions, strict=True)
        if r.intents is not None
    ]
    total = sum(len(ours) + len(theirs) for ours, theirs in pairs)
    return 2 * sum(len(ours & theirs) for ours, theirs in pairs) / total if total else 0.0
