"""A dialogue for reading in a terminal: what was said, and beneath it the acts, the frames and the state."""

from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text

from space_jax.dialogue.record import USER, BeliefState, Dialogue, Frame, Slot, Turn, Value

INDENT = 8


def show(dialogue: Dialogue, console: Console | None = None) -> None:
    """Prints a dialogue on `console`, or on standard output."""
    (console or Console()).print(render(dialogue))


def render(dialogue: Dialogue) -> Group:
    """A dialogue as rich text, with located values underlined.

    A layer of annotation that a turn does not have is left out; one that is annotated as empty says "none".
    """
    turns = [Text(dialogue.id, style="bold")]
    return Group(*turns, *(part for turn in dialogue.turns for part in _turn(turn)))


def _turn(turn: Turn) -> list[Text | Padding]:
    said = Text.assemble((f"{turn.role:<{INDENT}}", "bold cyan" if turn.role == USER else "bold green"))
    said.append_text(_utterance(turn))
    lines: list[Text] = []
    if turn.acts is not None:
        lines.append(_line("acts", ", ".join(turn.acts) or "none"))
    if turn.frames is not None:
        lines += [_line("frame", _frame(frame)) for frame in turn.frames] or [_line("frame", "none")]
    if turn.state is not None:
        lines += [_line("state", text) for text in _state(turn.state)] or [_line("state", "none")]
    if turn.delexicalised is not None:
        lines.append(_line("delex", turn.delexicalised))
    return [said, *(Padding(line, (0, 0, 0, INDENT)) for line in lines)]


def _utterance(turn: Turn) -> Text:
    text = Text(turn.text)
    for value in _values(turn.frames or ()):
        if value.start is not None:
            text.stylize("underline", value.start, value.end)
    return text


def _values(frames: tuple[Frame, ...]) -> list[Value]:
    return [value for frame in frames for slot in frame.slots for value in slot.values]


def _line(name: str, text: str) -> Text:
    return Text.assemble((f"{name} ", "dim"), text)


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
