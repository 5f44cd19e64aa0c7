"""What a run learnt, for a person: its measures before and after, and held-out turns with its predictions."""

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
from space_jax.errors import UserError
from space_jax.evaluation.retrieval import nearest, vote_acts
from space_jax.features.batch import Batch
from space_jax.features.tokenizer import Tokenizer, load_tokenizer
from space_jax.models.recipe import Generator
from space_jax.training.evaluate import ACT_VOTERS
from space_jax.training.metrics import read_records
from space_jax.training.pretrain import TOKENIZER_FOLDER
from space_jax.training.setup import Setup
from space_jax.training.trained import LATEST, find_step, read_params

LONGEST_RESPONSE = 40  # tokens


def before_and_after(workdir: Path) -> Table:
    """Each held-out measure at the first and at the last evaluation of a run.

    Raises:
      UserError: the run has no two evaluations.
    """
    path = workdir / "metrics.jsonl"
    records = [record for record in read_records(path) if record["kind"] == "eval"] if path.is_file() else []
    if len(records) < 2:
        raise UserError(f"{workdir}: no two evaluations to compare; train some more steps first")
    first, last = records[0], records[-1]
    table = Table("held out", f"step {first['step']}", f"step {last['step']}", title=f"{workdir}: before and after")
    for name, value in last.items():
        if isinstance(value, float) and isinstance(first.get(name), float):
            table.add_row(name.removeprefix("term/").replace("_", " "), f"{first[name]:.3f}", f"{value:.3f}")
    return table


def predictions(config: PretrainConfig, workdir: Path, count: int) -> Iterator[Text]:
    """Held-out contexts with the true and the predicted dialog acts and response.

    Args:
      config: of the run.
      workdir: of the run; its latest checkpoint is read.
      count: how many, of different dialogues where there are enough.
    """
    setup = Setup(config)
    tokenizer = load_tokenizer(workdir / TOKENIZER_FOLDER)
    held_out, bank = setup.held_out("validation"), setup.bank()
    params = read_params(setup, workdir, find_step(workdir, LATEST), held_out[0])
    acts = _predicted_acts(setup, params, held_out[0], bank)
    responses = _responses(setup, params, held_out[0], tokenizer)
    for b in _of_different_dialogues(held_out[0], count):
        yield _shown(held_out[0], b, acts[b] if acts is not None else None, responses, tokenizer)


def _predicted_acts(setup: Setup, params: Any, batch: Batch, bank: Sequence[Batch]) -> np.ndarray | None:
    """`[B, 20]` bool, by the act head or by the nearest labelled training examples; None without either."""
    represent = jax.jit(setup.recipe.represent)
    ours = jax.device_get(represent(params, batch))
    if "act_logits" in ours:
        return ours["act_logits"] > 0
    if not bank:
        return None
    name = "policy" if "policy" in ours else "understanding"
    known = [part.labelled & part.valid for part in bank]
    theirs = np.concatenate([np.asarray(represent(params, part)[name])[k] for part, k in zip(bank, known, strict=True)])
    bank_acts = np.concatenate([part.acts[k] for part, k in zip(bank, known, strict=True)])
    dialogues = np.concatenate([part.dialogue[k] for part, k in zip(bank, known, strict=True)])
    return vote_acts(bank_acts, nearest(ours[name], theirs, batch.dialogue, dialogues, ACT_VOTERS))


def _responses(setup: Setup, params: Any, batch: Batch, tokenizer: Tokenizer) -> dict[int, str]:
    """The written response of each example that lies alone in its row; empty for a recipe that writes none."""
    recipe = setup.recipe
    if not isinstance(recipe, Generator):
        return {}
    vocabulary = setup.config.model.vocabulary
    first, last = (
        (vocabulary.bos, vocabulary.eos)
        if setup.config.recipe.name == "space1"
        else (vocabulary.sos_r, vocabulary.eos_r)
    )
    barred = tuple(token for token in vocabulary.special if token != last)

    @jax.jit
    def write(params: Any, batch: Batch) -> jax.Array:
        memory = recipe.prompt(params, batch)
        return greedy(
            lambda tokens, memory: recipe.next_token(params, tokens, memory),
            memory,
            first,
            last,
            LONGEST_RESPONSE,
            barred,
        )

    ids = np.asarray(write(params, batch))
    return {b: tokenizer.decode([int(i) for i in row if i not in (0, last)]) for b, row in enumerate(ids)}


def _of_different_dialogues(batch: Batch, count: int) -> list[int]:
    seen: dict[int, int] = {}
    for b in np.flatnonzero(batch.valid).tolist():
        seen.setdefault(int(batch.dialogue[b]), b)
    return list(seen.values())[:count]


def _shown(batch: Batch, b: int, acts: np.ndarray | None, responses: dict[int, str], tokenizer: Tokenizer) -> Text:
    row, slot = divmod(int(batch.slot[b]), batch.occupied.shape[1])
    mine = batch.context.segments[row] == slot + 1
    text = Text()
    for turn in sorted(set(batch.context.turns[row][mine].tolist()), reverse=True):
        tokens = mine & (batch.context.turns[row] == turn)
        speaker = "user" if batch.context.roles[row][tokens][0] else "system"
        text.append(f"{speaker:>9}: ", style="bold")
        text.append(tokenizer.decode(batch.context.ids[row][tokens].tolist()) + "\n")
    words = batch.response_words[b]
    _line(text, "true", batch.acts[b] > 0, tokenizer.decode(words[words >= 0].tolist()))
    _line(text, "predicted", acts, responses.get(b))
    return text


def _line(text: Text, who: str, acts: np.ndarray | None, response: str | None) -> None:
    text.append(f"{who:>9}: ", style="bold")
    if acts is not None:
        names = [act for act, on in zip(ACTS, acts, strict=True) if on]
        text.append(f"[{', '.join(names) or 'no act'}] ", style="cyan")
    text.append((response or "") + "\n")
