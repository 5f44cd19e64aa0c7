"""Dialogues and labelled sentences of one's own, in the formats that others write -> `Dialogue` records.

  source        the files of a source, and the format that they have
  tables        CSV and TSV; `columns` says which column is what
  transcripts   lines that begin with who speaks
  rasa          Rasa's NLU data (`rasa_examples`) and stories (`rasa_stories`)
  convlab       ConvLab-3's unified format
  chat          chat JSONL, `messages` with roles
  speakers      who is the user, who the system
  imported      what an import gives, guesses and leaves out
  sentences     labelled sentences as files for fine-tuning

What cannot be used is counted and named with its file and line, never silently dropped.
"""

from space_jax.corpora.importing.imported import Imported, LeftOut, Options
from space_jax.corpora.importing.source import FORMATS, read_source

__all__ = ["FORMATS", "Imported", "LeftOut", "Options", "read_source"]
