"""Inform, Success, BLEU and richness of responses on MultiWOZ, for anyone's predictions.

The standardised evaluation of Nekvinda and Dušek, "Shades of BLEU, Flavours of Success: The Case of MultiWOZ" (GEM
2021), with goals, references and annotated states rebuilt from the MultiWOZ 2.1 test file.
"""

from space_jax.evaluation.multiwoz.benchmark_file import read_benchmark, write_prepared
from space_jax.evaluation.multiwoz.predictions import Predictions, Turn, parse_predictions, read_predictions
from space_jax.evaluation.multiwoz.report import VERSION, Report, evaluate
from space_jax.evaluation.multiwoz.source import Benchmark

__all__ = [
    "VERSION",
    "Benchmark",
    "Predictions",
    "Report",
    "Turn",
    "evaluate",
    "parse_predictions",
    "read_benchmark",
    "read_predictions",
    "write_prepared",
]
