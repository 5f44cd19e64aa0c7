"""What is written, what is cut back on resumption, and by whom."""

import json
import math

import jax
import pytest

from space_jax.errors import UserError
from space_jax.training.metrics import JsonlWriter, Writers, read_records


def steps_of(path):
    return [record["step"] for record in read_records(path)]


def test_one_object_a_line_on_disk_at_once(tmp_path):
    path = tmp_path / "metrics.jsonl"
    writer = JsonlWriter(path, -1)
    writer.write({"kind": "train", "step": 1, "loss": 0.5})
    assert path.read_text() == '{"kind": "train", "step": 1, "loss": 0.5}\n'
    writer.close()


def test_numbers_that_json_lacks_become_null(tmp_path):
    writer = JsonlWriter(tmp_path / "metrics.jsonl", -1)
    writer.write({"kind": "eval", "step": 0, "loss": math.nan, "perplexity": math.inf})
    writer.close()
    assert read_records(tmp_path / "metrics.jsonl") == [{"kind": "eval", "step": 0, "loss": None, "perplexity": None}]


@pytest.mark.parametrize(("last_step", "kept"), [(-1, []), (0, [0]), (2, [0, 1, 2]), (9, [0, 1, 2, 3])])
def test_resuming_drops_later_records_and_a_torn_line(tmp_path, last_step, kept):
    path = tmp_path / "metrics.jsonl"
    lines = [json.dumps({"kind": "train", "step": step}) + "\n" for step in range(4)]
    path.write_text("".join(lines) + '{"kind": "train", "st')
    writer = JsonlWriter(path, last_step)
    assert steps_of(path) == kept
    writer.write({"kind": "train", "step": last_step + 1})
    writer.close()
    assert steps_of(path) == [*kept, last_step + 1]
    assert [file.name for file in tmp_path.iterdir()] == ["metrics.jsonl"]


@pytest.mark.parametrize(
    "line",
    ['{"kind": "train", "st', '{"kind": "train"}', '{"kind": 5, "step": 1}', '{"kind": "a", "step": true}', "5", ""],
)
def test_a_broken_line_is_cut_off_at_the_end_and_named_elsewhere(tmp_path, line):
    path, whole = tmp_path / "metrics.jsonl", json.dumps({"kind": "train", "step": 1}) + "\n"
    path.write_text(f"{whole}{line}\n")
    assert steps_of(path) == [1]
    with Writers(tmp_path, 1) as writers:
        assert writers.remark == f"{path}: the last line was half-written and is left out"
    assert path.read_text() == whole
    with Writers(tmp_path, 1) as writers:
        assert writers.remark == ""
    path.write_text(f"{whole}{line}\n{whole}")
    for read in (read_records, lambda path: Writers(tmp_path, 1)):
        with pytest.raises(UserError, match=r"metrics.jsonl:2: .*delete that line, which nothing but the curves needs"):
            read(path)


def test_bytes_that_are_no_text_are_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"kind": "train", "step": 1}\n{"kind": "\xff", "step": 2}\n{"kind": "train", "step": 3}\n')
    with pytest.raises(UserError, match=r"metrics.jsonl:2: expected JSON, found it damaged \(expected UTF-8"):
        read_records(path)


def test_both_writers_get_the_record(tmp_path):
    with Writers(tmp_path / "run", -1) as writers:
        writers.write("train", 1, {"loss": 1.0, "note": "not a number"})
    assert read_records(tmp_path / "run" / "metrics.jsonl")[0]["loss"] == 1.0
    events = b"".join(file.read_bytes() for file in (tmp_path / "run" / "tensorboard").iterdir())
    assert b"train/loss" in events
    assert b"note" not in events


def test_other_processes_write_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    with Writers(tmp_path / "run", -1) as writers:
        writers.write("train", 1, {"loss": 1.0})
    assert not (tmp_path / "run").exists()
