"""Tracking by writing as a task of the framework (see `tasks.task`): the whole state at every turn."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.config import ModelConfig
from space_jax.decoding.greedy import greedy
from space_jax.features.tokenizer import Tokenizer
from space_jax.losses import Sum, shifted_targets
from space_jax.models.recipe import Keys, Partial
from space_jax.models.views import rngs
from space_jax.tasks.encoder import resolve_vector
from space_jax.tasks.task import Arrays, Json
from space_jax.tasks.text_packing import Encoded, Shape, TaskBatch, fill, first_fit, pack
from space_jax.tasks.token_offsets import locate
from space_jax.tasks.track.config import TrackTextConfig
from space_jax.tasks.track.records import TrackRecord
from space_jax.tasks.track.state_text import to_state, to_text
from space_jax.tasks.track.text_model import WriterModel
from space_jax.tasks.track.tracker import Tracker, scores

OPENS, CLOSES = "<sos_b>", "<eos_b>"


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class WriteExample:
    """A user turn in numbers: the context, and the state as target tokens, with their wrappers.

    A state that was cut has no closing one.
    """

    encoded: Encoded
    state: np.ndarray


class TrackTextTask(Tracker):
    """The decoder writes `hotel area north , hotel stars 4`, which is parsed by the names of the slots."""

    name = "track_text"

    def __init__(
        self, config: TrackTextConfig, labels: Json, tokenizer: Tokenizer, model: ModelConfig, recipe: str | None
    ) -> None:
        super().__init__(config, labels, tokenizer, model, recipe)
        self.slots = list(labels["slots"])
        self.row_length = config.context
        self.coefficients = {"state": 1.0}
        self.ends = tokenizer.id_of(OPENS), tokenizer.id_of(CLOSES)
        self.net = WriterModel(model, resolve_vector("auto", recipe), recipe, copying=config.copying)

    def example(self, record: TrackRecord) -> WriteExample:
        """See `Task.example`."""
        turns = record.turns[-self.config.turns :]
        located = locate(self.tokenizer, turns, self.config.max_tokens, self.row_length, self.recipe)
        ids = self.tokenizer.encode(to_text(record.after or {}))
        state = [self.ends[0], *ids, self.ends[1]]
        if len(state) > self.config.written:  # a state that was cut has no end to learn
            state = state[: self.config.written - 1]
        return WriteExample(located.encoded, np.array(state, np.int32))

    def collate(self, examples: Sequence[WriteExample], size: int, rng: np.random.Generator | None) -> TaskBatch:
        """See `Task.collate`; adds the tokens of the states, `target_ids` `[R, T]` and so on.

        Without `rng` each example has its own row, as decoding needs.
        """
        alone = rng is None
        needs = np.array([[len(one.encoded), len(one.state)] for one in examples]).reshape(-1, 2)
        room = [self.row_length, self.config.written]
        placed = [[index] for index in range(len(examples))] if alone else first_fit(needs, room, 4)
        batch = pack([one.encoded for one in examples], size, Shape(self.row_length, 1 if alone else 4), placed)
        rows = len(batch.occupied)
        segments = [np.zeros(0, np.int32)] * len(examples)
        for row in placed:
            for number, index in enumerate(row, start=1):
                segments[index] = np.full(len(examples[index].state), number, np.int32)

        def grid(parts: Sequence[np.ndarray]) -> np.ndarray:
            return fill(parts, placed, rows, self.config.written)

        zeros = np.zeros((rows, self.config.written), np.int32)
        written = {
            "target_ids": grid([one.state for one in examples]),
            "target_positions": grid([np.arange(len(one.state), dtype=np.int32) for one in examples]),
            "target_roles": zeros,
            "target_turns": zeros,
            "target_segments": grid(segments),
        }
        return dataclasses.replace(batch, rows=written)

    def init(self, key: jax.Array, batch: TaskBatch) -> Any:
        """See `Task.init`."""
        following, weights = _following(batch)
        return self.net.init(key, batch, following, weights > 0)["params"]

    def forward(self, params: Any, batch: TaskBatch, keys: Keys) -> Partial:
        """See `Task.forward`: cross-entropy of the state's tokens, mean over tokens."""
        following, weights = _following(batch)
        drop = rngs(keys, "dropout_view_1")
        losses = self.net.apply({"params": params}, batch, following, weights > 0, rngs=drop)
        return Partial({"state": Sum.of(losses, weights)}, ())

    def infer(self, params: Any, batch: TaskBatch) -> dict[str, jax.Array]:
        """See `Task.infer`: `tokens` `[B, written]`, greedily."""
        variables = {"params": params}
        memory = self.net.apply(variables, batch, method="memory")
        written = greedy(
            lambda tokens, memory: self.net.apply(variables, tokens, memory, method="next_token"),
            memory,
            *self.ends,
            self.config.written,
            tuple(token for token in self.model.vocabulary.special if token != self.ends[1]),
        )
        return {"tokens": written[batch.slot].astype(jnp.int32)}

    def predictions(self, outputs: Arrays, examples: Sequence[WriteExample], support: Arrays) -> list[Json]:
        """See `Task.predictions`: `state`, and `text` as it was written."""
        answers = []
        for ids in outputs["tokens"]:
            text = self.tokenizer.decode([token for token in ids.tolist() if token != 0])
            state = to_state(text, self.slots)
            answers.append({"state": {slot: list(values) for slot, values in state.items()}, "text": text})
        return answers

    def score(self, records: Sequence[TrackRecord], predictions: Sequence[Json]) -> dict[str, float]:
        """See `Task.score`."""
        states = [{slot: tuple(values) for slot, values in one["state"].items()} for one in predictions]
        return scores(records, states, self.slots)


def _following(batch: TaskBatch) -> tuple[jax.Array, jax.Array]:
    """The token after each of a state's `[R, T]`, and 1 where there is one."""
    return shifted_targets(batch.rows["target_ids"], batch.rows["target_segments"])
