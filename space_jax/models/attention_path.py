"""Which implementation of attention a model takes: the reference, or a kernel of the machine's.

A kernel has no dropout of attention's weights. With `model.attention="auto"` one is therefore taken only where the
configuration asks for no such dropout, or leaves it open (-1): then the rate is `model.dropout` along the reference
path, as published, and 0 along a kernel's.
"""

import dataclasses

import jax

from space_jax.config import FUSED, ModelConfig
from space_jax.errors import UserError
from space_jax.models.attend import attend
from space_jax.models.fused_attention import cudnn, splash
from space_jax.models.masks import Sight

KERNELS = {"tpu": "splash", "gpu": "cudnn"}
"""Platform of JAX's -> the kernel there."""
LEAST_QUERIES = 64  # With fewer, such as prompts and words that are generated, a kernel would compute padding mostly.


def attention_path(model: ModelConfig, platform: str | None = None) -> str:
    """The implementation that a model takes: "reference", "splash" or "cudnn".

    Args:
      model: of the run.
      platform: "cpu", "gpu" or "tpu", of devices that need not be here; that of JAX's default device unless given.
    """
    if model.attention != "auto":
        return model.attention
    kernel = KERNELS.get(platform or jax.default_backend())
    if kernel is None or model.attention_dropout > 0 or FUSED[kernel](model):
        return "reference"
    return "reference" if kernel == "cudnn" and not _has_cudnn() else kernel


def _has_cudnn() -> bool:
    """Whether cuDNN's kernel runs on the first device: NVIDIA's, of the generation of the A100 or a later one."""
    capability = str(getattr(jax.devices()[0], "compute_capability", ""))  # "8.0"; AMD's are not numbers
    return capability.replace(".", "", 1).isdecimal() and float(capability) >= 8.0


def weights_dropout(model: ModelConfig, platform: str | None = None) -> float:
    """The dropout rate of attention's weights; arguments as for `attention_path`."""
    if model.attention_dropout >= 0:
        return model.attention_dropout
    return 0.0 if attention_path(model, platform) in FUSED else model.dropout


def settled(model: ModelConfig, platform: str | None = None) -> ModelConfig:
    """The configuration with attention's dropout decided, on which a run's results depend.

    Args:
      model: of the run.
      platform: as in `attention_path`.

    Raises:
      UserError: it names a kernel of another platform.
    """
    platform = platform or jax.default_backend()
    if model.attention in FUSED and model.attention != KERNELS.get(platform):
        raise UserError(
            f"config field model.attention: {model.attention!r} does not run on this machine's devices ({platform}); "
            "'auto' takes what does"
        )
    return dataclasses.replace(model, attention_dropout=weights_dropout(model, platform))


def anywhere(model: ModelConfig) -> ModelConfig:
    """The configuration of a trained model for use on this machine, where the kernel of its training may not run."""
    return model if model.attention == "reference" else dataclasses.replace(model, attention="auto")


def attention_sentence(given: ModelConfig) -> str:
    """A sentence for the start of a run, where `settled` decides against the published dropout; else "".

    Args:
      given: the configuration before it is settled.
    """
    path = attention_path(given)
    if path not in FUSED or given.attention_dropout >= 0 or not given.dropout:
        return ""
    return (
        f"attention runs by the kernel {path!r}, which has no dropout of its weights; model.attention=reference has "
        f"the published {given.dropout:g}"
    )


def visible(model: ModelConfig, sight: Sight) -> Sight | jax.Array:
    """What `along_path` needs to know of who may attend to whom, computed once for all layers.

    Returns:
      `sight` for a kernel, a mask `[R, Q, K]` for the reference.
    """
    kernel = attention_path(model) in FUSED and sight.segments.shape[1] >= LEAST_QUERIES
    return sight if kernel else sight.mask()


def along_path(
    model: ModelConfig,
    query: jax.Array,
    keys: jax.Array,
    values: jax.Array,
    seen: Sight | jax.Array,
    drop: jax.Array | None,
) -> jax.Array:
    """Attention by the implementation that the model takes.

    Args:
      model: of the run.
      query: `[R, N, Q, D]`.
      keys: `[R, N, K, D]`, and `values` likewise.
      values: see `keys`.
      seen: from `visible`.
      drop: a random key for the reference; None for no dropout.

    Returns:
      `[R, N, Q, D]`, see `attend.attend`.
    """
    if isinstance(seen, Sight):
        return (splash if attention_path(model) == "splash" else cudnn)(query, keys, values, seen)
    rate = weights_dropout(model)
    return attend(query, keys, values, seen, drop if rate else None, rate, model.dropout_generator)
