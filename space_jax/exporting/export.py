"""Exports a run: writes the files, holds them against the run, and only then puts them where they were wanted."""

import dataclasses
import os
from pathlib import Path

import numpy as np

from space_jax.convert.weights_folder import new_folder
from space_jax.errors import UserError
from space_jax.exporting.card import write_card
from space_jax.exporting.exportable import CLASSIFIER, ENCODER, VECTORS, Exportable, read_exportable
from space_jax.exporting.folder import ENCODER_FOLDER, SETTINGS, write_model
from space_jax.exporting.onnx_form import FOLDER, write_int8, write_onnx
from space_jax.exporting.parity import Difference, Parity
from space_jax.exporting.text_layout import MEAN
from space_jax.exporting.theirs import Onnx, Transformers, require
from space_jax.exporting.utterances import Sample, sample
from space_jax.remote import as_path
from space_jax.terminal.progress import telling

FORMATS = ("huggingface", "onnx")
UTTERANCES = 200  # that an export is checked with


@dataclasses.dataclass(frozen=True)
class Exported:
    """What an export wrote, and how near it is to the run.

    Attributes:
      kind: "encoder", "classifier" or "tagger".
      step: of the checkpoint.
      differences: from the run.
      source: of the utterances that were compared.
      remarks: what the files do not have of the run, and what eight bits cost, a sentence each.
    """

    kind: str
    step: int
    differences: tuple[Difference, ...]
    source: str
    remarks: tuple[str, ...]


def export(
    workdir: str | os.PathLike[str],
    out: str | os.PathLike[str],
    step: str = "best",
    vector: str = "",
    format: str = "huggingface",
    int8: bool = False,
    check: str | os.PathLike[str] | None = None,
    utterances: int = UTTERANCES,
    licence: str = "",
) -> Exported:
    """Writes a run as a folder that `transformers` and `sentence-transformers` load by themselves.

    Args:
      workdir: of a pre-training run, or of a fine-tuning run for intents or slots; of others with `vector`.
      out: the folder to make.
      step: "best", "latest" or a number.
      vector: "summary", "mean" or "sentence": only the encoder, with this vector; the run's own vector and head if "".
      format: "huggingface", or "onnx" for the same with `onnx/model.onnx` in it.
      int8: with ONNX, also a model with weights of eight bits.
      check: utterances to check with, CSV, TSV, JSONL or lines of text; those of the run's validation data if None.
      utterances: how many of them at most.
      licence: of the weights, for the card.

    Returns:
      How far it is from the run.

    Raises:
      UserError: no such run, one without a step, or one that other tools have no place for; a library that is missing;
        numbers that differ by more than 1e-4. Nothing is written then.
    """
    for given, known in ((format, FORMATS), *([(vector, VECTORS)] if vector else [])):
        if given not in known:
            raise UserError(f"export: {given!r} is not one of {', '.join(known)}")
    if int8 and format != "onnx":
        raise UserError("export: int8 is of ONNX; give --format onnx as well")
    if utterances < 1:
        raise UserError(f"export: {utterances} utterances are none to check with")
    for library in ("torch", "transformers", "sentence_transformers"):
        require(library, "export")
    folder = as_path(workdir)
    with new_folder(Path(out)) as filling:
        model = read_exportable(folder, step, vector)
        tried = sample(model, None if check is None else Path(check), utterances)
        write_model(filling, model)
        parity = Parity(model, tried.texts)
        with telling("texts") as told:
            theirs = parity.check_folder(filling, told)
        added = _write_onnx(filling, model, theirs, parity, tried, int8) if format == "onnx" else []
        parity.require(f"--out {out}")
        write_card(filling, model, folder, licence, parity.differences, [*_files(model), *added])
    return Exported(model.kind, model.step, tuple(parity.differences), tried.source, (*model.omitted, *added))


def _files(model: Exportable) -> list[str]:
    inner = model.kind == CLASSIFIER and model.layout.vector == MEAN
    return [
        f"`{SETTINGS}`: thresholds and limits, which the files of other tools have no place for",
        *([f"`{ENCODER_FOLDER}/`: the encoder alone"] if inner else []),
    ]


def _write_onnx(
    folder: Path, model: Exportable, loaded: Transformers, parity: Parity, tried: Sample, int8: bool
) -> list[str]:
    """Writes and checks `onnx/`; returns what there is to say of it."""
    path = write_onnx(folder, loaded, "last_hidden_state" if model.kind == ENCODER else "logits")
    whole = parity.check_outputs(Onnx(path, loaded), "onnxruntime")
    remarks = [f"`{FOLDER}/{path.name}`: the same for onnxruntime, any batch and length"]
    if int8:
        small = write_int8(path)
        rounded = parity.check_outputs(Onnx(small, loaded), "onnxruntime int8", rounded=True)
        size = round(small.stat().st_size / path.stat().st_size, 2)
        cost = _cost(model, whole, rounded, tried)
        remarks.append(f"`{FOLDER}/{small.name}`: {size} of its size, with weights of eight bits; {cost}")
    return remarks


def _cost(model: Exportable, whole: np.ndarray, rounded: np.ndarray, tried: Sample) -> str:
    """What eight bits cost, on the utterances of the check."""
    if model.kind == ENCODER:
        cosine = float((whole * rounded).sum(axis=1).min())
        return f"the cosine with the vector of the whole model is {cosine:.4f} or more"
    same = float((whole.argmax(axis=1) == rounded.argmax(axis=1)).mean())
    said = f"{same:.1%} of the labels are the same"
    known = [(index, label) for index, label in enumerate(tried.labels) if label in model.labels]
    if model.kind != CLASSIFIER or not known:
        return said
    rows, truth = [index for index, _ in known], [model.labels.index(str(label)) for _, label in known]
    right = [float((scores[rows].argmax(axis=1) == truth).mean()) for scores in (whole, rounded)]
    return f"{said}, accuracy {right[1]:.1%} where the whole model has {right[0]:.1%} ({len(rows)} utterances)"
