"""The tables that come with a release: `hotel_db.json` and the others, beside the dialogues or in `db/`."""

from collections.abc import Iterator
from pathlib import Path

from space_jax.corpora.multiwoz_forms.forms import found
from space_jax.corpora.multiwoz_forms.place import Place, places

SUFFIX = "_db.json"


def table_files(source: Path) -> Iterator[tuple[str, bytes]]:
    """The files of tables, those nearest to the top of the place that holds the dialogues, else of the folder.

    Yields:
      Where each is, for messages, and its content.

    Raises:
      UserError: a file or an archive that cannot be read.
    """
    release = found(source)
    for place in ([release.place] if release else []) + next(places(source), []):
        names = _nearest(place)
        if names:
            yield from map(place.read, names)
            return


def _nearest(place: Place) -> list[str]:
    names = [name for name in place.names if name.endswith(SUFFIX)]
    folders = sorted({name.rpartition("/")[0] for name in names}, key=lambda folder: (folder.count("/"), folder))
    return [name for name in names if name.rpartition("/")[0] == folders[0]] if names else []
