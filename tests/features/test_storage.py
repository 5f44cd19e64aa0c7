"""The shards of a prepared corpus: what is damaged in them, or is none of ours, is one sentence."""

import numpy as np
import pytest
from array_record.python import array_record_module

from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.labels import Known
from space_jax.dialogue.trees import VIEWS
from space_jax.errors import UserError
from space_jax.features.example import Example, Limits
from space_jax.features.storage import (
    RecordFile,
    Shard,
    from_record,
    missing_files,
    read_split,
    shard_name,
    to_record,
    write_description,
)

EXAMPLES = 20
DAMAGED = r"the prepared corpus is damaged \(.*\); build it again"


def example(number: int) -> Example:
    tree = np.zeros((len(VIEWS), Limits().tree_elements), np.int32)
    return Example(
        turn_tokens=np.arange(5, dtype=np.int32),
        turn_lengths=np.array([2, 3], np.int32),
        turn_roles=np.array([0, 1], np.int32),
        span_mask=np.zeros(5, bool),
        response_tokens=np.arange(4, dtype=np.int32),
        user_tree=tree,
        system_tree=tree,
        acts=np.zeros(len(ACTS), np.float32),
        known=Known(True, False, True),
        dialogue=number,
        responded=True,
        response_cut=False,
    )


def write(folder):
    """A data set of one shard."""
    file = RecordFile(folder / shard_name("validation", 0))
    for number in range(EXAMPLES):
        file.add(example(number))
    file.close()
    write_description(folder, Limits(), {"validation": [Shard(EXAMPLES, file.record_bytes)]})


@pytest.fixture
def folder(tmp_path):
    write(tmp_path)
    return tmp_path


def read_all(folder):
    source = read_split(folder, "validation")
    return [source[index].dialogue for index in range(len(source))]


def test_examples_come_back(folder):
    assert missing_files(folder) == []
    assert read_all(folder) == list(range(EXAMPLES))


@pytest.mark.parametrize("size", [0, 1000, 1 << 16], ids=["empty", "a piece", "half"])
def test_a_shard_that_is_cut_off(folder, size):
    shard = folder / shard_name("validation", 0)
    shard.write_bytes(shard.read_bytes()[:size])
    with pytest.raises(UserError, match=f"split validation: record 0: {DAMAGED}"):
        read_all(folder)


def test_a_shard_with_a_flipped_bit_names_the_record(folder):
    shard = folder / shard_name("validation", 0)
    content = bytearray(shard.read_bytes())
    place = content.rindex(b"tokens", 0, len(content) // 2) if b"tokens" in content[: len(content) // 2] else 600
    content[place] ^= 4
    shard.write_bytes(bytes(content))
    with pytest.raises(UserError, match=rf"split validation: record \d+: {DAMAGED}") as caught:
        read_all(folder)
    assert "hash mismatch" in str(caught.value)


@pytest.mark.parametrize("record", [b"junk", b"", b"\x0a\x00"], ids=["no protocol buffer", "empty", "without features"])
def test_a_shard_of_other_records(folder, record):
    writer = array_record_module.ArrayRecordWriter(str(folder / shard_name("validation", 0)), "group_size:1")
    for _ in range(EXAMPLES):
        writer.write(record)
    writer.close()
    with pytest.raises(UserError, match=f"record 0: {DAMAGED}"):
        read_all(folder)


@pytest.mark.parametrize("name", ["dataset_info.json", "features.json"])
@pytest.mark.parametrize("content", ["", "{", "{}", "[]", "null", "[" * 100_000])
def test_a_damaged_description(folder, name, content):
    (folder / name).write_text(content)
    with pytest.raises(UserError, match=DAMAGED):
        missing_files(folder)
    with pytest.raises(UserError, match=DAMAGED):
        read_split(folder, "validation")


@pytest.mark.parametrize("lengths", [[[4, 0], [9, 1]], [[-1, 0], [3, 1]]], ids=["too many tokens", "a negative length"])
def test_turns_that_do_not_fit_the_tokens(lengths):
    record = to_record(example(0)) | {"turns": np.array(lengths, np.int32)}
    with pytest.raises(ValueError, match="its turns have"):
        from_record(record)
