"""Restaurants-8k: five slots with places; DialoGLUE's macro F1.

  space-jax finetune --config configs/finetune/restaurant8k.py --workdir runs/restaurant8k --init minilm
  space-jax evaluate --workdir runs/restaurant8k --split test

There is no validation in the source; a tenth of train is ours, by a hash of the ids.

Hardware: two CPU cores. 311 utterances (--shots 100, 6 epochs) give 78 F1 on validation.
"""

from space_jax.tasks.config import DataSource, FinetuneConfig, FinetuneOptimiserConfig, FinetuneTrainConfig
from space_jax.tasks.slots.config import SlotsConfig


def get_config() -> FinetuneConfig:
    return FinetuneConfig(
        task=SlotsConfig(),
        data=DataSource(corpus="restaurant8k", source="data/restaurant8k"),
        dropout=0.1,
        optimiser=FinetuneOptimiserConfig(learning_rate=2e-4, weight_decay=0.01, clip_norm=1.0, head_rate=5.0),
        train=FinetuneTrainConfig(epochs=10, batch_size=32, patience=4),
    )
