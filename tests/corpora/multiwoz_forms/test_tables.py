"""The tables of a release, and what the tasks read of every form."""

import json
import shutil

import pytest

from space_jax.corpora.multiwoz_forms.tables import table_files
from space_jax.errors import UserError
from space_jax.tasks.config import DataSource
from space_jax.tasks.dialogue.config import DialogueConfig
from space_jax.tasks.dialogue.task import DialogueTask
from space_jax.tasks.track.config import TrackConfig
from space_jax.tasks.track.task import TrackTask
from space_jax.world.corpus_worlds import Worlds
from tests.corpora.multiwoz_forms import written
from tests.corpora.multiwoz_forms.small import CONTENT

HOTELS = json.dumps([{"name": "the blue door", "area": "centre", "stars": "4", "location": [1, 2]}])
# As the archives have them, which is no JSON.
HOSPITALS = f"## Address:\n# Hills Rd\n##\n\n{json.dumps([{'department': 'surgery', 'phone': '1'}])}"
TAXIS = '[\n  "taxi_colors" : ["red"],\n  "taxi_types":  ["ford"],\n  "taxi_phone": ["^[0-9]{10}$"]\n]\n'


def write_tables(folder):
    for domain, text in (("hotel", HOTELS), ("hospital", HOSPITALS), ("taxi", TAXIS)):
        written.write(folder / f"{domain}_db.json", text)


@pytest.fixture
def archive(tmp_path):
    """2.1 as it is downloaded."""
    written.data_json(tmp_path / "release" / "MultiWOZ_2.1", CONTENT)
    write_tables(tmp_path / "release" / "MultiWOZ_2.1")
    return shutil.make_archive(str(tmp_path / "MultiWOZ_2.1"), "zip", tmp_path / "release")


def test_the_tables_of_an_archive_although_they_are_no_json(archive):
    database = Worlds("multiwoz21", archive).of("train-MUL1").database
    assert {domain: database.query(domain, {}) for domain in database.domains if domain != "taxi"} == {
        "hotel": [{"name": "the blue door", "area": "centre", "stars": "4"}],
        "hospital": [{"department": "surgery", "phone": "1"}],
    }
    assert [row["car"] for row in database.query("taxi", {})] == ["red ford"]


def test_tables_above_the_dialogues(tmp_path):
    written.schema_guided(tmp_path / "data" / "MultiWOZ_2.2", CONTENT)
    write_tables(tmp_path / "db")
    assert [where for where, _ in table_files(tmp_path)] == [
        str(tmp_path / "db" / f"{domain}_db.json") for domain in ("hospital", "hotel", "taxi")
    ]
    with pytest.raises(
        UserError, match=r"MultiWOZ_2\.2: expected the tables of MultiWOZ .* task\.database names another"
    ):
        Worlds("multiwoz21", str(tmp_path / "data" / "MultiWOZ_2.2")).of("any")


def test_damaged_tables_are_named(tmp_path):
    written.data_json(tmp_path, CONTENT)
    for name, text, message in (
        ("hotel_db.json", '[{"name": ', r"hotel_db\.json: expected JSON, found it damaged"),
        ("hotel_db.json", "[]", r"hotel_db\.json: expected a list of objects"),
        ("taxi_db.json", '["taxi_colors"]', r"taxi_db\.json: expected taxi_colors and taxi_types"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(UserError, match=message):
            Worlds("multiwoz21", str(tmp_path)).of("any")
        (tmp_path / name).unlink()


def test_tracker_and_agent_read_the_same_of_an_archive_as_of_the_corpus(archive, tmp_path):
    own = tmp_path / "multiwoz21"
    written.split_files(own, CONTENT)
    write_tables(own / "db")
    for task, config in ((TrackTask, TrackConfig(train_split="train")), (DialogueTask, DialogueConfig())):
        for split in ("train", "validation", "test"):
            packed, files = (
                task.read_split(config, DataSource(corpus="multiwoz21", source=str(source)), split)
                for source in (archive, own)
            )
            assert packed == files
            assert packed
