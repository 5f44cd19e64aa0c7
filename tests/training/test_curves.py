"""The picture: which panels, from what, and how large."""

import json

import numpy as np
from PIL import Image

from space_jax.training.curves import curves_of, draw_curves, draw_runs, panel_names
from space_jax.training.metrics import read_records

PNG = b"\x89PNG\r\n\x1a\n"


def write_run(folder, steps):
    names = [f"term/{name}" for name in ("contrast", "response", "mlm")]
    with (folder / "metrics.jsonl").open("w") as file:
        for step in range(1, steps + 1):
            losses = {name: 3.0 / step for name in ("loss", *names)}
            record = {"kind": "train", "step": step, **losses, "learning_rate": 0.1, "weight/mlm": 4.0, "padding": 0.1}
            file.write(json.dumps(record) + "\n")
            if step % 50 == 0:
                others = {"perplexity": 9.0, "retrieval_intent": 0.5, "act_f1": 0.25, "retrieval_tree": None}
                file.write(json.dumps({"kind": "eval", "step": step, **losses, **others}) + "\n")
        file.write(json.dumps({"kind": "compile", "step": 1, "seconds": 2.0}) + "\n")


def colours(path):
    return {tuple(pixel) for pixel in np.asarray(Image.open(path).convert("RGB"), int).reshape(-1, 3)}


def test_one_panel_a_term_and_a_measure(tmp_path):
    write_run(tmp_path, 50)
    assert panel_names(read_records(tmp_path / "metrics.jsonl")) == [
        "loss",
        "term/contrast",
        "term/mlm",
        "term/response",
        "act_f1",
        "perplexity",
        "retrieval_intent",
    ]


def test_the_only_term_is_the_loss_and_how_long_an_evaluation_took_is_no_measure():
    train = {"kind": "train", "step": 1, "loss": 1.0, "term/intent": 1.0}
    held_out = {"kind": "eval", "step": 1, "accuracy": 0.5, "evaluation_seconds": 4.0}
    assert panel_names([train, held_out]) == ["loss", "accuracy"]


def test_a_small_png(tmp_path):
    write_run(tmp_path, 3000)
    path = draw_curves(tmp_path)
    assert path == tmp_path / "curves.png"
    data = path.read_bytes()
    assert data.startswith(PNG)
    assert 10_000 < len(data) < 300_000
    assert sorted(file.name for file in tmp_path.iterdir()) == ["curves.png", "metrics.jsonl"]


def test_two_runs_in_one_picture(tmp_path):
    for name, steps in (("one", 200), ("two", 150)):
        (tmp_path / name).mkdir()
        write_run(tmp_path / name, steps)
    runs = {name: tmp_path / name for name in ("one", "two")}
    alone = colours(draw_runs({"one": runs["one"]}, tmp_path / "alone.png"))
    both = colours(draw_runs(runs, tmp_path / "both.png"))
    assert any(blue - red > 60 for red, _, blue in both)  # the second run's held-out curve
    assert not any(blue - red > 60 for red, _, blue in alone)


def test_nothing_to_draw(tmp_path):
    assert draw_curves(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_the_figure(tmp_path):
    write_run(tmp_path, 50)
    figure = curves_of({"": tmp_path})
    assert figure._repr_png_().startswith(PNG)
    assert [axes.get_title() for axes in figure.axes][:2] == ["loss", "contrast"]
    assert curves_of({"": tmp_path / "empty"}) is None
