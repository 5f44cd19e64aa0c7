"""StructBERT in PyTorch, independent of the package: records a small model of other sizes and ids than the shared one.

Written from the description of the computation alone: BERT's encoder, a masked-word head, a head of three orders.
"""

import json
from pathlib import Path

import numpy as np

HIDDEN, HEADS, LAYERS, MLP, POSITIONS, TYPES, VOCABULARY = 24, 3, 3, 40, 17, 2, 53
TEXTS, LENGTH, IGNORED, EPSILON = 4, 13, -7, 1e-6
STEP, BOUND = 0.04, 0.03


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "bert.embeddings.word_embeddings.weight": (VOCABULARY, HIDDEN),
        "bert.embeddings.position_embeddings.weight": (POSITIONS, HIDDEN),
        "bert.embeddings.token_type_embeddings.weight": (TYPES, HIDDEN),
        "cls.predictions.bias": (VOCABULARY,),
    }
    layers = [f"bert.encoder.layer.{i}." for i in range(LAYERS)]
    dense = {
        **{f"{at}attention.self.{part}": (HIDDEN, HIDDEN) for at in layers for part in ("query", "key", "value")},
        **{f"{at}attention.output.dense": (HIDDEN, HIDDEN) for at in layers},
        **{f"{at}intermediate.dense": (MLP, HIDDEN) for at in layers},
        **{f"{at}output.dense": (HIDDEN, MLP) for at in layers},
        "bert.pooler.dense": (HIDDEN, HIDDEN),
        "cls.predictions.transform.dense": (HIDDEN, HIDDEN),
        "cls.seq_relationship": (3, HIDDEN),
        "adv:classifier": (5, HIDDEN),
    }
    norms = ["bert.embeddings.LayerNorm", "cls.predictions.transform.LayerNorm"]
    norms += [f"{at}{part}.LayerNorm" for at in layers for part in ("attention.output", "output")]
    for key, (out, inner) in dense.items():
        shapes |= {f"{key}.weight": (out, inner), f"{key}.bias": (out,)}
    for key in norms:
        shapes |= {f"{key}.weight": (HIDDEN,), f"{key}.bias": (HIDDEN,)}
    return shapes


class Reference:
    """The model; every method takes and gives tensors."""

    def __init__(self, weights):
        self.weights = weights

    def dense(self, key, x):
        return x @ self.weights[f"{key}.weight"].T + self.weights[f"{key}.bias"]

    def norm(self, key, x):
        import torch

        weight, bias = self.weights[f"{key}.weight"], self.weights[f"{key}.bias"]
        return torch.nn.functional.layer_norm(x, (HIDDEN,), weight, bias, EPSILON)

    def encode(self, ids, types, there, noise=0.0):
        """The embedding and the output of each layer."""
        import torch

        tables = [
            self.weights[f"bert.embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        ]
        x = tables[0][ids] + noise + tables[1][: ids.shape[1]] + tables[2][types]
        outputs = [self.norm("bert.embeddings.LayerNorm", x)]
        for layer in range(LAYERS):
            x, at = outputs[-1], f"bert.encoder.layer.{layer}."
            query, key, value = (
                self.dense(f"{at}attention.self.{part}", x).reshape(*x.shape[:2], HEADS, -1).transpose(1, 2)
                for part in ("query", "key", "value")
            )
            scores = query @ key.transpose(2, 3) / (HIDDEN // HEADS) ** 0.5
            mixed = scores.masked_fill(~there[:, None, None], -1e9).softmax(-1) @ value
            mixed = mixed.transpose(1, 2).reshape(x.shape)
            x = self.norm(f"{at}attention.output.LayerNorm", x + self.dense(f"{at}attention.output.dense", mixed))
            inner = torch.nn.functional.gelu(self.dense(f"{at}intermediate.dense", x))
            outputs.append(self.norm(f"{at}output.LayerNorm", x + self.dense(f"{at}output.dense", inner)))
        return outputs

    def pooled(self, x):
        return self.dense("bert.pooler.dense", x[:, 0]).tanh()

    def words(self, x):
        import torch

        x = torch.nn.functional.gelu(self.dense("cls.predictions.transform.dense", x))
        x = self.norm("cls.predictions.transform.LayerNorm", x)
        return x @ self.weights["bert.embeddings.word_embeddings.weight"].T + self.weights["cls.predictions.bias"]


def record(start: Path) -> None:
    """Writes `<start>_weights.npz`, `_inputs.npz`, `_outputs.npz` and `.json`."""
    import torch

    rng = np.random.default_rng(5)
    state = {key: rng.normal(0, 0.15, shape).astype(np.float32) for key, shape in _shapes().items()}
    state |= {key: array + 1 for key, array in state.items() if key.endswith("LayerNorm.weight")}
    inputs = _inputs(rng)
    weights = {key: torch.tensor(array, requires_grad=True) for key, array in state.items()}
    outputs = _outputs(Reference(weights), {key: torch.tensor(array) for key, array in inputs.items()})
    outputs["loss_total"].backward(retain_graph=True)
    gradients = {
        f"grad:{key}": tensor.grad
        for key, tensor in weights.items()
        if tensor.grad is not None and not key.endswith("key.bias")  # the softmax does not see a key's bias
    }
    with torch.enable_grad():
        outputs |= _adversarial(Reference(weights), {key: torch.tensor(array) for key, array in inputs.items()})
    arrays = {name: tensor.detach().numpy() for name, tensor in (outputs | gradients).items()}
    np.savez(f"{start}_weights.npz", **state)
    np.savez(f"{start}_inputs.npz", **inputs)
    np.savez(f"{start}_outputs.npz", **arrays)
    spec = {
        "system": "StructBERT",
        "activation": "gelu (erf)",
        "sizes": {"heads": HEADS},
        "ignored_label": IGNORED,
        "layer_norm_epsilon": EPSILON,
        "adversarial": {"gradient_factor": STEP, "bound": BOUND},
    }
    Path(f"{start}.json").write_text(json.dumps(spec), encoding="utf-8")


def _inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    shape = (TEXTS, LENGTH)
    there = np.arange(LENGTH)[None] < rng.integers(6, LENGTH + 1, TEXTS)[:, None]
    original = rng.integers(6, VOCABULARY, shape) * there
    masked = (rng.random(shape) < 0.2) & there
    moved = (rng.random(shape) < 0.2) & there & ~masked
    return {
        "original_ids": original,
        "input_ids": np.where(masked, 3, np.where(moved, np.roll(original, 1, axis=1), original)) * there,
        "masked_positions": masked,
        "shuffled_positions": moved,
        "attention_mask": there.astype(np.int64),
        "token_type_ids": (np.arange(LENGTH)[None] > 4) * there.astype(np.int64),
        "labels": np.where(masked | moved, original, IGNORED),
        "order_label": rng.integers(0, 3, TEXTS),
        "adv_noise": rng.normal(0, 0.05, (*shape, HIDDEN)).astype(np.float32),
        "adv_labels": rng.integers(0, 5, TEXTS),
    }


def _outputs(net: Reference, batch: dict) -> dict:
    import torch

    there, labels = batch["attention_mask"] > 0, batch["labels"]
    embedding, *hidden = net.encode(batch["input_ids"], batch["token_type_ids"], there)
    known, masked = labels != IGNORED, batch["masked_positions"]
    words, pooled = net.words(hidden[-1]), net.pooled(hidden[-1])
    orders = net.dense("cls.seq_relationship", pooled)
    losses = torch.zeros(labels.shape)
    losses[known] = torch.nn.functional.cross_entropy(words[known], labels[known], reduction="none")
    found = {
        "embedding": embedding,
        **{f"hidden_{i}": x for i, x in enumerate(hidden)},
        "pooled": pooled,
        "word_logits": words[known],
        "order_logits": orders,
        "token_losses": losses,
        "loss_masked": losses[known & masked].mean(),
        "loss_shuffled": losses[known & ~masked].mean(),
        "loss_word": losses[known].mean(),
        "loss_order": torch.nn.functional.cross_entropy(orders, batch["order_label"]),
    }
    return found | {"loss_total": found["loss_word"] + found["loss_order"]}


def _adversarial(net: Reference, batch: dict) -> dict:
    import torch

    def logits(noise):
        hidden = net.encode(batch["original_ids"], batch["token_type_ids"], batch["attention_mask"] > 0, noise)
        return net.dense("adv:classifier", net.pooled(hidden[-1]))

    def divergence(p, q):
        p, q = p.log_softmax(-1), q.log_softmax(-1)
        both = (p.exp() * (p - q)).sum(-1) + (q.exp() * (q - p)).sum(-1)
        return both.mean() / p.shape[-1]

    noise = batch["adv_noise"].clone().requires_grad_()
    clean = logits(0.0)
    (gradient,) = torch.autograd.grad(divergence(clean.detach(), logits(noise)), noise)
    step = STEP * gradient / gradient.abs().amax(dim=(1, 2), keepdim=True)
    moved = (noise + step.clamp(-BOUND, BOUND)).detach()
    loss = torch.nn.functional.cross_entropy(clean, batch["adv_labels"])
    return {
        "adv_logits": clean,
        "adv_cross_entropy": loss,
        "adv_loss": loss + divergence(clean, logits(moved)),
    }
