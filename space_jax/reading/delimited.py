"""CSV and TSV: rows of cells, each with the line that it begins in.

Tab-separated files of this field (TOP, CLINC, GLUE) have no quoting: a line is a row, and quotation marks are letters.
In comma-separated files a cell in quotation marks may hold commas and line breaks; marks that do not end before a comma
are an error, where Python's `csv` takes all lines up to the next mark into the cell.
"""

import codecs
import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from space_jax.errors import UserError
from space_jax.printable import shown
from space_jax.reading.text import LONGEST_LINE, refuse_other_marks

LONGEST_CELL = 131_072
"""Characters of a cell."""

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # where surrogateescape puts bytes that are not UTF-8
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # the beginnings of a formula in a spreadsheet
_NAMED = 200  # characters of column names in a message


@dataclasses.dataclass(frozen=True)
class Form:
    """How the cells of a file are parted.

    Attributes:
      delimiter: between two cells.
      quoted: whether cells may stand in quotation marks.
      name: for messages.
    """

    delimiter: str
    quoted: bool
    name: str


CSV = Form(",", True, "CSV")
SEMICOLONS = Form(";", True, "CSV")
"""As spreadsheets write it where the comma is the decimal mark."""
TSV = Form("\t", False, "tab-separated values")
QUOTED_TSV = Form("\t", True, "tab-separated values")
"""Of corpora whose tab-separated files were written by a program that quotes."""
SEMICOLONS = Form(";", True, "CSV with semicolons")
"""As spreadsheets write where the comma is in numbers."""
BARS = Form("|", True, "CSV with bars")


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One row of a file.

    Attributes:
      number: of the line that it begins in, from 1.
      cells: none where the row cannot be read.
      error: what is wrong with such a row, with file and line.
    """

    number: int
    cells: tuple[str, ...]
    error: str = ""


def rows(file: IO[bytes], form: Form, where: str) -> Iterator[Line]:
    """The rows of a stream that are not blank, one in memory at a time; a row that cannot be read ends nothing.

    Args:
      file: in UTF-8, with or without a byte order mark.
      form: `CSV`, `TSV` or `QUOTED_TSV`.
      where: begins the messages.

    Raises:
      UserError: the mark of another encoding.
    """
    beginning = file.read(4)
    refuse_other_marks(beginning, f"{where}:1")
    lines = _lines(_Joined(beginning, file), form)
    for number, cells, problem in _quoted(lines, form) if form.quoted else _plain(lines, form):
        problem = problem or _problem_of(cells)
        if problem:
            yield Line(number, (), f"{where}:{number}: {problem}")
        elif cells:
            yield Line(number, tuple(cells))


def checked_rows(file: IO[bytes], form: Form, where: str) -> Iterator[Line]:
    """`rows`, of which the first that cannot be read is an error.

    Raises:
      UserError: with file and line.
    """
    for line in rows(file, form, where):
        if line.error:
            raise UserError(line.error)
        yield line


def table(file: IO[bytes], form: Form, where: str) -> tuple[tuple[str, ...], Iterator[Line]]:
    """The names of the columns, and the rows below them, of which each has a cell for every column or an error.

    Raises:
      UserError: an empty file, a first line that cannot be read, or a column twice.
    """
    found = rows(file, form, where)
    first = next(found, None)
    if first is None:
        raise UserError(f"{where}: expected {form.name} with the names of the columns in its first line, found no line")
    if first.error:
        raise UserError(first.error)
    header = first.cells
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise UserError(f"{where}:{first.number}: expected each column once, found {shown(twice[0])} twice")
    return header, (_with_columns(line, header, where) for line in found)


def row_text(cells: Iterable[str], form: Form) -> str:
    """A row of a file, with its line end; `rows` reads the same cells.

    Raises:
      UserError: a cell with a tab or a line break in a form that does not quote.
    """
    if form.quoted:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=form.delimiter, lineterminator="\n").writerow(cells)
        return text.getvalue()
    cells = list(cells)
    if any(set(cell) & {form.delimiter, "\n", "\r"} for cell in cells):
        raise UserError(f"{form.name}: a cell cannot hold a tab or a line break, found {shown(cells)}")
    return form.delimiter.join(cells) + "\n"


def _with_columns(line: Line, header: tuple[str, ...], where: str) -> Line:
    if line.error or len(line.cells) == len(header):
        return line
    names = ", ".join(header)
    named = names if len(names) <= _NAMED else f"{names[:_NAMED]}..."
    problem = f"expected {len(header)} columns ({named}), found {len(line.cells)}"
    return Line(line.number, (), f"{where}:{line.number}: {problem}")


class _Joined(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, beginning: bytes, rest: IO[bytes]) -> None:
        self._beginning, self._rest = beginning, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        piece = self._beginning[: len(buffer)] or self._rest.read(len(buffer))
        self._beginning = self._beginning[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def _lines(file: _Joined, form: Form) -> Iterator[str]:
    """The lines with their ends; bytes that are not UTF-8 are kept as escapes. Nothing of a quoting form is a line."""
    newline = "" if form.quoted else "\n"
    text = io.TextIOWrapper(io.BufferedReader(file), "utf-8-sig", "surrogateescape", newline)
    while line := text.readline(LONGEST_LINE):
        yield line


def _plain(lines: Iterable[str], form: Form) -> Iterator[tuple[int, list[str], str]]:
    for number, line in enumerate(lines, start=1):
        content = line.removesuffix("\n").removesuffix("\r")
        yield number, content.split(form.delimiter) if content else [], ""


def _quoted(lines: Iterable[str], form: Form) -> Iterator[tuple[int, list[str], str]]:
    reader = csv.reader(lines, delimiter=form.delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            yield number, next(reader), ""
        except StopIteration:
            return
        except csv.Error as error:
            yield number, [], f"expected {form.name}, found it damaged ({_reason(str(error))})"


def _reason(said: str) -> str:
    """Python's messages in the words of a user."""
    if said == "unexpected end of data":
        return "a quotation mark that opens in this line is never closed"
    if "expected after" in said:
        return "a quotation mark inside a cell; in a cell in marks it is written twice"
    return f"a cell of more than {LONGEST_CELL:,} characters" if "field limit" in said else said


def _problem_of(cells: list[str]) -> str:
    for cell in cells:
        if not cell.isascii() and (found := _NOT_UTF8.search(cell)):
            return f"expected UTF-8, found the byte 0x{ord(found[0]) - 0xDC00:02x}"
        if "\0" in cell:
            return "expected text, found NUL characters; is the file in UTF-16?"
        if len(cell) > LONGEST_CELL:
            return f"expected cells of at most {LONGEST_CELL:,} characters, found one of {len(cell):,}"
    return ""


def for_spreadsheets(lines: Iterable[Sequence[str]]) -> bytes:
    """Cells as CSV that spreadsheets read as text in UTF-8, with a byte order mark.

    A cell that begins like a formula, which a spreadsheet would run, gets an apostrophe in front, see `as_text`.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_no_formula(cell) for cell in line] for line in lines)
    return codecs.BOM_UTF8 + text.getvalue().encode()


def as_text(cell: str) -> str:
    """A cell without the apostrophe of `for_spreadsheets`."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _no_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
