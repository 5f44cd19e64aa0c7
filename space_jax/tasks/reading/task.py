"""Reading as a task of the framework (see `tasks.task`).

An example is a whole passage in windows, so that a batch has more examples of its grid than records; every array of the
task is by record. After `SbertForQuestionAnswering` of StructBERT's release: one linear layer, the mean of two
cross-entropies. "No answer" is the place before the passage, as in Devlin et al., "BERT", NAACL 2019, section 4.3.
"""

import collections
import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from space_jax.config import ModelConfig
from space_jax.errors import UserError
from space_jax.evaluation.span_f1 import Span, span_score
from space_jax.evaluation.squad import answer_score, token_f1
from space_jax.features.layout import WRAPPERS
from space_jax.features.tokenizer import Tokenizer
from space_jax.losses import Sum, class_cross_entropy
from space_jax.models.recipe import Keys, Partial
from space_jax.models.views import rngs
from space_jax.tasks.adversarial.term import Predictions, Scored, adversarial_coefficients, adversarial_terms, noisy
from space_jax.tasks.config import DataSource
from space_jax.tasks.encoder import resolve_vector
from space_jax.tasks.error_list import error_list
from space_jax.tasks.reading.answers import Answer, best_answers, best_threshold
from space_jax.tasks.reading.config import ReadingConfig
from space_jax.tasks.reading.model import SIDES, ReadingModel
from space_jax.tasks.reading.records import ReadingRecord, of_row
from space_jax.tasks.reading.slot_questions import slot_records
from space_jax.tasks.reading.windows import Windows, WindowSizes, in_windows
from space_jax.tasks.record_sources import Truth, file_of, records_of
from space_jax.tasks.task import Arrays, Json, Nearest, Task
from space_jax.tasks.text_packing import SYSTEM_ROLE, USER_ROLE, Encoded, Shape, TaskBatch, first_fit, pack
from space_jax.tasks.token_offsets import token_places, with_examples, with_places

SLOTS_OF_ROW = 12
NO_ANSWER = "no answer"


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class ReadingExample:
    """A question about a passage in numbers.

    Attributes:
      windows: the passage's.
      target: the places in the scores of the first and the last token of the answer, (0, 0) for none; None if it is not
        known, or lies beyond what was read.
      passage: as written.
    """

    windows: Windows
    target: tuple[int, int] | None
    passage: str

    @property
    def encoded(self) -> Encoded:
        """Its longest window."""
        return self.windows.encoded[0]


class ReadingTask(Task):
    """The span of a passage that answers a question, or "no answer"."""

    name = "reading"
    measure = "f1"
    calibrated = ("threshold",)

    @classmethod
    def read_split(cls, config: ReadingConfig, source: DataSource, split: str) -> list[ReadingRecord]:
        """See `Task.read_split`; of a corpus, the questions for its slots."""
        if source.corpus:
            return slot_records(source, config.slots, split)
        truth = Truth("answer", "an answer", cls.has_truth)
        return records_of(file_of(source, split), of_row, truth)

    @classmethod
    def read_row(cls, config: ReadingConfig, row: Mapping[str, Any], where: str, number: int) -> ReadingRecord:
        """See `Task.read_row` and `records.of_row`."""
        return of_row(row, where, number)

    @classmethod
    def strata(cls, record: ReadingRecord) -> tuple[str, ...]:
        """See `Task.strata`: whether there is an answer, of each slot by itself."""
        if record.answers is None:
            return ()
        return (f"{record.slot} {'answer' if record.answers else NO_ANSWER}".strip(),)

    @classmethod
    def labels_of(cls, record: ReadingRecord) -> tuple[str, ...]:
        """See `Task.labels_of`: none, since answers are words of the passage and questions can be new."""
        return ()

    @classmethod
    def measured_parts(cls, record: ReadingRecord) -> tuple[str, ...]:
        """See `Task.measured_parts`."""
        return ("answers",) if record.answers else ()

    @classmethod
    def known_labels(cls, config: ReadingConfig, labels: Json) -> Collection[str]:
        """See `Task.known_labels`."""
        return ()

    @classmethod
    def make_labels(cls, config: ReadingConfig, records: Sequence[ReadingRecord]) -> Json:
        """See `Task.make_labels`: the numbers of records with and without an answer, and of each `slots` by its name.

        Raises:
          UserError: no record has an answer.
        """
        answered = sum(bool(record.answers) for record in records)
        if not answered:
            raise UserError("training records: expected some with an answer, found none")
        slots = collections.Counter(_name(record.slot) for record in records if record.slot)
        unanswerable = sum(record.answers == () for record in records)
        return {"answered": answered, "unanswerable": unanswerable, "slots": dict(sorted(slots.items()))}

    def __init__(
        self, config: ReadingConfig, labels: Json, tokenizer: Tokenizer, model: ModelConfig, recipe: str | None
    ) -> None:
        super().__init__(config, labels, tokenizer, model, recipe)
        self.row_length = config.window + 2 * config.max_question + 3 * WRAPPERS
        longest = self.row_length if recipe is None else max(config.window, config.max_question) + WRAPPERS
        if longest > model.positions:
            raise UserError(
                f"config field task.window: {config.window} tokens, with the question and what is around them, are "
                f"{longest} positions, and the weights have {model.positions}"
            )
        # What training has never declined to answer is always answered.
        self.declines = labels["unanswerable"] > 0
        self.coefficients = dict.fromkeys(SIDES, 1 / len(SIDES))
        self.coefficients |= adversarial_coefficients(config.adversarial, SIDES)
        self.net = ReadingModel(model, resolve_vector("auto", recipe), recipe, config.head_dropout)

    def example(self, record: ReadingRecord) -> ReadingExample:
        """See `Task.example`: the user asks, and the passage is what the system says."""
        config, tokenizer = self.config, self.tokenizer
        earlier = [(USER_ROLE, tokenizer.encode(record.question)[: config.max_question])]
        if record.before:
            earlier.insert(0, (SYSTEM_ROLE, tokenizer.encode(record.before)[-config.max_question :]))
        sizes = WindowSizes(config.max_tokens, config.window, config.overlap, self.row_length)
        windows = in_windows(tokenizer, earlier, (SYSTEM_ROLE, record.passage), sizes, self.recipe)
        return ReadingExample(windows, _target(record, windows), record.passage)

    def collate(self, examples: Sequence[ReadingExample], size: int, rng: np.random.Generator | None) -> TaskBatch:
        """See `Task.collate`; adds places and `there` `[B, P]`, and `start`, `end` and `known` `[B]`."""
        encoded = [window for example in examples for window in example.windows.encoded]
        placed = first_fit(np.array([[len(one)] for one in encoded]).reshape(-1, 1), [self.row_length], SLOTS_OF_ROW)
        starts = np.cumsum([0, *(len(example.windows.encoded) for example in examples)])
        columns = [np.arange(len(one)) for one in encoded]
        index, _ = token_places(columns, encoded, placed, self.row_length, len(encoded), self.row_length)
        shape = (size, self.config.max_tokens)
        tokens, nowhere, there = np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.zeros(shape, bool)
        targets, known = np.zeros((size, len(SIDES)), np.int32), np.zeros(size, bool)
        for number, example in enumerate(examples):
            own, windows = index[starts[number] : starts[number + 1]], example.windows
            read = slice(0, len(windows.column))
            tokens[number, read] = own[windows.window, windows.column]
            nowhere[number, read] = own[windows.window, windows.nowhere[windows.window]]
            there[number, read] = True
            targets[number], known[number] = example.target or (0, 0), example.target is not None
        batch = pack(encoded, len(encoded), Shape(self.row_length, SLOTS_OF_ROW), placed)
        slot, valid = np.zeros(size, np.int32), np.arange(size) < len(examples)
        slot[: len(examples)] = batch.slot[starts[:-1]]
        batch = dataclasses.replace(batch, slot=slot, valid=valid)
        sides = dict(zip(SIDES, targets.T, strict=True))
        return with_examples(with_places(batch, tokens=tokens, nowhere=nowhere), there=there, known=known, **sides)

    def init(self, key: jax.Array, batch: TaskBatch) -> Any:
        """See `Task.init`."""
        return self.net.init(key, batch)["params"]

    def forward(self, params: Any, batch: TaskBatch, keys: Keys) -> Partial:
        """See `Task.forward`: the cross-entropies of where an answer begins and ends, among all places and none."""

        def predict(variables: Any) -> Predictions:
            scores = self.net.apply(variables, batch, rngs=rngs(keys, "dropout_view_1"))
            return {side: Scored(scores[:, number], batch.examples["known"]) for number, side in enumerate(SIDES)}

        clean = predict({"params": params})
        terms = {
            side: Sum.of(class_cross_entropy(one.logits, batch.examples[side]), one.weights)
            for side, one in clean.items()
        }
        given = clean, batch.context.segments, self.model.hidden, keys
        moved = adversarial_terms(self.config.adversarial, lambda p, noise: predict(noisy(p, noise)), params, *given)
        return Partial(terms | moved, ())

    def infer(self, params: Any, batch: TaskBatch) -> dict[str, jax.Array]:
        """See `Task.infer`: `scores` `[B, 2, 1 + P]`."""
        return {"scores": self.net.apply({"params": params}, batch)}

    def predictions(self, outputs: Arrays, examples: Sequence[ReadingExample], support: Arrays) -> list[Json]:
        """See `Task.predictions`: the likeliest `answer`, `best` ones and the probability of `no_answer`."""
        return [self._prediction(scores, example) for scores, example in zip(outputs["scores"], examples, strict=True)]

    def _prediction(self, scores: np.ndarray, example: ReadingExample) -> Json:
        windows = example.windows
        answers, none = best_answers(scores[:, : 1 + len(windows.column)], self.config.max_answer, self.config.best)
        best = [_said(one, example) for one in answers]
        prediction: Json = dict(best[0]) if best else {"answer": "", "score": round(none, 4)}
        prediction |= {"best": best, "no_answer": round(none, 4)}
        if best:
            prediction["odds"] = round(answers[0].odds, 4)
        if windows.cut:
            prediction["cut_to_tokens"] = self.config.max_tokens
        return prediction

    def calibrate(self, records: Sequence[ReadingRecord], predictions: Sequence[Json]) -> dict[str, float]:
        """See `Task.calibrate`: the `threshold` of `odds` above which answering gives the best F1.

        Of validation with questions of one kind only, nothing can be learnt: it is 0 then.
        """
        known = [(one["odds"], one["answer"], r.texts) for r, one in _known(records, predictions) if "odds" in one]
        if not self.declines or len({bool(texts) for _, _, texts in known}) < 2:
            return {"threshold": 0.0}
        gains = [token_f1(answer, texts) - token_f1("", texts) for _, answer, texts in known]
        return {"threshold": round(best_threshold([odds for odds, _, _ in known], gains), 4)}

    def decide(self, predictions: Sequence[Json], calibration: Json) -> list[Json]:
        """See `Task.decide`: what is not above the threshold has no answer."""
        threshold = calibration.get("threshold", 0.0)
        if not self.declines:
            return list(predictions)
        return [one if one.get("odds", -np.inf) > threshold else _declined(one) for one in predictions]

    def score(self, records: Sequence[ReadingRecord], predictions: Sequence[Json]) -> dict[str, float]:
        """See `Task.score`: SQuAD's `exact_match` and `f1`, of all and of each kind of question; F1 of slots."""
        known = _known(records, predictions)
        scores: dict[str, float] = {}
        kinds = {"": known, "answerable_": [one for one in known if one[0].answers]}
        for kind, pairs in kinds.items():
            found = answer_score([one["answer"] for _, one in pairs], [r.texts for r, _ in pairs])
            scores |= {f"{kind}exact_match": found.exact_match, f"{kind}f1": found.f1}
        declined = [one["answer"] == "" for r, one in known if not r.answers]
        if declined:
            scores["unanswerable_accuracy"] = sum(declined) / len(declined)
        return scores | self._slot_scores([one for one in known if one[0].slot])

    def _slot_scores(self, known: Sequence[tuple[ReadingRecord, Json]]) -> dict[str, float]:
        """The scores of the task `slots`, over utterances; `new_slot_f1` is the mean of slots that training lacks."""
        if not known:
            return {}
        true: dict[str, list[Span]] = collections.defaultdict(list)
        said: dict[str, list[Span]] = collections.defaultdict(list)
        for record, one in known:
            true[record.asked_of] += [(record.slot, *place) for place in record.answers or ()]
            said[record.asked_of] += [(record.slot, one["start"], one["end"])] if one["answer"] else []
        found = span_score([said[name] for name in true], list(true.values()))
        new = [slot.f1 for name, slot in found.slots.items() if _name(name) not in self.labels["slots"]]
        scores = {"slot_macro_f1": found.macro_f1, "slot_micro_f1": found.micro_f1, "slot_exact": found.exact}
        scores |= {"new_slot_f1": sum(new) / len(new)} if new else {}
        return scores | {f"f1/{name}": slot.f1 for name, slot in found.slots.items()}

    def side_by_side(self, record: ReadingRecord, prediction: Json) -> tuple[str, str, str]:
        """See `Task.side_by_side`."""
        true = "" if record.answers is None else _in_words(record.texts)
        return f"{record.question} | {record.passage}", true, prediction["answer"] or NO_ANSWER

    def error_page(
        self, records: Sequence[ReadingRecord], predictions: Sequence[Json], title: str, nearest: Nearest | None = None
    ) -> str:
        """See `Task.error_page`: the questions without an exact match."""
        known = _known(records, predictions)
        wrong = [
            (r.where or r.id, f"{r.question} | {r.passage}", _in_words(r.texts), one["answer"] or NO_ANSWER)
            for r, one in known
            if not answer_score([one["answer"]], [r.texts]).exact_match
        ]
        return error_list(wrong, len(known), title)


def _known(records: Sequence[ReadingRecord], predictions: Sequence[Json]) -> list[tuple[ReadingRecord, Json]]:
    """The annotated records, and their predictions."""
    return [(r, one) for r, one in zip(records, predictions, strict=True) if r.answers is not None]


def _name(slot: str) -> str:
    """A slot without its service."""
    return slot.rpartition(".")[2]


def _target(record: ReadingRecord, windows: Windows) -> tuple[int, int] | None:
    if not record.answers:
        return None if record.answers is None else (0, 0)
    start, end = record.answers[0]
    inside = np.flatnonzero((windows.starts < end) & (windows.ends > start))
    beyond = windows.cut and end > windows.ends[-1]
    return (int(inside[0]) + 1, int(inside[-1]) + 1) if len(inside) and not beyond else None


def _said(answer: Answer, example: ReadingExample) -> Json:
    start, end = int(example.windows.starts[answer.first]), int(example.windows.ends[answer.last])
    return {"answer": example.passage[start:end], "start": start, "end": end, "score": round(answer.probability, 4)}


def _declined(prediction: Json) -> Json:
    """The prediction "no answer" instead of the likeliest span."""
    rest = {name: value for name, value in prediction.items() if name not in ("start", "end")}
    return {**rest, "answer": "", "score": prediction["no_answer"]}


def _in_words(texts: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(texts)) or NO_ANSWER
