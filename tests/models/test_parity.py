"""Our models against numbers recorded from the published implementation: activations, loss terms, gradients.

Bottom up would be embedding, block, stack; the recorded files start at the vectors, so a failure there points at the
backbone and a failure further down at a head.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from space_jax.config import Space1Config, Space2Config, Space3Config
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.dialogue.trees import hashed_views
from space_jax.losses import entropy_gate, l2_normalise, symmetric_kl
from space_jax.models.recipe import total_loss
from space_jax.models.recipes import make_recipe
from tests.models import published

torch = pytest.importorskip("torch", reason="the recorded weights are PyTorch files; install torch to read them")


def frames(tree: dict) -> tuple[Frame, ...]:
    return tuple(
        Frame(domain, intent, tuple(Slot(s, tuple(Value(v["value"]) for v in values)) for s, values in slots.items()))
        for domain, intents in tree.items()
        for intent, slots in intents.items()
    )


def trees(records: list[dict]) -> np.ndarray:
    return np.stack([hashed_views(frames(record), 16) for record in records])


class Recorded:
    """One of the three recorded models with its batch and outputs."""

    def __init__(self, folder, name: str):
        state = torch.load(folder / f"{name}_tiny.model", weights_only=True)
        self.weights = {key: value.numpy() for key, value in state.items()}
        self.inputs = dict(np.load(folder / f"{name}_tiny_inputs.npz"))
        self.outputs = dict(np.load(folder / f"{name}_tiny_outputs.npz"))
        self.spec = json.loads((folder / f"{name}_tiny.json").read_text())

    def batch(self, labelled: bool):
        inputs = self.inputs

        def words(prefix: str) -> np.ndarray:
            return np.where(inputs[f"{prefix}_mask"] > 0, inputs[f"{prefix}_token"], -1)

        user_words = words("query" if "query_token" in inputs else "tgt")
        shapes = trees(self.spec["frames"]), trees(self.spec["resp_frames"])
        return published.batch(inputs, labelled, *shapes, (user_words, words("tgt")))


def close(ours, theirs, tolerance=1e-5):
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=tolerance, atol=tolerance)


def probabilities(logits, vocabulary: int) -> np.ndarray:
    return np.asarray(jax.nn.softmax(logits))[..., :vocabulary]


def loss_and_grads(recipe, params, batch):
    def loss(params):
        partial = recipe.forward(params, batch, {})
        terms = recipe.finish(partial.terms, jax.tree.map(lambda x: x[None], partial.features))
        return total_loss(terms, recipe.coefficients), terms

    (value, terms), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
    return float(value), {name: float(term.mean()) for name, term in terms.items()}, grads


def compare_gradients(grads, recorded: Recorded, to_ours):
    """Every recorded gradient, brought into our layout by the map of the weights."""
    theirs = {key.removeprefix("grad:"): value for key, value in recorded.outputs.items() if key.startswith("grad:")}
    assert set(theirs) == set(recorded.weights)
    ours = dict(jax.tree_util.tree_leaves_with_path(grads))
    for path, expected in jax.tree_util.tree_leaves_with_path(to_ours(theirs)):
        scale = max(float(np.abs(expected).max()), 1e-3)
        difference = float(np.abs(np.asarray(ours[path]) - expected).max())
        assert difference / scale < 1e-4, jax.tree_util.keystr(path)


@pytest.fixture(scope="module")
def space1(shared_data):
    return Recorded(shared_data / "parity", "space1")


@pytest.fixture(scope="module")
def space2(shared_data):
    return Recorded(shared_data / "parity", "space2")


@pytest.fixture(scope="module")
def space3(shared_data):
    return Recorded(shared_data / "parity", "space3")


def test_space1_acts_and_response(space1):
    config = published.model_config(space1.spec["config"])
    model = make_recipe(config, Space1Config()).model
    variables = {"params": published.space1(space1.weights, config)}
    batch = space1.batch(labelled=True)
    reading = model.apply(variables, batch, method="read")
    close(reading.act_logits, space1.outputs["joint_act_logits"])
    close(entropy_gate(reading.act_logits), space1.outputs["filter_scores"])
    logits, _ = model.apply(variables, batch.response, reading.memory, method="respond")
    close(probabilities(logits, 131)[:, :-1], space1.outputs["dec_probs"])


def test_space1_consistency(space1):
    p, q = jnp.asarray(space1.outputs["kl_p"]), jnp.asarray(space1.outputs["kl_q"])
    gates = entropy_gate(p)
    close(gates, space1.outputs["gates_p"])
    close(symmetric_kl(p, q).mean(), space1.outputs["kl_plain"])
    # The recorded value gates every example; the recipe gates the unlabelled ones alone.
    close((symmetric_kl(p, q) * gates).mean(), space1.outputs["kl_gated"])


def test_space2_features_losses_gradients(space2):
    config = published.model_config(space2.spec["config"], summary=2)
    recipe = make_recipe(config, Space2Config(subspace=24))
    params = published.space2(space2.weights, config)
    for labelled, prefix, stream in ((True, "metric_label", "labelled"), (False, "metric_nolabel", "unlabelled")):
        batch = space2.batch(labelled)
        loss, terms, grads = loss_and_grads(recipe, params, batch)
        close(terms[f"contrast/{stream}"], space2.outputs[f"{prefix}_con"], 1e-4)
        close(terms[f"masked/{stream}"], space2.outputs[f"{prefix}_token_mlm"], 1e-4)
        close(loss, space2.outputs[f"{prefix}_loss"], 1e-4)
        if labelled:
            compare_gradients(grads, space2, lambda theirs: published.space2(theirs, config))
    summary = recipe.represent(params, batch)["understanding"]
    kernels, biases = params["subspaces"]["kernels"], params["subspaces"]["biases"]
    features = l2_normalise(jnp.tanh(jnp.einsum("BH,WHD->BWD", summary, kernels) + biases[None]))
    close(features, space2.outputs["features"][:, 0])


def test_space3_vectors_losses_gradients(space3):
    prompts = {name: tuple(space3.inputs[f"{name}_token"][0].tolist()) for name in ("understand", "policy")}
    config = published.model_config(space3.spec["config"], **prompts)
    recipe = make_recipe(config, Space3Config())
    params = published.space3(space3.weights, config)
    parts = {
        "masked": "token_mlm",
        "response": "token_nll",
        "policy_system": "mmd",
        "contrast_user": "qcon",
        "contrast_system": "rcon",
        "words_user": "token_qbow",
        "words_system": "token_rbow",
    }
    for labelled, prefix, stream in ((True, "metric_label", "labelled"), (False, "metric_nolabel", "unlabelled")):
        batch = space3.batch(labelled)
        loss, terms, grads = loss_and_grads(recipe, params, batch)
        for ours, theirs in parts.items():
            close(terms[f"{ours}/{stream}"], space3.outputs[f"{prefix}_{theirs}"], 1e-4)
        close(loss, space3.outputs[f"{prefix}_loss"], 1e-4)
        if labelled:
            compare_gradients(grads, space3, lambda theirs: published.space3(theirs, config))
    view = recipe.model.apply({"params": params}, batch, method="view")
    close(view.system, space3.outputs["post_policy"])
    close(l2_normalise(view.user_pooled), space3.outputs["features"][:, 0])
    close(l2_normalise(view.system_pooled), space3.outputs["post_features"][:, 0])
    close(recipe.represent(params, batch)["policy"], space3.outputs["policy"])
