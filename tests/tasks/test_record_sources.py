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


def test_quotation_marks_of_tsv_swallow_no_lines(tmp_path):
    (tmp_path / "a.tsv").write_text('text\tid\n"book a table\t1\ncancel it"\t2\n"hi" there\t3\n')
    found = records_of(tmp_path / "a.tsv", read, TRUTH)
    assert [(one.id, one.text) for one in found] == [("1", '"book a table'), ("2", 'cancel it"'), ("3", '"hi" there')]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", r"a\.csv: expected CSV with the names of the columns in its first line, found no line"),
        ("a.csv", b"text,label,label\nhi,a,b\n", r"a\.csv:1: expected each column once, found 'label' twice"),
        ("a.csv", b"x" * 131_073 + b",label\nhi,a\n", r"a\.csv:1: expected CSV, found it damaged"),
        ("a.csv", "text,label\nhi,a\n".encode("utf-16"), r"a\.csv:1: expected UTF-8, found UTF-16"),
        ("a.csv", b'text\n"hi\nyou\n', r"a\.csv:2: .*a quotation mark that opens in this line is never closed"),
        ("a.jsonl", b"[" * 100_000, r"a\.jsonl:1: .*nested too deeply"),
        ("a.jsonl", b'{"text": "a", "text": "b"}', r"a\.jsonl:1: .*found 'text' twice"),
        ("a.jsonl", b'{"text": NaN}', r"a\.jsonl:1: .*NaN is no number"),
        ("a.json", b'[\n{"text": "a"},\n{"text": "b"}\n]', r"a\.json:1: .*a list over several lines; each line is one"),
        ("a.json", b'[{"text": "a"}]', r"a\.json:1: .*found a list; each line is one record"),
    ],
)
def test_files_that_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        records_of(tmp_path / name, read, TRUTH)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


def test_a_corpus_is_read_with_its_options():
    source = DataSource(corpus="simulated", options=("dialogues=3",))
    assert len(list(dialogues_of(source, "train"))) == 3
    with pytest.raises(UserError, match=r"data\.validation: expected a CSV"):
        file_of(DataSource(train="x.csv"), "validation")
