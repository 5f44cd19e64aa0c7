"""Selects the examples of a batch: mixes the labelled and the unlabelled stream and takes one process's part.

Both streams are global and endless. The mixture is a fixed sequence; each process takes its own block of every
micro-batch. The concatenated blocks of all processes are the batch of a single process in the same order (groups of
consecutive examples stay groups).
"""

import dataclasses
import fractions
import sys
from collections.abc import Sequence

import grain
import numpy as np

from space_jax.config import DataConfig
from space_jax.errors import UserError
from space_jax.features.prepared_corpus import Prepared, open_prepared

PURPOSES = ("shuffle_labelled", "shuffle_unlabelled", "mask_labelled", "mask_unlabelled", "negatives", "evaluation")


def seeds_of(seed: int) -> dict[str, int]:
    """An independent 32-bit seed for each purpose."""
    return dict(zip(PURPOSES, np.random.SeedSequence(seed).generate_state(len(PURPOSES)).tolist(), strict=True))


def open_corpora(data: DataConfig) -> list[Prepared]:
    """Opens the prepared corpora of a configuration.

    Raises:
      UserError: there are none, their tokenizers differ, or one has smaller trees than configured.
    """
    if not data.prepared:
        raise UserError("config field data.prepared: names no prepared corpus; `space-jax data build` makes one")
    corpora = [open_prepared(folder) for folder in data.prepared]
    first = corpora[0]
    for corpus in corpora:
        if corpus.metadata.tokenizer != first.metadata.tokenizer:
            raise UserError(
                f"config field data.prepared: {corpus.folder} and {first.folder} were made with different tokenizers; "
                "build both with the same one"
            )
        elements = corpus.metadata.limits.tree_elements
        if elements < data.tree_elements:
            raise UserError(
                f"config field data.tree_elements: {data.tree_elements} is more than the {elements} that "
                f"{corpus.folder} was built with"
            )
    return corpora


def concatenated(corpora: Sequence[Prepared], splits: Sequence[str]) -> grain.MapDataset | None:
    """The examples of the given splits in all corpora, or None if there are none."""
    sources = [source for source in (corpus.split(split) for corpus in corpora for split in splits) if len(source)]
    if not sources:
        return None
    return grain.MapDataset.concatenate([grain.MapDataset.source(source) for source in sources])


@dataclasses.dataclass(frozen=True)
class Blocks:
    """The examples of one process: n consecutive examples of every micro-batch.

    Attributes:
      size: n, examples per micro-batch on this process.
      index: the index of the process.
      count: the number of processes.
    """

    size: int
    index: int = 0
    count: int = 1

    @property
    def micro_batch(self) -> int:
        """Examples per micro-batch on all processes together."""
        return self.size * self.count

    def position(self, index: int) -> int:
        """The global position of this process's example `index`."""
        block, offset = divmod(index, self.size)
        return block * self.micro_batch + self.index * self.size + offset


class _Windows:
    """Examples of a dataset in windows of consecutive ones, which change places as wholes; see `shuffled`."""

    def __init__(self, dataset: grain.MapDataset, order: grain.MapDataset, size: int) -> None:
        self._dataset, self._order, self._size = dataset, order, size

    def __len__(self) -> int:
        return len(self._order) * self._size if len(self._order) < sys.maxsize // self._size else sys.maxsize

    def __getitem__(self, index: int) -> object:
        window, offset = divmod(index, self._size)
        return self._dataset[self._order[window] * self._size + offset]


def shuffled(dataset: grain.MapDataset, seed: int, window: int = 1, endless: bool = True) -> grain.MapDataset:
    """A dataset in another order, drawn anew in every pass.

    Args:
      dataset: of at least one example.
      seed: of the order.
      window: as many consecutive examples stay together, in their order, such as turns of one dialogue; fewer than a
        window at the end are left out.
      endless: whether it begins again and again.
    """
    if window == 1:
        mixed = dataset.shuffle(seed)
        return mixed.repeat() if endless else mixed
    size = min(window, len(dataset))
    order = grain.MapDataset.range(len(dataset) // size).shuffle(seed)
    return grain.MapDataset.source(_Windows(dataset, order.repeat() if endless else order, size))


class Mixture(grain.transforms.DatasetSelectionMap):
    """One process's part of the endless mixture of a labelled and an unlabelled stream.

    For every N, floor(N * share) of the first N examples are labelled.
    """

    def __init__(self, share: float, blocks: Blocks):
        """Mixes two streams, labelled before unlabelled; with a share of 0 or 1 there is only one stream.

        Args:
          share: the share of labelled examples.
          blocks: this process's part.
        """
        self._share = fractions.Fraction(str(share)).as_integer_ratio()  # 0.3 is 3/10
        self._unlabelled = 1 if 0.0 < share < 1.0 else 0
        self._blocks = blocks

    def __len__(self) -> int:
        """Endless."""
        return sys.maxsize

    def __getitem__(self, index: int) -> tuple[int, int]:
        """The stream of this process's example `index`, and its index in that stream."""
        position = self._blocks.position(index)
        numerator, denominator = self._share
        before = position * numerator // denominator
        if (position + 1) * numerator // denominator > before:
            return 0, before
        return self._unlabelled, position - before


def check_streams(data: DataConfig, annotation: Sequence[str], labelled: bool, unlabelled: bool) -> None:
    """Checks that the streams required by the share of labelled examples exist.

    Args:
      data: names the corpora and the share.
      annotation: the annotation that the recipe learns from; an example is labelled if any of it is known. Empty for a
        recipe that learns from none.
      labelled: whether there are labelled examples.
      unlabelled: whether there are unlabelled examples.

    Raises:
      UserError: a required stream is missing.
    """
    if not annotation and data.labelled_share > 0:
        raise UserError(
            f"config field data.labelled_share: {data.labelled_share} asks for labelled examples, and this recipe "
            "learns from no annotation; set it to 0"
        )
    names = " or ".join(fact.replace("_", " ") for fact in annotation)
    kinds = {"labelled": f"with known {names}", "unlabelled": f"without known {names}"}
    for exists, wanted, kind, remedy in (
        (labelled, data.labelled_share > 0, "labelled", "set it to 0"),
        (unlabelled, data.labelled_share < 1, "unlabelled", "set it to 1"),
    ):
        if wanted and not exists:
            raise UserError(
                f"config field data.labelled_share: {data.labelled_share} asks for {kind} examples ({kinds[kind]}) and "
                f"none of {', '.join(map(str, data.prepared))} has any; {remedy} or add a corpus that has"
            )
