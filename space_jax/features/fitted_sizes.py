"""Sizes of batches that fit a prepared corpus: little padding, two programs, every example several times.

The published sizes are for corpora of a million dialogues. On sixty dialogues they are mostly padding, and a number of
steps says little about how often an example is seen.
"""

import dataclasses
import math
from pathlib import Path

import numpy as np

from space_jax.config import DataConfig, RecipeConfig
from space_jax.errors import UserError
from space_jax.features.grid import make_grid
from space_jax.features.layout import WRAPPERS
from space_jax.features.packing import choose
from space_jax.features.prepared_corpus import TRAIN_SPLITS, Counts, Prepared, open_prepared, streams_of
from space_jax.features.row_fitting import fit_rows

_SAMPLE = 1024  # examples that are looked at, in even steps through the corpus
_BATCHES = 32  # random batches that are packed to see how many rows they take
_USUAL = 0.9  # share of the batches that should fit the smaller of the two grids
_LONGEST = 256  # tokens of a context, as published
_SLOTS = 8  # the most examples in a row
_SMALL = 4000  # examples; a smaller corpus is trained on in batches of 16


@dataclasses.dataclass(frozen=True)
class Fitted:
    """What fits a corpus.

    Attributes:
      data: batch size, lengths, slots, rows and the share of labelled examples.
      examples: training examples of the corpus.
      padding: the share of padding in context and response grids, over random batches.
    """

    data: DataConfig
    examples: int
    padding: float

    def steps(self, passes: float) -> int:
        """The steps in which as many examples are seen as the corpus has, `passes` times."""
        return max(1, math.ceil(passes * self.examples / self.data.batch_size))


def fitted(folder: Path | str, recipe: RecipeConfig) -> Fitted:
    """The sizes that fit a prepared corpus.

    Half of a batch is labelled where some examples have annotation that the recipe learns from and some have none.

    Args:
      folder: a folder that `space-jax data build` wrote.
      recipe: says which annotation makes an example labelled.

    Raises:
      UserError: the folder is no prepared corpus, or has no training example.
    """
    corpus = open_prepared(folder)
    limits = corpus.metadata.limits
    needs = _needs(corpus)
    counts = {
        stream: sum(corpus.metadata.splits.get(name, Counts()).examples for name in splits)
        for stream, splits in streams_of(recipe.annotation).items()
    }
    examples = sum(counts.values())
    start = DataConfig(
        prepared=(str(folder),),
        batch_size=min(16 if examples < _SMALL else 32, examples),
        labelled_share=0.5 if all(counts.values()) else float(counts["labelled"] > 0),
    )
    least = limits.max_turn_tokens + WRAPPERS  # what a single turn may take
    rng = np.random.default_rng(0)
    batches = [needs[rng.integers(len(needs), size=start.batch_size)] for _ in range(_BATCHES)]
    every = [_with_slots(start, batches, needs, least, slots) for slots in range(1, _SLOTS + 1)]
    shares = [_padding(data, recipe, batches, limits.max_turn_tokens) for data in every]
    best = int(np.argmin(shares))
    return Fitted(every[best], examples, shares[best])


def _needs(corpus: Prepared) -> np.ndarray:
    """`[N, 2]`, the tokens of context and response with their wrappers, of a sample of the training examples."""
    splits = [corpus.split(name) for name in TRAIN_SPLITS if corpus.metadata.splits.get(name, Counts()).examples]
    if not splits:
        raise UserError(f"{corpus.folder}: has no training example; build it from dialogues with a split train")
    step = max(1, sum(map(len, splits)) // _SAMPLE)
    sample = [split[index] for split in splits for index in range(0, len(split), step)]
    return np.array(
        [
            (
                min(int(example.turn_lengths.sum()) + WRAPPERS * len(example.turn_lengths), _LONGEST),
                len(example.response_tokens) + WRAPPERS if example.responded else 0,
            )
            for example in sample
        ]
    )


def _with_slots(start: DataConfig, batches: list[np.ndarray], needs: np.ndarray, least: int, slots: int) -> DataConfig:
    """The grids for rows of up to `slots` examples, which hold the longest example and as many usual ones."""
    context, response = (
        _eights(max(least, int(kind.max()), int(slots * kind.mean()))) for kind in (needs[:, 0], needs[:, 1])
    )
    size = start.batch_size
    rows = [next(n for n in range(1, size + 1) if fit_rows(batch, (context, response), n, slots)) for batch in batches]
    usual = math.ceil(np.quantile(rows, _USUAL)) / size
    return dataclasses.replace(
        start,
        context_length=context,
        response_length=response,
        examples_per_row=slots,
        masked_per_row=max(8, context // 4),
        row_ladder=(usual, 1.0) if usual < 1.0 else (1.0,),
    )


def _padding(data: DataConfig, recipe: RecipeConfig, batches: list[np.ndarray], max_turn_tokens: int) -> float:
    grid = make_grid(data, recipe, data.batch_size, max_turn_tokens)
    cells = sum(choose([np.pad(batch, [(0, 0), (0, 1)])], grid)[0].cells for batch in batches)
    return 1.0 - sum(int(batch.sum()) for batch in batches) / cells


def _eights(length: int) -> int:
    return math.ceil(length / 8) * 8
