"""Lines without a terminal, and a bar on one."""

import contextlib
import io
import os
import sys
import types

import pytest
from rich.console import Console

from space_jax.terminal import progress as progress_module
from space_jax.terminal.progress import LiveProgress, counted, telling


@pytest.fixture
def clock(monkeypatch):
    """The time, which stands still unless a test moves it on."""
    now = [1000.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    return now


def lines(**how):
    return Console(file=io.StringIO(), force_terminal=False, width=20, **how)


def test_a_short_command_says_nothing_where_nobody_watches(clock):
    console = lines()
    with LiveProgress("turns", 20, console=console) as progress:
        progress.busy("compiling")
        for turn in range(1, 21):
            progress.advance(turn)
            clock[0] += 1.0
    assert console.file.getvalue() == ""


def test_a_long_one_writes_a_line_a_minute(clock):
    console = lines()
    with LiveProgress("turns", 100, console=console) as progress:
        for turn in range(1, 11):
            clock[0] += 25.0
            progress.advance(turn)
    assert console.file.getvalue().splitlines() == [
        "turns 3/100  left 0:40:25",
        "turns 6/100  left 0:39:10",
        "turns 9/100  left 0:37:55",
    ]


def test_the_ends_of_a_run_are_lines_too(clock):
    console = lines()
    with LiveProgress("step", 20, ends=True, console=console) as progress:
        progress.busy("compiling the step, about 20 s")
        clock[0] += 20.0
        progress.advance(1)  # without a note there is nothing to read yet
        for step in range(2, 21):
            clock[0] += 12.0
            progress.advance(step, f"loss {step}")
    assert console.file.getvalue().splitlines() == [
        "compiling the step, about 20 s",
        "step 2/20  loss 2  left 0:03:36",  # of 12 seconds each: compiling does not count
        "step 7/20  loss 7  left 0:02:36",
        "step 12/20  loss 12  left 0:01:36",
        "step 17/20  loss 17  left 0:00:36",
        "step 20/20  loss 20  left 0:00:00",
    ]


def test_what_was_done_before_does_not_count_as_fast(clock):
    console = lines()
    with LiveProgress("step", 200, done=100, console=console) as progress:
        clock[0] += 60.0
        progress.advance(101)
    assert console.file.getvalue() == "step 101/200  left 1:39:00\n"


def test_a_whole_that_nobody_knows(clock):
    console = lines()
    with LiveProgress("lines", None, console=console) as progress:
        clock[0] += 61.0
        progress.advance(7)
        clock[0] += 61.0
        progress.tell(9, 10)
    assert console.file.getvalue() == "lines 7\nlines 9/10  left 0:00:18\n"  # 30 s each now, 9 s before


def test_things_are_counted_on_their_way(capsys, clock):
    def slowly():
        for n in range(3):
            clock[0] += 40.0
            yield n

    assert list(counted(slowly(), "dialogues")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "dialogues 2\n")


def test_a_function_that_tells(capsys, clock):
    with telling("turns", "compiling") as told:
        clock[0] += 30.0
        told(1, 4)
        clock[0] += 30.0
        told(2, 4)
    assert capsys.readouterr() == ("", "turns 2/4  left 0:01:00\n")


def test_a_bar_on_a_terminal():
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=160)
    with LiveProgress("step", 200, ends=True, console=console) as progress:
        progress.busy("compiling \x1b[2J")
        progress.advance(20, "loss 2.3457")
        progress.say("held out")
        progress.advance(21)
    shown = output.getvalue()
    assert "\x1b[2J" not in shown
    assert "step 21/200  loss 2.3457" in shown  # the note stays until the next
    assert "held out" in shown


def test_a_run_outlives_its_terminal(monkeypatch):
    primary, terminal = os.openpty()
    with open(terminal, "w", buffering=1, encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        with LiveProgress("step", 20, ends=True) as progress:
            progress.say("before")
            shown = b""
            while b"before" not in shown:  # the bar may come first, from its own thread
                shown += os.read(primary, 1000)
            os.close(primary)
            progress.advance(10, "loss 2.0")
            progress.say("after")
        with pytest.raises(OSError, match="Input/output error"):
            print("after", file=stream)
        monkeypatch.undo()
        with contextlib.suppress(OSError):  # what was not written is tried again
            stream.close()


def test_quiet_shows_nothing(capsys, clock):
    with LiveProgress("step", 20, ends=True, quiet=True) as progress:
        progress.busy("compiling")
        clock[0] += 100.0
        progress.advance(20, "loss 2.0")
        progress.say("held out")
    assert capsys.readouterr() == ("", "")


def test_a_bar_in_a_cell_of_a_notebook_is_replaced_in_place(monkeypatch, capsys):
    shown = []

    class Handle:
        def update(self, bar):
            shown.append(text_of(bar))

    def display(bar, display_id):
        assert display_id
        return Handle()

    def text_of(bar):
        console = Console(file=io.StringIO(), width=160)
        console.print(bar.get_renderable())
        return console.file.getvalue()

    # As in a cell; without IPython, which only the extra `notebook` brings.
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    console = Console(file=io.StringIO(), force_jupyter=True)
    with LiveProgress("step", 200, ends=True, console=console) as progress:
        assert progress.in_notebook
        progress.advance(1)  # too soon after the start to be drawn
        assert shown == []
        progress.advance(20, "loss 2.3457")
        progress.say("held out")
    assert capsys.readouterr().out == "held out\n"
    assert len(shown) == 1
    assert "step 20/200  loss 2.3457" in shown[0]
    assert console.file.getvalue() == ""


def test_what_is_no_run_leaves_no_bar_in_a_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython.display", None)  # an import would fail
    console = Console(file=io.StringIO(), force_jupyter=True)
    with LiveProgress("batches", 2, console=console) as progress:
        progress.busy("compiling")
        progress.advance(2)
    assert console.file.getvalue() == ""
