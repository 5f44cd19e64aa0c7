"""One vector for some tokens of a row: their mean under weights that are learnt."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from space_jax.config import ModelConfig
from space_jax.models.attend import NEGATIVE
from space_jax.models.backbone import Dense


class AttentivePool(nn.Module):
    """softmax(v . tanh(W x)) over the tokens of a group, as weights of x (STAR's released code)."""

    config: ModelConfig

    @nn.compact
    def __call__(self, x: jax.Array, members: jax.Array) -> jax.Array:
        """Pools groups of tokens.

        Args:
          x: `[R, L, H]`.
          members: `[R, P, L]` bool, which tokens belong to which group.

        Returns:
          float32 `[R, P, H]`, zeros for a group without tokens.
        """
        config = self.config
        inner = jnp.tanh(Dense(config, config.hidden, ("embed", None), name="dense")(x))
        # Without a bias, which a softmax does not feel.
        scores = Dense(config, 1, ("embed", None), use_bias=False, output_dtype=jnp.float32, name="score")(inner)
        scores = jnp.broadcast_to(scores[..., 0][:, None], members.shape)
        weights = jax.nn.softmax(jnp.where(members, scores, NEGATIVE), axis=-1)
        return jnp.einsum("RPL,RLH->RPH", jnp.where(members, weights, 0.0), x.astype(jnp.float32))
