"""Prepared corpora -> batches, with Grain: mask, mix and pack, optionally in worker processes.

Each batch is a function of its index; the only state is the number of batches taken. The batches therefore do not
depend on the number of workers, and an iterator continues exactly where its state was saved.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import grain
import jax
import numpy as np
from absl import flags

from space_jax.config import DataConfig, RecipeConfig, StarConfig
from space_jax.errors import UserError
from space_jax.features.batch import Batch, measured_unlabelled
from space_jax.features.example import Example
from space_jax.features.grid import Grid, GridShape, make_grid
from space_jax.features.items import MakeItem
from space_jax.features.negatives import draw_negatives
from space_jax.features.packing import Item, holding, pack_alike
from space_jax.features.prepared_corpus import Prepared, streams_of
from space_jax.features.streams import Blocks, Mixture, check_streams, concatenated, open_corpora, seeds_of, shuffled
from space_jax.features.workers import worker_count


@dataclasses.dataclass(frozen=True)
class Part:
    """Which part of each batch this process assembles.

    Attributes:
      process_index: the index of this process.
      process_count: the number of processes.
      row_multiple: the rows of a micro-batch on this process are a multiple of this.
    """

    process_index: int = 0
    process_count: int = 1
    row_multiple: int = 1


WHOLE = Part()


class TrainBatches:
    """The endless batches of a run, each a function of its number, so that a run can resume with any number of workers
    and processes.

    Attributes:
      grid: their sizes, with all shapes that they may have.
    """

    def __init__(
        self,
        packed: Callable[[tuple[GridShape, ...]], grain.MapDataset[Batch]],
        grid: Grid,
        part: Part,
        workers: int,
    ):
        """Starts before the first batch; nothing is read yet.

        Args:
          packed: the batches by their number, packed on given shapes.
          grid: the sizes, with all shapes.
          part: this process's part of each batch.
          workers: additional processes that assemble batches.
        """
        self.grid = grid
        self._packed, self._part, self._workers = packed, part, workers
        self._batches = packed(grid.rungs)
        self._start(0)

    def _start(self, taken: int) -> None:
        self._taken = taken
        rest = self._batches.slice(slice(taken, None)) if taken else self._batches
        if self._workers == 0:
            # One thread prepares the next batch while the device computes; more would fight over the interpreter.
            self._iterator = iter(rest.to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=2)))
            return
        _mark_flags_as_parsed()
        read = rest.to_iter_dataset(grain.ReadOptions(num_threads=0, prefetch_buffer_size=0))
        options = grain.MultiprocessingOptions(num_workers=self._workers, per_worker_buffer_size=2)
        self._iterator = iter(read.mp_prefetch(options))

    def __iter__(self) -> Iterator[Batch]:
        """Itself."""
        return self

    def __next__(self) -> Batch:
        """The next batch, NumPy arrays `[A, ...]`."""
        batch = next(self._iterator)
        self._taken += 1
        return batch

    def seek(self, step: int) -> None:
        """Makes batch `step` (0, 1, ...) the next one."""
        if step != self._taken:
            self.close()
            self._start(step)

    def offers(self, batch: Batch) -> list[int]:
        """See `training.feed.Source.offers`: for each shape of the ladder, whether it holds the batch."""
        return [int(holds) for holds in holding(batch, self.grid)] if self._part.process_count > 1 else []

    def agreed(self, batch: Batch, offers: np.ndarray) -> Batch:
        """See `training.feed.Source.agreed`: the batch returned last on the smallest shape that holds those of all."""
        if self._part.process_count == 1:
            return batch
        shape = self.grid.rungs[int(offers.all(axis=0).argmax())]
        if shape.covers(batch.shape):
            return batch.grown(shape)
        return self._packed((shape,))[self._taken - 1]  # other rows: packed again, which is rare

    def close(self) -> None:
        """Stops the workers."""
        if hasattr(self._iterator, "close"):
            self._iterator.close()


class HeldOutBatches:
    """The batches of an evaluation on this process, equally many on each, which can be packed on any shape they fit.

    Attributes:
      grid: their sizes, with all shapes that they may have.
    """

    def __init__(self, steps: Sequence[Sequence[Sequence[Item]]], grid: Grid, seed: int):
        """Packs nothing yet.

        Args:
          steps: the items of each micro-batch of each step.
          grid: the sizes.
          seed: of SPACE-1's negatives.
        """
        self.grid = grid
        self._steps, self._seed = steps, seed

    def __iter__(self) -> Iterator[Batch]:
        """Each batch on the smallest shape of the ladder that holds it, NumPy arrays `[A, ...]`."""
        return iter(self._on(self.grid))

    def on(self, shape: GridShape) -> list[Batch]:
        """All batches on one shape of the ladder, which must hold them."""
        return list(self._on(dataclasses.replace(self.grid, rungs=(shape,))))

    def offers(self) -> list[int]:
        """For each shape of the ladder, whether it holds every batch; the last always does."""
        held = [holding(batch, self.grid) for batch in self]
        return np.all(np.array(held, bool).reshape(-1, len(self.grid.rungs)), axis=0).astype(int).tolist()

    def _on(self, grid: Grid) -> Iterator[Batch]:
        for number, parts in enumerate(self._steps):
            yield _assemble_step(parts, grid, np.random.default_rng((self._seed, number)))


def train_batches(
    data: DataConfig,
    recipe: RecipeConfig,
    seed: int,
    accumulate: int = 1,
    part: Part = WHOLE,
    workers: int | None = None,
) -> TrainBatches:
    """The endless batches of a training run: A micro-batches per step of n = batch_size / (A * processes) examples.

    Args:
      data: the corpora, batch size and grid sizes.
      recipe: determines the layout of examples.
      seed: determines order and masks.
      accumulate: A.
      part: this process's part of each batch.
      workers: as `data.workers`, which it replaces unless it is None. The batches do not depend on it.

    Returns:
      An iterator with `seek` over NumPy batches, all arrays `[A, ...]` with B = n. The
      micro-batches of a step have the same shape, which may differ between processes, see `agreed`. The examples
      of a step and their masks do not depend on A or the processes; the negatives of SPACE-1 do, see `negatives`.

    Raises:
      UserError: the configuration does not fit the corpora.
    """
    corpora = open_corpora(data)
    grid = _grid_of(data, recipe, _local_examples(data.batch_size, accumulate, part), corpora, part)
    steps = _steps(data, recipe, seed, accumulate, part, corpora)
    negatives = seeds_of(seed)["negatives"]

    def packed(rungs: tuple[GridShape, ...]) -> grain.MapDataset[Batch]:
        return steps.random_map(_Step(dataclasses.replace(grid, rungs=rungs), accumulate), seed=negatives)

    return TrainBatches(packed, grid, part, worker_count(data.workers if workers is None else workers))


def _steps(
    data: DataConfig, recipe: RecipeConfig, seed: int, accumulate: int, part: Part, corpora: Sequence[Prepared]
) -> grain.MapDataset[list[Item]]:
    """The items of each step by its number."""
    examples = _local_examples(data.batch_size, accumulate, part)
    seeds = seeds_of(seed)
    labelled, unlabelled = (concatenated(corpora, splits) for splits in streams_of(recipe.annotation).values())
    check_streams(data, recipe.annotation, labelled is not None, unlabelled is not None)
    make = MakeItem.of(corpora[0], recipe, data)
    window = _window(recipe, corpora)
    streams = [
        shuffled(stream, seeds[f"shuffle_{kind}"], window).random_map(make, seed=seeds[f"mask_{kind}"])
        for kind, stream, wanted in (
            ("labelled", labelled, data.labelled_share > 0),
            ("unlabelled", unlabelled, data.labelled_share < 1),
        )
        if stream is not None and wanted
    ]
    mixture = Mixture(data.labelled_share, Blocks(examples, part.process_index, part.process_count))
    mixed = grain.MapDataset.select_from_datasets(streams, mixture)
    return mixed.batch(accumulate * examples, batch_fn=list)


def eval_batches(
    data: DataConfig,
    recipe: RecipeConfig,
    splits: Sequence[str],
    seed: int,
    count: int,
    accumulate: int = 1,
    part: Part = WHOLE,
) -> HeldOutBatches:
    """Batches of held-out examples: the same at every call, including masks and negatives.

    Args:
      data: as in training.
      recipe: as in training.
      splits: some of `prepared_corpus.SPLITS`, such as ("validation",).
      seed: chooses the examples, their masks and their negatives.
      count: the number of examples, or all if the split has fewer.
      accumulate: as in training.
      part: as in training.

    Returns:
      Batches of the same size as in training (a contrastive loss depends on the size of its pool), equally many on each
      process; the last is filled up with invalid examples.

    Raises:
      UserError: the configuration does not fit the corpora, or no corpus has the splits.
    """
    corpora = open_corpora(data)
    local = _local_examples(data.batch_size, accumulate, part)
    grid = _grid_of(data, recipe, local, corpora, part)
    held_out = concatenated(corpora, splits)
    if held_out is None:
        named = " or ".join(map(repr, splits))
        raise UserError(f"config field data.prepared: none of {', '.join(data.prepared)} has examples in {named}")
    own_seed = seeds_of(seed)["evaluation"]
    make = MakeItem.of(corpora[0], recipe, data)
    chosen = shuffled(held_out, own_seed, _window(recipe, corpora), endless=False)
    hidden = chosen.map(_without_hidden_spans)
    items = hidden.random_map(make, seed=own_seed)[: min(count, len(chosen))]
    blocks = Blocks(local, part.process_index, part.process_count)
    return HeldOutBatches(_eval_steps(items, local, accumulate, blocks), grid, own_seed)


def _window(recipe: RecipeConfig, corpora: Sequence[Prepared]) -> int:
    """How many consecutive examples stay together.

    Raises:
      UserError: the recipe needs slots, and a corpus was built without.
    """
    if not isinstance(recipe, StarConfig):
        return 1
    without = next((corpus for corpus in corpora if not corpus.metadata.slots), None)
    if without is not None:
        raise UserError(
            f"{without.folder}: was built without the slots that the recipe star learns from; build it again with "
            "`space-jax data build ... --slots`"
        )
    return recipe.conversation


def _without_hidden_spans(example: Example) -> Example:
    """Removes the spans of held-out examples that the losses treat as unlabelled, so that masking does, too."""
    if not measured_unlabelled(example.dialogue):
        return example
    return dataclasses.replace(example, span_mask=np.zeros_like(example.span_mask))


def _eval_steps(
    items: grain.MapDataset[Item], examples: int, accumulate: int, blocks: Blocks
) -> list[list[list[Item]]]:
    """The items of each micro-batch of each step."""

    def of_micro(micro: int) -> list[Item]:
        positions = [blocks.position(micro * examples + offset) for offset in range(examples)]
        return [items[position] for position in positions if position < len(items)]

    firsts = range(0, -(-len(items) // blocks.micro_batch), accumulate)
    return [[of_micro(micro) for micro in range(first, first + accumulate)] for first in firsts]


@dataclasses.dataclass(frozen=True)
class _Step(grain.transforms.RandomMap):
    """The items of one step -> its micro-batches, stacked."""

    grid: Grid
    accumulate: int

    def random_map(self, element: Sequence[Item], rng: np.random.Generator) -> Batch:
        n = self.grid.examples
        return _assemble_step([element[a * n : (a + 1) * n] for a in range(self.accumulate)], self.grid, rng)


def _assemble_step(parts: Sequence[Sequence[Item]], grid: Grid, rng: np.random.Generator) -> Batch:
    """The items of each micro-batch -> a batch `[A, ...]`."""
    micro = pack_alike([_with_negatives(part, grid, rng) for part in parts], grid)
    return jax.tree.map(lambda *arrays: np.stack(arrays), *micro)


def _with_negatives(items: Sequence[Item], grid: Grid, rng: np.random.Generator) -> list[Item]:
    if not grid.negatives:
        return list(items)
    negatives = draw_negatives([item.layout.response for item in items], rng)
    return [dataclasses.replace(item, negative=negative) for item, negative in zip(items, negatives, strict=True)]


def _local_examples(batch_size: int, accumulate: int, part: Part) -> int:
    if batch_size % (accumulate * part.process_count):
        raise UserError(
            f"config field data.batch_size: {batch_size} examples do not divide by {accumulate} micro-batches times "
            f"{part.process_count} processes"
        )
    return batch_size // (accumulate * part.process_count)


def _grid_of(data: DataConfig, recipe: RecipeConfig, examples: int, corpora: Sequence[Prepared], part: Part) -> Grid:
    longest = max(corpus.metadata.limits.max_turn_tokens for corpus in corpora)
    return make_grid(data, recipe, examples, longest, part.row_multiple)


def _mark_flags_as_parsed() -> None:
    """Grain's workers read absl's flags, which only `absl.app.run` parses; a notebook or our command line does not."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()
