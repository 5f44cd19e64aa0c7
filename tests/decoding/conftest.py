"""The recorded SPACE-3 model with what the published beam search wrote with it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import Space3Config
from space_jax.models.recipes import make_recipe
from tests.models import published


class RecordedWriter:
    """The recorded model on its batch.

    Attributes:
      generated: tokens and scores of the published search, by name of the recording.
      memories: kind of recording -> what the responses are written on.
    """

    def __init__(self, folder):
        # PyTorch is needed from here on, and the import skips where it is absent.
        from tests.models.test_parity import Recorded

        space3 = Recorded(folder, "space3")
        self.generated = dict(np.load(folder / "space3_tiny_generation.npz"))
        prompts = {name: tuple(space3.inputs[f"{name}_token"][0].tolist()) for name in ("understand", "policy")}
        config = published.model_config(space3.spec["config"], **prompts)
        self._recipe = make_recipe(config, Space3Config())
        self._params = jax.tree.map(jnp.asarray, published.space3(space3.weights, config))
        batch = space3.batch(labelled=True)
        self.memories = {
            "prompted": jax.jit(self._recipe.prompt)(self._params, batch),
            "plain": jax.jit(self._encode)(self._params, batch)[1],
        }

    def _encode(self, params, batch):
        return self._recipe.model.apply({"params": params}, batch.context, method="encode")

    def next_token(self, tokens, memory):
        return self._recipe.next_token(self._params, tokens, memory)


@pytest.fixture(scope="session")
def recorded(shared_data) -> RecordedWriter:
    pytest.importorskip("torch", reason="the recorded weights are PyTorch files; install torch to read them")
    return RecordedWriter(shared_data / "parity")
