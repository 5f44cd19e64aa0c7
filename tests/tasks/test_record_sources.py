"""Rows of files: what each kind gives, and what is said of lines that cannot be read."""

import pytest

from space_jax.errors import UserError
from space_jax.tasks.config import DataSource
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.record_sources import Truth, dialogues_of, file_of, records_of, rows_of

TRUTH = Truth("text", "an utterance", lambda record: bool(record.text))


def read(row, where, number):
    return IntentRecord(row.get("id", str(number)), row["text"])


def test_csv_with_quotes_newlines_and_bad_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('\ufefftext,label\n"a ""b""\nc",x\nshort\n\nd,y\n'.encode() + b"caf\xe9,z\n")
    found = list(rows_of(path))
    assert [row.values for row in found] == [
        {"text": 'a "b"\nc', "label": "x"},
        None,
        {"text": "d", "label": "y"},
        None,
    ]
    assert "a.csv:4: expected 2 columns (text, label), found 1" in found[1].error
    assert "a.csv:7: expected UTF-8" in found[3].error


def test_tsv_and_jsonl(tmp_path):
    (tmp_path / "a.tsv").write_text("text\tid\nx, y\t3\n")
    assert records_of(tmp_path / "a.tsv", read, TRUTH) == [IntentRecord("3", "x, y")]
    (tmp_path / "a.jsonl").write_text('{"text": "é"}\n\n{"text": "b"}\n', encoding="utf-8")
    assert records_of(tmp_path / "a.jsonl", read, TRUTH) == [IntentRecord("1", "é"), IntentRecord("3", "b")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "a", "id": "1"}\n{"text": "b", "id": "1"}\n', "a.jsonl:2: expected a unique id"),
        ("a.jsonl", "{\n", "a.jsonl:1: expected JSON"),
        ("a.jsonl", "", "expected at least one record, found none"),
        ("a.txt", "x", "expected a name that ends in .csv, .tsv or .jsonl"),
        ("none.csv", None, "found no file of that name"),
    ],
)
def test_mistakes_are_said_with_their_place(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UserError) as error:
        records_of(tmp_path / name, read, TRUTH)
    assert message in str(error.value)


def test_a_corpus_is_read_with_its_options():
    source = DataSource(corpus="simulated", options=("dialogues=3",))
    assert len(list(dialogues_of(source, "train"))) == 3
    with pytest.raises(UserError, match=r"data\.validation: expected a CSV"):
        file_of(DataSource(train="x.csv"), "validation")
