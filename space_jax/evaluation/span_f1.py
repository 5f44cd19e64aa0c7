"""F1 of slots with spans in a text, as DialoGLUE scores Restaurants-8k and DSTC8, and as CoNLL scores chunks.

DialoGLUE (Mehri et al., 2020, arXiv 2009.13570; the benchmark's `evaluate.py`, function `evaluate_slot`) scores each
utterance and slot as one decision: right if the predicted spans of the slot are exactly the true ones. Precision is the
right decisions over the utterances with a prediction of the slot, recall over those with a label of it, and the score
is the mean of the slots' F1, over the slots that occur in the truth. CoNLL counts every span, over all slots together.

Differences from the benchmark's code: it compares the words of a span, ours its position, which is stricter where words
recur; it adds 1e-5 to each divisor, which changes the score by less than 0.0001 once a slot has a hundred labels; it
searches for a slot's name anywhere in `slot:words`, so that a span "my time" of another slot counts for `time`, whereas
ours compares only the name.
"""

import dataclasses
from collections.abc import Collection, Iterable, Sequence

Span = tuple[str, int, int]
"""Slot, first character, character after the last."""


@dataclasses.dataclass(frozen=True)
class SlotScore:
    """The scores of one slot.

    Attributes:
      precision: share of the predictions that are right, 0 if there are none.
      recall: share of the true ones that are found, 0 if there are none.
      f1: 2 * precision * recall / (precision + recall), 0 if both are.
      support: the true ones.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclasses.dataclass(frozen=True)
class SpanScore:
    """The scores of all slots.

    Attributes:
      macro_f1: DialoGLUE's score: the mean over `slots` of their F1; 0 where the truth has no slot.
      micro_f1: CoNLL's: F1 of all spans, each counting once.
      exact: share of the utterances whose spans are all right and none is missing; 0 of none.
      slots: by name, in alphabetical order, those that occur in the truth; decided by utterance.
    """

    macro_f1: float
    micro_f1: float
    exact: float
    slots: dict[str, SlotScore]


def span_score(predicted: Sequence[Iterable[Span]], truth: Sequence[Iterable[Span]]) -> SpanScore:
    """Scores the spans of utterances; a span repeated in one utterance counts once.

    >>> score = span_score([[("time", 0, 4)], [("time", 0, 1)]], [[("time", 0, 4)], []])
    >>> print(round(score.macro_f1, 3), round(score.micro_f1, 3), score.exact)
    0.667 0.667 0.5

    Args:
      predicted: the spans of each utterance.
      truth: those of the same utterances.

    Raises:
      ValueError: the numbers of utterances differ.
    """
    if len(predicted) != len(truth):
        raise ValueError(f"{len(predicted)} predictions for {len(truth)} utterances; the numbers must be equal")
    pairs = [(frozenset(guess), frozenset(true)) for guess, true in zip(predicted, truth, strict=True)]
    names = sorted({slot for _, true in pairs for slot, _, _ in true})
    slots = {name: _of_slot([(_only(guess, name), _only(true, name)) for guess, true in pairs]) for name in names}
    hits = sum(len(guess & true) for guess, true in pairs)
    micro = _score(hits, sum(len(guess) for guess, _ in pairs), sum(len(true) for _, true in pairs))
    return SpanScore(
        macro_f1=sum(score.f1 for score in slots.values()) / len(slots) if slots else 0.0,
        micro_f1=micro.f1,
        exact=sum(guess == true for guess, true in pairs) / len(pairs) if pairs else 0.0,
        slots=slots,
    )


def _only(spans: Collection[Span], slot: str) -> frozenset[Span]:
    return frozenset(span for span in spans if span[0] == slot)


def _of_slot(pairs: Iterable[tuple[frozenset[Span], frozenset[Span]]]) -> SlotScore:
    decided = [(bool(guess), bool(true), guess == true) for guess, true in pairs]
    hits = sum(guessed and right for guessed, _, right in decided)
    return _score(hits, sum(guessed for guessed, _, _ in decided), sum(true for _, true, _ in decided))


def _score(hits: int, guesses: int, true: int) -> SlotScore:
    precision, recall = hits / guesses if guesses else 0.0, hits / true if true else 0.0
    return SlotScore(precision, recall, 2 * hits / (guesses + true) if guesses + true else 0.0, true)
