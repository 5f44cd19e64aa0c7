"""Text that others wrote, for a terminal and in messages."""

import json
import pickle

import pytest

from space_jax.errors import UserError
from space_jax.printable import LONGEST, one_sentence, printable, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2JIvy\x1b]0;owned\x07", r"\u001b[2JIvy\u001b]0;owned\u0007"),
        ("\x9b31m\x7f\r\x00", r"\u009b31m\u007f\u000d\u0000"),
        ("a\u202eb\u2066c\u2029", r"a\u202eb\u2066c\u2029"),
        ("half \ud800", r"half \ud800"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("é 漢 😀 👩‍👩‍👧 می‌خواهم e\u0301", "é 漢 😀 👩‍👩‍👧 می‌خواهم e\u0301"),
    ],
)
def test_control_characters_are_spelled_out_and_letters_stay(text, expected):
    assert printable(text) == expected
    assert printable(expected) == expected


def test_every_character_is_printed_harmlessly():
    everything = "".join(map(chr, range(0x3000)))
    kept = set(printable(everything))
    assert not kept & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0x2028)}
    assert set("aé漢\n\t") - {"漢"} <= kept


def test_json_keeps_its_value():
    value = {"\x9b": ["\x1b\ud800\u2028", "é\x7f"]}
    text = printable(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    text.encode()


def test_one_sentence():
    assert one_sentence("f:1: two\n\nlines\x1b[2J") == r"f:1: two lines\u001b[2J"
    assert one_sentence("te\ufeffxt a\u200bb \U000e0041 é😀") == r"te\ufeffxt a\u200bb \U000e0041 é😀"
    long = one_sentence(f"where: {'x' * 10_000}; the fix")
    assert len(long) <= LONGEST
    assert long.startswith("where: xx")
    assert long.endswith("xx; the fix")


def test_values_are_shown_short():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, "x" * 10_000, list(range(10_000)), {str(n): n for n in range(1000)}, 10**4000, b"x" * 10_000):
        assert len(shown(value)) < 250
    assert shown("a\x1b'b") == '"a\\x1b\'b"'
    assert shown(10**5000) == "a int of very many digits"


def test_a_users_error_is_one_printable_sentence_also_in_another_process():
    error = UserError("f: \x1b[2J\nfound " + "y" * 5000)
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == one_sentence(str(error))
    assert len(str(error)) <= LONGEST
    assert str(error).isprintable()
