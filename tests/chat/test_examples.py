"""What somebody might say first."""

import pytest

from space_jax.chat.examples import examples_for
from space_jax.config_files import save_config
from space_jax.dialogue.jsonl import write_jsonl
from space_jax.dialogue.record import SYSTEM, USER, Dialogue, Turn
from space_jax.tasks.config import DataSource, FinetuneConfig
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.splits import dialogues
from space_jax.world.database import Database

HOTEL, TAXI = {"hotel": {"area": ("north",)}}, {"taxi": {"to": ("York",)}}


@pytest.fixture
def shown(tmp_path):
    """The examples for an agent that was trained on this."""

    def run(data, tables=None):
        save_config(FinetuneConfig(task=DialogueConfig(), data=data), tmp_path)
        return examples_for(tmp_path, Database(tables or {}))

    return run


@pytest.fixture
def own(shown, tmp_path):
    """The same for dialogues that begin with these (words, state)."""

    def run(*beginnings, tables=None):
        path = tmp_path / "train.jsonl"
        turns = ((Turn(SYSTEM, "Hello"), Turn(USER, text, state=state)) for text, state in beginnings)
        write_jsonl(path, [Dialogue(f"d{number}", both) for number, both in enumerate(turns)])
        return shown(DataSource(train=str(path)), tables)

    return run


def test_they_are_openings_of_the_agents_own_data(shown):
    data = DataSource(corpus="simulated", options=("dialogues=1000", "domains=hotel,taxi"))
    openings = {next(turn.text for turn in one.turns if turn.role == USER) for one in dialogues(data, "validation")}
    some = shown(data)
    assert len(some) == 4
    assert set(some) <= openings


def test_every_domain_comes_before_a_second_of_one(own):
    beginnings = [(f"hotel  {n}\n", HOTEL) for n in range(9)] + [("taxi", TAXI)]
    assert own(*beginnings) == ("hotel 0", "taxi", "hotel 1", "hotel 2")


def test_what_is_no_wish_or_too_long_is_left_out(own):
    assert own(("hi", {}), ("hi", None), ("x" * 101, HOTEL), ("a hotel", HOTEL), ("a hotel", HOTEL)) == ("a hotel",)


def test_only_domains_with_tables_count_where_there_are_tables(own):
    tables = {"taxi": [{"name": "Ann", "to": "York"}]}
    assert own(("a hotel", HOTEL), ("a taxi", TAXI), tables=tables) == ("a taxi",)


def test_without_data_the_tables_speak(own, shown, tmp_path):
    rows = [{"name": "Ivy", "price_range": "cheap"}, {"name": "Oak", "price_range": "dear", "area": "north"}]
    tables = {"guest house": [*rows, {"name": "Elm", "area": "north"}], "names": [{"name": "Ann"}]}
    gone = DataSource(corpus="kvret", source=str(tmp_path / "gone"))
    assert shown(gone, tables) == ("guest house, area north",)
    assert shown(gone) == ()
    assert own(("a hotel", HOTEL), tables=tables) == ("guest house, area north",)
