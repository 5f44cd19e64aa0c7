"""The similarity of semantic trees, and every loss that the reference files record."""

import math

import torch
from torch import Tensor
from torch.nn import functional

# The recorded scores_0 .. scores_9 number the views in this order.
VIEWS = ("D", "I", "S", "V", "DI", "IS", "SV", "DIS", "ISV", "DISV")
NO_NAMES = ("default_domain", "default_intent")
TEMPERATURE = 0.07

Paths = list[dict[str, str]]


def paths(frames: dict) -> Paths:
    """Every node of the tree with the names on the way to it, as {"D": domain, "I": intent, "S": slot, "V": value}."""
    found: Paths = []
    for domain, intents in frames.items():
        found.append({"D": domain})
        for intent, slots in intents.items():
            found.append({"D": domain, "I": intent})
            for slot, values in slots.items():
                found.append({"D": domain, "I": intent, "S": slot})
                found += [{"D": domain, "I": intent, "S": slot, "V": value["value"]} for value in values]
    return [{level: name.strip().lower() for level, name in path.items()} for path in found]


def views(frames: dict) -> list[set[tuple[str, ...]]]:
    """The ten sets of a tree; an element with a name that means "none" is left out."""
    tree = paths(frames)
    sets = [{tuple(path[level] for level in view) for path in tree if set(view) <= set(path)} for view in VIEWS]
    return [{element for element in elements if not set(element) & set(NO_NAMES)} for elements in sets]


def view_scores(all_frames: list[dict]) -> Tensor:
    """|A & B| / |A | B| in every view, 0 where both are empty, 1 for a turn with itself: [10, B, B]."""
    trees = [views(frames) for frames in all_frames]
    scores = torch.zeros(len(VIEWS), len(trees), len(trees), dtype=torch.float64)
    for i, first in enumerate(trees):
        for j, second in enumerate(trees):
            for v, (a, b) in enumerate(zip(first, second, strict=True)):
                scores[v, i, j] = 1.0 if i == j else len(a & b) / max(len(a | b), 1)
    return scores


def combined_scores(all_frames: list[dict]) -> Tensor:
    """Sum of the ten similarities over the number of views in which either tree has something: [B, B]."""
    trees = [views(frames) for frames in all_frames]
    similarity = view_scores(all_frames)
    scores = torch.eye(len(trees), dtype=torch.float64)
    for i, first in enumerate(trees):
        for j, second in enumerate(trees):
            filled = sum(bool(a | b) for a, b in zip(first, second, strict=True))
            if i != j and filled:
                scores[i, j] = similarity[:, i, j].sum() / filled
    return scores


def contrast(features: Tensor, scores: Tensor) -> Tensor:
    """Weighted contrastive loss over two equal dropout views of the features [B, W]; weights `scores` [B, B]."""
    z, weights = features.repeat(2, 1), scores.repeat(2, 2).to(features)
    others = ~torch.eye(len(z), dtype=torch.bool)
    logits = (z @ z.T / TEMPERATURE).masked_fill(~others, -math.inf)
    log_probs = logits.log_softmax(-1).masked_fill(~others, 0.0)
    weights = weights * others
    return (-(weights * log_probs).sum(-1) / weights.sum(-1)).mean()


def view_contrast(features: Tensor, scores: Tensor) -> Tensor:
    """Mean over the ten views of the loss within each: features [B, 10, W], scores [10, B, B]."""
    return torch.stack([contrast(features[:, v], scores[v]) for v in range(len(VIEWS))]).mean()


def token_loss(logits: Tensor, labels: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cross-entropy of the tokens in the mask [B, L]: total over B, mean over tokens, number of tokens."""
    total = (functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none") * mask).sum()
    return total / len(labels), total / mask.sum(), mask.sum()


def bag_loss(logits: Tensor, labels: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same where every token [B, L] is predicted from one distribution [B, V]."""
    return token_loss(logits[:, None].expand(-1, labels.shape[1], -1), labels, mask)


def space2_metrics(out: dict[str, Tensor], batch: dict[str, Tensor], scores: Tensor) -> dict[str, Tensor]:
    """The terms and the total of SPACE-2; `scores` [10, B, B] are identities for unlabelled turns."""
    mlm, token_mlm, mlm_num = token_loss(out["mlm"], batch["mlm_label"], batch["mlm_mask"])
    con = view_contrast(out["features"], scores)
    return {"mlm": mlm, "token_mlm": token_mlm, "mlm_num": mlm_num, "con": con, "loss": con + 0.1 * token_mlm}


def space3_metrics(out: dict[str, Tensor], batch: dict[str, Tensor], qscores: Tensor, rscores: Tensor) -> dict:
    """The terms and the total of SPACE-3; `mmd` is the policy's squared distance, which moves its target too."""
    target, target_mask = batch["tgt_token"], batch["tgt_mask"]
    mlm, token_mlm, mlm_num = token_loss(out["mlm"], batch["mlm_label"], batch["mlm_mask"])
    nll, token_nll, token_num = token_loss(out["response"], target[:, 1:], target_mask[:, 1:])
    qbow, token_qbow, qbow_num = bag_loss(out["qbow"], batch["query_token"], batch["query_mask"])
    rbow, token_rbow, rbow_num = bag_loss(out["rbow"], target, target_mask)
    mmd = (out["policy"] - out["post_policy"]).square().sum(-1).mean()
    qcon, rcon = contrast(out["features"], qscores), contrast(out["post_features"], rscores)
    loss = 0.1 * token_mlm + token_nll + 0.1 * mmd + qcon + rcon + token_qbow + token_rbow
    terms = {"mlm": mlm, "token_mlm": token_mlm, "mlm_num": mlm_num}
    terms |= {"nll": nll, "token_nll": token_nll, "token_num": token_num, "mmd": mmd, "qcon": qcon, "rcon": rcon}
    terms |= {"qbow": qbow, "token_qbow": token_qbow, "qbow_num": qbow_num}
    terms |= {"rbow": rbow, "token_rbow": token_rbow, "rbow_num": rbow_num}
    return terms | {"loss": loss}


def symmetric_kl(p_logits: Tensor, q_logits: Tensor) -> Tensor:
    """0.5 * (KL(p||q) + KL(q||p)) of every example: [B]."""
    p, q = p_logits.log_softmax(-1), q_logits.log_softmax(-1)
    return 0.5 * ((p.exp() - q.exp()) * (p - q)).sum(-1)


def gates(logits: Tensor) -> Tensor:
    """clip((E_max - E - log E) / E_max, 0, 1) with E the entropy of the softmax: [B]."""
    log_probs = logits.log_softmax(-1)
    entropy = -(log_probs.exp() * log_probs).sum(-1)
    highest = math.log(logits.shape[-1])
    return ((highest - entropy - entropy.log()) / highest).clamp(0.0, 1.0)
