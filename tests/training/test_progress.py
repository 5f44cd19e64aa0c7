"""The note of a run beside its bar."""

import io

import jax
from rich.console import Console

from space_jax.training.progress import RunProgress, noted
from space_jax.training.tally import Rates

RATES = Rates(tokens_per_second=1234.4, seconds_per_step=0.5, padding=0.081)


def test_a_note():
    assert noted(2.34567, RATES) == "loss 2.3457  1234 tokens/s  padding 8%"
    assert noted(2.34567, Rates(0.0, 0.0, 0.0)) == "loss 2.3457"  # no step was timed yet


def test_lines_without_a_terminal():
    output = io.StringIO()
    with RunProgress(200, 0, Console(file=output, force_terminal=False, width=20)) as progress:
        progress.busy("compiling the step")
        for step in range(1, 20):
            progress.advance(step)
        progress.report(20, 2.34567, RATES)
        progress.say("held out [0]: loss 1.0")
    first, second, third = output.getvalue().splitlines()
    assert first == "compiling the step"
    assert second.startswith("step 20/200  loss 2.3457  1234 tokens/s  padding 8%  left 0:00:0")
    assert third == "held out [0]: loss 1.0"


def test_other_processes_show_nothing(monkeypatch, capsys):
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    with RunProgress(200, 0) as progress:
        progress.report(20, 2.0, RATES)
    assert capsys.readouterr() == ("", "")
