"""All that a check of data finds, for one task."""

import collections
import dataclasses
from pathlib import Path
from typing import Any

from space_jax.errors import UserError
from space_jax.tasks.checking.duplicates import Item, across_splits, conflicts
from space_jax.tasks.checking.selection import Selection, files_of, select
from space_jax.tasks.known_labels import require_comparable
from space_jax.tasks.task import Task
from space_jax.world.backend import Backend

RARE = 5
"""Training records below which a label is rare."""

LISTED = 20
"""Groups of near duplicates in the JSON."""


@dataclasses.dataclass
class Findings:
    """What a task would make of data.

    Attributes:
      task: its name.
      splits: split -> what the task takes from it.
      stops: errors that end fine-tuning before its first step.
      labels: split -> label -> records.
      rare: label -> training records, fewer than `RARE`.
      one_split: label -> the only split that has it, where several splits have records.
      conflicts: near duplicates with different annotations.
      across_splits: near duplicates in different splits.
    """

    task: str
    splits: dict[str, Selection]
    stops: list[str] = dataclasses.field(default_factory=list)
    labels: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    rare: dict[str, int] = dataclasses.field(default_factory=dict)
    one_split: dict[str, str] = dataclasses.field(default_factory=dict)
    conflicts: list[list[Item]] = dataclasses.field(default_factory=list)
    across_splits: list[list[Item]] = dataclasses.field(default_factory=list)

    @property
    def usable(self) -> int:
        """Records in all splits."""
        return sum(len(one.records) for one in self.splits.values())

    def as_json(self) -> dict[str, Any]:
        """As `json.dumps` takes it."""
        return {
            "task": self.task,
            "usable": self.usable,
            "splits": {split: _split_json(one) for split, one in self.splits.items()},
            "stops": self.stops,
            "labels": self.labels,
            "rare": self.rare,
            "one_split": self.one_split,
            "conflicts": {"count": len(self.conflicts), "first": [_group(one) for one in self.conflicts[:LISTED]]},
            "across_splits": {
                "count": len(self.across_splits),
                "first": [_group(one) for one in self.across_splits[:LISTED]],
            },
        }


def check(kind: type[Task], config: Any, source: Path, backend: Backend) -> Findings:
    """Reads all splits of a source and looks at what a task would take.

    Args:
      kind: of the task.
      config: its configuration.
      source: a file, or a folder with one for each split.
      backend: the tables of an agent.

    Raises:
      UserError: a source that cannot be read at all.
    """
    splits = {split: select(kind, config, path, backend) for split, path in files_of(source).items()}
    found = Findings(kind.name, splits, stops=[error for one in splits.values() for error in one.stops])
    found.labels = {split: _ranked(kind, one) for split, one in splits.items()}
    train = found.labels.get("train", {})
    found.rare = {label: count for label, count in reversed(train.items()) if count < RARE}
    filled = [split for split, one in splits.items() if one.records]
    for label in dict.fromkeys(label for counts in found.labels.values() for label in counts):
        having = [split for split in filled if label in found.labels[split]]
        if len(having) == 1 < len(filled):
            found.one_split[label] = having[0]
    items = [item for split, one in splits.items() for item in _items(split, one)]
    found.conflicts = conflicts(items) if any(item.truth is not None for item in items) else []
    found.across_splits = across_splits(items)
    found.stops += _refused(kind, config, splits)
    return found


def _refused(kind: type[Task], config: Any, splits: dict[str, Selection]) -> list[str]:
    """What fine-tuning would say to the records themselves."""
    train, validation = (splits[split].records if split in splits else [] for split in ("train", "validation"))
    try:
        labels = kind.make_labels(config, train)
        if "validation" in splits:
            require_comparable(kind, config, labels, train, validation)
    except UserError as error:
        return [str(error)] if train else []
    return []


def _ranked(kind: type[Task], selection: Selection) -> dict[str, int]:
    counts = collections.Counter(label for record in selection.records for label in kind.labels_of(record))
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _items(split: str, selection: Selection) -> list[Item]:
    """What near duplicates are looked for among: utterances with their annotation, or whole dialogues."""
    records = zip(selection.records, selection.where, strict=True)
    match next(iter(selection.records), None):
        case None:
            return []
        case one if hasattr(one, "label"):
            return [Item(split, where, record.text, record.label, record.label) for record, where in records]
        case one if hasattr(one, "spans") and hasattr(one, "text"):
            return [_with_spans(split, record, where) for record, where in records]
    return [
        Item(split, f"dialogue {one.id}", "\n".join(turn.text for turn in one.turns)) for one in selection.dialogues
    ]


def _with_spans(split: str, record: Any, where: str) -> Item:
    named = sorted({f"{slot} {record.text[start:end].lower()!r}" for slot, start, end in record.spans or ()})
    truth = (*named, *sorted(record.intents or ()))
    return Item(split, where, record.text, truth, ", ".join(truth) or "nothing")


def _split_json(one: Selection) -> dict[str, Any]:
    return {
        "file": str(one.file),
        one.kind: one.read,
        "usable": len(one.records),
        "left_out": one.left_out.as_json(),
        "stops": one.stops,
    }


def _group(items: list[Item]) -> list[dict[str, str]]:
    return [{"split": one.split, "where": one.where, "text": one.text, "label": one.label} for one in items]
