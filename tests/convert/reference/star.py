"""STAR in PyTorch, independent of the package: records a small model of other sizes and ids than the shared one.

Written from the description of the computation: the encoders are transformers' ELECTRA, heads and losses loops. Here
the generator is as wide as the embedding, which is then not projected, and texts are of two conversations of three.
"""

import json
from pathlib import Path

import numpy as np

SIZES = {"layers": 1, "hidden": 12, "heads": 3, "generator_heads": 2, "feed_forward": 20}
VOCABULARY, POSITIONS, TYPES, CLASSES, TURNS, TEXTS, LENGTH = 41, 19, 3, 5, 3, 6, 11
TEMPERATURE, SHARPNESS, UNUSED, FACTOR, EPSILON = 0.3, 2.0, 0.2, 7, 1e-6


def _encoders():
    """Generator and discriminator under the published keys, of random weights."""
    import torch
    from transformers import ElectraConfig, ElectraForMaskedLM, ElectraForPreTraining

    torch.manual_seed(5)
    common = {
        **{"vocab_size": VOCABULARY, "embedding_size": SIZES["hidden"], "hidden_size": SIZES["hidden"]},
        **{"num_hidden_layers": SIZES["layers"], "intermediate_size": SIZES["feed_forward"]},
        **{"max_position_embeddings": POSITIONS, "type_vocab_size": TYPES, "layer_norm_eps": EPSILON},
        **{"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.3},
    }
    heads = SIZES["generator_heads"], SIZES["heads"]
    configs = [ElectraConfig(**common, num_attention_heads=n, attn_implementation="eager") for n in heads]
    generator, discriminator = ElectraForMaskedLM(configs[0]).eval(), ElectraForPreTraining(configs[1]).eval()
    discriminator.electra.embeddings = generator.electra.embeddings
    return generator, discriminator


def _heads():
    """STAR's own heads by their published names, random."""
    import torch

    hidden = SIZES["hidden"]
    dense = {"dense_col_sss": hidden, "mlp_sss.dense": hidden}
    dense |= {f"{pool}.attn.0": hidden for pool in ("question_sss", "column_sss.aggregation")}
    dense |= {f"{pool}.attn.2": 1 for pool in ("question_sss", "column_sss.aggregation")}
    shapes = {f"{key}.weight": (out, hidden) for key, out in dense.items()}
    shapes |= {f"{key}.bias": (out,) for key, out in dense.items()}
    shapes |= {f"layer_norm_col_sss.{part}": (hidden,) for part in ("weight", "bias")}
    shapes |= {"decoder_col_sss.weight": (CLASSES, hidden), "bias_col_sss": (CLASSES,)}
    return {key: (0.4 * torch.randn(shape)).requires_grad_() for key, shape in shapes.items()}


def _pool(heads, name, x):
    """Tokens `[n, H]` of one group -> `[H]`."""
    inner = (x @ heads[f"{name}.attn.0.weight"].T + heads[f"{name}.attn.0.bias"]).tanh()
    scores = inner @ heads[f"{name}.attn.2.weight"].T + heads[f"{name}.attn.2.bias"]
    return (scores.softmax(0) * x).sum(0)


def _columns(heads, x, batch):
    """Logits of every column, from outputs `[B, S, H]`."""
    import torch

    pooled = []
    for b, count in enumerate(batch["column_counts"]):
        tokens = x[b][torch.from_numpy(batch["column_mask"][b])]
        first = 0
        for length in batch["column_lengths"][b][:count]:
            pooled.append(_pool(heads, "column_sss.aggregation", tokens[first : first + length]))
            first += length
    inner = torch.stack(pooled) @ heads["dense_col_sss.weight"].T + heads["dense_col_sss.bias"]
    weight, bias = heads["layer_norm_col_sss.weight"], heads["layer_norm_col_sss.bias"]
    inner = torch.nn.functional.layer_norm(torch.nn.functional.gelu(inner), weight.shape, weight, bias, EPSILON)
    return inner @ heads["decoder_col_sss.weight"].T + heads["bias_col_sss"]


def _utterances(heads, x, there):
    import torch

    inner = (x @ heads["mlp_sss.dense.weight"].T + heads["mlp_sss.dense.bias"]).tanh()
    return torch.stack([_pool(heads, "question_sss", row[mask]) for row, mask in zip(inner, there, strict=True)])


def _dependency(rows, columns, similarity):
    import torch

    cosines = torch.nn.functional.normalize(rows) @ torch.nn.functional.normalize(columns).T
    losses = []
    for i in range(TEXTS):
        positives = [j for j in range(TEXTS) if similarity[i, j] > 0]
        weights = torch.tensor([SHARPNESS * float(similarity[i, j]) for j in positives]).softmax(0)
        scores = torch.stack([cosines[i, j] / TEMPERATURE for j in positives])
        losses.append(-(weights * scores.log_softmax(0)).sum())
    return cosines, torch.stack(losses).mean()


def _batch():
    rng = np.random.default_rng(3)
    ids = rng.integers(5, VOCABULARY, (TEXTS, LENGTH))
    lengths = rng.integers(8, LENGTH + 1, TEXTS)
    place = np.arange(LENGTH)
    there = place < lengths[:, None]
    counts = rng.integers(1, 3, TEXTS)
    column_lengths = np.stack([np.full(TEXTS, 2), np.where(counts > 1, 1, 0)], axis=1)
    question = place < 4
    columns = (place >= 5) & (place < 5 + column_lengths.sum(1)[:, None])
    masked = np.broadcast_to((place == 1) | (place == 3), ids.shape)
    generated = np.where(masked, rng.integers(5, VOCABULARY, ids.shape), ids)
    blocks = np.kron(np.eye(2), np.ones((TURNS, TURNS)))
    similarity = np.triu(rng.choice([0, 0.3, 0.8], (TEXTS, TEXTS)), 1)
    similarity = (blocks * (similarity + similarity.T) + np.eye(TEXTS)).astype(np.float32)
    return {
        "input_ids": ids,
        "attention_mask": there,
        "position_ids": np.stack([rng.permutation(POSITIONS)[:LENGTH] for _ in range(TEXTS)]),
        "question_mask": np.broadcast_to(question, ids.shape),
        "column_mask": columns,
        "column_counts": counts,
        "column_lengths": column_lengths,
        "column_labels": rng.integers(0, CLASSES, counts.sum()) * rng.integers(0, 2, counts.sum()),
        "similarity_labels": similarity,
        "masked_ids": np.where(masked, 4, ids),
        "masked_labels": np.where(masked, ids, -100),
        "generated_ids": generated,
        "replaced": (generated != ids) & there,
    }


def record(start: Path) -> None:
    """Writes the four files of a recording, whose names begin with `start`."""
    import torch

    (generator, discriminator), heads, batch = _encoders(), _heads(), _batch()
    a = torch.tensor([1.1, 0.7, 1.4]).requires_grad_()
    given = {key: torch.from_numpy(np.ascontiguousarray(array)) for key, array in batch.items()}
    there, places = given["attention_mask"], given["position_ids"]
    read = {"attention_mask": there, "position_ids": places}
    logits = generator(input_ids=given["masked_ids"], **read).logits
    corrupted, written = (
        discriminator.electra(input_ids=given[name], output_hidden_states=True, **read)
        for name in ("generated_ids", "input_ids")
    )
    found = {"embedding": corrupted.hidden_states[0], "generator_logits": logits[given["masked_labels"] != -100]}
    found |= {f"hidden_{i}": x for i, x in enumerate(corrupted.hidden_states[1:])}
    found["replaced_logits"] = discriminator.discriminator_predictions(corrupted.last_hidden_state)
    for suffix, outputs in (("", corrupted), ("_uncorrupted", written)):
        found[f"column_logits{suffix}"] = _columns(heads, outputs.last_hidden_state, batch)
        found[f"utterance{suffix}"] = _utterances(heads, outputs.last_hidden_state, there)
    functional, labels = torch.nn.functional, given["column_labels"]
    classes = torch.tensor([UNUSED] + [1.0] * (CLASSES - 1))
    found["loss_generator"] = functional.cross_entropy(logits.flatten(0, 1), given["masked_labels"].flatten())
    found["loss_replaced"] = functional.binary_cross_entropy_with_logits(
        found["replaced_logits"][there], given["replaced"][there].float()
    )
    found["loss_electra"] = found["loss_generator"] + FACTOR * found["loss_replaced"]
    passes = [functional.cross_entropy(found[f"column_logits{s}"], labels, classes) for s in ("", "_uncorrupted")]
    found["loss_state"] = sum(passes) / 2
    found["similarity"], found["loss_dependency"] = _dependency(
        found["utterance_uncorrupted"], found["utterance"], batch["similarity_labels"]
    )
    losses = torch.stack([found[f"loss_{name}"] for name in ("electra", "state", "dependency")])
    found["loss_total"] = (0.5 / a**2 * losses + torch.log(1 + a**2)).sum()
    found["loss_total"].backward()

    trained = {f"generator.{key}": p for key, p in generator.named_parameters() if key != "generator_lm_head.weight"}
    shared = set(map(id, trained.values()))
    trained |= {f"discriminator.{k}": p for k, p in discriminator.named_parameters() if id(p) not in shared}
    trained |= {f"discriminator.{key}": p for key, p in heads.items()} | {"task_weights": a}
    # Without effect, or with gradients that are nothing but rounding: what a softmax over tokens does not feel.
    silent = ("attention.self.key.bias", "attn.2.bias")
    gradients = {f"grad:{key}": p.grad for key, p in trained.items() if p.grad is not None and not key.endswith(silent)}
    np.savez(f"{start}_weights.npz", **{key: p.detach().numpy() for key, p in trained.items()})
    np.savez(f"{start}_inputs.npz", **batch)
    np.savez(f"{start}_outputs.npz", **{key: x.detach().numpy() for key, x in (found | gradients).items()})
    spec = {
        **{"system": "STAR", "sizes": SIZES, "activation": "gelu (erf)", "temperature": TEMPERATURE},
        **{"similarity_sharpness": SHARPNESS, "class_weight_of_unused_columns": UNUSED},
        **{"replaced_token_factor": FACTOR, "layer_norm_epsilon": EPSILON},
        "generator_head_layer_norm_epsilon": generator.generator_predictions.LayerNorm.eps,
    }
    Path(f"{start}.json").write_text(json.dumps(spec))
