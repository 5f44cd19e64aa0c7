"""End-to-end dialogue as a task: one example a system turn, losses on its state, acts and response.

Source: UBAR's sequences (Yang et al., AAAI 2021, arXiv 2012.03539) as SPACE-1 and SPACE-3 are fine-tuned on them (He et
al., AAAI 2022, arXiv 2111.14592, section on fine-tuning; SIGIR 2022, arXiv 2209.06664), on a prefix LM.
"""

import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.config import ModelConfig
from space_jax.dialogue.acts import ACT_INDEX
from space_jax.dialogue.acts import ACTS as ACT_NAMES
from space_jax.dialogue.from_json import dialogue_from_json
from space_jax.errors import UserError
from space_jax.features.batch import Tokens
from space_jax.features.tokenizer import Tokenizer
from space_jax.losses import Sum, dialog_act, shifted_targets
from space_jax.models.heads import per_example
from space_jax.models.recipe import Keys, Partial, Terms
from space_jax.models.views import rngs
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.known_slots import known_slots
from space_jax.tasks.dialogue.model import DialogueModel
from space_jax.tasks.dialogue.records import DialogueRecord, records_with, value_changes
from space_jax.tasks.dialogue.sequence import PARTS, STATE, Sequences, Target
from space_jax.tasks.dialogue.splits import own_world, read_records
from space_jax.tasks.task import Arrays, Json, Task
from space_jax.tasks.text_packing import Encoded, Shape, TaskBatch, fill, first_fit, pack
from space_jax.world.misfits import misfits


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class DialogueExample:
    """A record in numbers.

    Attributes:
      encoded: the context.
      target: the true system turn.
      acts: `[20]` float32, its dialog acts.
      labelled: whether the acts are annotated.
      state_weight: of the state's tokens.
    """

    encoded: Encoded
    target: Target
    acts: np.ndarray
    labelled: bool
    state_weight: float


class DialogueTask(Task):
    """End-to-end dialogue."""

    name = "dialogue"
    measure = "token_likelihood"

    def __init__(
        self, config: DialogueConfig, labels: Json, tokenizer: Tokenizer, model: ModelConfig, recipe: str | None
    ) -> None:
        super().__init__(config, labels, tokenizer, model, recipe)
        if config.max_state_tokens + 2 > model.positions:
            raise UserError(
                f"config field task.max_state_tokens: {config.max_state_tokens} tokens and their marks do not fit the "
                f"model's {model.positions} positions"
            )
        if config.max_turns >= model.turns:
            raise UserError(f"config field task.max_turns: the model tells {model.turns - 1} turns apart at most")
        if config.decoder_layers > model.layers:
            raise UserError(
                f"config field task.decoder_layers: {config.decoder_layers} is more than the {model.layers} that "
                "the weights have"
            )
        self.sequences = Sequences(tokenizer, config, recipe)
        kind = "space1" if recipe == "space1" else "space3"
        self.module = DialogueModel(model, kind, config.decoder_layers, config.copying)
        self.row_length = config.context_length
        parts = dict.fromkeys(PARTS, 1.0) | {STATE: config.state_weight}
        self.coefficients = {**parts, "dialog_act": config.act_weight}

    @classmethod
    def read_split(cls, config: DialogueConfig, source: Any, split: str) -> list[DialogueRecord]:
        """See `Task.read_split`."""
        return read_records(config, source, split)

    @classmethod
    def read_row(cls, config: DialogueConfig, row: Mapping[str, Any], where: str, number: int) -> DialogueRecord:
        """See `Task.read_row`: the last system turn of a dialogue in our JSON, on the tables of `config`."""
        try:
            records = list(records_with(dialogue_from_json(row), own_world(config.database), config.offered_names))
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
        if not records:
            raise UserError(f"{where}: expected a dialogue with a system turn after a user turn, found none")
        return records[-1]

    @classmethod
    def strata(cls, record: DialogueRecord) -> tuple[str, ...]:
        """None: subsets are drawn at random."""
        return ()

    @classmethod
    def make_labels(cls, config: DialogueConfig, records: Sequence[DialogueRecord]) -> Json:
        """The parts of a system turn in the training records, which the agent writes, and its slots by domain."""
        return {
            "slots": known_slots(records),
            "state": any(record.target.state is not None for record in records),
            "acts": any(record.target.acts is not None for record in records),
        }

    @classmethod
    def remarks(cls, config: DialogueConfig, labels: Json) -> list[str]:
        """See `Task.remarks`: where the tables of `config` and the slots of the records do not meet."""
        return misfits(labels["slots"], own_world(config.database)) if config.database else []

    @classmethod
    def measured_parts(cls, record: DialogueRecord) -> tuple[str, ...]:
        """See `Task.measured_parts`."""
        annotated = {"belief states": record.target.state, "acts": record.target.acts}
        return tuple(part for part, value in annotated.items() if value is not None)

    @classmethod
    def known_labels(cls, config: DialogueConfig, labels: Json) -> Collection[str]:
        """See `Task.known_labels`: none, since everything is written in tokens."""
        return ()

    def example(self, record: DialogueRecord) -> DialogueExample:
        """See `Task.example`."""
        acts = np.zeros(len(ACT_NAMES), np.float32)
        acts[[ACT_INDEX[name] for name in record.act_names or ()]] = 1.0
        context, target = self.sequences.context(record.context), self.sequences.target(record.target)
        weight = self.config.change_weight if value_changes(record) else 1.0
        return DialogueExample(context, target, acts, record.act_names is not None, weight)

    def collate(self, examples: Sequence[DialogueExample], size: int, rng: np.random.Generator | None) -> TaskBatch:
        """See `Task.collate`."""
        room = [self.config.context_length, self.config.target_length]
        needs = np.array([[len(one.encoded), len(one.target.ids)] for one in examples]).reshape(-1, 2)
        placed = first_fit(needs, room, self.config.slots)
        batch = pack([one.encoded for one in examples], size, Shape(room[0], self.config.slots), placed)
        numbers = [np.zeros(0, np.int32)] * len(examples)
        for row in placed:
            for slot, index in enumerate(row):
                numbers[index] = np.full(len(examples[index].target.ids), slot + 1, np.int32)
        grid = functools.partial(fill, placed=placed, rows=len(batch.occupied), length=room[1])
        rows = {
            "target_ids": grid([one.target.ids for one in examples]),
            "target_positions": grid([one.target.positions for one in examples]),
            "target_parts": grid([one.target.parts for one in examples]),
            "target_segments": grid(numbers),
            "target_weights": grid([_weights(one) for one in examples]).astype(np.float32),
        }
        acts, labelled = np.zeros((size, len(ACT_NAMES)), np.float32), np.zeros(size, np.float32)
        for index, one in enumerate(examples):
            acts[index], labelled[index] = one.acts, one.labelled
        return dataclasses.replace(batch, rows=rows, examples={"acts": acts, "labelled": labelled})

    def init(self, key: jax.Array, batch: TaskBatch) -> Any:
        """See `Task.init`."""
        target = _target(batch)
        following, counts = shifted_targets(target.ids, target.segments)
        given = (batch.context, batch.occupied, target, following, counts > 0)
        return self.module.init(key, *given, method="predict")["params"]

    def forward(self, params: Any, batch: TaskBatch, keys: Keys) -> Partial:
        """See `Task.forward`."""
        act_logits, losses, _, parts = self._losses(params, batch, rngs(keys, "dropout_response"))
        # A token's weight is at its own place, its loss one place before.
        each = jnp.pad(batch.rows["target_weights"][:, 1:], ((0, 0), (0, 1)))
        terms: Terms = {
            part: Sum.of(losses, jnp.where(parts == number, each, 0.0)) for number, part in enumerate(PARTS, 1)
        }
        weights = batch.examples["labelled"] * batch.valid
        terms["dialog_act"] = Sum.of(dialog_act(act_logits, batch.examples["acts"]), weights)
        return Partial(terms, ())

    def infer(self, params: Any, batch: TaskBatch) -> dict[str, jax.Array]:
        """Teacher-forced: for each part `[B, 3]` the tokens, their summed loss, and how many are not the likeliest."""
        act_logits, losses, right, parts = self._losses(params, batch, {})
        slots, segments = batch.occupied.shape[1], batch.rows["target_segments"]
        place_of = jnp.arange(len(segments))[:, None] * slots + jnp.maximum(segments - 1, 0)

        def summed(values: jax.Array) -> jax.Array:
            of_parts = [jnp.where((parts == number) & (segments > 0), values, 0.0) for number in (1, 2, 3)]
            totals = [jnp.zeros(batch.occupied.size).at[place_of].add(one)[batch.slot] for one in of_parts]
            return jnp.where(batch.valid[:, None], jnp.stack(totals, axis=1), 0.0)

        return {
            "tokens": summed(jnp.ones_like(losses)),
            "loss": summed(losses),
            "wrong": summed((~right).astype(jnp.float32)),
            "acts": jax.nn.sigmoid(act_logits),
        }

    def predictions(self, outputs: Arrays, examples: Sequence[Any], support: Arrays) -> list[Json]:
        """Teacher-forced numbers of each record; `space-jax play` and `respond` write turns freely."""
        found = []
        for n in range(len(examples)):
            one: Json = {"tokens": float(outputs["tokens"][n].sum()), "loss": float(outputs["loss"][n].sum())}
            for number, part in enumerate(PARTS):
                if outputs["tokens"][n, number]:
                    one[f"{part}_right"] = bool(outputs["wrong"][n, number] == 0)
            found.append(one)
        return found

    def score(self, records: Sequence[Any], predictions: Sequence[Json]) -> dict[str, float]:
        """The geometric mean of the true tokens' probabilities, and the share of parts with every token likeliest."""
        tokens = sum(one["tokens"] for one in predictions)
        scores = {"token_likelihood": float(np.exp(-sum(one["loss"] for one in predictions) / max(tokens, 1)))}
        for part in PARTS:
            known = [one[f"{part}_right"] for one in predictions if f"{part}_right" in one]
            if known:
                scores[f"{part}_exact"] = float(np.mean(known))
        return scores

    def _losses(
        self, params: Any, batch: TaskBatch, drop: dict[str, jax.Array]
    ) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        """Act logits `[B, 20]`; of each target token `[R, Q]` the next one's loss, likeliest or not, and part."""
        target = _target(batch)
        following, there = shifted_targets(target.ids, target.segments)
        parts = jnp.where(there > 0, jnp.pad(batch.rows["target_parts"][:, 1:], ((0, 0), (0, 1))), 0)
        given = (batch.context, batch.occupied, target, following, parts > 0)
        logits, losses, right = self.module.apply({"params": params}, *given, rngs=drop, method="predict")
        return per_example(logits, batch), losses, right, parts


def _weights(example: DialogueExample) -> np.ndarray:
    """Of each token of the target, float32 `[n]`."""
    of_states = example.target.parts == PARTS.index(STATE) + 1
    return np.where(of_states, np.float32(example.state_weight), np.float32(1.0))


def _target(batch: TaskBatch) -> Tokens:
    ids = batch.rows["target_ids"]
    zeros = jnp.zeros_like(ids)
    return Tokens(ids, batch.rows["target_positions"], zeros, zeros, batch.rows["target_segments"])
