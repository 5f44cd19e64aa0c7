"""SPACE-2's vector of a dialogue where it is the mean of the tokens instead of the summary."""

import jax
import numpy as np

from space_jax.features.packing import pack
from space_jax.models.space2 import Space2Model
from tests.models.conftest import MODEL, PACKED, UNPACKED, make_items


def test_the_mean_is_that_of_the_examples_own_tokens_however_they_are_packed():
    items = make_items("space2")
    model, batches = Space2Model(MODEL, 8, "mean"), (pack(items, PACKED), pack(items, UNPACKED))
    variables = jax.jit(lambda batch: model.init(jax.random.key(0), batch, method="initialise"))(batches[0])

    def outputs(module, batch):
        return module.backbone.encode(module.backbone.embed(batch.context), batch.context.segments)[0]

    packed, alone = (np.asarray(model.apply(variables, batch, method="summarise")) for batch in batches)
    np.testing.assert_allclose(packed, alone, atol=1e-5)
    context, x = batches[1].context, np.asarray(model.apply(variables, batches[1], method=outputs))
    for index, slot in enumerate(batches[1].slot[: len(items)]):
        np.testing.assert_allclose(
            alone[index], x[slot][np.asarray(context.segments[slot]) > 0].mean(axis=0), atol=1e-5
        )
