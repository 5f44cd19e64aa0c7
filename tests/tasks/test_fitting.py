"""When training stops, what is saved, what counts as best: the loop with everything slow replaced."""

import types

import numpy as np
import pytest

from space_jax.tasks import fitting
from space_jax.tasks.config import FinetuneConfig, FinetuneTrainConfig
from space_jax.tasks.intent.config import IntentConfig
from space_jax.training.state import TrainState


class Checkpoints:
    def __init__(self):
        self.saved = {}

    def latest(self):
        return max(self.saved, default=None)

    def save(self, step, state, position, facts, results, loss):
        self.saved[step] = (results, loss)


@pytest.fixture
def make_run(monkeypatch):
    def make(scores, epochs=10, **train):
        batch = types.SimpleNamespace(context=types.SimpleNamespace(ids=np.zeros((1, 4, 2))))
        monkeypatch.setattr(fitting, "train_batch", lambda *_: batch)
        monkeypatch.setattr(fitting, "on_mesh", lambda given, mesh: given)
        monkeypatch.setattr(fitting, "batch_shards", lambda mesh: 1)
        monkeypatch.setattr(fitting, "tokens_and_padding", lambda given: (8, 0.0))
        config = FinetuneConfig(IntentConfig(), train=FinetuneTrainConfig(epochs=epochs, batch_size=4, **train))
        silent = types.SimpleNamespace(write=lambda *_: None, say=print, advance=print, report=print)
        task = types.SimpleNamespace(measure="accuracy", coefficients={})
        told = iter(scores)
        return fitting._Fit(
            task=task,
            config=config,
            examples=[0] * 10,  # three steps an epoch
            mesh=None,
            steps=fitting.total_steps(config, 10),
            checkpoints=Checkpoints(),
            writers=silent,
            progress=silent,
            evaluate=lambda params, best: {"accuracy": next(told)},
            facts={},
            state=TrainState(0, {}, {}),
            step=0,
            results={},
        )

    return make


def step(state, batch):
    return state, {"finite": True, "loss": 1.0, "grad_norm": 1.0, "learning_rate": 0.1}


def stop(requested=False):
    return types.SimpleNamespace(requested=requested)


def test_it_stops_after_evaluations_without_a_better_score(make_run):
    run = make_run([0.1, 0.5, 0.4, 0.6, 0.6, 0.5, 0.9], patience=2)
    fitting._evaluate(run)
    fitting._steps(run, step, stop())
    assert (run.step, run.finished) == (15, True)
    losses = {at: loss for at, (_, loss) in run.checkpoints.saved.items()}
    assert losses == {0: -0.1, 3: -0.5, 6: None, 9: -0.6, 12: None, 15: None}
    results = run.checkpoints.saved[15][0]
    assert results == {"accuracy": 0.5, "best": 0.6, "since_best": 2}
    again = make_run([], patience=2)
    again.results, again.step = results, 15
    fitting._steps(again, step, stop())
    assert again.step == 15


def test_without_patience_it_goes_to_the_end(make_run):
    run = make_run([0.5] * 4, epochs=5, eval_every=2, checkpoint_every=4)
    fitting._evaluate(run)
    fitting._steps(run, step, stop())
    assert run.step == 15
    assert list(run.checkpoints.saved) == [0, 4, 6, 8, 12, 15]


def test_a_request_to_stop_ends_before_the_next_step(make_run):
    run = make_run([0.5])
    fitting._evaluate(run)
    fitting._steps(run, step, stop(requested=True))
    assert (run.step, run.finished) == (0, False)


def test_no_epochs_is_an_evaluation(make_run):
    run = make_run([0.5], epochs=0)
    fitting._evaluate(run)
    fitting._steps(run, step, stop())
    assert run.finished
    assert run.checkpoints.saved[0][1] == -0.5
