"""YAML: words, lists and mappings with their lines; nothing constructed, nothing expanded."""

import pytest

from space_jax.errors import UserError
from space_jax.reading.yaml_text import Yaml, parse_yaml


def plain(value):
    """The value without lines."""
    if isinstance(value.value, list):
        return [plain(one) for one in value.value]
    return {name: plain(one) for name, one in value.value.items()} if isinstance(value.value, dict) else value.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("a:", {"a": None}),
        ("- no\n- on\n- 1.0\n- 2024-01-01\n- 'null'", ["no", "on", "1.0", "2024-01-01", "null"]),
        ("no: yes", {"no": "yes"}),
        ("a: |\n  - b\n  - c\n", {"a": "- b\n- c\n"}),
        ("a: !!python/object/apply:os.system ['x']", {"a": ["x"]}),
        ("é: 漢😀", {"é": "漢😀"}),
    ],
)
def test_values(text, value):
    assert plain(parse_yaml(text, "f")) == value


def test_lines_and_literal_texts():
    found = parse_yaml("# a\nb:\n- c\n- d: |\n    e\n", "f")
    assert found.line == 2
    inner = found.value["b"].value
    assert [one.line for one in inner] == [3, 4]
    assert inner[1].value["d"] == Yaml(4, "e\n", literal=True)
    assert not inner[0].literal


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", r"^f:3: expected every key once, found 'a' twice"),
        ("a:\n- &x [1]\n- *x", r"^f:3: expected YAML, found it damaged \(an alias, \*x; write out"),
        ("? [1]\n: 2", r"^f:1: expected a name as key"),
        ("~: 2", r"^f:1: expected a name as key, found nothing"),
        ("a: b\n c: d", r"^f:2: expected YAML, found it damaged \(mapping values"),
        ("--- a\n--- b", r"^f:2: expected YAML, found it damaged \(but found another document"),
        ("a: b\nc: \x1b", r"^f:2: expected YAML, found a control character"),
        ("[" * 10_000, r"^f: expected YAML, found it damaged \(it is nested too deeply"),
        ('"\\ud800"', r"^f:1: expected text, found half a surrogate pair"),
        ('"\\U99999999"', r"^f: expected YAML, found it damaged"),
    ],
)
def test_what_is_no_yaml_names_its_line(text, message):
    with pytest.raises(UserError, match=message):
        parse_yaml(text, "f")
