"""`map_dialogues` and `space-jax map`: the same groups as data and as a page, with and without annotation."""

import json

import pytest

import space_jax
from space_jax.api import maps
from space_jax.api.maps import WHOLE, map_dialogues
from space_jax.cli import main
from space_jax.dialogue.jsonl import dialogue_to_json, write_jsonl
from space_jax.errors import UserError
from tests.corpora.dialogue_map.dialogues import ByWord, annotated, shop

pytest.importorskip("sklearn", reason="scikit-learn comes with the extra map")


def test_groups_as_data_and_as_a_page(tmp_path):
    found = map_dialogues(ByWord(), shop(), groups=3)
    assert (found.dialogues, found.turns, found.fails, list(found.views)) == (12, 76, None, [WHOLE])
    assert [group.turns for group in found.groups] == [12, 18, 8, 12, 18, 8]
    assert json.loads(json.dumps(found.as_json()))["views"][WHOLE]["groups"][0]["then"] == {"3": 1.0}
    found.save(tmp_path / "map.html", "Shop <1>")
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert page == found.html("Shop <1>")
    assert "12 dialogues, 76 turns" in page
    assert "Shop &lt;1&gt;" in page


def test_objects_are_dialogues_too():
    objects = [{key: value for key, value in dialogue_to_json(one).items() if key != "id"} for one in annotated()]
    found = map_dialogues(ByWord(), objects, groups=1)
    assert found.fails == 0.5
    assert found.groups[0].members == (("dialogue 1", 1), ("dialogue 2", 1), ("dialogue 2", 3))
    with pytest.raises(UserError, match=r"^dialogue 2: field turns: expected at least one turn"):
        map_dialogues(ByWord(), [objects[0], {"turns": []}])
    with pytest.raises(UserError, match=r"^map: expected dialogues with words, found none"):
        map_dialogues(ByWord(), [])


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with dialogues in two splits, in which `minilm` is the model of `ByWord`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(maps.Sentences, "load", lambda name: ByWord())
    (tmp_path / "logs").mkdir()
    write_jsonl("logs/train.jsonl", shop())
    write_jsonl("logs/validation.jsonl", annotated())
    return tmp_path


def test_the_command(here, capsys):
    assert main(["map", "--source", "logs", "--init", "minilm", "--out", "map.html"]) == 0
    out, err = capsys.readouterr()
    assert "hello" in out
    assert err == "mapping 14 dialogues\n"
    assert "<title>Map of logs</title>" in (here / "map.html").read_text()
    arguments = [
        "map",
        "jsonl",
        "--source",
        "logs",
        "--init",
        "minilm",
        "--out",
        "some.html",
        "--groups",
        "2",
        "--json",
    ]
    assert main([*arguments, "--split", "train", "--limit", "5"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["dialogues"] == 5
    assert err == "mapping 5 dialogues of 12, chosen by their ids; --limit N takes more\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--groups", "0"], "--groups: 0 is not at least 1"),
        (["--limit", "-3"], "--limit: -3 is not at least 1"),
        (["--groups", "99"], "--groups 99: must be from 1 to"),
        (["--out", "no/map.html"], "--out: expected an existing folder to write to, found no no"),
        (["--source", "nowhere"], "corpus jsonl: source nowhere does not exist"),
    ],
)
def test_mistakes(here, capsys, arguments, message):
    before = sorted(here.rglob("*"))
    assert main(["map", "--source", "logs", "--init", "minilm", "--out", "map.html", *arguments]) == 2
    assert f"space-jax: {message}" in capsys.readouterr().err
    assert sorted(here.rglob("*")) == before


def test_a_model_is_needed(capsys):
    with pytest.raises(SystemExit):
        main(["map", "--source", "logs", "--out", "map.html"])
    assert "one of the arguments --workdir --init is required" in capsys.readouterr().err


def test_a_folder_that_is_no_model(here, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(UserError, match="not a folder of weights: expected the workdir of a run"):
        map_dialogues(here, shop())
    (here / "checkpoints").mkdir()
    (here / "config.json").write_text('{"task": {"name": "intent"}}')
    with pytest.raises(UserError, match="is a fine-tuning run; turns are read by a pre-training run's"):
        map_dialogues(here, shop())
    assert space_jax.map_dialogues is map_dialogues
