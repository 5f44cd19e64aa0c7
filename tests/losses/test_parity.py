"""The losses against numbers recorded from the published implementation (`shared/parity`).

They settle the conventions too: the mean over the ten views and over the 2B anchors, not the sum.
"""

import json

import jax
import numpy as np
import pytest

from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.dialogue.trees import hashed_views
from space_jax.losses import (
    Sum,
    bag_of_words,
    combined_similarity,
    entropy_gate,
    policy_distance,
    symmetric_kl,
    token_cross_entropy,
    view_similarities,
    weighted_contrast,
)

TOLERANCE = 1e-5
EXAMPLES = 6
EVERYBODY = np.zeros(EXAMPLES, np.int32), np.ones(EXAMPLES, bool)


@pytest.fixture(scope="module")
def recorded(shared_data):
    folder = shared_data / "parity"
    if not folder.is_dir():
        pytest.skip(f"no recorded numbers at {folder}")

    def read(model):
        inputs, outputs = (np.load(folder / f"{model}_tiny_{part}.npz") for part in ("inputs", "outputs"))
        return {name: inputs[name].astype(np.int32) for name in inputs.files}, outputs

    return {model: read(model) for model in ("space1", "space2", "space3")}


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=TOLERANCE, atol=TOLERANCE)


def hashed_trees(shared_data, side):
    """`[6, 10, 16]` hashed views of the recorded turns."""
    turns = json.loads((shared_data / "parity" / "space3_tiny.json").read_text())[side]
    return np.stack(
        [
            hashed_views(
                [
                    Frame(
                        domain, intent, tuple(Slot(n, tuple(Value(v["value"]) for v in vs)) for n, vs in slots.items())
                    )
                    for domain, intents in turn.items()
                    for intent, slots in intents.items()
                ],
                16,
            )
            for turn in turns
        ]
    )


def test_tree_similarities(recorded, shared_data):
    scores = np.stack([recorded["space2"][1][f"scores_{view}"] for view in range(10)])
    assert_close(view_similarities(hashed_trees(shared_data, "frames")), scores)
    assert_close(combined_similarity(hashed_trees(shared_data, "frames")), recorded["space3"][1]["qscores"])
    assert_close(combined_similarity(hashed_trees(shared_data, "resp_frames")), recorded["space3"][1]["rscores"])


@pytest.mark.parametrize("stream", ["label", "nolabel"])
def test_space2_contrast_in_ten_subspaces(recorded, stream):
    _, outputs = recorded["space2"]
    features = outputs["features"].transpose(2, 1, 0, 3)  # [W, 2, B, D]
    trees = np.stack([outputs[f"scores_{view}"] for view in range(10)])
    weights = trees if stream == "label" else np.tile(np.eye(EXAMPLES, dtype=np.float32), (10, 1, 1))
    losses = jax.vmap(weighted_contrast, in_axes=(0, 0, None, None, None))(features, weights, *EVERYBODY, 0.07)
    assert_close(losses.mean(), outputs[f"metric_{stream}_con"])


@pytest.mark.parametrize("stream", ["label", "nolabel"])
@pytest.mark.parametrize(("side", "features"), [("q", "features"), ("r", "post_features")])
def test_space3_contrast_with_the_combined_score(recorded, stream, side, features):
    _, outputs = recorded["space3"]
    weights = outputs[f"{side}scores"] if stream == "label" else np.eye(EXAMPLES, dtype=np.float32)
    losses = weighted_contrast(outputs[features].transpose(1, 0, 2), weights, *EVERYBODY, 0.07)
    assert_close(Sum.of(losses, EVERYBODY[1]).mean(), outputs[f"metric_{stream}_{side}con"])


@pytest.mark.parametrize(("side", "tokens"), [("q", "query_token"), ("r", "tgt_token")])
def test_bag_of_words(recorded, side, tokens):
    inputs, outputs = recorded["space3"]
    words = np.where(inputs[tokens] != 0, inputs[tokens], -1)
    result = bag_of_words(np.log(outputs[f"{side}bow_probs"]), words, EVERYBODY[1])
    assert result.weight == outputs[f"metric_label_{side}bow_num"]
    assert_close(result.mean(), outputs[f"metric_label_token_{side}bow"])


@pytest.mark.parametrize("model", ["space2", "space3"])
def test_masked_language_model(recorded, model):
    inputs, outputs = recorded[model]
    labels = inputs["mlm_label"]
    result = token_cross_entropy(np.log(outputs["mlm_probs"]), labels, labels != 0)
    assert result.weight == outputs["metric_label_mlm_num"]
    assert_close(result.mean(), outputs["metric_label_token_mlm"])


def test_generation(recorded):
    inputs, outputs = recorded["space3"]
    targets = inputs["tgt_token"][:, 1:]
    result = token_cross_entropy(np.log(outputs["dec_probs"]), targets, targets != 0)
    assert result.weight == outputs["metric_label_token_num"]
    assert_close(result.mean(), outputs["metric_label_token_nll"])


def test_policy_distance(recorded):
    _, outputs = recorded["space3"]
    assert_close(policy_distance(outputs["policy"], outputs["post_policy"]).mean(), outputs["metric_label_mmd"])


def test_consistency_and_gate(recorded):
    _, outputs = recorded["space1"]
    divergence, gates = symmetric_kl(outputs["kl_p"], outputs["kl_q"]), entropy_gate(outputs["kl_p"])
    assert_close(gates, outputs["gates_p"])
    assert_close(divergence.mean(), outputs["kl_plain"])
    assert_close((divergence * gates).mean(), outputs["kl_gated"])
    assert_close(entropy_gate(outputs["joint_act_logits"]), outputs["filter_scores"])
