"""Reference activations on disk: published weights, one batch, and the published code's results on it.

The format is that of four files. The weights are a `state_dict` in the published layout. `inputs.npz` holds int64
arrays `[B, S]`: `src_*` the context, `tgt_*` the response, `mlm_*` the masked context, each with `token`, `mask`,
`pos`, `type`, `turn`; for SPACE-3 also `understand_token`, `policy_token` and `query_*`, the last user turn.
`outputs.npz` holds the results, see `convert.activations`. The JSON holds `frames` and `resp_frames`, the
semantic frames of the B user turns and responses as {domain: {intent: {slot: [{"value": ...}]}}}, and `config` with the
sizes. Id 0 pads; `IDS` gives other special ids.
"""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from space_jax.config import ModelConfig, RecipeConfig, Space1Config, Space2Config, Space3Config
from space_jax.convert.space import from_state
from space_jax.convert.state_files import read_state
from space_jax.corpora.reading import field
from space_jax.dialogue.acts import ACTS
from space_jax.dialogue.labels import FACTS
from space_jax.dialogue.record import Frame, Slot, Value
from space_jax.dialogue.trees import hashed_views, tree_views
from space_jax.errors import UserError
from space_jax.features.batch import Batch, Tokens
from space_jax.models.recipe import Recipe
from space_jax.models.registry import make_recipe
from space_jax.models.weights import Weights, nested, pad_vocabulary
from space_jax.reading.arrays import read_arrays
from space_jax.reading.json_text import parse_json
from space_jax.reading.text import read_bytes

IDS = {"summary": 2, "unknown": 3, "end": 12}
"""The ids of `[CLS]`, `[UNK]` and the end of a response in the recorded runs, unless the JSON has others as `ids`."""

_SIGNS = {"space1": "mask_embed", "space2": "subspace.projection.0.weight", "space3": "bow_predictor.weight"}
_PARTS = {"ids": "token", "positions": "pos", "roles": "type", "turns": "turn", "segments": "mask"}


class Recording:
    """One recorded model with its batch.

    Attributes:
      name: "space1", "space2" or "space3".
      weights: of the model.
      config: its sizes, no dropout.
      recipe: ours.
      params: our parameters.
      inputs: the arrays of the batch.
      ids: see `IDS`.
    """

    def __init__(self, weights: Path, inputs: Path, spec: Path):
        """Reads the files.

        Raises:
          UserError: a file that cannot be read, or files that do not fit together.
        """
        state = read_state(weights)
        self.name = _recipe_of(state, weights)
        self._spec = _read_spec(spec)
        self.ids: dict[str, int] = IDS | self._spec.get("ids", {})
        self.weights = from_state(state, weights, self.name, self._spec["config"].get("heads"), None)
        self.inputs = read_arrays(inputs)
        self._require(*(f"{grid}_{part}" for grid in ("src", "tgt") for part in _PARTS.values()))
        self._require("mlm_token", "mlm_label", "mlm_mask")
        self.config = self._model_config(self.weights)
        self._require_fit()
        self.recipe: Recipe = make_recipe(self.config, self._recipe_config())
        padded = pad_vocabulary(self.weights.arrays, self.config.vocabulary.padded_size)
        self.params = jax.tree.map(jnp.asarray, nested(padded))

    def _require(self, *names: str) -> None:
        missing = [name for name in names if name not in self.inputs]
        if missing:
            raise UserError(f"--inputs: lacks the arrays {', '.join(missing)}")

    def _require_fit(self) -> None:
        """Checks that grids have one height, each part of a grid its width, and every index lies within its table."""
        model = self.config
        sizes = {"token": model.vocabulary.size, "label": model.vocabulary.size}
        sizes |= {"pos": model.positions, "type": model.roles, "turn": model.turns}
        examples = self.inputs["src_token"].shape[:1]
        for name, array in self.inputs.items():
            grid, _, part = name.partition("_")
            whole = self.inputs.get(f"{grid}_token", array)
            if array.dtype.kind not in "iu" or array.shape[:1] != examples or array.shape != whole.shape:
                raise UserError(
                    f"--inputs: {name} is {array.dtype} {array.shape}, but must be whole numbers {whole.shape} with as "
                    f"many rows as src_token, {examples}"
                )
            if array.size and not 0 <= array.min() <= array.max() < sizes.get(part, np.inf):
                raise UserError(f"--inputs: {name} must lie between 0 and {sizes.get(part)} (not included)")

    def _model_config(self, weights: Weights) -> ModelConfig:
        prompts: dict[str, Any] = {"summary": self.ids["summary"]}
        if self.name == "space3":
            self._require("understand_token", "policy_token", "query_token", "query_mask")
            prompts |= {name: tuple(self.inputs[f"{name}_token"][0].tolist()) for name in ("understand", "policy")}
        vocabulary = dataclasses.replace(weights.model.vocabulary, **prompts)
        return dataclasses.replace(weights.model, dropout=0.0, vocabulary=vocabulary)

    def _recipe_config(self) -> RecipeConfig:
        if self.name == "space2":
            return Space2Config(subspace=self.weights.arrays["subspaces/kernels"].shape[-1])
        return Space1Config(as_released=True) if self.name == "space1" else Space3Config()

    def batch(self, labelled: bool) -> Batch:
        """The batch, one example per row, each fully annotated or not at all."""
        inputs = self.inputs
        size = inputs["src_token"].shape[0]
        mask = inputs["mlm_mask"]
        user = "query" if "query_token" in inputs else "tgt"
        return Batch(
            context=_tokens(inputs, "src"),
            response=_tokens(inputs, "tgt"),
            negative=_tokens(inputs, "tgt"),
            masked_ids=jnp.asarray(inputs["mlm_token"], jnp.int32),
            masked_positions=jnp.broadcast_to(jnp.arange(mask.shape[1], dtype=jnp.int32), mask.shape),
            masked_targets=jnp.asarray(inputs["mlm_label"], jnp.int32),
            masked_weights=jnp.asarray(mask, jnp.float32),
            moved=jnp.zeros(mask.shape, bool),
            occupied=jnp.ones((size, 1), bool),
            slot=jnp.arange(size, dtype=jnp.int32),
            valid=jnp.ones(size, bool),
            **{f"{fact}_known": jnp.full(size, labelled) for fact in FACTS},
            user_words=_words(inputs, user),
            response_words=_words(inputs, "tgt"),
            user_tree=self._trees("frames", size),
            system_tree=self._trees("resp_frames", size),
            acts=jnp.zeros((size, len(ACTS)), jnp.float32),
            dialogue=jnp.arange(size, dtype=jnp.int32),
            variant=jnp.zeros(size, jnp.int32),
            response_masked_ids=jnp.zeros((size, 0), jnp.int32),
            response_masked_weights=jnp.zeros((size, 0), jnp.float32),
            slots=None,
        )

    def _trees(self, side: str, size: int) -> jnp.ndarray:
        """`[B, 10, K]`, K as large as the largest set, so that none is cut."""
        turns = [_frames(turn, side) for turn in self._spec[side]]
        if len(turns) != size:
            raise UserError(f"--spec: {side} has {len(turns)} turns, but the batch has {size} examples")
        width = max(1, *(len(view) for turn in turns for view in tree_views(turn)))
        return jnp.asarray(np.stack([hashed_views(turn, width) for turn in turns]))


def _recipe_of(state: dict[str, np.ndarray], path: Path) -> str:
    found = [name for name, sign in _SIGNS.items() if sign in state]
    if len(found) != 1:
        wanted = ", ".join(f"{sign} ({name})" for name, sign in _SIGNS.items())
        raise UserError(f"--official {path}: must have exactly one of the keys {wanted}")
    return found[0]


def _read_spec(path: Path) -> dict[str, Any]:
    where = f"--spec {path}"
    if not path.is_file():
        raise UserError(f"{where}: no such file")
    spec = parse_json(read_bytes(path), where)
    config, ids = field(spec, "config", dict, where), field({"ids": {}} | spec, "ids", dict, where)
    for name, number in (("config.heads", config.get("heads", 1)), *((f"ids.{name}", n) for name, n in ids.items())):
        if type(number) is not int or number < 0:
            raise UserError(f"{where}: field {name} is {number!r}, but must be a whole number")
    for side in ("frames", "resp_frames"):
        field(spec, side, list, where)
    return spec


def _frames(turn: dict[str, Any], side: str) -> tuple[Frame, ...]:
    try:
        return tuple(
            Frame(domain, intent, tuple(Slot(name, tuple(map(_value, values))) for name, values in slots.items()))
            for domain, intents in turn.items()
            for intent, slots in intents.items()
        )
    except (AttributeError, TypeError, KeyError) as error:
        raise UserError(
            f'--spec: field {side} has {turn!r}, but must have {{domain: {{intent: {{slot: [{{"value": ...}}]}}}}}}'
        ) from error


def _value(record: Any) -> Value:
    if not isinstance(record["value"], str):
        raise TypeError("a value must be a text")
    return Value(record["value"])


def _tokens(inputs: dict[str, np.ndarray], prefix: str) -> Tokens:
    return Tokens(**{name: jnp.asarray(inputs[f"{prefix}_{key}"], jnp.int32) for name, key in _PARTS.items()})


def _words(inputs: dict[str, np.ndarray], prefix: str) -> jnp.ndarray:
    return jnp.asarray(np.where(inputs[f"{prefix}_mask"] > 0, inputs[f"{prefix}_token"], -1), jnp.int32)
