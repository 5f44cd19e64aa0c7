"""`check_data`, and `space-jax data check` in its words."""

import json

import pytest

from space_jax.api.data_check import check_data
from space_jax.cli import main
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.errors import UserError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "hotels.csv").write_text("name,area\nMill House,north\n", encoding="utf-8")
    turns = (Turn(USER, "hi", state={"hotel": {"area": ("north",)}}), Turn(SYSTEM, "ok", delexicalised="[hotel_zoo]"))
    write_jsonl(tmp_path / "logs.jsonl", [Dialogue("a", turns)])
    (tmp_path / "rows.csv").write_text("text,label\nfix it,fix\nFix it!,mend\n", encoding="utf-8")
    return tmp_path


def test_an_agent_beside_its_tables(here, capsys):
    found = check_data("logs.jsonl", "agent", "tables")
    assert found.nearest == {"hotel": "hotels"}
    assert main(["data", "check", "logs.jsonl", "--for", "agent", "--database", "tables"]) == 0
    said = capsys.readouterr().out
    assert "domains of belief states without a table: hotel (1, nearest hotels; dialogue a, turn 0)\n" in said
    assert "tables that no belief state mentions: hotels\n" in said
    assert "placeholders that no column and no belief state fills: [hotel_zoo] (1; dialogue a, turn 1)\n" in said
    assert main(["data", "check", "logs.jsonl", "--for", "agent", "--database", "tables", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == found.as_json()
    assert report["agent"]["nearest"] == {"hotel": "hotels"}


def test_warnings_end_with_status_0(here, capsys):
    assert main(["data", "check", "rows.csv", "--for", "intent"]) == 0
    said = capsys.readouterr().out
    assert "rare labels, fewer than 5 in train: mend 1, fix 1\n" in said
    assert "near duplicates with different labels, 1: 'fix it': fix (rows.csv:2) and mend (rows.csv:3)\n" in said


def test_nothing_usable_ends_with_status_2(here, capsys):
    assert main(["data", "check", "logs.jsonl", "--for", "intent"]) == 2
    out, err = capsys.readouterr()
    assert "left out of train, 1: the user turn has no frames (dialogue a, turn 0)" in out
    assert err == ("space-jax: logs.jsonl: nothing in it can be used for intent: the user turn has no frames (1)\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rows.csv", "parse"), "task: expected one of intent, slots, track, agent, found 'parse'"),
        (("rows.csv", "intent", "tables"), "database: belongs to the task agent"),
        (("rows.csv", "track", "", "words"), "--text-field: the task track does not have this option"),
        (("none.csv", "intent"), "none.csv: expected a file, or a folder"),
    ],
)
def test_mistakes(here, arguments, message):
    with pytest.raises(UserError, match=message):
        check_data(*arguments)
