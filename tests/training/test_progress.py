"""Lines without a terminal, and a bar on one."""

import contextlib
import io
import os
import sys
import types

import jax
import pytest
from rich.console import Console

from space_jax.training import progress as progress_module
from space_jax.training.progress import RunProgress, summary
from space_jax.training.tally import Rates

RATES = Rates(tokens_per_second=1234.4, seconds_per_step=0.5, padding=0.081)
LINE = "step 20/200  loss 2.3457  1234 tokens/s  padding 8%  left 0:01:30"


def test_a_line_without_a_terminal():
    output = io.StringIO()
    with RunProgress(200, 0, Console(file=output, force_terminal=False, width=20)) as progress:
        for step in range(1, 21):
            progress.advance(step)
        progress.report(20, 2.34567, RATES)
        progress.say("held out [0]: loss 1.0")
    assert output.getvalue() == f"{LINE}\nheld out [0]: loss 1.0\n"
    assert summary(20, 200, 2.34567, RATES) == LINE
    assert summary(1, 200, 2.34567, Rates(0.0, 0.0, 0.0)) == "step 1/200  loss 2.3457"


def test_lines_without_a_terminal_are_the_first_the_last_and_one_a_minute(monkeypatch):
    output, now = io.StringIO(), [1000.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    with RunProgress(20, 0, Console(file=output, force_terminal=False)) as progress:
        for step in range(1, 21):
            progress.report(step, 2.0, RATES)
            now[0] += 12.0
    assert [line.split()[1] for line in output.getvalue().splitlines()] == ["1/20", "6/20", "11/20", "16/20", "20/20"]


def test_a_bar_on_a_terminal():
    output = io.StringIO()
    with RunProgress(200, 0, Console(file=output, force_terminal=True, width=160)) as progress:
        progress.advance(20)
        progress.report(20, 2.34567, RATES)
        progress.say("held out")
    assert LINE in output.getvalue()
    assert "held out" in output.getvalue()


def test_a_run_outlives_its_terminal(monkeypatch):
    primary, terminal = os.openpty()
    with open(terminal, "w", buffering=1, encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        with RunProgress(20, 0) as progress:
            progress.say("before")
            shown = b""
            while b"before" not in shown:  # the bar may come first, from its own thread
                shown += os.read(primary, 1000)
            os.close(primary)
            progress.report(10, 2.0, RATES)
            progress.say("after")
        with pytest.raises(OSError, match="Input/output error"):
            print("after", file=stream)
        monkeypatch.undo()
        with contextlib.suppress(OSError):  # what was not written is tried again
            stream.close()


def test_other_processes_show_nothing(monkeypatch, capsys):
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    with RunProgress(200, 0) as progress:
        progress.report(20, 2.0, RATES)
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
    with RunProgress(200, 0, console) as progress:
        assert progress.in_notebook
        progress.advance(1)  # too soon after the start to be drawn
        assert shown == []
        progress.report(20, 2.34567, RATES)
        progress.say("held out")
    assert capsys.readouterr().out == "held out\n"
    assert len(shown) == 1
    assert LINE in shown[0]
    assert console.file.getvalue() == ""
