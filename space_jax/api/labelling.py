"""Utterances to label next, and the labels back, from Python: `space-jax data suggest`."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from space_jax.api.pretrained import Pretrained
from space_jax.config import require_seed
from space_jax.corpora.mixtures.wording import words_of
from space_jax.dialogue.record import Dialogue
from space_jax.errors import UserError
from space_jax.remote import as_path
from space_jax.tasks.config import is_finetuned
from space_jax.tasks.directions import centred
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.records import IntentRecord
from space_jax.tasks.labelling.accept import Accepted, accept
from space_jax.tasks.labelling.choose import typical, unsure
from space_jax.tasks.labelling.pool import Utterance, read_dialogues, utterances
from space_jax.tasks.labelling.sheet import Suggestion, read_sheet
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.task import Json
from space_jax.training.run_reader import BEST

PathLike = str | os.PathLike[str]


def suggest(
    workdir: PathLike,
    source: PathLike,
    n: int = 50,
    step: str = BEST,
    seed: int = 0,
    text_field: str = "text",
    label_field: str = "label",
) -> list[Suggestion]:
    """The utterances whose labels would teach most, each with a guess.

    Args:
      workdir: of a pre-training run, whose vectors show which utterances are typical of many and unlike the labelled
        ones; or of a fine-tuning run for intents, which also says of which it is not sure.
      source: dialogues (JSONL), or rows with a text and perhaps a label (CSV, TSV, JSONL); turns with an intent are
        not suggested.
      n: how many.
      step: of the checkpoint: "best", "latest" or a number.
      seed: of random choices.
      text_field: of rows.
      label_field: of rows.

    Returns:
      At most `n`, the most useful first; of utterances with the same words only one.

    Raises:
      UserError: no such run, or one of another task; a source that cannot be read, or in which all is labelled.
    """
    require_seed(seed, "seed")
    if n < 1:
        raise UserError(f"n: expected at least 1, found {n}")
    pool = utterances(read_dialogues(Path(source), IntentConfig(text_field=text_field, label_field=label_field)))
    candidates = _different(pool)
    if not candidates:
        what = "utterances without a label" if pool else "words of a user"
        raise UserError(f"{source}: expected {what}, found none")
    folder = as_path(workdir)
    if is_finetuned(folder):
        trained = Predictor(folder, step)
        trained.require_steps(step)
        return _by_classifier(trained, pool, candidates, n, seed)
    return _by_vectors(Pretrained.load(folder, step), pool, candidates, n, seed)


def accept_labels(source: PathLike, labels: PathLike, text_field: str = "text", label_field: str = "label") -> Accepted:
    """The dialogues of a source with the labels of a table that `space-jax data suggest` wrote and a person corrected.

    Args:
      source: as in `suggest`; rows become dialogues of one turn.
      labels: the table.
      text_field: of rows.
      label_field: of rows.

    Returns:
      `dialogues`, for `space_jax.dialogue.write_jsonl`, and what became of the lines.

    Raises:
      UserError: a file that cannot be read, an id that the source lacks, other words; with file and line.
    """
    dialogues: Sequence[Dialogue] = read_dialogues(
        Path(source), IntentConfig(text_field=text_field, label_field=label_field)
    )
    return accept(dialogues, read_sheet(Path(labels)))


def _different(pool: Sequence[Utterance]) -> list[int]:
    """The utterances without a label, the first of those with the same words; none whose words are labelled."""
    seen = {tuple(words_of(one.text)) for one in pool if one.intents}
    found = []
    for index, one in enumerate(pool):
        words = tuple(words_of(one.text))
        if not one.intents and (not words or words not in seen):
            found.append(index)
            seen.add(words)
    return found


def _by_classifier(
    trained: Predictor, pool: Sequence[Utterance], candidates: Sequence[int], n: int, seed: int
) -> list[Suggestion]:
    if trained.task.name != "intent":
        raise UserError(f"workdir: expected a run for intents, or of pre-training, found one for {trained.task.name}")
    examples = [trained.task.example(IntentRecord(one.id, one.text)) for one in pool]
    outputs = trained.outputs(examples)
    raw = trained.task.predictions(outputs, examples, trained.support)
    guesses = trained.task.decide(raw, trained.calibration)
    margins = np.array([one["score"] - one["next"][0]["score"] if one["next"] else 1.0 for one in guesses])
    labelled, open_ones = np.array([n for n, one in enumerate(pool) if one.intents], int), np.array(candidates)
    chosen = unsure(centred(outputs["vector"]), margins[open_ones], labelled, open_ones, n, seed)
    return [_suggestion(pool[index], *_guess(guesses[index])) for index in chosen]


def _guess(prediction: Json) -> tuple[str, float, str]:
    """The label, its score and the next likeliest label."""
    return prediction["label"], prediction["score"], prediction["next"][0]["label"] if prediction["next"] else ""


def _by_vectors(
    model: Pretrained, pool: Sequence[Utterance], candidates: Sequence[int], n: int, seed: int
) -> list[Suggestion]:
    labelled = [index for index, one in enumerate(pool) if one.label]
    vectors = centred(model.embed([one.dialogue for one in pool]))
    chosen = typical(vectors, np.array(labelled, int), np.array(candidates), n, seed)
    if not labelled:
        return [_suggestion(pool[index]) for index in chosen]
    found = []
    for index in chosen:
        likeness = vectors[labelled] @ vectors[index]
        nearest = [pool[labelled[place]].label for place in np.argsort(-likeness, kind="stable")]
        second = next((label for label in nearest if label != nearest[0]), "")
        found.append(_suggestion(pool[index], nearest[0], max(0.0, float(likeness.max())), second))
    return found


def _suggestion(one: Utterance, label: str = "", score: float | None = None, second: str = "") -> Suggestion:
    return Suggestion(one.id, label, one.text, one.before, score, second)
