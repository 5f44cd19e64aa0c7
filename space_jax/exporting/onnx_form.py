"""An exported folder as ONNX, by PyTorch's exporter: any batch, any length; and with weights of eight bits.

The files have the names that transformers.js and others look for: `onnx/model.onnx`, `onnx/model_int8.onnx`.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

from space_jax.exporting.theirs import Transformers, require

FOLDER, MODEL, INT8 = "onnx", "model.onnx", "model_int8.onnx"
_OPSET = 18
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_EXAMPLES = ("two texts", "of unlike length, so that one of them is padded")


def write_onnx(folder: Path, model: Transformers, output: str) -> Path:
    """Writes a model as ONNX.

    Args:
      folder: of the export.
      model: as loaded from it.
      output: the name of the first output.

    Returns:
      The file.

    Raises:
      UserError: a library of the extra `onnx` is not installed.
    """
    torch = require("torch", "onnx")
    for name in ("onnx", "onnxscript"):  # the exporter would ask for them in its own words
        require(name, "onnx")
    path = folder / FOLDER / MODEL
    path.parent.mkdir(exist_ok=True)
    inputs = model.encode(_EXAMPLES)
    free = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=model.model.config.max_position_embeddings)}
    with _quiet():
        program = torch.onnx.export(
            model.model,
            kwargs={name: inputs[name] for name in _INPUTS},
            input_names=list(_INPUTS),
            output_names=[output],
            dynamic_shapes=dict.fromkeys(_INPUTS, free),
            opset_version=_OPSET,
            dynamo=True,
            verbose=False,
        )
        program.save(str(path))
    return path


def write_int8(path: Path) -> Path:
    """Writes a model with its matrices rounded to eight bits, beside it; returns the file.

    Raises:
      UserError: onnxruntime is not installed.
    """
    quantization = require("onnxruntime.quantization", "onnx")
    small = path.with_name(INT8)
    with _quiet():
        quantization.quantize_dynamic(str(path), str(small), weight_type=quantization.QuantType.QInt8)
    return small


@contextlib.contextmanager
def _quiet(names: Sequence[str] = ("torch.onnx", "onnxscript", "onnx_ir", "root")):
    """Keeps what the exporter tells its developers off the terminal; its errors are exceptions."""
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
