"""Exact match and token F1 of answers to questions, as SQuAD scores them.

Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016, section 6.1, and "Know What
You Don't Know", ACL 2018, for questions without an answer (SQuAD 2.0). Answers are compared in normal form: lower case,
without ASCII punctuation and English articles, blanks collapsed. Of several right answers the best match counts. To
a question without an answer only the empty prediction is right; then both scores are 1, else 0.
"""

import collections
import dataclasses
import re
import string
from collections.abc import Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


@dataclasses.dataclass(frozen=True)
class AnswerScore:
    """The mean scores of some questions, in [0, 1]; 0 of none.

    Attributes:
      exact_match: share of the predictions that equal a right answer in normal form.
      f1: mean F1 of the words shared with a right answer.
      count: questions.
    """

    exact_match: float
    f1: float
    count: int


def normal_answer(text: str) -> str:
    """An answer in normal form.

    >>> normal_answer("The  man, at 7:30 p.m.")
    'man at 730 pm'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(predicted: str, answers: Sequence[str]) -> float:
    """1 if the prediction is one of the answers in normal form, else 0.

    Args:
      predicted: "" for "no answer".
      answers: the right ones; none where there is no answer.
    """
    return float(normal_answer(predicted) in _normal(answers))


def token_f1(predicted: str, answers: Sequence[str]) -> float:
    """The F1 of words shared by the prediction and the answer that shares most; see `exact_match`.

    >>> token_f1("at half past seven", ["half past seven", "7:30"]).__round__(3)
    0.857
    """
    words = normal_answer(predicted).split()
    return max(_overlap(words, answer.split()) for answer in _normal(answers))


def answer_score(predicted: Sequence[str], answers: Sequence[Sequence[str]]) -> AnswerScore:
    """The mean scores.

    Args:
      predicted: one text a question, "" for "no answer".
      answers: the right ones of each question.

    Raises:
      ValueError: the numbers of questions differ.
    """
    pairs = list(zip(predicted, answers, strict=True))
    divisor = max(len(pairs), 1)
    return AnswerScore(
        sum(exact_match(said, right) for said, right in pairs) / divisor,
        sum(token_f1(said, right) for said, right in pairs) / divisor,
        len(pairs),
    )


def _normal(answers: Sequence[str]) -> list[str]:
    """The answers in normal form; those of which nothing is left are none, unless all are."""
    return [normal for answer in answers if (normal := normal_answer(answer))] or [""]


def _overlap(predicted: list[str], right: list[str]) -> float:
    if not predicted or not right:
        return float(predicted == right)
    shared = (collections.Counter(predicted) & collections.Counter(right)).total()
    return 2 * shared / (len(predicted) + len(right))
