"""How an example is stored: the TensorFlow Datasets features, and the way to and from them.

The data set is written and read with TensorFlow Datasets in ArrayRecord files, without TensorFlow.
"""

from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import tensorflow_datasets as tfds

from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.trees import VIEWS
from space_jax.features.example import Example, Limits

VERSION = "1.0.0"
DATASET = "dialogue_examples"
EXAMPLES_PER_SHARD = 50_000  # some 40 MB
_BUFFERED = 2_000  # examples kept before they are written; each write also rewrites the data set's description


_ACT_BITS = np.arange(len(ACTS))


def _features(limits: Limits) -> tfds.features.FeaturesDict:
    """Four features and not one per field, because reading costs about 8 microseconds a feature."""
    return tfds.features.FeaturesDict(
        {
            "tokens": tfds.features.Tensor(shape=(None,), dtype=np.int32),  # of the context, then of the response
            "turns": tfds.features.Tensor(shape=(None, 2), dtype=np.int32),  # length and role of each context turn
            "trees": tfds.features.Tensor(shape=(2, len(VIEWS), limits.tree_elements), dtype=np.int32),  # user, system
            # dialogue, labelled, the acts as bits, then the positions of the span tokens
            "facts": tfds.features.Tensor(shape=(None,), dtype=np.int32),
        }
    )


def to_record(example: Example) -> dict[str, np.ndarray]:
    """An example as TensorFlow Datasets writes it."""
    act_bits = int((example.acts.astype(np.int64) << _ACT_BITS).sum())
    facts = [example.dialogue, int(example.labelled), act_bits, *np.flatnonzero(example.span_mask)]
    return {
        "tokens": np.concatenate([example.turn_tokens, example.response_tokens]),
        "turns": np.stack([example.turn_lengths, example.turn_roles], axis=1),
        "trees": np.stack([example.user_tree, example.system_tree]),
        "facts": np.array(facts, np.int32),
    }


def from_record(record: dict[str, np.ndarray]) -> Example:
    """The example of a stored record."""
    lengths, roles = record["turns"].T
    context = int(lengths.sum())
    dialogue, labelled, act_bits = record["facts"][:3].tolist()
    span_mask = np.zeros(context, bool)
    span_mask[record["facts"][3:]] = True
    return Example(
        turn_tokens=record["tokens"][:context],
        turn_lengths=lengths,
        turn_roles=roles,
        span_mask=span_mask,
        response_tokens=record["tokens"][context:],
        user_tree=record["trees"][0],
        system_tree=record["trees"][1],
        acts=((act_bits >> _ACT_BITS) & 1).astype(np.float32),
        labelled=bool(labelled),
        dialogue=dialogue,
    )


class ExampleWriter:
    """Writes examples of several splits in one pass; a split exists once it has an example."""

    def __init__(self, folder: Path, limits: Limits):
        """Opens an empty data set in an existing folder."""
        identity = tfds.core.DatasetIdentity(
            name=DATASET, version=tfds.core.Version(VERSION), data_dir=str(folder), module_name=__name__
        )
        info = tfds.core.DatasetInfo(builder=identity, features=_features(limits), disable_shuffling=True)
        self._writer = tfds.core.SequentialWriter(info, EXAMPLES_PER_SHARD, file_format="array_record")
        self._splits: set[str] = set()
        self._waiting: dict[str, list[dict[str, np.ndarray]]] = {}
        self._count = 0

    def add(self, split: str, example: Example) -> None:
        """Appends an example to a split."""
        self._waiting.setdefault(split, []).append(to_record(example))
        self._count += 1
        if self._count == _BUFFERED:
            self._flush()

    def close(self) -> None:
        """Writes what waits and the description of the data set."""
        self._flush()
        self._writer.close_all()

    def _flush(self) -> None:
        new = sorted(self._waiting.keys() - self._splits)
        if new:
            self._writer.initialize_splits(new)
            self._splits.update(new)
        self._writer.add_examples(self._waiting)
        self._waiting, self._count = {}, 0


class ExampleSource:
    """Random access to the examples of one split; may be copied to worker processes."""

    def __init__(self, records: Any):
        """Wraps a sequence of records, such as a TensorFlow Datasets data source."""
        self._records = records

    def __len__(self) -> int:
        """Number of examples."""
        return len(self._records)

    def __getitem__(self, index: SupportsIndex) -> Example:
        """The example at a place."""
        return from_record(self._records[int(index)])


def read_split(folder: Path, split: str) -> ExampleSource:
    """Opens a split; one without examples is an empty source."""
    builder = tfds.builder_from_directory(str(folder))
    if split not in builder.info.splits:
        return ExampleSource(())
    return ExampleSource(builder.as_data_source(split=split))


def missing_files(folder: Path) -> list[str]:
    """Files of the data set that are not there: its description, or data files that the description names."""
    missing = [name for name in ("dataset_info.json", "features.json") if not (folder / name).is_file()]
    if missing:
        return missing
    splits = tfds.builder_from_directory(str(folder)).info.splits.values()
    return sorted(name for split in splits for name in split.filenames if not (folder / name).is_file())
