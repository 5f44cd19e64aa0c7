"""The configuration of the adversarial term, the same for every task that classifies."""

import dataclasses

from space_jax.config import require
from space_jax.config_types import Checked


@dataclasses.dataclass(frozen=True)
class AdversarialConfig(Checked, section="task.adversarial"):
    """Predictions should not change when word embeddings move uphill a little (`tasks.adversarial.term`).

    The sizes are those of the release. They suit embeddings with entries of about 0.05; in bfloat16 they are lost.
    """

    weight: float = 0.0  # of the term in the loss; 0: no such term. The release has 1. It takes two further passes
    sigma: float = 5e-6  # standard deviation of the noise that the step starts from
    step: float = 5e-5  # size of the step, of its largest entry before it is bounded
    bound: float = 1e-5  # of each entry of the step

    def _check_values(self) -> None:
        for name in ("weight", "sigma", "step", "bound"):
            require(getattr(self, name) >= 0, f"task.adversarial.{name}", f"{getattr(self, name)} is negative")
