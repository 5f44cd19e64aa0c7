"""Labels of held-out records that training lacks: counted and named, with the nearest that it has."""

import collections
import difflib
from collections.abc import Collection, Sequence
from typing import Any

from space_jax.errors import UserError
from space_jax.tasks.task import Json, Task

_NAMED = 3


def require_comparable(
    kind: type[Task], config: Any, labels: Json, train: Sequence[Any], validation: Sequence[Any]
) -> None:
    """Checks that validation can choose a checkpoint, before anything is compiled.

    Args:
      kind: the task.
      config: of the task.
      labels: of the training records, see `Task.make_labels`.
      train: these.
      validation: the records that checkpoints are chosen by.

    Raises:
      UserError: no record of validation has an annotation that training has, or none has a label that training has.
    """
    there, wanted = ({part for one in records for part in kind.measured_parts(one)} for records in (validation, train))
    missing = " and ".join(sorted(wanted - there))
    if missing:
        raise UserError(f"validation records: expected some with {missing}, as in training, found none")
    counts, known = _counts(kind, validation), kind.known_labels(config, labels)
    if counts and not any(name in known for name in counts):
        raise UserError(
            f"validation records: expected labels that the training records have, found {_named(counts, known)}"
        )


def unknown_labels(kind: type[Task], config: Any, labels: Json, records: Sequence[Any]) -> str:
    """A sentence about the labels of records that training lacks, which no prediction equals; "" if it has all."""
    known = kind.known_labels(config, labels)
    unknown = collections.Counter({name: n for name, n in _counts(kind, records).items() if name not in known})
    if not unknown:
        return ""
    what = "1 label" if len(unknown) == 1 else f"{len(unknown)} labels"
    return f"{what} that training lacks and no prediction equals: {_named(unknown, known)}"


def _counts(kind: type[Task], records: Sequence[Any]) -> collections.Counter[str]:
    return collections.Counter(name for record in records for name in kind.labels_of(record))


def _named(unknown: collections.Counter[str], known: Collection[str]) -> str:
    """The most frequent labels, how often each occurs, and the nearest known ones, whatever their case."""
    folded = {name.casefold(): name for name in known}
    named = []
    for name, number in unknown.most_common(_NAMED):
        near = difflib.get_close_matches(name.casefold(), folded, n=1)
        named.append(f"{name!r} ({number}, nearest {folded[near[0]]!r})" if near else f"{name!r} ({number})")
    more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
    return ", ".join(named) + more
