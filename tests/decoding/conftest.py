"""The recorded SPACE-3 model with what the reference's beam search wrote with it."""

from pathlib import Path

import jax
import numpy as np
import pytest

from space_jax.convert.recording import Recording

FOLDER = Path(__file__).parents[1] / "convert" / "reference"


class RecordedWriter:
    """The recorded model on its batch.

    Attributes:
      generated: tokens and scores of the reference's search, by name of the recording.
      memories: kind of recording -> what the responses are written on.
    """

    def __init__(self):
        files = (FOLDER / f"space3_small{end}" for end in (".safetensors", "_inputs.npz", ".json"))
        recording = Recording(*files)
        self.generated = dict(np.load(FOLDER / "space3_small_generation.npz"))
        self._recipe, self._params = recording.recipe, recording.params
        batch = recording.batch(labelled=True)
        self.memories = {
            "prompted": jax.jit(self._recipe.prompt)(self._params, batch),
            "plain": jax.jit(self._encode)(self._params, batch)[1],
        }

    def _encode(self, params, batch):
        return self._recipe.model.apply({"params": params}, batch.context, method="encode")

    def next_token(self, tokens, memory):
        return self._recipe.next_token(self._params, tokens, memory)


@pytest.fixture(scope="session")
def recorded() -> RecordedWriter:
    return RecordedWriter()
