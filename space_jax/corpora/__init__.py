"""Corpora: their raw files -> `Dialogue` records. Nothing outside this package knows a source's format."""

from space_jax.corpora.registry import CORPORA, Corpus, corpus
from space_jax.corpora.splits import SPLITS

__all__ = ["CORPORA", "SPLITS", "Corpus", "corpus"]
