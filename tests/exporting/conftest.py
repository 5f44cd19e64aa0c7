"""What the tests of exports share: workdirs with random parameters, of each kind that can be exported."""

import pytest

from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.slots.config import SlotsConfig
from tests.exporting.runs import INTENTS, SLOTS, write_finetuned
from tests.tasks.conftest import tiny_model, tokenizer  # noqa: F401

THRESHOLD = IntentConfig(max_tokens=8, mlm_weight=0.0, out_of_scope="threshold")
FINETUNED = {
    "mean": (THRESHOLD, INTENTS, None),
    "summary": (IntentConfig(max_tokens=8), INTENTS, "space2"),
    "learned summary": (IntentConfig(max_tokens=8), INTENTS, "space1"),
    "mean of a dialogue": (IntentConfig(max_tokens=8, vector="mean"), INTENTS, "space3"),
    "slots": (SlotsConfig(max_tokens=8), SLOTS, None),
    "slots of a dialogue": (SlotsConfig(max_tokens=8), SLOTS, "space1"),
}


@pytest.fixture(scope="session")
def finetuned(tmp_path_factory, tokenizer, tiny_model):  # noqa: F811
    """Name of FINETUNED -> its workdir."""
    folder = tmp_path_factory.mktemp("runs")
    made = {}

    def of(name):
        if name not in made:
            task, labels, recipe = FINETUNED[name]
            results = {"accuracy": 0.75, "best": 0.75, "since_best": 0.0, "threshold": 0.25}
            run = folder / name.replace(" ", "-")
            made[name] = write_finetuned(run, task, labels, tokenizer, tiny_model, recipe, results=results)
        return made[name]

    return of
