"""An exported folder as others use it: `transformers`, `sentence-transformers`, onnxruntime."""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import scipy.special

from space_jax.errors import UserError
from space_jax.exporting.exportable import CLASSIFIER, ENCODER, TAGGER
from space_jax.exporting.text_layout import FIRST
from space_jax.terminal.progress import Told, untold

_BATCH = 32
_AUTO = {
    ENCODER: "AutoModel",
    CLASSIFIER: "AutoModelForSequenceClassification",
    TAGGER: "AutoModelForTokenClassification",
}


def require(name: str, extra: str) -> ModuleType:
    """Imports a library that an extra brings.

    Raises:
      UserError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UserError(f"export: needs {name}; pip install 'space-jax[{extra}]'") from None


class Transformers:
    """The tokenizer and the model of a folder, by `transformers`."""

    def __init__(self, folder: Path, kind: str) -> None:
        """Loads them.

        Raises:
          UserError: `transformers` or PyTorch is not installed; a parameter that the folder lacks or has too many.
        """
        transformers, self._torch = require("transformers", "export"), require("torch", "export")
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        load = getattr(transformers, _AUTO[kind]).from_pretrained
        model, said = load(str(folder), local_files_only=True, output_loading_info=True, attn_implementation="eager")
        wrong = sorted(
            {str(name) for key in ("missing_keys", "unexpected_keys", "mismatched_keys") for name in said[key]}
        )
        if wrong:
            raise UserError(f"{folder}: transformers does not find its parameters: {', '.join(wrong)}")
        self.model, self.kind = model.eval(), kind

    def encode(self, texts: Sequence[str]) -> dict[str, Any]:
        """The inputs of the model for texts, padded to the longest."""
        return dict(self.tokenizer(list(texts), truncation=True, padding=True, return_tensors="pt"))

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""
        return self.tokenizer(list(texts), truncation=True)["input_ids"]

    def __call__(self, inputs: dict[str, Any]) -> np.ndarray:
        """The first output of the model."""
        with self._torch.no_grad():
            return self.model(**inputs)[0].numpy()


class Onnx:
    """A model of a folder by onnxruntime, with the tokenizer of `transformers`."""

    def __init__(self, path: Path, tokens: Transformers) -> None:
        """Loads it.

        Raises:
          UserError: onnxruntime is not installed.
        """
        runtime = require("onnxruntime", "onnx")
        self._session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self._names = [one.name for one in self._session.get_inputs()]
        self.encode = tokens.encode

    def __call__(self, inputs: dict[str, Any]) -> np.ndarray:
        """The first output of the model."""
        return self._session.run(None, {name: inputs[name].numpy() for name in self._names})[0]


def scores(model: Transformers | Onnx, texts: Sequence[str], told: Told = untold) -> np.ndarray:
    """The probabilities of the labels of each text, `[N, C]`."""
    parts = [scipy.special.softmax(outputs, axis=-1) for outputs, _ in _batches(model, texts, told)]
    return np.concatenate(parts)


def token_scores(
    model: Transformers | Onnx, texts: Sequence[str], around: tuple[int, int], told: Told = untold
) -> np.ndarray:
    """The probabilities of the labels of each token, one text after another, `[T, C]`.

    Args:
      model: a tagger.
      texts: what to tag.
      around: how many tokens before and after a text are left out.
      told: hears how many texts are done.
    """
    before, after = around
    rows = []
    for outputs, mask in _batches(model, texts, told):
        for one, present in zip(scipy.special.softmax(outputs, axis=-1), mask, strict=True):
            rows.append(one[before : int(present.sum()) - after])
    return np.concatenate(rows)


def pooled(model: Transformers | Onnx, texts: Sequence[str], vector: str, told: Told = untold) -> np.ndarray:
    """The vector of each text from the outputs of an encoder's tokens, `[N, H]`.

    Args:
      model: an encoder.
      texts: of which to have vectors.
      vector: as `text_layout.TextLayout.vector`.
      told: hears how many texts are done.
    """
    parts = []
    for outputs, mask in _batches(model, texts, told):
        present = mask[:, :, None].astype(np.float32)
        mean = (outputs * present).sum(axis=1) / present.sum(axis=1)
        parts.append(outputs[:, 0] if vector == FIRST else mean)
    return np.concatenate(parts)


def sentence_vectors(folder: Path, texts: Sequence[str]) -> np.ndarray:
    """The vector of each text by `sentence-transformers`, `[N, H]` of length 1.

    Raises:
      UserError: it is not installed.
    """
    library = require("sentence_transformers", "export")
    model = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return np.asarray(model.encode(list(texts), batch_size=_BATCH, show_progress_bar=False))


def _batches(model: Transformers | Onnx, texts: Sequence[str], told: Told) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The outputs and the attention mask of each batch."""
    for start in range(0, len(texts), _BATCH):
        inputs = model.encode(texts[start : start + _BATCH])
        yield model(inputs), inputs["attention_mask"].numpy()
        told(min(start + _BATCH, len(texts)), len(texts))
