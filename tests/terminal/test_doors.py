"""The doors to the terminal: what others wrote is shown and not obeyed."""

import io

from rich.table import Table
from rich.text import Text

from space_jax.corpora.show import show
from space_jax.dialogue.record import USER, Dialogue, Frame, Slot, Turn, Value
from space_jax.terminal import Console, say, spell_out_missing_letters

HOSTILE = "\x1b[2J\x1b]0;owned\x07Ivy"
SPELT = r"\u001b[2J\u001b]0;ownedIvy"  # Rich leaves out the bell


def shown(renderable, **how) -> str:
    file = io.StringIO()
    Console(file=file, width=200, **how).print(renderable)
    return file.getvalue()


def test_lines_and_tables_spell_out_control_characters():
    table = Table("name")
    table.add_row(Text(HOSTILE))
    table.add_row(HOSTILE)
    for renderable in (HOSTILE, Text(HOSTILE), table):
        text = shown(renderable)
        assert "\x1b" not in text
        assert "\x07" not in text
        assert r"\u001b[2J" in text


def test_colours_stay_colours():
    text = shown(Text(HOSTILE, style="bold"), force_terminal=True, color_system="standard")
    assert text == f"\x1b[1m{SPELT}\x1b[0m\n"


def test_a_dialogue_of_somebody_else(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    value = Value(HOSTILE, 0, len(HOSTILE))
    frames = (Frame("hotel\x1b", "find\x9b", (Slot("name\x08", (value,)),)),)
    show(Dialogue("id\x1b[2J", (Turn(USER, HOSTILE, frames, None, {"ho\x1btel": {"a\x07": ("\x1b",)}}),)))
    out = capsys.readouterr().out
    assert SPELT in out
    assert not set(out) & set("\x1b\x07\x08\x9b")


def test_plain_lines(capsys):
    say(f"not used: {HOSTILE}")
    assert capsys.readouterr().out == r"not used: \u001b[2J\u001b]0;owned\u0007Ivy" + "\n"


def test_letters_that_a_terminal_lacks_end_nothing(monkeypatch):
    shown = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(shown, encoding="ascii"))
    spell_out_missing_letters()
    print("café", flush=True)
    assert shown.getvalue() == b"caf\\xe9\n"
