"""Files parted into splits: rows as they were, those of one dialogue and of the same words together."""

import json
from fractions import Fraction

import pytest

from space_jax.corpora.divided_files import parted, read_table, same_words, written
from space_jax.errors import UserError
from space_jax.reading.archives import gunzipped, gzipped

HALVES = [Fraction(1, 2), Fraction(1, 2)]


def split(path, content, shares=HALVES, **columns):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    table = read_table(path, columns)
    return table, [written(table, rows) for rows in parted(table, shares, 0)]


def test_a_table_keeps_its_columns_and_cells(tmp_path):
    rows = [f'{n},"a, {n}",{"xy"[n % 2]}\n' for n in range(8)]
    table, parts = split(tmp_path / "a.csv", "id,text,label\n" + "".join(rows))
    assert table.what == "sentences"
    lines = [part.decode().splitlines(keepends=True) for part in parts]
    assert [part[0] for part in lines] == ["id,text,label\n"] * 2
    assert sorted(lines[0][1:] + lines[1][1:]) == rows
    assert [sum(line.endswith("x\n") for line in part) for part in lines] == [2, 2]
    assert lines[0][1:] == sorted(lines[0][1:])  # in the order of the file


def test_marks_of_tsv_stay_letters(tmp_path):
    _, parts = split(tmp_path / "a.tsv", 'text\tlabel\n"a\tx\nb"\tx\n')
    assert sorted(b"".join(parts).decode().splitlines()) == ['"a\tx', 'b"\tx', "text\tlabel", "text\tlabel"]


def test_the_same_words_stay_together(tmp_path):
    assert same_words("Hello,  you!") == same_words("hello you") != same_words("hello")
    assert same_words(" 🚲 ") == "🚲"
    texts = ["Hello you", "hello, you!", "HELLO YOU", "bye", "so", "long"]
    _, parts = split(tmp_path / "a.csv", "text\n" + "".join(f'"{text}"\n' for text in texts))
    found = [{same_words(line) for line in part.decode().splitlines()[1:]} for part in parts]
    assert not found[0] & found[1]


def test_rows_of_a_dialogue_stay_together(tmp_path):
    rows = "".join(f"{n % 4},text {n},a\n" for n in range(12))
    _, parts = split(tmp_path / "a.csv", f"dialogue_id,text,label\n{rows}")
    found = [{line[0] for line in part.decode().splitlines()[1:]} for part in parts]
    assert sorted(map(len, found)) == [2, 2]
    assert not found[0] & found[1]


def test_dialogues_are_parted_by_the_intents_of_their_users(tmp_path):
    def line(n):
        frames = [{"domain": "d", "intent": "xy"[n % 2]}]
        turns = [{"role": "user", "text": f"hi {n}", "frames": frames}, {"role": "system", "text": "hello"}]
        return json.dumps({"id": str(n), "turns": turns}) + "\n"

    content = "".join(map(line, range(8)))
    for name, packed in (("a.jsonl", content.encode()), ("a.jsonl.gz", gzipped(content.encode()))):
        table, parts = split(tmp_path / name, packed)
        assert (table.what, table.suffix) == ("dialogues", name[1:])
        lines = [gunzipped(part, "").decode().splitlines(keepends=True) for part in parts]
        assert sorted(lines[0] + lines[1]) == sorted(content.splitlines(keepends=True))
        assert [sum('"intent": "x"' in one for one in part) for part in lines] == [2, 2]


def test_sentences_with_slots(tmp_path):
    rows = [{"text": f"t {n}", "spans": [{"slot": "ab"[n % 2], "start": 0, "end": 1}]} for n in range(8)]
    table, parts = split(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert [row.labels for row in table.rows][:2] == [("a",), ("b",)]
    assert [part.count(b'"a"') for part in parts] == [2, 2]


def test_the_order_of_the_file_makes_no_difference(tmp_path):
    rows = [f"text {n},{'xyz'[n % 3]}\n" for n in range(30)]
    _, parts = split(tmp_path / "a.csv", "text,label\n" + "".join(rows))
    _, again = split(tmp_path / "b.csv", "text,label\n" + "".join(reversed(rows)))
    assert [set(part.split(b"\n")) for part in parts] == [set(part.split(b"\n")) for part in again]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", 'text,label\nhi,a\n"b,c\n', r"a\.csv:3: expected CSV, found it damaged"),
        ("a.csv", "text,label\nhi,a\nb\n", r"a\.csv:3: expected 2 columns"),
        ("a.jsonl", "{}\n", r"a\.jsonl:1: expected a dialogue with turns"),
        ("a.jsonl", "5\n", r"a\.jsonl:1: expected a dialogue with turns, or a sentence with text, found 5"),
        ("a.jsonl", '{"id": "a", "turns": []}\n', r"a\.jsonl:1: field turns: expected at least one turn"),
        (
            "a.jsonl",
            '{"text": "a"}\n\n{"id": "a", "turns": [{"role": "user", "text": "x"}]}\n',
            r":3: expected dialogues",
        ),
        ("a.txt", "x", r"expected a name that ends in \.jsonl"),
    ],
)
def test_a_row_that_cannot_be_read_is_an_error(name, content, message, tmp_path):
    with pytest.raises(UserError, match=message):
        split(tmp_path / name, content)
    with pytest.raises(UserError, match="found no file"):
        read_table(tmp_path / "none.csv", {})


def test_columns_are_of_tables_only(tmp_path):
    with pytest.raises(UserError, match="has no columns"):
        split(tmp_path / "a.jsonl", '{"text": "a"}\n', text="x")
