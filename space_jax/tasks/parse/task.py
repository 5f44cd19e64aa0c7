"""Semantic parsing as a task of the framework (see `tasks.task`).

Spans instead of a sequence of brackets: all decisions about an utterance are made at once, in one pass of the encoder,
training needs no decoder, and the search over trees is exact, so that every answer is a tree.
"""

import collections
import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.config import ModelConfig
from space_jax.corpora import topv2
from space_jax.corpora.options import parse_option
from space_jax.corpora.registry import corpus
from space_jax.dialogue import parse_tree
from space_jax.errors import UserError
from space_jax.evaluation.parse_match import parse_score
from space_jax.features.tokenizer import Tokenizer
from space_jax.losses import token_cross_entropy
from space_jax.models.recipe import Keys, Partial
from space_jax.models.views import rngs
from space_jax.tasks.adversarial.term import Predictions, Scored, adversarial_coefficients, adversarial_terms, noisy
from space_jax.tasks.config import DataSource
from space_jax.tasks.encoder import resolve_vector
from space_jax.tasks.error_list import error_list
from space_jax.tasks.parse.cky import best_tree
from space_jax.tasks.parse.config import ParseConfig
from space_jax.tasks.parse.model import ParseModel, best_of_kinds
from space_jax.tasks.parse.records import ParseRecord, of_row, of_tree
from space_jax.tasks.parse.spans import kinds, spans_of, tree_of
from space_jax.tasks.record_sources import Truth, file_of, records_of
from space_jax.tasks.task import Arrays, Json, Nearest, Task
from space_jax.tasks.text_packing import Encoded, Shape, TaskBatch, first_fit, pack
from space_jax.tasks.token_offsets import Located, locate, token_places, with_examples, with_places

PIECES = 3  # of a word, on average, that a row has room for
SLOTS_OF_ROW = 12
NO_LABEL = 0


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class ParseExample:
    """An utterance in numbers. w words, at most `max_words`.

    Attributes:
      encoded: its tokens.
      first, last: `[w]` int32, the columns of the first and the last piece of each word.
      labels: (first word, last word, label), the annotated spans; -1 for a label that training lacks.
      words: all words, also those beyond `max_words`.
    """

    encoded: Encoded
    first: np.ndarray
    last: np.ndarray
    labels: tuple[tuple[int, int, int], ...]
    words: tuple[str, ...]


class ParseTask(Task):
    """Labels for spans of words, and the best tree of them."""

    name = "parse"
    measure = "exact_match"

    @classmethod
    def read_split(cls, config: ParseConfig, source: DataSource, split: str) -> list[ParseRecord]:
        """See `Task.read_split`; of the corpora, TOPv2 alone has trees."""
        if not source.corpus:
            truth = Truth("parse", "a bracketed parse", cls.has_truth)
            return records_of(file_of(source, split), functools.partial(cls.read_row, config), truth)
        if source.corpus != topv2.CORPUS.name:
            raise UserError(f"config field data.corpus: expected {topv2.CORPUS.name!r}, found {source.corpus!r}")
        options = dict(parse_option(text, corpus(source.corpus)) for text in source.options)
        rows = topv2.parses(Path(source.source), split, **options)
        return [of_tree(name, text, tree) for name, text, tree in rows]

    @classmethod
    def read_row(cls, config: ParseConfig, row: Mapping[str, Any], where: str, number: int) -> ParseRecord:
        """See `Task.read_row` and `records.of_row`."""
        return of_row(row, config.text_field, where, number)

    @classmethod
    def strata(cls, record: ParseRecord) -> tuple[str, ...]:
        """See `Task.strata`: every intent and slot, as TOPv2's low-resource splits count them."""
        labels = spans_of(record.tree).values() if record.tree is not None else ()
        return tuple(dict.fromkeys(name for label in labels for name in label.split(" ")))

    @classmethod
    def has_truth(cls, record: ParseRecord) -> bool:
        """See `Task.has_truth`."""
        return record.tree is not None

    @classmethod
    def measured_parts(cls, record: ParseRecord) -> tuple[str, ...]:
        """See `Task.measured_parts`."""
        return ("parses",) if record.tree is not None else ()

    @classmethod
    def known_labels(cls, config: ParseConfig, labels: Json) -> Collection[str]:
        """See `Task.known_labels`: the intents and slots, each by itself."""
        return {name for label in labels["spans"] for name in label.split(" ")}

    @classmethod
    def make_labels(cls, config: ParseConfig, records: Sequence[ParseRecord]) -> Json:
        """See `Task.make_labels`: `spans`, the labels of spans with their numbers.

        Raises:
          UserError: no record has a tree.
        """
        trees = [record.tree for record in records if record.tree is not None]
        counts = collections.Counter(label for tree in trees for label in spans_of(tree).values())
        if not any(kinds(label)[0] for label in counts):
            raise UserError("training records: expected some with a parse, found none")
        return {"spans": dict(sorted(counts.items()))}

    def __init__(
        self, config: ParseConfig, labels: Json, tokenizer: Tokenizer, model: ModelConfig, recipe: str | None
    ) -> None:
        super().__init__(config, labels, tokenizer, model, recipe)
        self.spans = list(labels["spans"])
        self.numbers = {label: number for number, label in enumerate(self.spans, start=1)}
        self.row_length = config.max_words * PIECES
        self.coefficients = {"spans": 1.0} | adversarial_coefficients(config.adversarial, ("spans",))
        vector = resolve_vector("auto", recipe)
        self.net = ParseModel(model, vector, recipe, len(self.spans) + 1, config.width, config.head_dropout)

    def example(self, record: ParseRecord) -> ParseExample:
        """See `Task.example`."""
        words = record.words[: self.config.max_words]
        text = " ".join(words)
        room = self.row_length - 2
        located = locate(self.tokenizer, [(1, text)], room, self.row_length, self.recipe)
        first, last = word_columns(words, located)
        found = spans_of(record.tree) if record.tree is not None else {}
        labels = tuple(
            (start, end - 1, self.numbers.get(label, -1)) for (start, end), label in found.items() if end <= len(words)
        )
        return ParseExample(located.encoded, first, last, labels, record.words)

    def collate(self, examples: Sequence[ParseExample], size: int, rng: np.random.Generator | None) -> TaskBatch:
        """See `Task.collate`; adds `first` and `last` `[B, W]`, `labels` `[B, W, W]` and `weights` `[B, W, W]`."""
        encoded = [example.encoded for example in examples]
        placed = first_fit(np.array([[len(one)] for one in encoded]).reshape(-1, 1), [self.row_length], SLOTS_OF_ROW)
        width = self.config.max_words
        first, last = (
            token_places([getattr(one, side) for one in examples], encoded, placed, self.row_length, size, width)[0]
            for side in ("first", "last")
        )
        labels = np.zeros((size, width, width), np.int32)
        weights = np.zeros((size, width, width), np.float32)
        for number, example in enumerate(examples):
            count = len(example.first)
            weights[number, :count, :count] = np.triu(np.ones((count, count), np.float32))
            for start, end, label in example.labels:
                labels[number, start, end] = max(label, NO_LABEL)
                weights[number, start, end] = float(label >= 0)
        batch = pack(encoded, size, Shape(self.row_length, SLOTS_OF_ROW), placed)
        return with_examples(with_places(batch, first=first, last=last), labels=labels, weights=weights)

    def init(self, key: jax.Array, batch: TaskBatch) -> Any:
        """See `Task.init`."""
        return self.net.init(key, batch)["params"]

    def forward(self, params: Any, batch: TaskBatch, keys: Keys) -> Partial:
        """See `Task.forward`: cross-entropy of every span's label, summed over spans, mean over utterances."""
        scores = self.net.apply({"params": params}, batch, rngs=rngs(keys, "dropout_view_1"))
        loss = token_cross_entropy(scores, batch.examples["labels"], batch.examples["weights"])
        terms = {"spans": dataclasses.replace(loss, weight=batch.valid.sum().astype(jnp.float32))}

        def predict(params: Any, noise: jax.Array) -> Predictions:
            moved = self.net.apply(noisy(params, noise), batch, rngs=rngs(keys, "dropout_view_1"))
            return {"spans": Scored(moved, batch.examples["weights"])}

        clean = {"spans": Scored(scores, batch.examples["weights"])}
        given = predict, params, clean, batch.context.segments, self.model.hidden, keys
        return Partial(terms | adversarial_terms(self.config.adversarial, *given), ())

    def infer(self, params: Any, batch: TaskBatch) -> dict[str, jax.Array]:
        """See `Task.infer`: `best` and `choice` `[B, W, W, 2, 2]` of `best_of_kinds`."""
        best, choice = best_of_kinds(self.net.apply({"params": params}, batch), self.spans)
        return {"best": best, "choice": choice}

    def predictions(self, outputs: Arrays, examples: Sequence[ParseExample], support: Arrays) -> list[Json]:
        """See `Task.predictions`: `parse`, always a tree over all words; `score`, how much likelier than no spans."""
        return [
            self._prediction(best, choice, example)
            for best, choice, example in zip(outputs["best"], outputs["choice"], examples, strict=True)
        ]

    def _prediction(self, best: np.ndarray, choice: np.ndarray, example: ParseExample) -> Json:
        count, words = len(example.first), list(example.words)
        spans = best_tree(best[:count, :count], choice[:count, :count], self.spans)
        score = sum(best[i, j - 1, *kinds(label)] for (i, j), label in spans.items())
        tree = tree_of(spans, words[:count])
        score = round(float(score), 4)
        if len(words) == count:
            return {"parse": parse_tree.to_text(tree), "score": score}
        tree = dataclasses.replace(tree, children=(*tree.children, *words[count:]))
        return {"parse": parse_tree.to_text(tree), "score": score, "cut_to_words": count}

    def score(self, records: Sequence[ParseRecord], predictions: Sequence[Json]) -> dict[str, float]:
        """See `Task.score`: `exact_match`, `bracket_f1` and `validity`."""
        pairs = [(one["parse"], parse_tree.to_text(r.tree)) for r, one in _annotated(records, predictions)]
        return dataclasses.asdict(parse_score([ours for ours, _ in pairs], [theirs for _, theirs in pairs]))

    def side_by_side(self, record: ParseRecord, prediction: Json) -> tuple[str, str, str]:
        """See `Task.side_by_side`."""
        return record.text, "" if record.tree is None else parse_tree.to_text(record.tree), prediction["parse"]

    def error_page(
        self, records: Sequence[ParseRecord], predictions: Sequence[Json], title: str, nearest: Nearest | None = None
    ) -> str:
        """See `Task.error_page`."""
        known = _annotated(records, predictions)
        said = [(r.where or r.id, r.text, parse_tree.to_text(r.tree), one["parse"]) for r, one in known]
        return error_list([one for one in said if one[2] != one[3]], len(said), title)


def _annotated(records: Sequence[ParseRecord], predictions: Sequence[Json]) -> list[tuple[Any, Json]]:
    """The records with a tree, and their predictions."""
    return [(r, one) for r, one in zip(records, predictions, strict=True) if r.tree is not None]


def word_columns(words: Sequence[str], located: Located) -> tuple[np.ndarray, np.ndarray]:
    """The columns of the first and the last piece of each word of `" ".join(words)`.

    A word that the tokenizer has no piece for, such as a control character, and one that was cut off, take the piece
    before them, or what opens the text, or the first token where nothing opens it.
    """
    lengths = np.array([len(word) for word in words])
    starts = np.cumsum(lengths + 1) - lengths - 1
    first = np.searchsorted(located.ends, starts, side="right")
    after = np.searchsorted(located.starts, starts + lengths, side="left")
    last = np.maximum(after - 1, -1)
    first, last = (np.maximum(located.first + pieces, 0) for pieces in (np.minimum(first, last), last))
    return first.astype(np.int32), last.astype(np.int32)
