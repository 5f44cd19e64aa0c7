"""A user's own corpus: files and splits."""

import pytest

from space_jax.corpora import corpus
from space_jax.dialogue import Dialogue, ReadReport, Turn, write_jsonl
from space_jax.errors import UserError


def write(path, *names: str) -> None:
    write_jsonl(path, [Dialogue(name, (Turn("user", "hi"),)) for name in names])


def ids(source, split: str, **options) -> list[str]:
    return [dialogue.id for dialogue in corpus("jsonl").load(source, split, **options)]


def test_a_folder_has_a_file_for_each_split(tmp_path):
    write(tmp_path / "train.jsonl", "a", "b")
    write(tmp_path / "test.jsonl.gz", "c")
    assert ids(tmp_path, "train") == ["a", "b"]
    assert ids(tmp_path, "test") == ["c"]
    assert corpus("jsonl").available_splits(tmp_path) == ("train", "test")
    with pytest.raises(UserError, match=r"expected one of validation\.jsonl and validation\.jsonl\.gz, found neither"):
        ids(tmp_path, "validation")


def test_a_folder_with_one_file_of_another_name_is_told_what_to_do(tmp_path):
    write(tmp_path / "dialogues.jsonl", "a")  # as `data import` leaves it
    with pytest.raises(UserError, match=r"none of the splits .*; expected train\.jsonl, which `space-jax data split`"):
        corpus("jsonl").available_splits(tmp_path)


def test_two_files_for_a_split_are_an_error(tmp_path):
    write(tmp_path / "train.jsonl", "a")
    write(tmp_path / "train.jsonl.gz", "b")
    with pytest.raises(UserError, match="found both"):
        ids(tmp_path, "train")


def test_a_single_file_is_the_train_split(tmp_path):
    write(tmp_path / "mine.jsonl", "a")
    assert ids(tmp_path / "mine.jsonl", "train") == ["a"]
    assert corpus("jsonl").available_splits(tmp_path / "mine.jsonl") == ("train",)
    with pytest.raises(UserError, match="a single file is the train split"):
        ids(tmp_path / "mine.jsonl", "validation")


def test_wrong_lines_can_be_left_out(tmp_path):
    write(tmp_path / "mine.jsonl", "a")
    with (tmp_path / "mine.jsonl").open("a") as file:
        file.write("{}\n")
    report = ReadReport()
    assert ids(tmp_path / "mine.jsonl", "train", on_error="skip", report=report) == ["a"]
    assert report.skipped_count == 1
