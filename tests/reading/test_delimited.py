"""CSV and TSV: rows with the line that they begin in; what swallows lines or cannot be read is named."""

import csv
import io

import pytest

from space_jax.errors import UserError
from space_jax.reading.delimited import (
    CSV,
    LONGEST_CELL,
    QUOTED_TSV,
    SEMICOLONS,
    TSV,
    as_text,
    checked_rows,
    for_spreadsheets,
    row_text,
    rows,
    table,
)


def read(content: bytes, form=CSV):
    return [(line.number, line.cells or line.error) for line in rows(io.BytesIO(content), form, "f")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_as_pythons_own_writer_writes_it(end, mark):
    cells = [["text", "label"], ['a "b"', "x"], ["two\nlines", ",;\t"], ["", "漢😀"]]
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator=end).writerows(cells)
    assert read(mark + written.getvalue().encode()) == [
        (number, tuple(row)) for number, row in zip([1, 2, 3, 5], cells, strict=True)
    ]


def test_in_tsv_a_line_is_a_row_and_marks_are_letters():
    """`tsv_with_quotation_marks`: these four were two rows, and the marks of the last were lost."""
    content = b'text\tlabel\n"book a table\tbook\r\ncancel it"\tcancel\n\n"hi"\tgreet'
    assert read(content, TSV) == [
        (1, ("text", "label")),
        (2, ('"book a table', "book")),
        (3, ('cancel it"', "cancel")),
        (5, ('"hi"', "greet")),
    ]


def test_tsv_that_a_program_quoted():
    assert read(b'a\tb\n"x\ty"\t"""q"""\n', QUOTED_TSV) == [(1, ("a", "b")), (2, ("x\ty", '"q"'))]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'a,b\n"x,y\nc,d\n', [(2, "f:2: expected CSV, found it damaged (a quotation mark that opens in this line")]),
        (
            b'a,b\n"x" y,z\nc,d\n',
            [(2, "f:2: expected CSV, found it damaged (a quotation mark inside"), (3, ("c", "d"))],
        ),
        (b'a,b\n"x,1\n"y,2\nc,d\n', [(2, "f:2: expected CSV, found it damaged"), (4, ("c", "d"))]),
        (b"a,b\ncaf\xe9,z\nc,d\n", [(2, "f:2: expected UTF-8, found the byte 0xe9"), (3, ("c", "d"))]),
        (b"a,b\nx\0,z\nc,d\n", [(2, "f:2: expected text, found NUL"), (3, ("c", "d"))]),
        (
            b"a,b\n" + b"x" * 131_073 + b",z\nc,d\n",
            [(2, "f:2: expected CSV, found it damaged (a cell of more than 131")],
        ),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_ends_nothing(content, found):
    lines = read(content)[1:]
    for (number, said), (where, cells) in zip(found, lines, strict=False):
        assert number == where
        assert cells == said if isinstance(said, tuple) else str(cells).startswith(said)
    assert len(lines) >= len(found)
    with pytest.raises(UserError, match=r"^f:2: "):
        list(checked_rows(io.BytesIO(content), CSV, "f"))


def test_a_long_cell_of_tsv():
    (line,) = rows(io.BytesIO(b"x" * (LONGEST_CELL + 1)), TSV, "f")
    assert line.error == "f:1: expected cells of at most 131,072 characters, found one of 131,073"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "f: expected CSV with the names of the columns in its first line, found no line"),
        (b"\n\n", "found no line"),
        (b"\xef\xbb\xbf", "found no line"),
        (b"text,label,label\nhi,a,b\n", "f:1: expected each column once, found 'label' twice"),
        (b"x" * 131_073 + b",label\n", r"f:1: expected CSV, found it damaged \(a cell of more than 131,072"),
        ("text,label\n".encode("utf-16"), "f:1: expected UTF-8, found UTF-16; save the file in UTF-8"),
        ("text,label\n".encode("utf-16-le"), r"f:1: expected text, found NUL characters; is the file in UTF-16\?"),
        (b"caf\xe9,label\n", "f:1: expected UTF-8, found the byte 0xe9"),
    ],
)
def test_a_header_that_is_refused(content, message):
    with pytest.raises(UserError, match=message):
        table(io.BytesIO(content), CSV, "f")


def test_rows_of_other_lengths_and_long_headers():
    header, lines = table(io.BytesIO(b"a,b\n1\n1,2\n1,2,3\n"), CSV, "f")
    assert header == ("a", "b")
    assert [line.cells or line.error for line in lines] == [
        "f:2: expected 2 columns (a, b), found 1",
        ("1", "2"),
        "f:4: expected 2 columns (a, b), found 3",
    ]
    wide = ",".join(f"column{n}" for n in range(2000))
    _, lines = table(io.BytesIO(f"{wide}\n1\n".encode()), CSV, "f")
    assert len(next(lines).error) < 300


def test_rows_are_read_as_a_stream():
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            piece = (b"a,b\n" * (len(buffer) // 4 + 1))[: len(buffer) // 4 * 4]
            buffer[: len(piece)] = piece
            return len(piece)

    found = rows(io.BufferedReader(Endless()), CSV, "f")
    assert [next(found).cells for _ in range(5)] == [("a", "b")] * 5


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=x", "plain", "'", "'plain", "a,b", 'a"b', "a\nb", "é"])
def test_cells_for_spreadsheets_come_back_and_none_begins_a_formula(cell):
    content = for_spreadsheets([["name", "x"], [cell, ""]])
    assert content.startswith(b"\xef\xbb\xbfname,x\r\n")
    _, line = rows(io.BytesIO(content), CSV, "f")
    assert line.cells[0][0] not in "=+-@\t"
    assert as_text(line.cells[0]) == cell


@pytest.mark.parametrize("form", [CSV, QUOTED_TSV, SEMICOLONS, TSV])
def test_rows_that_are_written_are_read(form):
    plain = [("text", "label"), ('"a"', "b, c; d"), ("", "漢😀")]
    rich = [] if form is TSV else [("two\nlines", "a\tb")]
    content = "".join(row_text(row, form) for row in plain + rich).encode()
    assert [line.cells for line in rows(io.BytesIO(content), form, "f")] == plain + rich


@pytest.mark.parametrize("cell", ["a\tb", "a\nb", "a\rb"])
def test_a_cell_that_no_tsv_can_hold_is_an_error(cell):
    with pytest.raises(UserError, match="a cell cannot hold a tab or a line break"):
        row_text(["x", cell], TSV)
