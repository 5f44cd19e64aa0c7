"""Counts the annotation of a source that is incomplete for us: labels without a shared name, values without a span."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from space_jax.corpora.missing_spans import reason
from space_jax.corpora.unify import renamed, unmapped, unmapped_frame
from space_jax.dialogue.record import Dialogue, Turn


@dataclasses.dataclass
class Audit:
    """The counts of one pass over a corpus.

    Acts that a loader does not know never arrive here: loading stops and lists them.

    Attributes:
      labels: kind and name of each label that `unified_names.json` lacks -> how often it occurs.
      frames, unmapped_frames: frames; those with such a label.
      values, unplaced_values: values in frames; those without a span in their turn's text.
      reasons: why they have none (`missing_spans.REASONS`) -> their number.
      turns: role -> turns with at least one frame.
      without_acts: role -> those of them without dialog acts.
    """

    labels: Counter[str] = dataclasses.field(default_factory=Counter)
    frames: int = 0
    unmapped_frames: int = 0
    values: int = 0
    unplaced_values: int = 0
    reasons: Counter[str] = dataclasses.field(default_factory=Counter)
    turns: Counter[str] = dataclasses.field(default_factory=Counter)
    without_acts: Counter[str] = dataclasses.field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """The counts and shares, as `json.dumps` takes them."""
        return {
            "labels": dict(self.labels.most_common()),
            "frames": self.unmapped_frames,
            "frames_share": _share(self.unmapped_frames, self.frames),
            "values_without_a_place": self.unplaced_values,
            "values_without_a_place_share": _share(self.unplaced_values, self.values),
            "why_without_a_place": dict(self.reasons.most_common()),
            "turns_without_acts": dict(self.without_acts),
            "turns_without_acts_share": {
                role: _share(self.without_acts[role], count) for role, count in self.turns.items()
            },
        }


def audited(dialogues: Iterable[Dialogue], corpus: str, audit: Audit, rename: bool = True) -> Iterator[Dialogue]:
    """The dialogues with the shared names, counted in passing; labels without a shared name stay.

    Args:
      dialogues: with the names of their source.
      corpus: its name in the registry.
      audit: the counts are added to it.
      rename: False leaves all names as they are.
    """
    for dialogue in dialogues:
        audit.labels.update(f"{kind.removesuffix('s')} {name}" for kind, name in unmapped(dialogue, corpus))
        for number, turn in enumerate(dialogue.turns):
            if turn.frames:
                _add(audit, turn, corpus)
                _explain(audit, turn, [before.text for before in dialogue.turns[:number]])
        yield renamed(dialogue, corpus) if rename else dialogue


def _add(audit: Audit, turn: Turn, corpus: str) -> None:
    frames = turn.frames or ()
    audit.frames += len(frames)
    audit.unmapped_frames += sum(bool(unmapped_frame(frame, corpus)) for frame in frames)
    audit.turns[turn.role] += 1
    audit.without_acts[turn.role] += not turn.acts


def _explain(audit: Audit, turn: Turn, earlier: list[str]) -> None:
    values = [value for frame in turn.frames or () for slot in frame.slots for value in slot.values]
    unplaced = [value.text for value in values if value.start is None]
    audit.values += len(values)
    audit.unplaced_values += len(unplaced)
    audit.reasons.update(reason(value, turn.text, earlier) for value in unplaced)


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0
