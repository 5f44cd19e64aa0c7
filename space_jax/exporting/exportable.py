"""What of a run other tools can use: an encoder, a classifier of texts, or a tagger of their tokens."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special

from space_jax.config import PretrainConfig
from space_jax.config_files import read_config
from space_jax.errors import UserError
from space_jax.exporting.heads import LinearHead
from space_jax.exporting.reference import EncoderVectors
from space_jax.exporting.text_layout import TextLayout, text_layout, words_layout
from space_jax.features.example import Limits
from space_jax.features.tokenizer import Tokenizer, load_tokenizer
from space_jax.models.weights import Weights, by_path, without_vocabulary_padding
from space_jax.tasks.config import FinetuneConfig, is_finetuned
from space_jax.tasks.encoder import resolve_vector
from space_jax.tasks.intent.task import IntentTask
from space_jax.tasks.predictor import Predictor
from space_jax.tasks.slots.tags import BEGINS, INSIDE, OUTSIDE, TAGS
from space_jax.tasks.slots.task import SlotsTask
from space_jax.tasks.task import Arrays, Json
from space_jax.training.beginning import require_steps
from space_jax.training.checkpoint import read_arrays
from space_jax.training.run_reader import CHECKPOINTS, TOKENIZER, find_step, require_config_as_trained

ENCODER, CLASSIFIER, TAGGER = "encoder", "classifier", "tagger"
VECTORS = ("summary", "mean", "sentence")
"""The vectors that `--vector` can name."""

Ours = Callable[[Sequence[str]], np.ndarray]
"""From texts to vectors `[N, H]`, probabilities `[N, C]`, or those of tokens `[T, C]`, one text after another."""

_SMALLEST = np.finfo(np.float32).tiny


@dataclasses.dataclass(frozen=True)
class Exportable:
    """A part of a run, and what it computes.

    Attributes:
      kind: ENCODER, CLASSIFIER or TAGGER.
      step: of the checkpoint.
      config: of the run.
      weights: our parameters.
      tokenizer: theirs.
      layout: of texts.
      vector: of a text, as `tasks.encoder` names it; "" for a tagger.
      vectors: our vectors of texts; None for a tagger.
      labels: of the head; () without one.
      head: None for an encoder.
      scores: our probabilities of labels; None for an encoder.
      settings: what decides about predictions beside the head, such as a threshold.
      omitted: what the run has and other tools cannot use, a sentence each.
    """

    kind: str
    step: int
    config: PretrainConfig | FinetuneConfig
    weights: Weights
    tokenizer: Tokenizer
    layout: TextLayout
    vector: str
    vectors: Ours | None = None
    labels: tuple[str, ...] = ()
    head: LinearHead | None = None
    scores: Ours | None = None
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    omitted: tuple[str, ...] = ()


def read_exportable(workdir: Path, step: str, vector: str = "") -> Exportable:
    """What a run offers.

    Args:
      workdir: of a pre-training or fine-tuning run.
      step: "best", "latest" or a number.
      vector: one of VECTORS, for the encoder with this vector of a text alone; "" for the run's own vector, and its
        head where it has one.

    Raises:
      UserError: no such run or checkpoint; one without a step; a model that no BERT expresses, with the reason and what
        can be exported.
    """
    if not is_finetuned(workdir):
        return _pretrained(workdir, step, vector)
    trained = Predictor(workdir, step, overrides={"model.dtype": "float32"})
    # Not even where the step is asked for by its number: the folder would not say so where it is used.
    trained.require_steps(step, if_asked=False)
    arrays = without_vocabulary_padding(by_path(trained.params), trained.config.model.vocabulary.size)
    weights = Weights(arrays, trained.config.model, trained.task.recipe, trained.task.tokenizer, str(workdir))
    if vector:
        return _encoder(trained.step, trained.config, weights, trained.task.tokenizer, vector, _most(trained), False)
    if isinstance(trained.task, IntentTask):
        return _classifier(trained, trained.task, weights)
    if isinstance(trained.task, SlotsTask):
        return _tagger(trained, trained.task, weights)
    raise UserError(
        f"{workdir}: the task {trained.task.name} has no counterpart among the models of other tools; `--vector "
        f"{_nearest(trained.task.recipe)}` exports its encoder"
    )


def _most(trained: Predictor) -> int:
    """Tokens of a text that a task reads."""
    most = getattr(trained.config.task, "max_tokens", trained.task.row_length)
    return min(most, trained.task.model.positions - 2)


def _nearest(recipe: str | None) -> str:
    return {None: "sentence", "space1": "summary"}.get(recipe, "mean")


def _pretrained(workdir: Path, wanted: str, vector: str) -> Exportable:
    config: PretrainConfig = read_config(workdir)
    step = find_step(workdir, wanted)
    require_steps(workdir, step, wanted, if_asked=False)
    require_config_as_trained(workdir, step)
    arrays = without_vocabulary_padding(read_arrays(workdir / CHECKPOINTS, step), config.model.vocabulary.size)
    tokenizer = load_tokenizer(workdir / TOKENIZER)
    weights = Weights(arrays, config.model, config.recipe.name, tokenizer, str(workdir))
    most = min(Limits.load(workdir).max_turn_tokens, config.data.context_length - 2)
    vector = vector or getattr(config.recipe, "vector", "") or resolve_vector("auto", config.recipe.name)
    return _encoder(step, config, weights, tokenizer, vector, most, from_end=True)


def _encoder(
    step: int,
    config: PretrainConfig | FinetuneConfig,
    weights: Weights,
    tokenizer: Tokenizer,
    vector: str,
    most: int,
    from_end: bool,
) -> Exportable:
    layout = _layout(weights, tokenizer, vector, most, from_end, "`--vector mean`")
    ours = EncoderVectors(weights, tokenizer, vector, layout)
    return Exportable(ENCODER, step, config, weights, tokenizer, layout, vector, ours)


def _layout(weights: Weights, tokenizer: Tokenizer, vector: str, most: int, from_end: bool, nearest: str) -> TextLayout:
    try:
        return text_layout(tokenizer, weights.recipe, vector, most, from_end)
    except UserError as error:
        raise UserError(f"{weights.source}: {error} ({nearest})") from None


def _classifier(trained: Predictor, task: IntentTask, weights: Weights) -> Exportable:
    source, config = weights.source, task.config
    if not task.linear:
        raise UserError(
            f"{source}: its head compares with training utterances (head=knn), which no model of other tools does; "
            f"`--vector {_nearest(task.recipe) if task.vector == 'prompt' else task.vector}` exports the vectors"
        )
    retrain = "fine-tune with --config.task.vector=mean, or export the encoder alone with --vector mean"
    layout = _layout(weights, task.tokenizer, task.vector, config.max_tokens, False, retrain)
    # The calibrated temperature is folded into the head, so that its probabilities are those that the run gives.
    temperature = trained.calibration.get("temperature", 1.0)
    arrays = {name: trained.support.get(name, weights.arrays[f"head/{name}"]) for name in ("kernel", "bias")}
    head = LinearHead(*(np.asarray(arrays[name] / temperature, np.float32) for name in ("kernel", "bias")))

    def outputs(texts: Sequence[str]) -> Arrays:
        return trained.outputs([task.example(_record(task, text)) for text in texts])

    def scores(texts: Sequence[str]) -> np.ndarray:
        logs = np.log(np.maximum(task.probabilities(outputs(texts), trained.support), _SMALLEST))
        return scipy.special.softmax(logs / temperature, axis=1)

    settings: Json = {"temperature": 1.0, "temperature_in_the_head": temperature}
    omitted = []
    if task.decision.way == "threshold":
        settings |= {"threshold": trained.calibration["threshold"], "out_of_scope_label": config.out_of_scope_label}
    elif task.decision.way == "distance":
        omitted.append(f"`{config.out_of_scope_label}` by the distance from the training utterances is left out")
    return Exportable(
        CLASSIFIER,
        trained.step,
        trained.config,
        weights,
        task.tokenizer,
        layout,
        task.vector,
        lambda texts: outputs(texts)["vector"],
        tuple(task.classes),
        head,
        scores,
        settings,
        tuple(omitted),
    )


def _tagger(trained: Predictor, task: SlotsTask, weights: Weights) -> Exportable:
    """Slots as tags of one softmax: the probabilities of a token's tags, given that it is in one slot at most.

    Every slot has a softmax of its own over outside, begins, inside. Of all joint tags of a token only those with at
    most one slot are kept; the logit of `B-slot` is then that of the slot's begins less that of its outside.
    """
    layout = words_layout(task.tokenizer, task.recipe, task.config.max_tokens)
    count = len(task.slots)
    kernel = weights.arrays["head/tags/kernel"].reshape(-1, count, TAGS)
    bias = weights.arrays["head/tags/bias"].reshape(count, TAGS)
    head = LinearHead(one_slot_at_most(kernel), one_slot_at_most(bias[None])[0])

    def scores(texts: Sequence[str]) -> np.ndarray:
        examples = [task.example(_record(task, text)) for text in texts]
        tags = trained.outputs(examples)["tags"]
        real = [of_text[: len(example.tags)] for of_text, example in zip(tags, examples, strict=True)]
        logs = np.log(np.maximum(np.concatenate(real), _SMALLEST))
        return scipy.special.softmax(one_slot_at_most(logs), axis=1)

    omitted = ["tokens that are in two slots at once get the likelier one"] if count > 1 else []
    if task.config.requested:
        omitted.append("the slots that the system has requested are not read")
    if task.intents:
        omitted.append(f"the intents of an utterance ({len(task.intents)} labels) are left out")
    return Exportable(
        TAGGER,
        trained.step,
        trained.config,
        weights,
        task.tokenizer,
        layout,
        "",
        None,
        ("O", *(f"{letter}-{slot}" for slot in task.slots for letter in "BI")),
        head,
        scores,
        {"temperature": 1.0},
        tuple(omitted),
    )


def one_slot_at_most(scores: np.ndarray) -> np.ndarray:
    """The scores of `O`, `B-1`, `I-1`, `B-2`, ... from those of every slot's tags: `[N, S, 3]` -> `[N, 1 + 2 S]`."""
    within = scores[:, :, [BEGINS, INSIDE]] - scores[:, :, [OUTSIDE]]
    return np.concatenate([np.zeros((len(scores), 1), scores.dtype), within.reshape(len(scores), -1)], axis=1)


def _record(task: IntentTask | SlotsTask, text: str) -> Any:
    return type(task).read_row(task.config, {task.config.text_field: text}, "utterance", 1)
