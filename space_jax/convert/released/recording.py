"""A recorded batch of a released encoder-decoder, and our arrays for it under the names of the recording.

`..._weights.npz` holds the weights by the keys of the released files, `..._inputs.npz` the batch, and the JSON sizes,
special ids and epsilons. A name is computed as follows:

  <side>_embedding, <side>_hidden_<i>, <side>_output   `[B, S, H]`; what stands at padding means nothing
  *_logits                                             of masked words: the rows with a label, in their order
  loss_*                                               a mean, or a sum where the name says so
  grad:<key>                                           the gradient of `loss_total`, of `loss_copy` with copying
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.convert.released.files import Facts, from_released_state
from space_jax.corpora.reading import field
from space_jax.errors import UserError
from space_jax.losses.copy_mixture import mixture_of_targets
from space_jax.models.released.stack import Layers
from space_jax.models.weights import by_path
from space_jax.reading.arrays import read_arrays
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import read_bytes

Arrays = dict[str, Any]
_IGNORED = -100
_NEEDED = {
    "palm": ("input_ids", "attention_mask", "token_type_ids", "masked_labels", "target_ids", "target_labels"),
    "palm_copy": ("source_ids", "source_mask", "target_ids", "target_labels"),
    "veco": ("x_ids", "x_masked_ids", "x_labels", "y_ids", "y_masked_ids", "y_labels"),
}


class ReleasedRecording:
    """One recorded model with its batch.

    Attributes:
      released: the model.
      inputs: the arrays of the batch.
      spec: the JSON.
    """

    def __init__(self, state: dict[str, np.ndarray], weights: Path, inputs: Path, spec: Path):
        """Takes weights that have been read and reads the other files.

        Raises:
          UserError: a file that cannot be read, or files that do not fit together.
        """
        self.spec = _read_spec(spec)
        self.released = from_released_state(state, weights, _facts(self.spec))
        self.inputs = read_arrays(inputs)
        self._require_fit(inputs)

    @property
    def form(self) -> str:
        """The key of `_NEEDED`."""
        return self.released.layout.name.removesuffix("_post")

    @property
    def ignored(self) -> int:
        """The label of a token that does not count."""
        return int(self.spec.get("ignored_label", _IGNORED))

    @property
    def smoothing(self) -> float:
        """Of the smoothed losses."""
        return float(self.spec.get("label_smoothing", 0.0))

    def _require_fit(self, path: Path) -> None:
        needed = (*_NEEDED[self.form], *(("target_loss_mask",) if self.form == "palm" else ()))
        missing = [name for name in needed if name not in self.inputs]
        if missing:
            raise UserError(f"--inputs {path}: lacks the arrays {', '.join(missing)}")
        size = self.released.module.encoder.model.vocabulary.size  # type: ignore[attr-defined]
        rows = len(self.inputs[needed[0]])
        for name in needed:
            array = self.inputs[name]
            if array.ndim != 2 or len(array) != rows:
                raise UserError(
                    f"--inputs {path}: {name} has shape {array.shape}, but must have 2 axes and {rows} rows"
                )
            if name.endswith("_ids") and array.size and not 0 <= array.min() <= array.max() < self._rows(name, size):
                raise UserError(
                    f"--inputs {path}: {name} must lie between 0 and {self._rows(name, size)} (not included)"
                )

    def _rows(self, name: str, size: int) -> int:
        return self.released.module.types if name == "token_type_ids" else size  # type: ignore[attr-defined]


def _read_spec(path: Path) -> dict[str, Any]:
    """The JSON, whose numbers are numbers."""
    where = f"--spec {path}"
    if not path.is_file():
        raise UserError(f"{where}: no such file")
    spec = parse_json(read_bytes(path), where)
    field(spec, "sizes", dict, where)
    for name in ("ids", "encoder", "decoder"):
        field({name: {}} | spec, name, dict, where)
    whole = {f"sizes.{name}": spec["sizes"].get(name, 1) for name in ("heads", "decoder_heads")}
    whole |= {"ids.pad": spec.get("ids", {}).get("pad", 1), "first_position": spec.get("first_position", 0)}
    for name, number in whole.items():
        if type(number) is not int or number < 0:
            raise UserError(f"{where}: field {name} is {number!r}, but must be a whole number")
    for side in (spec, spec.get("encoder", {}), spec.get("decoder", {})):
        epsilon = side.get("layer_norm_epsilon", 1e-12)
        if not isinstance(epsilon, float) or not 0 < epsilon < 1:
            raise UserError(f"{where}: field layer_norm_epsilon is {epsilon!r}, but must be a small positive number")
    return spec


def _facts(spec: dict[str, Any]) -> Facts:
    sizes, ids = spec["sizes"], spec.get("ids", {})
    encoder, decoder = spec.get("encoder", {}), spec.get("decoder", {})
    epsilon = spec.get("layer_norm_epsilon")
    return Facts(
        heads=sizes.get("heads"),
        decoder_heads=sizes.get("decoder_heads"),
        epsilon=encoder.get("layer_norm_epsilon", epsilon),
        decoder_epsilon=decoder.get("layer_norm_epsilon", epsilon),
        first=encoder.get("first_position", spec.get("first_position")),
        padding=ids.get("pad", Facts.padding),
        scaled=spec.get("embeddings_scaled", True),
    )


def compute_released(recording: ReleasedRecording, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All our arrays for the batch; at padding, where a recording means nothing, those of `given`."""
    of_form: dict[str, Callable[..., Arrays]] = {"palm": _palm, "palm_copy": _palm_copy, "veco": _veco}
    computed = of_form[recording.form]
    inputs = {name: jnp.asarray(array) for name, array in recording.inputs.items()}
    target = "loss_copy" if recording.form == "palm_copy" else "loss_total"

    def loss(params: Any) -> tuple[Any, Arrays]:
        arrays = computed(recording, params, inputs)
        return arrays.get(target, arrays.get("loss_plain", jnp.zeros(()))), arrays

    (_, arrays), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(recording.released.params)
    published = recording.released.published({path: np.asarray(leaf) for path, leaf in by_path(gradient).items()})
    arrays |= {f"grad:{key}": array for key, array in published.items()}
    return {name: _as_given(np.asarray(array), given.get(name), recording, name) for name, array in arrays.items()}


def _as_given(ours: np.ndarray, theirs: np.ndarray | None, recording: ReleasedRecording, name: str) -> np.ndarray:
    """Ours, with theirs at padding."""
    present = _present(recording, name)
    if present is None or theirs is None or theirs.shape != ours.shape:
        return ours
    return np.where(present[..., None], ours, theirs)


def _present(recording: ReleasedRecording, name: str) -> np.ndarray | None:
    """`[B, S]` bool for arrays over the tokens of a source, and of VECO's y; None for others."""
    inputs, side = recording.inputs, name.split("_", 1)[0]
    if not name.endswith(("_embedding", "_output")) and "_hidden_" not in name and name != "cross_attention":
        return None
    if side == "encoder":
        return inputs.get("source_mask", inputs.get("attention_mask", np.ones((1, 1)))).astype(bool)
    if recording.form == "veco":
        return inputs["x_ids" if side == "x" else "y_ids"] != recording.released.facts.padding
    return None


def _hidden(prefix: str, layers: Layers) -> Arrays:
    return {f"{prefix}_hidden_{i}": hidden for i, hidden in enumerate(layers.hidden)}


def _labelled(recording: ReleasedRecording, name: str) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """The places with a label, row by row, and the labels there."""
    labels = recording.inputs[name]
    places = np.nonzero(labels != recording.ignored)
    return places, labels[places]


def _nll(log_p: jax.Array, labels: Any) -> jax.Array:
    return -jnp.take_along_axis(log_p, jnp.asarray(labels)[..., None], axis=-1)[..., 0]


def _palm(recording: ReleasedRecording, params: Any, inputs: Arrays) -> Arrays:
    released, module = recording.released, recording.released.module
    apply = lambda method, *arguments: module.apply({"params": params}, *arguments, method=method)  # noqa: E731
    present = inputs["attention_mask"] > 0
    read = apply("encode", inputs["input_ids"], inputs["token_type_ids"], present)
    embedded, layers = apply("decode", inputs["target_ids"], apply("prepare", read, present))
    places, labels = _labelled(recording, "masked_labels")
    words = apply("score_words", read.layers.output[places])
    logits = module.apply({"params": params}, layers.output, method=lambda model, x: model.tokens.logits(x))
    losses = _nll(jax.nn.log_softmax(logits), inputs["target_labels"])
    mask = inputs["target_loss_mask"]
    masked, generation = _nll(jax.nn.log_softmax(words), labels).mean(), (losses * mask).sum() / mask.sum()
    hidden = _hidden("encoder", read.layers)
    if released.layout.name == "palm":  # whose last layer is recorded behind the first of its LayerNorms
        norm = lambda model, x: model.encoder_stack.norm(x)  # noqa: E731
        last = f"encoder_hidden_{len(hidden) - 1}"
        hidden[last] = module.apply({"params": params}, hidden[last], method=norm)
    return hidden | {
        "encoder_embedding": read.embedding,
        "encoder_output": read.layers.output,
        "masked_logits": words,
        "order_logits": apply("score_order", read),
        "decoder_embedding": embedded,
        **_hidden("decoder", layers),
        "decoder_logits": logits,
        "token_losses": losses,
        "loss_masked": masked,
        "loss_generation": generation,
        "loss_generation_with_padding": losses.mean(),
        "loss_total": masked + generation,
    }


def _palm_copy(recording: ReleasedRecording, params: Any, inputs: Arrays) -> Arrays:
    module, padding = recording.released.module, recording.released.facts.padding
    apply = lambda method, *arguments: module.apply({"params": params}, *arguments, method=method)  # noqa: E731
    source_ids, labels = inputs["source_ids"], inputs["target_labels"]
    read = apply("encode", source_ids, inputs["source_mask"] > 0)
    source = apply("prepare", read, inputs["source_mask"] > 0)
    layers = apply("decode", inputs["target_ids"], source)
    counts = (labels != padding).astype(jnp.float32)
    arrays = _hidden("encoder", read.layers) | {
        "encoder_embedding": read.embedding,
        **_hidden("decoder", layers),
        "decoder_output": layers.output,
        "cross_attention": layers.share,
        "target_count": counts.sum().astype(jnp.int32),
    }
    scores = {"plain": apply("score", layers)}
    if module.copies:  # type: ignore[attr-defined]
        gate = apply("gate", layers, source)
        scores["copy"] = apply("score_copying", layers, source, source_ids)
        arrays["copy_gate"] = gate
        log_p = -_nll(scores["plain"], labels)
        arrays["paper_log_probs_of_targets"] = mixture_of_targets(log_p, gate[..., 0], layers.share, source_ids, labels)
    for name, log_p in scores.items():
        arrays[f"{name}_log_probs"] = log_p
        arrays[f"loss_{name}"] = (_nll(log_p, labels) * counts).sum() / counts.sum()
        arrays[f"loss_{name}_smoothed_sum"] = _smoothed(log_p, labels, padding, recording.smoothing)
    return arrays


def _smoothed(log_p: jax.Array, labels: jax.Array, padding: int, smoothing: float) -> jax.Array:
    """The divergence of the smoothed targets from the predictions, summed; nothing is promised to padding."""
    share = smoothing / (log_p.shape[-1] - 2)
    ids = jnp.arange(log_p.shape[-1])
    wanted = jnp.where(ids == padding, 0.0, share)
    own = labels[..., None] == ids[None, None]
    wanted = jnp.where(own, 1.0 - smoothing, jnp.broadcast_to(wanted, own.shape))
    entropy = jnp.where(wanted > 0, wanted * jnp.log(jnp.where(wanted > 0, wanted, 1.0)), 0.0)
    each = (entropy - jnp.where(wanted > 0, wanted * log_p, 0.0)).sum(-1)
    return jnp.where(labels == padding, 0.0, each).sum()


def _veco(recording: ReleasedRecording, params: Any, inputs: Arrays) -> Arrays:
    module, padding = recording.released.module, recording.released.facts.padding
    apply = lambda method, *arguments: module.apply({"params": params}, *arguments, method=method)  # noqa: E731
    x = apply("encode", inputs["x_masked_ids"])
    y = apply("predict", inputs["y_masked_ids"], apply("prepare", x, inputs["x_masked_ids"]))
    (x_places, x_labels), (y_places, y_labels) = (_labelled(recording, f"{side}_labels") for side in "xy")
    x_logits = apply("score", x.layers.output[x_places])
    y_logits = apply("score", y.layers.output[y_places])
    inner, cross = (
        _nll(jax.nn.log_softmax(logits), labels).mean()
        for logits, labels in ((x_logits, x_labels), (y_logits, y_labels))
    )
    source = apply("prepare", apply("encode", inputs["x_ids"]), inputs["x_ids"])
    generated, _ = apply("next_token", inputs["y_ids"][:, :-1], source)
    labels, log_p = inputs["y_ids"][:, 1:], jax.nn.log_softmax(generated)
    counts, smoothing = labels != padding, recording.smoothing
    losses = jnp.where(counts, _nll(log_p, labels), 0.0)
    everywhere = jnp.where(counts, -log_p.sum(-1), 0.0)
    return {
        "x_embedding": x.embedding,
        **_hidden("x", x.layers),
        "y_embedding": y.embedding,
        **_hidden("y", y.layers),
        "cross_attention": y.layers.share,
        "x_masked_logits": x_logits,
        "y_masked_logits": y_logits,
        "loss_inner": inner,
        "loss_cross": cross,
        "loss_total": inner + cross,
        "generation_logits": generated,
        "loss_generation_sum": losses.sum(),
        "loss_generation_smoothed_sum": (1 - smoothing) * losses.sum() + smoothing / log_p.shape[-1] * everywhere.sum(),
        "generation_count": counts.sum().astype(jnp.int32),
    }
