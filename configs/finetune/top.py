"""TOP (event and navigation of TOPv2): hierarchical parses by labelled spans; exact match.

  space-jax finetune --config configs/finetune/top.py --workdir runs/top --init minilm
  space-jax evaluate --workdir runs/top --split test

Every answer is a tree. Hardware: one CPU core, 24 minutes. Seed 0: test exact match 82.1, bracket F1 93.5.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.parse.config import ParseConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=ParseConfig(),
        data=DataSource(corpus="topv2", source="data/topv2", options=("domain=event,navigation",)),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-4, weight_decay=0.01, clip_norm=1.0, head_rate=5.0),
        train=FinetuneTrainConfig(epochs=3, batch_size=64),
    )
