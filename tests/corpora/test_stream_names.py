"""Streams, which builds and mixtures read, have the names that all corpora share, or on request the source's."""

import json

import pytest

from space_jax.cli import main
from space_jax.corpora.stream import SOURCE, stream


@pytest.fixture
def woz(tmp_path):
    turn = {
        "turn_idx": 0,
        "system_transcript": "",
        "system_acts": [],
        "transcript": "something cheap",
        "turn_label": [["price range", "cheap"]],
        "belief_state": [{"act": "inform", "slots": [["price range", "cheap"]]}],
    }
    later = {**turn, "turn_idx": 1, "system_transcript": "do you mean cheap ?", "system_acts": [["food", "thai"]]}
    (tmp_path / "woz_train_en.json").write_text(json.dumps([{"dialogue_idx": 1, "dialogue": [turn, later]}]))
    return tmp_path


def test_names_of_a_stream(woz):
    shared = list(stream("woz2", woz, "train", {}))
    assert list(stream("woz2", woz, "train", {}, SOURCE)) != shared
    (dialogue,) = shared
    assert [slot.name for slot in dialogue.turns[0].frames[0].slots] == ["price_range"]
    assert dialogue.turns[1].frames[0].intent == "expl_confirm"


@pytest.mark.parametrize(("names", "intent"), [([], "expl_confirm"), (["--names", "source"], "confirm")])
def test_show_has_the_same_names_as_a_build(woz, capsys, names, intent):
    assert main(["data", "show", "woz2", "--source", str(woz), *names]) == 0
    assert f"restaurant > {intent}(food=thai)" in capsys.readouterr().out
