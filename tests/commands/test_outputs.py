"""A result is a table in a terminal, JSON elsewhere and on request."""

import io
import json
import re

import pytest

from space_jax.commands.outputs import print_result

RESULT = {
    "step": 7,
    "chosen_by": "highest accuracy on \x1b[2Jvalidation",
    "accuracy": 0.87654321,
    "macro_f1": {"mean": 0.5, "deviation": 0.25, "of_each": [0.25, 0.75]},
    "seeds": [0, 1],
    "given": [],
}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def in_terminal(monkeypatch):
    """What is printed in a terminal."""

    def run(as_json, title):
        made = Terminal()
        monkeypatch.setenv("COLUMNS", "100")
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", made)
            print_result(RESULT, as_json, title)
        return made.getvalue()

    return run


def test_a_table_in_a_terminal(in_terminal):
    said = re.sub(r"\x1b\[[\d;]*m", "", in_terminal(False, "runs/x, on [validation]"))
    rows = dict([cell.strip() for cell in line.strip("│").split("│")] for line in said.splitlines() if "│" in line)
    assert rows["step"] == "7"
    assert rows["accuracy"] == "0.8765"
    assert rows["macro f1"] == "0.5000 ± 0.2500"
    assert rows["seeds"] == "0, 1"
    assert rows["given"] == "none"
    assert rows["chosen by"] == r"highest accuracy on \u001b[2Jvalidation"
    assert "runs/x, on [validation]" in said


def test_json_on_request(in_terminal):
    assert json.loads(in_terminal(True, "runs/x")) == RESULT


def test_json_into_a_pipe(capsys):
    print_result(RESULT, False, "runs/x")
    assert json.loads(capsys.readouterr().out) == RESULT
