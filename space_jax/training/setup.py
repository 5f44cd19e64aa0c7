"""Builds the parts of a run from its configuration: vocabulary, recipe, and this process's batches."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from space_jax.config import PretrainConfig, StarConfig
from space_jax.errors import UserError
from space_jax.features.batch import Batch
from space_jax.features.example import Limits
from space_jax.features.pipeline import HeldOutBatches, TrainBatches, eval_batches, train_batches
from space_jax.features.prepared_corpus import TRAIN_SPLITS, Counts, Prepared, streams_of
from space_jax.features.streams import open_corpora
from space_jax.features.workers import worker_sentence
from space_jax.models.attention_path import attention_sentence, settled
from space_jax.models.recipe import Recipe
from space_jax.models.registry import make_recipe
from space_jax.training.feed import part_of
from space_jax.training.mesh import make_mesh
from space_jax.training.processes import Exchange

SOMETHING_KNOWN = [name for name, known in TRAIN_SPLITS.items() if any(known)]


class Setup:
    """A configuration with its corpora opened.

    Attributes:
      config: with the vocabulary of the corpora's tokenizer filled in, and the dropout of attention's weights.
      corpora: the prepared corpora.
      tokenizer: of all of them.
      recipe: model and losses.
    """

    def __init__(self, config: PretrainConfig) -> None:
        """Opens the corpora.

        Raises:
          UserError: a corpus is missing or does not fit the configuration, or the devices lack the kernel of attention
            that it names.
        """
        self.corpora: list[Prepared] = open_corpora(config.data)
        tokenizers = [corpus.tokenizer() for corpus in self.corpora]  # each is checked
        self.tokenizer = tokenizers[0]
        _check(config, self.corpora)
        vocabulary = self.corpora[0].metadata.vocabulary
        model = dataclasses.replace(settled(config.model), vocabulary=vocabulary)
        self.config = dataclasses.replace(config, model=model)
        self._attention = attention_sentence(config.model)
        self.recipe: Recipe = make_recipe(self.config.model, self.config.recipe)
        self._part = part_of(make_mesh(config.mesh))

    @property
    def limits(self) -> Limits:
        """How much of a dialogue the corpora keep; the maximum over several corpora."""
        every = [dataclasses.asdict(corpus.metadata.limits) for corpus in self.corpora]
        return Limits(**{name: max(limits[name] for limits in every) for name in every[0]})

    def train_batches(self) -> TrainBatches:
        """The endless training batches of this process."""
        config = self.config
        accumulate = config.optimiser.accumulate
        return train_batches(config.data, config.recipe, config.train.seed, accumulate, self._part)

    def held_out_and_bank(self, split: str) -> tuple[Sequence[Batch], Sequence[Batch]]:
        """Batches `[A, ...]` of up to `data.eval_examples` examples of a split, in micro-batches as in training, and of
        as many annotated training examples for retrieval to search, if there are any.

        All lie on the smallest shape of the ladder that holds those of every process, so that one program runs them,
        and none larger than a step of training. Every process must call it.
        """
        both = [self._some([split])]
        if self._counts(SOMETHING_KNOWN).examples:
            both.append(self._some(SOMETHING_KNOWN))
        offers = np.all([batches.offers() for batches in both], axis=0)
        every = Exchange(offers.astype(int).tolist()).read().all(axis=0)
        shape = both[0].grid.rungs[int(every.argmax())]
        held_out, *bank = [batches.on(shape) for batches in both]
        return held_out, bank[0] if bank else []

    def bank(self) -> Sequence[Batch]:
        """The annotated training examples of `held_out_and_bank`, each batch on the smallest shape that holds it."""
        return list(self._some(SOMETHING_KNOWN)) if self._counts(SOMETHING_KNOWN).examples else []

    def seen(self) -> str:
        """A sentence that says how often the whole run sees each training example."""
        config = self.config
        total = config.train.steps * config.data.batch_size
        labelled = config.data.labelled_share
        parts = [
            f"each of {count} {kind} examples {share * total / count:.1f} times"
            for (kind, splits), share in zip(
                streams_of(config.recipe.annotation).items(), (labelled, 1.0 - labelled), strict=True
            )
            if (count := self._counts(splits).examples) and share
        ]
        return f"{config.train.steps} steps of {config.data.batch_size} see {', '.join(parts)}"

    def assembled(self) -> str:
        """A sentence that says which processes assemble the batches."""
        return worker_sentence(self.config.data.workers)

    def attention(self) -> str:
        """A sentence where attention's kernel has no dropout although the configuration did not say so; else ""."""
        return self._attention

    def unmeasured(self, split: str) -> str:
        """A sentence that says which measures an evaluation on a split omits, and why; "" if it omits none.

        Retrieval compares user trees and act F1 compares acts, each between held-out and training examples.
        """
        held_out, bank = self._counts([split]), self._counts(SOMETHING_KNOWN)
        missing = [
            f"{measure} ({annotation})"
            for measure, annotation, count in (
                ("retrieval", "the frames of user turns", min(held_out.user_tree, bank.user_tree)),
                ("act F1", "the acts of responses", min(held_out.acts, bank.acts)),
            )
            if not count
        ]
        return f"not measured, because train or {split} lacks annotation: {', '.join(missing)}" if missing else ""

    def _counts(self, splits: Sequence[str]) -> Counts:
        found = [corpus.metadata.splits.get(split, Counts()) for corpus in self.corpora for split in splits]
        return sum(found, Counts())

    def _some(self, splits: Sequence[str]) -> HeldOutBatches:
        config, data = self.config, self.config.data
        accumulate = config.optimiser.accumulate
        return eval_batches(data, config.recipe, splits, config.train.seed, data.eval_examples, accumulate, self._part)


def _check(config: PretrainConfig, corpora: Sequence[Prepared]) -> None:
    turns = max(corpus.metadata.limits.max_turns for corpus in corpora)
    if turns >= config.model.turns:
        raise UserError(
            f"config field model.turns: {config.model.turns} rows are too few: the corpora have contexts of {turns} "
            f"turns and the response is turn 0; use at least {turns + 1}"
        )
    tokens = max(corpus.metadata.limits.max_turn_tokens for corpus in corpora) + 2
    if isinstance(config.recipe, StarConfig):
        tokens = max(tokens, config.data.context_length // 2)  # positions run through all slots of a schema
    if tokens > config.model.positions:
        raise UserError(
            f"config field model.positions: {config.model.positions} rows are too few: a turn of the corpora has up to "
            f"{tokens} tokens with its wrappers"
        )
