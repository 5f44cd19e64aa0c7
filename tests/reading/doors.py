"""Every way for a file into the package, with a small file that is whole."""

import dataclasses
import functools
import io
import json
import re
import shutil
import sqlite3
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from space_jax.agent.response_log import ResponseLog
from space_jax.config_files import load_config, read_config, save_config
from space_jax.convert.bert import from_bert
from space_jax.convert.state_files import read_state
from space_jax.convert.weights_folder import read_weights_folder
from space_jax.corpora.divided_files import read_table
from space_jax.corpora.importing import read_source
from space_jax.corpora.importing.sentences import sentence_file
from space_jax.corpora.mixtures.files import read_mixture
from space_jax.corpora.registry import CORPORA
from space_jax.corpora.sgd_services import services
from space_jax.dialogue.jsonl import read_jsonl, write_jsonl
from space_jax.errors import UserError
from space_jax.evaluation.multiwoz.predictions import read_predictions
from space_jax.features.example import Limits
from space_jax.features.prepared_corpus import FORMAT, open_prepared
from space_jax.features.storage import missing_files, read_split, shard_name
from space_jax.features.tokenizer import load_tokenizer
from space_jax.features.tokenizer_folder import DESCRIPTION_FILE
from space_jax.features.wordpiece_tokenizer import WordPieceTokenizer
from space_jax.reading.archives import gzipped, read_gunzipped, tar_members, zip_members
from space_jax.reading.arrays import read_array, read_arrays
from space_jax.reading.encodings import guessed_text
from space_jax.reading.json_text import read_json, read_toml
from space_jax.reading.text import read_bytes, read_text
from space_jax.reading.yaml_text import parse_yaml
from space_jax.scale.compare import read_report
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.labelling.sheet import Suggestion, read_sheet, sheet
from space_jax.tasks.record_sources import rows_of
from space_jax.tasks.shots import select
from space_jax.training.metrics import read_records
from space_jax.world.tables import read_bookings, read_database
from space_jax.writing import new_files
from tests.corpora import test_bad_input
from tests.corpora.multiwoz_forms import written as multiwoz_written
from tests.corpora.multiwoz_forms.small import CONTENT
from tests.features import test_storage, test_wordpiece_tokenizer


@dataclasses.dataclass(frozen=True)
class Door:
    """A way into the package.

    Attributes:
      file: is spoilt; its path in a folder.
      content: of that file where it is whole.
      read: reads it, and what belongs to it, from the folder.
      beside: writes what else belongs into the folder.
    """

    file: str
    content: bytes
    read: Callable[[Path], Any]
    beside: Callable[[Path], object] = lambda folder: None


def simple(read: Callable[[Path], Any], file: str, content: bytes | str) -> Door:
    """A door for one file."""
    return Door(file, content.encode() if isinstance(content, str) else content, lambda folder: read(folder / file))


ANY = re.compile("")
MEMBERS = {"a.txt": b"words " * 50, "b/c.json": b'{"a": [1, 2.5, "x"]}'}


def zip_of(method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def tar_of(packing: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{packing}") as archive:  # type: ignore[call-overload]
        for name, content in MEMBERS.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def written(write: Callable[[Any], Any]) -> bytes:
    """What a function writes to a file."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


ARCHIVES = {
    "gzip": simple(read_gunzipped, "a.gz", gzipped(b"words " * 50)),
    **{
        f"zip, {name}": simple(lambda path: list(zip_members(path, ANY)), "a.zip", zip_of(method))
        for name, method in (("stored", 0), ("deflate", 8), ("bzip2", 12), ("LZMA", 14))
    },
    **{
        f"tar, {packing or 'plain'}": simple(lambda path: list(tar_members(path, ANY)), "a.tar", tar_of(packing))
        for packing in ("", "gz", "bz2", "xz")
    },
}

FORMATS = {
    "JSON": simple(read_json, "a.json", '{"a": [1, 2.5, {"b": "é"}]}'),
    "TOML": simple(read_toml, "a.toml", '[a]\nb = [1, 2.5, "x"]\n'),
    "text": simple(read_text, "a.txt", "é\n"),
    "text, guessed": simple(lambda path: guessed_text(read_bytes(path), "f"), "a.txt", "é\n"),
    "YAML": simple(lambda path: parse_yaml(read_text(path), "f"), "a.yml", "a:\n- b: 'c'\n  d: |\n    é\n"),
    "array": simple(read_array, "a.npy", written(lambda file: np.save(file, np.arange(24.0).reshape(4, 6)))),
    "arrays": simple(
        read_arrays, "a.npz", written(lambda file: np.savez_compressed(file, x=np.arange(50), y=np.ones(3)))
    ),
    **ARCHIVES,
}

ROWS = [["text", "label", "id"], ["hi, you", "greet", "1"], ["bye", "bye", "2"]]
ASKED = {"id": "1", "question": "when?", "answers": [{"text": "é", "answer_start": 3}], "is_impossible": False}
SQUAD = {"version": "v2.0", "data": [{"title": "t", "paragraphs": [{"context": "at é", "qas": [ASKED]}]}]}
HOTELS = [{"name": "Ivy", "area": "north", "fee": 3, "open": True}, {"name": "Oak", "area": None}]


def rows(delimiter: str) -> str:
    return "".join(delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) + "\n" for row in ROWS)


def all_rows(path: Path) -> None:
    for row in rows_of(path):
        if row.values is None:
            raise UserError(row.error)


def sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    with connection:
        connection.execute("CREATE TABLE hotel (name TEXT, stars INTEGER)")
        connection.executemany("INSERT INTO hotel VALUES (?, ?)", [("Ivy", 4), ("Oak", None)])
    content = connection.serialize()
    connection.close()
    return content


def searched(path: Path) -> Any:
    database = read_database(path)
    return [database.query(domain, {"name": "ivy", "area": "north"}) for domain in database.domains]


TABLES = {
    "rows, csv": simple(all_rows, "a.csv", rows(",")),
    "rows, tsv": simple(all_rows, "a.tsv", rows("\t")),
    "labels of a person": simple(read_sheet, "a.csv", sheet([Suggestion("a#2", "fix", "my tyre", "Hello.", 0.5)])),
    "rows, SQuAD": simple(all_rows, "a.json", json.dumps(SQUAD)),
    "rows, jsonl": simple(all_rows, "a.jsonl", '{"text": "hi", "label": "greet"}\n{"text": "é"}\n'),
    "table, csv": simple(searched, "hotel.csv", "name,area\nIvy,north\nOak,\n"),
    "table, json": simple(searched, "hotel.json", json.dumps(HOTELS)),
    "table, MultiWOZ": simple(searched, "hotel_db.json", json.dumps(HOTELS)),
    "table, taxis": simple(searched, "taxi_db.json", json.dumps({"taxi_colors": ["red"], "taxi_types": ["bmw"]})),
    "table, SQLite": simple(searched, "a.sqlite", sqlite()),
    "bookings": simple(lambda path: read_bookings(path.parent), "bookings.json", json.dumps({"hotel": ["day"]})),
}

TURN = {"role": "user", "text": "four of us", "frames": [], "acts": ["inform"], "state": {"hotel": {"area": ["north"]}}}
DIALOGUE = json.dumps({"id": "a", "turns": [TURN]})
SLOT = {"name": "area", "description": "é", "is_categorical": False}
PREDICTED = {"response": "[x]", "state": {"hotel": {"area": "north"}}, "active_domains": ["hotel"]}


def rewritten(path: Path) -> None:
    """Reads dialogues and writes them: to a whole file or to none."""
    out = path.with_name("out.jsonl")
    try:
        count = write_jsonl(out, read_jsonl(path))
        assert len(list(read_jsonl(out))) == count
    finally:
        out.unlink(missing_ok=True)


def raw_corpus(name: str) -> Door:
    files = test_bad_input.FORMATS[name].files(test_bad_input.TEXT)
    path = test_bad_input.first(files)
    return Door(
        f"it/{path}",
        files[path].encode(),
        functools.partial(test_bad_input.load, name),
        lambda folder: test_bad_input.read(name, folder, files),
    )


def multiwoz(write: Callable[..., None], spoilt: str) -> Door:
    """A form of MultiWOZ other than the corpus's own."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), CONTENT)
        content = (Path(folder) / spoilt).read_bytes()
    return Door(
        spoilt,
        content,
        lambda folder: list(CORPORA["multiwoz21"].load(folder, "train")),
        lambda folder: write(folder, CONTENT),
    )


DIALOGUES = {
    "MultiWOZ, data.json": multiwoz(multiwoz_written.data_json, "data.json"),
    "MultiWOZ, acts": multiwoz(
        functools.partial(multiwoz_written.data_json, apart="dialogue_acts.json"), "dialogue_acts.json"
    ),
    "MultiWOZ, list": multiwoz(multiwoz_written.data_json, "valListFile.txt"),
    "MultiWOZ 2.2": multiwoz(multiwoz_written.schema_guided, "train/dialogues_001.json"),
    "MultiWOZ 2.2, acts": multiwoz(multiwoz_written.schema_guided, "dialog_acts.json"),
    "MultiWOZ of ConvLab-3": multiwoz(
        lambda folder, content: multiwoz_written.unified(folder / "data.zip", content), "data.zip"
    ),
    "SGD, schema": Door(
        "train/schema.json",
        json.dumps([{"service_name": "A_1", "slots": [SLOT]}]).encode(),
        lambda folder: services(folder, "train"),
        lambda folder: (folder / "train").mkdir(exist_ok=True),
    ),
    "dialogues": simple(rewritten, "a.jsonl", f"{DIALOGUE}\n"),
    "dialogues, gz": simple(rewritten, "a.jsonl.gz", gzipped(f"{DIALOGUE}\n".encode())),
    "predictions": simple(read_predictions, "a.json", json.dumps({"sng1": [PREDICTED]})),
    **{f"corpus {name}": raw_corpus(name) for name in test_bad_input.FORMATS},
}

NLU = (
    'nlu:\n- intent: a\n  examples: |\n    - in [Rome](city)\n    - [x]{"entity": "y"}\n'
    "- synonym: b\n  examples: '- c'\n"
)
STORIES = (
    "stories:\n- story: s\n  steps:\n  - intent: a\n    entities:\n    - city: Rome\n  - action: utter_b\n  - or:\n"
    "    - intent: a\n  - bot: hi\nresponses:\n  utter_b:\n  - text: in {city}\n"
)
ACTS = {"categorical": [{"intent": "inform", "domain": "h", "slot": "s", "value": "v", "start": 0, "end": 1}]}
UNIFIED = {"speaker": "user", "utterance": "v", "dialogue_acts": ACTS, "state": {"h": {"s": "v"}}}
CHAT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": [{"type": "text", "text": "é"}]}]


def imported(path: Path) -> None:
    """Reads a source and writes it as `data import` does: both readable, or none."""
    found = read_source(path)
    suffix, text = sentence_file(found.sentences)
    with new_files(path.parent / "out", ["dialogues.jsonl"]) as folder:
        count = write_jsonl(folder / "dialogues.jsonl", found.all_dialogues)
        (folder / f"sentences{suffix}").write_text(text)
    written = path.parent / "out"
    try:
        assert len(list(read_jsonl(written / "dialogues.jsonl"))) == count
        assert len(list(rows_of(written / f"sentences{suffix}"))) == len(found.sentences)
    finally:
        shutil.rmtree(written)


IMPORTED = {
    "import, table": simple(imported, "a.csv", "text;label\nhi there;a\nbye;b\n"),
    "import, calls": simple(imported, "a.csv", 'call_id,speaker,text,label\n1,user,hi,a\n1,agent,"he, y",\n'),
    "import, transcript": simple(imported, "a.txt", "[10:02] Customer: hi\nyou\nAgent: é\n\nCustomer: bye\n"),
    "import, NLU": simple(imported, "a.yml", NLU),
    "import, stories": Door(
        "it/a.yml",
        STORIES.encode(),
        lambda folder: imported(folder / "it"),
        lambda folder: ((folder / "it").mkdir(), (folder / "it/nlu.yml").write_text(NLU)),
    ),
    "import, ConvLab": simple(
        imported, "dialogues.json", json.dumps([{"dialogue_id": "a", "data_split": "train", "turns": [UNIFIED]}])
    ),
    "import, chat": simple(imported, "a.jsonl", json.dumps({"id": "a", "messages": CHAT})),
    "split, csv": simple(lambda path: read_table(path, {}), "a.csv", rows(",")),
    "split, jsonl": simple(lambda path: read_table(path, {}), "a.jsonl", f"{DIALOGUE}\n"),
}

MIXTURE = (
    'name = "x"\ndescription = "y"\n[guard]\nbenchmarks = ["sgd"]\n[[sources]]\ncorpus = "woz2"\nproportion = 0.5\n'
)
VOCABULARY = "\n".join(test_wordpiece_tokenizer.VOCABULARY) + "\n"
WORDPIECE = json.dumps(test_wordpiece_tokenizer.description())


def saved_tokenizer(folder: Path) -> None:
    WordPieceTokenizer(test_wordpiece_tokenizer.description()).save(folder)


def made(write: Callable[[Path], Any], file: str) -> bytes:
    """A file as the package writes it."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        return (Path(folder) / file).read_bytes()


def examples(folder: Path) -> Any:
    if missing_files(folder):
        return []
    source = read_split(folder, "validation")
    return [source[index] for index in range(len(source))]


def saved_config(folder: Path) -> None:
    save_config(load_config("space3:tiny"), folder)


def prepared(folder: Path) -> None:
    (folder / "tokenizer").mkdir()
    (folder / "examples").mkdir()
    test_storage.write(folder / "examples")


METADATA = {
    **{"name": "x", "tokenizer": "0" * 16, "vocabulary": {"size": 400}, "limits": dataclasses.asdict(Limits())},
    **{"labelled_share": 1.0, "seed": 0, "splits": {"validation": {"dialogues": 20, "examples": 20}}},
    **{"command": "", "format": FORMAT},
}
SHARD = shard_name("validation", 0)

SETTINGS = {
    "mixture, TOML": simple(read_mixture, "a.toml", MIXTURE),
    "mixture, JSON": simple(
        read_mixture, "a.json", json.dumps({"name": "x", "description": "y", "sources": [{"corpus": "woz2"}]})
    ),
    "vocabulary": simple(load_tokenizer, "vocab.txt", VOCABULARY),
    "WordPiece": simple(load_tokenizer, "tokenizer.json", WORDPIECE),
    "tokenizer": Door(DESCRIPTION_FILE, made(saved_tokenizer, DESCRIPTION_FILE), load_tokenizer, saved_tokenizer),
    "tokenizer's case": Door(
        "tokenizer_config.json",
        b'{"do_lower_case": true}',
        load_tokenizer,
        lambda folder: (folder / "vocab.txt").write_text(VOCABULARY),
    ),
    "limits": Door("limits.json", json.dumps(dataclasses.asdict(Limits())).encode(), Limits.load),
    "shots": simple(functools.partial(select, [IntentRecord("a", "hi")]), "a.json", '{"shots": "1", "ids": ["a"]}'),
    "report": simple(read_report, "a.json", '{"device": "x", "seconds_per_step": 1, "examples_per_second": 2}'),
}

RUNS = {
    "prepared corpus": Door("corpus.json", json.dumps(METADATA).encode(), open_prepared, prepared),
    "shard": Door(SHARD, made(test_storage.write, SHARD), examples, test_storage.write),
    **{
        f"shards' {name}": Door(name, made(test_storage.write, name), examples, test_storage.write)
        for name in ("dataset_info.json", "features.json")
    },
    "configuration": Door("config.json", made(saved_config, "config.json"), read_config),
    "metrics": simple(
        read_records, "metrics.jsonl", '{"kind": "train", "step": 1, "loss": 0.5}\n{"kind": "eval", "step": 2}\n'
    ),
    "answers": simple(
        lambda path: ResponseLog(path, {"split": "test"}).answers,
        "answers.part",
        '{"split": "test"}\n{"id": "a", "turns": [{"state": {"hotel": {"area": ["north"]}}, "response": "x"}]}\n',
    ),
    "safetensors": simple(read_state, "model.safetensors", save({"a": np.zeros((2, 3), np.float32)})),
    "index of weights": simple(read_state, "model.safetensors.index.json", '{"weight_map": {"a": "a.safetensors"}}'),
    "BERT's configuration": Door(
        "config.json",
        b'{"num_attention_heads": 2, "layer_norm_eps": 1e-12}',
        from_bert,
        lambda folder: (folder / "model.safetensors").write_bytes(save({"a": np.zeros(3)})),
    ),
    "converted weights": Door(
        "weights.json", b'{"format": 1, "model": {"layers": 2, "hidden": 8}, "recipe": null}', read_weights_folder
    ),
}

DOORS: dict[str, Door] = {**FORMATS, **TABLES, **DIALOGUES, **IMPORTED, **SETTINGS, **RUNS}
