"""Shared by corpora of single utterances: an utterance as a dialogue, lines with labels, a choice of parts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from space_jax.corpora.reading import collapsed
from space_jax.dialogue.record import USER, Dialogue, Frame, Turn
from space_jax.errors import UserError
from space_jax.reading.text import lines, read_bytes

NO_DOMAIN = "default_domain"
"""The domain of a frame whose source names none; semantic trees leave it out."""

NO_INTENT = "default_intent"
"""The intent of a frame whose source names none; semantic trees leave it out."""


def utterance(name: str, text: str, frames: tuple[Frame, ...]) -> Dialogue:
    """A dialogue of one user turn, with frames as its only annotation."""
    return Dialogue(name, (Turn(USER, text, frames),))


def normal(label: str) -> str:
    """A label in normal form: lower case, its words joined by "_"."""
    return "_".join(label.lower().split())


def labelled_lines(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Utterances and labels of DialoGLUE's few-shot folders: line by line in `seq.in` and `label`.

    Yields:
      The place of the label, the utterance with runs of blanks collapsed, and the label as written.

    Raises:
      UserError: a missing file, another encoding, files of different length, an empty label.
    """
    texts, labels = (_lines_of(folder / name) for name in ("seq.in", "label"))
    if len(texts) != len(labels):
        raise UserError(
            f"{folder / 'label'}: expected a label for each of the {len(texts)} lines of seq.in, found {len(labels)}"
        )
    for number, (text, label) in enumerate(zip(texts, labels, strict=True), start=1):
        where = f"{folder / 'label'}:{number}"
        if not label.strip():
            raise UserError(f"{where}: expected a label, found an empty line")
        yield where, collapsed(text), label.strip()


def _lines_of(path: Path) -> list[str]:
    if not path.is_file():
        raise UserError(f"{path}: expected one line for each utterance, found no such file")
    return lines(read_bytes(path), str(path))


def choice(given: str, known: Sequence[str], option: str) -> tuple[str, ...]:
    """The parts that an option names: "all", or some of `known` joined by commas; in the order of `known`.

    Raises:
      UserError: a name that is not known.
    """
    if given == "all":
        return tuple(known)
    wanted = [name.strip() for name in given.split(",")]
    for name in wanted:
        if name not in known:
            raise UserError(f"option {option}: expected all or some of {', '.join(known)}, found {name!r}")
    return tuple(name for name in known if name in wanted)
