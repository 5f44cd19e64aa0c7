"""Builds a prepared corpus from dialogues: tokenised once, labels hidden on request, resumable unit by unit."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from space_jax.dialogue.record import Dialogue
from space_jax.dialogue.slot_roles import schema_of
from space_jax.errors import UserError
from space_jax.features import build_units
from space_jax.features.build_units import Encoding, Lanes, Tick, Unit, finished, read_units
from space_jax.features.building_folder import UNITS_FOLDER, assemble, building_folder
from space_jax.features.example import Limits
from space_jax.features.prepared_corpus import (
    METADATA_FILE,
    TOKENIZER_FOLDER,
    Counts,
    Metadata,
    Prepared,
    open_prepared,
)
from space_jax.features.runners import Runner, serial
from space_jax.features.tokenizer import Tokenizer
from space_jax.features.words import BLANKS, segmenter

SOURCE_SPLITS = ("train", "validation", "test")


def prepare(
    splits: Mapping[str, Iterable[Dialogue]],
    tokenizer: Tokenizer,
    out: Path | str,
    limits: Limits,
    *,
    labelled_share: float = 1.0,
    name: str,
    seed: int = 0,
    overwrite: bool = False,
    progress: Tick | None = None,
    inputs: str | None = None,
    runner: Runner = serial,
    attached: Mapping[str, str] | None = None,
    command: str = "",
    words: str = BLANKS,
    slots: bool = False,
) -> Prepared:
    """Writes a prepared corpus.

    The examples of "train" are divided into splits by their known annotation (`prepared_corpus.TRAIN_SPLITS`), so that
    each recipe finds the examples whose labels it uses. The labels of a hidden dialogue are not written at all. Which
    dialogues are hidden is a function of seed and dialogue id; a larger share keeps all labels of a smaller one.

    Args:
      splits: the dialogues of "train", "validation" and "test"; each lane of the runner reads each stream
        once, so a runner with several lanes needs streams that can be pickled and read again.
      tokenizer: encodes the texts; the folder gets a copy of it.
      out: the folder to create. It appears only once it is complete.
      limits: how much of a dialogue an example keeps.
      labelled_share: share of the train dialogues that keep all their labels (acts, and trees of either side),
        counted over annotated and unannotated dialogues alike.
      name: the name of the corpus in tables.
      seed: chooses the dialogues that keep their labels.
      overwrite: replace an existing prepared corpus.
      progress: called with the number of dialogues done in a split; after every dialogue if this process makes them.
      inputs: identifies the source of the dialogues. If given, an interrupted build is resumed by the next build with
        the same inputs and arguments, with a bit-identical result.
      runner: does the work.
      attached: name -> text of additional files in the folder.
      command: see `Metadata.command`.
      words: what finds words in texts, one of `features.words.SEGMENTERS`.
      slots: whether examples get the slots of their domains, for STAR. The dialogues of "train" are read once more
        before, to find the slots of every domain.

    Returns:
      The opened corpus.

    Raises:
      UserError: `out` exists or is being built, a split or the share is wrong, or there are no examples.
    """
    out = Path(out)
    _check_splits(splits, labelled_share)
    _check_target(out, overwrite)
    segmenter(words)  # one that is not installed is said before anything is written
    vocabulary = tokenizer.vocabulary()
    metadata = Metadata(
        name, tokenizer.fingerprint, vocabulary, limits, labelled_share, seed, splits={}, words=words, slots=slots
    )
    with building_folder(out, None if inputs is None else _key(inputs, list(splits), metadata)) as folder:
        schema = schema_of(splits.get("train", ())) if slots else None
        encoding = Encoding(tokenizer, limits, labelled_share, seed, words, schema)
        work = Lanes(splits, encoding, folder / UNITS_FOLDER, build_units.DIALOGUES)
        runner(work, progress, None if progress is None else lambda: _report(work, progress))
        written = _complete(work)
        counts = _summed(written)
        if not counts:
            raise UserError(f"{name}: no example in {', '.join(splits)}: no dialogue has a turn to learn from")
        tokenizer.save(folder / TOKENIZER_FOLDER)
        assemble(folder, written, limits)
        for file, text in (attached or {}).items():
            (folder / file).write_text(text, encoding="utf-8")
        whole = Metadata(**{**vars(metadata), "splits": counts, "command": command})
        (folder / METADATA_FILE).write_text(whole.to_json(), encoding="utf-8")
    return open_prepared(out)


def _key(inputs: str, splits: list[str], metadata: Metadata) -> str:
    """A hash of everything that the bytes of the corpus depend on."""
    everything = json.dumps([inputs, splits, build_units.DIALOGUES, asdict(metadata)], sort_keys=True)
    return hashlib.sha256(everything.encode()).hexdigest()


def _report(work: Lanes, progress: Tick) -> None:
    for split in work.splits:
        progress(split, finished(work.folder, split) * work.dialogues)


def _complete(work: Lanes) -> list[Unit]:
    """The units of every stream up to its end."""
    written = read_units(work.folder, work.splits)
    last = {unit.split: unit for unit in written}
    for split in work.splits:
        if split not in last or last[split].dialogues == work.dialogues:
            raise RuntimeError(f"{work.folder}: the units of {split} are incomplete")
    return written


def _summed(written: list[Unit]) -> dict[str, Counts]:
    """The counts of each split of the prepared corpus."""
    summed: dict[str, Counts] = {}
    for split, file in (pair for unit in written for pair in unit.files.items()):
        summed[split] = summed.get(split, Counts()) + file.counts
    return summed


def _check_splits(splits: Mapping[str, Iterable[Dialogue]], labelled_share: float) -> None:
    for split in splits:
        if split not in SOURCE_SPLITS:
            raise UserError(f"split {split!r} is not one of {', '.join(SOURCE_SPLITS)}")
    if not 0.0 <= labelled_share <= 1.0:
        raise UserError(f"labelled share {labelled_share} is not between 0 and 1")


def _check_target(out: Path, overwrite: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise UserError(f"{out}: is a file; name a folder for the prepared corpus")
    if (out / METADATA_FILE).exists():
        if not overwrite:
            raise UserError(f"{out}: already holds a prepared corpus; name another folder or ask for overwriting")
    elif any(out.iterdir()):
        raise UserError(f"{out}: holds something that is not a prepared corpus; name an empty or a new folder")
