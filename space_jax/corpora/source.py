"""One corpus with its files and options: its splits, and a report of the records that were skipped."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from space_jax.corpora.registry import corpus
from space_jax.corpora.stream import UNIFIED, Stream, state_of, stream
from space_jax.dialogue.jsonl import ReadReport
from space_jax.terminal import say


class Source:
    """The dialogues of a corpus; counts and lists skipped records.

    Attributes:
      corpus: its description.
      path: the folder or file that holds it; None for a corpus without files.
      options: of the corpus, with the report of skipped records where it can be given one.
      names: see `stream.NAMES`.
    """

    def __init__(
        self, name: str, path: Path | None = None, options: Mapping[str, Any] | None = None, names: str = UNIFIED
    ) -> None:
        """Reads nothing yet.

        Raises:
          UserError: there is no such corpus.
        """
        self.corpus, self.path, self.names = corpus(name), path, names
        self._report = ReadReport()
        self.options = dict(options or {})
        if "report" in self.corpus.options:
            self.options["report"] = self._report

    def splits(self) -> tuple[str, ...]:
        """The splits that are there."""
        return self.corpus.available_splits(self.path)

    def load(self, split: str) -> Stream:
        """The dialogues of a split, as a stream."""
        return stream(self.corpus.name, self.path, split, self.options, self.names)

    def state(self) -> str:
        """What the dialogues depend on: equal for as long as the files and options are."""
        options = {name: str(value) for name, value in self.options.items() if name != "report"}
        return json.dumps([self.corpus.name, self.names, options, state_of(self.path)], sort_keys=True)

    def say_what_was_skipped(self) -> None:
        """Lists skipped records on standard error."""
        if not self._report.skipped_count:
            return
        for message in self._report.skipped:
            say(f"skipped: {message}", sys.stderr)
        listed = len(self._report.skipped)
        more = f" (the first {listed} are listed)" if self._report.skipped_count > listed else ""
        print(f"{self._report.skipped_count} records were skipped{more}", file=sys.stderr)
