"""An exported folder against the run that it is of: the same tokens, the same numbers, the same labels."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from space_jax.errors import UserError
from space_jax.exporting.exportable import CLASSIFIER, ENCODER, Exportable
from space_jax.exporting.reference import unit
from space_jax.exporting.theirs import Onnx, Transformers, pooled, scores, sentence_vectors, token_scores
from space_jax.terminal import Console
from space_jax.terminal.progress import Told, untold

TOLERANCE = 1e-4


@dataclasses.dataclass(frozen=True)
class Difference:
    """How far an exported model is from ours.

    Attributes:
      what: was compared, and by which library.
      compared: how many texts or tokens.
      largest: the largest difference of two numbers, or how many are not the same.
      limit: for `largest`; above it the export is refused. None for what is only measured.
    """

    what: str
    compared: int
    largest: float
    limit: float | None

    @property
    def within(self) -> bool:
        """Whether it is within its limit; a number that is none is not."""
        return self.limit is None or bool(self.largest <= self.limit)


class Parity:
    """Compares, text by text, what ours computed once with what others compute.

    Attributes:
      differences: what has been found.
    """

    def __init__(self, model: Exportable, texts: Sequence[str]) -> None:
        """Computes ours.

        Args:
          model: that was exported.
          texts: to compare with.
        """
        self.differences: list[Difference] = []
        self._model, self._texts = model, list(texts)
        self._vectors = None if model.vectors is None else unit(model.vectors(self._texts), "our own vectors")
        self.scores = None if model.scores is None else model.scores(self._texts)

    def check_folder(self, folder: Path, told: Told = untold) -> Transformers:
        """Compares a folder as `transformers` and `sentence-transformers` load it."""
        theirs = Transformers(folder, self._model.kind)
        wrong = sum(
            self._model.layout.around(self._model.tokenizer.encode(text)) != ids
            for text, ids in zip(self._texts, theirs.tokens(self._texts), strict=True)
        )
        self._add("texts with other tokens, transformers", len(self._texts), wrong, 0)
        self.check_outputs(theirs, "transformers", told)
        if self._vectors is not None:
            self._compare("vectors of length 1, sentence-transformers", sentence_vectors(folder, self._texts))
        return theirs

    def check_outputs(
        self, theirs: Transformers | Onnx, library: str, told: Told = untold, rounded: bool = False
    ) -> np.ndarray:
        """Compares the outputs of a model.

        Args:
          theirs: the model.
          library: that runs it, for the table.
          told: hears how many texts are done.
          rounded: whether it is known to differ, so that it is only measured.

        Returns:
          Its outputs as probabilities or vectors.
        """
        limit = None if rounded else TOLERANCE
        layout = self._model.layout
        if self._model.kind == ENCODER:
            vectors = unit(pooled(theirs, self._texts, layout.vector, told), library)
            self._compare(f"vectors of length 1, {library}", vectors, limit)
            return vectors
        assert self.scores is not None
        if self._model.kind == CLASSIFIER:
            found = scores(theirs, self._texts, told)
        else:
            found = token_scores(theirs, self._texts, (len(layout.opening), len(layout.closing)), told)
        ours, rows = self.scores, "texts" if self._model.kind == CLASSIFIER else "tokens"
        self._add(f"probabilities, {library}", len(ours), _largest(ours, found), limit)
        self._add(
            f"{rows} with another label, {library}", len(ours), _other_labels(ours, found), None if rounded else 0
        )
        return found

    def _compare(self, what: str, theirs: np.ndarray, limit: float | None = TOLERANCE) -> None:
        assert self._vectors is not None
        self._add(what, len(self._texts), _largest(self._vectors, theirs), limit)

    def _add(self, what: str, compared: int, largest: float, limit: float | None) -> None:
        self.differences.append(Difference(what, compared, float(largest), limit))

    def require(self, where: str) -> None:
        """Refuses what differs.

        Raises:
          UserError: a difference above its limit; the message names the largest.
        """
        wrong = [one for one in self.differences if not one.within]
        if wrong:
            said = "; ".join(f"{one.what}: {one.largest:.2g}, at most {one.limit:g}" for one in wrong)
            raise UserError(f"{where}: differs from the run ({said}); nothing was written")


def _largest(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float("nan") if ours.shape != theirs.shape else float(np.abs(ours - theirs).max())


def _other_labels(ours: np.ndarray, theirs: np.ndarray) -> int:
    """How many rows have another best label, but for those whose two best are as near as the numbers may differ."""
    if ours.shape != theirs.shape:
        return len(ours)
    rows, best = np.arange(len(ours)), theirs.argmax(axis=1)
    return int(np.count_nonzero(ours.max(axis=1) - ours[rows, best] > 2 * TOLERANCE))


def print_differences(differences: Sequence[Difference], source: str) -> None:
    """Prints the table."""
    table = Table("compared", "how many", "largest difference", "at most", title=f"against the run, on {source}")
    for one in differences:
        limit = "measured only" if one.limit is None else f"{one.limit:g}"
        table.add_row(one.what, str(one.compared), f"{one.largest:.3g}", limit)
    Console().print(table)
