"""Dialogues -> a prepared corpus on disk: tokenised once, labels hidden as asked, written in one pass."""

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.features.example import Example, Limits, dialogue_examples, stable_hash, without_labels
from space_jax.features.prepared import (
    EXAMPLES_FOLDER,
    METADATA_FILE,
    TOKENIZER_FOLDER,
    Counts,
    Metadata,
    Prepared,
    open_prepared,
)
from space_jax.features.storage import ExampleWriter
from space_jax.features.tokenizer import Tokenizer

SOURCE_SPLITS = ("train", "validation", "test")
Progress = Callable[[str, int], None]
"""Called after each dialogue with the name of its split and the dialogues of that split done so far."""


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
    progress: Progress | None = None,
) -> Prepared:
    """Writes a prepared corpus.

    The examples of "train" become two splits: "labelled", and "unlabelled" with those of the dialogues whose labels are
    hidden and those that have no annotation. Labels of a hidden dialogue are not written at all. Which ones are hidden
    is a function of seed and dialogue id, and a larger share keeps the labels that a smaller one kept.

    Args:
      splits: the dialogues of "train", "validation" and "test"; each is read once, as a stream.
      tokenizer: encodes the texts; a copy of it is put into the folder.
      out: the folder to make. It appears only when it is whole.
      limits: what an example keeps.
      labelled_share: share of the train dialogues that keep their labels.
      name: what the corpus is called in tables.
      seed: chooses the dialogues that keep their labels.
      overwrite: replace a prepared corpus that is there.
      progress: told of every dialogue.

    Returns:
      The corpus, opened.

    Raises:
      UserError: `out` exists, a split or the share is wrong, or there is no example.
    """
    out = Path(out)
    _check_splits(splits, labelled_share)
    _check_target(out, overwrite)
    with _atomic_folder(out) as folder:
        tokenizer.save(folder / TOKENIZER_FOLDER)
        counts = _write_examples(splits, tokenizer, folder, limits, labelled_share, seed, progress)
        if not any(count.examples for count in counts.values()):
            raise UserError(f"{name}: no example in {', '.join(splits)}: no system turn comes after another turn")
        metadata = Metadata(
            name=name,
            tokenizer=tokenizer.fingerprint,
            vocabulary=tokenizer.vocabulary(),
            limits=limits,
            labelled_share=labelled_share,
            seed=seed,
            splits=counts,
        )
        (folder / METADATA_FILE).write_text(metadata.to_json(), encoding="utf-8")
    return open_prepared(out)


def keeps_labels(dialogue_id: str, labelled_share: float, seed: int) -> bool:
    """Whether a dialogue is among the share that keeps its labels."""
    return stable_hash(f"{seed}/{dialogue_id}", bits=53) < labelled_share * 2**53


def _write_examples(
    splits: Mapping[str, Iterable[Dialogue]],
    tokenizer: Tokenizer,
    folder: Path,
    limits: Limits,
    labelled_share: float,
    seed: int,
    progress: Progress | None,
) -> dict[str, Counts]:
    (folder / EXAMPLES_FOLDER).mkdir()
    writer = ExampleWriter(folder / EXAMPLES_FOLDER, limits)
    counts: dict[str, Counts] = {}
    for source, dialogues in splits.items():
        for done, dialogue in enumerate(dialogues, start=1):
            if source == "train" and not keeps_labels(dialogue.id, labelled_share, seed):
                dialogue = without_labels(dialogue)
            touched = set()
            for example in dialogue_examples(dialogue, tokenizer, limits):
                split = _split_of(source, example)
                writer.add(split, example)
                counts[split] = _counted(counts.get(split, Counts()), example, new_dialogue=split not in touched)
                touched.add(split)
            if progress is not None:
                progress(source, done)
    writer.close()
    return counts


def _split_of(source: str, example: Example) -> str:
    if source != "train":
        return source
    return "labelled" if example.labelled else "unlabelled"


def _counted(counts: Counts, example: Example, new_dialogue: bool) -> Counts:
    return dataclasses.replace(
        counts,
        dialogues=counts.dialogues + new_dialogue,
        examples=counts.examples + 1,
        tokens=counts.tokens + example.tokens,
    )


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


@contextlib.contextmanager
def _atomic_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place at the end, or vanishes with the exception that ended it."""
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    building = out.with_name(f".{out.name}.{os.getpid()}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    try:
        yield building
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    if out.exists():
        # A folder cannot be exchanged in one step: between these lines there is none, never a half one.
        old = building.with_suffix(".old")
        os.rename(out, old)
        os.rename(building, out)
        shutil.rmtree(old)
    else:
        os.rename(building, out)
