"""Storage of examples: the TensorFlow Datasets features, and conversion to and from them.

The data set is written and read with TensorFlow Datasets in ArrayRecord files, without TensorFlow.
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import tensorflow_datasets as tfds
from array_record.python import array_record_module
from tensorflow_datasets.proto import tf_example_pb2, tf_feature_pb2

from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.labels import FACTS, Known
from space_jax.dialogue.trees import VIEWS
from space_jax.errors import UserError
from space_jax.features.example import Example, Limits
from space_jax.features.slots import flat, from_flat
from space_jax.reading.json_text import read_json

VERSION = "1.0.0"
DATASET = "dialogue_examples"
_DESCRIPTION = ("dataset_info.json", "features.json")
_OURS = "tensorflow_datasets.core.features."

_ACT_BITS = np.arange(len(ACTS))
_FACT_BITS = np.arange(len(FACTS))
_UNANSWERED = 1 << len(FACTS)
_CUT = 1 << 8
_SLOTS = 1 << 9


def _features(limits: Limits) -> tfds.features.FeaturesDict:
    """Four features instead of one per field, because reading takes about 8 microseconds per feature."""
    return tfds.features.FeaturesDict(
        {
            "tokens": tfds.features.Tensor(shape=(None,), dtype=np.int32),  # of the context, then of the response
            "turns": tfds.features.Tensor(shape=(None, 2), dtype=np.int32),  # length and role of each context turn
            "trees": tfds.features.Tensor(shape=(2, len(VIEWS), limits.tree_elements), dtype=np.int32),  # user, system
            # dialogue; flags: known annotation (1, 2, 4), no response (8), truncated response (256), slots (512); acts
            # as bits; with slots their count of numbers and these; then the positions of the span tokens, and -1 less
            # those of the tokens that continue a word
            "facts": tfds.features.Tensor(shape=(None,), dtype=np.int32),
        }
    )


def to_record(example: Example) -> dict[str, np.ndarray]:
    """An example as a TensorFlow Datasets record."""
    act_bits = int((example.acts.astype(np.int64) << _ACT_BITS).sum())
    flags = int((np.array(example.known, np.int64) << _FACT_BITS).sum()) + _UNANSWERED * (not example.responded)
    flags |= _CUT * example.response_cut
    facts = [example.dialogue, flags, act_bits]
    if example.slots is not None:
        numbers = flat(example.slots).tolist()
        facts[1] |= _SLOTS
        facts += [len(numbers), *numbers]
    facts += np.flatnonzero(example.span_mask).tolist()
    facts += (-1 - np.flatnonzero(example.continues)).tolist()
    return {
        "tokens": np.concatenate([example.turn_tokens, example.response_tokens]),
        "turns": np.stack([example.turn_lengths, example.turn_roles], axis=1),
        "trees": np.stack([example.user_tree, example.system_tree]),
        "facts": np.array(facts, np.int32),
    }


def from_record(record: dict[str, np.ndarray]) -> Example:
    """The example of a stored record.

    Raises:
      ValueError: the parts of the record do not fit together.
    """
    lengths, roles = record["turns"].T
    context = int(lengths.sum())
    if lengths.min(initial=0) < 0 or context > len(record["tokens"]):
        raise ValueError(f"its turns have {context} tokens, and it holds {len(record['tokens'])}")
    dialogue, flags, act_bits = record["facts"][:3].tolist()
    span_mask = np.zeros(context, bool)
    places, slots = record["facts"][3:], None
    if flags & _SLOTS:
        count = int(places[0]) if len(places) else 0
        slots, places = from_flat(places[1 : 1 + count]), places[1 + count :]
    span_mask[places[places >= 0]] = True
    continues = np.zeros(context, bool)
    continues[-1 - places[places < 0]] = True
    return Example(
        turn_tokens=record["tokens"][:context],
        turn_lengths=lengths,
        turn_roles=roles,
        span_mask=span_mask,
        response_tokens=record["tokens"][context:],
        user_tree=record["trees"][0],
        system_tree=record["trees"][1],
        acts=((act_bits >> _ACT_BITS) & 1).astype(np.float32),
        known=Known(*((flags >> _FACT_BITS) & 1).astype(bool).tolist()),
        dialogue=dialogue,
        responded=not flags & _UNANSWERED,
        response_cut=bool(flags & _CUT),
        continues=continues,
        slots=slots,
    )


class RecordFile:
    """Writes one ArrayRecord file of examples; the same examples give the same bytes."""

    def __init__(self, path: Path) -> None:
        """Creates the file, replacing an existing one."""
        self.path = path
        self.record_bytes = 0
        self._writer = array_record_module.ArrayRecordWriter(str(path), "group_size:1")

    def add(self, example: Example) -> None:
        """Appends an example."""
        record = _serialised(to_record(example))
        self._writer.write(record)
        self.record_bytes += len(record)

    def close(self) -> None:
        """Writes the remaining data and the index of the records."""
        self._writer.close()


def _serialised(record: dict[str, np.ndarray]) -> bytes:
    """Serialises a record as TensorFlow Datasets does, but four times as fast and deterministically."""
    features = {
        name: tf_feature_pb2.Feature(int64_list=tf_feature_pb2.Int64List(value=array.ravel().tolist()))
        for name, array in record.items()
    }
    example = tf_example_pb2.Example(features=tf_feature_pb2.Features(feature=features))
    return example.SerializeToString(deterministic=True)


@dataclasses.dataclass(frozen=True)
class Shard:
    """A written file: the number of examples, and the bytes of their records."""

    examples: int
    record_bytes: int


def shard_name(split: str, index: int) -> str:
    """The file name of a split's n-th shard."""
    return f"{DATASET}-{split}.array_record-{index:05}"


def write_description(folder: Path, limits: Limits, splits: Mapping[str, Sequence[Shard]]) -> None:
    """Writes `dataset_info.json` and `features.json` for shards in the folder, named by `shard_name`."""
    identity = tfds.core.DatasetIdentity(
        name=DATASET, version=tfds.core.Version(VERSION), data_dir=str(folder), module_name=__name__
    )
    info = tfds.core.DatasetInfo(builder=identity, features=_features(limits), disable_shuffling=True)
    info.set_file_format("array_record")
    info.set_splits(tfds.core.SplitDict([_split_info(folder, split, shards) for split, shards in splits.items()]))
    info.write_to_directory(str(folder))


def _split_info(folder: Path, split: str, shards: Sequence[Shard]) -> tfds.core.SplitInfo:
    template = tfds.core.ShardedFileTemplate(
        dataset_name=DATASET,
        data_dir=folder,
        split=split,
        filetype_suffix="array_record",
        template="{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_INDEX}",
    )
    return tfds.core.SplitInfo(
        name=split,
        shard_lengths=[shard.examples for shard in shards],
        num_bytes=sum(shard.record_bytes for shard in shards),
        filename_template=template,
    )


class ExampleSource:
    """Random access to the examples of one split; can be pickled for worker processes."""

    def __init__(self, records: Any, where: str = "examples"):
        """Wraps a sequence of records, such as a TensorFlow Datasets data source; `where` begins the messages."""
        self._records, self._where = records, where

    def __len__(self) -> int:
        """Number of examples."""
        return len(self._records)

    def __getitem__(self, index: SupportsIndex) -> Example:
        """The example at an index.

        Raises:
          UserError: its record cannot be read, or is none of ours.
        """
        with _named(f"{self._where}: record {int(index)}"):
            return from_record(self._records[int(index)])


def read_split(folder: Path, split: str) -> ExampleSource:
    """Opens a split; a split without examples gives an empty source.

    Raises:
      UserError: the description of the data set is damaged.
    """
    builder = _builder(folder)
    if split not in builder.info.splits:
        return ExampleSource(())
    with _named(str(folder)):
        return ExampleSource(builder.as_data_source(split=split), f"{folder}: split {split}")


def missing_files(folder: Path) -> list[str]:
    """The missing files of the data set: its description, or data files named in it.

    Raises:
      UserError: its description is damaged.
    """
    missing = [name for name in _DESCRIPTION if not (folder / name).is_file()]
    if missing:
        return missing
    builder = _builder(folder)
    with _named(str(folder)):
        names = [name for split in builder.info.splits.values() for name in split.filenames]
    return sorted(name for name in names if not (folder / name).is_file())


def _builder(folder: Path) -> Any:
    with _named(str(folder)):
        foreign = [name for name in _classes(read_json(folder / _DESCRIPTION[1])) if not name.startswith(_OURS)]
        if foreign:  # whose modules would be imported
            raise ValueError(f"its features are of the class {foreign[0]}")
        return tfds.builder_from_directory(str(folder))


def _classes(described: Any) -> Iterator[str]:
    """The names of the classes in a description of features."""
    if isinstance(described, dict):
        if "pythonClassName" in described:
            yield str(described["pythonClassName"])
        described = list(described.values())
    for part in described if isinstance(described, list) else ():
        yield from _classes(part)


@contextlib.contextmanager
def _named(where: str) -> Iterator[None]:
    """Turns whatever TensorFlow Datasets, protocol buffers and ArrayRecord raise for damage into one error."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # RuntimeError, ValueError, ParseError, AttributeError, ...: they have none in common
        reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {str(error)[:200]}"
        raise UserError(f"{where}: the prepared corpus is damaged ({reason}); build it again") from error
