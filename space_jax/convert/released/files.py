"""Files of the released encoder-decoders -> their models, and what of them our backbone can start from."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from space_jax.config import ModelConfig, Vocabulary
from space_jax.convert.mapping import attention_heads, to_ours, to_theirs
from space_jax.convert.released.key_maps import LAYOUTS, Layout, ReleasedRow, released_keys
from space_jax.convert.state_files import read_state
from space_jax.errors import UserError
from space_jax.models.released.palm import PUBLISHED_NORMS, ReleasedPalm
from space_jax.models.released.palm_copy import ReleasedCopyPalm
from space_jax.models.released.stack import StackConfig
from space_jax.models.released.veco import ReleasedVeco
from space_jax.models.weights import Weights, nested

_PATHS = {
    "tokens/": "backbone/embedding/",
    "places/": "backbone/embedding/",
    "encoder_stack/layers/": "backbone/layers/",
}
"""The encoder's paths and the backbone's."""


@dataclasses.dataclass(frozen=True)
class Facts:
    """What no array of a file shows; the defaults are those of the released models.

    Attributes:
      heads, decoder_heads: of attention; by the hidden size if None, and the decoder's as the encoder's.
      epsilon, decoder_epsilon: of LayerNorm; None for the layout's own.
      first: the first position; None for the layout's own.
      padding: the id of padding.
      scaled: whether VECO multiplies embedded tokens by sqrt(H).
    """

    heads: int | None = None
    decoder_heads: int | None = None
    epsilon: float | None = None
    decoder_epsilon: float | None = None
    first: int | None = None
    padding: int = 1
    scaled: bool = True


_EPSILONS = {"palm": (1e-12, 1e-12), "palm_post": (1e-12, 1e-12), "palm_copy": (1e-5, 1e-6), "veco": (1e-5, 1e-5)}
_FIRST = {"palm": 0, "palm_post": 0, "palm_copy": 2, "veco": 2}
_COPY_HEADS = 8  # of the decoder of PALM with copying, whatever its size


@dataclasses.dataclass(frozen=True)
class Released:
    """A released encoder-decoder.

    Attributes:
      layout: see `key_maps.Layout`.
      module: the model; its methods take `params`.
      arrays: path -> float32 array.
      facts: as used, none of them None.
      source: the file, for messages.
      unused: keys of the file without a counterpart.
    """

    layout: Layout
    module: nn.Module
    arrays: Mapping[str, np.ndarray]
    facts: Facts
    source: str
    unused: tuple[str, ...]

    @property
    def params(self) -> Any:
        """The parameters of `module`."""
        return nested({path: jnp.asarray(array) for path, array in self.arrays.items()})

    def published(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays by our paths, such as gradients, under the keys of the file."""
        sides = (self.layout.encoder, self.facts.heads), (self.layout.decoder, self.facts.decoder_heads)
        return {
            key: a for table, heads in sides for key, a in to_theirs(arrays, released_keys, heads or 1, table).items()
        }


def layout_of(state: Mapping[str, np.ndarray]) -> Layout | None:
    """The released layout that a file has, None if it is another."""
    return next((layout for layout in LAYOUTS if layout.sign in state), None)


def read_released(path: Path, facts: Facts | None = None) -> Released:
    """Reads a file of PALM, PLUG or VECO.

    Args:
      path: a PyTorch file, safetensors or npz.
      facts: what the file does not show.

    Raises:
      UserError: see `read_state` and `to_ours`; a file of no released layout; a second copy of the token table that
        differs from the first.
    """
    return from_released_state(read_state(path), path, facts or Facts())


def from_released_state(state: dict[str, np.ndarray], path: Path, facts: Facts) -> Released:
    """`read_released` of a file that has been read; `state` is its content."""
    layout = layout_of(state)
    if layout is None:
        signs = ", ".join(f"{layout.sign} ({layout.name})" for layout in LAYOUTS)
        raise UserError(f"{path}: has none of the keys of the released encoder-decoders: {signs}")
    state = _without_twins(state, layout, path)
    hidden = state.get(layout.encoder[0].keys[0], np.zeros((0, 0))).shape[-1]
    facts = _completed(facts, layout, hidden, path)
    encoder = _mapped(state, layout, layout.encoder, facts.heads, path)
    decoder = _mapped(state, layout, layout.decoder, facts.decoder_heads, path)
    if encoder.sizes["H"] != decoder.sizes["H"]:
        raise UserError(f"{path}: encoder and decoder have hidden sizes {encoder.sizes['H']} and {decoder.sizes['H']}")
    sizes = encoder.sizes, {"V": encoder.sizes["V"], "P": 1} | decoder.sizes
    arrays = encoder.arrays | decoder.arrays
    unused = tuple(key for key in encoder.unused if key in set(decoder.unused))
    return Released(layout, _module(layout, sizes, facts, arrays), arrays, facts, str(path), unused)


def _completed(facts: Facts, layout: Layout, hidden: int, path: Path) -> Facts:
    heads = attention_heads(facts.heads, hidden, path)
    default = _COPY_HEADS if layout.name == "palm_copy" else heads
    epsilons = _EPSILONS[layout.name]
    return dataclasses.replace(
        facts,
        heads=heads,
        decoder_heads=facts.decoder_heads or default,
        epsilon=facts.epsilon or epsilons[0],
        decoder_epsilon=facts.decoder_epsilon or facts.epsilon or epsilons[1],
        first=_FIRST[layout.name] if facts.first is None else facts.first,
    )


def _mapped(
    state: dict[str, np.ndarray], layout: Layout, table: tuple[ReleasedRow, ...], heads: int | None, path: Path
):  # type: ignore[no-untyped-def]
    parts = {row.ours.split("/", 1)[0] for row in table}
    needed = tuple(parts.intersection(layout.parts))
    return to_ours(state, released_keys, needed, tuple(parts.difference(needed)), heads or 1, str(path), table)


def _without_twins(state: dict[str, np.ndarray], layout: Layout, path: Path) -> dict[str, np.ndarray]:
    for copy, original in layout.twins.items():
        if copy in state and original in state and not np.array_equal(state[copy], state[original]):
            raise UserError(f"{path}: {copy} differs from {original}, but they are one table in this model")
    return {key: a for key, a in state.items() if key not in layout.twins and not key.endswith(layout.buffers or "\n")}


def _module(
    layout: Layout, sizes: tuple[dict[str, int], dict[str, int]], facts: Facts, arrays: Mapping[str, np.ndarray]
) -> nn.Module:
    heads, epsilons = (facts.heads, facts.decoder_heads), (facts.epsilon, facts.decoder_epsilon)
    encoder, decoder = (_model(*of_side) for of_side in zip(sizes, heads, epsilons, strict=True))
    first, padding = facts.first or 0, facts.padding
    if layout.name == "veco":
        return ReleasedVeco(StackConfig(encoder), StackConfig(decoder), first, padding, facts.scaled)
    before = StackConfig(decoder, norm_first=True, final_norms=1, tanh=layout.name == "palm_copy")
    if layout.name == "palm_copy":
        copies = "gate_head/kernel" in arrays
        return ReleasedCopyPalm(StackConfig(encoder), before, sizes[0]["T"], first, padding, copies)
    norms = PUBLISHED_NORMS if layout.name == "palm" else 0
    own = StackConfig(encoder, norm_first=layout.name == "palm", final_norms=norms)
    return ReleasedPalm(own, before, sizes[0]["T"])


def _model(sizes: dict[str, int], heads: int | None, epsilon: float | None) -> ModelConfig:
    return ModelConfig(
        layers=sizes["layers"],
        hidden=sizes["H"],
        heads=heads or 1,
        mlp=sizes["F"],
        positions=sizes["P"],
        roles=max(2, sizes.get("T", 1)),
        dropout=0.0,
        layer_norm_epsilon=epsilon or 0.0,
        vocabulary=Vocabulary(size=sizes["V"]),
    )


def backbone_of(released: Released) -> Weights:
    """The encoder of a released model as weights that our models start from, for `--init`.

    Raises:
      UserError: its layers compute something else than ours: LayerNorm before each sublayer, or scaled embeddings.
    """
    reason = {"palm": "its encoder has LayerNorm before each sublayer, ours after it"}.get(released.layout.name)
    if released.layout.name == "veco" and released.facts.scaled:
        reason = (
            "it multiplies embedded tokens by the root of the hidden size where they embed, but not where they score"
        )
    if reason:
        raise UserError(f"{released.source}: cannot start our backbone: {reason}; models.released runs it as it is")
    arrays = {}
    for path, array in released.arrays.items():
        start = next((start for start in (*_PATHS, "masked_head/") if path.startswith(start)), None)
        if start is not None:
            arrays[_PATHS.get(start, start) + path.removeprefix(start)] = array
    arrays["backbone/embedding/position"] = arrays["backbone/embedding/position"][released.facts.first :]
    model = released.module.encoder.model  # type: ignore[attr-defined]
    model = dataclasses.replace(
        model, positions=len(arrays["backbone/embedding/position"]), dropout=ModelConfig.dropout
    )
    rest = tuple(path for path in released.arrays if not path.startswith((*_PATHS, "masked_head/")))
    return Weights(arrays, model, None, None, released.source, (*rest, *released.unused))
