"""A dialogue in a terminal."""

import io

from rich.console import Console

from space_jax.corpora.show import render, show
from space_jax.dialogue import Dialogue, Frame, Slot, Turn, Value

DIALOGUE = Dialogue(
    "d1",
    (
        Turn(
            "user",
            "east [not markup]",
            (Frame("hotel", "inform", (Slot("area", (Value("east", 0, 4), Value("eastern"))), Slot("stars"))),),
            ("inform", "request"),
            {"hotel": {"area": ("east", "eastern")}, "taxi": {}},
        ),
        Turn("system", "ok", (), (), {}, "[hotel_name]"),
        Turn("system", "bare"),
    ),
)


def shown(width: int) -> list[str]:
    file = io.StringIO()
    show(DIALOGUE, Console(file=file, width=width))
    return [line.strip() for line in file.getvalue().splitlines()]


def test_every_layer_that_is_annotated_is_shown():
    assert shown(200) == [
        "d1",
        "user   east [not markup]",
        "acts inform, request",
        "frame hotel > inform(area=east | eastern, stars?)",
        "state hotel: area=east | eastern",
        "state taxi: none",
        "system ok",
        "acts none",
        "frame none",
        "state none",
        "delex [hotel_name]",
        "system bare",
    ]


def test_a_narrow_terminal_loses_no_text():
    assert "".join("".join(shown(30)).split()) == "".join("".join(shown(200)).split())


def test_values_with_a_place_are_underlined():
    file = io.StringIO()
    Console(file=file, width=80, force_terminal=True, color_system="standard").print(render(DIALOGUE))
    assert "\x1b[4meast\x1b[0m" in file.getvalue()
