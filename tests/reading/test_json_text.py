"""JSON and TOML: what no definition of them has is refused in one sentence, with the file."""

import json

import pytest

from space_jax.errors import UserError
from space_jax.reading.json_text import DEEPEST, parse_json, read_json, read_toml, shipped_json


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("value", [None, True, 3, -1.5e300, "é 漢 😀", [], {"a": {"b": [1, "x"]}}, {"": 0}])
def test_values_come_back(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False), f" {json.dumps(value, indent=2)}\r\n"):
        assert parse_json(text, "f") == value
        assert parse_json(text.encode(), "f") == value
        assert parse_json(b"\xef\xbb\xbf" + text.encode(), "f") == value


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"{", "Expecting property name"),
        (b"[1] [2]", "Extra data"),
        (b"[" * 100_000, "nested too deeply, in more than 100 levels"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (nested(DEEPEST + 2).encode(), "nested too deeply"),
        (b'{"a": 1, "a": 2}', "every key once in an object, found 'a' twice"),
        (b'[{"x": {"b": 1, "a": 2, "b": 3}}]', "found 'b' twice"),
        (b"[NaN]", "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"[1e999]", "a number is inf, expected a finite one"),
        (b'{"n": ' + b"1" * 5000 + b"}", "digits"),
        (b'["\\ud800"]', "has half a surrogate pair"),
        (b'{"\\udfff": 1}', "has half a surrogate pair"),
        (b'["\\ude00\\ud83d"]', "has half a surrogate pair"),
        ('["é"]'.encode("latin-1"), "expected UTF-8, found 0xe9 at byte 2"),
    ],
)
def test_what_is_refused(content, reason):
    with pytest.raises(UserError) as caught:
        parse_json(content, "x/y.json")
    assert str(caught.value).startswith("x/y.json: expected JSON, found it damaged (")
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-be"])
def test_other_encodings_are_named(encoding):
    content = ("\ufeff" if encoding.endswith("be") else "") + '["é"]'
    with pytest.raises(UserError, match=rf"found it damaged: expected UTF-8, found {encoding[:6].upper()}; save"):
        parse_json(content.encode(encoding), "f.json")


def test_whole_pairs_and_deep_but_sensible_values_are_taken():
    assert parse_json(b'["\\ud83d\\ude00"]', "f") == ["😀"]
    assert json.dumps(parse_json(nested(DEEPEST), "f")) == nested(DEEPEST)


def test_nan_is_null_where_data_frames_write_tables():
    assert parse_json('[{"fee": NaN}]', "f", nan_is_null=True) == [{"fee": None}]
    with pytest.raises(UserError, match="Infinity is no number"):
        parse_json("[Infinity]", "f", nan_is_null=True)


def test_files(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf[1]")
    assert read_json(tmp_path / "a.json") == [1]
    for missing, reason in ((tmp_path / "b.json", "No such file"), (tmp_path, "directory")):
        with pytest.raises(UserError, match=rf"{missing.name}: cannot be read \(.*{reason}"):
            read_json(missing)


def test_toml(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('\ufeff[a]\nb = [1, 2.5, "x"]\n', encoding="utf-8")
    assert read_toml(path) == {"a": {"b": [1, 2.5, "x"]}}
    for content, reason in (
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + nested(DEEPEST + 2), "nested too deeply"),
        ("a = nan", "a number is nan"),
        ("a = -inf", "a number is -inf"),
        ("a = 1\na = 2", "found it damaged"),
        ("a", "found it damaged"),
    ):
        path.write_text(content)
        with pytest.raises(UserError, match=rf"a\.toml: expected TOML, found it damaged \(.*{reason}|{reason}"):
            read_toml(path)
    path.write_bytes(b'a = "caf\xe9"\n')
    with pytest.raises(UserError, match=r"a\.toml:1: expected UTF-8"):
        read_toml(path)


def test_what_comes_with_the_package_is_read_strictly_too():
    assert "slots" in shipped_json("space_jax.corpora", "unified_names.json")
