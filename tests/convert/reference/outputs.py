"""The recorded arrays: what the reference computes on a batch, under the names of the shared reference files."""

import numpy as np
import torch
from torch import Tensor

from tests.convert.reference import losses, models
from tests.convert.reference.models import Batch, Network
from tests.convert.reference.samples import Arrays
from tests.convert.reference.search import beam_search


def network(weights: Arrays, heads: int) -> Network:
    """The model in double precision, so that the recorded numbers do not depend on the order of summation."""
    return Network({key: torch.tensor(value).double().requires_grad_() for key, value in weights.items()}, heads)


def tensors(inputs: Arrays) -> Batch:
    return {name: torch.tensor(values) for name, values in inputs.items()}


def arrays(values: dict[str, Tensor]) -> Arrays:
    """As stored: numbers in single precision, counts as they are."""
    stored = {name: value.detach().numpy() for name, value in values.items()}
    return {name: value.astype(np.float32) if value.dtype == np.float64 else value for name, value in stored.items()}


def space1_outputs(net: Network, batch: Batch, given: Arrays) -> Arrays:
    """SPACE-1; `given` holds the arrays that are inputs but stand among the outputs: act_index, tag, kl_p, kl_q."""
    out = models.space1(net, batch)
    p, q = (torch.tensor(given[name]).double() for name in ("kl_p", "kl_q"))
    kl, gates_p = losses.symmetric_kl(p, q), losses.gates(p)
    computed = {
        "joint_act_logits": out["acts"],
        "joint_act_probs": out["acts"].sigmoid(),
        "filter_scores": losses.gates(out["acts"]),
        "dec_probs": out["response"].softmax(-1),
        "gates_p": gates_p,
        "kl_plain": kl.mean(),
        "kl_gated": (kl * gates_p).mean(),
    }
    return arrays(computed) | {name: given[name] for name in ("act_index", "tag", "kl_p", "kl_q")}


def both_views(features: Tensor) -> Tensor:
    """[B, 2, ...]: without dropout the second view repeats the first."""
    return torch.stack([features, features], 1)


def metrics_and_gradients(
    net: Network, labelled: dict[str, Tensor], unlabelled: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Both sets of losses, and the gradient of the labelled total for every parameter."""
    gradients = torch.autograd.grad(labelled["loss"], list(net.weights.values()))
    values = {f"metric_label_{name}": value for name, value in labelled.items()}
    values |= {f"metric_nolabel_{name}": value for name, value in unlabelled.items()}
    return values | {f"grad:{key}": gradient for key, gradient in zip(net.weights, gradients, strict=True)}


def space2_outputs(net: Network, batch: Batch, frames: list[dict]) -> Arrays:
    """SPACE-2, with the trees of the user turns."""
    out = models.space2(net, batch)
    scores = losses.view_scores(frames)
    labelled = losses.space2_metrics(out, batch, scores)
    unlabelled = losses.space2_metrics(out, batch, torch.eye(len(frames)).expand_as(scores))
    values = {"mlm_probs": out["mlm"].softmax(-1), "features": both_views(out["features"])}
    values |= metrics_and_gradients(net, labelled, unlabelled)
    return arrays(values | {f"scores_{v}": score for v, score in enumerate(scores)})


def space3_outputs(net: Network, batch: Batch, frames: list[dict], resp_frames: list[dict]) -> Arrays:
    """SPACE-3, with the trees of the user turns and of the responses."""
    out = models.space3(net, batch)
    qscores, rscores, same = losses.combined_scores(frames), losses.combined_scores(resp_frames), torch.eye(len(frames))
    labelled = losses.space3_metrics(out, batch, qscores, rscores)
    unlabelled = losses.space3_metrics(out, batch, same, same)
    values = {"mlm_probs": out["mlm"].softmax(-1), "dec_probs": out["response"].softmax(-1)}
    values |= {f"{bag}_probs": out[bag].softmax(-1) for bag in ("qbow", "rbow")}
    values |= {name: out[name] for name in ("policy", "post_policy")}
    values |= {name: both_views(out[name]) for name in ("features", "post_features")}
    values |= {"qscores": qscores, "rscores": rscores}
    return arrays(values | metrics_and_gradients(net, labelled, unlabelled))


@torch.no_grad()
def generation(net: Network, batch: Batch, sizes: tuple[int, ...], limit: int) -> Arrays:
    """Beam search of every size over every example, with the prompts and without: tokens [B, limit + 1]."""
    stored = {}
    for size in sizes:
        for name in ("prompted", "plain"):
            rows = range(len(batch["src_token"]))
            found = [beam_search(net, batch, row, size, limit, name == "prompted") for row in rows]
            stored[f"beam{size}_{name}_tokens"] = np.stack([tokens.numpy() for tokens, _ in found])
            stored[f"beam{size}_{name}_scores"] = np.array([float(score) for _, score in found])
    return stored
