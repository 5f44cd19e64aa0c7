"""What `space-jax show` shows: the right example in each row, the right lines of each example."""

import dataclasses

import numpy as np
import pytest
from rich.console import Console

from space_jax.dialogue.acts import ACTS
from space_jax.errors import UserError
from space_jax.features.grid import GridShape
from space_jax.features.packing import pack
from space_jax.training import run_report
from tests.models.conftest import UNPACKED, make_items


@pytest.fixture(scope="module")
def items():
    return make_items("space3")


@pytest.fixture(scope="module")
def batch(items):
    return pack(
        items, dataclasses.replace(UNPACKED, rungs=(GridShape(8, 24, 16),))
    )  # rows in order of size, and three empty


class Spelled:
    """Decodes ids as their numbers."""

    def decode(self, ids):
        return " ".join(map(str, ids))


def test_selected_examples_lie_in_their_rows(items, batch):
    chosen = run_report._selected(batch, [3, 0])
    assert chosen.slot.tolist() == [0, 1]
    for row, b in enumerate((3, 0)):
        layout = items[b].layout
        assert chosen.context.ids[row][chosen.context.segments[row] == 1].tolist() == layout.ids.tolist()
        assert chosen.response.ids[row][chosen.response.segments[row] == 1].tolist() == layout.response.tolist()
        assert chosen.acts[row].tolist() == layout.example.acts.tolist()
        assert chosen.dialogue[row] == layout.example.dialogue
    assert chosen.occupied.tolist() == [[True], [True]]


def test_examples_of_different_dialogues_come_first(batch):
    changed = batch.replace(dialogue=np.array([7, 7, 8, 7, 9]), valid=np.array([True, True, True, True, False]))
    assert run_report._of_different_dialogues(changed, 2) == [0, 2]
    assert run_report._of_different_dialogues(changed, 9) == [0, 2, 1, 3]


def test_an_example_is_shown_as_lines(items, batch):
    chosen = run_report._selected(batch, [2, 1])
    predicted = np.arange(len(ACTS)) < 2
    console = Console(width=200)
    with console.capture() as shown:
        console.print(run_report._shown(chosen, 0, predicted, "a response", Spelled()))
        console.print(run_report._shown(chosen, 1, None, None, Spelled()))
    lines = [line.split(None, 1) for line in shown.get().splitlines() if line.strip()]
    speakers = ["system", "user", "true", "predicted", "user", "system", "user", "true", "predicted"]
    assert [line[0] for line in lines] == speakers
    assert lines[3][1].strip() == f"[{ACTS[0]}, {ACTS[1]}] a response"
    true_acts = [act for act, on in zip(ACTS, items[2].layout.example.acts, strict=True) if on]
    assert lines[2][1].startswith(f"[{', '.join(true_acts) or 'no act'}] ")
    assert "[" not in lines[7][1]  # not annotated: nothing is said about acts
    assert lines[8] == ["predicted"]


def test_two_evaluations_are_compared(tmp_path):
    with pytest.raises(UserError, match="fewer than two evaluations to compare"):
        run_report.before_and_after(tmp_path)
    records = [
        '{"kind": "eval", "step": 0, "loss": 2.5, "term/masked": 1.0}',
        '{"kind": "train", "step": 1, "loss": 9.0}',
        '{"kind": "eval", "step": 4, "loss": 1.25, "term/masked": 0.5, "act_f1": 0.5}',
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(records) + "\n")
    console = Console(width=100)
    with console.capture() as shown:
        console.print(run_report.before_and_after(tmp_path))
    rows = [line.strip("│").split("│") for line in shown.get().splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["loss", "2.500", "1.250"],
        ["masked", "1.000", "0.500"],
    ]
