"""Beam search over the response decoder of SPACE-3, one example at a time and unpadded."""

import torch
from torch import Tensor

from tests.convert.reference.models import Batch, Network, Part, join

PAD, START, UNKNOWN, END = 0, 1, 3, 12
BARRED = -1e10


def unpadded(batch: Batch, row: int) -> Batch:
    """The context and the prompts of one example as a batch of one, without padding."""
    parts = {name: name.split("_")[0] for name in batch}
    keep = {part: batch[f"{part}_mask"][row].bool() for part in ("src", "understand", "policy")}
    return {name: batch[name][row : row + 1, keep[part]] for name, part in parts.items() if part in keep}


def next_log_probs(net: Network, before: Part, context: Part, tokens: Tensor) -> Tensor:
    """Log-probabilities [K, V] of what follows the tokens [K, L], given the context and the prompts."""
    K, L = tokens.shape
    zeros = torch.zeros(K, L, dtype=torch.long)
    position = torch.arange(L).expand(K, L)
    response = net.embed(torch.ones(K, L), token=tokens, pos=position, type=zeros, turn=zeros)
    context, before = (Part(part.x.expand(K, -1, -1), part.mask.expand(K, -1)) for part in (context, before))
    _, decoded = net.run(context, join(before, response))
    return net.token_logits(decoded[:, -1]).log_softmax(-1)


def steps(net: Network, before: Part, context: Part, tokens: Tensor) -> Tensor:
    """Scores [K, V] of every next token: an ended hypothesis goes on with padding only, at no cost."""
    scores = next_log_probs(net, before, context, tokens)
    scores[:, UNKNOWN] = BARRED
    if tokens.shape[1] == 1:
        scores[:, END] = BARRED
    ended = (tokens[:, -1] == END) | (tokens[:, -1] == PAD)
    scores[ended] = BARRED
    scores[ended, PAD] = 0.0
    return scores


def beam_search(net: Network, batch: Batch, row: int, size: int, limit: int, prompted: bool) -> tuple[Tensor, Tensor]:
    """The best response to one example: tokens [limit + 1] from the start id on, and its sum of log-probabilities.

    A hypothesis that has not ended after `limit` tokens scores -1e10.
    """
    alone = unpadded(batch, row)
    context = net.side(alone, "src")
    prompts = join(net.prompts(alone, "understand"), net.prompts(alone, "policy"))
    before = prompts if prompted else Part(prompts.x[:, :0], prompts.mask[:, :0])
    tokens, totals = torch.full((1, 1), START), torch.zeros(1, dtype=context.x.dtype)
    for _ in range(limit):
        candidates = totals[:, None] + steps(net, before, context, tokens)
        totals, flat = candidates.flatten().topk(size)
        parent, token = flat // candidates.shape[1], flat % candidates.shape[1]
        tokens = torch.cat([tokens[parent], token[:, None]], 1)
    ended = (tokens[:, -1] == END) | (tokens[:, -1] == PAD)
    totals = totals.masked_fill(~ended, BARRED)
    # Where none has ended, all score alike and the first, which was the likeliest, stands.
    best = totals.tolist().index(max(totals.tolist()))
    return tokens[best], totals[best]
