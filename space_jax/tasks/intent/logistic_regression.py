"""A linear head fitted to vectors that stay as they are: multinomial logistic regression, without a training loop."""

import numpy as np
import scipy.optimize
import scipy.special

from space_jax.tasks.intent.prototypes import SHORTEST, mean_length
from space_jax.tasks.task import Arrays

_ITERATIONS = 300


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """The targets of labels `[N]` int, `[N, C]` float32; zeros for one outside 0 .. C-1."""
    return (labels[:, None] == np.arange(classes)).astype(np.float32)


def logistic_regression(vectors: np.ndarray, targets: np.ndarray, weights: np.ndarray, strength: float) -> Arrays:
    """Kernel and bias of the head that minimises

        sum_n -w_n t_n . log softmax(W x_n + b) + ||W||^2 / (2 s),   x = (v - m) / mean ||v - m||

    with m the mean of all vectors, so that the strength s means the same whatever model the vectors are of. The
    objective is convex; the head does not depend on a seed.

    Args:
      vectors: `[N, H]` of the training utterances.
      targets: `[N, C]`, t, the shares of the classes; an utterance whose targets are all 0 is left out.
      weights: `[N]`, w.
      strength: s; a larger one fits the training utterances more closely.

    Returns:
      `kernel` `[H, C]` and `bias` `[C]`, float32, for the vectors as they are.
    """
    known, classes = targets.sum(axis=1) > 0, targets.shape[1]
    vectors, targets, weights = (array[known].astype(np.float32) for array in (vectors, targets, weights))
    middle = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1], np.float32)
    centred = vectors - middle
    length = max(mean_length(centred), SHORTEST)
    x = centred / length

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        kernel, bias = flat[:-classes].reshape(-1, classes), flat[-classes:]
        logs = scipy.special.log_softmax(x @ kernel.astype(np.float32) + bias.astype(np.float32), axis=1)
        error = (np.exp(logs) - targets) * weights[:, None]
        gradient = np.concatenate([(x.T @ error + kernel / strength).ravel(), error.sum(axis=0)])
        loss = -(weights * (targets * logs).sum(axis=1)).sum() + (kernel**2).sum() / (2 * strength)
        return float(loss), gradient.astype(np.float64)

    start = np.zeros(vectors.shape[1] * classes + classes)
    found = scipy.optimize.minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
    kernel, bias = found.x[:-classes].reshape(-1, classes) / length, found.x[-classes:]
    return {"kernel": kernel.astype(np.float32), "bias": (bias - middle @ kernel).astype(np.float32)}
