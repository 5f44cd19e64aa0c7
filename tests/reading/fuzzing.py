"""Spoilt files at every door: each gives what it says, or `UserError` in one printable sentence; nothing else.

`python -m tests.reading.fuzzing 60` tries for a minute and prints how many inputs each door was given and refused.
"""

import argparse
import dataclasses
import re
import tempfile
import time
from pathlib import Path

import hypothesis
from hypothesis import strategies as st

from space_jax.errors import UserError
from space_jax.printable import LONGEST
from tests.reading.doors import DOORS, Door

FAULTS: dict[str, bytes] = {
    "empty": b"",
    "blank lines": b"\n\r\n  \n",
    "a byte order mark alone": b"\xef\xbb\xbf",
    "nested lists": b"[" * 100_000,
    "nested objects": b'{"a":' * 100_000,
    "nested, and whole": b"[" * 500 + b"]" * 500,
    "nested TOML": b"a = " + b"[" * 100_000,
    "null": b"null",
    "a number": b"5",
    "a list": b'[1, "x", null]',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "half an object": b"{",
    "keys twice": b'{"a": 1, "a": 2}',
    "a byte order mark within a column's name": "te\ufeffxt\tlabel\nhi\ta\n".encode(),
    "NaN": b'[{"a": NaN, "b": Infinity}]',
    "an infinite number": b'{"a": 1e999}',
    "a number of many digits": b'{"a": ' + b"9" * 5000 + b"}",
    "half a surrogate pair": b'[{"name": "\\ud800", "area": "north"}]',
    "UTF-16": '{"text": "é"}\n'.encode("utf-16"),
    "UTF-16 without a mark": "text,label\nhi,a\n".encode("utf-16-le"),
    "Latin-1": '[{"text": "für"}]\ntext,für\n'.encode("latin-1"),
    "a column twice": b"text,label,label\nhi,a,b\n",
    "a long header": b"x" * 131_100 + b",label\nhi,a\n",
    "2,001 columns": b",".join(b"c%d" % n for n in range(2001)) + b"\n" + b"," * 2000 + b"\n",
    "a mark that swallows lines": b'text,label\n"hi,a\nyou,b\n',
    "tabs and marks": b'text\tlabel\n"book a\tbook\ncancel"\tcancel\n',
    "escapes of a terminal": b'{"\x1b[2J": "\x1b]0;x\x07"}\nname\n\x1b[2JIvy\n',
    "escapes of a terminal in JSON": b'["\\u001b[2J", {"\\u001b": "\\u009b"}]',
    "a gzip file that is none": b"\x1f\x8b\x08 damaged",
    "a zip archive that is none": b"PK\x03\x04 damaged",
    "binary": bytes(range(256)) * 4,
}
"""The faults found so far; each is tried at every door."""

PIECES = (
    *(b'"', b"'", b",", b"\t", b"\n", b"\r", b"\0", b"\x1b[2J", b"[", b"]", b"{", b"}", b":", b"\\", b"\\ud800", b"-1"),
    *(b"NaN", b"null", b"true", b"1e999", b"0.5", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe9", b"[" * 200, b'"a":1,"a":2,'),
    *(
        b"../",
        b"\xed\xa0\x80",
        b"9" * 4400,
        b"x" * 3000,
        "é漢😀\u202e".encode(),
        b'{"a": [null]}',
        b'"x"',
        b"[]",
        b"{}",
    ),
)


VALUES = (
    *(b"null", b"true", b"0", b"-1", b"7", b"1.5", b"1e30", b"9" * 30, b'"x"', b'""', b'"a.b"', '"漢"'.encode()),
    *(b"[]", b"{}", b"[null]", b'["x"]', b'{"x": {}}', b'[["x", 1]]', b'[{"x": null}]', b'"\\u001b[2J"'),
)
"""JSON values, each put in the place of another one."""

_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|\[[^][]*\]|\{[^{}]*\}')


@dataclasses.dataclass
class Figures:
    """What a door was given: inputs, and how many it refused."""

    tried: int = 0
    refused: int = 0


@st.composite
def spoilt(draw: st.DrawFn, whole: bytes) -> bytes:
    """A whole file after a few changes: another value for one, bits turned over, a part cut out, doubled, replaced."""
    content = whole
    for _ in range(draw(st.integers(1, 4))):
        first, second = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        change = draw(st.sampled_from((*["value"] * 5, "flip", "insert", "replace", "drop", "double", "cut", "noise")))
        places = [found.span() for found in _VALUE.finditer(content)] if change == "value" else []
        if places:
            first, second = draw(st.sampled_from(places))
            content = content[:first] + draw(st.sampled_from(VALUES)) + content[second:]
        elif change == "flip" and first < len(content):
            turned = content[first] ^ (1 << draw(st.integers(0, 7)))
            content = content[:first] + bytes([turned]) + content[first + 1 :]
        elif change == "insert":
            content = content[:first] + draw(st.sampled_from(PIECES)) + content[first:]
        elif change == "replace":
            content = content[:first] + draw(st.sampled_from(PIECES)) + content[second:]
        elif change == "drop":
            content = content[:first] + content[second:]
        elif change == "double":
            content = content[:second] + content[first:second] + content[second:]
        elif change == "cut":
            content = content[:first]
        elif change == "noise":
            content = content[:first] + draw(st.binary(max_size=40)) + content[first:]
    return content


def offer(door: Door, folder: Path, content: bytes, figures: Figures) -> None:
    """Gives one file to a door.

    Raises:
      AssertionError: the sentence is too long or not printable, or a file was left behind.
    """
    (folder / door.file).write_bytes(content)
    before = sorted(folder.rglob("*"))
    said = ""
    try:
        door.read(folder)
    except UserError as error:
        said = str(error)
    figures.tried, figures.refused = figures.tried + 1, figures.refused + bool(said)
    assert said.isprintable(), repr(said)
    assert len(said) <= LONGEST
    assert sorted(folder.rglob("*")) == before, "a file was left behind"


def fuzz(name: str, folder: Path, figures: Figures, examples: int, seed: int) -> None:
    """Gives so many spoilt files to a door; the same seed gives the same files."""
    door = DOORS[name]
    door.beside(folder)

    checks = list(hypothesis.HealthCheck)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples, database=None, derandomize=False, suppress_health_check=checks, deadline=None
    )
    @hypothesis.given(spoilt(door.content))
    def given(content: bytes) -> None:
        offer(door, folder, content, figures)

    given()


def fuzz_for(name: str, seconds: float) -> Figures:
    """Gives spoilt files to a door for so long, by seeds 0, 1, 2, ...; at least those of one seed."""
    figures, end, seed = Figures(), time.monotonic() + seconds, 0
    while seed == 0 or time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            fuzz(name, Path(folder), figures, 25, seed)
        seed += 1
    return figures


def main() -> None:
    """Prints the figures of every door."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=float, help="for all doors together")
    seconds = parser.parse_args().seconds / len(DOORS)
    total = Figures()
    for name in DOORS:
        figures = fuzz_for(name, seconds)
        total.tried, total.refused = total.tried + figures.tried, total.refused + figures.refused
        print(f"{name:<26}{figures.tried:>8} tried{figures.refused:>8} refused", flush=True)
    print(f"{f'all {len(DOORS)} doors':<26}{total.tried:>8} tried{total.refused:>8} refused, every other one was read")


if __name__ == "__main__":
    main()
