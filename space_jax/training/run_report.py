"""A report on a run: its measures before and after training, and predictions for held-out turns."""

import collections
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.table import Table
from rich.text import Text

from space_jax.config import PretrainConfig
from space_jax.decoding.greedy import greedy
from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.labels import FACTS
from space_jax.errors import UserError
from space_jax.evaluation.retrieval import nearest, vote_acts
from space_jax.features.batch import Batch, Tokens, micro_batches
from space_jax.features.pipeline import eval_batches
from space_jax.features.tokenizer import Tokenizer, load_tokenizer
from space_jax.models.kv_cache import KVCache
from space_jax.models.recipe import Generator
from space_jax.training.evaluate import ACT_VOTERS
from space_jax.training.metrics import EVALUATION_SECONDS, read_records
from space_jax.training.run_reader import LATEST, TOKENIZER, find_step, read_params, require_same_tokenizer
from space_jax.training.setup import Setup
from space_jax.training.workdir import METRICS

LONGEST_RESPONSE = 40  # tokens
# The fields of a batch with one entry per example; the others have one per row.
_OF_EXAMPLES = (
    *("valid", "user_words", "response_words", "user_tree", "system_tree", "acts", "dialogue", "variant"),
    *(f"{fact}_known" for fact in FACTS),
)


def evaluations(workdir: Path) -> dict[int, dict[str, float]]:
    """Step -> held-out measures, of every evaluation of a run; none of one that has not begun."""
    path = workdir / METRICS
    records = [record for record in read_records(path) if record["kind"] == "eval"] if path.is_file() else []
    return {
        record["step"]: {n: v for n, v in record.items() if isinstance(v, float) and n != EVALUATION_SECONDS}
        for record in records
    }


def before_and_after(workdir: Path, fewest: int = 2, kept: int | None = None) -> Table:
    """Each held-out measure at the first and at the last evaluation of a run.

    Args:
      workdir: of the run.
      fewest: evaluations that there must be.
      kept: the step of the checkpoint that counts, which gets a column too.

    Raises:
      UserError: the run has fewer evaluations.
    """
    found = evaluations(workdir)
    if len(found) < fewest:
        few = {1: "no evaluation yet", 2: "fewer than two evaluations to compare"}[fewest]
        raise UserError(f"{workdir}: {few}; train for more steps first")
    first, *_, last = [*found, *found]
    shown = list(dict.fromkeys(step for step in (first, kept, last) if step in found))
    marks = {kept: " (best)"}
    table = Table("held out", *(f"step {step}{marks.get(step, '')}" for step in shown))
    table.title = f"{workdir}: before and after"
    for name in found[last]:
        if all(name in found[step] for step in shown):
            cells = (f"{found[step][name]:.3f}" for step in shown)
            table.add_row(name.removeprefix("term/").replace("_", " "), *cells)
    return table


def predictions(config: PretrainConfig, workdir: Path, count: int) -> Iterator[Table]:
    """Held-out contexts with the true and the predicted dialog acts and response.

    Args:
      config: the run's configuration.
      workdir: the run's workdir; the latest checkpoint is used.
      count: number of contexts, from different dialogues if there are enough.

    Raises:
      UserError: there is no checkpoint, or it does not fit.
    """
    step = find_step(workdir, LATEST)
    setup, tokenizer = Setup(config), load_tokenizer(workdir / TOKENIZER)
    require_same_tokenizer(setup, workdir)
    every = _one_example_per_row(setup.config)
    batch = _selected(every, _of_different_dialogues(every, count))
    params = read_params(setup, workdir, step, batch)
    acts = _predicted_acts(setup, params, batch)
    responses = _responses(setup, params, batch, tokenizer)
    for b in range(len(batch.valid)):
        yield _shown(batch, b, None if acts is None else acts[b], responses.get(b), tokenizer)


def _one_example_per_row(config: PretrainConfig) -> Batch:
    """The held-out examples of an evaluation, one per row as decoding requires."""
    size = config.data.eval_examples
    data = dataclasses.replace(config.data, batch_size=size, examples_per_row=1, row_ladder=(1.0,), grids=())
    step = next(iter(eval_batches(data, config.recipe, ["validation"], config.train.seed, size)))
    return micro_batches(step)[0]


def _of_different_dialogues(batch: Batch, count: int) -> list[int]:
    """The first example of each dialogue, then the second of each, and so on."""
    seen: collections.Counter[int] = collections.Counter()
    turns = []
    for b in np.flatnonzero(batch.valid).tolist():
        dialogue = int(batch.dialogue[b])
        turns.append((seen[dialogue], b))
        seen[dialogue] += 1
    return [b for _, b in sorted(turns)[:count]]


def _selected(batch: Batch, examples: Sequence[int]) -> Batch:
    """Selects examples of a batch with one per row; example b of the result is in row b."""
    rows = batch.slot[list(examples)]
    taken = {}
    for field in dataclasses.fields(batch):
        index = list(examples) if field.name in _OF_EXAMPLES else rows
        taken[field.name] = jax.tree.map(lambda array, index=index: array[index], getattr(batch, field.name))
    return Batch(**{**taken, "slot": np.arange(len(rows), dtype=np.int32)})


def _predicted_acts(setup: Setup, params: Any, batch: Batch) -> np.ndarray | None:
    """`[B, 20]` bool, from the act head or the nearest training examples with known acts; None without either."""
    represent = jax.jit(setup.recipe.represent)
    ours = jax.device_get(represent(params, batch))
    if "act_logits" in ours:
        return ours["act_logits"] > 0
    bank = [micro for batch in setup.bank() for micro in micro_batches(batch) if (micro.acts_known & micro.valid).any()]
    if not bank:
        return None
    name = "policy" if "policy" in ours else "understanding"
    known = [part.acts_known & part.valid for part in bank]
    theirs = np.concatenate([np.asarray(represent(params, part)[name])[k] for part, k in zip(bank, known, strict=True)])
    bank_acts = np.concatenate([part.acts[k] for part, k in zip(bank, known, strict=True)])
    dialogues = np.concatenate([part.dialogue[k] for part, k in zip(bank, known, strict=True)])
    return vote_acts(bank_acts, nearest(ours[name], theirs, batch.dialogue, dialogues, ACT_VOTERS))


def _responses(setup: Setup, params: Any, batch: Batch, tokenizer: Tokenizer) -> dict[int, str]:
    """The response generated for each example, one per row; empty for a recipe without a decoder for responses."""
    recipe, model = setup.recipe, setup.config.model
    if not isinstance(recipe, Generator):
        return {}
    words = model.vocabulary
    marks = {"space1": (words.bos, words.eos), "yuyan": (words.bos, words.eos)}
    first, last = marks.get(setup.config.recipe.name, (words.sos_r, words.eos_r))
    barred = tuple(token for token in words.special if token != last)
    limit = min(LONGEST_RESPONSE, model.positions)

    @jax.jit
    def write(params: Any, batch: Batch) -> jax.Array:
        def next_token(tokens: Tokens, memory: KVCache) -> tuple[jax.Array, KVCache]:
            return recipe.next_token(params, tokens, memory)

        return greedy(next_token, recipe.prompt(params, batch), first, last, limit, barred)

    ids = np.asarray(write(params, batch))
    return {b: tokenizer.decode([int(i) for i in row if i not in (0, last)]) for b, row in enumerate(ids)}


def _shown(batch: Batch, b: int, acts: np.ndarray | None, response: str | None, tokenizer: Tokenizer) -> Table:
    """Example b, in row b, as a table of speakers and texts."""
    shown = Table.grid(padding=(0, 2))
    shown.add_column(justify="right", style="bold", min_width=len("predicted"))
    shown.add_column()
    turns = batch.context.turns[b]
    for turn in sorted(set(turns[batch.context.segments[b] > 0].tolist()), reverse=True):
        tokens = (turns == turn) & (batch.context.segments[b] > 0)
        speaker = "user" if batch.context.roles[b][tokens][0] else "system"
        shown.add_row(speaker, Text(tokenizer.decode(batch.context.ids[b][tokens].tolist())))
    words = batch.response_words[b]
    true_acts = batch.acts[b] > 0 if batch.acts_known[b] else None
    shown.add_row("true", _acts_and_response(true_acts, tokenizer.decode(words[words >= 0].tolist())))
    shown.add_row("predicted", _acts_and_response(acts, response))
    shown.add_row()
    return shown


def _acts_and_response(acts: np.ndarray | None, response: str | None) -> Text:
    text = Text()
    if acts is not None:
        names = [act for act, on in zip(ACTS, acts, strict=True) if on]
        text.append(f"[{', '.join(names) or 'no act'}] ", style="cyan")
    return text.append(response or "")
