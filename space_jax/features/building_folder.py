"""The hidden folder in which a corpus is built, next to its final folder.

A killed build leaves the folder behind, and running the same build again resumes in it. A failed build also leaves it
if it holds any finished unit.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from space_jax.errors import UserError
from space_jax.features.build_units import Unit
from space_jax.features.example import Limits
from space_jax.features.prepared_corpus import EXAMPLES_FOLDER, METADATA_FILE
from space_jax.features.storage import Shard, shard_name, write_description
from space_jax.reading.json_text import read_json
from space_jax.writing import LOCK, locked, writing

UNITS_FOLDER = "units"
_KEY_FILE = "build.json"
_MOVES_FILE = "moves.json"


@contextlib.contextmanager
def building_folder(out: Path, key: str | None) -> Iterator[Path]:
    """A folder next to `out` that replaces it at the end.

    Args:
      out: the final folder.
      key: identifies everything that the result depends on. A folder left by an earlier build with the same key is
        resumed, any other is emptied. None: nothing is resumed, and a failure leaves nothing behind.

    Raises:
      UserError: another process is writing the same folder; the disk is full or read-only.
    """
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    building = out.with_name(f".{out.name}.building")
    then = "what is finished is kept: make room, then the same command goes on" if key else "make room, then try again"
    with writing(out, then), locked(out.with_name(f".{out.name}{LOCK}"), str(out)):
        if key is None or not _same(building / _KEY_FILE, key):
            shutil.rmtree(building, ignore_errors=True)
        (building / UNITS_FOLDER).mkdir(parents=True, exist_ok=True)
        _undo_moves(building)
        try:
            (building / _KEY_FILE).write_text(json.dumps(key), encoding="utf-8")
            yield building
        except BaseException:
            if key is None or not any((building / UNITS_FOLDER).glob("*.json")):
                shutil.rmtree(building, ignore_errors=True)
            raise
        shutil.rmtree(building / UNITS_FOLDER)
        (building / _KEY_FILE).unlink()
        (building / _MOVES_FILE).unlink(missing_ok=True)
        _replace(building, out)


def assemble(building: Path, units: list[Unit], limits: Limits) -> None:
    """Assembles the data set: the files of the units become its shards."""
    shards: dict[str, list[Shard]] = {}
    moves = []
    for unit in units:
        for split, file in unit.files.items():
            known = shards.setdefault(split, [])
            moves.append((f"{UNITS_FOLDER}/{file.name}", f"{EXAMPLES_FOLDER}/{shard_name(split, len(known))}"))
            known.append(Shard(file.counts.examples, file.record_bytes))
    (building / EXAMPLES_FOLDER).mkdir(exist_ok=True)
    (building / _MOVES_FILE).write_text(json.dumps(moves), encoding="utf-8")
    for source, target in moves:
        os.replace(building / source, building / target)
    write_description(building / EXAMPLES_FOLDER, limits, shards)


def _undo_moves(building: Path) -> None:
    """Moves the shards of a build that was killed during assembly back to their units."""
    path = building / _MOVES_FILE
    if path.is_file():
        with contextlib.suppress(UserError):  # killed while writing it: nothing was moved yet
            for source, target in read_json(path):
                if (building / target).is_file():
                    os.replace(building / target, building / source)
        path.unlink()
    shutil.rmtree(building / EXAMPLES_FOLDER, ignore_errors=True)
    (building / METADATA_FILE).unlink(missing_ok=True)


def _same(path: Path, key: str) -> bool:
    try:
        return read_json(path) == key
    except UserError:
        return False


def _replace(building: Path, out: Path) -> None:
    if out.exists():
        # A folder cannot be replaced atomically: between these lines it is missing, but never incomplete.
        old = building.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        os.rename(out, old)
        os.rename(building, out)
        shutil.rmtree(old)
    else:
        os.rename(building, out)
