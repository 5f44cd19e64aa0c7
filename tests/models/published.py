"""The published key layout (model_spec section 1) as our parameters, for the comparison with recorded activations."""

import jax.numpy as jnp
import numpy as np

from space_jax.config import ModelConfig, Vocabulary
from space_jax.features.batch import Batch, Tokens


def padded(table: np.ndarray, rows: int) -> np.ndarray:
    return np.pad(table, [(0, rows - table.shape[0])] + [(0, 0)] * (table.ndim - 1))


def layer(weights: dict, i: int, heads: int) -> dict:
    """One layer: their matrices are [out, in], with rows q, k, v."""
    w = {key.removeprefix(f"layers.{i}."): value for key, value in weights.items() if key.startswith(f"layers.{i}.")}
    hidden = w["attn.linear_out.weight"].shape[0]
    width = hidden // heads
    return {
        "attention": {
            "qkv_kernel": w["attn.linear_qkv.weight"].reshape(3, heads, width, hidden).transpose(3, 0, 1, 2),
            "qkv_bias": w["attn.linear_qkv.bias"].reshape(3, heads, width),
            "out_kernel": w["attn.linear_out.weight"].reshape(hidden, heads, width).transpose(1, 2, 0),
            "out_bias": w["attn.linear_out.bias"],
        },
        "attention_norm": {"norm": {"scale": w["attn_norm.weight"], "bias": w["attn_norm.bias"]}},
        "inner": {"kernel": w["ff.linear_hidden.0.weight"].T, "bias": w["ff.linear_hidden.0.bias"]},
        "outer": {"kernel": w["ff.linear_out.weight"].T, "bias": w["ff.linear_out.bias"]},
        "outer_norm": {"norm": {"scale": w["ff_norm.weight"], "bias": w["ff_norm.bias"]}},
    }


def dense(weights: dict, key: str) -> dict:
    return {"kernel": weights[f"{key}.weight"].T, "bias": weights[f"{key}.bias"]}


def backbone(weights: dict, config: ModelConfig) -> dict:
    layers = [layer(weights, i, config.heads) for i in range(config.layers)]
    table = weights["embedder.token_embedding.weight"]
    return {
        "embedding": {
            "token": padded(table, config.vocabulary.padded_size),
            "position": weights["embedder.pos_embedding.weight"],
            "role": weights["embedder.type_embedding.weight"],
            "turn": weights["embedder.turn_embedding.weight"],
            "norm": {"norm": {"scale": weights["embed_layer_norm.weight"], "bias": weights["embed_layer_norm.bias"]}},
        },
        "layers": stacked(layers),
    }


def stacked(layers: list[dict]) -> dict:
    first = layers[0]
    return {
        key: stacked([one[key] for one in layers])
        if isinstance(first[key], dict)
        else np.stack([o[key] for o in layers])
        for key in first
    }


def masked_head(weights: dict, config: ModelConfig) -> dict:
    return {
        "dense": dense(weights, "mlm_transform.0"),
        "norm": {"norm": {"scale": weights["mlm_transform.2.weight"], "bias": weights["mlm_transform.2.bias"]}},
        "bias": padded(weights["mlm_bias"], config.vocabulary.padded_size),
    }


def space1(weights: dict, config: ModelConfig) -> dict:
    hidden = config.hidden
    return {
        "backbone": backbone(weights, config),
        "summary": weights["mask_embed"].reshape(hidden),
        "act_classifier": dense(weights, "act_classifier"),
        "selector": {"kernel": np.zeros((hidden, 1), np.float32), "bias": np.zeros(1, np.float32)},
    }


def space2(weights: dict, config: ModelConfig, views: int = 10) -> dict:
    kernels = weights["subspace.projection.0.weight"]  # [W * D, H]
    return {
        "backbone": backbone(weights, config),
        "masked_head": masked_head(weights, config),
        "subspaces": {
            "kernels": kernels.reshape(views, -1, config.hidden).transpose(0, 2, 1),
            "biases": weights["subspace.projection.0.bias"].reshape(views, -1),
        },
    }


def space3(weights: dict, config: ModelConfig) -> dict:
    words = weights["bow_predictor.weight"]
    return {
        "backbone": backbone(weights, config),
        "masked_head": masked_head(weights, config),
        "pooler": {"dense": dense(weights, "pooler.0")},
        "bag_of_words": {"kernel": padded(words, config.vocabulary.padded_size).T},
    }


def model_config(sizes: dict, **vocabulary) -> ModelConfig:
    return ModelConfig(
        layers=sizes["layers"],
        hidden=sizes["hidden"],
        heads=sizes["heads"],
        mlp=4 * sizes["hidden"],
        positions=sizes["positions"],
        roles=sizes["types"],
        turns=sizes["turns"],
        dropout=0.0,
        vocabulary=Vocabulary(size=sizes["vocab"], **vocabulary),
    )


def tokens(arrays: dict, prefix: str) -> Tokens:
    parts = {"ids": "token", "positions": "pos", "roles": "type", "turns": "turn", "segments": "mask"}
    return Tokens(**{name: jnp.asarray(arrays[f"{prefix}_{key}"], jnp.int32) for name, key in parts.items()})


def batch(arrays: dict, labelled: bool, user_tree: np.ndarray, system_tree: np.ndarray, words: tuple) -> Batch:
    """The recorded batch, one example a row."""
    size = arrays["src_token"].shape[0]
    mask = arrays["mlm_mask"]
    return Batch(
        context=tokens(arrays, "src"),
        response=tokens(arrays, "tgt"),
        negative=tokens(arrays, "tgt"),
        masked_ids=jnp.asarray(arrays["mlm_token"], jnp.int32),
        masked_positions=jnp.broadcast_to(jnp.arange(mask.shape[1], dtype=jnp.int32), mask.shape),
        masked_targets=jnp.asarray(arrays["mlm_label"], jnp.int32),
        masked_weights=jnp.asarray(mask, jnp.float32),
        occupied=jnp.ones((size, 1), bool),
        slot=jnp.arange(size, dtype=jnp.int32),
        valid=jnp.ones(size, bool),
        labelled=jnp.full(size, labelled),
        user_words=jnp.asarray(words[0], jnp.int32),
        response_words=jnp.asarray(words[1], jnp.int32),
        user_tree=jnp.asarray(user_tree),
        system_tree=jnp.asarray(system_tree),
        acts=jnp.zeros((size, 20), jnp.float32),
        dialogue=jnp.arange(size, dtype=jnp.int32),
    )
