"""A dialogue for reading in a terminal: the words, and beneath them the acts, frames and state."""

import rich.console
from rich.console import Group
from rich.table import Table
from rich.text import Text

from space_jax.dialogue.record import USER, BeliefState, Dialogue, Frame, Slot, Turn, Value
from space_jax.terminal import Console


def show(dialogue: Dialogue, console: rich.console.Console | None = None) -> None:
    """Prints a dialogue on `console`, or on standard output."""
    (console or Console()).print(render(dialogue))


def render(dialogue: Dialogue) -> Group:
    """A dialogue as rich text, with located values underlined.

    A layer of annotation that a turn does not have is left out; an empty annotation shows "none".
    """
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for turn in dialogue.turns:
        grid.add_row(Text(turn.role, style="bold cyan" if turn.role == USER else "bold green"), _utterance(turn))
        for name, text in _annotations(turn):
            grid.add_row("", Text.assemble((f"{name} ", "dim"), text))
    return Group(Text(dialogue.id, style="bold"), grid)


def _annotations(turn: Turn) -> list[tuple[str, str]]:
    """(layer, line) of every layer that the turn has."""
    lines: list[tuple[str, str]] = []
    if turn.acts is not None:
        lines.append(("acts", ", ".join(turn.acts) or "none"))
    if turn.frames is not None:
        lines += [("frame", _frame(frame)) for frame in turn.frames] or [("frame", "none")]
    if turn.state is not None:
        lines += [("state", text) for text in _state(turn.state)] or [("state", "none")]
    if turn.delexicalised is not None:
        lines.append(("delex", turn.delexicalised))
    return lines


def _utterance(turn: Turn) -> Text:
    text = Text(turn.text)
    for value in _values(turn.frames or ()):
        if value.start is not None:
            text.stylize("underline", value.start, value.end)
    return text


def _values(frames: tuple[Frame, ...]) -> list[Value]:
    return [value for frame in frames for slot in frame.slots for value in slot.values]


def _frame(frame: Frame) -> str:
    slots = ", ".join(_slot(slot) for slot in frame.slots)
    return f"{frame.domain} > {frame.intent}" + (f"({slots})" if slots else "")


def _slot(slot: Slot) -> str:
    return f"{slot.name}={' | '.join(value.text for value in slot.values)}" if slot.values else f"{slot.name}?"


def _state(state: BeliefState) -> list[str]:
    return [
        f"{domain}: " + (", ".join(f"{slot}={' | '.join(values)}" for slot, values in slots.items()) or "none")
        for domain, slots in state.items()
    ]
