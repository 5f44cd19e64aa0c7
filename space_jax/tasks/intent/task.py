"""Intent detection (SPACE-3, SIGIR 2022, section on understanding; model_spec section 4).

head "linear"   cross-entropy over both dropout passes + 5 * R-drop + 0.1 * masked language model, and beside them, if
                wanted, the contrast of the next but one
head "frozen"   none: a linear head fitted by logistic regression to the vectors of the weights as they are
head "knn"      tree-weighted contrast of the training utterances + 0.1 * masked language model; the labels of the
                nearest. A run with it is the contrastive stage before a linear head (`--init`)
"""

import collections
import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special

from space_jax.config import ModelConfig
from space_jax.dialogue.record import Frame
from space_jax.dialogue.trees import combined_similarity, tree_views
from space_jax.errors import UserError
from space_jax.features.tokenizer import Tokenizer
from space_jax.losses import Sum, class_cross_entropy, l2_normalise, symmetric_kl, weighted_contrast
from space_jax.models.recipe import DROPOUT_VIEWS, Keys, Partial, Terms
from space_jax.models.views import rngs, two_views
from space_jax.tasks.adversarial.term import Predictions, Scored, adversarial_coefficients, adversarial_terms, noisy
from space_jax.tasks.config import DataSource
from space_jax.tasks.directions import unit
from space_jax.tasks.encoder import resolve_vector
from space_jax.tasks.intent.config import IntentConfig
from space_jax.tasks.intent.decision import ALTERNATIVES, Decision, named
from space_jax.tasks.intent.error_page import error_page
from space_jax.tasks.intent.logistic_regression import logistic_regression, one_hot
from space_jax.tasks.intent.model import IntentModel
from space_jax.tasks.intent.neighbours import vote
from space_jax.tasks.intent.prototypes import prototypes
from space_jax.tasks.intent.records import IntentRecord, from_dialogue, from_label, from_row, unlabelled_turns
from space_jax.tasks.intent.scores import accuracies, best_threshold
from space_jax.tasks.intent.self_training import soft_labels
from space_jax.tasks.masked_language_model import masked_rows
from space_jax.tasks.record_sources import ANYTHING, Truth, dialogues_of, file_of, records_of
from space_jax.tasks.task import Arrays, Json, Nearest, Task
from space_jax.tasks.text_packing import USER_ROLE, Encoded, Shape, TaskBatch, dialogue_layout, pack, sentence_layout

WRAPPERS = 2
UNKNOWN = -1  # the class of a label that training lacks
UNLABELLED = -2  # of an utterance without a label
SLOTS = {"prompt": 5}  # utterances of a row; every slot costs five prompts there
MOST_SLOTS = 8
FEW = 20  # training utterances a label; with fewer a frozen head is worth a try


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class IntentExample:
    """An utterance in numbers; `label` is `UNKNOWN` or `UNLABELLED` where it has no class."""

    encoded: Encoded
    label: int
    cut: bool  # longer than `max_tokens`


class IntentTask(Task):
    """See `task.Task`. Labels: `{"labels": [names, sorted], "counts": [of training], "domains": [of each]}`."""

    name = "intent"
    measure = "accuracy"

    @classmethod
    def read_split(cls, config: IntentConfig, source: DataSource, split: str) -> list[IntentRecord]:
        """See `Task.read_split`."""
        if source.corpus:
            return [record for dialogue in dialogues_of(source, split) for record in from_dialogue(dialogue)]
        expected = "the name of an intent"
        truth = Truth(config.label_field, expected, lambda record: record.label is not None, "task.label_field")
        return records_of(file_of(source, split), lambda *row: from_row(config, *row), truth)

    @classmethod
    def read_unlabelled(
        cls, config: IntentConfig, source: DataSource, left_out: Sequence[IntentRecord]
    ) -> list[IntentRecord]:
        """See `Task.read_unlabelled`: self-training guesses their labels."""
        if not config.self_training:
            if source.unlabelled:
                raise UserError("config field data.unlabelled: is read if task.self_training is above 0, and it is 0")
            return []
        turns = dialogues_of(source, "train") if source.corpus else ()
        found = [record for dialogue in turns for record in unlabelled_turns(dialogue)]
        if source.unlabelled:
            found += records_of(Path(source.unlabelled), lambda *row: from_row(config, *row), ANYTHING)
        return [dataclasses.replace(record, label=None) for record in [*left_out, *found]]

    @classmethod
    def read_row(cls, config: IntentConfig, row: Mapping[str, Any], where: str, number: int) -> IntentRecord:
        """See `Task.read_row`."""
        return from_row(config, row, where, number)

    @classmethod
    def strata(cls, record: IntentRecord) -> tuple[str, ...]:
        """See `Task.strata`."""
        return () if record.label is None else (record.label,)

    @classmethod
    def make_labels(cls, config: IntentConfig, records: Sequence[IntentRecord]) -> Json:
        """See `Task.make_labels`; with a threshold, out of scope is no class.

        Raises:
          UserError: no record has an intent.
        """
        left_out = {None, config.out_of_scope_label} if config.out_of_scope == "threshold" else {None}
        counts = collections.Counter(record.label for record in records if record.label not in left_out)
        domains = {record.label: record.domain for record in records}
        names = sorted(label for label in counts if label is not None)
        if not names:
            raise UserError("training records: expected some with an intent, found none")
        return {"labels": names, "counts": [counts[n] for n in names], "domains": [domains[n] for n in names]}

    @classmethod
    def measured_parts(cls, record: IntentRecord) -> tuple[str, ...]:
        """See `Task.measured_parts`."""
        return ("intents",) if record.label is not None else ()

    @classmethod
    def remarks(cls, config: IntentConfig, labels: Json) -> list[str]:
        """See `Task.remarks`: where a frozen head may do as well."""
        each = sum(labels["counts"]) / len(labels["counts"])
        if config.head != "linear" or each >= FEW:
            return []
        return [f"{each:.0f} training utterances a label: --config.task.head=frozen takes seconds and may do as well"]

    @classmethod
    def known_labels(cls, config: IntentConfig, labels: Json) -> Collection[str]:
        """See `Task.known_labels`: also what is out of scope, where that needs no training examples."""
        outside = {config.out_of_scope_label} if config.out_of_scope in ("threshold", "distance") else set()
        return {*labels["labels"], *outside}

    def __init__(
        self, config: IntentConfig, labels: Json, tokenizer: Tokenizer, model: ModelConfig, recipe: str | None
    ) -> None:
        super().__init__(config, labels, tokenizer, model, recipe)
        self.classes: list[str] = labels["labels"]
        self._index = {name: index for index, name in enumerate(self.classes)}
        self._counts = np.array(labels["counts"], np.float32)
        self.linear, self.trains = config.head != "knn", config.head != "frozen"
        self.fitted = not self.linear or config.head_start != "random" or config.refit
        self.masks = self.trains and config.mlm_weight > 0
        self.vector = resolve_vector(config.vector, recipe)
        self.row_length = config.max_tokens + WRAPPERS
        if self.row_length > model.positions:
            raise UserError(
                f"config field task.max_tokens: {config.max_tokens} tokens and {WRAPPERS} around them do not fit the "
                f"{model.positions} positions of the weights"
            )
        self._shape = Shape(self.row_length, SLOTS.get(self.vector, MOST_SLOTS))
        self.module = IntentModel(model, self.vector, recipe, len(self.classes), config.head_dropout)
        outside, way = config.out_of_scope_label, config.out_of_scope
        if way == "auto":
            way = "distance" if self.linear and outside in self._index else "class"
        self.decision = Decision(self.classes, way, outside, config.out_of_scope_cost)
        self.refits = self.linear and self.trains and config.refit
        self.needs_support = not self.linear or self.refits or way == "distance"
        self.calibrated = self.decision.calibrated if self.linear else ("threshold",) if way == "threshold" else ()
        self.coefficients = {"intent": 1.0} if self.linear else {"contrast": 1.0}
        if self.linear and self.trains:
            compared = {"consistency": config.r_drop_weight, "contrast": config.contrast_weight}
            self.coefficients |= {name: weight for name, weight in compared.items() if weight}
            self.coefficients |= adversarial_coefficients(config.adversarial, ("intent",))
        if self.masks:
            self.coefficients |= {"masked": config.mlm_weight}
        self._similarity = label_similarity(self.classes, labels["domains"], config.contrast == "soft")

    def example(self, record: IntentRecord) -> IntentExample:
        """See `Task.example`."""
        tokens = self.tokenizer.encode(record.text)
        kept = tokens[: self.config.max_tokens]
        if self.vector == "sentence":
            encoded = sentence_layout(self.tokenizer, kept)
        else:
            encoded = dialogue_layout(self.tokenizer, [(USER_ROLE, kept)], self.row_length, self.recipe)
        label = UNLABELLED if record.label is None else self._index.get(record.label, UNKNOWN)
        return IntentExample(encoded, label, len(tokens) > len(kept))

    def training_examples(self, records: Sequence[IntentRecord]) -> list[IntentExample]:
        """See `Task.training_examples`: the names of the labels too."""
        names = []
        if self.config.label_words:
            outside = self.config.out_of_scope_label
            domains = zip(self.classes, self.labels["domains"], strict=True)
            names = [named for name, domain in domains if name != outside and (named := from_label(name, domain))]
        return super().training_examples([*records, *names])

    def collate(self, examples: Sequence[IntentExample], size: int, rng: np.random.Generator | None) -> TaskBatch:
        """See `Task.collate`."""
        batch = pack([example.encoded for example in examples], size, self._shape)
        labels = np.full(size, UNKNOWN, np.int32)
        labels[: len(examples)] = [example.label for example in examples]
        weights = self._weights(labels)
        masked = masked_rows(batch, self.model.vocabulary, rng) if self.masks else {}
        return dataclasses.replace(batch, examples={"label": labels, "weight": weights}, rows=masked)

    def _weights(self, labels: np.ndarray) -> np.ndarray:
        """Of utterances with these labels in the loss, float32; with `balance` every class has the same in sum."""
        of_class = self._counts.sum() / (len(self.classes) * self._counts) if self.config.balance else None
        return np.where(labels >= 0, 1.0 if of_class is None else of_class[labels], 0.0).astype(np.float32)

    def init(self, key: jax.Array, batch: TaskBatch) -> Any:
        """See `Task.init`."""
        return self.module.init(key, batch, self.linear, self.masks, method="initialise")["params"]

    def initialise_head(self, params: Any, outputs: Callable[[], Arrays], examples: Sequence[IntentExample]) -> Any:
        """See `Task.initialise_head`: the linear head is fitted, which for a frozen one is all that there is to do."""
        if not self.linear or self.config.head_start == "random":
            return params
        vectors, labels = outputs()["vector"], np.array([example.label for example in examples])
        if self.config.head_start == "means":
            head = prototypes(vectors, labels, len(self.classes), self.config.temperature)
        else:
            head = self._fitted(vectors, labels)
        placed = {name: jax.device_put(head[name], leaf.sharding) for name, leaf in params["head"].items()}
        return {**params, "head": placed}

    def _fitted(self, vectors: np.ndarray, labels: np.ndarray) -> Arrays:
        """The head of a logistic regression, in which utterances without a label have guessed ones."""
        weights, strength = self._weights(labels), self.config.strength
        targets = soft_labels(vectors, one_hot(labels, len(self.classes)), weights, strength)
        guessed = np.where(labels == UNLABELLED, self.config.self_training, weights)
        return logistic_regression(vectors, targets, guessed, strength)

    def forward(self, params: Any, batch: TaskBatch, keys: Keys) -> Partial:
        """See `Task.forward`."""
        variables = {"params": params}
        terms: Terms = {}
        if self.masks:
            drop = rngs(keys, "dropout_masked")
            losses = self.module.apply(variables, batch, rngs=drop, method="masked_losses")
            terms["masked"] = Sum.of(losses, batch.rows["masked_weights"])
        label, weight = batch.examples["label"], batch.examples["weight"]
        if not self.linear:
            views = two_views(lambda drop: self.module.apply(variables, batch, rngs=drop, method="directions"), keys)
            return Partial(terms, _pooled(views, label))
        vectors, logits = self._views(variables, batch, keys)
        labels = jnp.stack([label] * len(logits))
        losses = class_cross_entropy(logits, labels, self.config.label_smoothing).mean(axis=0)
        terms["intent"] = Sum.of(losses, weight)
        if "consistency" in self.coefficients:
            terms["consistency"] = Sum.of(symmetric_kl(logits[0], logits[1]), (weight > 0).astype(jnp.float32))
        terms |= self._adversarial(params, batch, keys, logits[0])
        return Partial(terms, _pooled(l2_normalise(vectors), label) if "contrast" in self.coefficients else {})

    def _adversarial(self, params: Any, batch: TaskBatch, keys: Keys, clean: jax.Array) -> Terms:
        """How the predictions of the first view change under noise; guessed labels play no part."""
        there = batch.valid.astype(jnp.float32)

        def predict(params: Any, noise: jax.Array) -> Predictions:
            drop = rngs(keys, DROPOUT_VIEWS[0])
            logits = self.module.apply(noisy(params, noise), batch, rngs=drop, method="classify")[1]
            return {"intent": Scored(logits, there)}

        given = {"intent": Scored(clean, there)}
        segments, hidden = batch.context.segments, self.model.hidden
        return adversarial_terms(self.config.adversarial, predict, params, given, segments, hidden, keys)

    def _views(self, variables: dict, batch: TaskBatch, keys: Keys) -> tuple[jax.Array, jax.Array]:
        """Vectors and logits of both dropout views, `[2, B, ...]`; `[1, B, ...]` where nothing compares them."""

        def run(drop: dict[str, jax.Array]) -> tuple[jax.Array, jax.Array]:
            return self.module.apply(variables, batch, rngs=drop, method="classify")

        if {"consistency", "contrast"} & set(self.coefficients):
            return two_views(run, keys)
        return jax.tree.map(lambda array: array[None], run(rngs(keys, DROPOUT_VIEWS[0])))

    def finish(self, terms: Terms, features: Any) -> Terms:
        """See `Task.finish`: the contrast is over all micro-batches."""
        if "contrast" not in self.coefficients:
            return terms
        views, label, known = (features[name].reshape(-1, *features[name].shape[2:]) for name in _POOLED)
        index = jnp.maximum(label, 0)
        similarity = jnp.asarray(self._similarity)[index][:, index]
        # Another view of the same utterance is a positive whatever the labels' trees say.
        similarity = jnp.where(jnp.eye(len(index), dtype=bool), 1.0, similarity)
        groups = jnp.zeros(len(index), jnp.int32)
        losses = weighted_contrast(views.swapaxes(0, 1), similarity, groups, known, self.config.temperature)
        return terms | {"contrast": Sum.of(losses, known.astype(jnp.float32))}

    def infer(self, params: Any, batch: TaskBatch) -> dict[str, jax.Array]:
        """See `Task.infer`."""
        if not self.linear:
            return {"vector": self.module.apply({"params": params}, batch, method="directions")}
        vectors, logits = self.module.apply({"params": params}, batch, method="classify")
        return {"vector": vectors, "scores": jax.nn.softmax(logits)}

    def support(self, outputs: Arrays, examples: Sequence[IntentExample]) -> Arrays:
        """See `Task.support`: utterances that have a class, for the distance those in scope; a refitted head."""
        labels = np.array([example.label for example in examples], np.int32)
        if not self.linear:
            return {"vectors": outputs["vector"][labels >= 0], "labels": labels[labels >= 0]}
        kept = self._fitted(outputs["vector"], labels) if self.refits else {}
        if self.decision.way == "distance":
            outside = self._index.get(self.config.out_of_scope_label, UNKNOWN)
            kept |= {"vectors": unit(outputs["vector"][(labels >= 0) & (labels != outside)])}
        return kept

    def predictions(self, outputs: Arrays, examples: Sequence[IntentExample], support: Arrays) -> list[Json]:
        """See `Task.predictions`: what `decide` needs; of nearest neighbours the label, its score, and the next."""
        if self.linear:
            rows = self.decision.raw(self.probabilities(outputs, support), outputs["vector"], support.get("vectors"))
        else:
            rows = self._votes(outputs, support)
        cut = {"cut_to_tokens": self.config.max_tokens}
        return [row | cut if example.cut else row for example, row in zip(examples, rows, strict=True)]

    def probabilities(self, outputs: Arrays, support: Arrays) -> np.ndarray:
        """The probabilities of the classes by a linear head, the fitted one where there is one, `[N, C]`."""
        if not self.refits:
            return outputs["scores"]
        return scipy.special.softmax(outputs["vector"] @ support["kernel"] + support["bias"], axis=1)

    def _votes(self, outputs: Arrays, support: Arrays) -> list[Json]:
        bank = support["vectors"], support["labels"]
        order, scores = vote(outputs["vector"], *bank, len(self.classes), self.config.neighbours)
        order = np.where(order > 0, order, scores - 2.0)  # classes without votes follow by likeness
        best = np.argsort(-order, axis=1, kind="stable")[:, :ALTERNATIVES]
        return [named(self.classes, top, row) for top, row in zip(best, scores, strict=True)]

    def calibrate(self, records: Sequence[IntentRecord], predictions: Sequence[Json]) -> dict[str, float]:
        """See `Task.calibrate`: the temperature, and the threshold between what is in scope and out of scope."""
        truths = [record.label for record in records]
        if self.linear:
            return self.decision.calibrate(truths, predictions)
        if self.config.out_of_scope != "threshold":
            return {}
        right = np.array([truth == p["label"] for truth, p in zip(truths, predictions, strict=True)], bool)
        outside = np.array([truth == self.config.out_of_scope_label for truth in truths], bool)
        return {"threshold": best_threshold(right, outside, np.array([p["score"] for p in predictions]))}

    def decide(self, predictions: Sequence[Json], calibration: Json) -> list[Json]:
        """See `Task.decide`: what is too far outside gets the out-of-scope label."""
        if self.linear:
            return self.decision.labelled(predictions, calibration)
        threshold = calibration.get("threshold", 0.0)
        outside = {"label": self.config.out_of_scope_label}
        return [p if p["score"] >= threshold else {**p, **outside, "nearest": p["label"]} for p in predictions]

    def reliability(
        self, records: Sequence[IntentRecord], predictions: Sequence[Json], calibration: Json
    ) -> dict[str, float]:
        """See `Task.reliability`; the cosines of nearest neighbours are no probabilities."""
        truths = [record.label for record in records]
        return self.decision.reliability(truths, predictions, calibration) if self.linear else {}

    def score(self, records: Sequence[IntentRecord], predictions: Sequence[Json]) -> dict[str, float]:
        """See `Task.score`."""
        labels = [prediction["label"] for prediction in predictions]
        return accuracies([record.label for record in records], labels, self.config.out_of_scope_label)

    def side_by_side(self, record: IntentRecord, prediction: Json) -> tuple[str, str, str]:
        """See `Task.side_by_side`."""
        return record.text, record.label or "", f"{prediction['label']} ({prediction['score']:.2f})"

    def error_page(
        self, records: Sequence[IntentRecord], predictions: Sequence[Json], title: str, nearest: Nearest | None = None
    ) -> str:
        """See `Task.error_page`."""
        training = dict.fromkeys(self.known_labels(self.config, self.labels), 0)
        training |= dict(zip(self.classes, self.labels["counts"], strict=True))
        return error_page(records, predictions, title, training, nearest)


_POOLED = ("views", "label", "known")


def _pooled(views: jax.Array, label: jax.Array) -> dict[str, jax.Array]:
    """What the contrast is over, from `[2, B, H]` and `[B]`."""
    return dict(zip(_POOLED, (views.swapaxes(0, 1), label, label >= 0), strict=True))


def label_similarity(names: Sequence[str], domains: Sequence[str], soft: bool) -> np.ndarray:
    """The similarity of two intents, `[C, C]` float32: by their semantic trees, or only equal ones.

    The tree of an intent is domain -> intent, so two intents of a domain are a third alike (of the views D, I, DI they
    share the first) and those of different domains not at all.
    """
    if not soft:
        return np.eye(len(names), dtype=np.float32)
    trees = [tree_views([Frame(domain, name)]) for name, domain in zip(names, domains, strict=True)]
    return np.array([[combined_similarity(a, b) for b in trees] for a in trees], np.float32)
