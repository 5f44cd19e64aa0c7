r"""The SPACE-3 pre-training step in plain PyTorch, on the layers of `transformers`' BERT: the baseline for ours.

It is the published code's step, written directly. What one step does:

  - The labelled and the unlabelled examples are a batch each. A batch is padded to its longest context, its longest
    response and its longest turn, and stands twice in it, once for each dropout view.
  - Five parts, each a separate pass through the whole backbone over its own tokens, side by side under a UniLM mask:
      encoder               masked context
      user understanding    context, understanding prompts
      system understanding  context + response, understanding prompts
      policy                context, understanding prompts, policy prompts
      response              context, understanding prompts, policy prompts, response
  - Both vocabularies, of the masked context and of the response, are scored at every position, logits [2B, L, V].
  - Terms: masked language model, bags of words and tree contrast on both sides, policy distance, response. All but the
    contrast are taken on the first view, as the paper has it. Their sum over both batches is differentiated once; then
    gradient clipping and AdamW, PyTorch's fused one.

`one_view=True` leaves the second view out of the encoder, policy and response parts, where no loss needs it: a stronger
baseline than the published code. In both, attention is PyTorch's `scaled_dot_product_attention`, and BERT's layer has
no dropout between GELU and the second matrix, which ours has. Every threshold, size and coefficient comes from our
configuration. `tests/benchmarks/test_torch_baseline.py` holds loss terms and gradients against ours with dropout at 0.

Needs the extra `minilm` (transformers, torch).
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertEncoder

from space_jax.config import ModelConfig, OptimiserConfig, Space3Config
from space_jax.features.batch import Batch, Tokens

IGNORED = -100
PARTS = ("ids", "positions", "roles", "turns")
Views = tuple[frozenset[int], ...]  # the ten sets of a tree


@dataclasses.dataclass(frozen=True)
class Grid:
    """Tokens `[B, L]` padded to the longest; `real` is False at padding."""

    ids: Tensor
    positions: Tensor
    roles: Tensor
    turns: Tensor
    real: Tensor

    def twice(self) -> "Grid":
        """The grid of both dropout views, one below the other."""
        return Grid(*(torch.cat([getattr(self, field.name)] * 2) for field in dataclasses.fields(self)))


@dataclasses.dataclass(frozen=True)
class Stream:
    """The labelled or the unlabelled examples of a step.

    Attributes:
      context, masked, response: grids; `masked` is the context after masking.
      masked_labels: `[B, L]`, the true ids of masked tokens, `IGNORED` elsewhere.
      user_words, response_words: `[B, T]`, padded with `IGNORED`.
      trees: user's and system's trees; None for the unlabelled examples.
    """

    context: Grid
    masked: Grid
    response: Grid
    masked_labels: Tensor
    user_words: Tensor
    response_words: Tensor
    trees: tuple[Sequence[Views], Sequence[Views]] | None


class Space3(nn.Module):
    """SPACE-3 on BERT's encoder."""

    def __init__(self, model: ModelConfig, recipe: Space3Config, one_view: bool = False):
        super().__init__()
        self.model, self.recipe, self.one_view = model, recipe, one_view
        H, V = model.hidden, model.vocabulary.size
        self.token, self.position = nn.Embedding(V, H), nn.Embedding(model.positions, H)
        self.role, self.turn = nn.Embedding(model.roles, H), nn.Embedding(model.turns, H)
        self.norm = nn.LayerNorm(H, eps=model.layer_norm_epsilon)
        config = BertConfig(
            vocab_size=V,
            hidden_size=H,
            num_hidden_layers=model.layers,
            num_attention_heads=model.heads,
            intermediate_size=model.mlp,
            hidden_dropout_prob=model.dropout,
            attention_probs_dropout_prob=model.dropout,
            layer_norm_eps=model.layer_norm_epsilon,
            attn_implementation="sdpa",
        )
        self.encoder = BertEncoder(config)
        self.transform, self.transform_norm = nn.Linear(H, H), nn.LayerNorm(H, eps=model.layer_norm_epsilon)
        self.masked_bias = nn.Parameter(torch.zeros(V))
        self.pooler = nn.Linear(H, H)
        self.words = nn.Linear(H, V, bias=False)

    def embed(self, grid: Grid) -> Tensor:
        parts = (self.token(grid.ids), self.position(grid.positions), self.role(grid.roles), self.turn(grid.turns))
        return self.normalise(sum(parts[1:], start=parts[0]))

    def normalise(self, x: Tensor) -> Tensor:
        return self.norm(functional.dropout(x, self.model.dropout, self.training))

    def prompts(self, ids: Sequence[int], rows: int) -> tuple[Tensor, Tensor]:
        """A prompt in every row, and a mask without padding."""
        x = self.normalise(self.token(torch.tensor(ids).expand(rows, -1)))
        return x, torch.ones(x.shape[:2], dtype=torch.bool)

    def run(self, contexts: Sequence[tuple[Tensor, Tensor]], decoders: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Embedded context and decoder tokens side by side through the backbone: `[B, L, H]`.

        Args:
          contexts: (tokens `[B, l, H]`, which are real `[B, l]`), seen by everybody.
          decoders: the same, seen by themselves and by later ones.
        """
        x, real = (torch.cat(parts, dim=1) for parts in zip(*contexts, *decoders, strict=True))
        length, context = x.shape[1], sum(part.shape[1] for part, _ in contexts)
        seen = torch.ones(length, length, dtype=torch.bool).tril()
        seen[:, :context] = True
        mask = seen[None, None] & real[:, None, None, :]
        additive = torch.zeros(mask.shape).masked_fill_(~mask, torch.finfo(torch.float32).min)
        return self.encoder(x, attention_mask=additive).last_hidden_state

    def forward(self, stream: Stream) -> dict[str, Tensor]:
        """The loss terms of one stream, each a mean."""
        terms = {"masked": self._masked(stream)}
        both = dataclasses.replace(stream, context=stream.context.twice(), response=stream.response.twice())
        context = both.context
        rows, ids = len(context.ids), self.model.vocabulary
        user = self.run([(self.embed(context), context.real)], [self.prompts(ids.understand, rows)])[:, -1]
        whole = [(self.embed(grid), grid.real) for grid in (context, both.response)]
        system = self.run(whole, [self.prompts(ids.understand, rows)])[:, -1]
        examples = rows // 2
        trees = stream.trees or (None, None)
        for side, vectors, words, of_side in (
            ("user", user, stream.user_words, trees[0]),
            ("system", system, stream.response_words, trees[1]),
        ):
            terms[f"contrast_{side}"] = self._contrast(vectors, of_side)
            terms[f"words_{side}"] = self._words(vectors[:examples], words)
        decoded = stream if self.one_view else both
        policy = self._policy(decoded.context)[:examples]
        terms["policy_system"] = (policy - system[:examples]).square().sum(-1).mean()
        terms["response"] = self._response(decoded, examples)
        return terms

    def _masked(self, stream: Stream) -> Tensor:
        grid = stream.masked if self.one_view else stream.masked.twice()
        x = self.run([(self.embed(grid), grid.real)], [])
        x = self.transform_norm(functional.gelu(self.transform(x)))
        logits = functional.linear(x, self.token.weight, self.masked_bias)[: len(stream.masked_labels)]
        return _cross_entropy(logits, stream.masked_labels)

    def _policy(self, context: Grid) -> Tensor:
        rows, ids = len(context.ids), self.model.vocabulary
        prompts = [self.prompts(ids.understand, rows), self.prompts(ids.policy, rows)]
        return self.run([(self.embed(context), context.real)], prompts)[:, -1]

    def _response(self, stream: Stream, examples: int) -> Tensor:
        context, response = stream.context, stream.response
        rows, ids = len(context.ids), self.model.vocabulary
        prompts = [self.prompts(ids.understand, rows), self.prompts(ids.policy, rows)]
        decoders = [*prompts, (self.embed(response), response.real)]
        x = self.run([(self.embed(context), context.real)], decoders)[:, -response.ids.shape[1] :]
        logits = functional.linear(x, self.token.weight)[:examples, :-1]
        targets = response.ids.masked_fill(~response.real, IGNORED)[:examples, 1:]
        return _cross_entropy(logits, targets)

    def _words(self, vectors: Tensor, words: Tensor) -> Tensor:
        log_p = functional.log_softmax(self.words(vectors), dim=-1)
        counts = words != IGNORED
        of_words = log_p.gather(1, words.clamp(min=0))
        return -(of_words * counts).sum() / counts.sum()

    def _contrast(self, vectors: Tensor, trees: Sequence[Views] | None) -> Tensor:
        """Over the 2B anchors of both views; without trees only an example's other view is a positive."""
        z = functional.normalize(torch.tanh(self.pooler(vectors)), dim=-1)
        weights = torch.eye(len(z) // 2) if trees is None else _similarities(trees)
        weights = weights.repeat(2, 2).fill_diagonal_(0.0)
        logits = (z @ z.T / self.recipe.pool.temperature).masked_fill(torch.eye(len(z), dtype=torch.bool), -1e9)
        return (-(weights * functional.log_softmax(logits, dim=1)).sum(1) / weights.sum(1)).mean()

    def loss(self, streams: Mapping[str, Stream], coefficients: Mapping[str, float]) -> tuple[Tensor, dict]:
        """The sum of all terms by `coefficients`, and the terms, named `term/stream`."""
        terms = {f"{name}/{which}": term for which, stream in streams.items() for name, term in self(stream).items()}
        return torch.stack([coefficients[name] * term for name, term in terms.items()]).sum(), terms


class Trainer:
    """One step after the other, with clipping and AdamW."""

    def __init__(self, model: Space3, coefficients: Mapping[str, float], config: OptimiserConfig):
        self._model, self._coefficients, self._clip = model.train(), coefficients, config.clip_norm
        betas, decay = (config.beta1, config.beta2), config.weight_decay
        self._optimiser = torch.optim.AdamW(
            model.parameters(), config.learning_rate, betas, config.epsilon, decay, fused=True
        )

    def step(self, streams: Mapping[str, Stream]) -> float:
        """Returns the loss."""
        self._optimiser.zero_grad(set_to_none=True)
        loss, _ = self._model.loss(streams, self._coefficients)
        loss.backward()
        nn.utils.clip_grad_norm_(self._model.parameters(), self._clip)
        self._optimiser.step()
        return loss.item()


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def _similarities(trees: Sequence[Views]) -> Tensor:
    """`[B, B]`, the mean of the Jaccard similarities over the views in which either tree has anything."""
    similarity = torch.eye(len(trees))
    for i, first in enumerate(trees):
        for j, second in enumerate(trees[:i]):
            unions = [len(a | b) for a, b in zip(first, second, strict=True)]
            shares = [len(a & b) / n for a, b, n in zip(first, second, unions, strict=True) if n]
            similarity[i, j] = similarity[j, i] = sum(shares) / len(shares) if shares else 0.0
    return similarity


def streams_of(batch: Batch) -> dict[str, Stream]:
    """The examples of one of our packed micro-batches, on the host, as padded streams."""
    labelled = batch.user_tree_known | batch.system_tree_known
    groups = {"labelled": labelled & batch.valid, "unlabelled": ~labelled & batch.valid}
    return {name: _stream(batch, np.flatnonzero(group), name) for name, group in groups.items() if group.any()}


def _stream(batch: Batch, examples: np.ndarray, name: str) -> Stream:
    masked = dataclasses.replace(batch.context, ids=batch.masked_ids)
    labels = np.full(batch.context.ids.shape, IGNORED)
    rows, places = np.nonzero(batch.masked_weights)
    labels[rows, batch.masked_positions[rows, places]] = batch.masked_targets[rows, places]
    trees = None
    if name == "labelled":
        trees = tuple(
            [tuple(frozenset(view[view > 0].tolist()) for view in tree) for tree in side[examples]]
            for side in (batch.user_tree, batch.system_tree)
        )
    return Stream(
        context=_grid(batch.context, batch, examples),
        masked=_grid(masked, batch, examples),
        response=_grid(batch.response, batch, examples),
        masked_labels=_padded(_cut(labels, batch.context.segments, batch, examples), IGNORED),
        user_words=_padded([words[words >= 0] for words in batch.user_words[examples]], IGNORED),
        response_words=_padded([words[words >= 0] for words in batch.response_words[examples]], IGNORED),
        trees=trees,
    )


def _cut(array: np.ndarray, segments: np.ndarray, batch: Batch, examples: np.ndarray) -> list[np.ndarray]:
    """What each example has in a grid `[R, L]`."""
    rows, slots = np.divmod(batch.slot[examples], batch.occupied.shape[1])
    return [array[row][segments[row] == slot + 1] for row, slot in zip(rows, slots, strict=True)]


def _grid(tokens: Tokens, batch: Batch, examples: np.ndarray) -> Grid:
    parts = {name: _cut(getattr(tokens, name), tokens.segments, batch, examples) for name in PARTS}
    real = [np.ones(len(ids), bool) for ids in parts["ids"]]
    return Grid(**{name: _padded(arrays, 0) for name, arrays in parts.items()}, real=_padded(real, 0).bool())


def _padded(arrays: Sequence[np.ndarray], value: int) -> Tensor:
    padded = np.full((len(arrays), max(len(array) for array in arrays)), value, np.int64)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return torch.from_numpy(padded)


def load(model: Space3, state: Mapping[str, np.ndarray]) -> None:
    """Sets the parameters from a published `state_dict` (`space_jax.convert`)."""
    with torch.no_grad():
        for name, parts in _published(model).items():
            source = np.split(state[name].reshape(-1, *parts[0].shape[1:]), len(parts))
            for part, array in zip(parts, source, strict=True):
                part.copy_(torch.from_numpy(np.array(array)))


def gradients(model: Space3) -> dict[str, np.ndarray]:
    """The gradients by the published keys."""
    return {name: torch.cat([part.grad for part in parts]).numpy() for name, parts in _published(model).items()}


def _published(model: Space3) -> dict[str, list[nn.Parameter]]:
    """Published key -> the parameters that are stacked in it."""
    modules: dict[str, Sequence[nn.Module]] = {"embed_layer_norm": [model.norm], "mlm_transform.0": [model.transform]}
    modules |= {"mlm_transform.2": [model.transform_norm], "pooler.0": [model.pooler]}
    for i, layer in enumerate(model.encoder.layer):
        attention = layer.attention
        modules |= {
            f"layers.{i}.attn.linear_qkv": [attention.self.query, attention.self.key, attention.self.value],
            f"layers.{i}.attn.linear_out": [attention.output.dense],
            f"layers.{i}.attn_norm": [attention.output.LayerNorm],
            f"layers.{i}.ff.linear_hidden.0": [layer.intermediate.dense],
            f"layers.{i}.ff.linear_out": [layer.output.dense],
            f"layers.{i}.ff_norm": [layer.output.LayerNorm],
        }
    found = {
        f"{key}.{kind}": [getattr(m, kind) for m in ms] for key, ms in modules.items() for kind in ("weight", "bias")
    }
    tables = {"token": model.token, "pos": model.position, "type": model.role, "turn": model.turn}
    found |= {f"embedder.{name}_embedding.weight": [table.weight] for name, table in tables.items()}
    return found | {"mlm_bias": [model.masked_bias], "bow_predictor.weight": [model.words.weight]}
