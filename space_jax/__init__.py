"""SPACE-1, SPACE-2 and SPACE-3: semi-supervised pre-training for task-oriented dialogue, in JAX and Flax."""

__version__ = "0.1.0"


def load(workdir, step="best", batch_size=None):
    """A fine-tuned model; see `space_jax.api.load`, which is imported when it is called, because JAX takes seconds."""
    from space_jax.api import load as read

    return read(workdir, step, batch_size)
