"""The picture: what is drawn, how, and how large."""

import json

import numpy as np
import pytest
from PIL import Image

from space_jax.errors import UserError
from space_jax.training.curves import MOST_RUNS, curves_of, draw_curves, draw_runs, figure_of

PNG = b"\x89PNG\r\n\x1a\n"
ORANGE, BLUE, SKY, GREEN = (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2), (0x56, 0xB4, 0xE9), (0x00, 0x9E, 0x73)


def write_run(folder, steps, every=50):
    folder.mkdir(exist_ok=True)
    names = [f"term/{name}" for name in ("contrast", "response", "mlm")]
    with (folder / "metrics.jsonl").open("w") as file:
        for step in range(1, steps + 1):
            losses = {name: 3.0 / step for name in ("loss", *names)}
            record = {"kind": "train", "step": step, **losses, "learning_rate": 0.1, "weight/mlm": 4.0, "padding": 0.1}
            file.write(json.dumps(record) + "\n")
            if step % every == 0:
                others = {"perplexity": 9.0 * step, "act_f1": 0.25, "retrieval_tree": None}
                file.write(json.dumps({"kind": "eval", "step": step, **losses, **others}) + "\n")
        file.write(json.dumps({"kind": "compile", "step": 1, "seconds": 2.0}) + "\n")
    return folder


def panels(figure):
    """The axes of the figure by their titles."""
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}


def has(path, colour):
    pixels = np.asarray(Image.open(path).convert("RGB"), int).reshape(-1, 3)
    return bool((np.abs(pixels - colour).sum(axis=1) <= 6).any())


def test_a_small_png(tmp_path):
    write_run(tmp_path, 3000)
    path = draw_curves(tmp_path)
    assert path == tmp_path / "curves.png"
    data = path.read_bytes()
    assert data.startswith(PNG)
    assert 10_000 < len(data) < 300_000
    assert has(path, ORANGE)
    assert has(path, SKY)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["curves.png", "metrics.jsonl"]


def test_axes_say_what_they_show(tmp_path):
    figure = curves_of({"": write_run(tmp_path, 200)})
    found = panels(figure)
    assert list(found) == [
        "Perplexity of responses",
        "Dialog acts, micro-F1",
        "Total loss",
        "Contrast",
        "Mlm",
        "Response",
    ]
    perplexity, acts = found["Perplexity of responses"], found["Dialog acts, micro-F1"]
    assert (perplexity.get_yscale(), acts.get_yscale()) == ("log", "linear")
    assert (perplexity.get_title(loc="right"), acts.get_title(loc="right")) == ("↓ better", "↑ better")
    assert (perplexity.get_ylabel(), acts.get_ylabel()) == ("log scale", "F1, %")
    assert acts.yaxis.get_major_formatter()(0.25, None) == "25"
    low, high = acts.get_ylim()
    assert high - low == pytest.approx(0.1)  # constant: no tiny difference fills the axis
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "held out"]


def test_terms_of_a_kind_share_their_scale():
    values = {"term/contrast_user/labelled": 4.0, "term/contrast_user/unlabelled": 1.0, "term/masked/labelled": 9.0}
    records = [{"kind": "eval", "step": step, **values} for step in range(4)]
    found = panels(figure_of({"": records}))
    both = [found[f"Contrast: user, {stream}"].get_ylim() for stream in ("labelled", "unlabelled")]
    assert both[0] == both[1]
    assert both[0][0] <= 1.0
    assert found["Masked words: labelled"].get_ylim()[0] > 4.0


def test_two_evaluations_are_points_and_more_are_a_line():
    for count, line in ((1, "None"), (2, "None"), (3, "-")):
        records = [{"kind": "eval", "step": step, "accuracy": step / 9} for step in range(count)]
        (drawn,) = panels(figure_of({"": records}))["Intent accuracy"].lines[1:]
        assert drawn.get_linestyle() == line
        assert drawn.get_marker() == "o"


def test_the_lowest_of_many_slots_are_named():
    records = [{"kind": "eval", "step": 1, **{f"f1/slot_{number}": number / 20 for number in range(20)}}]
    axes = panels(figure_of({"": records}))["F1 of each slot"]
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named == ["slot 0", "slot 1", "slot 2", "slot 3", "slot 4"]
    assert axes.get_legend().get_title().get_text() == "lowest of 20"


def test_two_runs_in_one_picture(tmp_path):
    runs = {name: write_run(tmp_path / name, steps) for name, steps in (("one", 200), ("two", 150))}
    both = draw_runs(runs, tmp_path / "both.png")
    assert has(both, BLUE)
    assert has(both, ORANGE)
    assert not has(both, GREEN)
    legend = [text.get_text() for text in curves_of(runs).legends[0].get_texts()]
    assert legend == ["one training", "one held out", "two training", "two held out"]


def test_many_runs_each_look_different():
    records = [{"kind": "train", "step": 1, "loss": 2.0}, {"kind": "eval", "step": 1, "loss": 1.0}]
    records += [{"kind": "eval", "step": step, "loss": 1.0} for step in (2, 3)]
    figure = figure_of({f"run {number}": records for number in range(MOST_RUNS)})
    lines = panels(figure)["Total loss"].lines
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(lines) == len(looks) == MOST_RUNS  # and no line of training
    with pytest.raises(UserError, match=f"curves of {MOST_RUNS + 1} runs: no more than {MOST_RUNS} can be told apart"):
        figure_of({str(number): records for number in range(MOST_RUNS + 1)})


def test_nothing_to_draw(tmp_path):
    assert draw_curves(tmp_path) is None
    assert figure_of({}) is None
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_the_figure(tmp_path):
    write_run(tmp_path, 50)
    assert curves_of({"": tmp_path})._repr_png_().startswith(PNG)
    assert curves_of({"": tmp_path / "empty"}) is None
