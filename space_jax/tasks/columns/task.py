"""Roles of columns as a task of the framework (see `tasks.task`)."""

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
from space_jax.corpora.sql_conversations import COSQL, SPARC, conversations
from space_jax.corpora.sql_uses import UNUSED
from space_jax.errors import UserError
from space_jax.features.slots import slot_positions
from space_jax.features.tokenizer import Tokenizer
from space_jax.losses import slot_state
from space_jax.models.recipe import Keys, Partial
from space_jax.models.views import rngs
from space_jax.tasks.columns.config import ColumnsConfig
from space_jax.tasks.columns.model import ColumnsModel
from space_jax.tasks.columns.records import ColumnsRecord, of_conversation, of_row
from space_jax.tasks.config import DataSource
from space_jax.tasks.encoder import resolve_vector
from space_jax.tasks.record_sources import Truth, file_of, records_of
from space_jax.tasks.task import Arrays, Json, Task
from space_jax.tasks.text_packing import USER_ROLE, Encoded, Shape, TaskBatch, dialogue_layout, pack, rung

CORPORA = (SPARC.name, COSQL.name)
_UNKNOWN = -1  # a role that training lacks
_ALONE = 1  # example a row, whose columns are then the row's


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class ColumnsExample:
    """A turn in numbers. c columns that are read.

    Attributes:
      encoded: the conversation, and the columns behind it, whose positions run through all of them.
      lengths: `[c]` int32, tokens of each column.
      roles: `[c]` int32, -1 where unknown.
      record: the turn.
    """

    encoded: Encoded
    lengths: np.ndarray
    roles: np.ndarray
    record: ColumnsRecord


class ColumnsTask(Task):
    """One label a column, of those that training has: what the turn's SQL does with it."""

    name = "column_roles"
    measure = "used_f1"

    @classmethod
    def read_split(cls, config: ColumnsConfig, source: DataSource, split: str) -> list[ColumnsRecord]:
        """See `Task.read_split`; of the corpora those with SQL."""
        if not source.corpus:
            truth = Truth("roles", "a list of roles", cls.has_truth)
            return records_of(file_of(source, split), functools.partial(cls.read_row, config), truth)
        if source.corpus not in CORPORA:
            raise UserError(f"config field data.corpus: {source.corpus!r} has no SQL; expected {' or '.join(CORPORA)}")
        if split not in SPARC.splits:
            raise UserError(f"corpus {source.corpus}: split {split!r} is not one of {', '.join(SPARC.splits)}")
        return [record for one in conversations(Path(source.source), split) for record in of_conversation(one)]

    @classmethod
    def read_row(cls, config: ColumnsConfig, row: Mapping[str, Any], where: str, number: int) -> ColumnsRecord:
        """See `Task.read_row` and `records.of_row`."""
        return of_row(row, where, number)

    @classmethod
    def strata(cls, record: ColumnsRecord) -> tuple[str, ...]:
        """See `Task.strata`: the roles of the columns that are used."""
        return tuple(dict.fromkeys(role for role in record.roles or () if role != UNUSED))

    @classmethod
    def has_truth(cls, record: ColumnsRecord) -> bool:
        """See `Task.has_truth`."""
        return record.roles is not None

    @classmethod
    def known_labels(cls, config: ColumnsConfig, labels: Json) -> Collection[str]:
        """See `Task.known_labels`."""
        return set(labels)

    @classmethod
    def measured_parts(cls, record: ColumnsRecord) -> tuple[str, ...]:
        """See `Task.measured_parts`."""
        return ("roles",) if cls.strata(record) else ()

    @classmethod
    def make_labels(cls, config: ColumnsConfig, records: Sequence[ColumnsRecord]) -> Json:
        """See `Task.make_labels`: the most frequent roles with their numbers, "" first.

        Raises:
          UserError: no record uses a column.
        """
        counts = collections.Counter(role for record in records for role in record.roles or ())
        unused = counts.pop(UNUSED, 0)
        if not counts:
            raise UserError("training records: expected some whose columns have roles, found none")
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        return {UNUSED: unused} | dict(ordered[: config.most_roles - 1])

    def __init__(
        self, config: ColumnsConfig, labels: Json, tokenizer: Tokenizer, model: ModelConfig, recipe: str | None
    ) -> None:
        super().__init__(config, labels, tokenizer, model, recipe)
        if config.max_tokens - config.dialogue_tokens > model.positions:
            raise UserError(
                f"config field task.max_tokens: columns may take {config.max_tokens - config.dialogue_tokens} "
                f"positions, but the model has {model.positions}"
            )
        self.roles = list(labels)
        self.numbers = {role: number for number, role in enumerate(self.roles)}
        self.row_length = config.max_tokens
        self.coefficients = {"roles": 1.0}
        vector = resolve_vector("auto", recipe)
        self.net = ColumnsModel(
            model, "mean" if vector == "sentence" else vector, recipe, len(labels), config.most_columns
        )

    def example(self, record: ColumnsRecord) -> ColumnsExample:
        """See `Task.example`. Columns are read in the order of the database, as many as fit."""
        config = self.config
        turns = [(USER_ROLE, self.tokenizer.encode(text)) for text in record.utterances[1 - self.model.turns :]]
        dialogue = dialogue_layout(self.tokenizer, turns, config.dialogue_tokens, self.recipe)
        words = [self._words(record, number) for number in range(min(len(record.columns), config.most_columns))]
        ends = np.cumsum([len(part) for part in words])
        words = words[: int(np.count_nonzero(ends <= config.max_tokens - len(dialogue)))]
        lengths = np.array([len(part) for part in words], np.int32)
        zeros = np.zeros(lengths.sum(), np.int32)
        encoded = Encoded(
            ids=np.concatenate([dialogue.ids, *words]).astype(np.int32),
            positions=np.concatenate([dialogue.positions, slot_positions(lengths, None)]),
            roles=np.concatenate([dialogue.roles, zeros]),
            turns=np.concatenate([dialogue.turns, zeros]),
        )
        true = (record.roles or (UNUSED,) * len(words))[: len(words)]
        roles = np.array([self.numbers.get(role, _UNKNOWN) for role in true], np.int32)
        return ColumnsExample(encoded, lengths, roles, record)

    def _words(self, record: ColumnsRecord, number: int) -> np.ndarray:
        column, before = record.columns[number], record.before[number] if self.config.previous else ""
        said = (column.kind, column.table, column.name, before.replace("_", " "))
        tokens = self.tokenizer.encode(" ".join(part for part in said if part))
        return np.array(tokens, np.int32)

    def collate(self, examples: Sequence[ColumnsExample], size: int, rng: np.random.Generator | None) -> TaskBatch:
        """See `Task.collate`; adds the rows `columns` `[R, L]`, `roles` and `known` `[R, C]`.

        In training the positions run through the columns in an order that is drawn, so that no order can be learnt.
        """
        encoded = [one.encoded if rng is None else _shuffled(one, rng) for one in examples]
        placed = [[number] for number in range(len(examples))]
        batch = pack(encoded, size, Shape(self.row_length, _ALONE), placed)
        rows, most = rung(len(placed)), self.config.most_columns
        columns = np.zeros((rows, self.row_length), np.int32)
        roles, known = np.zeros((rows, most), np.int32), np.zeros((rows, most), bool)
        for row, one in enumerate(examples):
            count = len(one.lengths)
            first = len(one.encoded) - int(one.lengths.sum())
            columns[row, first : len(one.encoded)] = np.repeat(np.arange(1, count + 1), one.lengths)
            roles[row, :count] = np.maximum(one.roles, 0)
            known[row, :count] = (one.roles != _UNKNOWN) & (one.record.roles is not None)
        return dataclasses.replace(batch, rows={"columns": columns, "roles": roles, "known": known})

    def init(self, key: jax.Array, batch: TaskBatch) -> Any:
        """See `Task.init`."""
        return self.net.init(key, batch)["params"]

    def forward(self, params: Any, batch: TaskBatch, keys: Keys) -> Partial:
        """See `Task.forward`: the weighted cross-entropy of `losses.slot_state`."""
        logits = self.net.apply({"params": params}, batch, rngs=rngs(keys, "dropout_view_1"))
        known, roles = batch.rows["known"], batch.rows["roles"]
        return Partial({"roles": slot_state(logits, roles, known, self.config.unused_weight)}, ())

    def infer(self, params: Any, batch: TaskBatch) -> dict[str, jax.Array]:
        """See `Task.infer`: the likeliest `role` of each column and its `score`, `[B, C]`."""
        scores = jax.nn.softmax(self.net.apply({"params": params}, batch), axis=-1)
        best = jnp.argmax(scores, axis=-1)[batch.slot]
        return {"role": best, "score": jnp.max(scores, axis=-1)[batch.slot]}

    def predictions(self, outputs: Arrays, examples: Sequence[ColumnsExample], support: Arrays) -> list[Json]:
        """See `Task.predictions`: `columns` that are used, with role and score; `unread` counts what was not read."""
        return [
            self._prediction(role[: len(one.lengths)], score, one)
            for role, score, one in zip(outputs["role"], outputs["score"], examples, strict=True)
        ]

    def _prediction(self, role: np.ndarray, score: np.ndarray, example: ColumnsExample) -> Json:
        named = example.record.columns
        used = [
            {
                **{"column": int(number), "name": named[number].full_name, "role": self.roles[role[number]]},
                "score": round(float(score[number]), 4),
            }
            for number in np.flatnonzero(role)
        ]
        unread = len(named) - len(example.lengths)
        return {"columns": used} | ({"unread": unread} if unread else {})

    def score(self, records: Sequence[ColumnsRecord], predictions: Sequence[Json]) -> dict[str, float]:
        """See `Task.score`.

        `used_f1`: micro-averaged F1 of (column, role) over used columns; `column_accuracy`: of all columns;
        `columns_exact`: share of turns with all of them right. Columns that were not read count as predicted unused.
        """
        right = ours = theirs = exact = same = columns = turns = 0
        for record, one in zip(records, predictions, strict=True):
            if record.roles is None:
                continue
            said = {column["column"]: column["role"] for column in one["columns"]}
            true = {number: role for number, role in enumerate(record.roles) if role != UNUSED}
            hits = sum(said.get(number) == role for number, role in true.items())
            wrong = len(true.keys() | said.keys()) - hits
            right, ours, theirs = right + hits, ours + len(said), theirs + len(true)
            same, columns = same + len(record.roles) - wrong, columns + len(record.roles)
            exact, turns = exact + (wrong == 0), turns + 1
        return {
            "used_f1": 2 * right / (ours + theirs) if ours + theirs else 0.0,
            "column_accuracy": same / columns if columns else 0.0,
            "columns_exact": exact / turns if turns else 0.0,
        }

    def side_by_side(self, record: ColumnsRecord, prediction: Json) -> tuple[str, str, str]:
        """See `Task.side_by_side`."""
        names = [column.full_name for column in record.columns]
        true = [f"{names[n]}: {role}" for n, role in enumerate(record.roles or ()) if role != UNUSED]
        said = [f"{column['name']}: {column['role']}" for column in prediction["columns"]]
        return record.utterances[-1], "; ".join(true), "; ".join(said) or "no column"


def _shuffled(example: ColumnsExample, rng: np.random.Generator) -> Encoded:
    positions = example.encoded.positions.copy()
    first = len(positions) - int(example.lengths.sum())
    positions[first:] = slot_positions(example.lengths, rng)
    return dataclasses.replace(example.encoded, positions=positions)
