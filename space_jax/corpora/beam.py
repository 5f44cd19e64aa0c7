"""Builds under Apache Beam, the optional extra `beam`: for corpora that are too large for one machine.

The elements of the pipeline are lanes (`features.runners`): each reads every (corpus, split) with the same loaders, as
a separate stream, and does every n-th unit of it; a corpus that finds a dialogue by its number (`corpora.stream`) is
read there alone. Units are written to the building folder, which all workers must see; the result is the same to the
bit as with any other runner. Decisions over all dialogues, such as the duplicates of a mixture, are made from hashes in
the process that started the pipeline.
"""

import dataclasses
from collections.abc import Callable

from space_jax.errors import UserError
from space_jax.features.runners import Work

try:
    import apache_beam
    from apache_beam.options.pipeline_options import PipelineOptions
except ImportError as error:
    raise UserError(f"Apache Beam is not installed ({error}); pip install 'space-jax[beam]' installs it") from None


@dataclasses.dataclass(frozen=True)
class BeamRunner:
    """Does the lanes of a work as elements of a Beam pipeline.

    Attributes:
      lanes: their number; a runner does as many at a time as it has workers.
      options: of the pipeline, such as `("--runner=FlinkRunner", "--parallelism=16")`; by default the DirectRunner.

    Raises:
      UserError: fewer than one lane.
    """

    lanes: int
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.lanes < 1:
            raise UserError(f"workers: {self.lanes} is not at least 1")

    def __call__(
        self, work: Work, tick: Callable[..., None] | None = None, look: Callable[[], None] | None = None
    ) -> None:
        """See `Runner`; progress is what the Beam runner itself shows."""
        try:
            pipeline = apache_beam.Pipeline(options=PipelineOptions(list(self.options)))
        except ValueError as error:
            given = " ".join(option.removeprefix("--") for option in self.options)
            raise UserError(f"--beam-option {given}: Apache Beam refuses it ({error})") from error
        numbers = pipeline | apache_beam.Create(range(self.lanes), reshuffle=True)
        _ = numbers | "Lane" >> apache_beam.Map(_do, work=work, lanes=self.lanes)
        pipeline.run().wait_until_finish()


def _do(lane: int, work: Work, lanes: int) -> None:
    work(lane, lanes)
