"""The counts of a corpus, from one pass over its dialogues."""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from rich.table import Table

from space_jax.dialogue.labels import FACTS, example_turns
from space_jax.dialogue.record import Dialogue, Frame, Turn
from space_jax.dialogue.trees import VIEWS, tree_views

LAYERS = ("frames", "acts", "state", "delexicalised")
SHOWN = 12  # names of one kind in the table; the JSON has all
SAID = 3  # texts that are kept of each intent
LONGEST = 160  # characters of such a text


@dataclasses.dataclass
class Statistics:
    """The counts of a corpus or of a split.

    Attributes:
      dialogues: dialogues.
      turns: role -> turns.
      words: role -> words, split at white space.
      dialogue_turns: number of turns -> dialogues with that many.
      turn_words: number of words -> turns with that many.
      annotated: layer of annotation (`LAYERS`) -> turns that have it.
      labelled: turns with frames and acts.
      examples: system turns that become training examples.
      known: fact about an example ("acts", "user_tree", "system_tree", see `dialogue.labels.Known`) -> examples.
      depth: levels of the semantic tree (0 without frames, 2 to 4) -> turns with frames annotated.
      domains, intents, slots: name -> turns it occurs in.
      said: intent -> the first texts of turns with it.
      acts: unified act -> turns.
      values, spans: values in frames; those of them with a span in the text.
      views: view -> turns with at least one element.
      crowded: view -> turns with more than `width` elements, which batches cut.
      width: the elements of a view that a batch keeps.
    """

    dialogues: int = 0
    turns: Counter[str] = dataclasses.field(default_factory=Counter)
    words: Counter[str] = dataclasses.field(default_factory=Counter)
    dialogue_turns: Counter[int] = dataclasses.field(default_factory=Counter)
    turn_words: Counter[int] = dataclasses.field(default_factory=Counter)
    annotated: Counter[str] = dataclasses.field(default_factory=Counter)
    labelled: int = 0
    examples: int = 0
    known: Counter[str] = dataclasses.field(default_factory=Counter)
    depth: Counter[int] = dataclasses.field(default_factory=Counter)
    domains: Counter[str] = dataclasses.field(default_factory=Counter)
    intents: Counter[str] = dataclasses.field(default_factory=Counter)
    slots: Counter[str] = dataclasses.field(default_factory=Counter)
    said: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    acts: Counter[str] = dataclasses.field(default_factory=Counter)
    values: int = 0
    spans: int = 0
    views: Counter[str] = dataclasses.field(default_factory=Counter)
    crowded: Counter[str] = dataclasses.field(default_factory=Counter)
    width: int = 16

    @property
    def all_turns(self) -> int:
        """Turns of both roles."""
        return self.turns.total()

    def share(self, count: int, of: int | None = None) -> float:
        """`count` as a share of `of` (of all turns if not given); 0 of nothing."""
        whole = self.all_turns if of is None else of
        return count / whole if whole else 0.0

    def as_json(self) -> dict[str, Any]:
        """The counts and the shares that follow from them, as `json.dumps` takes them; names by falling count."""
        record: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            is_counter = isinstance(value, Counter)
            record[field.name] = {str(name): count for name, count in _ranked(value)} if is_counter else value
        record["shares"] = {
            "labelled": self.share(self.labelled),
            "known": {fact: self.share(self.known[fact], self.examples) for fact in FACTS},
            "spans": self.share(self.spans, self.values),
            "views": {view: self.share(self.views[view]) for view in VIEWS},
            **{layer: self.share(self.annotated[layer]) for layer in LAYERS},
        }
        return record

    def table(self, title: str = "") -> Table:
        """The counts as a table with two columns, for a terminal."""
        table = Table(title=title or None, show_header=False, show_lines=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in self._rows():
            table.add_row(name, text)
        return table

    def _rows(self) -> list[tuple[str, str]]:
        return [
            ("dialogues", f"{self.dialogues:,}"),
            ("turns", _listing(self.turns)),
            ("turns a dialogue", _spread(self.dialogue_turns)),
            ("words a turn", _spread(self.turn_words)),
            ("labelled turns", f"{self.labelled:,} ({self.share(self.labelled):.1%})"),
            ("examples", f"{self.examples:,}"),
            ("known of them", ", ".join(self._known())),
            ("annotated turns", self._shares(self.annotated, LAYERS)),
            ("tree depth", ", ".join(f"{depth}: {count:,}" for depth, count in sorted(self.depth.items()))),
            ("values", f"{self.values:,}, {self.share(self.spans, self.values):.1%} with a span in the text"),
            ("domains", _names(self.domains)),
            ("intents", _names(self.intents)),
            ("slots", _names(self.slots)),
            ("acts", _listing(self.acts)),
            ("turns with a view", self._shares(self.views, VIEWS)),
            (f"more than {self.width} elements", _listing(self.crowded)),
        ]

    def _known(self) -> Iterator[str]:
        for fact in FACTS:
            count = self.known[fact]
            yield f"{fact.replace('_', ' ')} {count:,} ({self.share(count, self.examples):.1%})"

    def _shares(self, counts: Counter[str], names: Iterable[str]) -> str:
        return ", ".join(f"{name} {self.share(counts[name]):.1%}" for name in names)


def collect(dialogues: Iterable[Dialogue], width: int = 16) -> Statistics:
    """Counts the dialogues, one at a time, without keeping them.

    Args:
      dialogues: the corpus or split.
      width: the elements of a view that a batch keeps (`config.DataConfig.tree_elements`).
    """
    statistics = Statistics(width=width)
    for dialogue in dialogues:
        statistics.dialogues += 1
        statistics.dialogue_turns[len(dialogue.turns)] += 1
        for turn in dialogue.turns:
            _add_turn(statistics, turn)
        for example in example_turns(dialogue):
            statistics.examples += 1
            statistics.known.update(itertools.compress(FACTS, example.known))
    return statistics


def counted_by_source(dialogues: Iterable[Dialogue], counts: dict[str, Counter[str]]) -> Iterator[Dialogue]:
    """The dialogues of a mixture, counted on their way.

    Args:
      dialogues: whose ids begin with the name of their source and a "/".
      counts: gets source -> "examples" and what is known of them -> examples.
    """
    for dialogue in dialogues:
        mine = counts.setdefault(dialogue.id.partition("/")[0], Counter())
        for example in example_turns(dialogue):
            mine.update(["examples", *itertools.compress(FACTS, example.known)])
        yield dialogue


def _add_turn(statistics: Statistics, turn: Turn) -> None:
    statistics.turns[turn.role] += 1
    words = len(turn.text.split())
    statistics.words[turn.role] += words
    statistics.turn_words[words] += 1
    statistics.annotated.update(layer for layer in LAYERS if getattr(turn, layer) is not None)
    statistics.labelled += turn.frames is not None and turn.acts is not None
    statistics.acts.update(turn.acts or ())
    if turn.frames is not None:
        _add_frames(statistics, turn.frames)
        for intent in {frame.intent for frame in turn.frames}:
            _add_text(statistics.said.setdefault(intent, []), turn.text)


def _add_frames(statistics: Statistics, frames: tuple[Frame, ...]) -> None:
    slots = [slot for frame in frames for slot in frame.slots]
    values = [value for slot in slots for value in slot.values]
    statistics.domains.update({frame.domain for frame in frames})
    statistics.intents.update({frame.intent for frame in frames})
    statistics.slots.update({slot.name for slot in slots})
    statistics.values += len(values)
    statistics.spans += sum(value.start is not None for value in values)
    statistics.depth[4 if values else 3 if slots else 2 if frames else 0] += 1
    for name, view in zip(VIEWS, tree_views(frames), strict=True):
        statistics.views[name] += bool(view)
        statistics.crowded[name] += len(view) > statistics.width


def _add_text(kept: list[str], text: str) -> None:
    shown = text.strip() if len(text) <= LONGEST else text[: LONGEST - 1].strip() + "…"
    if len(kept) < SAID and shown and shown not in kept:
        kept.append(shown)


def quantile(lengths: Counter[int], share: float) -> int:
    """The smallest length that at least `share` of those counted do not exceed; 0 of none."""
    left = share * lengths.total()
    for length in sorted(lengths):
        left -= lengths[length]
        if left <= 0:
            return length
    return 0


def _spread(lengths: Counter[int]) -> str:
    total = lengths.total() or 1
    mean = sum(length * count for length, count in lengths.items()) / total
    middle, most = quantile(lengths, 0.5), quantile(lengths, 0.95)
    return f"{mean:.1f} on average, half up to {middle}, 95% up to {most}, longest {max(lengths, default=0)}"


def _ranked(counts: Counter) -> list[tuple[Any, int]]:
    """By falling count, equal ones by name, without zeros: the same text for the same corpus, whatever the order."""
    return sorted(((name, count) for name, count in counts.items() if count), key=lambda item: (-item[1], str(item[0])))


def _listing(counts: Counter[str]) -> str:
    ranked = _ranked(counts)
    more = f" and {len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    return (", ".join(f"{name} {count:,}" for name, count in ranked[:SHOWN]) or "none") + more


def _names(counts: Counter[str]) -> str:
    return f"{len(counts)}: {_listing(counts)}" if counts else "none"
