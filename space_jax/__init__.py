"""SPACE-1, SPACE-2 and SPACE-3: semi-supervised pre-training for task-oriented dialogue, in JAX and Flax."""

__version__ = "0.1.0"
