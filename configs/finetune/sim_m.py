"""Sim-M by copying (TripPy): joint goal accuracy.

  space-jax finetune --config configs/finetune/sim_m.py --workdir runs/sim_m --init minilm
  space-jax evaluate --workdir runs/sim_m --split test

Hardware: two CPU cores.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.track.config import TrackConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=TrackConfig(),
        data=DataSource(corpus="sim_m", source="data/sim_dialogue"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-4, weight_decay=0.01, clip_norm=1.0, head_rate=3.0),
        train=FinetuneTrainConfig(epochs=12, batch_size=32),
    )
