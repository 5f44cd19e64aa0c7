"""SPACE-1, SPACE-2 and SPACE-3 in plain PyTorch over a published `state_dict`: a second source beside the package.

Written from the description of the models alone and importing nothing of the package, so that a mistake made there is
not repeated here. Slow and simple on purpose: context and decoder run as one sequence under one attention mask, nothing
is cached, and there is no dropout (a second dropout view therefore equals the first).
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

LAYER_NORM_EPSILON = 1e-12
CLS = 2  # the id that the tiny vocabularies give to [CLS]; only SPACE-2 reads it

Batch = dict[str, Tensor]


class Part(NamedTuple):
    """A stretch of the sequence: normalised embeddings [B, L, H] and which of them are tokens [B, L]."""

    x: Tensor
    mask: Tensor


def join(*parts: Part) -> Part:
    """One part after the other."""
    return Part(torch.cat([part.x for part in parts], 1), torch.cat([part.mask for part in parts], 1))


def attention_mask(context: Tensor, decoder: Tensor) -> Tensor:
    """Who sees whom: [B, C + D, C + D] from the token masks [B, C] and [B, D].

    Every token sees the context; decoder tokens also see themselves and the decoder tokens before them. Padding sees
    nothing: no loss reads its outputs, but the recorded arrays hold them.
    """
    C, D = context.shape[1], decoder.shape[1]
    tokens = torch.cat([context, decoder], 1)
    allowed = torch.ones(C + D, C + D, dtype=torch.bool)
    allowed[:C, C:] = False
    allowed[C:, C:] = torch.tril(torch.ones(D, D, dtype=torch.bool))
    return tokens[:, :, None] & tokens[:, None, :] & allowed


class Network:
    """The shared backbone with its heads, over weights named as in the published checkpoints."""

    def __init__(self, weights: dict[str, Tensor], heads: int) -> None:
        self.weights, self.heads = weights, heads
        self.layers = 1 + max(int(key.split(".")[1]) for key in weights if key.startswith("layers."))

    def linear(self, name: str, x: Tensor) -> Tensor:
        return functional.linear(x, self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias"))

    def norm(self, name: str, x: Tensor) -> Tensor:
        return functional.layer_norm(
            x, x.shape[-1:], self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], LAYER_NORM_EPSILON
        )

    def embed(self, mask: Tensor, **ids: Tensor) -> Part:
        """Sum of the tables given (token, pos, type, turn), then LayerNorm; a table without ids adds nothing."""
        total = sum(self.weights[f"embedder.{table}_embedding.weight"][index] for table, index in ids.items())
        return Part(self.norm("embed_layer_norm", total), mask.bool())

    def side(self, batch: Batch, side: str, token: str | None = None) -> Part:
        """The context ("src") or the response ("tgt") of a batch; `token` replaces its tokens by another array."""
        tables = {table: batch[f"{side}_{table}"] for table in ("pos", "type", "turn")}
        return self.embed(batch[f"{side}_mask"], token=batch[token or f"{side}_token"], **tables)

    def attend(self, name: str, x: Tensor, mask: Tensor) -> Tensor:
        B, S, H = x.shape
        q, k, v = self.linear(f"{name}.linear_qkv", x).view(B, S, 3, self.heads, H // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) * (H // self.heads) ** -0.5
        hidden = ~mask[:, None]
        # The second fill is for rows in which everything is masked: there softmax would spread evenly.
        probs = scores.masked_fill(hidden, -1e10).softmax(-1).masked_fill(hidden, 0.0)
        return self.linear(f"{name}.linear_out", (probs @ v).transpose(1, 2).reshape(B, S, H))

    def run(self, context: Part, decoder: Part | None = None) -> tuple[Tensor, Tensor]:
        """Outputs over the context [B, C, H] and over the decoder [B, D, H]."""
        C = context.x.shape[1]
        decoder = decoder or Part(context.x[:, :0], context.mask[:, :0])
        mask = attention_mask(context.mask, decoder.mask)
        x = torch.cat([context.x, decoder.x], 1)
        for i in range(self.layers):
            name = f"layers.{i}"
            x = self.norm(f"{name}.attn_norm", x + self.attend(f"{name}.attn", x, mask))
            hidden = functional.gelu(self.linear(f"{name}.ff.linear_hidden.0", x))
            x = self.norm(f"{name}.ff_norm", x + self.linear(f"{name}.ff.linear_out", hidden))
        return x[:, :C], x[:, C:]

    def token_logits(self, x: Tensor) -> Tensor:
        """The tied output layer of the response decoder."""
        return x @ self.weights["embedder.token_embedding.weight"].T

    def mlm_logits(self, x: Tensor) -> Tensor:
        """The masked-language-model head: dense, GELU, LayerNorm, tied output layer with a bias of its own."""
        x = self.norm("mlm_transform.2", functional.gelu(self.linear("mlm_transform.0", x)))
        return self.token_logits(x) + self.weights["mlm_bias"]

    def prompts(self, batch: Batch, name: str) -> Part:
        return self.embed(batch[f"{name}_mask"], token=batch[f"{name}_token"])


def shifted(response: Part) -> Part:
    """The decoder's input: the response without its last position."""
    return Part(response.x[:, :-1], response.mask[:, :-1])


def space1(net: Network, batch: Batch) -> dict[str, Tensor]:
    """Dialog-act logits [B, 20] of the summary vector, and the response's token logits [B, T - 1, V]."""
    B = len(batch["src_token"])
    summary = net.norm("embed_layer_norm", net.weights["mask_embed"]).expand(B, -1, -1)
    context = join(Part(summary, torch.ones(B, 1, dtype=torch.bool)), net.side(batch, "src"))
    seen, decoded = net.run(context, shifted(net.side(batch, "tgt")))
    return {"acts": net.linear("act_classifier", seen[:, 0]), "response": net.token_logits(decoded)}


def space2(net: Network, batch: Batch) -> dict[str, Tensor]:
    """The ten normalised projections [B, 10, W] of the summary, and the masked-language-model logits [B, S, V].

    The pass over the masked context runs without the summary token.
    """
    B = len(batch["src_token"])
    summary = net.embed(torch.ones(B, 1), token=torch.full((B, 1), CLS))
    seen, _ = net.run(join(summary, net.side(batch, "src")))
    projected = net.linear("subspace.projection.0", seen[:, 0]).tanh().view(B, 10, -1)
    masked, _ = net.run(net.side(batch, "src", token="mlm_token"))
    return {"features": functional.normalize(projected, dim=-1), "mlm": net.mlm_logits(masked)}


def space3(net: Network, batch: Batch) -> dict[str, Tensor]:
    """All that the five parts compute.

    Returns:
        `mlm` logits [B, S, V]; `features` and `post_features` [B, H], pooled and normalised, of the user's and the
        system's side; `policy` and `post_policy` [B, H]; bag-of-words logits `qbow` and `rbow` [B, V]; `response`
        logits [B, T - 1, V].
    """
    context, response = net.side(batch, "src"), net.side(batch, "tgt")
    understand, policy = net.prompts(batch, "understand"), net.prompts(batch, "policy")
    U, P = understand.x.shape[1], policy.x.shape[1]
    masked, _ = net.run(net.side(batch, "src", token="mlm_token"))
    _, decoded = net.run(context, join(understand, policy, shifted(response)))
    _, after = net.run(join(context, response), understand)
    query, post = decoded[:, U - 1], after[:, -1]
    return {
        "mlm": net.mlm_logits(masked),
        "features": functional.normalize(net.linear("pooler.0", query).tanh(), dim=-1),
        "post_features": functional.normalize(net.linear("pooler.0", post).tanh(), dim=-1),
        "policy": decoded[:, U + P - 1],
        "post_policy": post,
        "qbow": net.linear("bow_predictor", query),
        "rbow": net.linear("bow_predictor", post),
        "response": net.token_logits(decoded[:, U + P :]),
    }
