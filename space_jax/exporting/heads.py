"""Our heads where a BERT has its own: on its first token through a pooler, or on every token.

`BertForSequenceClassification` computes W tanh(P x + p) + w of its first token's output x; ours is a linear layer on
x, or on the mean of all outputs. Both can be written in its parameters:

- Of the first token. tanh is the identity near 0, so P is a small multiple of the identity and W the head divided by
  it.
- Of the mean. One more layer, whose queries are zero, attends to all tokens alike, so it has the mean of its values,
  which are made the logits. What is in the way is made harmless by sizes, which floating point has to spare: the first
  token's own output, which the layer adds, is small beside logits in units of 2^24; the LayerNorms divide by a standard
  deviation that two constant units determine, far larger than all others and of opposite sign, so that it is known
  beforehand and undone by their scales. One more unit, a logit that is always 0, takes along what is added to all
  logits alike and is subtracted at the end.

The error of the first is x^3 2^-28 / 3 of an output x, that of the second about 2^-23 of a logit, the precision of
float32; float16 has no numbers of these sizes.
"""

import dataclasses
from typing import Any

import numpy as np

from space_jax.errors import UserError
from space_jax.exporting.folding import Bert, State

_LINEAR_TANH = 2.0**-14  # of an output of the first token
_LINEAR_LOGITS = 2.0**-20  # of a logit
_UNIT = 2.0**24  # the first token's output is added to logits in this unit
_ABOVE = 2.0**11  # how far the constant units are above the largest possible vector of logits
SPARE = 3  # units that the layer needs beside the logits: two constants and a zero


@dataclasses.dataclass(frozen=True)
class LinearHead:
    """A linear layer: `kernel` `[H, C]` and `bias` `[C]`, float32."""

    kernel: np.ndarray
    bias: np.ndarray


def encoder_state(bert: Bert) -> tuple[State, dict[str, Any]]:
    """State and fields of a `BertModel`; its pooler, which nothing of ours uses, is the identity under its tanh."""
    return {**bert.state, **_pooler("", _identity(bert, 1.0))}, bert.fields | {"architectures": ["BertModel"]}


def tagger_state(bert: Bert, head: LinearHead) -> tuple[State, dict[str, Any]]:
    """State and fields of a `BertForTokenClassification` with a head on every token."""
    fields = bert.fields | {"architectures": ["BertForTokenClassification"]}
    return _prefixed(bert.state) | _classifier(head.kernel, head.bias), fields


def classifier_of_first(bert: Bert, head: LinearHead) -> tuple[State, dict[str, Any]]:
    """State and fields of a `BertForSequenceClassification` with a head on the first token."""
    state = _prefixed(bert.state) | _pooler("bert.", _identity(bert, _LINEAR_TANH))
    fields = bert.fields | {"architectures": ["BertForSequenceClassification"]}
    return state | _classifier(head.kernel / _LINEAR_TANH, head.bias), fields


def classifier_of_mean(bert: Bert, head: LinearHead) -> tuple[State, dict[str, Any]]:
    """State and fields of a `BertForSequenceClassification` with a head on the mean of all tokens, in one more layer.

    Raises:
      UserError: too many classes for the layer.
    """
    hidden, classes = head.kernel.shape
    if classes + SPARE > hidden:
        raise UserError(
            f"{classes} labels on the mean of the tokens: a BERT of {hidden} units has room for {hidden - SPARE}; "
            "`--vector` exports the vectors without the labels"
        )
    model = dataclasses.replace(bert.model, layers=bert.model.layers + 1)
    added = _mean_layer(bert, head, f"encoder.layer.{bert.model.layers}.")
    state = _prefixed(bert.state | added) | _pooler("bert.", _identity(bert, 1.0))
    kernel = np.zeros((hidden, classes), np.float32)
    kernel[np.arange(classes), np.arange(classes)] = 1 / _LINEAR_LOGITS
    kernel[classes] = -1 / _LINEAR_LOGITS
    fields = dataclasses.replace(bert, model=model).fields | {"architectures": ["BertForSequenceClassification"]}
    return state | _classifier(kernel, np.zeros(classes, np.float32)), fields


def _mean_layer(bert: Bert, head: LinearHead, key: str) -> State:
    hidden, classes = head.kernel.shape
    largest = _power_of_two(_largest_logits(bert, head))
    # The constants of the first LayerNorm and of the second, and the standard deviations that they give.
    first, second = _UNIT * largest * _ABOVE, largest * _ABOVE
    per_constant = (2 / hidden) ** 0.5
    vectors = {name: np.zeros(hidden, np.float32) for name in ("constants", "scale_1", "scale_2")}
    vectors["constants"][:classes] = _UNIT * head.bias
    vectors["constants"][-2:] = first, -first
    vectors["scale_1"][: classes + 1] = first * per_constant / _UNIT
    vectors["scale_1"][-2:] = second * per_constant
    vectors["scale_2"][: classes + 1] = second * per_constant * _LINEAR_LOGITS
    values, out = (np.zeros((hidden, hidden), np.float32) for _ in range(2))
    values[:classes] = head.kernel.T
    out[np.arange(classes), np.arange(classes)] = _UNIT
    mlp, none = bert.model.mlp, np.zeros(hidden, np.float32)
    square = np.zeros((hidden, hidden), np.float32)
    attention = f"{key}attention."
    return {
        **_affine(f"{attention}self.query.", square, none),
        **_affine(f"{attention}self.key.", square, none),
        **_affine(f"{attention}self.value.", values, none),
        **_affine(f"{attention}output.dense.", out, vectors["constants"]),
        **_affine(f"{attention}output.LayerNorm.", vectors["scale_1"], none),
        **_affine(f"{key}intermediate.dense.", np.zeros((mlp, hidden), np.float32), np.zeros(mlp, np.float32)),
        **_affine(f"{key}output.dense.", np.zeros((hidden, mlp), np.float32), none),
        **_affine(f"{key}output.LayerNorm.", vectors["scale_2"], none),
    }


def _largest_logits(bert: Bert, head: LinearHead) -> float:
    """A bound on the length of a vector of logits: a LayerNorm's output is no longer than its parameters allow."""
    norm = f"encoder.layer.{bert.model.layers - 1}.output.LayerNorm."
    scale, shift = bert.state[f"{norm}weight"], bert.state[f"{norm}bias"]
    output = float(np.abs(scale).max()) * bert.model.hidden**0.5 + float(np.linalg.norm(shift))
    return float(np.linalg.norm(head.kernel)) * output + float(np.linalg.norm(head.bias)) + 1.0


def _power_of_two(value: float) -> float:
    return float(2.0 ** np.ceil(np.log2(value)))


def _identity(bert: Bert, factor: float) -> np.ndarray:
    return np.eye(bert.model.hidden, dtype=np.float32) * np.float32(factor)


def _pooler(prefix: str, matrix: np.ndarray) -> State:
    return _affine(f"{prefix}pooler.dense.", matrix, np.zeros(len(matrix), np.float32))


def _classifier(kernel: np.ndarray, bias: np.ndarray) -> State:
    return _affine("classifier.", np.ascontiguousarray(kernel.T, np.float32), np.asarray(bias, np.float32))


def _affine(key: str, weight: np.ndarray, bias: np.ndarray) -> State:
    return {f"{key}weight": weight, f"{key}bias": bias.copy()}


def _prefixed(state: State) -> State:
    return {f"bert.{key}": array for key, array in state.items()}
