"""Held-out batches and those that retrieval searches lie on one shape of the ladder, which all processes agree on."""

import dataclasses

import numpy as np
import pytest

from space_jax.features.batch import micro_batches
from space_jax.training import setup as setup_lib
from space_jax.training.setup import Setup
from tests.training.run_of_pretraining import real_config
from tests.training.test_two_processes import prepare_corpus


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    """Rungs with fewer rows than the last, two of them with longer ones."""
    config = real_config("space2", prepare_corpus(tmp_path_factory.mktemp("corpus")))
    data = dataclasses.replace(config.data, row_ladder=(0.5, 0.75, 1.0), grids=((0.5, 96, 40), (0.5, 136, 48)))
    return Setup(dataclasses.replace(config, data=data))


def examples(batches):
    return [sorted(micro.dialogue[micro.valid].tolist()) for batch in batches for micro in micro_batches(batch)]


def test_all_batches_have_the_smallest_shape_that_holds_those_of_every_process(setup, monkeypatch):
    rungs = setup.train_batches().grid.rungs
    held_out, bank = setup.held_out_and_bank("validation")
    (shape,) = {batch.shape for batch in (*held_out, *bank)}
    assert shape in rungs

    class WithAnother:
        """Another process, whose batches fit the last shape only."""

        def __init__(self, offers):
            self.offers = offers

        def read(self):
            return np.array([self.offers, [0] * (len(self.offers) - 1) + [1]])

    monkeypatch.setattr(setup_lib, "Exchange", WithAnother)
    for found, before in zip(setup.held_out_and_bank("validation"), (held_out, bank), strict=True):
        assert {batch.shape for batch in found} == {rungs[-1]} != {shape}
        assert examples(found) == examples(before)
