"""Perplexity of the response."""

import math


def perplexity(total: float, weight: float) -> float:
    """The exponential of the mean cross-entropy of a token.

    perplexity = exp(total / weight)

    Args:
      total: cross-entropy summed over tokens, in nats.
      weight: number of tokens; both as `losses.Sum` holds them, added over all batches before the division.

    Returns:
      At least 1; infinite where it is too large for a float, and NaN for no token, of which nothing is known.
    """
    if weight == 0:
        return math.nan
    try:
        return math.exp(float(total) / float(weight))
    except OverflowError:
        return math.inf
