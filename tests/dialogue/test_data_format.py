"""The examples in docs/data_format.md are what the reader accepts."""

import json
import re
from pathlib import Path

from space_jax.dialogue import ACTS, dialogue_from_json

TEXT = (Path(__file__).parents[2] / "docs" / "data_format.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_json_examples_are_dialogues():
    plain, annotated = (dialogue_from_json(json.loads(block)) for block in blocks("json"))
    assert plain.turns[0].frames is None
    assert [turn.acts for turn in annotated.turns] == [("inform",), ("propose", "request")]
    assert annotated.turns[0].state == {"hotel": {"price": ("cheap",), "area": ("north", "the north")}}


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for block in blocks("python"):
        exec(block, {})
    assert capsys.readouterr().out == "call-17 2\n1 0 []\n"


def test_the_acts_are_all_named():
    listed = TEXT[TEXT.index("**Acts**") : TEXT.index("## What is accepted")]
    assert [word for word in re.findall(r"[a-z_]+", listed) if word in ACTS] == list(ACTS)
