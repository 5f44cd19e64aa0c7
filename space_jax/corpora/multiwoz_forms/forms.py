"""Which form of MultiWOZ a folder or an archive holds, by the names of its files."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from space_jax.corpora.multiwoz_forms import data_json, schema_guided, split_files, unified
from space_jax.corpora.multiwoz_forms.place import Place, places
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Form:
    """A form.

    Attributes:
      words: what it is, for people.
      mark: of the files by whose names it is known; `root` is the folder that holds the release, "" or with "/" at its
        end.
      load: the dialogues of a split: `(place, root, split)`.
      splits: those that are there.
      lacks: what is not there although the form may have it, in words; "" for nothing.
    """

    words: str
    mark: re.Pattern[str]
    load: Callable[[Place, str, str], Iterator[Dialogue]]
    splits: Callable[[Place, str], tuple[str, ...]]
    lacks: Callable[[Place, str], str] = lambda place, root: ""


@dataclasses.dataclass(frozen=True)
class Release:
    """A release of MultiWOZ that was found."""

    form: Form
    place: Place
    root: str

    def load(self, split: str) -> Iterator[Dialogue]:
        """The dialogues of a split."""
        return self.form.load(self.place, self.root, split)

    def splits(self) -> tuple[str, ...]:
        """The splits that are there."""
        return self.form.splits(self.place, self.root)

    def __str__(self) -> str:
        lacks = self.form.lacks(self.place, self.root)
        return f"{self.place.path / self.root}: MultiWOZ as {self.form.words}{lacks and f', {lacks}'}"


SPLIT_FILES = Form(
    "train.json, val.json and test.json, each perhaps with .zip (2.1 of ConvLab)",
    re.compile(r"(?P<root>)(?:train|val|test)\.json(?:\.zip)?"),
    lambda place, root, split: split_files.load(place.path, split),
    lambda place, root: split_files.splits(place.path),
)

FORMS = (
    SPLIT_FILES,
    Form(
        "data.json with valListFile and testListFile (2.0, 2.1, 2.4)",
        re.compile(r"(?P<root>(?:.+/)?)data\.json"),
        data_json.load,
        data_json.splits,
    ),
    Form(
        "train/, dev/ and test/ with dialogues_NNN.json (2.2)",
        re.compile(r"(?P<root>(?:.+/)?)(?:train|dev|test)/dialogues_\d+\.json"),
        schema_guided.load,
        schema_guided.splits,
        schema_guided.lacks,
    ),
    Form(
        "dialogues.json (ConvLab-3's unified format)",
        re.compile(r"(?P<root>(?:.+/)?)dialogues\.json"),
        unified.load,
        unified.splits,
    ),
)

EXPECTED = f"{'; or '.join(form.words for form in FORMS)}; in a folder or a zip archive"


def found(source: Path) -> Release | None:
    """The release in a folder, else in an archive in the folder, or in the archive itself; None if there is none.

    Of two of one form in one place that nearer to the top counts.

    Raises:
      UserError: several releases; a damaged archive.
    """
    for among in places(source):
        releases = [one for place in among for form in FORMS if (one := _nearest(form, place))]
        if len(releases) > 1:
            several = "; ".join(f"{one.place.path / one.root} has {one.form.words}" for one in releases)
            raise UserError(f"{source}: expected MultiWOZ once, found several: {several}; name the one to read")
        if releases:
            return releases[0]
    return None


def release(source: Path) -> Release:
    """`found`, or a refusal.

    Raises:
      UserError: no release; see `found`.
    """
    one = found(source)
    if one is None:
        raise UserError(f"{source}: expected MultiWOZ in one of its forms, found none: {EXPECTED}")
    return one


def _nearest(form: Form, place: Place) -> Release | None:
    if form is SPLIT_FILES and not place.path.is_dir():
        return None
    marks = (form.mark.fullmatch(name) for name in place.names)
    roots = sorted({mark["root"] for mark in marks if mark}, key=lambda root: (root.count("/"), root))
    if len(roots) > 1 and roots[0].count("/") == roots[1].count("/"):
        two = " and ".join(str(place.path / root) for root in roots[:2])
        raise UserError(f"{two}: both hold {form.words}; name the folder of one")
    return Release(form, place, roots[0]) if roots else None
